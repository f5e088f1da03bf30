/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Connections that leave the listener. After most requests the broker closes the connection (TCP-2, TCP-3); after some
 * it stays open, as between two brokers (B2B-1: RemoteBrokerHello). For those a taker is registered with
 * llmp_listener_attach(): when a peer sends a request of the taker's kind, the taker gets the connection.
 */
#ifndef LLMP_NET_HANDOVER_H
#define LLMP_NET_HANDOVER_H

#include "net/handshake.h"
#include "wire/frame.h"

/* A connection on which the peer has sent its request and the broker has sent BrokerConnectHello, and nothing else. */
struct llmp_handover {
    const struct llmp_request *request; /* valid during the call; its text until the reader is used */
    llmp_socket socket;                 /* never blocks */
    struct llmp_frame_reader reader;    /* may hold bytes that were received behind the request; bound to 64 KiB */
    struct llmp_frame_writer writer;    /* may hold a rest of BrokerConnectHello, to be sent first; bound to 64 KiB */
};

struct llmp_taker {
    /*
     * Called in a tick of the listener. Must not block. May call the functions that a part's tick may call.
     *
     * Returns 0 if the taker has copied the struct: it then owns socket, reader and writer, and sends the response
     * itself. Returns a negative code if it refuses the peer and left all three as they were: the listener then answers
     * Error with the text of that code, reports LLMP_EVENT_PEER_REFUSED, and closes the connection.
     */
    int (*take)(void *self, const struct llmp_handover *connection);
    void *self;
};

/* A taker for each kind of request. Where `take` is null, the listener serves or refuses the request itself. */
struct llmp_takers {
    struct llmp_taker of_kind[LLMP_REQUEST_KINDS];
};

#endif
