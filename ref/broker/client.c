/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A client (BROKER-1): a channel of its own that the broker reads, and a receiver of the broadcast. net/connect.c, or
 * the caller by llmp_broker_add_client(), exchanges the descriptions of the two.
 */
#include "broker/client.h"

#include <errno.h>
#include <stdlib.h>

#include "channel/receiver.h"
#include "channel/sender.h"
#include "channel/sender_watch.h"
#include "os/compat.h"
#include "os/os.h"

/* Time of one wait, and calls that receive messages, between two checks whether the broker has removed this client. */
#define CHECK_NS LLMP_MILLISECONDS(200)
#define CHECK_CALLS 64u

/* ------------------------------------------------------------------ beginning */

int llmp_client_check_options(const llmp_client_options *options) {
    bool zero = llmp_is_zero(options->reserved0, sizeof options->reserved0) &&
                llmp_is_zero(options->reserved, sizeof options->reserved);
    return zero ? 0 : -EINVAL;
}

static int open_broadcast(llmp_client *client, const llmp_shmem_desc *broadcast, llmp_receiver_options options) {
    options.pre_joined = true; /* TCP-2: the broker has joined the page on the client's behalf */
    options.provider = llmp_sender_provider(client->sender);
    return llmp_receiver_new(broadcast, &options, &client->receiver);
}

int llmp_client_attach(llmp_sender *sender, const llmp_shmem_desc *broadcast, uint32_t id,
                       const llmp_client_options *options, llmp_client **out) {
    const llmp_client_options chosen = options != NULL ? *options : (llmp_client_options){0};
    *out = NULL;
    int rc = llmp_client_check_options(&chosen);
    if (rc != 0) {
        return rc;
    }
    llmp_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return -ENOMEM;
    }
    *client = (llmp_client){.sender = sender, .id = id, .receive_own = chosen.receive_own};
    rc = open_broadcast(client, broadcast, chosen.receiver);
    if (rc != 0) {
        free(client);
        return rc;
    }
    llmp_sender_set_id(sender, id);
    llmp_sender_watch(sender);
    *out = client;
    return 0;
}

uint32_t llmp_client_id(const llmp_client *client) {
    return client->id;
}

llmp_sender *llmp_client_sender(llmp_client *client) {
    return client->sender;
}

llmp_receiver *llmp_client_receiver(llmp_client *client) {
    return client->receiver;
}

/* ------------------------------------------------------------------ sending */

int llmp_client_send(llmp_client *client, uint32_t tag, uint32_t flags, const void *payload, size_t length,
                     int64_t timeout_ns) {
    int rc = llmp_send(client->sender, tag, flags, payload, length, timeout_ns);
    return rc == 0 && llmp_sender_is_abandoned(client->sender) ? -LLMP_E_REMOVED : rc;
}

int64_t llmp_client_send_many(llmp_client *client, const llmp_message *messages, size_t count, int64_t timeout_ns) {
    int64_t sent = llmp_send_many(client->sender, messages, count, timeout_ns);
    return sent > 0 && llmp_sender_is_abandoned(client->sender) ? -LLMP_E_REMOVED : sent;
}

/* ------------------------------------------------------------------ receiving */

static bool is_own(const llmp_client *client, const llmp_message *message) {
    return message->sender == client->id;
}

/* Where a receive puts its messages. */
struct destination {
    llmp_message *messages;
    size_t max;
};

typedef int64_t receive_fn(llmp_client *client, struct destination to, struct llmp_deadline deadline);

/*
 * The result of a client whose channel the broker has left. A broker that ends sends EXITING before it leaves, so the
 * client receives once more: then there is a message, or the end, or the broker has removed this client.
 */
static int64_t recv_after_removal(llmp_client *client, receive_fn *receive, struct destination to) {
    int64_t result = receive(client, to, (struct llmp_deadline){LLMP_NOWAIT});
    return result == -EAGAIN ? -LLMP_E_REMOVED : result;
}

static bool is_waiting(int64_t result) {
    return result == -EAGAIN || result == -ETIMEDOUT;
}

