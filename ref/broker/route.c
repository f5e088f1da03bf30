/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "broker/route.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/clients.h"
#include "broker/events.h"
#include "broker/liveness.h"
#include "broker/parts.h"
#include "broker/slow_clients.h"
#include "broker/state.h"
#include "channel/page.h"
#include "channel/receiver.h"
#include "channel/sender.h"
#include "channel/shortage.h"
#include "os/os.h"

/* Messages that are read of one client before the next client gets its turn. */
#define QUANTUM 256u
/* Pages that are turned for one client before the next one gets its turn, because pages may have few messages. */
#define QUANTUM_PAGES 16u
/* CLIENT_EXIT: u32 client id, four bytes of padding (BROKER-4). */
#define CLIENT_EXIT_PAYLOAD 8u

/* ---------------------------------------------------------------- out */

/* BROKER-3, BROKER-8: exactly `length` bytes are copied, and padded for the slot that they are written to. */
int llmp_route_broadcast(llmp_broker *broker, const void *from, const llmp_broker_message *message) {
    void *room;
    int rc = llmp_slow_clients_alloc(broker, message->length, &room);
    if (rc != 0) {
        return rc;
    }
    if (message->length != 0) {
        memcpy(room, message->payload, message->length);
    }
    rc = llmp_sender_commit_as(broker->broadcast, message->client, message->tag, message->flags);
    broker->forwarded += rc == 0;
    if (rc == 0 && broker->observers > 0) {
        llmp_parts_notify(broker, from, message);
    }
    return rc;
}

/*
 * Returns true if a shortage has to be waited for. It is back-pressure, as a slow client is. But a message that needs a
 * larger page than the broadcast has may be too large for the machine, and must not block the others for ever.
 */
static bool waits_for_memory(llmp_broker *broker, const llmp_broker_message *message, int rc) {
    llmp_broker_report_shortage(broker, 0, rc);
    bool expired = llmp_slow_clients_timeout_expired(broker);
    return !expired || !(broker->finishing || llmp_sender_needs_larger_page(broker->broadcast, message->length));
}

/* Returns true if the message has to be sent again later. If it is lost, reports that. */
static bool must_retry(llmp_broker *broker, const void *from, const llmp_broker_message *message) {
    int rc = llmp_route_broadcast(broker, from, message);
    bool retry = rc == -EAGAIN || (llmp_is_shortage(rc) && waits_for_memory(broker, message, rc));
    if (rc != 0 && !retry) {
        llmp_broker_report(broker, LLMP_EVENT_MESSAGE_LOST, message->client, rc);
    }
    return retry;
}

static void send_or_keep(llmp_broker *broker, const void *from, const llmp_broker_message *message) {
    if (must_retry(broker, from, message)) {
        broker->pending = *message;
        broker->pending_from = from;
        broker->has_pending = true;
    }
}

static void send_pending(llmp_broker *broker) {
    broker->has_pending = broker->has_pending && must_retry(broker, broker->pending_from, &broker->pending);
}

void llmp_route_exit(llmp_broker *broker) {
    if (!broker->exited) {
        (void)llmp_sender_exit(broker->broadcast, LLMP_NOWAIT);
        broker->exited = true;
    }
}

/* ---------------------------------------------------------------- hooks */

static int copy_to_scratch(llmp_broker *broker, const void *payload, size_t length) {
    if (length > broker->scratch_size) {
        void *scratch = realloc(broker->scratch, length);
        if (scratch == NULL) {
            return -ENOMEM;
        }
        broker->scratch = scratch;
        broker->scratch_size = length;
    }
    if (length != 0) {
        memcpy(broker->scratch, payload, length);
    }
    return 0;
}

