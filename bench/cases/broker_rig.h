/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A broker on the second core and two clients of it in one process on the first: A sends, B receives.
 *
 * Where any process can open a map by its description, the broker listens on TCP and the clients connect, as users'
 * do. Where maps can only be inherited, everything is made and registered before the fork.
 */
#ifndef LLMP_BENCH_BROKER_RIG_H
#define LLMP_BENCH_BROKER_RIG_H

#include <sys/types.h>

#include "cases/channel.h"

struct broker_rig {
    const struct benchmark *benchmark;
    llmp_client *a;
    llmp_client *b;
    llmp_broker *broker;      /* made before the fork, used by the broker process; null with TCP */
    struct broker_link *link; /* shared with the broker process */
    pid_t process;
};

/* Starts broker and clients. Returns false on failure, told in `out->why`; call rig_stop() all the same. */
bool rig_start(struct broker_rig *rig, const struct benchmark *benchmark, struct outcome *out);

/* Ends clients and broker, and everything they made. */
void rig_stop(struct broker_rig *rig, struct outcome *out);

/*
 * Client A has to read the broadcast too, or it would hold the broker up (a page goes round only when every client has
 * left it). Its own messages are skipped in there, so this returns nothing; false on an error.
 */
bool rig_drain(struct broker_rig *rig, struct outcome *out);

#endif
