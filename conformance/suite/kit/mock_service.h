/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A mock ShMemService, for clients of the implementation: it hands out one map and records the requests. */
#ifndef LC_SUITE_KIT_MOCK_SERVICE_H
#define LC_SUITE_KIT_MOCK_SERVICE_H

#include "suite/kit/case.h"

/* Its reply to a request for a map. */
enum lc_mock_mode {
    LC_MOCK_SERVES,
    LC_MOCK_HANGS_UP,        /* closes the connection */
    LC_MOCK_OMITS_DESCRIPTOR /* sends the id without a descriptor */
};

/* The id of its only map, as a number and as a string. */
enum { LC_MOCK_MAP = 77 };
extern const char lc_mock_map_id[];

/* Memory shared with the process of the service; read it only while no request is pending. */
struct lc_mock_service {
    int listener;
    enum lc_mock_mode mode;
    uint64_t requests[LC_SERVICE_REQUESTS]; /* how many of each kind */
    uint64_t invalid;                       /* frames that are not a request */
    uint64_t size;                          /* of the last NewMap */
    struct lc_desc desc;                    /* of the last ExistingMap */
};

/* Starts the service in a helper process. It listens when this function returns, and ends with the case. */
struct lc_mock_service *lc_mock_service_start(struct lc_case *c, enum lc_mock_mode mode);

#endif
