/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* llmp-bench: calls the subcommand that the command line names. */
#include <string.h>

#include "cases/micro.h"
#include "cases/start_once.h"
#include "run.h"
#include "selftest.h"

static int selftest(int argc, char **argv) {
    (void)argv;
    return argc > 2 ? 2 : selftest_main();
}

/* Removes the word "micro" from the arguments, because Google Benchmark refuses arguments that it does not know. */
static int micro(int argc, char **argv) {
    argv[1] = argv[0];
    return micro_main(argc - 1, argv + 1);
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} subcommands[] = {
    {"micro", micro},
    {"selftest", selftest},
    {"start-once", start_once_main},
    {"start-peer", start_peer_main},
};

int main(int argc, char **argv) {
    for (size_t i = 0; argc > 1 && i < sizeof subcommands / sizeof subcommands[0]; i++) {
        if (strcmp(argv[1], subcommands[i].name) == 0) {
            return subcommands[i].run(argc, argv);
        }
    }
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--benchmark_", 12) == 0) {
            return micro_main(argc, argv); /* a flag of Google Benchmark selects its benchmarks */
        }
    }
    return run_main(argc, argv);
}
