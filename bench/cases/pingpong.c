/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One-way latency: half a round trip over two channels, with default options, each payload copied out and checked.
 *
 * One clock reading a round trip: each interval contains exactly one, whose cost is subtracted. Side A keeps every
 * sample, so the percentiles are exact.
 */
#include <stdio.h>

#include "cases/channel.h"
#include "kit/clock.h"
#include "kit/pair.h"
#include "kit/stats.h"

enum { SAMPLES_MAX = 1000000 };

/* Both channels exist before the fork, as maps of a family scope can only be inherited. */
struct pingpong_row {
    const struct benchmark *benchmark;
    struct row_link *link;
    llmp_sender *there;         /* used by A */
    llmp_sender *back;          /* used by B */
    llmp_shmem_desc there_desc; /* opened by B */
    llmp_shmem_desc back_desc;  /* opened by A */
    struct payload payload;
    void *copy;
};

static llmp_receiver *open_receiver(const struct pingpong_row *p, const llmp_shmem_desc *desc, struct outcome *out) {
    llmp_receiver_options options = {.provider = p->benchmark->provider};
    llmp_receiver *receiver = NULL;
    int rc = llmp_receiver_new(desc, &options, &receiver);
    if (rc != 0) {
        outcome_fail(out, "failed: receiver_new gave %s", llmp_error_name(rc));
    }
    return receiver;
}

static bool take(struct pingpong_row *p, llmp_receiver *receiver, llmp_message *message, uint64_t number,
                 struct outcome *out) {
    return row_receive_copy(receiver, message, p->copy, p->payload.bytes, out) == 0 &&
           row_check(&p->payload, message, number, out);
}

/* B: every message comes back with the same number and tag. */
static void answer_all(struct pingpong_row *p, llmp_receiver *receiver, struct outcome *out) {
    llmp_message message = {0};
    bool timed = false;
    for (uint64_t number = 1; message.tag != TAG_LAST; number++) {
        if (!take(p, receiver, &message, number, out)) {
            return;
        }
        if (message.tag == TAG_TIMED && !timed) {
            usage_read(&out->usage[1]);
            timed = true;
        }
        payload_stamp(&p->payload, number);
        if (row_send(p->back, message.tag, &p->payload, out) != 0) {
            return;
        }
    }
    usage_since(&out->usage[1]);
}

static int answer_side(void *context) {
    struct pingpong_row *p = context;
    struct outcome *out = &p->link->report;
    llmp_receiver *receiver = open_receiver(p, &p->there_desc, out);
    if (receiver != NULL) {
        word_publish(&p->link->ready, 1); /* pairs with word_observe(ready) in row_await_ready() */
        answer_all(p, receiver, out);
        row_note_receiver(receiver, out);
    }
    llmp_receiver_free(receiver);
    /* The last answer has to be read before its page goes; EXITING and its page are what linger waits for. */
    llmp_sender_free(p->back, out->why[0] == '\0' ? LLMP_SECONDS(1) : LLMP_NOWAIT);
    word_publish(&p->link->over, 1); /* pairs with word_observe(over) in row_finish() and ask_until() */
    return 0;
}

static bool ask(struct pingpong_row *p, llmp_receiver *receiver, uint32_t tag, uint64_t number, struct outcome *out) {
    llmp_message message;
    payload_stamp(&p->payload, number);
    return row_send(p->there, tag, &p->payload, out) == 0 && take(p, receiver, &message, number, out);
}

/* A: round trips until the time is over. Returns the next number, 0 on failure. */
static uint64_t ask_until(struct pingpong_row *p, llmp_receiver *receiver, uint32_t tag, uint64_t number,
                          struct samples *samples, struct outcome *out) {
    uint64_t before = clock_now();
    uint64_t until = before + (tag == TAG_WARM ? p->benchmark->settings->warm_ns : p->benchmark->settings->timed_ns);
    samples->count = 0;
    while (before < until && !samples_full(samples) && !pair_stopping()) {
        if (!ask(p, receiver, tag, number, out)) {
            return 0;
        }
        uint64_t now = clock_now();
        samples_add(samples, now - before);
        before = now;
        number++;
    }
    return number;
}

static void ask_in_time(struct pingpong_row *p, llmp_receiver *receiver, struct samples *samples, struct outcome *out) {
    uint64_t number = ask_until(p, receiver, TAG_WARM, 1, samples, out);
    if (number == 0) {
        return;
    }
    usage_read(&out->usage[0]);
    number = ask_until(p, receiver, TAG_TIMED, number, samples, out);
    usage_since(&out->usage[0]);
    if (number == 0 || !ask(p, receiver, TAG_LAST, number, out)) {
        return;
    }
    out->times.count = PERCENTILES;
    if (samples_summarize(samples, clock_cost_ns(), 2, out->times.ns) != 0) {
        outcome_fail(out, "failed: not one round trip");
    }
}

/* The samples' memory is got behind the fork: what a fork shares is copied page by page on the first write. */
static void ask_all(struct pingpong_row *p, llmp_receiver *receiver, struct outcome *out) {
    struct samples samples;
    if (samples_init(&samples, SAMPLES_MAX) != 0) {
        outcome_fail(out, "failed: no memory for samples");
        return;
    }
    ask_in_time(p, receiver, &samples, out);
    samples_fini(&samples);
}

static void run_pair(struct pingpong_row *p, struct outcome *out) {
    p->there_desc = llmp_sender_describe(p->there);
    p->back_desc = llmp_sender_describe(p->back);
    pid_t peer = pair_fork(answer_side, p);
    if (peer < 0) {
        outcome_fail(out, "failed: no second process");
        return;
    }
    llmp_receiver *receiver = open_receiver(p, &p->back_desc, out);
    if (receiver != NULL && row_await_ready(p->link, peer, out)) {
        ask_all(p, receiver, out);
    }
    llmp_receiver_free(receiver);
    row_finish(p->link, peer, out);
    row_note_sender(p->there, out);
}

static void run_channels(struct pingpong_row *p, struct outcome *out) {
    llmp_sender_options options = row_sender_options(p->benchmark);
    int rc = llmp_sender_new(&options, &p->there);
    if (rc == 0) {
        rc = llmp_sender_new(&options, &p->back);
    }
    if (rc != 0) {
        outcome_fail(out, "failed: sender_new gave %s", llmp_error_name(rc));
    } else {
        run_pair(p, out);
    }
    if (p->there != NULL) {
        llmp_sender_free(p->there, LLMP_NOWAIT);
    }
    if (p->back != NULL) {
        llmp_sender_free(p->back, LLMP_NOWAIT); /* B has ended: this removes the pages that A made for it */
    }
}

void pingpong_measure(const struct benchmark *benchmark, struct outcome *out) {
    struct pingpong_row p = {.benchmark = benchmark, .link = pair_alloc(sizeof *p.link)};
    p.copy = aligned_alloc(64, (benchmark->payload + 63) / 64 * 64);
    if (p.copy == NULL || payload_init(&p.payload, benchmark->payload, benchmark->settings->seed) != 0) {
        outcome_fail(out, "failed: no memory for payloads");
    } else {
        memset(p.copy, 0, benchmark->payload);
        run_channels(&p, out);
        payload_fini(&p.payload);
    }
    free(p.copy);
    pair_release(p.link, sizeof *p.link);
}
