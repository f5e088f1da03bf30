/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One-way latency: half a round trip over two channels with default options, each payload copied out and checked.
 *
 * Side A reads the clock once per round trip and subtracts its cost. It keeps every sample, so the percentiles are
 * exact.
 */
#include "cases/cases.h"
#include "kit/clock.h"
#include "kit/pair.h"
#include "kit/peer_link.h"
#include "subjects/channel_loops.h"

enum { SAMPLES_MAX = 1000000 };
#define ANSWER_LINGER_NS ((int64_t)1000000000)

/* Both channels are created before the fork. */
struct pingpong {
    const struct benchmark *benchmark;
    const struct channel_ops *ops;
    struct channel *there; /* from A to B */
    struct channel *back;  /* from B to A */
    struct peer_link *link;
    struct payload payload;
    void *copy;
};

/* Opens the two ends of one side. Returns false on failure; ends that are open must be closed all the same. */
static bool open_ends(const struct pingpong *p, struct channel *sending, struct channel *receiving,
                      struct pingpong_ends *ends, struct outcome *out) {
    int rc = p->ops->open_sender(sending, &ends->sender);
    if (rc == 0) {
        rc = p->ops->open_receiver(receiving, &ends->receiver);
    }
    if (rc != 0) {
        outcome_fail(out, "failed: opening a channel returned %s", p->benchmark->subject->error_name(rc));
    }
    return rc == 0;
}

static void close_ends(const struct pingpong *p, struct channel *sending, const struct pingpong_ends *ends,
                       int64_t linger_ns) {
    if (ends->receiver != NULL) {
        p->ops->close_receiver(ends->receiver);
    }
    if (ends->sender != NULL) {
        p->ops->close_sender(sending, ends->sender, linger_ns);
    }
}

static int answer_side(void *context) {
    struct pingpong *p = context;
    struct outcome *out = &p->link->report;
    struct pingpong_ends ends = {.payload = &p->payload, .copy = p->copy};
    if (open_ends(p, p->back, p->there, &ends, out)) {
        word_publish(&p->link->ready, 1); /* pairs with word_observe(ready) in peer_link_await_ready() */
        p->ops->loops->answer(&ends, out);
        if (p->ops->receiver_facts != NULL) {
            p->ops->receiver_facts(ends.receiver, &out->channel);
        }
    }
    close_ends(p, p->back, &ends, outcome_ok(out) ? ANSWER_LINGER_NS : 0); /* A has yet to read the last answer */
    word_publish(&p->link->over, 1); /* pairs with word_observe(over) in peer_link_finish() */
    return 0;
}

/* Makes one round trip with the last message, whose time is not used. */
static bool ask_last(struct pingpong *p, struct pingpong_ends *ends, uint64_t number, struct outcome *out) {
    uint32_t ns;
    struct samples one = {.ns = &ns, .capacity = 1};
    return p->ops->loops->ask(ends, PHASE_LAST, number, UINT64_MAX, &one, out) != 0;
}

static uint64_t ask_phase(struct pingpong *p, struct pingpong_ends *ends, enum phase phase, uint64_t number,
                          struct samples *samples, struct outcome *out) {
    const struct settings *settings = p->benchmark->settings;
    uint64_t duration_ns = phase == PHASE_WARM_UP ? settings->warm_ns : settings->timed_ns;
    samples->count = 0;
    return p->ops->loops->ask(ends, (uint32_t)phase, number, clock_now() + duration_ns, samples, out);
}

static void ask_all(struct pingpong *p, struct pingpong_ends *ends, struct samples *samples, struct outcome *out) {
    uint64_t number = ask_phase(p, ends, PHASE_WARM_UP, 1, samples, out);
    if (number == 0) {
        return;
    }
    usage_read(&out->usage[0]);
    number = ask_phase(p, ends, PHASE_TIMED, number, samples, out);
    usage_since(&out->usage[0]);
    if (number == 0 || !ask_last(p, ends, number, out)) {
        return;
    }
    out->times.count = PERCENTILES;
    if (samples_summarize(samples, clock_cost_ns(), 2, out->times.ns) != 0) {
        outcome_fail(out, "failed: no round trip was completed");
    }
}

/* Allocates the samples after the fork, because memory that a fork shares is copied page by page at the first write. */
static void ask_with_samples(struct pingpong *p, struct pingpong_ends *ends, struct outcome *out) {
    struct samples samples;
    if (samples_init(&samples, SAMPLES_MAX) != 0) {
        outcome_fail(out, "failed: no memory for samples");
        return;
    }
    ask_all(p, ends, &samples, out);
    samples_fini(&samples);
}

static void ask_side(struct pingpong *p, pid_t peer, struct outcome *out) {
    struct pingpong_ends ends = {.payload = &p->payload, .copy = p->copy};
    if (open_ends(p, p->there, p->back, &ends, out) && peer_link_await_ready(p->link, peer, out)) {
        ask_with_samples(p, &ends, out);
    }
    if (ends.receiver != NULL) {
        p->ops->close_receiver(ends.receiver); /* before B ends, which waits until its last page was read */
        ends.receiver = NULL;
    }
    peer_link_finish(p->link, peer, out);
    if (ends.sender != NULL && p->ops->sender_facts != NULL) {
        p->ops->sender_facts(ends.sender, &out->channel);
    }
    close_ends(p, p->there, &ends, 0);
}

static int create_channels(struct pingpong *p) {
    const struct subject *subject = p->benchmark->subject;
    struct channel_options options = {.payload = p->benchmark->payload, .inherited = true};
    int rc = p->ops->create(subject, &options, &p->there);
    return rc != 0 ? rc : p->ops->create(subject, &options, &p->back);
}

static void run_pair(struct pingpong *p, struct outcome *out) {
    int rc = create_channels(p);
    if (rc != 0) {
        outcome_fail(out, "failed: creating a channel returned %s", p->benchmark->subject->error_name(rc));
    } else {
        pid_t peer = pair_fork(answer_side, p);
        if (peer < 0) {
            outcome_fail(out, "failed: no second process");
        } else {
            ask_side(p, peer, out);
        }
    }
    if (p->there != NULL) {
        p->ops->destroy(p->there);
    }
    if (p->back != NULL) {
        p->ops->destroy(p->back);
    }
}

void pingpong_measure(const struct benchmark *benchmark, struct outcome *out) {
    struct pingpong p = {
        .benchmark = benchmark, .ops = benchmark->subject->channel, .link = pair_alloc(sizeof *p.link)};
    p.copy = payload_buffer(benchmark->payload);
    if (p.copy == NULL || payload_init(&p.payload, benchmark->payload, benchmark->settings->seed) != 0) {
        outcome_fail(out, "failed: no memory for payloads");
    } else {
        memset(p.copy, 0, benchmark->payload);
        run_pair(&p, out);
        payload_fini(&p.payload);
    }
    free(p.copy);
    pair_release(p.link, sizeof *p.link);
}
