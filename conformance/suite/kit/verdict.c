/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The verdicts that a case can ask for, and those that an adapter's end means. */
#include "suite/kit/case_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES = 1024 };

void lc_fail(struct lc_case *c, const char *expected, const char *seen, ...) {
    char words[TEXT_BYTES];
    va_list arguments;
    va_start(arguments, seen);
    vsnprintf(words, sizeof words, seen, arguments);
    va_end(arguments);
    lc_finish(c, &(struct lc_verdict){"fail", "wrong", expected, words, NULL});
}

static char *shown(const struct lc_map *map, uint64_t offset) {
    char *page = NULL;
    size_t length = 0;
    FILE *out = map && map->base ? open_memstream(&page, &length) : NULL;
    if (out) {
        lc_page_show(out, map, offset);
        fclose(out);
    }
    return page;
}

void lc_fail_page(struct lc_case *c, const struct lc_finding *finding, const struct lc_map *map) {
    char *page = shown(map, finding->offset);
    char expected[TEXT_BYTES];
    snprintf(expected, sizeof expected, "%s%s%s%s", finding->expected, finding->requirement ? " (" : "",
             finding->requirement ? finding->requirement : "", finding->requirement ? ")" : "");
    lc_finish(c, &(struct lc_verdict){"fail", "wrong", expected, finding->seen, page});
}

void lc_skip(struct lc_case *c, const char *needs, ...) {
    char words[TEXT_BYTES];
    va_list arguments;
    va_start(arguments, needs);
    vsnprintf(words, sizeof words, needs, arguments);
    va_end(arguments);
    lc_finish(c, &(struct lc_verdict){.verdict = "skip", .seen = words});
}

void lc_error(struct lc_case *c, const char *what, ...) {
    char words[TEXT_BYTES];
    va_list arguments;
    va_start(arguments, what);
    vsnprintf(words, sizeof words, what, arguments);
    va_end(arguments);
    lc_finish(c, &(struct lc_verdict){.verdict = "trouble", .kind = "trouble", .seen = words});
}

void lc_check_u64(struct lc_case *c, const char *what, uint64_t expected, uint64_t seen) {
    if (expected != seen) {
        const char *wanted = lc_format(c, "%s %llu", what, (unsigned long long)expected);
        lc_fail(c, wanted, "%llu (0x%llx)", (unsigned long long)seen, (unsigned long long)seen);
    }
}

void lc_note(struct lc_case *c, const char *what, ...) {
    unsigned at = atomic_load(&c->shared->notes_used);
    va_list arguments;
    va_start(arguments, what);
    vsnprintf(c->shared->notes[at % LC_NOTES], LC_NOTE_BYTES, what, arguments);
    va_end(arguments);
    atomic_store(&c->shared->notes_used, at + 1);
}

/* ---------------------------------------------------------------- what an adapter's end means */

static _Noreturn void unsupported(struct lc_case *c, struct lc_actor *actor, const json_t *reply) {
    const char *words = json_string_value(json_object_get(reply, "error"));
    lc_skip(c, "unsupported by %s%s%s", lc_impl_name(actor->impl), words ? ": " : "", words ? words : "");
}

void lc_finish_with_outcome(struct lc_case *c, struct lc_actor *actor, enum lc_outcome outcome, const json_t *reply) {
    static const char *const kinds[] = {[LC_OK] = "wrong",      [LC_REFUSED] = "refused", [LC_UNSUPPORTED] = "wrong",
                                        [LC_CRASHED] = "crash", [LC_HUNG] = "hang",       [LC_BROKEN] = "broken"};
    static const char *const wanted[] = {
        [LC_OK] = "a refusal",           [LC_REFUSED] = "that it works",
        [LC_UNSUPPORTED] = "",           [LC_CRASHED] = "a process that goes on",
        [LC_HUNG] = "an answer in time", [LC_BROKEN] = "an answer as ADAPTER.md has it"};
    if (outcome == LC_UNSUPPORTED) {
        unsupported(c, actor, reply);
    }
    const char *error = json_string_value(json_object_get(reply, "error"));
    const char *seen = outcome == LC_REFUSED ? (error ? error : "refused, without a word")
                       : outcome == LC_HUNG  ? "no answer; the process was killed"
                       : outcome == LC_OK    ? "ok"
                       : outcome == LC_BROKEN
                           ? lc_adapter_error(actor->adapter)
                           : lc_format(c, "the %s %s", actor->role, lc_adapter_exit_text(actor->adapter));
    lc_finish(c, &(struct lc_verdict){"fail", kinds[outcome], wanted[outcome], seen, NULL});
}
