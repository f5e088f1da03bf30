/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The command line of a run. */
#ifndef LLMP_BENCH_OPTIONS_H
#define LLMP_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "cases/families.h"

struct options {
    const llmp_shmem_provider *providers[PROVIDERS_MAX];
    unsigned provider_count;
    bool providers_given; /* by name; else every one that works here */
    size_t payloads[PAYLOADS];
    unsigned payload_count;
    bool payloads_given;
    bool cases[CASES];
    bool quick;
    bool strict; /* a row that did not settle, or whose cores were busy, is a failure */
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
 * Parses. Problems are told on `err` with the names that would have been right.
 *
 * Returns 0, or 2, the exit status for a wrong command line.
 */
int options_parse(struct options *options, int argc, char **argv, FILE *err);

/* Prints what --help and --list say. */
void options_help(FILE *out);
void options_list(FILE *out);

#endif
