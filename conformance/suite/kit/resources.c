/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The resources of a case. Without memory the case aborts, which the runner reports as an error of the suite. */
#include "suite/kit/case_internal.h"

#include <stdio.h>
#include <stdlib.h>

static void *require_memory(void *memory) {
    if (memory == NULL) {
        fputs("llmp-conformance: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void lc_register_pid(struct lc_shared *shared, pid_t pid) {
    unsigned at = atomic_fetch_add(&shared->pids_used, 1);
    if (at < LC_PIDS) {
        shared->pids[at] = pid;
    }
}

void lc_defer(struct lc_case *c, void (*undo)(void *what), void *what) {
    struct lc_deferred *deferred = require_memory(calloc(1, sizeof *deferred));
    *deferred = (struct lc_deferred){undo, what, c->deferred};
    c->deferred = deferred;
}

void lc_run_deferred(struct lc_case *c) {
    while (c->deferred != NULL) {
        struct lc_deferred *deferred = c->deferred;
        c->deferred = deferred->next;
        deferred->undo(deferred->what);
        free(deferred);
    }
}

void *lc_alloc(struct lc_case *c, size_t size) {
    void *memory = require_memory(calloc(1, size > 0 ? size : 1));
    lc_defer(c, free, memory);
    return memory;
}

char *lc_vformat(struct lc_case *c, const char *format, va_list values) {
    char *text = NULL;
    int length = vasprintf(&text, format, values);
    text = require_memory(length < 0 ? NULL : text);
    lc_defer(c, free, text);
    return text;
}

char *lc_format(struct lc_case *c, const char *format, ...) {
    va_list values;
    va_start(values, format);
    char *text = lc_vformat(c, format, values);
    va_end(values);
    return text;
}
