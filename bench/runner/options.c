/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The command line of a run. */
#include "runner/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit/stats.h"

enum {
    OPT_PROVIDERS = 1000,
    OPT_PAYLOADS,
    OPT_CASES,
    OPT_QUICK,
    OPT_STRICT,
    OPT_RESULTS,
    OPT_REPEAT,
    OPT_SEED,
    OPT_CPUS,
    OPT_PLOT,
    OPT_LIST,
    OPT_HELP,
    OPT_VERSION
};

static const struct option long_options[] = {
    {"providers", required_argument, NULL, OPT_PROVIDERS},
    {"payloads", required_argument, NULL, OPT_PAYLOADS},
    {"cases", required_argument, NULL, OPT_CASES},
    {"quick", no_argument, NULL, OPT_QUICK},
    {"strict", no_argument, NULL, OPT_STRICT},
    {"results", required_argument, NULL, OPT_RESULTS},
    {"repeat", required_argument, NULL, OPT_REPEAT},
    {"seed", required_argument, NULL, OPT_SEED},
    {"cpus", required_argument, NULL, OPT_CPUS},
    {"plot", required_argument, NULL, OPT_PLOT},
    {"list", no_argument, NULL, OPT_LIST},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static const char help_text[] =
    "Measures LLMP over every shared-memory provider, each figure beside its baseline.\n"
    "\n"
    "usage: llmp-bench [options]            everything, results in a new folder\n"
    "       llmp-bench micro [--benchmark_…]  the in-process cases, as a Google Benchmark program\n"
    "       llmp-bench selftest             checks this program's own statistics and checks\n"
    "       llmp-bench start-once --provider NAME | --baseline   what the start case times\n"
    "\n"
    "  --providers A,B   only these providers (default: all that work here)\n"
    "  --payloads N,N    only these payloads, in bytes (default: all; through the broker three of them)\n"
    "  --cases A,B       only these cases (default: all)\n"
    "  --quick           shorter and fewer: under a minute\n"
    "  --strict          a doubtful row is a failure\n"
    "  --results DIR     where the folder of the run is made (default: results)\n"
    "  --repeat N        measures each row N times and keeps the median (default: 1)\n"
    "  --seed N          of the payloads' content (default: 1)\n"
    "  --cpus A,B        the two cores (default: two physical cores, if there are)\n"
    "  --plot FILE       draws the plots (default: plot/draw, if it is there; none: no plots)\n"
    "  --list            the cases, providers and payloads, and which providers work here\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 every row was measured; 1 one failed or was corrupt, or no plots; 2 usage; 130 interrupted (what "
    "was\n"
    "measured is kept). With --strict, 1 also when a row did not settle or the cores were busy: such rows are marked.\n"
    "results/README.md describes the results.\n";

void options_help(FILE *out) {
    fputs(help_text, out);
}

static void list_cases(FILE *out) {
    fprintf(out, "cases:");
    for (int i = 0; i < CASES; i++) {
        fprintf(out, " %s", case_names[i]);
    }
    fprintf(out, "\n");
}

static void list_payloads(FILE *out) {
    fprintf(out, "payloads:");
    for (int i = 0; i < PAYLOADS; i++) {
        fprintf(out, " %zu", payload_sizes[i]);
    }
    fprintf(out, "\n");
}

static void list_provider_names(FILE *out) {
    const llmp_shmem_provider *known[PROVIDERS_MAX];
    unsigned count = providers_known(known);
    fprintf(out, "providers:");
    for (unsigned i = 0; i < count; i++) {
        fprintf(out, " %s", llmp_shmem_provider_name(known[i]));
    }
    fprintf(out, "\n");
}

void options_list(FILE *out) {
    const llmp_shmem_provider *known[PROVIDERS_MAX];
    unsigned count = providers_known(known);
    list_cases(out);
    list_provider_names(out);
    for (unsigned i = 0; i < count; i++) {
        int rc = llmp_shmem_provider_check(known[i]);
        fprintf(out, "  %-8s %s%s\n", llmp_shmem_provider_name(known[i]), rc == 0 ? "" : "does not work here: ",
                rc == 0 ? llmp_shmem_provider_summary(known[i]) : llmp_strerror(rc));
    }
    list_payloads(out);
}

/* Calls `take` for each part of "a,b,c". Stops at the first that it refuses (returns false) or that is empty. */
static bool each_part(const char *list, bool (*take)(struct options *, const char *), struct options *options,
                      char *refused, size_t size) {
    for (const char *at = list;; at++) {
        size_t length = strcspn(at, ",");
        snprintf(refused, size, "%.*s", (int)(length < size ? length : size - 1), at);
        if (length == 0 || !take(options, refused)) {
            return false;
        }
        at += length;
        if (*at == '\0') {
            return true;
        }
    }
}

static bool take_case(struct options *options, const char *name) {
    for (int i = 0; i < CASES; i++) {
        if (strcmp(name, case_names[i]) == 0) {
            options->cases[i] = true;
            return true;
        }
    }
    return false;
}

static bool take_payload(struct options *options, const char *text) {
    char *end;
    unsigned long long bytes = strtoull(text, &end, 10);
    for (int i = 0; *end == '\0' && i < PAYLOADS; i++) {
        if (payload_sizes[i] == bytes) {
            for (unsigned k = 0; k < options->payload_count; k++) {
                if (options->payloads[k] == bytes) {
                    return true;
                }
            }
            options->payloads[options->payload_count++] = payload_sizes[i];
            return true;
        }
    }
    return false;
}

static bool take_provider(struct options *options, const char *name) {
    const llmp_shmem_provider *known[PROVIDERS_MAX];
    unsigned count = providers_known(known);
    for (unsigned i = 0; i < options->provider_count; i++) {
        if (strcmp(llmp_shmem_provider_name(options->providers[i]), name) == 0) {
            return true;
        }
    }
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(llmp_shmem_provider_name(known[i]), name) == 0) {
            options->providers[options->provider_count++] = known[i];
            return true;
        }
    }
    return false;
}

