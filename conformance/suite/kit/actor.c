/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Actors: starting them, calling them, and ending them. */
#include "suite/kit/case_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- starting */

static struct lc_actor *new_actor(struct lc_case *c, const struct lc_impl *impl, const char *role) {
    struct lc_adapter *adapter = lc_adapter_start(impl, c->id);
    if (adapter == NULL) {
        lc_error(c, "starting %s: %s", impl->command, strerror(errno));
    }
    lc_register_pid(c->shared, lc_adapter_pid(adapter));
    struct lc_actor *actor = calloc(1, sizeof *actor);
    if (actor == NULL) {
        lc_error(c, "out of memory");
    }
    *actor = (struct lc_actor){.adapter = adapter, .impl = impl, .next = c->actors};
    snprintf(actor->role, sizeof actor->role, "%s", role);
    c->actors = actor;
    return actor;
}

static struct lc_actor *spawn(struct lc_case *c, const struct lc_impl *impl, const char *role) {
    const json_t *reply;
    struct lc_actor *actor = new_actor(c, impl, role);
    enum lc_outcome outcome = lc_adapter_hello(actor->adapter, &reply);
    if (outcome != LC_OK) {
        lc_finish_with_outcome(c, actor, outcome, reply);
    }
    lc_note(c, "started %s as %s (process %d)", lc_impl_name(impl), role, (int)lc_actor_pid(actor));
    return actor;
}

static struct lc_actor *spawn_offered(struct lc_case *c, const struct lc_impl *impl, const char *role) {
    if (!lc_impl_offers(impl, "roles", role)) {
        lc_skip(c, "the role %s, which %s does not offer", role, lc_impl_name(impl));
    }
    return spawn(c, impl, role);
}

struct lc_actor *lc_spawn(struct lc_case *c, const char *role) {
    return spawn_offered(c, c->impl, role);
}

struct lc_actor *lc_spawn_peer(struct lc_case *c, const char *role) {
    return spawn_offered(c, c->peer, role);
}

struct lc_actor *lc_spawn_without_role(struct lc_case *c) {
    return spawn(c, c->impl, "process");
}

/* ---------------------------------------------------------------- calling */

static void send_request(struct lc_case *c, struct lc_actor *actor, const char *verb, const char *format,
                         va_list values) {
    json_error_t error;
    json_t *arguments = json_vpack_ex(&error, 0, format, values);
    if (arguments == NULL) {
        lc_error(c, "the arguments \"%s\": %s", format, error.text);
    }
    char *text = json_dumps(arguments, JSON_COMPACT);
    lc_note(c, "%s: %s %s", actor->role, verb, text != NULL ? text : "");
    free(text);
    (void)lc_adapter_send(actor->adapter, verb, arguments); /* a write error is seen as the adapter's end */
}

static enum lc_outcome receive_reply(struct lc_case *c, struct lc_actor *actor, const json_t **reply) {
    enum lc_outcome outcome = lc_adapter_receive(actor->adapter, reply);
    if (outcome == LC_REFUSED) {
        const char *error = json_string_value(json_object_get(*reply, "error"));
        lc_note(c, "%s: refused%s%s", actor->role, error != NULL ? ": " : "", error != NULL ? error : "");
    }
    return outcome;
}

void lc_send_request(struct lc_case *c, struct lc_actor *actor, const char *verb, const char *format, ...) {
    va_list values;
    va_start(values, format);
    send_request(c, actor, verb, format, values);
    va_end(values);
}

const json_t *lc_wait_reply(struct lc_case *c, struct lc_actor *actor) {
    const json_t *reply;
    enum lc_outcome outcome = receive_reply(c, actor, &reply);
    if (outcome != LC_OK) {
        lc_finish_with_outcome(c, actor, outcome, reply);
    }
    return reply;
}

static enum lc_outcome wait_ok_or_refused(struct lc_case *c, struct lc_actor *actor, const json_t **reply) {
    enum lc_outcome outcome = receive_reply(c, actor, reply);
    if (outcome != LC_OK && outcome != LC_REFUSED) {
        lc_finish_with_outcome(c, actor, outcome, *reply);
    }
    return outcome;
}

enum lc_outcome lc_wait_any_reply(struct lc_case *c, struct lc_actor *actor, const json_t **reply) {
    const json_t *received;
    enum lc_outcome outcome = receive_reply(c, actor, &received);
    if (outcome == LC_CRASHED || outcome == LC_HUNG) {
        actor->expected_to_end = true;
    }
    if (reply != NULL) {
        *reply = received;
    }
    return outcome;
}

const json_t *lc_call(struct lc_case *c, struct lc_actor *actor, const char *verb, const char *format, ...) {
    va_list values;
    va_start(values, format);
    send_request(c, actor, verb, format, values);
    va_end(values);
    return lc_wait_reply(c, actor);
}

enum lc_outcome lc_call_may_refuse(struct lc_case *c, struct lc_actor *actor, const json_t **reply, const char *verb,
                                   const char *format, ...) {
    const json_t *received;
    va_list values;
    va_start(values, format);
    send_request(c, actor, verb, format, values);
    va_end(values);
    enum lc_outcome outcome = wait_ok_or_refused(c, actor, &received);
    if (reply != NULL) {
        *reply = received;
    }
    return outcome;
}

void lc_call_expect_refusal(struct lc_case *c, struct lc_actor *actor, const char *verb, const char *format, ...) {
    const json_t *reply;
    va_list values;
    va_start(values, format);
    send_request(c, actor, verb, format, values);
    va_end(values);
    if (wait_ok_or_refused(c, actor, &reply) != LC_REFUSED) {
        lc_fail(c, lc_format(c, "the %s refuses %s", actor->role, verb), "ok");
    }
    lc_check_alive(c, actor);
}

enum lc_outcome lc_call_any_outcome(struct lc_case *c, struct lc_actor *actor, const json_t **reply, const char *verb,
                                    const char *format, ...) {
    va_list values;
    va_start(values, format);
    send_request(c, actor, verb, format, values);
    va_end(values);
    return lc_wait_any_reply(c, actor, reply);
}

/* ---------------------------------------------------------------- state and end */

pid_t lc_actor_pid(struct lc_actor *actor) {
    return lc_adapter_pid(actor->adapter);
}

bool lc_actor_is_running(struct lc_actor *actor) {
    return lc_adapter_alive(actor->adapter);
}

void lc_check_alive(struct lc_case *c, struct lc_actor *actor) {
    lc_call(c, actor, "hello", "{s:i}", "adapter", 1);
}

void lc_kill(struct lc_case *c, struct lc_actor *actor) {
    lc_note(c, "killed the %s", actor->role);
    actor->expected_to_end = true;
    lc_adapter_kill(actor->adapter);
}

void lc_stop(struct lc_case *c, struct lc_actor *actor) {
    actor->stopped = true;
    if (!lc_adapter_stop(actor->adapter)) {
        const char *expected = lc_format(c, "the %s exits within two seconds after the end of its input", actor->role);
        lc_finish(c, &(struct lc_verdict){"fail", "crash", expected,
                                          lc_format(c, "it %s", lc_adapter_exit_text(actor->adapter)), NULL});
    }
}
