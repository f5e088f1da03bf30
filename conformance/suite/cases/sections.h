/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The sections of the suite, in the order of SPEC.md. Each is an array of cases in a file of its own. */
#ifndef LC_SUITE_CASES_SECTIONS_H
#define LC_SUITE_CASES_SECTIONS_H

#include "suite/kit/case.h"

extern const struct lc_case_def lc_id_cases[];             /* ids and descriptions */
extern const struct lc_case_def lc_map_cases[];            /* the lifetime of maps */
extern const struct lc_case_def lc_page_cases[];           /* page headers */
extern const struct lc_case_def lc_message_cases[];        /* messages, padding at each alignment */
extern const struct lc_case_def lc_send_cases[];           /* send, cancel, shrink */
extern const struct lc_case_def lc_eop_cases[];            /* END_OF_PAGE, page sizes, chains of pages */
extern const struct lc_case_def lc_eop_recv_cases[];       /* END_OF_PAGE followed and refused by receivers */
extern const struct lc_case_def lc_reuse_cases[];          /* reused pages, several receivers, late receivers */
extern const struct lc_case_def lc_recv_cases[];           /* receiving */
extern const struct lc_case_def lc_page_hostile_cases[];   /* invalid pages for receivers and senders */
extern const struct lc_case_def lc_order_cases[];          /* several processes, preemption */
extern const struct lc_case_def lc_crash_cases[];          /* each role killed at each step */
extern const struct lc_case_def lc_broker_cases[];         /* forwarding, ids */
extern const struct lc_case_def lc_broker_life_cases[];    /* clients that join and leave, shutdown, hooks */
extern const struct lc_case_def lc_broker_hostile_cases[]; /* invalid messages of clients */
extern const struct lc_case_def lc_tcp_cases[];            /* handshake, frames, ClientQuit */
extern const struct lc_case_def lc_tcp_hostile_cases[];    /* invalid frames, unusable maps */
extern const struct lc_case_def lc_matrix_cases[];  /* the broker of one implementation, the clients of another */
extern const struct lc_case_def lc_b2b_cases[];     /* broker to broker */
extern const struct lc_case_def lc_service_cases[]; /* the service and its clients */
extern const struct lc_case_def lc_service_hostile_cases[]; /* silent clients and invalid requests */
extern const struct lc_case_def lc_served_cases[];          /* clients of the service: the provider served */
extern const struct lc_case_def lc_resume_cases[];          /* channels continued in another process */

#endif