/* Calls the hook, if there is one. Returns true if the message, which the hook may have changed, is to be forwarded. */
static bool passes_hook(llmp_broker *broker, llmp_broker_message *message) {
    if (broker->options.hook == NULL) {
        return true;
    }
    uint32_t client = message->client;
    llmp_hook_result result = broker->options.hook(broker->options.hook_context, broker, message);
    message->client = client;
    bool forward = result != LLMP_HOOK_HANDLED && !llmp_tag_is_reserved(message->tag);
    broker->handled += !forward;
    return forward;
}

/* Without a hook, a client's payload is forwarded from the client's page, where it stays while the message is
 * pending, because no client is read meanwhile. */
static int forward(llmp_broker *broker, const void *from, llmp_broker_message *message) {
    if (broker->options.hook != NULL || from != NULL) {
        int rc = copy_to_scratch(broker, message->payload, message->length);
        if (rc != 0) {
            return rc;
        }
        message->payload = broker->scratch;
    }
    if (passes_hook(broker, message)) {
        send_or_keep(broker, from, message);
    }
    return 0;
}

/* The pending message first: its payload may be in `scratch`, and a part that forwards must not wait for clients
 * that keep the broadcast full. */
int llmp_broker_forward(llmp_broker *broker, const void *from, const llmp_broker_message *message) {
    if (llmp_tag_is_reserved(message->tag)) {
        return -LLMP_E_TAG_RESERVED;
    }
    if (message->length > broker->options.max_message) {
        return -LLMP_E_TOO_LARGE;
    }
    if (broker->exited) {
        return -LLMP_E_CLOSED;
    }
    send_pending(broker);
    if (broker->has_pending) {
        return -EAGAIN;
    }
    llmp_broker_message copy = *message;
    return forward(broker, from, &copy);
}

/* ---------------------------------------------------------------- the protocol's own messages (BROKER-4) */

static int add_shm_client(llmp_broker *broker, const struct llmp_broker_client *sponsor, const llmp_message *message) {
    if (message->length != LLMP_EOP_PAYLOAD) {
        return -LLMP_E_EOP_LENGTH;
    }
    llmp_shmem_desc channel;
    llmp_eop_read(message->payload, &channel);
    int64_t id = llmp_clients_add_sponsored(broker, sponsor, &channel);
    if (llmp_is_shortage((int)id)) {
        return (int)id;
    }
    if (id < 0) {
        llmp_broker_report(broker, LLMP_EVENT_PEER_REFUSED, sponsor->id, (int)id);
    }
    return 0;
}

static int client_exit(struct llmp_broker_client *client, const llmp_message *message) {
    uint32_t id;
    if (message->length != CLIENT_EXIT_PAYLOAD) {
        return -LLMP_E_MSG_LENGTH;
    }
    memcpy(&id, message->payload, sizeof id);
    return id == client->id ? -LLMP_E_CLOSED : -LLMP_E_CLIENT_FORGED;
}

static int control(llmp_broker *broker, struct llmp_broker_client *client, const llmp_message *message) {
    switch (message->tag) {
    case LLMP_TAG_NEW_SHM_CLIENT: return add_shm_client(broker, client, message);
    case LLMP_TAG_CLIENT_EXIT: return client_exit(client, message);
    default: /* SLOW_RECEIVER: a sender reports on a receiver of its own channel */ return 0;
    }
}

/* ---------------------------------------------------------------- in */

/* BROKER-9: the forwarded message names the client whose channel it came from, not the sender that stands in it. */
static int handle(llmp_broker *broker, struct llmp_broker_client *client, const llmp_message *message) {
    if (llmp_tag_is_reserved(message->tag)) {
        return control(broker, client, message);
    }
    if (message->length > broker->options.max_message) {
        return -LLMP_E_TOO_LARGE;
    }
    llmp_broker_message routed = {
        .client = client->id,
        .tag = message->tag,
        .flags = message->flags,
        .payload = message->payload,
        .length = message->length,
    };
    return forward(broker, NULL, &routed);
}

/* The last messages are read without coalescing, which could leave some unread; but during a shortage, polling limits
 * the attempts. */
