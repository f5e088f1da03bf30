/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "broker/page_guard.h"

#include "broker/state.h"
#include "channel/page.h"
#include "channel/receiver.h"
#include "channel/sender.h"
#include "os/atomic.h"
#include "shmem/same.h"

/* Returns the client whose channel the broker reads on this page, or null. */
static struct llmp_broker_client *find_reader(const struct llmp_broker_client *client, const llmp_shmem *page) {
    const llmp_broker *broker = client->broker;
    for (uint32_t i = 0; i < broker->count; i++) {
        struct llmp_broker_client *other = broker->clients[i];
        if (other != client && llmp_shmem_is_same(llmp_receiver_page(other->channel), page)) {
            return other;
        }
    }
    return NULL;
}

/* Marks a client as leaving, and reads no more of its messages. */
static void cut_off(struct llmp_broker_client *client, int code) {
    client->leaving = true;
    client->leaving_code = code;
    client->drain_ns = INT64_MAX;
}

/*
 * Two channels lead to one page. It belongs to the client whose id it carries (TCP-2): the other client named it before
 * its owner's channel got there, and is removed. If the page does not carry the id of `client`, `client` is refused.
 * The load has no partner: the id is compared only, and S1 and R1 order it before the END_OF_PAGE that names the page.
 */
static int resolve_conflict(const struct llmp_broker_client *client, struct llmp_broker_client *other,
                            const llmp_shmem *page) {
    const struct llmp_page *header = llmp_shmem_data(page);
    if (!client->registered || llmp_load_relaxed(&header->sender_id) != client->id) {
        return -LLMP_E_PAGE_TAKEN;
    }
    cut_off(other, -LLMP_E_PAGE_TAKEN);
    return 0;
}

/*
 * The broker is the only reader of a client's channel. So on a page that it joins, no reader has left before (PAGE-1).
 * The load is relaxed, because the count that matters is this thread's own (J2), or one that was reset before S1.
 */
static bool was_read_before(const llmp_shmem *page) {
    const struct llmp_page *header = llmp_shmem_data(page);
    return llmp_load_relaxed(&header->left) != 0;
}

static int may_join(void *context, const llmp_shmem *page, bool follows) {
    const struct llmp_broker_client *client = context;
    if (llmp_sender_has_page(client->broker->broadcast, page)) {
        return -LLMP_E_PAGE_TAKEN;
    }
    if (follows && was_read_before(page)) {
        return -LLMP_E_EOP_LOOP;
    }
    struct llmp_broker_client *other = find_reader(client, page);
    return other != NULL ? resolve_conflict(client, other, page) : 0;
}

struct llmp_page_guard llmp_page_guard_of(struct llmp_broker_client *client) {
    return (struct llmp_page_guard){.may_join = may_join, .context = client};
}
