/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One TCP peer of a broker, from BrokerConnectHello to the end of the connection (TCP-2, TCP-3). It never blocks: the
 * listener calls it when its socket is ready, and closes it when its time is over.
 */
#ifndef LLMP_NET_PEER_H
#define LLMP_NET_PEER_H

#include "llmp/llmp.h"
#include "net/handover.h"
#include "wire/frame.h"

/* Bound on the body of a frame, far above any handshake message. A peer that announces more is refused. */
#define LLMP_PEER_FRAME_MAX ((size_t)64 << 10)

enum llmp_peer_state {
    LLMP_PEER_RECEIVING, /* BrokerConnectHello was queued; the request is still to come */
    LLMP_PEER_WAITING,   /* a client's channel could not be opened for lack of memory or descriptors: each step tries */
    LLMP_PEER_RESPONDING, /* the response is being sent */
    LLMP_PEER_CLOSING     /* all was sent and our half is closed; input is discarded until the peer closes its half */
};

struct llmp_peer {
    llmp_broker *broker;
    const struct llmp_takers *takers;
    llmp_socket socket;
    enum llmp_peer_state state;
    int64_t since;           /* when it was accepted, or entered LLMP_PEER_CLOSING */
    bool reserved;           /* holds a reservation on the broadcast (llmp_broker_reserve()) */
    uint64_t offered_page;   /* the number of the page that was reserved */
    llmp_shmem_desc channel; /* of a client, in LLMP_PEER_WAITING */
    int shortage;            /* why it waits */
    int64_t client;          /* id of a client that was registered, but not sent its id yet; -1: none */
    struct llmp_frame_reader reader;
    struct llmp_frame_writer writer;
};

/*
 * Starts a peer: queues BrokerConnectHello. Takes the socket: closes it on failure, too.
 *
 * @param takers the caller's; must live as long as the peer
 * @return 0, -ENOMEM, or -ENOBUFS
 */
int llmp_peer_init(struct llmp_peer *peer, llmp_broker *broker, const struct llmp_takers *takers, llmp_socket socket);

/* Closes the connection, unless it was handed over. Cancels the reservation, and removes a client that was not sent its
 * id. */
void llmp_peer_fini(struct llmp_peer *peer);

/* Its time is over. Returns 0 if it waited: then it is refused for the shortage, and gets time for that response. Else
 * -ETIMEDOUT. */
int llmp_peer_time_out(struct llmp_peer *peer);

/* Returns the events to wait for on its socket (enum llmp_socket_events). */
unsigned llmp_peer_wants(const struct llmp_peer *peer);

/*
 * Reads and writes as much as the socket allows. In LLMP_PEER_WAITING, call it also when the socket is not ready.
 *
 * @return 0: wait for the socket, and call again; 1: the connection is finished, or was handed over; or a negative
 *         code: it broke. After 1 and after an error, call llmp_peer_fini()
 */
int llmp_peer_step(struct llmp_peer *peer);

#endif
