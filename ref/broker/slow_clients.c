/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "broker/slow_clients.h"

#include <errno.h>

#include "broker/events.h"
#include "broker/state.h"
#include "channel/sender.h"
#include "os/os.h"

/* Fewer than any count of llmp_sender_outstanding(), which may be negative. */
#define NONE_WRITTEN_OFF INT64_MIN

void llmp_slow_clients_reset(llmp_broker *broker) {
    broker->written_off = NONE_WRITTEN_OFF;
}

bool llmp_slow_clients_timeout_expired(llmp_broker *broker) {
    int64_t now = llmp_os_now();
    if (broker->blocked_since == 0) {
        broker->blocked_since = now;
    }
    return now - broker->blocked_since >= broker->options.slow_client_timeout_ns;
}

/* Evicts the oldest page if the readers that have yet to leave it are written off, or the timeout has expired. As long
 * as more readers are outstanding than were written off, one that keeps up is among them, and is waited for. */
static bool evict_for_slow_client(llmp_broker *broker) {
    bool expired = llmp_slow_clients_timeout_expired(broker);
    int64_t outstanding = llmp_sender_outstanding(broker->broadcast);
    if (outstanding > broker->written_off && !expired) {
        return false;
    }
    if (llmp_sender_evict_oldest(broker->broadcast) != 0) {
        return false;
    }
    broker->written_off = outstanding;
    llmp_broker_report(broker, LLMP_EVENT_OVERRUN, 0, -ETIMEDOUT);
    return true;
}

static uint64_t pages_turned(const llmp_broker *broker) {
    llmp_sender_stats stats;
    llmp_sender_stats_get(broker->broadcast, &stats, sizeof stats);
    return stats.pages_turned;
}

/* A page that turned without an eviction was left in time by every reader. */
static void note_progress(llmp_broker *broker, bool evicted) {
    broker->blocked_since = 0;
    if (evicted) {
        broker->evicted_at_turn = pages_turned(broker);
    } else if (broker->written_off != NONE_WRITTEN_OFF && pages_turned(broker) > broker->evicted_at_turn) {
        llmp_slow_clients_reset(broker);
    }
}

int llmp_slow_clients_alloc(llmp_broker *broker, size_t length, void **payload) {
    int rc = llmp_sender_alloc(broker->broadcast, length, LLMP_NOWAIT, payload);
    bool evicted = false;
    while (rc == -EAGAIN && evict_for_slow_client(broker)) {
        evicted = true;
        rc = llmp_sender_alloc(broker->broadcast, length, LLMP_NOWAIT, payload);
    }
    if (rc == 0) {
        note_progress(broker, evicted);
    }
    return rc;
}
