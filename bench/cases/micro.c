/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The benchmarks within one process. */
#include "cases/micro.h"

#include <stdio.h>

#include "baselines/map_calls.h"
#include "cases/families.h"
#include "cases/map_bench.h"
#include "kit/gbench.h"
#include "kit/pair.h"
#include "subjects/subjects.h"

enum { BENCHES_MAX = 512, SEED = 1 };

struct micro_bench {
    const struct subject *subject;
    size_t payload;
};

/* Static, because Google Benchmark keeps pointers to them. */
static struct micro_bench benches[BENCHES_MAX];
static struct map_bench map_benches[BENCHES_MAX];
static unsigned bench_count, map_count;

static void bench_memcpy(gbench_state *state, void *context) {
    const struct micro_bench *bench = context;
    struct payload payload;
    void *copy = payload_buffer(bench->payload);
    if (copy == NULL || payload_init(&payload, bench->payload, SEED) != 0) {
        gbench_fail(state, "no memory");
        return;
    }
    while (gbench_keep_running(state)) {
        memcpy(copy, payload.words, bench->payload);
        __asm__ volatile("" : : "r"(copy) : "memory"); /* keeps the compiler from removing the copy */
    }
    gbench_set_bytes(state, gbench_iterations(state) * bench->payload);
    payload_fini(&payload);
    free(copy);
}

static int send_and_receive(gbench_state *state, const struct channel_ops *ops, struct channel *channel,
                            struct payload *payload) {
    struct sender *sender = NULL;
    struct receiver *receiver = NULL;
    int rc = ops->open_sender(channel, &sender);
    if (rc != 0) {
        return rc;
    }
    rc = ops->open_receiver(channel, &receiver);
    if (rc == 0) {
        ops->loops->send_and_receive(state, sender, receiver, payload);
        ops->close_receiver(receiver);
    }
    ops->close_sender(channel, sender, 0);
    return rc;
}

static void bench_send_recv(gbench_state *state, void *context) {
    const struct micro_bench *bench = context;
    const struct channel_ops *ops = bench->subject->channel;
    struct channel_options options = {.payload = bench->payload, .poll_always = true};
    struct channel *channel = NULL;
    struct payload payload;
    if (payload_init(&payload, bench->payload, SEED) != 0) {
        gbench_fail(state, "no memory");
        return;
    }
    int rc = ops->create(bench->subject, &options, &channel);
    if (rc == 0) {
        rc = send_and_receive(state, ops, channel, &payload);
        ops->destroy(channel);
    }
    if (rc != 0) {
        gbench_fail(state, bench->subject->error_text(rc));
    }
    payload_fini(&payload);
}

static void add(const char *name, gbench_fn function, const struct subject *subject, size_t payload) {
    if (bench_count < BENCHES_MAX) {
        benches[bench_count] = (struct micro_bench){subject, payload};
        gbench_register(name, function, &benches[bench_count++], NULL);
    }
}

static void add_memcpy(void) {
    char name[64];
    for (int i = 0; i < PAYLOADS; i++) {
        snprintf(name, sizeof name, "memcpy/%zu", payload_sizes[i]);
        add(name, bench_memcpy, NULL, payload_sizes[i]);
    }
}

static void add_send_recv(const struct subject *subject) {
    char known[SUBJECT_NAME_SIZE], name[160];
    for (int i = 0; subject->channel != NULL && i < PAYLOADS; i++) {
        snprintf(name, sizeof name, "send_recv/%s/%zu", subject_name(subject, known), payload_sizes[i]);
        add(name, bench_send_recv, subject, payload_sizes[i]);
    }
}

static void add_map(const char *owner, const struct map_ops *ops, const void *context, enum map_op op, size_t size) {
    gbench_options options = {.manual_time = true};
    char name[160];
    if (ops != NULL && map_count < BENCHES_MAX) {
        snprintf(name, sizeof name, "map/%s/%s/%zu", map_op_names[op], owner, size);
        map_benches[map_count] = (struct map_bench){ops, context, size, op};
        gbench_register(name, map_bench_run, &map_benches[map_count++], &options);
    }
}

static void add_maps(const struct subject *subject) {
    char known[SUBJECT_NAME_SIZE], baseline[SUBJECT_NAME_SIZE];
    subject_name(subject, known);
    snprintf(baseline, sizeof baseline, "baseline/%s", subject->transport);
    for (int op = 0; subject->map != NULL && op < MAP_OPS; op++) {
        for (int i = 0; i < MAP_SIZES; i++) {
            add_map(known, subject->map, subject->context, (enum map_op)op, map_sizes[i]);
            add_map(baseline, map_calls_find(subject->transport), NULL, (enum map_op)op, map_sizes[i]);
        }
    }
}

int micro_main(int argc, char **argv) {
    unsigned count;
    const struct subject *all = subjects_all(&count);
    add_memcpy();
    for (unsigned i = 0; i < count; i++) {
        if (all[i].check(&all[i]) == 0) {
            add_send_recv(&all[i]);
            add_maps(&all[i]);
        }
    }
    cores_pick(&pair_cores);
    cores_pin(pair_cores.a);
    return gbench_main(argc, argv);
}
