/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One TCP peer of a broker, from the greeting to the end of the connection (TCP-2, TCP-3). It never waits: the listener
 * calls it when its socket is ready and closes it when it is late.
 */
#ifndef LLMP_NET_PEER_H
#define LLMP_NET_PEER_H

#include "broker/clients.h"
#include "wire/frame.h"

/* No handshake message comes near this; a frame that announces more is not one. */
#define LLMP_PEER_FRAME_MAX ((size_t)64 << 10)

enum llmp_peer_state {
    LLMP_PEER_TALKING,   /* greeted; its request is awaited */
    LLMP_PEER_ANSWERING, /* the answer is on its way out */
    LLMP_PEER_LEAVING    /* all is said; what it still sends is thrown away until it hangs up */
};

struct llmp_peer {
    llmp_broker *broker;
    uint32_t listener_id;
    llmp_socket socket;
    enum llmp_peer_state state;
    int64_t since;         /* when it was accepted, or began to leave */
    bool reserved;         /* holds an offer of the broadcast channel (llmp_broker_reserve) */
    uint64_t offered_page; /* the number of the page that was offered */
    int64_t client;        /* registered as this; -1: not, or it knows by now */
    struct llmp_frame_reader reader;
    struct llmp_frame_writer writer;
};

/* Takes the socket over and queues the greeting. On failure the socket is closed. */
int llmp_peer_init(struct llmp_peer *peer, llmp_broker *broker, uint32_t listener_id, llmp_socket socket);

/* Closes, and takes back what the peer was offered and did not use. */
void llmp_peer_fini(struct llmp_peer *peer);

/* Which events of its socket it has a use for. */
unsigned llmp_peer_wants(const struct llmp_peer *peer);

/* Goes as far as the socket allows. 0: there is more to come; 1: it is finished; negative: what went wrong. */
int llmp_peer_step(struct llmp_peer *peer);

#endif
