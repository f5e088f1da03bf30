/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A case's own process: what it knows, what it notes, and how it ends. */
#include "suite/kit/case_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---------------------------------------------------------------- where we are */

enum lc_provider lc_provider(const struct lc_case *c) {
    return c->provider;
}

const char *lc_provider_name(const struct lc_case *c) {
    return lc_provider_names[c->provider];
}

const char *lc_id(const struct lc_case *c) {
    return c->id;
}

/* FNV-1a of the case's id, without the provider: 52 bits, which every JSON library carries. */
uint64_t lc_seed(const struct lc_case *c) {
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (const char *at = c->def->id; *at; at++) {
        hash = (hash ^ (uint8_t)*at) * UINT64_C(0x100000001B3);
    }
    return hash >> 12;
}

uint64_t lc_page_size(const struct lc_case *c) {
    json_int_t size = json_integer_value(json_object_get(c->impl->hello, "page_size"));
    return size > 0 ? (uint64_t)size : LC_PAGE_DEFAULT;
}

bool lc_has_option(const struct lc_case *c, const char *option) {
    return lc_impl_offers(c->impl, "options", option);
}

bool lc_has_role(const struct lc_case *c, const char *role) {
    return lc_impl_offers(c->impl, "roles", role);
}

/* ---------------------------------------------------------------- what was made */

void lc_register_pid(struct lc_shared *shared, pid_t pid) {
    unsigned at = atomic_fetch_add(&shared->pids_used, 1);
    if (at < LC_PIDS) {
        shared->pids[at] = pid;
    }
}

void lc_defer(struct lc_case *c, void (*undo)(void *what), void *what) {
    struct lc_deferred *deferred = calloc(1, sizeof *deferred);
    if (!deferred) {
        lc_error(c, "no memory");
    }
    *deferred = (struct lc_deferred){undo, what, c->deferred};
    c->deferred = deferred;
}

void *lc_alloc(struct lc_case *c, size_t size) {
    void *memory = calloc(1, size ? size : 1);
    if (!memory) {
        lc_error(c, "no memory for %zu bytes", size);
    }
    lc_defer(c, free, memory);
    return memory;
}

char *lc_format(struct lc_case *c, const char *format, ...) {
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0) {
        lc_error(c, "no memory");
    }
    lc_defer(c, free, text);
    return text;
}

/* Parties first: what they have mapped is theirs until they are gone. */
static void clean_up(struct lc_case *c) {
    while (c->actors) {
        struct lc_actor *actor = c->actors;
        c->actors = actor->next;
        lc_adapter_free(actor->adapter);
        free(actor);
    }
    while (c->deferred) {
        struct lc_deferred *deferred = c->deferred;
        c->deferred = deferred->next;
        deferred->undo(deferred->what);
        free(deferred);
    }
}

/* ---------------------------------------------------------------- the verdict */

static json_t *notes(const struct lc_shared *shared) {
    json_t *list = json_array();
    unsigned used = atomic_load(&shared->notes_used);
    for (unsigned i = used > LC_NOTES ? used - LC_NOTES : 0; i < used; i++) {
        json_array_append_new(list, json_string(shared->notes[i % LC_NOTES]));
    }
    return list;
}

static const char *last_lines(const char *text, int count) {
    const char *at = text + strlen(text);
    while (at > text && at[-1] == '\n') {
        at--;
    }
    for (; at > text; at--) {
        if (at[-1] == '\n' && --count == 0) {
            break;
        }
    }
    return at;
}

/* What is no UTF-8 would make the whole verdict unwritable. */
static json_t *text(const char *bytes) {
    json_t *string = json_string(bytes);
    if (string || !bytes) {
        return string;
    }
    char *copy = strdup(bytes);
    for (char *at = copy; at && *at; at++) {
        *at = (char)(*at < 0 ? '?' : *at);
    }
    string = json_string(copy ? copy : "");
    free(copy);
    return string;
}

static json_t *spoken(struct lc_case *c) {
    json_t *list = json_array();
    for (struct lc_actor *actor = c->actors; actor; actor = actor->next) {
        const char *said = last_lines(lc_adapter_stderr(actor->adapter), LC_STDERR_LINES);
        if (*said) {
            json_array_insert_new(list, 0,
                                  json_pack("{s:s, s:s, s:o}", "name", lc_impl_name(actor->impl), "role", actor->role,
                                            "said", text(said)));
        }
    }
    return list;
}

static void add(json_t *object, const char *field, const char *value) {
    if (value) {
        json_object_set_new(object, field, text(value));
    }
}

/* A helper of the case has none of its parties' business: it only tells, and the case ends when it waits for it. */
_Noreturn void lc_finish(struct lc_case *c, const struct lc_verdict *verdict) {
    json_t *report = json_object();
    add(report, "verdict", verdict->verdict);
    add(report, "kind", verdict->kind);
    add(report, "expected", verdict->expected);
    add(report, "seen", verdict->seen);
    add(report, "page", verdict->page);
    if (strcmp(verdict->verdict, "pass") != 0) {
        json_object_set_new(report, "notes", notes(c->shared));
        json_object_set_new(report, "stderr", spoken(c));
    }
    char *line = json_dumps(report, JSON_COMPACT);
    if (line) {
        dprintf(c->verdict_fd, "%s\n", line);
    }
    if (getpid() != c->pid) {
        _exit(1);
    }
    clean_up(c);
    free(line);
    json_decref(report);
    _exit(0); /* without flushing what the runner had in its buffers */
}

_Noreturn void lc_case_run(struct lc_case *c) {
    c->def->run(c);
    for (struct lc_actor *actor = c->actors; actor; actor = actor->next) {
        if (!actor->expected_to_end && !lc_adapter_alive(actor->adapter) && !actor->stopped) {
            lc_finish_with_outcome(c, actor, LC_CRASHED, NULL);
        }
    }
    lc_finish(c, &(struct lc_verdict){.verdict = "pass"});
}
