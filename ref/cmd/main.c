/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The llmp command: runs a subcommand. */
#include <signal.h>
#include <string.h>

#include "cmd/cmd.h"

struct subcommand {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
};

static const struct subcommand subcommands[] = {
    {"providers", "list the providers of shared memory", llmp_cmd_providers},
    {"broker", "forward messages between clients", llmp_cmd_broker},
    {"send", "send lines as messages", llmp_cmd_send},
    {"recv", "print messages", llmp_cmd_recv},
};
#define SUBCOMMANDS (sizeof subcommands / sizeof subcommands[0])

static int help(FILE *out) {
    fputs("Usage: llmp COMMAND [OPTION]...\n"
          "Passes messages between processes over shared memory, by LibAFL's LLMP protocol.\n\nCommands:\n",
          out);
    for (size_t i = 0; i < SUBCOMMANDS; i++) {
        fprintf(out, "  %-10s %s\n", subcommands[i].name, subcommands[i].summary);
    }
    fputs("\n'llmp COMMAND --help' explains a command; 'llmp --version' prints the version.\n"
          "Exit code: 0 success, 1 failure, 2 wrong usage.\n",
          out);
    return LLMP_CMD_OK;
}

static int run_subcommand(int argc, char **argv) {
    for (size_t i = 0; i < SUBCOMMANDS; i++) {
        if (strcmp(argv[0], subcommands[i].name) == 0) {
            return subcommands[i].run(argc, argv);
        }
    }
    fprintf(stderr, "llmp: unknown command '%s'; 'llmp --help' lists the commands\n", argv[0]);
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

/* An error of writing the output makes the command fail. A closed pipe is no failure, and SIGPIPE must not end it. */
int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    int exit_code = run(argc, argv);
    int written = llmp_cmd_finish_output(argc > 1 ? argv[1] : "", stdout);
    return exit_code == LLMP_CMD_OK ? written : exit_code;
}
