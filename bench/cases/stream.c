/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One-way throughput: side A sends as fast as it can, side B checks every message.
 *
 * B times: from its first message tagged TIMED to the last one, so that what lies in the channel at the end counts only
 * when it has been read. Messages tagged WARM go before, until the channel has found its window.
 */
#include <stdio.h>

#include "cases/channel.h"
#include "kit/clock.h"
#include "kit/pair.h"

struct stream_row {
    const struct benchmark *benchmark;
    struct row_link *link;
    llmp_shmem_desc desc;
    struct payload payload;
    bool adapt;     /* the receiver coalesces as it sees fit */
    uint32_t batch; /* messages a publication; 0: each */
};

/* B's clock: runs from the first timed message to the last one. */
struct stopwatch {
    uint64_t start;
    uint64_t messages;
    struct usage usage;
};

static bool receive_all(llmp_receiver *receiver, const struct stream_row *s, struct stopwatch *watch,
                        struct outcome *out) {
    llmp_message message;
    for (uint64_t number = 1;; number++) {
        if (row_receive(receiver, &message, out) != 0 || !row_check(&s->payload, &message, number, out)) {
            return false;
        }
        if (message.tag != TAG_WARM && watch->start == 0) {
            usage_read(&watch->usage);
            watch->start = clock_now();
            watch->messages = number;
        }
        if (message.tag == TAG_LAST) {
            watch->messages = number - watch->messages;
            return true;
        }
    }
}

static void stop_watch(struct stopwatch *watch, struct outcome *out) {
    double ns = (double)(clock_now() - watch->start);
    usage_since(&watch->usage);
    out->usage[1] = watch->usage;
    out->times = (struct times){.count = 1, .ns = {ns / (double)(watch->messages ? watch->messages : 1)}};
}

static int receive_side(void *context) {
    const struct stream_row *s = context;
    struct outcome *out = &s->link->report;
    struct stopwatch watch = {0};
    llmp_receiver_options options = {.provider = s->benchmark->provider, .coalesce_messages = s->adapt ? 0 : 1};
    llmp_receiver *receiver = NULL;
    int rc = llmp_receiver_new(&s->desc, &options, &receiver);
    if (rc != 0) {
        outcome_fail(out, "failed: receiver_new gave %s", llmp_error_name(rc));
    } else {
        word_publish(&s->link->ready, 1); /* pairs with word_observe(ready) in row_await_ready() */
        if (receive_all(receiver, s, &watch, out)) {
            stop_watch(&watch, out);
        }
        row_note_receiver(receiver, out);
    }
    llmp_receiver_free(receiver);
    word_publish(&s->link->over, 1); /* pairs with word_observe(over) in row_finish() and send_phase() */
    return 0;
}

/* One bit changes between sender and receiver: the self-test of the check. */
static void flip_one(struct payload *payload, uint64_t number, uint64_t flip_at) {
    size_t word = payload->bytes / 8 - 1;
    if (number == flip_at || number == flip_at + 1) {
        payload->words[word] ^= (uint64_t)1 << 17; /* and back with the next one */
    }
}

/* Sends until the time is over, looking at the clock every 64 KiB. Returns the next message's number, 0 on failure. */
static uint64_t send_phase(llmp_sender *sender, struct stream_row *s, uint32_t tag, uint64_t number,
                           struct outcome *out) {
    const struct settings *settings = s->benchmark->settings;
    const uint64_t stretch = s->payload.bytes < 32768 ? 32768 / s->payload.bytes : 1;
    uint64_t until = clock_now() + (tag == TAG_WARM ? settings->warm_ns : settings->timed_ns);
    while (clock_now() < until) {
        if (word_observe(&s->link->over) != 0 || pair_stopping()) { /* pairs with word_publish(over) above */
            return 0;
        }
        for (uint64_t stop = number + stretch; number < stop; number++) {
            payload_stamp(&s->payload, number);
            if (settings->flip_at != 0) {
                flip_one(&s->payload, number, settings->flip_at);
            }
            if (row_send(sender, tag, &s->payload, out) != 0) {
                return 0;
            }
        }
    }
    return number;
}

static void send_all(llmp_sender *sender, struct stream_row *s, struct outcome *out) {
    uint64_t number = send_phase(sender, s, TAG_WARM, 1, out);
    if (number == 0) {
        return;
    }
    usage_read(&out->usage[0]);
    number = send_phase(sender, s, TAG_TIMED, number, out);
    if (number != 0) {
        payload_stamp(&s->payload, number);
        row_send(sender, TAG_LAST, &s->payload, out);
        llmp_sender_flush(sender);
    }
    usage_since(&out->usage[0]);
}

static void run_pair(llmp_sender *sender, struct stream_row *s, struct outcome *out) {
    s->desc = llmp_sender_describe(sender);
    pid_t peer = pair_fork(receive_side, s);
    if (peer < 0) {
        outcome_fail(out, "failed: no second process");
        return;
    }
    if (row_await_ready(s->link, peer, out)) {
        send_all(sender, s, out);
        row_finish(s->link, peer, out);
        row_note_sender(sender, out);
        out->times = s->link->report.times;
    }
}

/* For the variants: `stream_measure` itself is the default one. */
static void measure(const struct benchmark *benchmark, struct outcome *out, bool adapt, uint32_t batch) {
    struct stream_row s = {.benchmark = benchmark, .adapt = adapt, .batch = batch, .link = pair_alloc(sizeof *s.link)};
    llmp_sender_options options = row_sender_options(benchmark);
    llmp_sender *sender = NULL;
    options.batch = batch;
    if (payload_init(&s.payload, benchmark->payload, benchmark->settings->seed) != 0) {
        outcome_fail(out, "failed: no memory for a payload");
        return;
    }
    int rc = llmp_sender_new(&options, &sender);
    if (rc != 0) {
        outcome_fail(out, "failed: sender_new gave %s", llmp_error_name(rc));
    } else {
        run_pair(sender, &s, out);
        llmp_sender_free(sender, LLMP_NOWAIT); /* B has read everything, or never will */
    }
    payload_fini(&s.payload);
    pair_release(s.link, sizeof *s.link);
}

void stream_measure(const struct benchmark *benchmark, struct outcome *out) {
    measure(benchmark, out, true, 0);
}

void stream_batch_measure(const struct benchmark *benchmark, struct outcome *out) {
    measure(benchmark, out, true, 512);
}

void stream_noadapt_measure(const struct benchmark *benchmark, struct outcome *out) {
    measure(benchmark, out, false, 0);
}
