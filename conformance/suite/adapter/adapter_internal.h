/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the two files of the adapter share: the process, and the lines that go to and fro. */
#ifndef LC_SUITE_ADAPTER_ADAPTER_INTERNAL_H
#define LC_SUITE_ADAPTER_ADAPTER_INTERNAL_H

#include "suite/adapter/adapter.h"

#include <stddef.h>
#include <stdint.h>

enum { LC_LINE_LIMIT = 1 << 20 }; /* ADAPTER.md: the longest line */

struct lc_adapter {
    pid_t pid;
    int in, out, err; /* our ends: its standard input and output, and the file that keeps its standard error */
    bool reaped;
    bool killed; /* by us: its end says nothing about it */
    int status;  /* as waitpid() gives it, once reaped */
    char *test;
    int64_t next_id, asked_id;
    int64_t timeout_ms; /* for the answer that is due */
    char *line;         /* what was read and not yet taken */
    size_t length;
    json_t *reply;
    char complaint[300];
    char *said; /* standard error, as last asked for */
    char *asked_verb;
};

/* Remembers in words why the adapter is broken. */
enum lc_outcome lc_adapter_set_error(struct lc_adapter *adapter, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
