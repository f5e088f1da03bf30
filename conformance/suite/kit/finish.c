/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The end of a case: its verdict goes to the runner through a pipe, as one line of JSON. */
#include "suite/kit/case_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* Jansson refuses strings that are not UTF-8; in those, bytes above 127 are replaced. */
static json_t *json_text(const char *bytes) {
    json_t *string = json_string(bytes);
    if (string != NULL || bytes == NULL) {
        return string;
    }
    char *copy = strdup(bytes);
    for (char *at = copy; at != NULL && *at != '\0'; at++) {
        *at = (char)(*at < 0 ? '?' : *at);
    }
    string = json_string(copy != NULL ? copy : "");
    free(copy);
    return string;
}

static json_t *stderr_of_actors(struct lc_case *c) {
    json_t *list = json_array();
    for (struct lc_actor *actor = c->actors; actor != NULL; actor = actor->next) {
        const char *text = last_lines(lc_adapter_stderr(actor->adapter), LC_STDERR_LINES);
        if (*text != '\0') {
            json_array_insert_new(list, 0,
                                  json_pack("{s:s, s:s, s:o}", "name", lc_impl_name(actor->impl), "role", actor->role,
                                            "text", json_text(text)));
        }
    }
    return list;
}

static void add(json_t *object, const char *field, const char *value) {
    if (value != NULL) {
        json_object_set_new(object, field, json_text(value));
    }
}

static json_t *report(struct lc_case *c, const struct lc_verdict *verdict) {
    json_t *result = json_object();
    add(result, "verdict", verdict->verdict);
    add(result, "kind", verdict->kind);
    add(result, "expected", verdict->expected);
    add(result, "seen", verdict->seen);
    add(result, "page", verdict->page);
    if (strcmp(verdict->verdict, "pass") != 0) {
        json_object_set_new(result, "notes", lc_notes(c->shared));
        json_object_set_new(result, "stderr", stderr_of_actors(c));
    }
    return result;
}

/* Actors end first, because they use what the case has created. */
static void clean_up(struct lc_case *c) {
    while (c->actors != NULL) {
        struct lc_actor *actor = c->actors;
        c->actors = actor->next;
        lc_adapter_free(actor->adapter);
        free(actor);
    }
    lc_run_deferred(c);
}

_Noreturn void lc_finish(struct lc_case *c, const struct lc_verdict *verdict) {
    json_t *result = report(c, verdict);
    char *line = json_dumps(result, JSON_COMPACT);
    if (line != NULL) {
        dprintf(c->verdict_fd, "%s\n", line);
    }
    if (getpid() != c->pid) {
        _exit(1);
    }
    clean_up(c);
    free(line);
    json_decref(result);
    _exit(0); /* exit() would flush the runner's buffers, which this process has copied */
}
