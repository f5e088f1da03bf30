/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The command line of a run. */
#include "runner/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPT_SUBJECTS = 1000,
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
    {"subjects", required_argument, NULL, OPT_SUBJECTS},
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
    "Measures the throughput and latency of LLMP over every shared-memory provider.\n"
    "\n"
    "usage: llmp-bench [options]              runs all benchmarks; the results go to a new folder\n"
    "       llmp-bench micro [--benchmark_…]  benchmarks within one process, as a Google Benchmark program\n"
    "       llmp-bench selftest               tests this program's own statistics and checks\n"
    "       llmp-bench start-once --subject NAME | --baseline   what the case start measures\n"
    "\n"
    "Every figure has a baseline: what the same two cores do in the same second with the same data movement and no\n"
    "protocol. Efficiency is baseline time / measured time: 1.0 is as fast as the baseline, higher is better, for\n"
    "throughput and latency alike.\n"
    "\n"
    "  --subjects A,B    only these subjects: an implementation, a transport, or both (ref/sysv);\n"
    "                    default: all that work on this machine\n"
    "  --payloads N,N    only these payloads, in bytes (default: all; through the broker three of them)\n"
    "  --cases A,B       only these cases (default: all)\n"
    "  --quick           fewer and shorter benchmarks: less than a minute\n"
    "  --strict          exit status 1 also if a benchmark has not converged or its cores were busy\n"
    "  --results DIR     where the folder of the run is created (default: results)\n"
    "  --repeat N        measures each benchmark N times and reports the median (default: 1)\n"
    "  --seed N          seed of the payloads' content (default: 1)\n"
    "  --cpus A,B        the two cores (default: two physical cores, if there are two)\n"
    "  --plot FILE       the script that draws the plots (default: plot/draw if it exists; none: no plots)\n"
    "  --list            prints cases, payloads and subjects, and which subjects work on this machine\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 every benchmark was measured; 1 one failed or received corrupt data, or the plots could not be\n"
    "drawn; 2 wrong usage; 130 interrupted (what was measured is kept). results/README.md describes the results.\n";

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

static void list_subject_names(FILE *out) {
    char name[SUBJECT_NAME_SIZE];
    unsigned count;
    const struct subject *all = subjects_all(&count);
    fprintf(out, "subjects:");
    for (unsigned i = 0; i < count; i++) {
        fprintf(out, " %s", subject_name(&all[i], name));
    }
    fprintf(out, "\n");
}

void options_list(FILE *out) {
    char name[SUBJECT_NAME_SIZE];
    unsigned count;
    const struct subject *all = subjects_all(&count);
    list_cases(out);
    list_payloads(out);
    list_subject_names(out);
    for (unsigned i = 0; i < count; i++) {
        int rc = all[i].check(&all[i]);
        fprintf(out, "  %-10s %s%s\n", subject_name(&all[i], name),
                rc == 0 ? "" : "does not work on this machine: ", rc == 0 ? all[i].summary : all[i].error_text(rc));
    }
}

/* Calls `take` for each part of "a,b,c". At an empty part, or if `take` returns false, copies it and returns false. */
static bool each_part(const char *list, bool (*take)(struct options *, const char *), struct options *options,
                      char *part, size_t size) {
    for (const char *at = list;; at++) {
        size_t length = strcspn(at, ",");
        snprintf(part, size, "%.*s", (int)(length < size ? length : size - 1), at);
        if (length == 0 || !take(options, part)) {
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

static bool payload_taken(const struct options *options, size_t bytes) {
    for (unsigned i = 0; i < options->payload_count; i++) {
        if (options->payloads[i] == bytes) {
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
            if (!payload_taken(options, payload_sizes[i])) {
                options->payloads[options->payload_count++] = payload_sizes[i];
            }
            return true;
        }
    }
    return false;
}

static bool subject_taken(const struct options *options, const struct subject *subject) {
    for (unsigned i = 0; i < options->subject_count; i++) {
        if (options->subjects[i] == subject) {
            return true;
        }
    }
    return false;
}

/* Takes all subjects that the text matches. Returns false if there are none. */
static bool take_subjects(struct options *options, const char *text) {
    unsigned count;
    bool found = false;
    const struct subject *all = subjects_all(&count);
    for (unsigned i = 0; i < count; i++) {
        if (subject_matches(&all[i], text)) {
            found = true;
            if (!subject_taken(options, &all[i])) {
                options->subjects[options->subject_count++] = &all[i];
            }
        }
    }
    return found;
}

enum list_option { SUBJECTS_LIST, PAYLOADS_LIST, CASES_LIST };

/* Takes the list of an option. Returns 0 or 2. */
static int take_list(struct options *options, enum list_option which, const char *list, FILE *err) {
    static const char *const what[] = {"subject", "payload", "case"};
    static bool (*const take[])(struct options *, const char *) = {take_subjects, take_payload, take_case};
    static void (*const known[])(FILE *) = {list_subject_names, list_payloads, list_cases};
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
        fprintf(err, "llmp-bench: --%s needs a number from %llu to %llu, not '%s'\n", name, (unsigned long long)min,
                (unsigned long long)max, text);
        return 2;
    }
    return 0;
}

static int take_cpus(struct options *options, const char *text, FILE *err) {
    char rest;
    if (sscanf(text, "%d,%d%c", &options->cpus[0], &options->cpus[1], &rest) != 2) {
        fprintf(err, "llmp-bench: --cpus needs two core numbers, such as 0,1, not '%s'\n", text);
        return 2;
    }
    options->cpus_given = true;
    return 0;
}

static int take_option(struct options *options, int option, FILE *err) {
    uint64_t number = 0;
    int rc = 0;
    switch (option) {
    case OPT_SUBJECTS: options->subjects_given = true; return take_list(options, SUBJECTS_LIST, optarg, err);
    case OPT_PAYLOADS: options->payloads_given = true; return take_list(options, PAYLOADS_LIST, optarg, err);
    case OPT_CASES: return take_list(options, CASES_LIST, optarg, err);
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
    default: return 2; /* getopt_long() has printed the error */
    }
    return rc;
}

static int compare_sizes(const void *left, const void *right) {
    size_t a = *(const size_t *)left, b = *(const size_t *)right;
    return (a > b) - (a < b);
}

/* Selects everything that the user did not choose; with --quick, only some payloads. */
static void set_defaults(struct options *options) {
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
    optind = 0; /* resets getopt_long() of glibc: the self-test parses many command lines */
    opterr = err == stderr;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        int rc = take_option(options, option, err);
        if (rc != 0) {
            return rc;
        }
    }
    if (optind < argc) {
        fprintf(err, "llmp-bench: unexpected argument '%s'. See llmp-bench --help\n", argv[optind]);
        return 2;
    }
    set_defaults(options);
    return 0;
}
