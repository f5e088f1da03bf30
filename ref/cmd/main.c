/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The llmp command. */
#include <signal.h>
#include <string.h>

#include "cmd/cmd.h"

struct subcommand {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
};

static const struct subcommand subcommands[] = {
    {"providers", "list the ways to get shared memory", llmp_cmd_providers},
    {"broker", "pass messages on between clients", llmp_cmd_broker},
    {"send", "send lines as messages", llmp_cmd_send},
    {"recv", "print messages", llmp_cmd_recv},
};
#define SUBCOMMANDS (sizeof subcommands / sizeof subcommands[0])

static int help(FILE *out) {
    fputs("Usage: llmp COMMAND [OPTION]...\n"
          "Messages between processes over shared memory, by the protocol of LibAFL's LLMP.\n\nCommands:\n",
          out);
    for (size_t i = 0; i < SUBCOMMANDS; i++) {
        fprintf(out, "  %-10s %s\n", subcommands[i].name, subcommands[i].summary);
    }
    fputs("\n'llmp COMMAND --help' explains each; 'llmp --version' prints the version.\n"
          "Exit code: 0 done, 1 failed, 2 wrong use.\n",
          out);
    return LLMP_CMD_OK;
}

static int run_subcommand(int argc, char **argv) {
    for (size_t i = 0; i < SUBCOMMANDS; i++) {
        if (strcmp(argv[0], subcommands[i].name) == 0) {
            return subcommands[i].run(argc, argv);
        }
    }
    fprintf(stderr, "llmp: there is no command '%s'; 'llmp --help' lists them\n", argv[0]);
    return LLMP_CMD_USAGE;
}

static int run(int argc, char **argv) {
    if (argc < 2) {
        help(stderr);
        return LLMP_CMD_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        return help(stdout);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("llmp %s\n", llmp_version());
        return LLMP_CMD_OK;
    }
    return run_subcommand(argc - 1, argv + 1);
}

/* Output that went nowhere is a failure, whatever else went well; a reader that left is none, and must not kill us. */
int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    int rc = run(argc, argv);
    int written = llmp_cmd_finish_output(argc > 1 ? argv[1] : "", stdout);
    return rc == LLMP_CMD_OK ? written : rc;
}
