/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef LLMP_CHANNEL_RECEIVER_GUARD_H
#define LLMP_CHANNEL_RECEIVER_GUARD_H

#include <stdbool.h>

#include "llmp/shmem.h"

/* Decides whether a receiver may join a page, for a receiver whose sender is not trusted to name pages of its own. */
struct llmp_page_guard {
    /*
     * Called with each page that is about to be joined; the page is mapped and initialised. `follows` is true if
     * END_OF_PAGE named it, false for the first page. Null: every page may be joined.
     *
     * Returns 0, or the error that ends the receiver.
     */
    int (*may_join)(void *context, const llmp_shmem *page, bool follows);
    void *context;
};

#endif
