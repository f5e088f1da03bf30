/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* sender.send and client.send. */
#include <stdlib.h>
#include <time.h>

#include "messages.h"
#include "values.h"

/* Above this a payload is made in the channel's own page; the library checks the length before there is any memory. */
#define COPY_MAX ((size_t)16 << 20)

struct batch {
    uint32_t tag;
    uint32_t flags;
    size_t length;
    uint64_t seed;
    uint64_t count;
    int64_t timeout_ns;
    void *copy; /* room for a payload up to COPY_MAX; null for larger ones */
};

static int64_t now_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return LLMP_SECONDS(now.tv_sec) + now.tv_nsec;
}

/* The time limit is that of all messages together. Once it is used up the rest is tried without waiting. */
static int64_t time_left(int64_t started, int64_t timeout_ns) {
    int64_t passed = now_ns() - started;
    return passed < timeout_ns ? timeout_ns - passed : LLMP_NOWAIT;
}

static int send_in_place(llmp_sender *channel, const struct batch *batch, uint64_t seed, int64_t timeout_ns) {
    void *payload;
    int code = llmp_sender_alloc(channel, batch->length, timeout_ns, &payload);
    if (code != 0) {
        return code;
    }
    value_payload(seed, payload, batch->length);
    code = llmp_sender_commit(channel, batch->tag, batch->flags);
    if (code != 0) {
        (void)llmp_sender_cancel(channel);
    }
    return code;
}

static int send_one(const struct outlet *outlet, const struct batch *batch, uint64_t seed, int64_t timeout_ns) {
    if (batch->copy == NULL) {
        return send_in_place(outlet->channel, batch, seed, timeout_ns);
    }
    value_payload(seed, batch->copy, batch->length);
    return outlet->send(outlet->self, batch->tag, batch->flags, batch->copy, batch->length, timeout_ns);
}

static int send_all(const struct outlet *outlet, const struct batch *batch, uint64_t *sent) {
    int64_t started = now_ns();
    int code = 0;
    for (*sent = 0; *sent < batch->count; (*sent)++) {
        code = send_one(outlet, batch, batch->seed + *sent, time_left(started, batch->timeout_ns));
        if (code != 0) {
            break;
        }
    }
    return code;
}

static bool read_batch(struct call *call, struct batch *batch) {
    *batch = (struct batch){.count = 1};
    return call_u32(call, "tag", &batch->tag) && call_size(call, "length", &batch->length) &&
           call_number(call, "seed", UINT64_MAX, &batch->seed) && call_u32_if_given(call, "flags", &batch->flags) &&
           call_number_if_given(call, "count", UINT64_MAX, &batch->count) && call_timeout(call, &batch->timeout_ns);
}

void messages_send(struct call *call, const struct outlet *outlet) {
    struct batch batch;
    uint64_t sent;
    if (!read_batch(call, &batch)) {
        return;
    }
    if (batch.length <= COPY_MAX) {
        batch.copy = malloc(batch.length + 1);
    }
    int code = send_all(outlet, &batch, &sent);
    free(batch.copy);
    call_put_number(call, "sent", sent);
    call_settle(call, code);
}
