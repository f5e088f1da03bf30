/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The loops over messages of the cases stream, pingpong and start, and of send_recv in `llmp-bench micro`.
 *
 * They are inline functions that take the functions of an implementation as constants (struct transfer):
 *
 *     static int pipe_send(struct sender *sender, uint32_t tag, const struct payload *payload) { … }
 *     static const struct transfer pipe_transfer = {pipe_send, pipe_receive, pipe_receive_copy, pipe_error_name};
 *     DEFINE_CHANNEL_LOOPS(pipe_loops, pipe_transfer)
 *
 * defines `static const struct channel_loops pipe_loops`, in which the compiler has resolved and inlined these
 * functions.
 */
#ifndef LLMP_BENCH_CHANNEL_LOOPS_H
#define LLMP_BENCH_CHANNEL_LOOPS_H

#include "kit/clock.h"
#include "kit/inline.h"
#include "kit/pair.h"
#include "subjects/subject.h"

/*
 * Upper bound of a single wait of send, receive and receive_copy, in nanoseconds. After it they return -ETIMEDOUT, so
 * that the loop notices if its peer has died or the run was interrupted. The loop retries TRANSFER_RETRIES times.
 */
#define TRANSFER_WAIT_NS ((int64_t)250000000)
enum { TRANSFER_RETRIES = 20 };

/* The functions of an implementation that the loops call for each message. They return 0 or an error code. */
struct transfer {
    /* Sends one message with the whole payload. */
    int (*send)(struct sender *sender, uint32_t tag, const struct payload *payload);
    /* Receives the next message as a view, if the implementation can; otherwise as a copy in a buffer of its own. */
    int (*receive)(struct receiver *receiver, struct message *message);
    /* Receives the next message and copies its payload to `copy`; message->payload points there. */
    int (*receive_copy)(struct receiver *receiver, struct message *message, void *copy, size_t capacity);
    const char *(*error_name)(int rc);
};

/* The rare continuations of the functions below: retry after a timeout, or write the error. Return true on success. */
bool transfer_send_again(const struct transfer *transfer, struct sender *sender, uint32_t tag,
                         const struct payload *payload, int rc, struct outcome *out);
bool transfer_receive_again(const struct transfer *transfer, struct receiver *receiver, struct message *message,
                            void *copy, size_t capacity, int rc, struct outcome *out);

/* Writes "corrupt: …" and returns false. Takes a copy, so that the loop can keep its message in registers. */
bool message_corrupt(struct message message, const struct payload *payload, uint64_t number, struct outcome *out);

/* Returns true if a message has the length, order and content of message number `number`. */
ALWAYS_INLINE bool message_check(const struct message *message, const struct payload *payload, uint64_t number,
                                 struct outcome *out) {
    if (message->length == payload->bytes && payload_is(payload, message->payload, payload->bytes, number)) {
        return true;
    }
    return message_corrupt(*message, payload, number, out);
}

ALWAYS_INLINE bool transfer_send(const struct transfer *transfer, struct sender *sender, uint32_t tag,
                                 const struct payload *payload, struct outcome *out) {
    int rc = transfer->send(sender, tag, payload);
    return rc == 0 || transfer_send_again(transfer, sender, tag, payload, rc, out);
}

ALWAYS_INLINE bool transfer_receive(const struct transfer *transfer, struct receiver *receiver, struct message *message,
                                    struct outcome *out) {
    int rc = transfer->receive(receiver, message);
    if (rc == 0) {
        return true;
    }
    struct message again = {0}; /* not `message`, which the loop can keep in registers then */
    bool received = transfer_receive_again(transfer, receiver, &again, NULL, 0, rc, out);
    *message = again;
    return received;
}

ALWAYS_INLINE bool transfer_receive_copy(const struct transfer *transfer, struct receiver *receiver,
                                         struct message *message, void *copy, size_t capacity, struct outcome *out) {
    int rc = transfer->receive_copy(receiver, message, copy, capacity);
    if (rc == 0) {
        return true;
    }
    struct message again = {0};
    bool received = transfer_receive_again(transfer, receiver, &again, copy, capacity, rc, out);
    *message = again;
    return received;
}

