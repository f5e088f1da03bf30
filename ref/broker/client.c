/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A client (BROKER-1): a channel of its own that the broker reads, and a receiver on the broker's broadcast. How the
 * two came to know each other is not its matter: net/connect.c does it by TCP, others by llmp_broker_add_client().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "channel/copy.h"
#include "channel/receiver.h"
#include "channel/sender.h"
#include "os/compat.h"
#include "os/os.h"

/* A client that goes looks so often whether the broker has come, and reads at most so much in between. */
#define LEAVE_PAUSE_NS ((int64_t)50000)
#define LEAVE_READ_MAX 4096

/* How long it waits for the next message of its own to come back: some never do, because a hook kept them. */
#define LEAVE_RETURN_NS LLMP_MILLISECONDS(5)

/* … and for all of that. The broker counts it as a reader for twice as long; whoever joins pages later takes another
 * one's place. */
#define LEAVE_MAX_NS LLMP_MILLISECONDS(50)

struct llmp_client {
    llmp_sender *sender;
    llmp_receiver *receiver;
    uint32_t id;
    bool receive_own;
    uint64_t returned; /* own messages that came back on the broadcast */
};

int llmp_client_attach(llmp_sender *sender, const llmp_shmem_desc *broadcast, uint32_t id,
                       const llmp_client_options *options, llmp_client **out) {
    llmp_receiver_options receive = options ? options->receiver : (llmp_receiver_options){0};
    *out = NULL;
    if (options != NULL && (!llmp_is_zero(options->reserved0, sizeof options->reserved0) ||
                            !llmp_is_zero(options->reserved, sizeof options->reserved))) {
        return -EINVAL;
    }
    llmp_client *client = calloc(1, sizeof *client);
    if (!client) {
        return -ENOMEM;
    }
    *client = (llmp_client){.sender = sender, .id = id, .receive_own = options && options->receive_own};
    receive.pre_joined = true; /* the broker did, on our behalf (TCP-2) */
    receive.provider = llmp_sender_provider(sender);
    int rc = llmp_receiver_new(broadcast, &receive, &client->receiver);
    if (rc < 0) {
        free(client);
        return rc;
    }
    llmp_sender_set_id(sender, id);
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

int llmp_client_send(llmp_client *client, uint32_t tag, uint32_t flags, const void *payload, size_t length,
                     int64_t timeout_ns) {
    return llmp_send(client->sender, tag, flags, payload, length, timeout_ns);
}

int64_t llmp_client_send_many(llmp_client *client, const llmp_message *messages, size_t count, int64_t timeout_ns) {
    return llmp_send_many(client->sender, messages, count, timeout_ns);
}

/* ------------------------------------------------------------------ receiving */

static int recv_any(llmp_client *client, llmp_message *message, int64_t timeout_ns) {
    int rc = llmp_recv(client->receiver, message, timeout_ns);
    client->returned += rc == 0 && message->sender == client->id;
    return rc;
}

/* The next message that this client wants, whatever of its own lies before it. */
static int recv_wanted(llmp_client *client, llmp_message *message, struct llmp_deadline deadline) {
    for (;;) {
        int rc = recv_any(client, message, llmp_deadline_timeout(deadline));
        if (rc < 0 || client->receive_own || message->sender != client->id) {
            return rc;
        }
    }
}

/* What is there already costs no look at the clock. */
int llmp_client_recv(llmp_client *client, llmp_message *message, int64_t timeout_ns) {
    int rc = recv_wanted(client, message, (struct llmp_deadline){LLMP_NOWAIT});
    if (rc != -EAGAIN || timeout_ns == LLMP_NOWAIT) {
        return rc;
    }
    return recv_wanted(client, message, llmp_deadline_in(timeout_ns));
}

/* The message stays to be received again if the buffer is too small. */
int llmp_client_recv_copy(llmp_client *client, llmp_message *message, void *buffer, size_t capacity,
                          int64_t timeout_ns) {
    int rc = llmp_client_recv(client, message, timeout_ns);
    if (rc != 0) {
        return rc;
    }
    if (message->length > capacity) {
        llmp_receiver_unread(client->receiver);
        client->returned -= message->sender == client->id;
        return -LLMP_E_BUFFER_TOO_SMALL;
    }
    llmp_copy(buffer, message->payload, message->length);
    message->payload = buffer;
    return 0;
}

/* Moves the wanted ones to the front. */
static int64_t keep_wanted(llmp_client *client, llmp_message *messages, int64_t count) {
    int64_t kept = 0;
    for (int64_t i = 0; i < count; i++) {
        bool own = messages[i].sender == client->id;
        client->returned += own;
        if (client->receive_own || !own) {
            messages[kept++] = messages[i];
        }
    }
    return kept;
}

int64_t llmp_client_recv_many(llmp_client *client, llmp_message *messages, size_t max, int64_t timeout_ns) {
    struct llmp_deadline deadline = llmp_deadline_in(timeout_ns);
    for (;;) {
        int64_t count = llmp_recv_many(client->receiver, messages, max, llmp_deadline_timeout(deadline));
        if (count <= 0) {
            return count;
        }
        count = keep_wanted(client, messages, count);
        if (count > 0) {
            return count;
        }
    }
}

/* ------------------------------------------------------------------ leaving */

/*
 * A broker that waits for this client to read does not read this client. So the client reads until the end, and throws
 * away. True when there is no more for now.
 */
static bool discard_received(llmp_client *client) {
    llmp_message ignored;
    for (int i = 0; i < LEAVE_READ_MAX; i++) {
        if (recv_any(client, &ignored, LLMP_NOWAIT) != 0) {
            return true;
        }
    }
    return false;
}

/* BROKER-4: 8 bytes, the id and 4 of padding. The tag is reserved, so the ordinary way to send is barred. */
static int send_client_exit(llmp_client *client, struct llmp_deadline deadline) {
    void *payload;
    int rc;
    llmp_sender_cancel(client->sender); /* something half done must not be in the way */
    while ((rc = llmp_sender_alloc(client->sender, 8, LLMP_NOWAIT, &payload)) == -EAGAIN) {
        if (llmp_deadline_passed(deadline)) {
            return -ETIMEDOUT;
        }
        discard_received(client);
        llmp_os_sleep(LEAVE_PAUSE_NS);
    }
    if (rc < 0) {
        return rc;
    }
    memset(payload, 0, 8);
    memcpy(payload, &client->id, sizeof client->id);
    rc = llmp_sender_commit_as(client->sender, client->id, LLMP_TAG_CLIENT_EXIT, 0);
    llmp_sender_flush(client->sender);
    return rc;
}

/*
 * Until the broker has mapped the last page, and has passed on what stands there, as far as can be seen: a broker that
 * is at it would wait for a reader who has gone.
 */
static void await_broker(llmp_client *client, uint64_t sent, struct llmp_deadline deadline) {
    uint64_t returned = client->returned;
    int64_t progress_at = llmp_os_now();
    int64_t mapped_at = 0;
    while (!llmp_deadline_passed(deadline)) {
        bool mapped = llmp_sender_drained(client->sender);
        bool read_all = discard_received(client);
        if (!mapped || client->returned != returned) {
            progress_at = llmp_os_now();
        }
        returned = client->returned;
        mapped_at = mapped && mapped_at == 0 ? llmp_os_now() : mapped_at;
        if (mapped && llmp_os_now() - mapped_at >= LEAVE_MAX_NS) {
            return;
        }
        if (mapped && read_all && (returned >= sent || llmp_os_now() - progress_at >= LEAVE_RETURN_NS)) {
            return;
        }
        llmp_os_sleep(LEAVE_PAUSE_NS);
    }
}

static void say_goodbye(llmp_client *client, struct llmp_deadline deadline) {
    llmp_sender_stats stats;
    llmp_sender_stats_get(client->sender, &stats, sizeof stats);
    send_client_exit(client,
                     deadline); /* where it cannot be said, freeing the sender meets the same obstacle and tells */
    await_broker(client, stats.messages, deadline);
}

int llmp_client_free(llmp_client *client, int64_t linger_ns) {
    if (!client) {
        return 0;
    }
    struct llmp_deadline deadline = llmp_deadline_in(linger_ns);
    if (linger_ns != LLMP_NOWAIT) {
        say_goodbye(client, deadline);
    }
    int rc = llmp_sender_free(client->sender, llmp_deadline_timeout(deadline));
    llmp_receiver_free(client->receiver);
    free(client);
    return rc;
}
