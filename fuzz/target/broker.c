/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Property: whatever lies in the channels of hostile clients, several at once, and whatever they register or leave
 * undone, clients that behave get every message of each other and of the broker, in order, once, whole, under the name
 * of who sent it (BROKER-1, BROKER-3), and nothing arrives under a name that is theirs but what they sent. So it does
 * beside a client that reads nothing for a while; that one gets all until it is told that it was cut off. The broker
 * survives, and keeps no map of who is gone.
 */
#include <errno.h>
#include <string.h>

#include "broker/clients.h"
#include "channel/sender.h"
#include "oracle/layout.h"
#include "platform/platform.h"
#include "rig/bundle.h"
#include "rig/check.h"
#include "rig/ledger.h"
#include "rig/maps.h"

#define GOOD 2
#define SETTLE_ROUNDS 200

/* how[0] */
enum { HOOKS = 1, KEEPS_ALL = 2, LATE = 4, DIES = 8, REMOVES = 16, SCRIBBLES = 32, SMALL = 64, STEPWISE = 128 };
enum { HOW, HOSTILE, ROUNDS, START, LENGTH, FIELD, VALUE };

struct good {
    llmp_sender *sender;
    llmp_receiver *receiver;
    uint32_t id;
    struct fuzz_ledger sent;
    uint32_t seen[GOOD + 1]; /* messages that came: of each good one, and of the broker */
};

/* Says nothing, and reads nothing before a round of its own: it may be cut off by then. */
struct sleeper {
    llmp_sender *sender;
    llmp_receiver *receiver; /* null: there is none, or it lost its way */
    int wakes;
    uint32_t seen[GOOD]; /* messages that came of each good one */
};

static struct world {
    struct fuzz_bundle bundle;
    llmp_broker *broker;
    struct good good[GOOD];
    struct sleeper sleeper;
    int round;
    struct fuzz_ledger said; /* by the broker itself */
    bool full; /* a broadcast that keeps everything filled all memory there is: messages are lost, and it says so */
    int64_t hostile[3];
    uint64_t newest[3];
} world;

static bool has(unsigned flag) {
    return (world.bundle.how[HOW] & flag) != 0;
}

/* ---------------------------------------------------------------- good clients */

static uint32_t enter(llmp_sender **sender, llmp_receiver **receiver) {
    llmp_sender_options options = {.provider = &fuzz_maps, .page_size = 512, .max_pages = 4};
    FUZZ_CHECK(llmp_sender_new(&options, sender) == 0, "no sender");
    llmp_shmem_desc channel = llmp_sender_describe(*sender);
    llmp_shmem_desc broadcast;
    int64_t id = llmp_broker_add_client(world.broker, &channel, &broadcast);
    FUZZ_CHECK(id >= 0, "%s", llmp_error_name((int)id));
    llmp_sender_set_id(*sender, (uint32_t)id);
    llmp_receiver_options reading = {.provider = &fuzz_maps, .pre_joined = true, .max_mapped_pages = 8};
    int rc = llmp_receiver_new(&broadcast, &reading, receiver);
    FUZZ_CHECK(rc == 0, "%s", llmp_error_name(rc));
    return (uint32_t)id;
}

static void join(struct good *good) {
    good->id = enter(&good->sender, &good->receiver);
    good->sent.count = 0;
    memset(good->seen, 0, sizeof good->seen);
}

static void leave(struct good *good) {
    llmp_receiver_free(good->receiver);
    (void)llmp_sender_free(good->sender, LLMP_NOWAIT);
}

static void say(struct good *good, size_t length) {
    uint8_t bytes[256];
    uint32_t number = good->sent.count;
    fuzz_payload_fill(bytes, length, number);
    int rc = llmp_send(good->sender, FUZZ_TAG_FIRST + number, number % 8, bytes, length, LLMP_NOWAIT);
    world.full = world.full || (rc == -ENOSPC && has(KEEPS_ALL));
    FUZZ_CHECK(rc == 0 || rc == -EAGAIN || world.full, "%s", llmp_error_name(rc));
    if (rc == 0) {
        good->sent.entries[good->sent.count++] =
            (struct fuzz_entry){.length = length, .sender = good->id, .flags = number % 8};
    }
}

/* Of a hostile client's messages only the name is known, and that they can be read. */
static void expect_hostile(const llmp_message *message) {
    static uint8_t bytes[FUZZ_SEGMENT_MAX];
    FUZZ_CHECK(message->sender > world.good[GOOD - 1].id, "a message under the name %u", message->sender);
    memcpy(bytes, message->payload, message->length);
}

static void hear(struct good *good, const llmp_message *message) {
    for (int i = 0; i < GOOD; i++) {
        if (message->sender == world.good[i].id) {
            fuzz_ledger_expect(&world.good[i].sent, good->seen[i]++, message);
            return;
        }
    }
    if (message->sender == 0) {
        fuzz_ledger_expect(&world.said, good->seen[GOOD]++, message);
    } else {
        expect_hostile(message);
    }
}

