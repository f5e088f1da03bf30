/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Through the broker: client A -> broker -> client B. Both clients live in one process, so one clock sees a message
 * leave and arrive.
 *
 * Latency: one message at a time, from before A sends it until B has copied it out. Its baseline is a round trip of
 * LLMP-shaped messages that the far side copies from slot to slot. Stream: A and B take turns, with a bounded number of messages on their way; its
 * baseline is the direct stream, although the broker copies every message and this core does the work of two clients.
 */
#include <errno.h>
#include <stdio.h>

#include "baselines/baseline.h"
#include "cases/broker_rig.h"
#include "kit/clock.h"
#include "kit/pair.h"
#include "kit/stats.h"

enum { SAMPLES_MAX = 1000000, TURNS_A_DRAIN = 64, IN_FLIGHT_BYTES = 4 << 20, IN_FLIGHT_MAX = 4096, WARM_ROUNDS = 10 };

struct broker_row {
    struct broker_rig rig;
    struct payload payload;
    void *copy;
    uint64_t sent;     /* by A */
    uint64_t received; /* by B */
};

static int client_send(struct broker_row *b, uint32_t tag, int64_t timeout_ns) {
    payload_stamp(&b->payload, b->sent + 1);
    int rc = llmp_client_send(b->rig.a, tag, 0, b->payload.words, b->payload.bytes, timeout_ns);
    b->sent += rc == 0;
    return rc;
}

static bool told(int rc, const char *what, struct outcome *out) {
    if (rc != 0) {
        outcome_fail(out, "failed: %s gave %s", what, llmp_error_name(rc));
    }
    return rc == 0;
}

/* One message through the broker, copied out and checked as in a ping-pong. */
static bool pass_one(struct broker_row *b, struct outcome *out) {
    llmp_message message;
    if (!told(client_send(b, TAG_TIMED, LLMP_SECONDS(5)), "client_send", out) ||
        !told(llmp_client_recv(b->rig.b, &message, LLMP_SECONDS(5)), "client_recv", out)) {
        return false;
    }
    size_t length = message.length < b->payload.bytes ? message.length : b->payload.bytes;
    memcpy(b->copy, message.payload, length);
    message.payload = b->copy;
    return row_check(&b->payload, &message, ++b->received, out);
}

static bool pass_until(struct broker_row *b, uint64_t duration_ns, struct samples *samples, struct outcome *out) {
    uint64_t until = clock_now() + duration_ns;
    samples->count = 0;
    while (clock_now() < until && !samples_full(samples) && !pair_stopping()) {
        for (int turn = 0; turn < TURNS_A_DRAIN && !samples_full(samples); turn++) {
            uint64_t before = clock_now();
            if (!pass_one(b, out)) {
                return false;
            }
            samples_add(samples, clock_now() - before);
        }
        if (!rig_drain(&b->rig, out)) {
            return false;
        }
    }
    return true;
}

/* A's turn: as many as may be on their way. */
static bool send_some(struct broker_row *b, uint64_t in_flight, struct outcome *out) {
    while (b->sent - b->received < in_flight) {
        int rc = client_send(b, TAG_TIMED, LLMP_NOWAIT);
        if (rc == -EAGAIN) {
            return true;
        }
        if (!told(rc, "client_send", out)) {
            return false;
        }
    }
    return true;
}

/* B's turn: what is there. */
static bool receive_some(struct broker_row *b, struct outcome *out) {
    llmp_message message;
    while (b->received < b->sent) {
        int rc = llmp_client_recv(b->rig.b, &message, LLMP_NOWAIT);
        if (rc == -EAGAIN) {
            return true;
        }
        if (!told(rc, "client_recv", out) || !row_check(&b->payload, &message, ++b->received, out)) {
            return false;
        }
    }
    return true;
}

/* Streams for a while, and until everything has arrived. Returns nanoseconds a message, or 0 on failure. */
static double stream_for(struct broker_row *b, uint64_t duration_ns, struct outcome *out) {
    uint64_t in_flight = IN_FLIGHT_BYTES / b->payload.bytes;
    uint64_t first = b->received, start = clock_now(), now = start;
    in_flight = in_flight > IN_FLIGHT_MAX ? IN_FLIGHT_MAX : in_flight;
    while (now < start + duration_ns || b->received < b->sent) {
        if (now > start + duration_ns + 5000000000u) {
            outcome_fail(out, "failed: %llu messages never arrived", (unsigned long long)(b->sent - b->received));
        }
        bool more = now < start + duration_ns;
        if (out->why[0] != '\0' || pair_stopping() || (more && !send_some(b, in_flight, out)) ||
            !receive_some(b, out) || !rig_drain(&b->rig, out)) {
            return 0;
        }
        now = clock_now();
    }
    uint64_t messages = b->received - first;
    return (double)(now - start) / (double)(messages ? messages : 1);
}

/*
 * A broker makes new pages until it has kept as many as it may (64 of 1 MiB), and only then they go round. That is its
 * beginning, and not what is measured.
 */
static bool warm_up(struct broker_row *b, struct outcome *out) {
    const uint64_t wanted = ((uint64_t)80 << 20) / slot_bytes(b->payload.bytes);
    for (int round = 0; round == 0 || (round < WARM_ROUNDS && b->received < wanted); round++) {
        if (stream_for(b, b->rig.benchmark->settings->warm_ns, out) <= 0) {
            return false;
        }
    }
    return true;
}

static void measure_latency(struct broker_row *b, struct outcome *out) {
    const struct settings *settings = b->rig.benchmark->settings;
    struct samples samples;
    if (samples_init(&samples, SAMPLES_MAX) != 0) {
        outcome_fail(out, "failed: no memory for samples");
        return;
    }
    if (warm_up(b, out) && pass_until(b, settings->warm_ns / 4, &samples, out)) {
        usage_read(&out->usage[0]);
        bool good = pass_until(b, settings->timed_ns, &samples, out);
        usage_since(&out->usage[0]);
        out->times.count = PERCENTILES;
        if (good && samples_summarize(&samples, clock_cost_ns(), 1, out->times.ns) != 0) {
            outcome_fail(out, "failed: not one message");
        }
    }
    samples_fini(&samples);
}

static void measure_stream(struct broker_row *b, struct outcome *out) {
    if (warm_up(b, out)) {
        usage_read(&out->usage[0]);
        out->times = (struct times){.count = 1, .ns = {stream_for(b, b->rig.benchmark->settings->timed_ns, out)}};
        usage_since(&out->usage[0]);
    }
}

static void measure(const struct benchmark *benchmark, void (*how)(struct broker_row *, struct outcome *),
                    struct outcome *out) {
    struct broker_row b = {.copy = aligned_alloc(64, (benchmark->payload + 63) / 64 * 64)};
    if (b.copy == NULL || payload_init(&b.payload, benchmark->payload, benchmark->settings->seed) != 0) {
        outcome_fail(out, "failed: no memory for payloads");
        return;
    }
    memset(b.copy, 0, benchmark->payload);
    if (rig_start(&b.rig, benchmark, out)) {
        how(&b, out);
    }
    rig_stop(&b.rig, out);
    payload_fini(&b.payload);
    free(b.copy);
}

void broker_latency_measure(const struct benchmark *benchmark, struct outcome *out) {
    measure(benchmark, measure_latency, out);
}

void broker_stream_measure(const struct benchmark *benchmark, struct outcome *out) {
    measure(benchmark, measure_stream, out);
}
