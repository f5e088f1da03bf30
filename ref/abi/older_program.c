/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A program that test_abi.sh builds against the headers of an older release (older.py) and runs with today's library.
 * Every struct that the library writes lies between guard bytes: they must not change. Every option that the program
 * sets must have the same effect. Prints each violation and returns 1 if there was one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <llmp/llmp.h>

#define GUARD 0xA5
#define PAGE ((size_t)16 << 10)

/* A value between two guards, all of it filled with GUARD. */
#define GUARDED(type)                                                                                                  \
    struct {                                                                                                           \
        unsigned char before[256];                                                                                     \
        type value;                                                                                                    \
        unsigned char after[256];                                                                                      \
    }
#define FILL(guarded) memset(&(guarded), GUARD, sizeof(guarded))
#define INTACT(guarded)                                                                                                \
    (is_filled((guarded).before, sizeof(guarded).before) && is_filled((guarded).after, sizeof(guarded).after))

#define CHECK(condition) check(condition, #condition, __LINE__)

typedef llmp_message four_messages[4];

static int violations;

static void check(bool holds, const char *condition, int line) {
    if (!holds) {
        printf("line %d: %s\n", line, condition);
        violations++;
    }
}

static bool is_filled(const unsigned char *bytes, size_t size) {
    size_t same = 0;
    while (same < size && bytes[same] == GUARD) {
        same++;
    }
    return same == size;
}

/* ------------------------------------------------------------------ channel */

static void check_sender_stats(const llmp_sender *sender, uint64_t messages) {
    GUARDED(llmp_sender_stats) stats;
    FILL(stats);
    llmp_sender_stats_get(sender, &stats.value, sizeof stats.value);
    CHECK(INTACT(stats));
    CHECK(stats.value.messages == messages);
}

static void check_receiver_stats(const llmp_receiver *receiver, uint64_t messages) {
    GUARDED(llmp_receiver_stats) stats;
    FILL(stats);
    llmp_receiver_stats_get(receiver, &stats.value, sizeof stats.value);
    CHECK(INTACT(stats));
    CHECK(stats.value.messages == messages);
}

static void check_messages(llmp_sender *sender, llmp_receiver *receiver) {
    GUARDED(llmp_message) one;
    GUARDED(llmp_message) copied;
    GUARDED(four_messages) many;
    char buffer[8];
    FILL(one);
    FILL(copied);
    FILL(many);
    for (uint32_t tag = 1; tag <= 4; tag++) {
        CHECK(llmp_send(sender, tag, LLMP_FLAG_FROM_B2B, "hello", 5, LLMP_NOWAIT) == 0);
    }
    CHECK(llmp_recv(receiver, &one.value, LLMP_NOWAIT) == 0 && INTACT(one));
    CHECK(one.value.tag == 1 && one.value.sender == 7 && one.value.flags == LLMP_FLAG_FROM_B2B);
    CHECK(one.value.length == 5 && memcmp(one.value.payload, "hello", 5) == 0);
    CHECK(llmp_recv_copy(receiver, &copied.value, buffer, sizeof buffer, LLMP_NOWAIT) == 0 && INTACT(copied));
    CHECK(copied.value.tag == 2 && copied.value.payload == buffer);
    CHECK(llmp_recv_many(receiver, many.value, 4, LLMP_NOWAIT) == 2 && INTACT(many));
    CHECK(many.value[0].tag == 3 && many.value[1].tag == 4);
}

/* max_pages bounds what can be sent to a receiver that does not read. */
static void check_bound(llmp_sender *sender) {
    static const char payload[1000];
    int rc = 0;
    size_t sent = 0;
    while (rc == 0 && sent < 1000) {
        rc = llmp_send(sender, 5, 0, payload, sizeof payload, LLMP_NOWAIT);
        sent += rc == 0 ? 1 : 0;
    }
    CHECK(rc == -EAGAIN);
    CHECK(sent > 2 * PAGE / 1100 && sent < 3 * PAGE / 1000);
}

