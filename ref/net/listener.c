/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Accepts peers and gives each its turn. No peer blocks another: all sockets are non-blocking, each peer has a
 * deadline, and when all places are taken, the oldest peer is evicted, so that silent peers cannot lock out the others.
 */
#include "net/listener.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/clients.h"
#include "broker/events.h"
#include "broker/parts.h"
#include "channel/shortage.h"
#include "net/peer.h"

/* Time between two polls of the sockets: while nothing happens, and for BUSY_NS after something happened. */
#define POLL_IDLE_NS LLMP_MILLISECONDS(1)
#define POLL_BUSY_NS ((int64_t)50000)
#define BUSY_NS LLMP_MILLISECONDS(5)

/* Connections accepted in one poll at most, so that a flood of them leaves time for the peers that are connected. */
#define ACCEPT_MAX 16

/* Accepting pauses for this time when the process has no descriptor or memory for a connection. */
#define ACCEPT_PAUSE_NS LLMP_MILLISECONDS(100)

struct listener {
    llmp_broker *broker;
    llmp_socket socket;
    struct llmp_listener_limits limits;
    struct llmp_takers takers;
    int64_t next_poll;
    int64_t last_activity;
    int64_t accept_after; /* no connection is accepted before this time */
    size_t count;
    struct llmp_peer *peers;           /* room for limits.peers, the oldest first */
    struct llmp_socket_watch *watches; /* one for each peer, then one for the listening socket */
};

static void report(struct listener *listener, int rc) {
    llmp_broker_report(listener->broker, LLMP_EVENT_PEER_REFUSED, 0, rc);
}

/* ------------------------------------------------------------------ peers */

/* Keeps the order, because the oldest peer is evicted first; there are few. */
static void forget_peer(struct listener *listener, size_t index) {
    llmp_peer_fini(&listener->peers[index]);
    listener->count--;
    for (size_t i = index; i < listener->count; i++) {
        listener->peers[i] = listener->peers[i + 1];
    }
}

/* A peer in LLMP_PEER_CLOSING was served or reported before: only other peers are reported. */
static void drop_peer(struct listener *listener, size_t index, int rc) {
    if (listener->peers[index].state != LLMP_PEER_CLOSING) {
        report(listener, rc);
    }
    forget_peer(listener, index);
}

/* `rc` is a result of llmp_peer_step(), or a code of the listener's own. */
static void end_peer(struct listener *listener, size_t index, int rc) {
    if (rc > 0) {
        forget_peer(listener, index);
    } else if (rc < 0) {
        drop_peer(listener, index, rc);
    }
}

static bool is_late(const struct listener *listener, const struct llmp_peer *peer, int64_t now) {
    bool closing = peer->state == LLMP_PEER_CLOSING;
    return now - peer->since > (closing ? listener->limits.closing_ns : listener->limits.deadline_ns);
}

/* Backwards, because the peers behind one that is forgotten move up. */
static void step_peers(struct listener *listener, int64_t now) {
    for (size_t i = listener->count; i-- > 0;) {
        struct llmp_peer *peer = &listener->peers[i];
        bool steps = listener->watches[i].ready != 0 || peer->state == LLMP_PEER_WAITING;
        int rc = steps ? llmp_peer_step(peer) : 0;
        if (rc == 0 && is_late(listener, peer, now)) {
            rc = llmp_peer_time_out(peer);
        }
        end_peer(listener, i, rc);
    }
}

/* ------------------------------------------------------------------ accepting */

/* Evicts the oldest peer if its grace period is over, for a connection that waits to be accepted. */
static bool make_room(struct listener *listener, int64_t now) {
    if (listener->count == 0 || now - listener->peers[0].since < listener->limits.grace_ns) {
        return false;
    }
    drop_peer(listener, 0, -EBUSY);
    return true;
}

/* The first step is taken at once: the hello fits into any socket's buffer, and the request may be there already. */
static void admit_peer(struct listener *listener, llmp_socket socket) {
    struct llmp_peer *peer = &listener->peers[listener->count];
    int rc = llmp_peer_init(peer, listener->broker, &listener->takers, socket);
    if (rc < 0) {
        report(listener, rc);
        return;
    }
    listener->count++;
    end_peer(listener, listener->count - 1, llmp_peer_step(peer));
}

static bool is_starved(int rc) {
    return rc == -ENOBUFS || llmp_is_shortage(rc);
}

/* Without a descriptor the connection stays in the kernel's queue and the listening socket stays ready: polling it
 * again at once would have the same result. */
static void pause_accepting(struct listener *listener, int64_t now, int rc) {
    if (make_room(listener, now)) {
        return;
    }
    listener->accept_after = now + ACCEPT_PAUSE_NS;
    llmp_broker_report_shortage(listener->broker, 0, rc);
}

