/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/kit/case_internal.h"

#include <stdio.h>

/* ---------------------------------------------------------------- verdicts of the case */

void lc_fail(struct lc_case *c, const char *expected, const char *seen, ...) {
    va_list values;
    va_start(values, seen);
    const char *text = lc_vformat(c, seen, values);
    va_end(values);
    lc_finish(c, &(struct lc_verdict){"fail", "wrong", expected, text, NULL});
}

static char *dump(const struct lc_map *map, uint64_t offset) {
    char *text = NULL;
    size_t length = 0;
    FILE *out = map != NULL && map->base != NULL ? open_memstream(&text, &length) : NULL;
    if (out != NULL) {
        lc_page_show(out, map, offset);
        (void)fclose(out);
    }
    return text;
}

void lc_fail_page(struct lc_case *c, const struct lc_finding *finding, const struct lc_map *map) {
    char *page = dump(map, finding->offset);
    const char *expected = finding->requirement != NULL
                               ? lc_format(c, "%s (%s)", finding->expected, finding->requirement)
                               : finding->expected;
    lc_finish(c, &(struct lc_verdict){"fail", "wrong", expected, finding->seen, page});
}

void lc_fail_adapter(struct lc_case *c, const char *expected, const char *seen, ...) {
    va_list values;
    va_start(values, seen);
    const char *text = lc_vformat(c, seen, values);
    va_end(values);
    lc_finish(c, &(struct lc_verdict){"fail", "broken", expected, text, NULL});
}

void lc_skip(struct lc_case *c, const char *needs, ...) {
    va_list values;
    va_start(values, needs);
    const char *text = lc_vformat(c, needs, values);
    va_end(values);
    lc_finish(c, &(struct lc_verdict){.verdict = "skip", .seen = lc_format(c, "needs %s", text)});
}

void lc_error(struct lc_case *c, const char *what, ...) {
    va_list values;
    va_start(values, what);
    const char *text = lc_vformat(c, what, values);
    va_end(values);
    lc_finish(c, &(struct lc_verdict){.verdict = "error", .kind = "error", .seen = text});
}

void lc_check_u64(struct lc_case *c, const char *what, uint64_t expected, uint64_t seen) {
    if (expected != seen) {
        const char *text = lc_format(c, "%s %llu", what, (unsigned long long)expected);
        lc_fail(c, text, "%llu (0x%llx)", (unsigned long long)seen, (unsigned long long)seen);
    }
}

void lc_check_payload(struct lc_case *c, const char *what, uint64_t length, uint64_t seed, const void *bytes) {
    lc_check_u64(c, what, lc_payload_digest((size_t)length, seed), lc_crc(0, bytes, (size_t)length));
}

/* ---------------------------------------------------------------- verdicts of outcomes */

static _Noreturn void skip_unsupported(struct lc_case *c, struct lc_actor *actor, const char *error) {
    const char *seen = lc_format(c, "not supported by %s%s%s", lc_impl_name(actor->impl), error != NULL ? ": " : "",
                                 error != NULL ? error : "");
    lc_finish(c, &(struct lc_verdict){.verdict = "skip", .seen = seen});
}

void lc_finish_with_outcome(struct lc_case *c, struct lc_actor *actor, enum lc_outcome outcome, const json_t *reply) {
    const char *error = json_string_value(json_object_get(reply, "error"));
    struct lc_verdict verdict = {.verdict = "fail"};
    switch (outcome) {
    case LC_UNSUPPORTED: skip_unsupported(c, actor, error);
    case LC_REFUSED:
        verdict.kind = "refused";
        verdict.expected = "ok";
        verdict.seen = error != NULL ? lc_format(c, "refused: %s", error) : "refused";
        break;
    case LC_CRASHED:
        verdict.kind = "crash";
        verdict.expected = lc_format(c, "the %s continues to run", actor->role);
        verdict.seen = lc_format(c, "it %s", lc_adapter_exit_text(actor->adapter));
        break;
    case LC_HUNG:
        verdict.kind = "hang";
        verdict.expected = lc_format(c, "a reply of the %s in time", actor->role);
        verdict.seen = "no reply; the process was killed";
        break;
    case LC_BROKEN:
        verdict.kind = "broken";
        verdict.expected = "a reply as ADAPTER.md describes it";
        verdict.seen = lc_adapter_error(actor->adapter);
        break;
    default:
        verdict.kind = "wrong";
        verdict.expected = "refused";
        verdict.seen = "ok";
    }
    lc_finish(c, &verdict);
}

void lc_check_actors(struct lc_case *c) {
    for (struct lc_actor *actor = c->actors; actor != NULL; actor = actor->next) {
        if (!actor->expected_to_end && !actor->stopped && !lc_adapter_alive(actor->adapter)) {
            lc_finish_with_outcome(c, actor, LC_CRASHED, NULL);
        }
    }
}
