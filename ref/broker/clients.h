/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The registry of a broker's clients: ids, reservations on the broadcast, registration. llmp_broker_add_client(),
 * llmp_broker_remove_client() and llmp_broker_describe() are here, too.
 */
#ifndef LLMP_BROKER_CLIENTS_H
#define LLMP_BROKER_CLIENTS_H

#include "llmp/llmp.h"

struct llmp_broker_client; /* state.h */

/* ------------------------------------------------------------------ for parts */

/*
 * Takes the next client id (BROKER-2), for a part that is a client itself, as the listener is. Ids are not returned.
 *
 * @return the id, or -LLMP_E_IDS_USED_UP
 */
int64_t llmp_broker_take_id(llmp_broker *broker);

/*
 * Reserves a place on the broadcast for a peer that has yet to send its hello (TCP-2: the broker sends the description
 * of the broadcast first). The peer does not count as a reader yet, but no page that it may start to read is reused.
 *
 * Exactly one llmp_broker_confirm() that succeeds, or one llmp_broker_cancel_reservation(), must follow.
 *
 * @param broadcast receives the description of the oldest page of the broadcast
 * @return the number of that page, for llmp_broker_confirm()
 */
uint64_t llmp_broker_reserve(llmp_broker *broker, llmp_shmem_desc *broadcast);

void llmp_broker_cancel_reservation(llmp_broker *broker);

/*
 * Opens and joins the client's channel (BROKER-6), registers it under a new id, and confirms the reservation. Reports
 * LLMP_EVENT_CLIENT_JOINED.
 *
 * @return the id; or -LLMP_E_CLIENTS_FULL, -LLMP_E_IDS_USED_UP, -ENOMEM, or the error of opening the channel: the
 *         reservation still stands
 */
int64_t llmp_broker_confirm(llmp_broker *broker, const llmp_shmem_desc *channel, uint64_t offered_page);

/* ------------------------------------------------------------------ for the broker's other files */

/* Returns the client with that id, or null. Departed clients are not found. */
struct llmp_broker_client *llmp_clients_find(const llmp_broker *broker, uint32_t id);

/*
 * As llmp_broker_add_client(), for a channel that a client named in NEW_SHM_CLIENT. One client can name any number of
 * channels. So these have half of max_clients together, and an eighth for those of one client, but at least one place:
 * the other places are left for peers that connect by themselves.
 *
 * @return the id; -LLMP_E_CLIENTS_FULL if that share is used; or as llmp_broker_confirm()
 */
int64_t llmp_clients_add_sponsored(llmp_broker *broker, const struct llmp_broker_client *sponsor,
                                   const llmp_shmem_desc *channel);

/*
 * Marks a client as leaving: it is removed when all its messages are read, or LLMP_DRAIN_NS were spent on reading them.
 * Of several calls the first counts.
 */
void llmp_clients_mark_leaving(struct llmp_broker_client *client, int code);

/* Takes the client at `index` out of the registry; the caller owns it. Does not reorder the clients behind it: a round
 * that goes over all clients continues at the same index. */
struct llmp_broker_client *llmp_clients_take(llmp_broker *broker, uint32_t index);

/* Leaves the client's page, unmaps its channel, and frees it. */
void llmp_clients_free(struct llmp_broker_client *client);

/* Frees the registry and all clients in it. */
void llmp_clients_fini(llmp_broker *broker);

#endif
