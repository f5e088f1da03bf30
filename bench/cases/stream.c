/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One-way throughput: side A sends as fast as it can, side B receives and checks every message.
 *
 * Side B measures the time, from its first message of PHASE_TIMED to the last one, so that messages which are still in
 * the channel when A stops count only once they have been read. Messages of PHASE_WARM_UP precede them, in which the
 * channel adapts its window.
 */
#include "cases/cases.h"
#include "kit/clock.h"
#include "kit/pair.h"
#include "kit/peer_link.h"
#include "subjects/channel_loops.h"

enum { BATCH = 512 };

struct stream {
    const struct benchmark *benchmark;
    const struct channel_ops *ops;
    struct channel *channel;
    struct peer_link *link;
    struct payload payload;
};

static void stop_timing(struct stream_timing *timing, struct outcome *out) {
    double ns = (double)(clock_now() - timing->start_ns);
    usage_since(&timing->usage);
    out->usage[1] = timing->usage;
    out->times.count = 1;
    out->times.ns[0] = ns / (double)(timing->messages > 0 ? timing->messages : 1);
}

static void receive_all(const struct stream *s, struct receiver *receiver, struct outcome *out) {
    struct stream_timing timing = {0};
    if (s->ops->loops->stream_receive(receiver, &s->payload, &timing, out)) {
        stop_timing(&timing, out);
    }
    if (s->ops->receiver_facts != NULL) {
        s->ops->receiver_facts(receiver, &out->channel);
    }
}

static int receive_side(void *context) {
    const struct stream *s = context;
    struct outcome *out = &s->link->report;
    struct receiver *receiver = NULL;
    int rc = s->ops->open_receiver(s->channel, &receiver);
    if (rc != 0) {
        outcome_fail(out, "failed: opening the receiver returned %s", s->benchmark->subject->error_name(rc));
    } else {
        word_publish(&s->link->ready, 1); /* pairs with word_observe(ready) in peer_link_await_ready() */
        receive_all(s, receiver, out);
        s->ops->close_receiver(receiver);
    }
    word_publish(&s->link->over, 1); /* pairs with word_observe(over) in peer_link_finish() and stream_send_loop() */
    return 0;
}

static void send_all(struct stream *s, struct sender *sender, struct outcome *out) {
    const struct settings *settings = s->benchmark->settings;
    const struct channel_loops *loops = s->ops->loops;
    struct stream_source source = {&s->payload, &s->link->over, settings->flip_at};
    uint64_t number = loops->stream_send(sender, &source, PHASE_WARM_UP, 1, settings->warm_ns, out);
    if (number == 0) {
        return;
    }
    usage_read(&out->usage[0]);
    number = loops->stream_send(sender, &source, PHASE_TIMED, number, settings->timed_ns, out);
    if (number != 0) {
        loops->send_one(sender, PHASE_LAST, &s->payload, number, out);
        if (s->ops->flush != NULL) {
            s->ops->flush(sender);
        }
    }
    usage_since(&out->usage[0]);
}

static void send_side(struct stream *s, pid_t peer, struct outcome *out) {
    struct sender *sender = NULL;
    int rc = s->ops->open_sender(s->channel, &sender);
    if (rc != 0) {
        outcome_fail(out, "failed: opening the sender returned %s", s->benchmark->subject->error_name(rc));
    } else if (peer_link_await_ready(s->link, peer, out)) {
        send_all(s, sender, out);
    }
    peer_link_finish(s->link, peer, out);
    if (rc == 0) {
        if (s->ops->sender_facts != NULL) {
            s->ops->sender_facts(sender, &out->channel);
        }
        s->ops->close_sender(s->channel, sender, 0); /* B has read everything, or has failed */
    }
    out->times = s->link->report.times;
}

static void run_pair(struct stream *s, const struct channel_options *options, struct outcome *out) {
    const struct subject *subject = s->benchmark->subject;
    int rc = s->ops->create(subject, options, &s->channel);
    if (rc != 0) {
        outcome_fail(out, "failed: creating the channel returned %s", subject->error_name(rc));
        return;
    }
    pid_t peer = pair_fork(receive_side, s);
    if (peer < 0) {
        outcome_fail(out, "failed: no second process");
    } else {
        send_side(s, peer, out);
    }
    s->ops->destroy(s->channel);
}

static void measure(const struct benchmark *benchmark, uint32_t batch, bool poll_always, struct outcome *out) {
    struct stream s = {.benchmark = benchmark, .ops = benchmark->subject->channel, .link = pair_alloc(sizeof *s.link)};
    struct channel_options options = {
        .payload = benchmark->payload, .batch = batch, .poll_always = poll_always, .inherited = true};
    if (payload_init(&s.payload, benchmark->payload, benchmark->settings->seed) != 0) {
        outcome_fail(out, "failed: no memory for a payload");
    } else {
        run_pair(&s, &options, out);
        payload_fini(&s.payload);
    }
    pair_release(s.link, sizeof *s.link);
}

void stream_measure(const struct benchmark *benchmark, struct outcome *out) {
    measure(benchmark, 0, false, out);
}

void stream_batch_measure(const struct benchmark *benchmark, struct outcome *out) {
    measure(benchmark, BATCH, false, out);
}

void stream_noadapt_measure(const struct benchmark *benchmark, struct outcome *out) {
    measure(benchmark, 0, true, out);
}
