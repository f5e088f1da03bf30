/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The rare paths of the broker's loops: errors, and the end of a stream whose messages do not arrive. */
#include "subjects/broker_loops.h"

bool flow_failed(const struct broker_transfer *transfer, int rc, const char *what, struct outcome *out) {
    outcome_fail(out, "failed: %s returned %s", what, transfer->error_name(rc));
    return false;
}

bool flow_continues(const struct broker_flow *flow, uint64_t now, uint64_t until, struct outcome *out) {
    if (now > until + (uint64_t)BROKER_WAIT_NS) {
        outcome_fail(out, "failed: %llu messages never arrived", (unsigned long long)(flow->sent - flow->received));
    }
    return outcome_ok(out) && !pair_stopping();
}
