/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Parties: the adapters that play a role in a case, what they are asked, and the fields of what they answer. */
#include "suite/kit/case_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- playing */

static void greet(struct lc_case *c, struct lc_party *party) {
    const json_t *answer;
    lc_adapter_send(party->adapter, "hello", json_pack("{s:i}", "adapter", 1));
    lc_adapter_be_patient(party->adapter, LC_HELLO_MS);
    enum lc_outcome outcome = lc_adapter_receive(party->adapter, &answer);
    if (outcome != LC_OK) {
        lc_conclude_outcome(c, party, outcome, answer);
    }
}

static struct lc_party *play(struct lc_case *c, const struct lc_impl *impl, const char *role) {
    struct lc_adapter *adapter = lc_adapter_start(impl, c->id);
    if (!adapter) {
        lc_trouble(c, "starting %s: %s", impl->command, strerror(errno));
    }
    lc_register_pid(c->shared, lc_adapter_pid(adapter));
    struct lc_party *party = calloc(1, sizeof *party);
    if (!party) {
        lc_trouble(c, "no memory");
    }
    *party = (struct lc_party){.owner = c, .adapter = adapter, .impl = impl, .next = c->parties};
    snprintf(party->role, sizeof party->role, "%s", role);
    c->parties = party;
    greet(c, party);
    lc_note(c, "%s plays %s (process %d)", lc_impl_name(impl), role, (int)lc_adapter_pid(adapter));
    return party;
}

static struct lc_party *play_offered(struct lc_case *c, const struct lc_impl *impl, const char *role) {
    if (!lc_impl_lists(impl, "roles", role)) {
        lc_skip(c, "role %s, which %s does not offer", role, lc_impl_name(impl));
    }
    return play(c, impl, role);
}

struct lc_party *lc_play(struct lc_case *c, const char *role) {
    return play_offered(c, c->impl, role);
}

struct lc_party *lc_play_peer(struct lc_case *c, const char *role) {
    return play_offered(c, c->peer, role);
}

struct lc_party *lc_play_anything(struct lc_case *c) {
    return play(c, c->impl, "nobody");
}

struct lc_adapter *lc_party_adapter(struct lc_party *party) {
    return party->adapter;
}

pid_t lc_party_pid(struct lc_party *party) {
    return lc_adapter_pid(party->adapter);
}

void lc_check_alive(struct lc_case *c, struct lc_party *party) {
    lc_ask(c, party, "hello", "{s:i}", "adapter", 1);
}

void lc_kill(struct lc_case *c, struct lc_party *party) {
    lc_note(c, "the suite kills the %s", party->role);
    party->asked_to_die = true;
    lc_adapter_kill(party->adapter);
}

void lc_stop(struct lc_case *c, struct lc_party *party) {
    party->stopped = true;
    if (!lc_adapter_stop(party->adapter)) {
        const char *seen = lc_format(c, "the %s %s", party->role, lc_adapter_end(party->adapter));
        lc_conclude(c, &(struct lc_verdict){"fail", "crash", "that it leaves within two seconds, without a signal",
                                            seen, NULL});
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
        lc_trouble(c, "arguments \"%s\": %s", format, error.text);
    }
    return arguments;
}

static void request(struct lc_case *c, struct lc_party *party, const char *verb, json_t *arguments) {
    char *words = arguments ? json_dumps(arguments, JSON_COMPACT) : NULL;
    lc_note(c, "%s: %s %s", party->role, verb, words ? words : "");
    free(words);
    lc_adapter_send(party->adapter, verb, arguments); /* a failure to write shows as its end, in a moment */
}

static enum lc_outcome hear(struct lc_case *c, struct lc_party *party, const json_t **answer) {
    const json_t *heard;
    enum lc_outcome outcome = lc_adapter_receive(party->adapter, &heard);
    if (outcome == LC_REFUSED) {
        const char *error = json_string_value(json_object_get(heard, "error"));
        lc_note(c, "%s: refused: %s", party->role, error ? error : "without a word");
    }
    if (answer) {
        *answer = heard;
    }
    return outcome;
}

static const json_t *want_ok(struct lc_case *c, struct lc_party *party) {
    const json_t *answer;
    enum lc_outcome outcome = hear(c, party, &answer);
    if (outcome != LC_OK) {
        lc_conclude_outcome(c, party, outcome, answer);
    }
    return answer;
}

const json_t *lc_ask(struct lc_case *c, struct lc_party *party, const char *verb, const char *format, ...) {
    va_list values;
    va_start(values, format);
    request(c, party, verb, packed(c, format, values));
    va_end(values);
    return want_ok(c, party);
}

enum lc_outcome lc_try(struct lc_case *c, struct lc_party *party, const json_t **answer, const char *verb,
                       const char *format, ...) {
    const json_t *heard;
    va_list values;
    va_start(values, format);
    request(c, party, verb, packed(c, format, values));
    va_end(values);
    enum lc_outcome outcome = hear(c, party, &heard);
    if (outcome != LC_OK && outcome != LC_REFUSED) {
        lc_conclude_outcome(c, party, outcome, heard);
    }
    if (answer) {
        *answer = heard;
    }
    return outcome;
}

enum lc_outcome lc_attempt(struct lc_case *c, struct lc_party *party, const json_t **answer, const char *verb,
                           const char *format, ...) {
    va_list values;
    va_start(values, format);
    request(c, party, verb, packed(c, format, values));
    va_end(values);
    return lc_answer_any(c, party, answer);
}

void lc_request(struct lc_case *c, struct lc_party *party, const char *verb, const char *format, ...) {
    va_list values;
    va_start(values, format);
    request(c, party, verb, packed(c, format, values));
    va_end(values);
}

const json_t *lc_answer(struct lc_case *c, struct lc_party *party) {
    return want_ok(c, party);
}

/* A case that takes any outcome has seen a crash itself: it is not counted again when the case ends. */
enum lc_outcome lc_answer_any(struct lc_case *c, struct lc_party *party, const json_t **answer) {
    enum lc_outcome outcome = hear(c, party, answer);
    if (outcome == LC_CRASHED || outcome == LC_HUNG) {
        party->asked_to_die = true;
    }
    return outcome;
}
