/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Leaving the broker: the client sends CLIENT_EXIT, waits until the broker has read it, and frees its channel.
 *
 * A broker that blocks for this client as a slow reader does not read this client's channel. Therefore the client goes
 * on to receive while it waits, and discards what it receives.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/client.h"
#include "broker/exit_times.h"
#include "channel/sender.h"
#include "os/os.h"

/* Time between two checks whether the broker has read, and messages that are discarded at most in between. */
#define PAUSE_NS ((int64_t)50000)
#define DISCARD_MAX 4096

/* Time to wait for the next own message on the broadcast. Some never arrive, because a hook handled them. */
#define RETURN_WAIT_NS LLMP_MILLISECONDS(5)

/* CLIENT_EXIT: u32 client id, four bytes of padding (BROKER-4). */
#define CLIENT_EXIT_PAYLOAD 8u

/* Returns true if no more messages are there. */
static bool discard_received(llmp_client *client) {
    llmp_message ignored;
    for (int i = 0; i < DISCARD_MAX; i++) {
        if (llmp_client_recv_any(client, &ignored, LLMP_NOWAIT) != 0) {
            return true;
        }
    }
    return false;
}

/* Allocates like llmp_sender_alloc(), and receives while it waits. */
static int alloc_and_receive(llmp_client *client, size_t length, struct llmp_deadline deadline, void **payload) {
    int rc = llmp_sender_alloc(client->sender, length, LLMP_NOWAIT, payload);
    while (rc == -EAGAIN) {
        if (llmp_deadline_passed(deadline)) {
            return -ETIMEDOUT;
        }
        (void)discard_received(client);
        llmp_os_sleep(PAUSE_NS);
        rc = llmp_sender_alloc(client->sender, length, LLMP_NOWAIT, payload);
    }
    return rc;
}

/* Commits with llmp_sender_commit_as(), because llmp_sender_commit() refuses reserved tags. */
static int send_client_exit(llmp_client *client, struct llmp_deadline deadline) {
    void *payload;
    (void)llmp_sender_cancel(client->sender); /* an allocation that the caller left open */
    int rc = alloc_and_receive(client, CLIENT_EXIT_PAYLOAD, deadline, &payload);
    if (rc != 0) {
        return rc;
    }
    memset(payload, 0, CLIENT_EXIT_PAYLOAD);
    memcpy(payload, &client->id, sizeof client->id);
    rc = llmp_sender_commit_as(client->sender, client->id, LLMP_TAG_CLIENT_EXIT, 0);
    llmp_sender_flush(client->sender);
    return rc;
}

struct drain {
    uint64_t sent;       /* messages before CLIENT_EXIT */
    uint64_t returned;   /* own messages that had returned at the last check */
    int64_t progress_at; /* when one returned, or the broker had yet to map the last page */
    int64_t mapped_at;   /* when the broker was first seen to have mapped it; 0: not yet */
};

/*
 * Returns true if the broker has mapped the client's last page and seems to have forwarded what is on it: all own
 * messages have returned, or none returned for a while. A client that stopped reading earlier would block a broker that
 * still forwards its messages. LLMP_LEAVE_MAX_NS bounds this.
 */
static bool is_drained(llmp_client *client, struct drain *drain) {
    bool mapped = llmp_sender_drained(client->sender);
    bool received_all = discard_received(client);
    int64_t now = llmp_os_now();
    if (!mapped || client->returned != drain->returned) {
        drain->progress_at = now;
    }
    drain->returned = client->returned;
    if (!mapped) {
        return false;
    }
    drain->mapped_at = drain->mapped_at != 0 ? drain->mapped_at : now;
    bool all_returned = client->returned >= drain->sent || now - drain->progress_at >= RETURN_WAIT_NS;
    return (received_all && all_returned) || now - drain->mapped_at >= LLMP_LEAVE_MAX_NS;
}

/* An error of send_client_exit() is ignored: the same error then ends llmp_sender_free(), which returns it. */
static void leave(llmp_client *client, struct llmp_deadline deadline) {
    llmp_sender_stats stats;
    llmp_sender_stats_get(client->sender, &stats, sizeof stats);
    (void)send_client_exit(client, deadline);
    struct drain drain = {.sent = stats.messages, .returned = client->returned, .progress_at = llmp_os_now()};
    while (!llmp_deadline_passed(deadline) && !is_drained(client, &drain)) {
        llmp_os_sleep(PAUSE_NS);
    }
}

int llmp_client_free(llmp_client *client, int64_t linger_ns) {
    if (client == NULL) {
        return 0;
    }
    struct llmp_deadline deadline = llmp_deadline_in(linger_ns);
    if (linger_ns != LLMP_NOWAIT) {
        leave(client, deadline);
    }
    int rc = llmp_sender_free(client->sender, llmp_deadline_timeout(deadline));
    llmp_receiver_free(client->receiver);
    free(client);
    return rc;
}
