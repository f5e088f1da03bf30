/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A ShMemService of the suite's own, for the clients of one: it hands out one map and keeps book of what it is asked. */
#ifndef LC_SUITE_KIT_MOCK_SERVICE_H
#define LC_SUITE_KIT_MOCK_SERVICE_H

#include "suite/kit/case.h"

enum lc_mock_mode {
    LC_MOCK_SERVES,
    LC_MOCK_HANGS_UP,        /* instead of handing a map out */
    LC_MOCK_OMITS_DESCRIPTOR /* the descriptor */
};

#define LC_MOCK_MAP 77
extern const char lc_mock_map_id[]; /* the same as a string */

/* Shared with the host's process; read it between requests. */
struct lc_mock_service {
    int listener;
    enum lc_mock_mode way;
    long map;
    uint64_t asked[LC_SERVICE_REQUESTS];
    uint64_t unknown;
    uint64_t size;       /* of the last NewMap */
    struct lc_desc desc; /* of the last ExistingMap */
};

/* Listens at once; lives as long as the case. */
struct lc_mock_service *lc_mock_service_start(struct lc_case *c, enum lc_mock_mode way);

#endif
