/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A ShMemService of the suite's own, for the clients of one: it hands out one map and keeps book of what it is asked. */
#ifndef LC_SUITE_KIT_MOCK_SERVICE_H
#define LC_SUITE_KIT_MOCK_SERVICE_H

#include "suite/kit/case.h"

enum lc_host_way {
    LC_HOST_SERVES,
    LC_HOST_HANGS_UP, /* instead of handing a map out */
    LC_HOST_FORGETS   /* the descriptor */
};

#define LC_HOST_MAP 77
extern const char lc_host_id[]; /* the same as a string */

/* Shared with the host's process; read it between requests. */
struct lc_host {
    int listener;
    enum lc_host_way way;
    long map;
    uint64_t asked[LC_SERVICE_REQUESTS];
    uint64_t unknown;
    uint64_t size;       /* of the last NewMap */
    struct lc_desc desc; /* of the last ExistingMap */
};

/* Listens at once; lives as long as the case. */
struct lc_host *lc_host_start(struct lc_case *c, enum lc_host_way way);

#endif
