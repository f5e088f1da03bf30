/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Two times that depend on each other: how long a client that sent CLIENT_EXIT goes on reading the broadcast, and how
 * long the broker counts it as a reader. */
#ifndef LLMP_BROKER_EXIT_TIMES_H
#define LLMP_BROKER_EXIT_TIMES_H

#include "llmp/llmp.h"

/* The client stops reading this long after the broker has mapped its last page, at the latest. */
#define LLMP_LEAVE_MAX_NS LLMP_MILLISECONDS(50)

/* The broker counts a client as a reader for at most this long after it has read CLIENT_EXIT, which is after it has
 * mapped that page. With providers that cannot tell whether a process is alive (-ENOTSUP), time is the only sign. */
#define LLMP_EXIT_GRACE_NS LLMP_MILLISECONDS(100)

/* A client that joined a page when it is no longer counted would be taken for another reader (liveness.h). The factor
 * leaves time for a client that the scheduler delays. */
_Static_assert(2 * LLMP_LEAVE_MAX_NS <= LLMP_EXIT_GRACE_NS, "a client stops reading well before it is not counted");

#endif
