/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How a message gets from one client to all of them.
 *
 * Read from the client's channel, shown to the hook, written once to the broadcast channel. Where that channel is full
 * of pages that some client has yet to read, the message waits, and so does everybody: that is the back-pressure. It
 * ends after slow_client_timeout_ns, when the oldest page is given up.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/broker_internal.h"
#include "channel/page.h"
#include "channel/pages.h"
#include "channel/receiver.h"
#include "channel/sender.h"
#include "os/os.h"

/* So many messages of one client in a row, so that the others get their turn. */
#define QUANTUM 256u
/* CLIENT_EXIT: u32 client id, four bytes of padding (BROKER-4). */
#define CLIENT_EXIT_PAYLOAD 8u

/* ---------------------------------------------------------------- out */

/* Whether the broadcast has taken nothing for so long that somebody has to lose. */
static bool slow_timeout_expired(llmp_broker *broker) {
    int64_t now = llmp_os_now();
    if (broker->blocked_since == 0) {
        broker->blocked_since = now;
    }
    return now - broker->blocked_since >= broker->options.slow_client_timeout_ns;
}

/*
 * Whether the time has come to go on without the slow ones. Gives the oldest page up if so.
 *
 * After a cut as many as were missing are given up: pages that only they have yet to read go at once. As long as more
 * are missing than that, somebody else is still reading, and is waited for as anybody is.
 */
static bool evict_for_slow_client(llmp_broker *broker) {
    bool waited = slow_timeout_expired(broker);
    int64_t missing = llmp_sender_outstanding(broker->broadcast);
    if (missing > broker->written_off && !waited) {
        return false;
    }
    if (llmp_sender_evict_oldest(broker->broadcast) != 0) {
        return false;
    }
    broker->written_off = missing;
    llmp_broker_report(broker, LLMP_EVENT_OVERRUN, 0, -ETIMEDOUT);
    return true;
}

static uint64_t pages_turned(const llmp_broker *broker) {
    llmp_sender_stats stats;
    llmp_sender_stats_get(broker->broadcast, &stats, sizeof stats);
    return stats.pages_turned;
}

/* A page that everybody left in time says that they all keep up again. */
static void note_progress(llmp_broker *broker, bool evicted) {
    broker->blocked_since = 0;
    if (evicted) {
        broker->evicted_at_turn = pages_turned(broker);
    } else if (broker->written_off != LLMP_NONE_WRITTEN_OFF && pages_turned(broker) > broker->evicted_at_turn) {
        broker->written_off = LLMP_NONE_WRITTEN_OFF;
    }
}

static int allocate(llmp_broker *broker, size_t length, void **room) {
    int rc = llmp_sender_alloc(broker->broadcast, length, LLMP_NOWAIT, room);
    bool evicted = false;
    while (rc == -EAGAIN && evict_for_slow_client(broker)) {
        evicted = true;
        rc = llmp_sender_alloc(broker->broadcast, length, LLMP_NOWAIT, room);
    }
    if (rc == 0) {
        note_progress(broker, evicted);
    }
    return rc;
}

/* BROKER-3, without its quirks: exactly buf_len bytes are copied, and padded for the slot that they land in. */
int llmp_route_out(llmp_broker *broker, const struct llmp_broker_pending *message) {
    void *room;
    int rc = allocate(broker, message->length, &room);
    if (rc != 0) {
        return rc;
    }
    if (message->length != 0) {
        memcpy(room, message->payload, message->length);
    }
    rc = llmp_sender_commit_as(broker->broadcast, message->sender, message->tag, message->flags);
    broker->forwarded += rc == 0;
    return rc;
}

static void send_pending(llmp_broker *broker) {
    int rc = llmp_route_out(broker, &broker->pending);
    broker->pending.is = rc == -EAGAIN || (llmp_is_shortage(rc) && !slow_timeout_expired(broker));
    if (rc != 0 && !broker->pending.is) {
        llmp_broker_report(broker, LLMP_EVENT_MESSAGE_LOST, broker->pending.sender, rc);
    }
}

void llmp_route_exit(llmp_broker *broker) {
    while (!broker->exited) {
        int rc = llmp_sender_exit(broker->broadcast, LLMP_NOWAIT);
        broker->exited = rc != -EAGAIN || llmp_sender_evict_oldest(broker->broadcast) != 0;
    }
}

/* ---------------------------------------------------------------- hooks */

