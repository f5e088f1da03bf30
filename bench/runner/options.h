/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The command line of a run. */
#ifndef LLMP_BENCH_OPTIONS_H
#define LLMP_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "cases/families.h"
#include "subjects/subjects.h"

struct options {
    const struct subject *subjects[SUBJECTS_MAX];
    unsigned subject_count;
    bool subjects_given; /* by the user; false: the runner selects all that work on this machine */
    size_t payloads[PAYLOADS];
    unsigned payload_count;
    bool payloads_given;
    bool cases[CASES];
    bool quick;
    bool strict; /* a benchmark that has not converged, or whose cores were busy, is a failure */
    bool cpus_given;
    int cpus[2];
    unsigned repeat;
    uint64_t seed;
    const char *results;
    const char *plot; /* "none": no plots */
    bool list;
    bool help;
    bool version;
};

/*
 * Parses the command line. Errors are printed to `err`, with the valid names if a name is unknown.
 *
 * Returns 0, or 2, which is the exit status for wrong usage.
 */
int options_parse(struct options *options, int argc, char **argv, FILE *err);

/* Print the output of --help and --list. */
void options_help(FILE *out);
void options_list(FILE *out);

#endif