/* One of the three list options. */
static int take_list(struct options *options, int which, const char *list, FILE *err) {
    static const char *const what[] = {"provider", "payload", "case"};
    static bool (*const take[])(struct options *, const char *) = {take_provider, take_payload, take_case};
    static void (*const known[])(FILE *) = {list_provider_names, list_payloads, list_cases};
    char part[64];
    if (each_part(list, take[which], options, part, sizeof part)) {
        return 0;
    }
    fprintf(err, "llmp-bench: unknown %s '%s'. Known ", what[which], part);
    known[which](err);
    return 2;
}

static int take_number(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *out, FILE *err) {
    char *end;
    *out = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || *out < min || *out > max) {
        fprintf(err, "llmp-bench: --%s wants a number from %llu to %llu, not '%s'\n", name, (unsigned long long)min,
                (unsigned long long)max, text);
        return 2;
    }
    return 0;
}

static int take_cpus(struct options *options, const char *text, FILE *err) {
    char rest;
    if (sscanf(text, "%d,%d%c", &options->cpus[0], &options->cpus[1], &rest) != 2) {
        fprintf(err, "llmp-bench: --cpus wants two core numbers, as in 0,1, not '%s'\n", text);
        return 2;
    }
    options->cpus_given = true;
    return 0;
}

static int take_option(struct options *options, int option, FILE *err) {
    uint64_t number = 0;
    int rc = 0;
    switch (option) {
    case OPT_PROVIDERS: options->providers_given = true; return take_list(options, 0, optarg, err);
    case OPT_PAYLOADS: options->payloads_given = true; return take_list(options, 1, optarg, err);
    case OPT_CASES: return take_list(options, 2, optarg, err);
    case OPT_CPUS: return take_cpus(options, optarg, err);
    case OPT_SEED: return take_number("seed", optarg, 0, UINT64_MAX, &options->seed, err);
    case OPT_REPEAT:
        rc = take_number("repeat", optarg, 1, 99, &number, err);
        options->repeat = (unsigned)number;
        break;
    case OPT_QUICK: options->quick = true; break;
    case OPT_STRICT: options->strict = true; break;
    case OPT_RESULTS: options->results = optarg; break;
    case OPT_PLOT: options->plot = optarg; break;
    case OPT_LIST: options->list = true; break;
    case OPT_HELP: options->help = true; break;
    case OPT_VERSION: options->version = true; break;
    default: return 2; /* getopt has told what */
    }
    return rc;
}

static int compare_sizes(const void *left, const void *right) {
    size_t a = *(const size_t *)left, b = *(const size_t *)right;
    return (a > b) - (a < b);
}

/* What was not chosen is all there is; of payloads, --quick leaves some out. */
static void fill_in(struct options *options) {
    static const size_t quick[] = {64, 1024, 65536};
    bool any_case = false;
    for (int i = 0; i < CASES; i++) {
        any_case |= options->cases[i];
    }
    for (int i = 0; !any_case && i < CASES; i++) {
        options->cases[i] = true;
    }
    if (options->payload_count == 0) {
        options->payload_count = options->quick ? sizeof quick / sizeof quick[0] : PAYLOADS;
        memcpy(options->payloads, options->quick ? quick : payload_sizes, options->payload_count * sizeof quick[0]);
    }
    qsort(options->payloads, options->payload_count, sizeof options->payloads[0], compare_sizes);
}

int options_parse(struct options *options, int argc, char **argv, FILE *err) {
    int option;
    *options = (struct options){.repeat = 1, .seed = 1, .results = "results"};
    optind = 0; /* glibc: start over, as the self-test parses many lines */
    opterr = err == stderr;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        int rc = take_option(options, option, err);
        if (rc != 0) {
            return rc;
        }
    }
    if (optind < argc) {
        fprintf(err, "llmp-bench: what is '%s'? See llmp-bench --help\n", argv[optind]);
        return 2;
    }
    fill_in(options);
    return 0;
}
