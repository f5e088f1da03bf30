/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Accepts peers and gives each its turn. No peer can hold up another: all sockets are non-blocking, each peer has a
 * deadline, and when all places are taken the oldest peer goes, so that silent ones cannot lock out the rest.
 */
#include "net/listener.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/parts.h"
#include "net/peer.h"

/* Between two looks at the sockets: while nothing happens, and for a moment after something did. */
#define LOOK_IDLE_NS LLMP_MILLISECONDS(1)
#define LOOK_BUSY_NS ((int64_t)50000)
#define BUSY_NS LLMP_MILLISECONDS(5)

/* Accepted in one look, so that a flood leaves time for those who are in already. */
#define ACCEPT_MAX 16

/* Accepting pauses so long when the process has no descriptor or memory left for it. */
#define STARVED_NS LLMP_MILLISECONDS(100)

struct listener {
    llmp_broker *broker;
    uint32_t id;
    llmp_socket socket;
    struct llmp_listener_limits limits;
    int64_t next_look;
    int64_t last_activity;
    int64_t accept_after; /* before this time nobody is accepted */
    size_t count;
    struct llmp_peer *peers;           /* room for limits.peers, the oldest first */
    struct llmp_socket_watch *watches; /* one a peer, and one for the listening socket behind them */
};

static void report(struct listener *listener, int rc) {
    llmp_broker_report(listener->broker, LLMP_EVENT_PEER_REFUSED, 0, rc);
}

/* ------------------------------------------------------------------ peers */

/* Order is kept, as age decides who is dropped; there are few. */
static void forget_peer(struct listener *listener, size_t index) {
    llmp_peer_fini(&listener->peers[index]);
    listener->count--;
    for (size_t i = index; i < listener->count; i++) {
        listener->peers[i] = listener->peers[i + 1];
    }
}

/* A peer that leaves was reported or served before; only one that never got that far is worth a word. */
static void drop_peer(struct listener *listener, size_t index, int rc) {
    if (listener->peers[index].state != LLMP_PEER_LEAVING) {
        report(listener, rc);
    }
    forget_peer(listener, index);
}

static bool is_late(const struct listener *listener, const struct llmp_peer *peer, int64_t now) {
    bool leaving = peer->state == LLMP_PEER_LEAVING;
    return now - peer->since > (leaving ? listener->limits.leave_ns : listener->limits.deadline_ns);
}

/* Backwards, because the peers behind one that goes move up. */
static void step_peers(struct listener *listener, int64_t now) {
    for (size_t i = listener->count; i-- > 0;) {
        struct llmp_peer *peer = &listener->peers[i];
        int rc = listener->watches[i].ready ? llmp_peer_step(peer) : 0;
        if (rc == 0 && is_late(listener, peer, now)) {
            rc = -ETIMEDOUT;
        }
        if (rc > 0) {
            forget_peer(listener, i);
        } else if (rc < 0) {
            drop_peer(listener, i, rc);
        }
    }
}

/* ------------------------------------------------------------------ accepting */

/* Somebody new waits at the door. The grace gives whoever is in the time to say his piece. */
static bool make_room(struct listener *listener, int64_t now) {
    if (listener->count == 0 || now - listener->peers[0].since < listener->limits.grace_ns) {
        return false;
    }
    drop_peer(listener, 0, -EBUSY);
    return true;
}

/* The greeting fits into any socket's buffer, and a request that is there already need not wait. */
static void admit_peer(struct listener *listener, llmp_socket socket) {
    struct llmp_peer *peer = &listener->peers[listener->count];
    int rc = llmp_peer_init(peer, listener->broker, listener->id, socket);
    if (rc < 0) {
        report(listener, rc);
        return;
    }
    listener->count++;
    rc = llmp_peer_step(peer);
    if (rc < 0) {
        drop_peer(listener, listener->count - 1, rc);
    }
}

static bool is_starved(int rc) {
    return rc == -EMFILE || rc == -ENFILE || rc == -ENOBUFS || rc == -ENOMEM;
}

