/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/cases/sections.h"

#include <stddef.h>

const struct lc_section lc_sections[] = {
    {"ids", lc_id_cases},
    {"maps", lc_map_cases},
    {"page", lc_page_cases},
    {"messages", lc_message_cases},
    {"sending", lc_send_cases},
    {"end-of-page", lc_eop_cases},
    {"end-of-page-receivers", lc_eop_recv_cases},
    {"reuse", lc_reuse_cases},
    {"receiving", lc_recv_cases},
    {"hostile-pages", lc_page_hostile_cases},
    {"order", lc_order_cases},
    {"broker", lc_broker_cases},
    {"broker-life", lc_broker_life_cases},
    {"hostile-clients", lc_broker_hostile_cases},
    {"tcp", lc_tcp_cases},
    {"hostile-tcp", lc_tcp_hostile_cases},
    {"matrix", lc_matrix_cases},
    {"b2b", lc_b2b_cases},
    {"service", lc_service_cases},
    {"hostile-service-clients", lc_service_hostile_cases},
    {"served-maps", lc_served_cases},
    {"resume", lc_resume_cases},
    {"crash", lc_crash_cases},
    {NULL, NULL},
};