static int read_one(const llmp_broker *broker, struct llmp_broker_client *client, llmp_message *message) {
    bool last = (client->leaving || broker->finishing) && llmp_receiver_shortage(client->channel) == 0;
    return last ? llmp_recv(client->channel, message, LLMP_NOWAIT) : llmp_receiver_poll(client->channel, message);
}

static int leaving_result(const struct llmp_broker_client *client) {
    return client->leaving_code != 0 ? client->leaving_code : -LLMP_E_CLOSED;
}

static void wait_for_shortage(llmp_broker *broker, const struct llmp_broker_client *client, int rc) {
    broker->client_waits = true;
    llmp_broker_report_shortage(broker, client->id, rc);
}

/* There is no message. Returns 0, or the code that ends a client of which all was read. */
static int end_of_messages(llmp_broker *broker, const struct llmp_broker_client *client) {
    int shortage = llmp_receiver_shortage(client->channel);
    if (shortage != 0) {
        wait_for_shortage(broker, client, shortage);
        return 0;
    }
    return client->leaving ? leaving_result(client) : 0;
}

/* As handle(). A message that cannot be handled for a shortage stays the client's next one. */
static int handle_or_unread(llmp_broker *broker, struct llmp_broker_client *client, const llmp_message *message) {
    int rc = handle(broker, client, message);
    if (llmp_is_shortage(rc)) {
        llmp_receiver_unread(client->channel);
        wait_for_shortage(broker, client, rc);
        return -EAGAIN;
    }
    return rc;
}

/* Reads up to a quantum. Returns 0, or the code that ends this client: -LLMP_E_CLOSED if it left. */
static int read_quantum(llmp_broker *broker, struct llmp_broker_client *client, uint32_t *count) {
    const uint64_t begun_at = llmp_receiver_pages_turned(client->channel);
    for (uint32_t i = 0; i < QUANTUM && !broker->has_pending; i++) {
        if (llmp_receiver_pages_turned(client->channel) - begun_at >= QUANTUM_PAGES) {
            return 0;
        }
        llmp_message message;
        int rc = read_one(broker, client, &message);
        if (rc == -EAGAIN) {
            return end_of_messages(broker, client);
        }
        if (rc == 0) {
            rc = handle_or_unread(broker, client, &message);
            *count += rc != -EAGAIN;
        }
        if (rc != 0) {
            return rc == -EAGAIN ? 0 : rc;
        }
    }
    return 0;
}

/*
 * A leaving client's messages may never end: its pages can form a ring, and its sender can go on. Therefore the time is
 * bounded. Only the time of reading counts: time in which a slow client blocks forwarding is not the leaving client's.
 */
static int read_leaving(llmp_broker *broker, struct llmp_broker_client *client, uint32_t *count) {
    if (client->drain_ns >= LLMP_DRAIN_NS) {
        return leaving_result(client);
    }
    int64_t begun = llmp_os_now();
    int rc = read_quantum(broker, client, count);
    client->drain_ns += llmp_os_now() - begun;
    return rc;
}

static int read_client(llmp_broker *broker, struct llmp_broker_client *client, uint32_t *count) {
    return client->leaving ? read_leaving(broker, client, count) : read_quantum(broker, client, count);
}

/*
 * Clients that register during a round stand behind all others and are read from the next round on: a channel that
 * registers itself and then breaks would be registered again at once, and the round would never end.
 */
uint32_t llmp_route_round(llmp_broker *broker) {
    uint32_t count = 0;
    uint32_t i = 0;
    uint32_t end = broker->count;
    broker->client_waits = false;
    send_pending(broker);
    while (i < end && !broker->has_pending) {
        int rc = read_client(broker, broker->clients[i], &count);
        if (rc == 0) {
            i++;
        } else {
            llmp_liveness_remove_client(broker, i, rc == -LLMP_E_CLOSED ? 0 : rc);
            end--;
        }
    }
    return count;
}