/* Waits for a message, and notices meanwhile that the broker has removed this client. */
static int64_t recv_late(llmp_client *client, receive_fn *receive, struct destination to, int64_t timeout_ns) {
    const struct llmp_deadline deadline = llmp_deadline_in(timeout_ns);
    int64_t result = -EAGAIN;
    while (is_waiting(result) && !llmp_sender_is_abandoned(client->sender)) {
        if (llmp_deadline_passed(deadline)) {
            return timeout_ns == LLMP_NOWAIT ? -EAGAIN : -ETIMEDOUT;
        }
        result = receive(client, to, llmp_deadline_in(llmp_deadline_left(deadline, CHECK_NS)));
    }
    return is_waiting(result) ? recv_after_removal(client, receive, to) : result;
}

/* A client that always has messages to receive would never wait. */
static bool is_found_removed(llmp_client *client) {
    return ++client->received % CHECK_CALLS == 0 && llmp_sender_is_abandoned(client->sender);
}

/* The first try reads no clock: it is enough if a message is there. */
static inline int64_t recv_or_notice(llmp_client *client, receive_fn *receive, struct destination to,
                                     int64_t timeout_ns) {
    if (is_found_removed(client)) {
        return -LLMP_E_REMOVED;
    }
    int64_t result = receive(client, to, (struct llmp_deadline){LLMP_NOWAIT});
    return result == -EAGAIN ? recv_late(client, receive, to, timeout_ns) : result;
}

int llmp_client_recv_any(llmp_client *client, llmp_message *message, int64_t timeout_ns) {
    int rc = llmp_recv(client->receiver, message, timeout_ns);
    client->returned += rc == 0 && is_own(client, message);
    return rc;
}

/* Skips own messages, unless they are to be received. */
static int64_t recv_one(llmp_client *client, struct destination to, struct llmp_deadline deadline) {
    for (;;) {
        int rc = llmp_client_recv_any(client, to.messages, llmp_deadline_timeout(deadline));
        if (rc != 0 || client->receive_own || !is_own(client, to.messages)) {
            return rc;
        }
    }
}

int llmp_client_recv(llmp_client *client, llmp_message *message, int64_t timeout_ns) {
    return (int)recv_or_notice(client, recv_one, (struct destination){message, 1}, timeout_ns);
}

/* The first receive skips own messages without copying them; llmp_recv_copy() then receives the same message again. */
int llmp_client_recv_copy(llmp_client *client, llmp_message *message, void *buffer, size_t capacity,
                          int64_t timeout_ns) {
    int rc = llmp_client_recv(client, message, timeout_ns);
    if (rc != 0) {
        return rc;
    }
    bool own = is_own(client, message);
    llmp_receiver_unread(client->receiver);
    rc = llmp_recv_copy(client->receiver, message, buffer, capacity, LLMP_NOWAIT);
    client->returned -= rc != 0 && own; /* it stays on the broadcast, and is counted when it is received */
    return rc;
}

/* Moves the messages that are to be received to the front. Returns how many there are. */
static int64_t drop_own(llmp_client *client, llmp_message *messages, int64_t count) {
    int64_t kept = 0;
    for (int64_t i = 0; i < count; i++) {
        bool own = is_own(client, &messages[i]);
        client->returned += own;
        if (client->receive_own || !own) {
            messages[kept++] = messages[i];
        }
    }
    return kept;
}

static int64_t recv_many(llmp_client *client, struct destination to, struct llmp_deadline deadline) {
    for (;;) {
        int64_t count = llmp_recv_many(client->receiver, to.messages, to.max, llmp_deadline_timeout(deadline));
        if (count <= 0) {
            return count;
        }
        count = drop_own(client, to.messages, count);
        if (count > 0) {
            return count;
        }
    }
}

int64_t llmp_client_recv_many(llmp_client *client, llmp_message *messages, size_t max, int64_t timeout_ns) {
    return recv_or_notice(client, recv_many, (struct destination){messages, max}, timeout_ns);
}