static void check_channel(void) {
    llmp_sender_options options = {.page_size = PAGE, .sender_id = 7, .max_pages = 3, .max_message = 1000};
    llmp_receiver_options reading = {.max_page_size = PAGE, .max_mapped_pages = 4, .coalesce_messages = 1};
    GUARDED(llmp_shmem_desc) desc;
    llmp_sender *sender;
    llmp_receiver *receiver;
    FILL(desc);
    CHECK(llmp_sender_new(&options, &sender) == 0);
    desc.value = llmp_sender_describe(sender);
    CHECK(INTACT(desc) && desc.value.size == PAGE);
    CHECK(llmp_receiver_new(&desc.value, &reading, &receiver) == 0);
    CHECK(llmp_send(sender, 1, 0, "", 1001, LLMP_NOWAIT) == -LLMP_E_TOO_LARGE);
    check_messages(sender, receiver);
    check_sender_stats(sender, 4);
    check_receiver_stats(receiver, 4);
    FILL(desc);
    llmp_sender_add_receiver(sender, &desc.value);
    CHECK(INTACT(desc));
    check_bound(sender);
    llmp_receiver_free(receiver);
    CHECK(llmp_sender_free(sender, LLMP_NOWAIT) == 0);
}

/* ------------------------------------------------------------------ broker and client */

static llmp_client *attach(llmp_broker *broker, int64_t *id) {
    llmp_client_options options = {.sender = {.page_size = PAGE}};
    GUARDED(llmp_shmem_desc) broadcast;
    llmp_sender *sender;
    llmp_client *client = NULL;
    FILL(broadcast);
    CHECK(llmp_sender_new(&options.sender, &sender) == 0);
    llmp_shmem_desc channel = llmp_sender_describe(sender);
    *id = llmp_broker_add_client(broker, &channel, &broadcast.value);
    CHECK(INTACT(broadcast));
    if (*id >= 0) {
        CHECK(llmp_client_attach(sender, &broadcast.value, (uint32_t)*id, &options, &client) == 0);
    } else {
        CHECK(llmp_sender_free(sender, LLMP_NOWAIT) == 0);
    }
    return client;
}

static llmp_hook_result count(void *context, llmp_broker *broker, llmp_broker_message *message) {
    (void)broker;
    *(uint32_t *)context += message->tag;
    return LLMP_HOOK_FORWARD;
}

static void check_broker_stats(const llmp_broker *broker) {
    GUARDED(llmp_broker_stats) stats;
    FILL(stats);
    llmp_broker_stats_get(broker, &stats.value, sizeof stats.value);
    CHECK(INTACT(stats));
    CHECK(stats.value.clients_joined == 2 && stats.value.clients_now == 2 && stats.value.forwarded == 1);
}

static void check_broker(void) {
    uint32_t tags = 0;
    llmp_broker_options options = {.page_size = PAGE, .max_clients = 2, .hook = count, .hook_context = &tags};
    GUARDED(llmp_message) received;
    llmp_broker *broker;
    int64_t id, other, refused;
    FILL(received);
    CHECK(llmp_broker_new(&options, &broker) == 0);
    CHECK(llmp_broker_describe(broker).size == PAGE);
    llmp_client *sending = attach(broker, &id), *reading = attach(broker, &other);
    CHECK(attach(broker, &refused) == NULL && refused == -LLMP_E_CLIENTS_FULL);
    CHECK(llmp_client_send(sending, 9, 0, "hello", 5, LLMP_NOWAIT) == 0);
    CHECK(llmp_broker_run_once(broker) == 1 && tags == 9);
    CHECK(llmp_client_recv(reading, &received.value, LLMP_NOWAIT) == 0 && INTACT(received));
    CHECK(received.value.tag == 9 && received.value.sender == (uint32_t)id);
    CHECK(llmp_client_recv(sending, &received.value, LLMP_NOWAIT) == -EAGAIN && INTACT(received));
    check_broker_stats(broker);
    (void)llmp_client_free(sending, LLMP_NOWAIT);
    (void)llmp_client_free(reading, LLMP_NOWAIT);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

int main(void) {
    check_channel();
    check_broker();
    return violations == 0 ? 0 : 1;
}
