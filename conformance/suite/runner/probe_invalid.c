/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Invalid requests, the same ones in every run: the result of each must be refused or unsupported. */
#include "suite/kit/case_internal.h"
#include "suite/runner/probe_cases.h"

#include <stdlib.h>
#include <string.h>

enum { REQUESTS = 200 };

/* `arguments`: names, each after the letter of its type (s: string, n: number, d: description). */
struct verb {
    const char *name;
    const char *arguments;
    bool opens; /* valid in a process that has not opened anything yet */
};

static const struct verb verbs[] = {
    {"sender.open", "sprovider nsender_id", true},
    {"sender.send", "ntag nlength nseed ntimeout_ms", false},
    {"sender.alloc", "nlength ntimeout_ms", false},
    {"sender.shrink", "nlength", false},
    {"sender.cancel", "", false},
    {"sender.commit", "ntag nseed", false},
    {"sender.exit", "", false},
    {"sender.close", "", false},
    {"receiver.open", "sprovider ddescription", true},
    {"receiver.recv", "ncount ntimeout_ms", false},
    {"receiver.drain", "ncount ntimeout_ms", false},
    {"receiver.close", "", false},
    {"broker.open", "sprovider", true},
    {"broker.attach", "ddescription", false},
    {"broker.link", "nport ntimeout_ms", false},
    {"broker.wait", "ntimeout_ms", false},
    {"broker.stop", "", false},
    {"client.connect", "sprovider nport ntimeout_ms", true},
    {"client.send", "ntag nlength nseed ntimeout_ms", false},
    {"client.recv", "ncount ntimeout_ms", false},
    {"client.close", "", false},
    {"map.create", "sprovider nsize", true},
    {"map.open", "sprovider ddescription", true},
    {"map.write", "nmap noffset nlength nseed", false},
    {"map.digest", "nmap noffset nlength", false},
    {"map.close", "nmap", false},
};
enum { VERBS = sizeof verbs / sizeof verbs[0] };

static const char *const unknown_verbs[] = {"",      "sender", "sender.fly",   "SENDER.OPEN", "sender.open ",
                                            ".open", "open",   "\xE2\x98\xBA", "receiver.",   "map.create.map"};
enum { UNKNOWN_VERBS = sizeof unknown_verbs / sizeof unknown_verbs[0] };

static unsigned next_random(uint64_t *state, unsigned below) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(*state >> 33) % below;
}

/* ---------------------------------------------------------------- arguments */

static json_t *valid_value(struct lc_case *c, char type) {
    switch (type) {
    case 's': return json_string(lc_provider_name(c));
    case 'd': return json_pack("{s:i, s:s}", "size", 4096, "id", "1");
    default: return json_integer(10);
    }
}

static json_t *invalid_value(uint64_t *state, char type) {
    switch (next_random(state, 6)) {
    case 0: return json_null();
    case 1: return json_true();
    case 2: return json_pack("[i, i]", 1, 2);
    case 3: return type == 'd' ? json_integer(7) : json_pack("{s:i}", "seven", 7);
    case 4: return type == 's' ? json_integer(7) : json_string("seven");
    default: return json_real(0.5);
    }
}

enum mistake { UNKNOWN_VERB, UNKNOWN_ARGUMENT, MISSING_ARGUMENT, WRONG_TYPE, NOT_OPEN, MISTAKES };

/* The mistake affects one random argument. */
static json_t *arguments_of(struct lc_case *c, uint64_t *state, const struct verb *verb, enum mistake mistake) {
    char *copy = lc_format(c, "%s", verb->arguments), *rest = copy;
    json_t *arguments = json_object();
    unsigned count = 1;
    for (const char *at = verb->arguments; *at != '\0'; at++) {
        count += *at == ' ' ? 1 : 0;
    }
    unsigned chosen = next_random(state, count);
    for (unsigned i = 0; i < count && *copy != '\0'; i++) {
        char *word = strsep(&rest, " ");
        if (i != chosen || (mistake != MISSING_ARGUMENT && mistake != WRONG_TYPE)) {
            json_object_set_new(arguments, word + 1, valid_value(c, word[0]));
        } else if (mistake == WRONG_TYPE) {
            json_object_set_new(arguments, word + 1, invalid_value(state, word[0]));
        }
    }
    if (mistake == UNKNOWN_ARGUMENT) {
        json_object_set_new(arguments, "colour", json_string("green"));
    }
    return arguments;
}

/* Chooses a mistake that makes the request invalid: a verb that opens a role is valid without a wrong argument. */
static enum mistake choose_mistake(uint64_t *state, const struct verb *verb) {
    enum mistake mistake = (enum mistake)next_random(state, MISTAKES);
    bool no_argument = verb->arguments[0] == '\0' && (mistake == MISSING_ARGUMENT || mistake == WRONG_TYPE);
    return (verb->opens && mistake == NOT_OPEN) || no_argument ? UNKNOWN_ARGUMENT : mistake;
}

/* ---------------------------------------------------------------- requests */

static void expect_error(struct lc_case *c, struct lc_actor *actor, const char *verb, json_t *arguments) {
    static const char expected[] = "refused or unsupported";
    const json_t *reply;
    char *text = json_dumps(arguments, JSON_COMPACT);
    const char *request = lc_format(c, "%s %.300s", verb, text);
    free(text);
    enum lc_outcome outcome = lc_call_any_outcome(c, actor, &reply, verb, "o", arguments);
    switch (outcome) {
    case LC_REFUSED:
    case LC_UNSUPPORTED: return;
    case LC_BROKEN: lc_finish_with_outcome(c, actor, outcome, reply);
    case LC_OK: lc_fail_adapter(c, expected, "ok, for the request %s", request);
    case LC_HUNG: lc_fail_adapter(c, expected, "no reply to the request %s", request);
    default:
        lc_fail_adapter(c, expected, "the adapter %s after the request %s", lc_adapter_exit_text(actor->adapter),
                        request);
    }
}

static void invalid_requests(struct lc_case *c) {
    uint64_t state = 20;
    struct lc_actor *actor = lc_spawn_without_role(c);
    for (int i = 0; i < REQUESTS; i++) {
        const struct verb *verb = &verbs[next_random(&state, VERBS)];
        enum mistake mistake = choose_mistake(&state, verb);
        json_t *arguments = arguments_of(c, &state, verb, mistake);
        expect_error(c, actor, mistake == UNKNOWN_VERB ? unknown_verbs[next_random(&state, UNKNOWN_VERBS)] : verb->name,
                     arguments);
    }
    lc_check_alive(c, actor);
}

const struct lc_case_def lc_invalid_cases[] = {
    {"ADAPTER/invalid", "refuses 200 invalid requests", "", LC_FIRST_PROVIDER, invalid_requests, 60, false},
    {0},
};
