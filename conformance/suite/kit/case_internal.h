/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What stands behind a case: its process, what it made, and the memory in which the runner can still look something up
 * when that process is gone.
 */
#ifndef LC_SUITE_KIT_CASE_INTERNAL_H
#define LC_SUITE_KIT_CASE_INTERNAL_H

#include "suite/kit/case.h"

#include <stdatomic.h>

enum { LC_NOTES = 20, LC_NOTE_BYTES = 240, LC_PIDS = 1024, LC_STDERR_LINES = 20 };

/* Shared by the runner and the case's process. */
struct lc_shared {
    _Atomic unsigned pids_used;
    pid_t pids[LC_PIDS]; /* every process that the case started: what they leave behind is found by their ids */
    _Atomic unsigned notes_used;
    char notes[LC_NOTES][LC_NOTE_BYTES]; /* a ring */
};

struct lc_actor {
    struct lc_case *owner;
    struct lc_adapter *adapter;
    const struct lc_impl *impl;
    char role[16];
    bool stopped;         /* by lc_stop() */
    bool expected_to_end; /* by lc_kill() */
    struct lc_actor *next;
};

/* Something that the case made and that has to be undone with it, newest first. */
struct lc_deferred {
    void (*undo)(void *what);
    void *what;
    struct lc_deferred *next;
};

struct lc_case {
    const struct lc_case_def *def;
    enum lc_provider provider;
    char id[128];
    const struct lc_impl *impl, *peer;
    struct lc_shared *shared;
    int verdict_fd;
    pid_t pid; /* of the case's own process: its helpers have others */
    struct lc_actor *actors;
    struct lc_deferred *deferred;
};

/* Runs the case in this process, writes its verdict and never returns. */
_Noreturn void lc_case_run(struct lc_case *c);

/* A process of the implementation that has no role (yet). */
struct lc_actor *lc_spawn_without_role(struct lc_case *c);

/* A pid that may leave something behind. */
void lc_register_pid(struct lc_shared *shared, pid_t pid);
/* Undone with the case. */
void lc_defer(struct lc_case *c, void (*undo)(void *what), void *what);
/* Memory that lives as long as the case; never null. */
void *lc_alloc(struct lc_case *c, size_t size);

/*
 * The verdict: `verdict` is pass, fail, skip or trouble; `kind` says of a failure which of ADAPTER.md's verdicts it is.
 * Anything may be null. Ends the process, after having cleaned up.
 */
struct lc_verdict {
    const char *verdict, *kind, *expected, *seen, *page;
};
_Noreturn void lc_finish(struct lc_case *c, const struct lc_verdict *verdict);

/* What an outcome that ends a case means: crash, hang, broken, refused, or unsupported (a skip). */
_Noreturn void lc_finish_with_outcome(struct lc_case *c, struct lc_actor *actor, enum lc_outcome outcome,
                                      const json_t *reply);

/* Formats into new memory that lives as long as the case. */
char *lc_format(struct lc_case *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