static void hear_all(struct good *good) {
    llmp_message message;
    if (world.full) {
        return;
    }
    int rc = llmp_recv(good->receiver, &message, LLMP_NOWAIT);
    for (; rc == 0; rc = llmp_recv(good->receiver, &message, LLMP_NOWAIT)) {
        hear(good, &message);
    }
    FUZZ_CHECK(rc == -EAGAIN, "%s", llmp_error_name(rc));
}

static bool all_heard(void) {
    for (int i = 0; i < GOOD; i++) {
        for (int k = 0; k < GOOD; k++) {
            if (world.good[i].seen[k] != world.good[k].sent.count) {
                return false;
            }
        }
    }
    return true;
}

static void expect_all_heard(const struct good *good) {
    for (int i = 0; i < GOOD; i++) {
        FUZZ_CHECK(good->seen[i] == world.good[i].sent.count, "%u of %u messages of client %u came", good->seen[i],
                   world.good[i].sent.count, world.good[i].id);
    }
    FUZZ_CHECK(good->seen[GOOD] == world.said.count, "%u of %u messages of the broker came", good->seen[GOOD],
               world.said.count);
}

/* ---------------------------------------------------------------- one that sleeps */

static void put_to_sleep(int wakes) {
    world.sleeper = (struct sleeper){.wakes = wakes};
    if (wakes != 0) {
        (void)enter(&world.sleeper.sender, &world.sleeper.receiver);
    }
}

static void hear_late(const llmp_message *message) {
    for (int i = 0; i < GOOD; i++) {
        if (message->sender == world.good[i].id) {
            fuzz_ledger_expect(&world.good[i].sent, world.sleeper.seen[i]++, message);
        }
    }
}

static void catch_up(void) {
    if (world.sleeper.receiver == NULL || world.round < world.sleeper.wakes) {
        return;
    }
    llmp_message message;
    int rc = llmp_recv(world.sleeper.receiver, &message, LLMP_NOWAIT);
    for (; rc == 0; rc = llmp_recv(world.sleeper.receiver, &message, LLMP_NOWAIT)) {
        hear_late(&message);
    }
    FUZZ_CHECK(rc == -EAGAIN || rc == -LLMP_E_EOP_GONE || world.full, "%s", llmp_error_name(rc));
    if (rc != -EAGAIN) {
        llmp_receiver_free(world.sleeper.receiver);
        world.sleeper.receiver = NULL;
    }
}

static void wake_for_good(void) {
    llmp_receiver_free(world.sleeper.receiver);
    (void)llmp_sender_free(world.sleeper.sender, LLMP_NOWAIT);
}

/* ---------------------------------------------------------------- the broker */

static void broker_says(size_t length) {
    uint8_t bytes[256];
    uint32_t number = world.said.count;
    fuzz_payload_fill(bytes, length, number);
    int rc = llmp_broker_send(world.broker, FUZZ_TAG_FIRST + number, 0, bytes, length);
    if (rc == 0) {
        world.said.entries[world.said.count++] = (struct fuzz_entry){.length = length};
    }
}

/* Leaves what good clients sent as it is; of the others' it keeps some back and changes some. */
static llmp_hook_result hook(void *context, llmp_broker *broker, llmp_broker_message *message) {
    static const uint8_t own[] = "the hook's own";
    (void)context;
    (void)broker;
    if (message->client <= world.good[GOOD - 1].id) {
        return LLMP_HOOK_FORWARD;
    }
    uint32_t what = message->tag % 8;
    if (what == 1) {
        message->payload = own;
        message->length = sizeof own;
    } else if (what == 2) {
        message->tag = LLMP_TAG_END_OF_PAGE;
    } else if (what == 3) {
        message->length /= 2;
        message->client = 0;
    }
    return what == 0 ? LLMP_HOOK_HANDLED : LLMP_HOOK_FORWARD;
}

static void note(void *context, const llmp_broker_event *event) {
    (void)context;
    world.full = world.full || (event->type == LLMP_EVENT_MESSAGE_LOST && event->code == -ENOSPC && has(KEEPS_ALL));
}

static void new_broker(void) {
    llmp_broker_options options = {
        .provider = &fuzz_maps,
        .page_size = 512,
        .history = has(KEEPS_ALL) ? LLMP_HISTORY_ALL : 2 + (world.bundle.how[FIELD] & 3u),
        .slow_client_timeout_ns = LLMP_MILLISECONDS(50),
        .liveness_timeout_ns = LLMP_MILLISECONDS(100),
        .max_message = has(SMALL) ? 300 : 2048,
        .max_clients = 8,
        .on_event = note,
        .hook = has(HOOKS) ? hook : NULL,
    };
    int rc = llmp_broker_new(&options, &world.broker);
    FUZZ_CHECK(rc == 0, "%s", llmp_error_name(rc));
    (void)llmp_broker_take_id(world.broker); /* as with a listener: 0 is the broker's own name */
}

