/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Property: correct clients receive every message of each other and of the broker, in order, once, complete, and with
 * the id of its sender (BROKER-1, BROKER-3), for any bytes in the channels of several hostile clients and any channels
 * that these register. No message with a correct client's id comes from another sender. The same holds while another
 * client does not read for some rounds; that one receives all messages until -LLMP_E_EOP_GONE tells it that a page was
 * evicted. The broker survives, and keeps no map of a client that left.
 */
#include <errno.h>
#include <string.h>

#include "broker/clients.h"
#include "oracle/layout.h"
#include "platform/platform.h"
#include "rig/bundle.h"
#include "rig/check.h"
#include "rig/clients.h"
#include "rig/maps.h"

#define HOSTILE_MAX 3
#define DRAIN_ROUNDS 200

/* Bits of the option byte FLAGS. */
enum {
    USES_HOOK = 1,
    KEEPS_HISTORY = 2,
    LINGERS = 4,
    PEERS_DIE = 8,
    REMOVES_CLIENT = 16,
    OVERWRITES_BROADCAST = 32,
    SMALL_MESSAGES = 64,
    TWO_STEPS = 128
};
/* Indices of the option bytes. */
enum { FLAGS, HOSTILE, ROUNDS, FIRST_PAGE, LENGTH, FIELD, VALUE };

static struct world {
    struct fuzz_bundle bundle;
    llmp_broker *broker;
    int64_t hostile[HOSTILE_MAX];
    uint64_t newest[HOSTILE_MAX]; /* current_msg_id to set in the second step; 0: none */
} world;

static bool has(unsigned flag) {
    return fuzz_has(world.bundle.options[FLAGS], flag);
}

/* ---------------------------------------------------------------- the broker */

/* Forwards messages of correct clients unchanged; keeps back some of the others, and changes some. */
static llmp_hook_result hook(void *context, llmp_broker *broker, llmp_broker_message *message) {
    static const uint8_t own[] = "the hook's own";
    (void)context;
    (void)broker;
    if (fuzz_clients_have_id(message->client)) {
        return LLMP_HOOK_FORWARD;
    }
    uint32_t action = message->tag % 8;
    if (action == 1) {
        message->payload = own;
        message->length = sizeof own;
    } else if (action == 2) {
        message->tag = LLMP_TAG_END_OF_PAGE;
    } else if (action == 3) {
        message->length /= 2;
        message->client = 0;
    }
    return action == 0 ? LLMP_HOOK_HANDLED : LLMP_HOOK_FORWARD;
}

static void on_event(void *context, const llmp_broker_event *event) {
    (void)context;
    bool full = event->type == LLMP_EVENT_MESSAGE_LOST && event->code == -ENOSPC && has(KEEPS_HISTORY);
    fuzz_clients.memory_full = fuzz_clients.memory_full || full;
}

static void new_broker(void) {
    llmp_broker_options options = {
        .provider = &fuzz_maps,
        .page_size = 512,
        .history = has(KEEPS_HISTORY) ? LLMP_HISTORY_ALL : 2 + (world.bundle.options[FIELD] & 3u),
        .slow_client_timeout_ns = LLMP_MILLISECONDS(50),
        .liveness_timeout_ns = LLMP_MILLISECONDS(100),
        .max_message = has(SMALL_MESSAGES) ? 300 : 2048,
        .max_clients = 8,
        .on_event = on_event,
        .hook = has(USES_HOOK) ? hook : NULL,
    };
    int rc = llmp_broker_new(&options, &world.broker);
    FUZZ_CHECK(rc == 0, "%s", llmp_error_name(rc));
    (void)llmp_broker_take_id(world.broker); /* as a listener does, so that 0 is the broker's own id */
}

/* ---------------------------------------------------------------- hostile clients */

static uint64_t *current_msg_id(int segment) {
    return (uint64_t *)(void *)(fuzz_maps_bytes(segment) + LC_PAGE_CURRENT_MSG_ID);
}

static int hostile_count(void) {
    int max = world.bundle.count < HOSTILE_MAX ? world.bundle.count : HOSTILE_MAX;
    return max > 0 ? 1 + world.bundle.options[HOSTILE] % max : 0;
}

