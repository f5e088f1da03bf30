/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The in-process cases. */
#include "cases/micro.h"

#include <stdio.h>

#include "cases/channel.h"
#include "cases/families.h"
#include "cases/map_ops.h"
#include "kit/gbench.h"
#include "kit/pair.h"

enum { BENCHES_MAX = 512, SEED = 1 };

struct micro_bench {
    const llmp_shmem_provider *provider;
    size_t payload;
};

/* They live as long as the program: the library keeps pointers to them. */
static struct micro_bench benches[BENCHES_MAX];
static struct map_bench map_benches[BENCHES_MAX];
static unsigned bench_count, map_count;

static void bench_memcpy(gbench_state *state, void *context) {
    const struct micro_bench *bench = context;
    struct payload payload;
    void *copy = aligned_alloc(64, (bench->payload + 63) / 64 * 64);
    if (copy == NULL || payload_init(&payload, bench->payload, SEED) != 0) {
        gbench_fail(state, "no memory");
        return;
    }
    while (gbench_keep_running(state)) {
        memcpy(copy, payload.words, bench->payload);
        __asm__ volatile("" : : "r"(copy) : "memory"); /* every copy is really made */
    }
    gbench_set_bytes(state, gbench_iterations(state) * bench->payload);
    payload_fini(&payload);
    free(copy);
}

static void send_and_receive(gbench_state *state, llmp_sender *sender, llmp_receiver *receiver,
                             struct payload *payload) {
    struct outcome out = {0};
    llmp_message message;
    uint64_t number = 1;
    while (gbench_keep_running(state)) {
        payload_stamp(payload, number);
        if (row_send(sender, TAG_TIMED, payload, &out) != 0 || row_receive(receiver, &message, &out) != 0 ||
            !row_check(payload, &message, number++, &out)) {
            gbench_fail(state, out.why);
            break;
        }
    }
    gbench_set_bytes(state, gbench_iterations(state) * payload->bytes);
}

static void bench_send_recv(gbench_state *state, void *context) {
    const struct micro_bench *bench = context;
    llmp_sender_options sending = {.provider = bench->provider};
    llmp_receiver_options receiving = {.provider = bench->provider, .coalesce_messages = 1};
    llmp_sender *sender = NULL;
    llmp_receiver *receiver = NULL;
    struct payload payload;
    int rc = payload_init(&payload, bench->payload, SEED);
    rc = rc == 0 ? llmp_sender_new(&sending, &sender) : rc;
    if (rc == 0) {
        llmp_shmem_desc desc = llmp_sender_describe(sender);
        rc = llmp_receiver_new(&desc, &receiving, &receiver);
    }
    if (rc == 0) {
        send_and_receive(state, sender, receiver, &payload);
    } else {
        gbench_fail(state, llmp_strerror(rc));
    }
    llmp_receiver_free(receiver);
    if (sender != NULL) {
        llmp_sender_free(sender, LLMP_NOWAIT);
    }
    payload_fini(&payload);
}

static void add(const char *name, gbench_fn function, const llmp_shmem_provider *provider, size_t payload) {
    if (bench_count < BENCHES_MAX) {
        benches[bench_count] = (struct micro_bench){provider, payload};
        gbench_register(name, function, &benches[bench_count++], NULL);
    }
}

static void add_map(const llmp_shmem_provider *provider, enum map_op op, size_t size, bool raw) {
    gbench_options options = {.manual_time = true};
    char name[128];
    if (map_count < BENCHES_MAX) {
        snprintf(name, sizeof name, "map/%s/%s%s/%zu", map_op_names[op], llmp_shmem_provider_name(provider),
                 raw ? "-raw" : "", size);
        map_benches[map_count] = (struct map_bench){.provider = provider, .size = size, .op = op};
        gbench_register(name, raw ? map_bench_raw : map_bench_library, &map_benches[map_count++], &options);
    }
}

static void add_maps_of(const llmp_shmem_provider *provider) {
    for (int op = 0; op < MAP_OPS; op++) {
        for (int i = 0; i < MAP_SIZES; i++) {
            add_map(provider, (enum map_op)op, map_sizes[i], false);
            if (map_bench_has_raw(provider)) {
                add_map(provider, (enum map_op)op, map_sizes[i], true);
            }
        }
    }
}

static void add_messages_of(const llmp_shmem_provider *provider) {
    char name[128];
    for (int i = 0; i < PAYLOADS; i++) {
        snprintf(name, sizeof name, "send_recv/%s/%zu", llmp_shmem_provider_name(provider), payload_sizes[i]);
        add(name, bench_send_recv, provider, payload_sizes[i]);
    }
}

int micro_main(int argc, char **argv) {
    const llmp_shmem_provider *known[PROVIDERS_MAX];
    unsigned count = providers_known(known);
    char name[64];
    for (int i = 0; i < PAYLOADS; i++) {
        snprintf(name, sizeof name, "memcpy/%zu", payload_sizes[i]);
        add(name, bench_memcpy, NULL, payload_sizes[i]);
    }
    for (unsigned i = 0; i < count; i++) {
        if (llmp_shmem_provider_check(known[i]) == 0) {
            add_messages_of(known[i]);
            add_maps_of(known[i]);
        }
    }
    cores_pick(&pair_cores);
    cores_pin(pair_cores.a);
    return gbench_main(argc, argv);
}