/* ---------------------------------------------------------------- hostile clients */

static uint64_t *current_of(int segment) {
    return (uint64_t *)(void *)(fuzz_maps_bytes(segment) + LC_PAGE_CURRENT_MSG_ID);
}

static int hostile_count(void) {
    int max = world.bundle.count < 3 ? world.bundle.count : 3;
    return max > 0 ? 1 + world.bundle.how[HOSTILE] % max : 0;
}

static void make_pages(void) {
    for (int i = 0; i < world.bundle.count; i++) {
        (void)fuzz_maps_put(world.bundle.pages[i].bytes, world.bundle.pages[i].size);
        if (has(DIES)) {
            fuzz_maps_orphan(i);
        }
    }
}

/* A hostile client's channel begins on a page of its own. With STEPWISE it publishes in two steps. */
static void register_hostile(int which) {
    int page = (world.bundle.how[START] + which) % world.bundle.count;
    llmp_shmem_desc channel = {.size = world.bundle.pages[page].size, .id = {{(char)('1' + page % 9)}}};
    llmp_shmem_desc ignored;
    world.newest[which] = 0;
    if (has(STEPWISE) && channel.size >= LC_PAGE_HEADER) {
        world.newest[which] = *current_of(page);
        *current_of(page) = world.bundle.how[VALUE] & 1u;
    }
    world.hostile[which] = llmp_broker_add_client(world.broker, &channel, &ignored);
}

static void second_step(int which) {
    int page = (world.bundle.how[START] + which) % world.bundle.count;
    if (world.newest[which] != 0) {
        *current_of(page) = world.newest[which];
        world.newest[which] = 0;
    }
}

/* Fields of the broadcast that no reader asks; whoever reads it can write to it. */
static void scribble_on_broadcast(void) {
    static const size_t fields[] = {LC_PAGE_SENDER_ID, LC_PAGE_SIZE_TOTAL, LC_PAGE_SIZE_USED, LC_PAGE_MAX_ALLOC};
    llmp_shmem_desc desc;
    llmp_broker_reserve(world.broker, &desc);
    llmp_broker_cancel_reservation(world.broker);
    int segment = fuzz_maps_find(desc.id.bytes);
    memset(fuzz_maps_bytes(segment) + fields[world.bundle.how[FIELD] >> 2 & 3u], world.bundle.how[VALUE], 4);
}

/* ---------------------------------------------------------------- rounds */

static void round_of_all(void) {
    (void)llmp_broker_run_once(world.broker);
    fuzz_clock_advance(LLMP_MILLISECONDS(10));
    for (int i = 0; i < GOOD; i++) {
        hear_all(&world.good[i]);
    }
    world.round++;
    catch_up();
}

static void run_rounds(void) {
    int rounds = 1 + world.bundle.how[ROUNDS] % 8;
    for (int i = 0; i < rounds && !world.full; i++) {
        for (int k = 0; k < GOOD; k++) {
            say(&world.good[k], (size_t)(world.bundle.how[LENGTH] + i) % 200);
        }
        if (i % 4 == 1) {
            broker_says((size_t)i);
        }
        if (i == rounds / 2) {
            for (int k = 0; k < hostile_count(); k++) {
                second_step(k);
            }
            if (has(REMOVES) && world.hostile[0] >= 0) {
                (void)llmp_broker_remove_client(world.broker, (uint32_t)world.hostile[0]);
            }
        }
        if (has(SCRIBBLES)) {
            scribble_on_broadcast();
        }
        round_of_all();
    }
}

/* Hostile clients go now, as far as they do: one whose pages lead round and round always has another message. */
static void settle(void) {
    for (int k = 0; k < hostile_count(); k++) {
        if (world.hostile[k] >= 0) {
            (void)llmp_broker_remove_client(world.broker, (uint32_t)world.hostile[k]);
        }
    }
    for (int rounds = 0; rounds < SETTLE_ROUNDS && !world.full && (rounds < 2 || !all_heard()); rounds++) {
        round_of_all();
    }
}

static void run(void) {
    new_broker();
    make_pages();
    for (int i = 0; i < GOOD; i++) {
        join(&world.good[i]);
    }
    put_to_sleep(world.bundle.how[ROUNDS] >> 3);
    for (int k = 0; k < hostile_count(); k++) {
        register_hostile(k);
    }
    run_rounds();
    settle();
    for (int i = 0; i < GOOD && !world.full; i++) {
        expect_all_heard(&world.good[i]);
    }
    for (int i = 0; i < GOOD; i++) {
        leave(&world.good[i]);
    }
    wake_for_good();
    llmp_broker_free(world.broker, has(LATE) ? 1 : LLMP_NOWAIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    world.bundle = fuzz_bundle_parse(data, size);
    world.said.count = 0;
    world.full = false;
    world.round = 0;
    fuzz_platform_begin();
    fuzz_maps_begin(fuzz_maps_salt(data, size));
    run();
    fuzz_maps_end();
    fuzz_platform_end();
    return 0;
}