/* Out of descriptors: the connection stays in the queue, and its readiness would make every look a futile one. */
static void pause_accepting(struct listener *listener, int64_t now, int rc) {
    if (make_room(listener, now)) {
        return;
    }
    listener->accept_after = now + STARVED_NS;
    report(listener, rc);
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
    bool open = now >= listener->accept_after;
    listener->watches[count] =
        (struct llmp_socket_watch){.socket = open ? listener->socket : LLMP_SOCKET_NONE, .want = LLMP_SOCKET_READ};
}

/* At a full house the listening socket stays ready until somebody is old enough to go: that is no activity. */
static void look(struct listener *listener, int64_t now) {
    size_t door = listener->count;
    watch_all(listener, now);
    int ready = llmp_socket_poll(listener->watches, door + 1, LLMP_NOWAIT);
    bool knocked = ready > 0 && listener->watches[door].ready;
    size_t before = listener->count;
    step_peers(listener, now);
    if (knocked) {
        accept_peers(listener, now);
    }
    if (ready - knocked > 0 || listener->count != before) {
        listener->last_activity = now;
    }
}

/* In a loop that forwards messages without a system call this must not bring one in each time: mostly it looks at the
 * clock. */
static bool tick(void *self) {
    struct listener *listener = self;
    int64_t now = llmp_os_now();
    bool busy = now - listener->last_activity < BUSY_NS;
    if (now >= listener->next_look) {
        look(listener, now);
        busy = now - listener->last_activity < BUSY_NS;
        listener->next_look = now + (busy ? LOOK_BUSY_NS : LOOK_IDLE_NS);
    }
    return busy;
}

/* ------------------------------------------------------------------ life */

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

static struct listener *listener_new(llmp_broker *broker, struct llmp_listener_limits limits) {
    struct listener *listener = calloc(1, sizeof *listener);
    if (!listener) {
        return NULL;
    }
    *listener = (struct listener){.broker = broker, .socket = LLMP_SOCKET_NONE, .limits = limits};
    listener->last_activity = llmp_os_now() - BUSY_NS;
    listener->peers = calloc(limits.peers, sizeof *listener->peers);
    listener->watches = calloc((size_t)limits.peers + 1, sizeof *listener->watches);
    if (listener->peers && listener->watches) {
        return listener;
    }
    listener_free(listener);
    return NULL;
}

/* The id is taken last, because none can be given back: a port that is in use may be followed by a second try. */
static int listener_open(struct listener *listener, const char *host, uint16_t port) {
    int bound = llmp_socket_listen(host ? host : "127.0.0.1", port, &listener->socket);
    if (bound < 0) {
        return bound;
    }
    bound = llmp_socket_port(listener->socket);
    if (bound < 0) {
        return bound;
    }
    listener->id = llmp_broker_take_id(listener->broker);
    if (listener->id != 0) { /* the ids of TCP clients count on from the listener's (BROKER-2) */
        return -EBUSY;
    }
    struct llmp_broker_part part = {.tick = tick, .free = listener_free, .self = listener};
    int rc = llmp_broker_attach(listener->broker, part);
    return rc < 0 ? rc : bound;
}

struct llmp_listener_limits llmp_listener_limits_default(void) {
    return (struct llmp_listener_limits){
        .peers = 64, .deadline_ns = LLMP_SECONDS(5), .leave_ns = LLMP_SECONDS(1), .grace_ns = LLMP_MILLISECONDS(50)};
}

int llmp_listener_attach(llmp_broker *broker, const char *host, uint16_t port, struct llmp_listener_limits limits) {
    if (limits.peers == 0 || limits.peers >= LLMP_SOCKET_WATCH_MAX) {
        return -EINVAL;
    }
    struct listener *listener = listener_new(broker, limits);
    if (!listener) {
        return -ENOMEM;
    }
    int bound = listener_open(listener, host, port);
    if (bound < 0) {
        listener_free(listener);
    }
    return bound;
}

int llmp_broker_listen(llmp_broker *broker, const char *host, uint16_t port) {
    return llmp_listener_attach(broker, host, port, llmp_listener_limits_default());
}