static int copy_to_scratch(llmp_broker *broker, const llmp_message *message) {
    if (message->length > broker->scratch_size) {
        void *scratch = realloc(broker->scratch, message->length);
        if (scratch == NULL) {
            return -ENOMEM;
        }
        broker->scratch = scratch;
        broker->scratch_size = message->length;
    }
    if (message->length != 0) {
        memcpy(broker->scratch, message->payload, message->length);
    }
    return 0;
}

/* Fills in what is to go out; false when the hook keeps the message. */
static bool passes_hook(llmp_broker *broker, const struct llmp_broker_client *client, const llmp_message *message) {
    llmp_broker_message routed = {
        .client = client->id,
        .tag = message->tag,
        .flags = message->flags,
        .payload = message->payload,
        .length = message->length,
    };
    if (broker->options.hook != NULL) {
        routed.payload = broker->scratch;
        if (broker->options.hook(broker->options.hook_context, broker, &routed) == LLMP_HOOK_HANDLED ||
            llmp_tag_is_reserved(routed.tag)) {
            broker->handled++;
            return false;
        }
    }
    broker->pending = (struct llmp_broker_pending){
        .is = true,
        .sender = client->id, /* of the channel that it came from, whatever the message says */
        .tag = routed.tag,
        .flags = routed.flags,
        .payload = routed.payload,
        .length = routed.length,
    };
    return true;
}

/* ---------------------------------------------------------------- the protocol's own messages (BROKER-4) */

static int add_shm_client(llmp_broker *broker, const llmp_message *message) {
    if (message->length != LLMP_EOP_PAYLOAD) {
        return -LLMP_E_EOP_LENGTH;
    }
    llmp_shmem_desc channel;
    llmp_shmem_desc ignored;
    llmp_eop_read(message->payload, &channel);
    int64_t id = llmp_broker_add_client(broker, &channel, &ignored);
    if (id < 0) {
        llmp_broker_report(broker, LLMP_EVENT_PEER_REFUSED, 0, (int)id);
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
    case LLMP_TAG_NEW_SHM_CLIENT: return add_shm_client(broker, message);
    case LLMP_TAG_CLIENT_EXIT: return client_exit(client, message);
    default: /* SLOW_RECEIVER: a sender's complaint that means nothing to the other clients */ return 0;
    }
}

/* ---------------------------------------------------------------- in */

static int handle(llmp_broker *broker, struct llmp_broker_client *client, const llmp_message *message) {
    if (llmp_tag_is_reserved(message->tag)) {
        return control(broker, client, message);
    }
    if (message->length > broker->options.max_message) {
        return -LLMP_E_TOO_LARGE;
    }
    int rc = broker->options.hook != NULL ? copy_to_scratch(broker, message) : 0;
    if (rc == 0 && passes_hook(broker, client, message)) {
        send_pending(broker);
    }
    return rc;
}

/* What is to be read to its end is read without waiting for batches. */
static int read_one(const llmp_broker *broker, struct llmp_broker_client *client, llmp_message *message) {
    bool to_the_end = client->leaving || broker->finishing;
    return to_the_end ? llmp_recv(client->channel, message, LLMP_NOWAIT) : llmp_receiver_poll(client->channel, message);
}

static int leaving_result(const struct llmp_broker_client *client) {
    return client->leaving_code != 0 ? client->leaving_code : -LLMP_E_CLOSED;
}

/* Reads up to a quantum. Returns 0, or the code that ends this client: -LLMP_E_CLOSED for a good end. */
static int read_quantum(llmp_broker *broker, struct llmp_broker_client *client, uint32_t *count) {
    for (uint32_t i = 0; i < QUANTUM && !broker->pending.is; i++) {
        llmp_message message;
        int rc = read_one(broker, client, &message);
        if (rc == -EAGAIN) {
            return client->leaving ? leaving_result(client) : 0;
        }
        if (rc == 0) {
            (*count)++;
            rc = handle(broker, client, &message);
        }
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/*
 * Who has to leave is read to the end, and the end may never come: pages can form a ring, and a sender can go on. Only
 * the time of reading counts; a slow client that everybody waits for costs nobody its last words.
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
 * Those who come in this round stand behind all others, and wait for the next: a channel that registers itself and then
 * breaks would come back at once, and the round would never end.
 */
uint32_t llmp_route_all(llmp_broker *broker) {
    uint32_t count = 0;
    if (broker->pending.is) {
        send_pending(broker);
    }
    uint32_t i = 0;
    uint32_t end = broker->count;
    while (i < end && !broker->pending.is) {
        int rc = read_client(broker, broker->clients[i], &count);
        if (rc == 0) {
            i++;
        } else {
            llmp_clients_remove(broker, i, rc == -LLMP_E_CLOSED ? 0 : rc);
            end--;
        }
    }
    return count;
}
