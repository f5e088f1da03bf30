/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "broker_rig.h"

#include <errno.h>
#include <string.h>

#include "channel/sender.h"

#define IDLE_ROUNDS 50

struct rig_events rig_events;

static void record_event(void *context, const llmp_broker_event *event) {
    (void)context;
    if (rig_events.count < 64) {
        rig_events.items[rig_events.count++] = *event;
    }
}

int rig_event_count(llmp_broker_event_type type, int code) {
    int count = 0;
    for (int i = 0; i < rig_events.count; i++) {
        bool counts = rig_events.items[i].type == type && rig_events.items[i].code == code;
        count += counts ? (int)rig_events.items[i].count : 0;
    }
    return count;
}

int rig_overruns(llmp_broker *broker) {
    llmp_events_flush(broker);
    return rig_event_count(LLMP_EVENT_OVERRUN, -ETIMEDOUT);
}

llmp_broker *rig_broker_new(llmp_broker_options options) {
    rig_events.count = 0;
    options.provider = options.provider != NULL ? options.provider : llmp_shmem_provider_find("sysv");
    options.on_event = record_event;
    llmp_broker *broker;
    assert_ok(llmp_broker_new(&options, &broker));
    return broker;
}

static llmp_receiver *open_broadcast(const llmp_shmem_desc *desc) {
    llmp_receiver_options options = {.provider = llmp_shmem_provider_find("sysv"), .pre_joined = true};
    llmp_receiver *receiver;
    assert_ok(llmp_receiver_new(desc, &options, &receiver));
    return receiver;
}

struct rig_client rig_add_client_with(llmp_broker *broker, llmp_sender_options options) {
    struct rig_client client = {.tx = test_sender(options)};
    llmp_shmem_desc channel = llmp_sender_describe(client.tx);
    llmp_shmem_desc broadcast;
    int64_t id = llmp_broker_add_client(broker, &channel, &broadcast);
    assert_true(id >= 0);
    client.id = (uint32_t)id;
    llmp_sender_set_id(client.tx, client.id);
    client.rx = open_broadcast(&broadcast);
    return client;
}

struct rig_client rig_add_client(llmp_broker *broker) {
    return rig_add_client_with(broker, (llmp_sender_options){.page_size = TEST_MAP});
}

void rig_client_free(struct rig_client *client) {
    llmp_receiver_free(client->rx);
    (void)llmp_sender_free(client->tx, LLMP_NOWAIT);
}

void rig_free_all(llmp_broker *broker, struct rig_client *clients, size_t count) {
    for (size_t i = 0; i < count; i++) {
        rig_client_free(&clients[i]);
    }
    llmp_broker_free(broker, LLMP_NOWAIT);
}

void rig_run_until_idle(llmp_broker *broker) {
    for (int idle = 0; idle < IDLE_ROUNDS; idle++) {
        if (llmp_broker_run_once(broker) != 0) {
            idle = 0;
        }
    }
}

llmp_broker_stats rig_stats(const llmp_broker *broker) {
    llmp_broker_stats stats;
    llmp_broker_stats_get(broker, &stats, sizeof stats);
    return stats;
}

void rig_send_text(llmp_broker *broker, const struct rig_client *client, uint32_t tag, const char *text) {
    assert_ok(llmp_send(client->tx, tag, 0, text, strlen(text), LLMP_NOWAIT));
    rig_run_until_idle(broker);
}

void rig_expect_text(llmp_receiver *rx, uint32_t sender, uint32_t tag, const char *text) {
    llmp_message message;
    assert_ok(llmp_recv(rx, &message, LLMP_NOWAIT));
    assert_int_equal(message.sender, sender);
    assert_int_equal(message.tag, tag);
    assert_int_equal(message.length, strlen(text));
    assert_memory_equal(message.payload, text, message.length);
}

void rig_expect_none(llmp_receiver *rx) {
    llmp_message message;
    assert_rc(llmp_recv(rx, &message, LLMP_NOWAIT), -EAGAIN);
}

void rig_expect_closed(llmp_receiver *rx) {
    llmp_message message;
    assert_rc(llmp_recv(rx, &message, LLMP_NOWAIT), -LLMP_E_CLOSED);
}
