/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The sections of the suite, in the order of SPEC.md. Each is an array of cases in a file of its own. */
#ifndef LC_SUITE_CASES_SECTIONS_H
#define LC_SUITE_CASES_SECTIONS_H

#include "suite/kit/case.h"

extern const struct lc_case_def lc_id_cases[];          /* ids and descriptions */
extern const struct lc_case_def lc_map_cases[];         /* the life of maps */
extern const struct lc_case_def lc_page_cases[];        /* page header */
extern const struct lc_case_def lc_message_cases[];     /* messages, padding at every alignment */
extern const struct lc_case_def lc_send_cases[];        /* send, cancel, shrink */
extern const struct lc_case_def lc_eop_cases[];         /* end of page, growth, chains */
extern const struct lc_case_def lc_reuse_cases[];       /* reuse, several receivers, late join */
extern const struct lc_case_def lc_recv_cases[];        /* receiving */
extern const struct lc_case_def lc_hostile_cases[];     /* pages that lie, to a receiver and to a sender */
extern const struct lc_case_def lc_order_cases[];       /* several processes, preemption */
extern const struct lc_case_def lc_crash_cases[];       /* each role killed at each step */
extern const struct lc_case_def lc_broker_cases[];      /* forwarding, ids */
extern const struct lc_case_def lc_broker_life_cases[]; /* coming and going, its end, hooks */
extern const struct lc_case_def lc_broker_hostile_cases[];
extern const struct lc_case_def lc_tcp_cases[]; /* handshake, framing, leaving */
extern const struct lc_case_def lc_tcp_hostile_cases[];
extern const struct lc_case_def lc_matrix_cases[]; /* broker of one, client of another */
extern const struct lc_case_def lc_b2b_cases[];
extern const struct lc_case_def lc_service_cases[];         /* the service and its raw clients */
extern const struct lc_case_def lc_service_hostile_cases[]; /* silence and nonsense */
extern const struct lc_case_def lc_served_cases[];          /* the service's clients */
extern const struct lc_case_def lc_resume_cases[];

#endif
