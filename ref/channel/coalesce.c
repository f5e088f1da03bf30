/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "channel/coalesce.h"

#include "os/os.h"

#define DELAY_FIRST 1000
#define DELAY_MIN 500
#define DELAY_MAX 20000
/* So many looks in a row that found several messages mean a stream, not a burst. */
#define STREAK 8u
/* What a look should find: more gains nothing. */
#define ENOUGH_MESSAGES 512u
#define ENOUGH_BYTES ((size_t)256 << 10)
/* What a look that was worth its delay finds at least. */
#define WORTH_MESSAGES 8u
#define WORTH_BYTES ((size_t)64 << 10)

void llmp_coalesce_init(struct llmp_coalesce *coalesce, uint32_t messages, uint32_t microseconds) {
    *coalesce = (struct llmp_coalesce){
        .adapts = messages == 0 && microseconds == 0,
        .min = messages > 1 ? messages : 1,
        .max_ns = (int64_t)microseconds * 1000,
    };
    /* Eight looks in the time allowed notice a full batch soon enough, and leave the line with the sender in between. */
    coalesce->delay = messages > 1 ? coalesce->max_ns / 8 : coalesce->max_ns;
}

bool llmp_coalesce_due(const struct llmp_coalesce *coalesce) {
    return coalesce->delay == 0 || llmp_os_now() >= coalesce->next_look;
}

static void adapt_when_quiet(struct llmp_coalesce *coalesce, uint64_t fresh) {
    coalesce->streak = fresh > 1 ? coalesce->streak + 1 : fresh == 1 ? 0 : coalesce->streak;
    if (coalesce->streak >= STREAK) {
        coalesce->streak = 0;
        coalesce->delay = DELAY_FIRST;
    }
}

static void adapt_when_busy(struct llmp_coalesce *coalesce, uint64_t fresh, size_t bytes) {
    if (fresh < WORTH_MESSAGES && bytes < WORTH_BYTES) {
        coalesce->delay = coalesce->delay / 2 < DELAY_MIN ? 0 : coalesce->delay / 2;
    } else if (fresh < ENOUGH_MESSAGES && bytes < ENOUGH_BYTES) {
        coalesce->delay = 2 * coalesce->delay < DELAY_MAX ? 2 * coalesce->delay : DELAY_MAX;
    }
}

static bool take_fixed(struct llmp_coalesce *coalesce, uint64_t fresh, int64_t now) {
    coalesce->next_look = now + coalesce->delay;
    if (fresh < coalesce->min && now - coalesce->since < coalesce->max_ns) {
        return false;
    }
    coalesce->since = now;
    return true;
}

bool llmp_coalesce_take(struct llmp_coalesce *coalesce, uint64_t fresh, size_t bytes) {
    if (!coalesce->adapts) {
        return coalesce->delay == 0 || take_fixed(coalesce, fresh, llmp_os_now());
    }
    if (coalesce->delay == 0) {
        adapt_when_quiet(coalesce, fresh);
    } else {
        adapt_when_busy(coalesce, fresh, bytes);
    }
    if (coalesce->delay != 0) {
        coalesce->next_look = llmp_os_now() + coalesce->delay;
    }
    return true;
}
