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
    "       llmp-conformance --list [--filter …]\n"
    "       llmp-conformance --matrix RESULTS.json … > matrix.html\n"
    "\n"
    "Holds implementations of LLMP against SPEC.md. ADAPTER.md says how to plug one in.\n"
    "\n"
    "  --impl FOLDER|COMMAND  a folder with an executable `adapter`, or a command; several for a matrix\n"
    "  --peer FOLDER|COMMAND  plays the other side where a case has two (else the implementation itself)\n"
    "  --filter LIST          only these: EOP-4, growth@posix, 'RECV-*/flip*', or a section as matrix\n"
    "  --provider LIST        only these: sysv, posix, memfd\n"
    "  --strict               a failed SHOULD is a failure, too\n"
    "  --list                 says which cases there are: id, level, roles, title\n"
    "  --tap                  results as TAP on standard output\n"
    "  --verbose              a line for every case, the passed ones too\n"
    "  --report DIR           reports go there (else build/conformance/NAME, and nowhere with --filter)\n"
    "  --expected FILE        the failures to expect (else expected-failures in the implementation's folder)\n"
    "  --write-expected       writes that file from what is seen\n"
    "  --seconds FACTOR       every time limit is so many times as long\n"
    "  --repeat N             a case passes when it passes N times\n"
    "  --spec FILE            SPEC.md, where it is not found by itself\n"
    "  --matrix FILE …        combines results.json of several runs into one page\n"
    "  --version, --help\n"
    "\n"
    "Exit status: 0 all as expected, 1 failures, 2 wrong usage, 3 the adapter is broken.\n";

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
    SECONDS,
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
    {"seconds", required_argument, NULL, SECONDS},
    {"repeat", required_argument, NULL, REPEAT},
    {"spec", required_argument, NULL, SPEC},
    {"matrix", no_argument, NULL, MATRIX},
    {"version", no_argument, NULL, VERSION},
    {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0},
};

static bool wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

static bool wrong(const char *format, ...) {
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
        return wrong("--impl: at most %d at a time; combine their results with --matrix", LC_MAX_IMPLS);
    }
    options->impls[options->impl_count++] = given;
    return true;
}

static bool take_factor(double *factor, const char *given) {
    char *end;
    errno = 0;
    *factor = strtod(given, &end);
    bool good = errno == 0 && end != given && *end == '\0' && *factor >= 0.01 && *factor <= 1000;
    return good || wrong("--seconds %s: a factor from 0.01 to 1000, such as 3", given);
}

static bool take_count(int *count, const char *given) {
    char *end;
    errno = 0;
    long value = strtol(given, &end, 10);
    *count = (int)value;
    bool good = errno == 0 && end != given && *end == '\0' && value >= 1 && value <= 1000000;
    return good || wrong("--repeat %s: a number from 1 to 1000000", given);
}

static bool check_providers(const char *list) {
    char *copy = strdup(list), *rest = copy;
    bool good = copy != NULL;
    for (char *name; good && (name = strsep(&rest, ","));) {
        if (lc_provider_by_name(name) < 0) {
            good = wrong("--provider %s: \"%s\" is none of sysv, posix, memfd", list, name);
        }
    }
    free(copy);
    return good;
}

static bool take(struct lc_options *options, int option, char *given) {
    switch (option) {
    case IMPL: return add_impl(options, given);
    case PEER: options->peer = given; return true;
    case FILTER: options->filter = given; return *given ? true : wrong("--filter: an empty filter matches nothing");
    case PROVIDER: options->providers = given; return check_providers(given);
    case STRICT: options->strict = true; return true;
    case LIST: options->list = true; return true;
    case TAP: options->tap = true; return true;
    case VERBOSE: options->verbose = true; return true;
    case REPORT: options->report = given; return *given ? true : wrong("--report: an empty folder name");
    case EXPECTED: options->expected = given; return true;
    case WRITE_EXPECTED: options->write_expected = true; return true;
    case SECONDS: return take_factor(&options->seconds, given);
    case REPEAT: return take_count(&options->repeat, given);
    default: options->spec = given; return true;
    }
}

static bool complain_of(char **argv, int option) {
    const char *given = argv[optind - 1];
    if (option == ':') {
        return wrong("%s: needs a value behind it", given);
    }
    return wrong("%s: no such option, or it takes no value", given);
}

static bool fits_together(const struct lc_options *options, int argc, char **argv) {
    if (options->matrix) {
        return options->matrix_count > 0 || wrong("--matrix: name the results.json files to combine");
    }
    if (optind < argc) {
        return wrong("%s: not expected here; did you mean --impl %s?", argv[optind], argv[optind]);
    }
    if (!options->list && options->impl_count == 0) {
        return wrong("--impl is missing: a folder with an executable named `adapter`, or a command");
    }
    if (options->expected && options->impl_count > 1) {
        return wrong("--expected: with one implementation only; several have a file each in their folders");
    }
    return true;
}

bool lc_options_parse(struct lc_options *options, int argc, char **argv, int *exit_code) {
    int option;
    bool matrix = false;
    *options = (struct lc_options){.seconds = 1, .repeat = 1};
    *exit_code = LC_EXIT_USAGE;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
        if (option == HELP || option == VERSION) {
            fputs(option == HELP ? help : "llmp-conformance " LC_VERSION "\n", stdout);
            *exit_code = LC_EXIT_OK;
            return false;
        }
        matrix = matrix || option == MATRIX;
        bool taken = option == '?' || option == ':' ? complain_of(argv, option)
                                                    : option == MATRIX || take(options, option, optarg);
        if (!taken) {
            return false;
        }
    }
    options->matrix = matrix ? argv + optind : NULL;
    options->matrix_count = argc - optind;
    return fits_together(options, argc, argv);
}
