/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the cases that use LLMP channels share: how channels are made, checked, and accounted for. */
#ifndef LLMP_BENCH_CHANNEL_H
#define LLMP_BENCH_CHANNEL_H

#include "cases/benchmark.h"
#include "kit/payload.h"
#include "kit/sync.h"
#include "llmp/llmp.h"

/* Tags say which part of a row a message belongs to. */
enum row_tag { TAG_WARM = 100, TAG_TIMED = 101, TAG_LAST = 102 };

/* No single wait of a row is longer than this, so that a row notices when it shall stop or its peer died. */
#define ROW_WAIT LLMP_MILLISECONDS(250)
/* Such waits in a row before it gives up. */
enum { ROW_PATIENCE = 20 };

/* What the two sides of a row share. */
struct row_link {
    struct shared_word ready; /* B: its end of the channel is open */
    struct shared_word over;  /* B: its report stands in `report`, or it failed */
    struct outcome report;    /* B's part; written before `over` */
    bool finished;            /* A: row_finish() has been here */
};

/*
 * The options of a row's sender: the defaults. Maps that only a family can open (memfd) have to exist before the fork, so
 * there all pages are made at once, as large as any could become (EOP-4).
 */
llmp_sender_options row_sender_options(const struct benchmark *benchmark);

/* Whether maps of this row's provider can only be opened by processes that inherit them. */
bool row_needs_inheritance(const struct benchmark *benchmark);

/* The long ways of what follows: tell what is wrong, or wait on with patience. */
bool row_check_failed(const struct payload *payload, const llmp_message *message, uint64_t number, struct outcome *out);
int row_send_again(llmp_sender *sender, uint32_t tag, const struct payload *payload, int rc, struct outcome *out);
int row_receive_again(llmp_receiver *receiver, llmp_message *message, void *copy, size_t capacity, int rc,
                      struct outcome *out);

/* Checks length, order and content of a message. Fills `out->why` with "corrupt: …" and returns false. */
static inline bool row_check(const struct payload *payload, const llmp_message *message, uint64_t number,
                             struct outcome *out) {
    if (message->length == payload->bytes && payload_is(payload, message->payload, payload->bytes, number)) {
        return true;
    }
    return row_check_failed(payload, message, number, out);
}

/* Sends; waits for room with patience. Returns 0 or the error, which `out->why` then tells. */
static inline int row_send(llmp_sender *sender, uint32_t tag, const struct payload *payload, struct outcome *out) {
    int rc = llmp_send(sender, tag, 0, payload->words, payload->bytes, ROW_WAIT);
    return rc == 0 ? 0 : row_send_again(sender, tag, payload, rc, out);
}

/* Waits for the next message with patience, as a view. Returns 0 or the error, told in `out->why`. */
static inline int row_receive(llmp_receiver *receiver, llmp_message *message, struct outcome *out) {
    int rc = llmp_recv(receiver, message, ROW_WAIT);
    return rc == 0 ? 0 : row_receive_again(receiver, message, NULL, 0, rc, out);
}

/* The same, copied out. */
static inline int row_receive_copy(llmp_receiver *receiver, llmp_message *message, void *copy, size_t capacity,
                                   struct outcome *out) {
    int rc = llmp_recv_copy(receiver, message, copy, capacity, ROW_WAIT);
    return rc == 0 ? 0 : row_receive_again(receiver, message, copy, capacity, rc, out);
}

/* Waits until the peer has opened its end or failed. Returns false when it failed; why is taken from its report. */
bool row_await_ready(struct row_link *link, int peer, struct outcome *out);

/* Waits for the peer's report and its end; merges report and exit status into `out`. The second call does nothing. */
void row_finish(struct row_link *link, int peer, struct outcome *out);

/* Adds a sender's or receiver's own account to the outcome. */
void row_note_sender(const llmp_sender *sender, struct outcome *out);
void row_note_receiver(const llmp_receiver *receiver, struct outcome *out);

/* The cases. Each is a row_fn. */
void stream_measure(const struct benchmark *benchmark, struct outcome *out);
void stream_batch_measure(const struct benchmark *benchmark, struct outcome *out); /* the sender publishes in batches */
void stream_noadapt_measure(const struct benchmark *benchmark, struct outcome *out); /* the receiver never coalesces */
void pingpong_measure(const struct benchmark *benchmark, struct outcome *out);
void broker_latency_measure(const struct benchmark *benchmark, struct outcome *out);
void broker_stream_measure(const struct benchmark *benchmark, struct outcome *out);
void map_measure(const struct benchmark *benchmark, struct outcome *out);
void start_measure(const struct benchmark *benchmark, struct outcome *out);

#endif
