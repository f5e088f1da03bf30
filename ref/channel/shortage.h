/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Errors that end by themselves. */
#ifndef LLMP_CHANNEL_SHORTAGE_H
#define LLMP_CHANNEL_SHORTAGE_H

#include <errno.h>
#include <stdbool.h>

/*
 * Returns true if the code means that this process or the system lacks memory or descriptors. That is no error of the
 * peer, and may change: the caller tries again later.
 */
static inline bool llmp_is_shortage(int rc) {
    return rc == -ENOSPC || rc == -ENOMEM || rc == -EMFILE || rc == -ENFILE;
}

#endif