/* Sends message number `number`. */
ALWAYS_INLINE bool send_one_loop(const struct transfer *transfer, struct sender *sender, uint32_t tag,
                                 struct payload *payload, uint64_t number, struct outcome *out) {
    payload_stamp(payload, number);
    return transfer_send(transfer, sender, tag, payload, out);
}

/* Receives and checks message number `number`. */
ALWAYS_INLINE bool receive_one_loop(const struct transfer *transfer, struct receiver *receiver,
                                    const struct payload *payload, uint64_t number, struct outcome *out) {
    struct message message;
    return transfer_receive(transfer, receiver, &message, out) && message_check(&message, payload, number, out);
}

/* ------------------------------------------------------------------ stream */

/* The input of the sending side of a stream. */
struct stream_source {
    struct payload *payload;
    struct shared_word *receiver_over; /* nonzero once the receiving side has ended */
    uint64_t flip_at;                  /* settings.flip_at */
};

/* The clock of the receiving side: from its first message that is not PHASE_WARM_UP to the last one. */
struct stream_timing {
    uint64_t start_ns;
    uint64_t messages; /* timed ones, once the loop has returned */
    struct usage usage;
};

/* Flips one bit of message `flip_at`, and flips it back for the next message: tests that receivers notice. */
void stream_flip_bit(struct payload *payload, uint64_t number, uint64_t flip_at);

/*
 * Sends messages from `number` on for `duration_ns`, and checks the clock every 32 KiB. Returns the number of the next
 * message, or 0 on failure, if the receiver has ended, or if the run was interrupted.
 */
ALWAYS_INLINE uint64_t stream_send_loop(const struct transfer *transfer, struct sender *sender,
                                        struct stream_source *source, uint32_t tag, uint64_t number,
                                        uint64_t duration_ns, struct outcome *out) {
    struct payload *payload = source->payload;
    const uint64_t stretch = payload->bytes < 32768 ? 32768 / payload->bytes : 1;
    const uint64_t until = clock_now() + duration_ns;
    while (clock_now() < until) {
        if (word_observe(source->receiver_over) != 0 || pair_stopping()) { /* pairs with word_publish(over) of side B */
            return 0;
        }
        for (uint64_t stop = number + stretch; number < stop; number++) {
            payload_stamp(payload, number);
            if (source->flip_at != 0) {
                stream_flip_bit(payload, number, source->flip_at);
            }
            if (!transfer_send(transfer, sender, tag, payload, out)) {
                return 0;
            }
        }
    }
    return number;
}

/* Receives and checks messages until PHASE_LAST. Returns false on failure. */
ALWAYS_INLINE bool stream_receive_loop(const struct transfer *transfer, struct receiver *receiver,
                                       const struct payload *payload, struct stream_timing *timing,
                                       struct outcome *out) {
    struct message message;
    for (uint64_t number = 1;; number++) {
        if (!transfer_receive(transfer, receiver, &message, out) || !message_check(&message, payload, number, out)) {
            return false;
        }
        if (message.tag != PHASE_WARM_UP && timing->start_ns == 0) {
            usage_read(&timing->usage);
            timing->start_ns = clock_now();
            timing->messages = number;
        }
        if (message.tag == PHASE_LAST) {
            timing->messages = number - timing->messages;
            return true;
        }
    }
}

/* ------------------------------------------------------------------ pingpong */

/* The ends that one side of a ping-pong uses: the sending end of one channel and the receiving end of the other. */
struct pingpong_ends {
    struct sender *sender;
    struct receiver *receiver;
    struct payload *payload;
    void *copy; /* payloads are copied to here */
};

ALWAYS_INLINE bool pingpong_receive(const struct transfer *transfer, struct pingpong_ends *ends,
                                    struct message *message, uint64_t number, struct outcome *out) {
    return transfer_receive_copy(transfer, ends->receiver, message, ends->copy, ends->payload->bytes, out) &&
           message_check(message, ends->payload, number, out);
}

/*
 * Side A: makes round trips from message `number` on until the clock reaches `until` or the samples are full. The clock
 * is read once per round trip, so that each interval contains the cost of exactly one reading. Returns the number of
 * the next message, or 0 on failure.
 */
