/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The verbs sender.send and client.send. */
#include <stdlib.h>
#include <time.h>

#include "messages.h"
#include "values.h"

/* A larger payload is allocated in the page, so that the library checks the length before any memory is used. */
#define COPY_MAX ((size_t)16 << 20)

struct batch {
    uint32_t tag;
    uint32_t flags;
    size_t length;
    uint64_t seed;
    uint64_t count;
    int64_t timeout_ns;
    void *copy; /* a buffer for the payload; null if it is larger than COPY_MAX */
};

static int64_t now_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return LLMP_SECONDS(now.tv_sec) + now.tv_nsec;
}

/* The timeout is that of all messages together; after it, the remaining messages are tried without waiting. */
static int64_t remaining(int64_t started, int64_t timeout_ns) {
    int64_t elapsed = now_ns() - started;
    return elapsed < timeout_ns ? timeout_ns - elapsed : LLMP_NOWAIT;
}

static int send_in_place(llmp_sender *channel, const struct batch *batch, uint64_t seed, int64_t timeout_ns) {
    void *payload;
    int rc = llmp_sender_alloc(channel, batch->length, timeout_ns, &payload);
    if (rc != 0) {
        return rc;
    }
    value_fill_payload(seed, payload, batch->length);
    rc = llmp_sender_commit(channel, batch->tag, batch->flags);
    if (rc != 0) {
        (void)llmp_sender_cancel(channel);
    }
    return rc;
}

static int send_one(const struct message_sink *sink, const struct batch *batch, uint64_t seed, int64_t timeout_ns) {
    if (batch->copy == NULL) {
        return send_in_place(sink->channel, batch, seed, timeout_ns);
    }
    value_fill_payload(seed, batch->copy, batch->length);
    return sink->send(sink->self, batch->tag, batch->flags, batch->copy, batch->length, timeout_ns);
}

static int send_all(const struct message_sink *sink, const struct batch *batch, uint64_t *sent) {
    int64_t started = now_ns();
    int rc = 0;
    for (*sent = 0; *sent < batch->count; (*sent)++) {
        rc = send_one(sink, batch, batch->seed + *sent, remaining(started, batch->timeout_ns));
        if (rc != 0) {
            break;
        }
    }
    return rc;
}

static bool read_batch(struct call *call, struct batch *batch) {
    *batch = (struct batch){.count = 1};
    return call_u32(call, "tag", &batch->tag) && call_size(call, "length", &batch->length) &&
           call_number(call, "seed", UINT64_MAX, &batch->seed) && call_u32_if_given(call, "flags", &batch->flags) &&
           call_number_if_given(call, "count", UINT64_MAX, &batch->count) && call_timeout(call, &batch->timeout_ns);
}

void messages_send(struct call *call, const struct message_sink *sink) {
    struct batch batch;
    uint64_t sent;
    if (!read_batch(call, &batch)) {
        return;
    }
    if (batch.length <= COPY_MAX) {
        batch.copy = malloc(batch.length + 1);
    }
    int rc = send_all(sink, &batch, &sent);
    free(batch.copy);
    call_put_number(call, "sent", sent);
    call_finish(call, rc);
}
