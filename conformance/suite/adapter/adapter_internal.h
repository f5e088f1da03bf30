/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef LC_SUITE_ADAPTER_ADAPTER_INTERNAL_H
#define LC_SUITE_ADAPTER_ADAPTER_INTERNAL_H

#include "suite/adapter/adapter.h"

struct lc_adapter {
    pid_t pid;
    int in, out, err; /* pipes to its standard input and from its standard output; the file of its standard error */
    bool reaped;
    bool killed; /* by the suite */
    int status;  /* from waitpid(), once reaped */
    char *test;
    int64_t next_id;
    int64_t request_id; /* of the pending request */
    char *request_verb;
    int64_t timeout_ms; /* of the pending request */
    char *input;        /* bytes received and not yet parsed: a buffer of 1 MiB, allocated at the first reply */
    size_t length;
    json_t *reply;
    char error[300];   /* what was wrong with the last reply */
    char *stderr_text; /* as last returned */
};

#endif