static void put_pages(void) {
    for (int i = 0; i < world.bundle.count; i++) {
        (void)fuzz_maps_put(world.bundle.pages[i].bytes, world.bundle.pages[i].size);
        if (has(PEERS_DIE)) {
            fuzz_maps_orphan(i);
        }
    }
}

static int hostile_page(int which) {
    return (world.bundle.options[FIRST_PAGE] + which) % world.bundle.count;
}

/* Each hostile client's channel begins on a page of its own. With TWO_STEPS it publishes its messages in two steps. */
static void add_hostile(int which) {
    int page = hostile_page(which);
    llmp_shmem_desc channel = {.size = world.bundle.pages[page].size, .id = {{(char)('1' + page % 9)}}};
    llmp_shmem_desc ignored;
    world.newest[which] = 0;
    if (has(TWO_STEPS) && channel.size >= LC_PAGE_HEADER) {
        world.newest[which] = *current_msg_id(page);
        *current_msg_id(page) = world.bundle.options[VALUE] & 1u;
    }
    world.hostile[which] = llmp_broker_add_client(world.broker, &channel, &ignored);
}

static void publish_second_step(int which) {
    if (world.newest[which] != 0) {
        *current_msg_id(hostile_page(which)) = world.newest[which];
        world.newest[which] = 0;
    }
}

static void remove_hostile(int which) {
    if (world.hostile[which] >= 0) {
        (void)llmp_broker_remove_client(world.broker, (uint32_t)world.hostile[which]);
    }
}

/* Every client can write to the broadcast. Overwrites a field that no receiver reads. */
static void overwrite_broadcast(void) {
    static const size_t fields[] = {LC_PAGE_SENDER_ID, LC_PAGE_SIZE_TOTAL, LC_PAGE_SIZE_USED, LC_PAGE_MAX_ALLOC};
    llmp_shmem_desc desc;
    (void)llmp_broker_reserve(world.broker, &desc);
    llmp_broker_cancel_reservation(world.broker);
    int segment = fuzz_maps_find(desc.id.bytes);
    size_t field = fields[world.bundle.options[FIELD] >> 2 & 3u];
    memset(fuzz_maps_bytes(segment) + field, world.bundle.options[VALUE], 4);
}

/* ---------------------------------------------------------------- rounds */

static void run_round(void) {
    (void)llmp_broker_run_once(world.broker);
    fuzz_clock_advance(LLMP_MILLISECONDS(10));
    fuzz_clients_receive();
}

static void halfway(void) {
    for (int k = 0; k < hostile_count(); k++) {
        publish_second_step(k);
    }
    if (has(REMOVES_CLIENT) && hostile_count() > 0) {
        remove_hostile(0);
    }
}

static void run_rounds(void) {
    int rounds = 1 + world.bundle.options[ROUNDS] % 8;
    for (int i = 0; i < rounds && !fuzz_clients.memory_full; i++) {
        fuzz_clients_send((size_t)(world.bundle.options[LENGTH] + i) % 200);
        if (i % 4 == 1) {
            fuzz_clients_broker_send((size_t)i);
        }
        if (i == rounds / 2) {
            halfway();
        }
        if (has(OVERWRITES_BROADCAST)) {
            overwrite_broadcast();
        }
        run_round();
    }
}

/* Removes the hostile clients first: one whose pages form a ring always has another message. */
static void drain(void) {
    for (int k = 0; k < hostile_count(); k++) {
        remove_hostile(k);
    }
    for (int rounds = 0; rounds < DRAIN_ROUNDS && !fuzz_clients.memory_full && (rounds < 2 || !fuzz_clients_are_done());
         rounds++) {
        run_round();
    }
}

static void run(void) {
    new_broker();
    put_pages();
    fuzz_clients_begin(world.broker, has(KEEPS_HISTORY));
    fuzz_clients_add(world.bundle.options[ROUNDS] >> 3);
    for (int k = 0; k < hostile_count(); k++) {
        add_hostile(k);
    }
    run_rounds();
    drain();
    fuzz_clients_expect_done();
    fuzz_clients_free();
    llmp_broker_free(world.broker, has(LINGERS) ? 1 : LLMP_NOWAIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    world.bundle = fuzz_bundle_parse(data, size);
    fuzz_platform_begin();
    fuzz_maps_begin(fuzz_maps_salt(data, size));
    run();
    fuzz_maps_end();
    fuzz_platform_end();
    return 0;
}
