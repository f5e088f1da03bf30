/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Creating and freeing a receiver, its counters, and what the broker asks about its sender. */
#include <errno.h>
#include <stdlib.h>

#include "channel/coalesce.h"
#include "channel/map_cache.h"
#include "channel/receiver.h"
#include "channel/receiver_hold.h"
#include "channel/receiver_page.h"
#include "channel/receiver_state.h"
#include "os/atomic.h"
#include "os/compat.h"
#include "shmem/liveness.h"

#define MAX_PAGE_DEFAULT ((size_t)4 << 30)
#define MAX_MAPPED_DEFAULT 256u
#define MAX_MAPPED_BYTES ((size_t)256 << 20)

static int check_options(const llmp_receiver_options *options) {
    bool bad_reserved = !llmp_is_zero(options->reserved0, sizeof options->reserved0) ||
                        !llmp_is_zero(options->reserved, sizeof options->reserved);
    return options->wait > LLMP_WAIT_SLEEP || bad_reserved ? -EINVAL : 0;
}

static int set_up(llmp_receiver *receiver, const llmp_receiver_options *options) {
    const llmp_shmem_provider *provider = options->provider;
    provider = provider != NULL ? provider : llmp_shmem_provider_default();
    uint32_t max = options->max_mapped_pages != 0 ? options->max_mapped_pages : MAX_MAPPED_DEFAULT;
    receiver->max_page_size = options->max_page_size != 0 ? options->max_page_size : MAX_PAGE_DEFAULT;
    receiver->wait = options->wait;
    llmp_coalesce_init(&receiver->coalesce, options->coalesce_messages, options->coalesce_us);
    return llmp_map_cache_init(&receiver->maps, provider, &options->shmem, max, MAX_MAPPED_BYTES);
}

int llmp_receiver_new_guarded(const llmp_shmem_desc *desc, const llmp_receiver_options *options,
                              struct llmp_page_guard guard, llmp_receiver **out) {
    *out = NULL;
    const llmp_shmem_desc copy = *desc;
    llmp_receiver_options chosen = options != NULL ? *options : (llmp_receiver_options){0};
    int rc = check_options(&chosen);
    if (rc != 0) {
        return rc;
    }
    llmp_receiver *receiver = calloc(1, sizeof *receiver);
    if (receiver == NULL) {
        return -ENOMEM;
    }
    receiver->guard = guard;
    rc = set_up(receiver, &chosen);
    if (rc == 0) {
        rc = llmp_receiver_start(receiver, &copy, chosen.pre_joined);
    }
    if (rc != 0) {
        llmp_receiver_free(receiver);
        return rc;
    }
    *out = receiver;
    return 0;
}

int llmp_receiver_new(const llmp_shmem_desc *desc, const llmp_receiver_options *options, llmp_receiver **out) {
    return llmp_receiver_new_guarded(desc, options, (struct llmp_page_guard){0}, out);
}

void llmp_receiver_free(llmp_receiver *receiver) {
    if (receiver == NULL) {
        return;
    }
    if (receiver->page != NULL) {
        llmp_receiver_leave(receiver);
    }
    llmp_receiver_end_holds(receiver);
    llmp_map_cache_fini(&receiver->maps);
    free(receiver);
}

void llmp_receiver_stop(llmp_receiver *receiver) {
    llmp_receiver_leave(receiver);
    receiver->page = NULL;
    receiver->stopped = -LLMP_E_BROKEN;
}

int llmp_receiver_error(const llmp_receiver *receiver) {
    return receiver->error;
}

void llmp_receiver_stats_get(const llmp_receiver *receiver, llmp_receiver_stats *stats, size_t size) {
    const llmp_receiver_stats now = {
        .messages = receiver->messages,
        .pages_turned = receiver->pages_turned,
        .maps_opened = receiver->maps.opened,
        .maps_live = receiver->maps.count + llmp_receiver_held_maps(receiver),
        .shortage = receiver->shortage,
    };
    llmp_copy_known(stats, size, &now, sizeof now);
}

int llmp_receiver_shortage(const llmp_receiver *receiver) {
    return receiver->shortage;
}

const llmp_shmem *llmp_receiver_page(const llmp_receiver *receiver) {
    return receiver->map;
}

uint64_t llmp_receiver_pages_turned(const llmp_receiver *receiver) {
    return receiver->pages_turned;
}

/* A relaxed load is enough, because no message is read on the strength of this. */
bool llmp_receiver_is_empty(const llmp_receiver *receiver) {
    return llmp_load_relaxed(&receiver->page->current_msg_id) == receiver->last_id;
}

int llmp_receiver_is_orphan(const llmp_receiver *receiver) {
    return llmp_shmem_is_orphan(receiver->map);
}

void llmp_receiver_reap(const llmp_receiver *receiver) {
    llmp_map_cache_reap(&receiver->maps);
}
