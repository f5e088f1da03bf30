/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Requests without sense, the same ones in every run: each is answered with refused or unsupported, and never with ok. */
#include "suite/kit/case_internal.h"
#include "suite/runner/probe.h"

#include <stdlib.h>
#include <string.h>

enum { REQUESTS = 200 };

/* Arguments: each name behind the letter of its type (s: string, n: number, d: description, l: list, o: object). */
struct verb {
    const char *name;
    const char *arguments;
    bool opens; /* makes sense in a process that has not opened anything yet */
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

static const char *const no_verbs[] = {"",      "sender", "sender.fly",   "SENDER.OPEN", "sender.open ",
                                       ".open", "open",   "\xE2\x98\xBA", "receiver.",   "map.create.map"};
enum { NO_VERBS = sizeof no_verbs / sizeof no_verbs[0] };

static unsigned next(uint64_t *state, unsigned below) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(*state >> 33) % below;
}

/* ---------------------------------------------------------------- arguments */

static json_t *sensible(struct lc_case *c, char type) {
    switch (type) {
    case 's': return json_string(lc_provider_name(c));
    case 'd': return json_pack("{s:i, s:s}", "size", 4096, "id", "1");
    default: return json_integer(10);
    }
}

static json_t *senseless(uint64_t *state, char type) {
    switch (next(state, 6)) {
    case 0: return json_null();
    case 1: return json_true();
    case 2: return json_pack("[i, i]", 1, 2);
    case 3: return type == 'd' ? json_integer(7) : json_pack("{s:i}", "seven", 7);
    case 4: return type == 's' ? json_integer(7) : json_string("seven");
    default: return json_real(0.5);
    }
}

enum mistake { NO_SUCH_VERB, NO_SUCH_ARGUMENT, MISSING, WRONG_TYPE, TOO_EARLY, MISTAKES };

/* One argument of the list is the victim of the mistake. */
static json_t *arguments_of(struct lc_case *c, uint64_t *state, const struct verb *verb, enum mistake mistake) {
    char *copy = lc_format(c, "%s", verb->arguments), *rest = copy;
    json_t *arguments = json_object();
    unsigned count = 1;
    for (const char *at = verb->arguments; *at; at++) {
        count += *at == ' ';
    }
    unsigned victim = next(state, count);
    for (unsigned i = 0; i < count && *copy; i++) {
        char *word = strsep(&rest, " ");
        if (i != victim || (mistake != MISSING && mistake != WRONG_TYPE)) {
            json_object_set_new(arguments, word + 1, sensible(c, word[0]));
        } else if (mistake == WRONG_TYPE) {
            json_object_set_new(arguments, word + 1, senseless(state, word[0]));
        }
    }
    if (mistake == NO_SUCH_ARGUMENT) {
        json_object_set_new(arguments, "colour", json_string("green"));
    }
    return arguments;
}

/* A mistake that makes nothing of this verb's request: what opens is senseless only with a wrong argument. */
static enum mistake choose(uint64_t *state, const struct verb *verb) {
    enum mistake mistake = (enum mistake)next(state, MISTAKES);
    bool nothing_to_spoil = !verb->arguments[0] && (mistake == MISSING || mistake == WRONG_TYPE);
    return (verb->opens && mistake == TOO_EARLY) || nothing_to_spoil ? NO_SUCH_ARGUMENT : mistake;
}

/* ---------------------------------------------------------------- asking */

static void want_no(struct lc_case *c, struct lc_actor *actor, const char *verb, json_t *arguments) {
    const json_t *reply;
    char *words = json_dumps(arguments, JSON_COMPACT);
    const char *shown = lc_format(c, "%s %.300s", verb, words);
    free(words);
    enum lc_outcome outcome = lc_call_any_outcome(c, actor, &reply, verb, "o", arguments);
    if (outcome == LC_BROKEN) {
        lc_finish_with_outcome(c, actor, outcome, reply);
    }
    if (outcome == LC_OK) {
        lc_fail_adapter(c, "refused or unsupported", "ok, to %s", shown);
    }
    if (outcome != LC_REFUSED && outcome != LC_UNSUPPORTED) {
        lc_fail_adapter(c, "refused or unsupported", "%s, after %s", outcome == LC_HUNG ? "no answer" : "its end",
                        shown);
    }
}

static void nonsense(struct lc_case *c) {
    uint64_t state = 20;
    struct lc_actor *actor = lc_spawn_without_role(c);
    for (int i = 0; i < REQUESTS; i++) {
        const struct verb *verb = &verbs[next(&state, VERBS)];
        enum mistake mistake = choose(&state, verb);
        json_t *arguments = arguments_of(c, &state, verb, mistake);
        want_no(c, actor, mistake == NO_SUCH_VERB ? no_verbs[next(&state, NO_VERBS)] : verb->name, arguments);
    }
    lc_check_alive(c, actor);
}

const struct lc_case_def lc_nonsense_cases[] = {
    {"ADAPTER/nonsense", "answers 200 requests without sense", "", LC_FIRST_PROVIDER, nonsense, 60, false},
    {0},
};
