/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/runner/options.h"
#include "oracle/map.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef LC_VERSION
#define LC_VERSION "unknown"
#endif

static const char help[] =
    "usage: llmp-conformance --impl FOLDER|COMMAND [option …]\n"
    "       llmp-conformance --list [--filter LIST]\n"
    "       llmp-conformance --matrix RESULTS.json … > matrix.html\n"
    "\n"
    "Tests implementations of LLMP against SPEC.md. ADAPTER.md describes how to add one.\n"
    "\n"
    "  --impl FOLDER|COMMAND  a folder with an executable `adapter`, or a command; may be repeated\n"
    "  --peer FOLDER|COMMAND  the implementation of the other side, in cases with two sides (default: --impl)\n"
    "  --filter LIST          run only these cases: EOP-4, growth@posix, 'RECV-*/flip*', or a section (matrix)\n"
    "  --provider LIST        run only over these providers: sysv, posix, memfd\n"
    "  --strict               count a failed SHOULD as a failure\n"
    "  --list                 print the cases: id, level, roles, title\n"
    "  --tap                  print results as TAP\n"
    "  --verbose              print a line for each case, also for those that pass\n"
    "  --report DIR           write the reports to DIR (default: build/conformance/NAME; none with --filter)\n"
    "  --expected FILE        expected failures (default: expected-failures in the folder of the implementation)\n"
    "  --write-expected       write that file from the results\n"
    "  --time-factor FACTOR   multiply all time limits\n"
    "  --repeat N             run each case N times; it passes if all runs pass\n"
    "  --spec FILE            SPEC.md, if it is not found\n"
    "  --matrix FILE …        combine results.json of several runs into one page\n"
    "  --version, --help\n"
    "\n"
    "Exit status: 0 no failures, 1 failures, 2 usage error, 3 the adapter is broken.\n";

enum option_id {
    IMPL = 256,
    PEER,
    FILTER,
    PROVIDER,
    STRICT,
    LIST,
    TAP,
    VERBOSE,
    REPORT,
    EXPECTED,
    WRITE_EXPECTED,
    TIME_FACTOR,
    REPEAT,
    SPEC,
    MATRIX,
    VERSION,
    HELP
};

static const struct option known[] = {
    {"impl", required_argument, NULL, IMPL},
    {"peer", required_argument, NULL, PEER},
    {"filter", required_argument, NULL, FILTER},
    {"provider", required_argument, NULL, PROVIDER},
    {"strict", no_argument, NULL, STRICT},
    {"list", no_argument, NULL, LIST},
    {"tap", no_argument, NULL, TAP},
    {"verbose", no_argument, NULL, VERBOSE},
    {"report", required_argument, NULL, REPORT},
    {"expected", required_argument, NULL, EXPECTED},
    {"write-expected", no_argument, NULL, WRITE_EXPECTED},
    {"time-factor", required_argument, NULL, TIME_FACTOR},
    {"repeat", required_argument, NULL, REPEAT},
    {"spec", required_argument, NULL, SPEC},
    {"matrix", no_argument, NULL, MATRIX},
    {"version", no_argument, NULL, VERSION},
    {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0},
};

static bool usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

static bool usage_error(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("llmp-conformance: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs(" (--help lists all options)\n", stderr);
    va_end(arguments);
    return false;
}

static bool add_impl(struct lc_options *options, const char *given) {
    if (options->impl_count == LC_MAX_IMPLS) {
        return usage_error("--impl: at most %d; combine results of several runs with --matrix", LC_MAX_IMPLS);
    }
    options->impls[options->impl_count++] = given;
    return true;
}

static bool parse_factor(double *factor, const char *given) {
    char *end;
    errno = 0;
    *factor = strtod(given, &end);
    bool valid = errno == 0 && end != given && *end == '\0' && *factor >= 0.01 && *factor <= 1000;
    return valid || usage_error("--time-factor %s: must be a number from 0.01 to 1000, such as 3", given);
}

static bool parse_count(int *count, const char *given) {
    char *end;
    errno = 0;
    long value = strtol(given, &end, 10);
    *count = (int)value;
    bool valid = errno == 0 && end != given && *end == '\0' && value >= 1 && value <= 1000000;
    return valid || usage_error("--repeat %s: must be a number from 1 to 1000000", given);
}

static bool check_providers(const char *list) {
    char *copy = strdup(list), *rest = copy;
    bool valid = copy != NULL;
    for (char *name; valid && (name = strsep(&rest, ",")) != NULL;) {
        if (lc_provider_by_name(name) < 0) {
            valid = usage_error("--provider %s: \"%s\" is not a provider: sysv, posix, memfd", list, name);
        }
    }
    free(copy);
    return valid;
}

static bool set_option(struct lc_options *options, int option, char *given) {
    switch (option) {
    case IMPL: return add_impl(options, given);
    case PEER: options->peer = given; return true;
    case FILTER: options->filter = given; return *given != '\0' || usage_error("--filter: the list is empty");
    case PROVIDER: options->providers = given; return check_providers(given);
    case STRICT: options->strict = true; return true;
    case LIST: options->list = true; return true;
    case TAP: options->tap = true; return true;
    case VERBOSE: options->verbose = true; return true;
    case REPORT: options->report = given; return *given != '\0' || usage_error("--report: the folder name is empty");
    case EXPECTED: options->expected = given; return true;
    case WRITE_EXPECTED: options->write_expected = true; return true;
    case TIME_FACTOR: return parse_factor(&options->time_factor, given);
    case REPEAT: return parse_count(&options->repeat, given);
    default: options->spec = given; return true;
    }
}

static bool report_option(char **argv, int option) {
    const char *given = argv[optind - 1];
    if (option == ':') {
        return usage_error("%s: needs a value", given);
    }
    return usage_error("%s: unknown option, or it takes no value", given);
}

static bool check_combination(const struct lc_options *options, int argc, char **argv) {
    if (options->matrix != NULL) {
        return options->matrix_count > 0 || usage_error("--matrix: needs the results.json files to combine");
    }
    if (optind < argc) {
        return usage_error("%s: unexpected argument; did you mean --impl %s?", argv[optind], argv[optind]);
    }
    if (!options->list && options->impl_count == 0) {
        return usage_error("--impl is missing: it names a folder with an executable named `adapter`, or a command");
    }
    if (options->expected != NULL && options->impl_count > 1) {
        return usage_error("--expected: only with one implementation; several have a file each, in their folders");
    }
    return true;
}

bool lc_options_parse(struct lc_options *options, int argc, char **argv, int *exit_code) {
    int option;
    bool matrix = false;
    *options = (struct lc_options){.time_factor = 1, .repeat = 1};
    *exit_code = LC_EXIT_USAGE;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
        if (option == HELP || option == VERSION) {
            fputs(option == HELP ? help : "llmp-conformance " LC_VERSION "\n", stdout);
            *exit_code = LC_EXIT_OK;
            return false;
        }
        matrix = matrix || option == MATRIX;
        bool taken = option == '?' || option == ':' ? report_option(argv, option)
                                                    : option == MATRIX || set_option(options, option, optarg);
        if (!taken) {
            return false;
        }
    }
    options->matrix = matrix ? argv + optind : NULL;
    options->matrix_count = argc - optind;
    return check_combination(options, argc, argv);
}
