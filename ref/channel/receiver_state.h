/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The private state of a receiver. Only receiver*.c include this file. */
#ifndef LLMP_CHANNEL_RECEIVER_STATE_H
#define LLMP_CHANNEL_RECEIVER_STATE_H

#include "channel/coalesce.h"
#include "channel/map_cache.h"
#include "channel/page.h"
#include "channel/receiver_guard.h"
#include "llmp/llmp.h"

struct llmp_receiver {
    llmp_shmem *map;
    struct llmp_page *page;
    size_t size;        /* bytes of the map, from the provider */
    size_t offset;      /* of the next slot */
    size_t batch_start; /* offset of the first slot that the last poll found */
    uint64_t last_id;   /* id of the last message read */
    uint64_t known_id;  /* newest id that the last poll found */
    struct llmp_coalesce coalesce;
    size_t last_size; /* bytes of the last slot read, header and padding included */
    int stopped;      /* 0, or the code that every further call returns */
    int error;        /* the first cause of `stopped` */
    int shortage;     /* 0, or why the next page cannot be mapped now: the next slot is its END_OF_PAGE */
    int64_t retry_at; /* a call that may wait does not try again before this time */
    int64_t retry_pause;
    llmp_wait wait;
    size_t max_page_size;
    uint64_t messages;
    uint64_t pages_turned;
    struct llmp_map_cache maps;
    struct llmp_page_guard guard;
    llmp_page_hold *hold;  /* of the current page, or null */
    llmp_page_hold *holds; /* of all pages, the current one first */
};

#endif
