/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "broker_rig.h"

#include <errno.h>
#include <string.h>

#include "channel/sender.h"

struct rig_events rig_events;

static void note(void *context, const llmp_broker_event *event) {
    (void)context;
    if (rig_events.count < 64) {
        rig_events.items[rig_events.count++] = *event;
    }
}

int rig_count_of(llmp_broker_event_type type, int code) {
    int count = 0;
    for (int i = 0; i < rig_events.count; i++) {
        count += rig_events.items[i].type == type && rig_events.items[i].code == code;
    }
    return count;
}

llmp_broker *rig_new_broker(llmp_broker_options options) {
    rig_events.count = 0;
    options.provider = options.provider != NULL ? options.provider : llmp_shmem_provider_find("sysv");
    options.on_event = note;
    llmp_broker *broker;
    assert_ok(llmp_broker_new(&options, &broker));
    return broker;
}

llmp_receiver *rig_open_broadcast(const llmp_shmem_desc *desc) {
    llmp_receiver_options options = {.provider = llmp_shmem_provider_find("sysv"), .pre_joined = true};
    llmp_receiver *receiver;
    assert_ok(llmp_receiver_new(desc, &options, &receiver));
    return receiver;
}

struct rig_member rig_join(llmp_broker *broker) {
    struct rig_member member = {.tx = test_sender((llmp_sender_options){.page_size = TEST_MAP})};
    llmp_shmem_desc channel = llmp_sender_describe(member.tx);
    llmp_shmem_desc broadcast;
    int64_t id = llmp_broker_add_client(broker, &channel, &broadcast);
    assert_true(id >= 0);
    member.id = (uint32_t)id;
    llmp_sender_set_id(member.tx, member.id);
    member.rx = rig_open_broadcast(&broadcast);
    return member;
}

void rig_go(struct rig_member *member) {
    llmp_receiver_free(member->rx);
    (void)llmp_sender_free(member->tx, LLMP_NOWAIT);
}

void rig_settle(llmp_broker *broker) {
    for (int quiet = 0; quiet < 50; quiet++) {
        if (llmp_broker_run_once(broker) != 0) {
            quiet = 0;
        }
    }
}

llmp_broker_stats rig_stats_of(const llmp_broker *broker) {
    llmp_broker_stats stats;
    llmp_broker_stats_get(broker, &stats, sizeof stats);
    return stats;
}

void rig_expect_text(llmp_receiver *rx, uint32_t sender, uint32_t tag, const char *text) {
    llmp_message message;
    assert_ok(llmp_recv(rx, &message, LLMP_NOWAIT));
    assert_int_equal(message.sender, sender);
    assert_int_equal(message.tag, tag);
    assert_int_equal(message.length, strlen(text));
    assert_memory_equal(message.payload, text, message.length);
}

void rig_expect_nothing(llmp_receiver *rx) {
    llmp_message message;
    assert_rc(llmp_recv(rx, &message, LLMP_NOWAIT), -EAGAIN);
}