ALWAYS_INLINE uint64_t ask_loop(const struct transfer *transfer, struct pingpong_ends *ends, uint32_t tag,
                                uint64_t number, uint64_t until, struct samples *samples, struct outcome *out) {
    struct message message;
    uint64_t before = clock_now();
    while (before < until && !samples_full(samples) && !pair_stopping()) {
        payload_stamp(ends->payload, number);
        if (!transfer_send(transfer, ends->sender, tag, ends->payload, out) ||
            !pingpong_receive(transfer, ends, &message, number, out)) {
            return 0;
        }
        uint64_t now = clock_now();
        samples_add(samples, now - before);
        before = now;
        number++;
    }
    return number;
}

/* Side B: answers every message with one of the same number and tag, until PHASE_LAST. Returns false on failure. */
ALWAYS_INLINE bool answer_loop(const struct transfer *transfer, struct pingpong_ends *ends, struct outcome *out) {
    struct message message = {0};
    bool timed = false;
    for (uint64_t number = 1; message.tag != PHASE_LAST; number++) {
        if (!pingpong_receive(transfer, ends, &message, number, out)) {
            return false;
        }
        if (message.tag == PHASE_TIMED && !timed) {
            usage_read(&out->usage[1]);
            timed = true;
        }
        payload_stamp(ends->payload, number);
        if (!transfer_send(transfer, ends->sender, message.tag, ends->payload, out)) {
            return false;
        }
    }
    usage_since(&out->usage[1]);
    return true;
}

/* ------------------------------------------------------------------ one thread */

/* Sends and receives each message in one thread: the cost of the protocol without the way from core to core. */
ALWAYS_INLINE void send_and_receive_loop(const struct transfer *transfer, gbench_state *state, struct sender *sender,
                                         struct receiver *receiver, struct payload *payload) {
    struct outcome out = {0};
    uint64_t number = 1;
    while (gbench_keep_running(state)) {
        if (!send_one_loop(transfer, sender, PHASE_TIMED, payload, number, &out) ||
            !receive_one_loop(transfer, receiver, payload, number++, &out)) {
            gbench_fail(state, out.error);
            break;
        }
    }
    gbench_set_bytes(state, gbench_iterations(state) * payload->bytes);
}

/* Defines the loops of an implementation. `transfer` is the name of a `static const struct transfer`. */
#define DEFINE_CHANNEL_LOOPS(name, transfer)                                                                           \
    static uint64_t name##_stream_send(struct sender *sender, struct stream_source *source, uint32_t tag,              \
                                       uint64_t number, uint64_t duration_ns, struct outcome *out) {                   \
        return stream_send_loop(&(transfer), sender, source, tag, number, duration_ns, out);                           \
    }                                                                                                                  \
    static bool name##_stream_receive(struct receiver *receiver, const struct payload *payload,                        \
                                      struct stream_timing *timing, struct outcome *out) {                             \
        return stream_receive_loop(&(transfer), receiver, payload, timing, out);                                       \
    }                                                                                                                  \
    static uint64_t name##_ask(struct pingpong_ends *ends, uint32_t tag, uint64_t number, uint64_t until,              \
                               struct samples *samples, struct outcome *out) {                                         \
        return ask_loop(&(transfer), ends, tag, number, until, samples, out);                                          \
    }                                                                                                                  \
    static bool name##_answer(struct pingpong_ends *ends, struct outcome *out) {                                       \
        return answer_loop(&(transfer), ends, out);                                                                    \
    }                                                                                                                  \
    static bool name##_send_one(struct sender *sender, uint32_t tag, struct payload *payload, uint64_t number,         \
                                struct outcome *out) {                                                                 \
        return send_one_loop(&(transfer), sender, tag, payload, number, out);                                          \
    }                                                                                                                  \
    static bool name##_receive_one(struct receiver *receiver, const struct payload *payload, uint64_t number,          \
                                   struct outcome *out) {                                                              \
        return receive_one_loop(&(transfer), receiver, payload, number, out);                                          \
    }                                                                                                                  \
    static void name##_send_and_receive(gbench_state *state, struct sender *sender, struct receiver *receiver,         \
                                        struct payload *payload) {                                                     \
        send_and_receive_loop(&(transfer), state, sender, receiver, payload);                                          \
    }                                                                                                                  \
    static const struct channel_loops name = {name##_stream_send,     name##_stream_receive, name##_ask,               \
                                              name##_answer,          name##_send_one,       name##_receive_one,       \
                                              name##_send_and_receive};

#endif
