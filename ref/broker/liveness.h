/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The end of clients: detects dead ones, removes them, and decides until when a removed client counts as a reader of
 * the broadcast.
 *
 * A removed client may still be reading the broadcast: one that sent CLIENT_EXIT does, so as not to block the broker
 * while it leaves, and one whose own channel broke may go on for as long as it likes. Join counters are anonymous: if
 * it were no longer counted while it still joins pages, its joins would be mistaken for those of an active reader,
 * whose unread pages would then be reused (llmp_sender_remove_receiver()). Therefore it stays as a "departed" client,
 * counted and waited for like any reader, until no other process has its channel mapped; one that left without an error
 * for at most LLMP_EXIT_GRACE_NS (exit_times.h).
 */
#ifndef LLMP_BROKER_LIVENESS_H
#define LLMP_BROKER_LIVENESS_H

#include "llmp/llmp.h"

/*
 * Removes the client at `index` and reports it. Does not reorder the clients behind it.
 *
 * @param code 0: it left by itself or was asked to leave (LLMP_EVENT_CLIENT_LEFT); else why it is removed
 *             (LLMP_EVENT_CLIENT_REMOVED). After -LLMP_E_CLIENT_GONE it does not count as a reader any more
 */
void llmp_liveness_remove_client(llmp_broker *broker, uint32_t index, int code);

/*
 * Every 20 ms, marks clients as leaving whose page has been attached to no other process for liveness_timeout_ns, acts
 * on requests to remove a client (quits.h), and frees departed clients that no longer read. Call it once a round.
 */
void llmp_liveness_poll(llmp_broker *broker);

/* Frees the departed clients. */
void llmp_liveness_fini(llmp_broker *broker);

#endif
