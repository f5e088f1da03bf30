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
#include "channel/sender_watch.h"
#include "os/os.h"

/* Time between two checks whether the broker has read, and messages that are discarded at most in between. */
#define PAUSE_NS ((int64_t)50000)
#define DISCARD_MAX 4096

/* Calls of discard_received() at most that look for EXITING: the broadcast of a busy broker has no end. */
#define DISCARDS_MAX 16

/* Time to wait for the next own message on the broadcast. Some never arrive, because a hook handled them. */
#define RETURN_WAIT_NS LLMP_MILLISECONDS(5)

/* CLIENT_EXIT: u32 client id, four bytes of padding (BROKER-4). */
#define CLIENT_EXIT_PAYLOAD 8u

/* Returns 0 after DISCARD_MAX messages, -EAGAIN if no more are there, or an error: -LLMP_E_CLOSED if the broker has
 * ended. */
static int discard_received(llmp_client *client) {
    llmp_message ignored;
    int rc = 0;
    for (int i = 0; i < DISCARD_MAX && rc == 0; i++) {
        rc = llmp_client_recv_any(client, &ignored, LLMP_NOWAIT);
    }
    return rc;
}

/* Allocates like llmp_sender_alloc(), and receives while it waits. Returns -LLMP_E_CLOSED if the broker ends. */
static int alloc_and_receive(llmp_client *client, size_t length, struct llmp_deadline deadline, void **payload) {
    int rc = llmp_sender_alloc(client->sender, length, LLMP_NOWAIT, payload);
    while (rc == -EAGAIN) {
        if (llmp_deadline_passed(deadline)) {
            return -ETIMEDOUT;
        }
        if (discard_received(client) == -LLMP_E_CLOSED) {
            return -LLMP_E_CLOSED;
        }
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
static bool is_forwarded(const llmp_client *client, struct drain *drain, bool received_all) {
    bool mapped = llmp_sender_drained(client->sender);
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

/* A broker of this library leaves the client's channel when it has read CLIENT_EXIT, and when it ends. */
static bool is_drained(llmp_client *client, struct drain *drain) {
    int rc = discard_received(client);
    return rc == -LLMP_E_CLOSED || llmp_sender_is_abandoned(client->sender) || is_forwarded(client, drain, rc != 0);
}

static void await_drained(llmp_client *client, struct drain drain, struct llmp_deadline deadline) {
    while (!llmp_deadline_passed(deadline) && !is_drained(client, &drain)) {
        llmp_os_sleep(PAUSE_NS);
    }
}

/* Returns true if the broker has ended: EXITING is among the next messages of the broadcast. */
static bool has_broker_ended(llmp_client *client) {
    int rc = 0;
    for (int i = 0; i < DISCARDS_MAX && rc == 0; i++) {
        rc = discard_received(client);
    }
    return rc == -LLMP_E_CLOSED;
}

/* The result for a client whose broker has ended. Messages on pages that it has not mapped are lost. */
static int result_of_end(const llmp_client *client) {
    return llmp_sender_drained(client->sender) ? 0 : -LLMP_E_CLOSED;
}

/*
 * The result for a client that sent CLIENT_EXIT, or failed with `rc`, and whose channel the broker has left. If the
 * broker has not mapped the last page, it removed the client before it read CLIENT_EXIT.
 */
static int result_of_exit(const llmp_client *client, int rc) {
    if (rc == 0 || llmp_sender_has_exited(client->sender)) {
        return llmp_sender_drained(client->sender) ? 0 : -LLMP_E_REMOVED;
    }
    return rc;
}

static int send_and_await_exit(llmp_client *client, struct llmp_deadline deadline) {
    llmp_sender_stats stats;
    llmp_sender_stats_get(client->sender, &stats, sizeof stats);
    int rc = send_client_exit(client, deadline);
    if (rc == 0) {
        struct drain drain = {.sent = stats.messages, .returned = client->returned, .progress_at = llmp_os_now()};
        await_drained(client, drain, deadline);
    }
    return rc;
}

/* Returns the result of llmp_client_free() if the broker reads the channel no more, or 1 if the channel is still to be
 * ended with EXITING: then an error of sending CLIENT_EXIT is returned again by llmp_sender_free(). */
static int leave(llmp_client *client, struct llmp_deadline deadline) {
    bool removed = llmp_sender_is_abandoned(client->sender) && !llmp_sender_has_exited(client->sender);
    int rc = removed ? -LLMP_E_REMOVED : send_and_await_exit(client, deadline);
    if (has_broker_ended(client)) {
        return result_of_end(client);
    }
    return llmp_sender_is_abandoned(client->sender) ? result_of_exit(client, rc) : 1;
}

int llmp_client_free(llmp_client *client, int64_t linger_ns) {
    if (client == NULL) {
        return 0;
    }
    struct llmp_deadline deadline = llmp_deadline_in(linger_ns);
    int rc = linger_ns != LLMP_NOWAIT ? leave(client, deadline) : 0;
    int freed = llmp_sender_free(client->sender, rc > 0 ? llmp_deadline_timeout(deadline) : LLMP_NOWAIT);
    llmp_receiver_free(client->receiver);
    free(client);
    return rc > 0 ? freed : rc;
}
