/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Waiting for side B, and taking its report. */
#include "kit/peer_link.h"

#include <signal.h>
#include <string.h>

#include "kit/clock.h"
#include "kit/pair.h"

enum { JOIN_MS = 8000, JOIN_STOPPING_MS = 800 };

bool peer_link_await_ready(struct peer_link *link, pid_t peer, struct outcome *out) {
    while (word_observe(&link->ready) == 0) { /* pairs with the peer's word_publish(ready) */
        if (!pair_alive(peer) || pair_stopping()) {
            peer_link_finish(link, peer, out);
            outcome_fail(out, "failed: the other side did not become ready");
            return false;
        }
        clock_sleep_ms(1);
    }
    return true;
}

/* B's error replaces A's, because A often sees only the consequence. */
static void take_report(const struct outcome *report, struct outcome *out) {
    if (!outcome_ok(report)) {
        memcpy(out->error, report->error, sizeof out->error);
    }
    out->usage[1] = report->usage[1];
    out->channel.messages = report->channel.messages;
    out->channel.maps_opened = report->channel.maps_opened;
    if (report->channel.pages_created != 0) { /* of the broker's broadcast channel */
        out->channel.pages_created = report->channel.pages_created;
        out->channel.window = report->channel.window;
    }
}

void peer_link_finish(struct peer_link *link, pid_t peer, struct outcome *out) {
    if (link->finished) {
        return;
    }
    link->finished = true;
    if (pair_stopping()) {
        kill(peer, SIGTERM);
    }
    int status = pair_join(peer, pair_stopping() ? JOIN_STOPPING_MS : JOIN_MS);
    if (word_observe(&link->over) != 0) { /* pairs with the peer's word_publish(over) */
        take_report(&link->report, out);
    }
    if (status != 0) {
        outcome_fail(out, "failed: the other side ended with status %d", status);
    }
}
