/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Making, checking and accounting for the channels of a row. */
#include "cases/channel.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "baselines/baseline.h"
#include "kit/clock.h"
#include "kit/pair.h"

enum { PAGE_HEADER = 48, END_OF_PAGE_ROOM = 128, FIRST_PAGE = 1 << 20 };

bool row_needs_inheritance(const struct benchmark *benchmark) {
    return llmp_shmem_provider_scope(benchmark->provider) == LLMP_SCOPE_DESCRIPTOR;
}

/* EOP-4: what a page grows to behind messages of this size. */
static size_t largest_page(size_t payload) {
    size_t wanted = 2 * slot_bytes(payload) + END_OF_PAGE_ROOM + PAGE_HEADER;
    size_t page = FIRST_PAGE;
    while (page < wanted) {
        page *= 2;
    }
    return page;
}

llmp_sender_options row_sender_options(const struct benchmark *benchmark) {
    llmp_sender_options options = {.provider = benchmark->provider};
    if (row_needs_inheritance(benchmark)) {
        options.preallocate = true;
        options.page_size = largest_page(benchmark->payload);
    }
    return options;
}

bool row_check_failed(const struct payload *payload, const llmp_message *message, uint64_t number,
                      struct outcome *out) {
    if (message->length != payload->bytes) {
        outcome_fail(out, "corrupt: message %llu has %zu bytes instead of %zu", (unsigned long long)number,
                     message->length, payload->bytes);
    } else {
        outcome_fail(out, "corrupt: wrong content or order at message %llu", (unsigned long long)number);
    }
    return false;
}

static bool worth_waiting(int rc, int waits, struct outcome *out, const char *what) {
    if (rc != -ETIMEDOUT) {
        outcome_fail(out, "failed: %s gave %s", what, llmp_error_name(rc));
        return false;
    }
    if (pair_stopping() || waits >= ROW_PATIENCE) {
        outcome_fail(out, "failed: %s: %s", what, pair_stopping() ? "interrupted" : "the other side stands still");
        return false;
    }
    return true;
}

int row_send_again(llmp_sender *sender, uint32_t tag, const struct payload *payload, int rc, struct outcome *out) {
    for (int waits = 0; rc != 0 && worth_waiting(rc, waits, out, "send"); waits++) {
        rc = llmp_send(sender, tag, 0, payload->words, payload->bytes, ROW_WAIT);
    }
    return rc;
}

int row_receive_again(llmp_receiver *receiver, llmp_message *message, void *copy, size_t capacity, int rc,
                      struct outcome *out) {
    for (int waits = 0; rc != 0 && worth_waiting(rc, waits, out, "recv"); waits++) {
        rc = copy == NULL ? llmp_recv(receiver, message, ROW_WAIT)
                          : llmp_recv_copy(receiver, message, copy, capacity, ROW_WAIT);
    }
    return rc;
}

bool row_await_ready(struct row_link *link, int peer, struct outcome *out) {
    while (word_observe(&link->ready) == 0) { /* pairs with the peer's word_publish(ready) */
        if (!pair_alive(peer) || pair_stopping()) {
            row_finish(link, peer, out);
            outcome_fail(out, "failed: the other side did not get ready");
            return false;
        }
        clock_sleep_ms(1);
    }
    return true;
}

/* What B saw explains more than what A saw of it. */
static void take_report(struct row_link *link, struct outcome *out) {
    if (link->report.why[0] != '\0') {
        memcpy(out->why, link->report.why, sizeof out->why);
    }
    out->usage[1] = link->report.usage[1];
    out->channel.messages = link->report.channel.messages;
    out->channel.maps_opened = link->report.channel.maps_opened;
    if (link->report.channel.pages_created != 0) { /* the broker's broadcast channel */
        out->channel.pages_created = link->report.channel.pages_created;
        out->channel.window = link->report.channel.window;
    }
}

void row_finish(struct row_link *link, int peer, struct outcome *out) {
    if (link->finished) {
        return;
    }
    link->finished = true;
    if (pair_stopping()) {
        kill(peer, SIGTERM);
    }
    int status = pair_join(peer, pair_stopping() ? 800 : 8000);
    if (word_observe(&link->over) != 0) { /* pairs with the peer's word_publish(over) */
        take_report(link, out);
    }
    if (status != 0) {
        outcome_fail(out, "failed: the other side ended with status %d", status);
    }
}

void row_note_sender(const llmp_sender *sender, struct outcome *out) {
    llmp_sender_stats stats;
    llmp_sender_stats_get(sender, &stats, sizeof stats);
    out->channel.pages_created = stats.pages_created;
    out->channel.window = stats.window;
}

void row_note_receiver(const llmp_receiver *receiver, struct outcome *out) {
    llmp_receiver_stats stats;
    llmp_receiver_stats_get(receiver, &stats, sizeof stats);
    out->channel.messages = stats.messages;
    out->channel.maps_opened = stats.maps_opened;
}