static void accept_peers(struct listener *listener, int64_t now) {
    for (int i = 0; i < ACCEPT_MAX; i++) {
        llmp_socket socket;
        if (listener->count == listener->limits.peers && !make_room(listener, now)) {
            return;
        }
        int rc = llmp_socket_accept(listener->socket, &socket);
        if (rc == -EAGAIN) {
            return;
        }
        if (is_starved(rc)) {
            pause_accepting(listener, now, rc);
            return;
        }
        if (rc < 0) {
            report(listener, rc);
        } else {
            listener->last_activity = now;
            admit_peer(listener, socket);
        }
    }
}

/* ------------------------------------------------------------------ the tick */

static void watch_all(struct listener *listener, int64_t now) {
    size_t count = listener->count;
    for (size_t i = 0; i < count; i++) {
        listener->watches[i] = (struct llmp_socket_watch){.socket = listener->peers[i].socket,
                                                          .want = llmp_peer_wants(&listener->peers[i])};
    }
    bool accepting = now >= listener->accept_after;
    listener->watches[count] =
        (struct llmp_socket_watch){.socket = accepting ? listener->socket : LLMP_SOCKET_NONE, .want = LLMP_SOCKET_READ};
}

/* A listening socket that is ready does not count as activity by itself: while all places are taken, it stays ready
 * until a peer is old enough to be evicted. */
static void poll_sockets(struct listener *listener, int64_t now) {
    size_t before = listener->count;
    watch_all(listener, now);
    int ready = llmp_socket_poll(listener->watches, before + 1, LLMP_NOWAIT);
    bool connection_waits = ready > 0 && listener->watches[before].ready != 0;
    step_peers(listener, now);
    if (connection_waits) {
        accept_peers(listener, now);
    }
    if (ready - connection_waits > 0 || listener->count != before) {
        listener->last_activity = now;
    }
}

/* The broker's loop forwards messages without a system call, and this must not add one to each round: most ticks only
 * read the clock. */
static bool tick(void *self) {
    struct listener *listener = self;
    int64_t now = llmp_os_now();
    bool busy = now - listener->last_activity < BUSY_NS;
    if (now >= listener->next_poll) {
        poll_sockets(listener, now);
        busy = now - listener->last_activity < BUSY_NS;
        listener->next_poll = now + (busy ? POLL_BUSY_NS : POLL_IDLE_NS);
    }
    return busy;
}

/* ------------------------------------------------------------------ beginning and end */

static void listener_free(void *self) {
    struct listener *listener = self;
    while (listener->count > 0) {
        forget_peer(listener, listener->count - 1);
    }
    llmp_socket_close(listener->socket);
    free(listener->watches);
    free(listener->peers);
    free(listener);
}

static struct listener *listener_new(llmp_broker *broker, struct llmp_listener_limits limits,
                                     const struct llmp_takers *takers) {
    struct listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL) {
        return NULL;
    }
    *listener = (struct listener){.broker = broker, .socket = LLMP_SOCKET_NONE, .limits = limits};
    listener->takers = takers != NULL ? *takers : (struct llmp_takers){0};
    listener->last_activity = llmp_os_now() - BUSY_NS;
    listener->peers = calloc(limits.peers, sizeof *listener->peers);
    listener->watches = calloc((size_t)limits.peers + 1, sizeof *listener->watches);
    if (listener->peers != NULL && listener->watches != NULL) {
        return listener;
    }
    listener_free(listener);
    return NULL;
}

/* Takes the id last, because ids cannot be given back: if the port is in use, the caller may try another one. */
static int listener_open(struct listener *listener, const char *host, uint16_t port) {
    int bound = llmp_socket_listen(host != NULL ? host : "127.0.0.1", port, &listener->socket);
    if (bound < 0) {
        return bound;
    }
    bound = llmp_socket_port(listener->socket);
    if (bound < 0) {
        return bound;
    }
    if (llmp_broker_take_id(listener->broker) != 0) { /* BROKER-2: the ids of TCP clients begin at 1 */
        return -EBUSY;
    }
    struct llmp_broker_part part = {.tick = tick, .free = listener_free, .self = listener};
    int rc = llmp_broker_attach(listener->broker, part);
    return rc < 0 ? rc : bound;
}

struct llmp_listener_limits llmp_listener_limits_default(void) {
    return (struct llmp_listener_limits){
        .peers = 64, .deadline_ns = LLMP_SECONDS(5), .closing_ns = LLMP_SECONDS(1), .grace_ns = LLMP_MILLISECONDS(50)};
}

int llmp_listener_attach(llmp_broker *broker, const char *host, uint16_t port, struct llmp_listener_limits limits,
                         const struct llmp_takers *takers) {
    if (limits.peers == 0 || limits.peers >= LLMP_SOCKET_WATCH_MAX) {
        return -EINVAL;
    }
    struct listener *listener = listener_new(broker, limits, takers);
    if (listener == NULL) {
        return -ENOMEM;
    }
    int bound = listener_open(listener, host, port);
    if (bound < 0) {
        listener_free(listener);
    }
    return bound;
}

int llmp_broker_listen(llmp_broker *broker, const char *host, uint16_t port) {
    return llmp_listener_attach(broker, host, port, llmp_listener_limits_default(), NULL);
}
