/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The part of a broker that lets clients in by TCP (TCP-1 to TCP-3). llmp_broker_listen() is here, too. */
#ifndef LLMP_NET_LISTENER_H
#define LLMP_NET_LISTENER_H

#include "llmp/llmp.h"
#include "net/handover.h"

struct llmp_listener_limits {
    uint32_t peers;      /* connections at the same time, 1 to LLMP_SOCKET_WATCH_MAX - 1 */
    int64_t deadline_ns; /* for a peer to send its request and read the response, from accepting it on */
    int64_t closing_ns;  /* for a peer to close the connection after the response */
    int64_t grace_ns;    /* a peer younger than this is not evicted to make room for a newer one */
};

/* Returns the limits that llmp_broker_listen() uses. */
struct llmp_listener_limits llmp_listener_limits_default(void);

/*
 * As llmp_broker_listen(), with limits and takers of the caller's choice.
 *
 * @param takers copied; null: none. A taker's `self` must live as long as the broker runs rounds
 * @return the port; -EINVAL for limits.peers out of range; -EBUSY if the broker has given away id 0 already; or another
 *         negative code
 */
int llmp_listener_attach(llmp_broker *broker, const char *host, uint16_t port, struct llmp_listener_limits limits,
                         const struct llmp_takers *takers);

#endif
