/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The part of a broker that lets clients in by TCP (TCP-1 to TCP-3), behind llmp_broker_listen(). */
#ifndef LLMP_NET_LISTENER_H
#define LLMP_NET_LISTENER_H

#include "llmp/llmp.h"

struct llmp_listener_limits {
    uint32_t peers;      /* connections at the same time, at most LLMP_SOCKET_WATCH_MAX - 1 */
    int64_t deadline_ns; /* for a peer from being accepted to having asked and been answered */
    int64_t leave_ns;    /* for a peer that has its answer to hang up */
    int64_t grace_ns;    /* so long no peer is dropped to make room for a newer one */
};

/* What llmp_broker_listen() uses. */
struct llmp_listener_limits llmp_listener_limits_default(void);

/* llmp_broker_listen() with limits of one's own. The port, or a negative code. */
int llmp_listener_attach(llmp_broker *broker, const char *host, uint16_t port, struct llmp_listener_limits limits);

#endif
