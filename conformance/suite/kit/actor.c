/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Parties: the adapters that play a role in a case, what they are asked, and the fields of what they answer. */
#include "suite/kit/case_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- playing */

static void greet(struct lc_case *c, struct lc_actor *actor) {
    const json_t *reply;
    lc_adapter_send(actor->adapter, "hello", json_pack("{s:i}", "adapter", 1));
    lc_adapter_set_timeout(actor->adapter, LC_HELLO_MS);
    enum lc_outcome outcome = lc_adapter_receive(actor->adapter, &reply);
    if (outcome != LC_OK) {
        lc_finish_with_outcome(c, actor, outcome, reply);
    }
}

static struct lc_actor *play(struct lc_case *c, const struct lc_impl *impl, const char *role) {
    struct lc_adapter *adapter = lc_adapter_start(impl, c->id);
    if (!adapter) {
        lc_error(c, "starting %s: %s", impl->command, strerror(errno));
    }
    lc_register_pid(c->shared, lc_adapter_pid(adapter));
    struct lc_actor *actor = calloc(1, sizeof *actor);
    if (!actor) {
        lc_error(c, "no memory");
    }
    *actor = (struct lc_actor){.owner = c, .adapter = adapter, .impl = impl, .next = c->actors};
    snprintf(actor->role, sizeof actor->role, "%s", role);
    c->actors = actor;
    greet(c, actor);
    lc_note(c, "%s plays %s (process %d)", lc_impl_name(impl), role, (int)lc_adapter_pid(adapter));
    return actor;
}

static struct lc_actor *play_offered(struct lc_case *c, const struct lc_impl *impl, const char *role) {
    if (!lc_impl_offers(impl, "roles", role)) {
        lc_skip(c, "role %s, which %s does not offer", role, lc_impl_name(impl));
    }
    return play(c, impl, role);
}

struct lc_actor *lc_spawn(struct lc_case *c, const char *role) {
    return play_offered(c, c->impl, role);
}

struct lc_actor *lc_spawn_peer(struct lc_case *c, const char *role) {
    return play_offered(c, c->peer, role);
}

struct lc_actor *lc_spawn_without_role(struct lc_case *c) {
    return play(c, c->impl, "nobody");
}

struct lc_adapter *lc_actor_adapter(struct lc_actor *actor) {
    return actor->adapter;
}

pid_t lc_actor_pid(struct lc_actor *actor) {
    return lc_adapter_pid(actor->adapter);
}

void lc_check_alive(struct lc_case *c, struct lc_actor *actor) {
    lc_call(c, actor, "hello", "{s:i}", "adapter", 1);
}

void lc_kill(struct lc_case *c, struct lc_actor *actor) {
    lc_note(c, "the suite kills the %s", actor->role);
    actor->expected_to_end = true;
    lc_adapter_kill(actor->adapter);
}

void lc_stop(struct lc_case *c, struct lc_actor *actor) {
    actor->stopped = true;
    if (!lc_adapter_stop(actor->adapter)) {
        const char *seen = lc_format(c, "the %s %s", actor->role, lc_adapter_exit_text(actor->adapter));
        lc_finish(c, &(struct lc_verdict){"fail", "crash", "that it leaves within two seconds, without a signal", seen,
                                          NULL});
    }
}

/* ---------------------------------------------------------------- asking */

static json_t *packed(struct lc_case *c, const char *format, va_list values) {
    if (!format || !*format) {
        return NULL;
    }
    json_error_t error;
    json_t *arguments = json_vpack_ex(&error, 0, format, values);
    if (!arguments) {
        lc_error(c, "arguments \"%s\": %s", format, error.text);
    }
    return arguments;
}

static void request(struct lc_case *c, struct lc_actor *actor, const char *verb, json_t *arguments) {
    char *words = arguments ? json_dumps(arguments, JSON_COMPACT) : NULL;
    lc_note(c, "%s: %s %s", actor->role, verb, words ? words : "");
    free(words);
    lc_adapter_send(actor->adapter, verb, arguments); /* a failure to write shows as its end, in a moment */
}

static enum lc_outcome hear(struct lc_case *c, struct lc_actor *actor, const json_t **reply) {
    const json_t *heard;
    enum lc_outcome outcome = lc_adapter_receive(actor->adapter, &heard);
    if (outcome == LC_REFUSED) {
        const char *error = json_string_value(json_object_get(heard, "error"));
        lc_note(c, "%s: refused: %s", actor->role, error ? error : "without a word");
    }
    if (reply) {
        *reply = heard;
    }
    return outcome;
}

static const json_t *want_ok(struct lc_case *c, struct lc_actor *actor) {
    const json_t *reply;
    enum lc_outcome outcome = hear(c, actor, &reply);
    if (outcome != LC_OK) {
        lc_finish_with_outcome(c, actor, outcome, reply);
    }
    return reply;
}

const json_t *lc_call(struct lc_case *c, struct lc_actor *actor, const char *verb, const char *format, ...) {
    va_list values;
    va_start(values, format);
    request(c, actor, verb, packed(c, format, values));
    va_end(values);
    return want_ok(c, actor);
}

enum lc_outcome lc_call_may_refuse(struct lc_case *c, struct lc_actor *actor, const json_t **reply, const char *verb,
                                   const char *format, ...) {
    const json_t *heard;
    va_list values;
    va_start(values, format);
    request(c, actor, verb, packed(c, format, values));
    va_end(values);
    enum lc_outcome outcome = hear(c, actor, &heard);
    if (outcome != LC_OK && outcome != LC_REFUSED) {
        lc_finish_with_outcome(c, actor, outcome, heard);
    }
    if (reply) {
        *reply = heard;
    }
    return outcome;
}

enum lc_outcome lc_call_any_outcome(struct lc_case *c, struct lc_actor *actor, const json_t **reply, const char *verb,
                                    const char *format, ...) {
    va_list values;
    va_start(values, format);
    request(c, actor, verb, packed(c, format, values));
    va_end(values);
    return lc_wait_any_reply(c, actor, reply);
}

void lc_send_request(struct lc_case *c, struct lc_actor *actor, const char *verb, const char *format, ...) {
    va_list values;
    va_start(values, format);
    request(c, actor, verb, packed(c, format, values));
    va_end(values);
}

const json_t *lc_wait_reply(struct lc_case *c, struct lc_actor *actor) {
    return want_ok(c, actor);
}

/* A case that takes any outcome has seen a crash itself: it is not counted again when the case ends. */
enum lc_outcome lc_wait_any_reply(struct lc_case *c, struct lc_actor *actor, const json_t **reply) {
    enum lc_outcome outcome = hear(c, actor, reply);
    if (outcome == LC_CRASHED || outcome == LC_HUNG) {
        actor->expected_to_end = true;
    }
    return outcome;
}
