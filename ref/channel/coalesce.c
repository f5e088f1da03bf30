/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "channel/coalesce.h"

#include "os/os.h"

#define DELAY_FIRST 1000
#define DELAY_MIN 500
#define DELAY_MAX 20000
/* Polls in a row that must find several messages before they count as a stream and not as a burst. */
#define STREAM_POLLS 8u
/* A poll that finds this much gains nothing from a longer delay. */
#define ENOUGH_MESSAGES 512u
#define ENOUGH_BYTES ((size_t)256 << 10)
/* A poll that finds less than this was not worth its delay. */
#define WORTH_MESSAGES 8u
#define WORTH_BYTES ((size_t)64 << 10)

void llmp_coalesce_init(struct llmp_coalesce *coalesce, uint32_t messages, uint32_t microseconds) {
    *coalesce = (struct llmp_coalesce){
        .adapts = messages == 0 && microseconds == 0,
        .min = messages > 1 ? messages : 1,
        .max_ns = (int64_t)microseconds * 1000,
    };
    /* Eight polls within max_ns detect a full batch early enough, and in between the sender keeps the cache line. */
    coalesce->delay = messages > 1 ? coalesce->max_ns / 8 : coalesce->max_ns;
}

bool llmp_coalesce_due(const struct llmp_coalesce *coalesce) {
    return coalesce->delay == 0 || llmp_os_now() >= coalesce->next_poll;
}

static void adapt_when_quiet(struct llmp_coalesce *coalesce, uint64_t unread) {
    coalesce->streak = unread > 1 ? coalesce->streak + 1 : unread == 1 ? 0 : coalesce->streak;
    if (coalesce->streak >= STREAM_POLLS) {
        coalesce->streak = 0;
        coalesce->delay = DELAY_FIRST;
    }
}

static void adapt_when_busy(struct llmp_coalesce *coalesce, uint64_t unread, size_t bytes) {
    if (unread < WORTH_MESSAGES && bytes < WORTH_BYTES) {
        coalesce->delay = coalesce->delay / 2 < DELAY_MIN ? 0 : coalesce->delay / 2;
    } else if (unread < ENOUGH_MESSAGES && bytes < ENOUGH_BYTES) {
        coalesce->delay = 2 * coalesce->delay < DELAY_MAX ? 2 * coalesce->delay : DELAY_MAX;
    }
}

static bool take_fixed(struct llmp_coalesce *coalesce, uint64_t unread, int64_t now) {
    coalesce->next_poll = now + coalesce->delay;
    if (unread < coalesce->min && now - coalesce->since < coalesce->max_ns) {
        return false;
    }
    coalesce->since = now;
    return true;
}

bool llmp_coalesce_take(struct llmp_coalesce *coalesce, uint64_t unread, size_t bytes) {
    if (!coalesce->adapts) {
        return coalesce->delay == 0 || take_fixed(coalesce, unread, llmp_os_now());
    }
    if (coalesce->delay == 0) {
        adapt_when_quiet(coalesce, unread);
    } else {
        adapt_when_busy(coalesce, unread, bytes);
    }
    if (coalesce->delay != 0) {
        coalesce->next_poll = llmp_os_now() + coalesce->delay;
    }
    return true;
}
