/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A page that a test writes by hand, as a hostile peer would, and a receiver on it. */
#ifndef LLMP_TEST_RAW_PAGE_H
#define LLMP_TEST_RAW_PAGE_H

#include "support.h"

struct raw_page {
    llmp_shmem *map;
    struct llmp_page *page;
    llmp_receiver *receiver;
};

/* Creates an initialised page without messages, over sysv. raw_page_free() also frees its receiver. */
struct raw_page raw_page_new(size_t size);
void raw_page_free(struct raw_page *raw);

/* Opens raw->receiver on the page. Returns the code of llmp_receiver_new(). */
int raw_page_open(struct raw_page *raw);

struct llmp_slot *raw_page_slot(const struct raw_page *raw, size_t offset);
void raw_page_put(const struct raw_page *raw, size_t offset, struct llmp_slot slot);

/* Writes `count` empty messages, with tags and ids from 1 on, and publishes them. Returns the offset behind them. */
size_t raw_page_put_messages(const struct raw_page *raw, uint64_t count);

/* Writes an END_OF_PAGE message that names `next`, and publishes it. */
void raw_page_end(const struct raw_page *raw, size_t offset, uint64_t id, const llmp_shmem_desc *next);

#endif
