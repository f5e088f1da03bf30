/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The state of a case, for the files of the kit and for the runner. */
#ifndef LC_SUITE_KIT_CASE_INTERNAL_H
#define LC_SUITE_KIT_CASE_INTERNAL_H

#include "suite/kit/case.h"

#include <stdarg.h>
#include <stdatomic.h>

enum { LC_NOTES = 20, LC_NOTE_BYTES = 240, LC_PIDS = 1024, LC_STDERR_LINES = 20 };

/* Memory shared by the runner and the case's process: the runner reads it after that process has ended. */
struct lc_shared {
    _Atomic unsigned pids_used;
    pid_t pids[LC_PIDS]; /* all processes that the case started: leftovers are found by their ids */
    _Atomic unsigned notes_used;
    char notes[LC_NOTES][LC_NOTE_BYTES]; /* a ring */
};

struct lc_actor {
    struct lc_adapter *adapter;
    const struct lc_impl *impl;
    char role[16];
    bool stopped;         /* by lc_stop() */
    bool expected_to_end; /* killed by the case, or the case has handled its crash */
    struct lc_actor *next;
};

/* A function to be called when the case ends. */
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
    pid_t pid; /* the case's own process; helpers have other pids */
    struct lc_actor *actors;
    struct lc_deferred *deferred; /* newest first */
};

/* Runs the case in this process and writes its verdict. */
_Noreturn void lc_case_run(struct lc_case *c);

/* ---------------------------------------------------------------- resources: aborts the case without memory */

/* Registers a process of the case, whose leftovers the runner removes. */
void lc_register_pid(struct lc_shared *shared, pid_t pid);
/* Calls `undo(what)` when the case ends; the newest first. */
void lc_defer(struct lc_case *c, void (*undo)(void *what), void *what);
void lc_run_deferred(struct lc_case *c);
/* Return memory that is freed with the case; never null. lc_format() is in case.h. */
void *lc_alloc(struct lc_case *c, size_t size);
char *lc_vformat(struct lc_case *c, const char *format, va_list values) __attribute__((format(printf, 2, 0)));

/* Returns the notes in a list, the oldest first. */
json_t *lc_notes(const struct lc_shared *shared);

/* ---------------------------------------------------------------- verdicts */

struct lc_verdict {
    const char *verdict;                /* pass, fail, skip or error */
    const char *kind;                   /* of a failure: wrong, refused, crash, hang or broken (ADAPTER.md); error */
    const char *expected, *seen, *page; /* may be null */
};
/*
 * Writes the verdict and ends the process. The main process of the case frees all resources; a helper process only
 * writes its verdict, which fails the case.
 */
_Noreturn void lc_finish(struct lc_case *c, const struct lc_verdict *verdict);

/* Ends the case with the verdict of this outcome: crash, hang, broken, refused, or unsupported (a skip). */
_Noreturn void lc_finish_with_outcome(struct lc_case *c, struct lc_actor *actor, enum lc_outcome outcome,
                                      const json_t *reply);
/* Ends the case with the verdict "broken": the adapter does not keep to ADAPTER.md. `seen` is a format. */
_Noreturn void lc_fail_adapter(struct lc_case *c, const char *expected, const char *seen, ...)
    __attribute__((format(printf, 3, 4)));
/* Ends the case if an actor has ended unexpectedly. */
void lc_check_actors(struct lc_case *c);

/* Starts the implementation without a role. */
struct lc_actor *lc_spawn_without_role(struct lc_case *c);

/* Fails the case unless the message has the fields of `wanted` and the payload of that seed. */
void lc_check_message_fields(struct lc_case *c, const struct lc_reader *reader, const struct lc_message *message,
                             const struct lc_message *wanted, uint64_t seed);

#endif
