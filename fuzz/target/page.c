/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Property: whatever bytes a page holds, a receiver returns exactly the messages that the facts RECV-0 to RECV-3 and
 * EOP-5 find in them, refuses the first thing that breaks one of these, and names one that is broken. It reads nothing
 * outside the map, no byte of a slot twice on a visit, and what it returned does not change when the page does. It
 * leaves every page as often as it joined it, and keeps no map open.
 */
#include <errno.h>
#include <string.h>

#include "channel/receiver.h"
#include "oracle/layout.h"
#include "platform/platform.h"
#include "rig/bundle.h"
#include "rig/check.h"
#include "rig/maps.h"
#include "rig/reader.h"
#include "rig/watch.h"

/* how[0] */
enum {
    JOINED = 1,
    COPIES = 2,
    SCRIBBLES = 4,
    STEPWISE = 8,
    SMALL_PAGES = 16,
    POLLS = 32,
    OTHER_SIZE = 64,
    GOES_BACK = 128
};
enum { HOW, FIRST_STEP, MAPPED, SIZE_DIFFERS, START, CAPACITY };

/* A page of messages can lead to itself again for ever. */
#define CALLS_MAX 64

struct run {
    const struct fuzz_bundle *bundle;
    llmp_receiver *receiver;
    struct fuzz_reader model;
    uint64_t messages;
    bool ring;                          /* it went round on pages without a message, and nobody says how often */
    uint16_t joined[FUZZ_BUNDLE_PAGES]; /* as the pages came */
    uint16_t left[FUZZ_BUNDLE_PAGES];
    uint8_t buffer[FUZZ_SEGMENT_MAX];
};

static bool has(const struct run *run, unsigned flag) {
    return (run->bundle->how[HOW] & flag) != 0;
}

static uint16_t count_at(int segment, size_t offset) {
    uint16_t count = 0;
    if (fuzz_maps_size(segment) >= offset + sizeof count) {
        memcpy(&count, fuzz_maps_bytes(segment) + offset, sizeof count);
    }
    return count;
}

static void set_current(int segment, uint64_t id) {
    memcpy(fuzz_maps_bytes(segment) + LC_PAGE_CURRENT_MSG_ID, &id, sizeof id);
}

/* ---------------------------------------------------------------- one call */

static int receive(struct run *run, llmp_message *message) {
    size_t capacity = run->bundle->how[CAPACITY];
    fuzz_watch_begin();
    int rc = has(run, COPIES)  ? llmp_recv_copy(run->receiver, message, run->buffer, capacity, LLMP_NOWAIT)
             : has(run, POLLS) ? llmp_receiver_poll(run->receiver, message)
                               : llmp_recv(run->receiver, message, LLMP_NOWAIT);
    fuzz_watch_end();
    return rc;
}

/* Asks again where the answer was that the buffer is small, or that it is not time yet to look at this page. */
static int receive_at_last(struct run *run, llmp_message *message) {
    int rc = receive(run, message);
    for (int looks = 0; rc == -EAGAIN && has(run, POLLS) && looks < FUZZ_BUNDLE_PAGES; looks++) {
        fuzz_clock_advance(LLMP_MILLISECONDS(1));
        rc = receive(run, message);
    }
    if (rc == -LLMP_E_BUFFER_TOO_SMALL) {
        FUZZ_CHECK(message->length > run->bundle->how[CAPACITY], "a buffer that was large enough");
        rc = llmp_recv_copy(run->receiver, message, run->buffer, sizeof run->buffer, LLMP_NOWAIT);
    }
    return rc;
}

static void expect_payload(const struct run *run, const llmp_message *message, const struct fuzz_next *next) {
    const uint8_t *expected = fuzz_maps_bytes(next->segment) + next->offset + LC_MSG_HEADER;
    int segment;
    size_t offset;
    if (has(run, COPIES)) {
        FUZZ_CHECK(message->payload == run->buffer, "a copy that lies elsewhere");
    } else {
        FUZZ_CHECK(fuzz_maps_where(message->payload, &segment, &offset) && segment == next->segment &&
                       offset == next->offset + LC_MSG_HEADER,
                   "the payload lies elsewhere");
    }
    FUZZ_CHECK(message->length == 0 || memcmp(message->payload, expected, message->length) == 0, "another payload");
}

static void expect_message(const struct run *run, const llmp_message *message, const struct fuzz_next *next) {
    FUZZ_CHECK(message->tag == next->tag && message->sender == next->sender && message->broker == next->broker &&
                   message->flags == next->flags && message->id == next->id && message->length == next->length,
               "tag %x id %llu length %zu, not tag %x id %llu length %zu", message->tag,
               (unsigned long long)message->id, message->length, next->tag, (unsigned long long)next->id, next->length);
    expect_payload(run, message, next);
}

/* Whoever wrote the message changes its header afterwards. */
static void scribble(const llmp_message *message, const struct fuzz_next *next) {
    const llmp_message before = *message;
    memset(fuzz_maps_bytes(next->segment) + next->offset, 0xff, LC_MSG_HEADER);
    FUZZ_CHECK(before.tag == message->tag && before.length == message->length && before.id == message->id,
               "what was returned changed with the page");
}

/* Returns what it was. */
static enum fuzz_next_kind call_and_compare(struct run *run) {
    llmp_message message;
    struct fuzz_next next = fuzz_reader_next(&run->model);
    int rc = receive_at_last(run, &message);
    switch (next.kind) {
    case FUZZ_NEXT_MESSAGE:
        FUZZ_CHECK(rc == 0, "%s instead of message %llu", llmp_error_name(rc), (unsigned long long)next.id);
        expect_message(run, &message, &next);
        run->messages++;
        if (has(run, SCRIBBLES)) {
            scribble(&message, &next);
        }
        break;
    case FUZZ_NEXT_WRONG:
        FUZZ_CHECK((fuzz_code_bit(rc) & next.broken) != 0, "%s, which is not what is broken: %llx", llmp_error_name(rc),
                   (unsigned long long)next.broken);
        FUZZ_CHECK(receive(run, &message) == -LLMP_E_BROKEN && llmp_receiver_error(run->receiver) == rc,
                   "an error that does not last");
        break;
    case FUZZ_NEXT_CLOSED:
        FUZZ_CHECK(rc == -LLMP_E_CLOSED && receive(run, &message) == -LLMP_E_CLOSED, "not closed: %s",
                   llmp_error_name(rc));
        break;
    case FUZZ_NEXT_RING:
        FUZZ_CHECK(rc == -EAGAIN, "%s from a ring", llmp_error_name(rc));
        run->ring = true;
        break;
    case FUZZ_NEXT_NONE: FUZZ_CHECK(rc == -EAGAIN, "%s instead of nothing", llmp_error_name(rc)); break;
    }
    return next.kind;
}

/* True: everything was read, and there may be more later. */
static bool drain(struct run *run) {
    enum fuzz_next_kind kind = FUZZ_NEXT_MESSAGE;
    for (int i = 0; i < CALLS_MAX && kind == FUZZ_NEXT_MESSAGE; i++) {
        kind = call_and_compare(run);
    }
    return kind == FUZZ_NEXT_NONE;
}

/* ---------------------------------------------------------------- a channel */

static void read_all(struct run *run) {
    int first = run->model.segment;
    uint64_t newest;
    memcpy(&newest, fuzz_maps_bytes(first) + LC_PAGE_CURRENT_MSG_ID, sizeof newest);
    if (has(run, STEPWISE)) {
        uint64_t step = run->bundle->how[FIRST_STEP] % 8;
        set_current(first, step < newest ? step : newest);
        if (!drain(run)) {
            return;
        }
        set_current(first, newest);
    }
    if (drain(run) && has(run, GOES_BACK) && run->model.last_id > 0) {
        set_current(run->model.segment, run->model.last_id - 1);
        (void)call_and_compare(run);
    }
}

static void make_pages(struct run *run) {
    for (int i = 0; i < run->bundle->count; i++) {
        int segment = fuzz_maps_put(run->bundle->pages[i].bytes, run->bundle->pages[i].size);
        run->joined[i] = count_at(segment, LC_PAGE_JOINED);
        run->left[i] = count_at(segment, LC_PAGE_LEFT);
    }
}

static llmp_shmem_desc first_page(const struct run *run) {
    int start = run->bundle->how[START] % run->bundle->count;
    llmp_shmem_desc desc = {.size = run->bundle->pages[start].size};
    int number = start + 1;
    desc.id.bytes[0] = (char)(number < 10 ? '0' + number : '1');
    desc.id.bytes[1] = (char)(number < 10 ? '\0' : '0' + number - 10);
    if (has(run, OTHER_SIZE)) {
        desc.size += (size_t)run->bundle->how[SIZE_DIFFERS] - 128;
    }
    return desc;
}

static void expect_counts(const struct run *run) {
    for (int i = 0; i < run->bundle->count && !run->ring; i++) {
        uint16_t joined = (uint16_t)(run->joined[i] + run->model.joined[i]);
        uint16_t left = (uint16_t)(run->left[i] + run->model.left[i]);
        FUZZ_CHECK(run->model.joined[i] + run->model.left[i] == 0 || count_at(i, LC_PAGE_JOINED) == joined,
                   "page %d was joined %d times instead of %d", i, count_at(i, LC_PAGE_JOINED), joined);
        FUZZ_CHECK(run->model.joined[i] + run->model.left[i] == 0 || count_at(i, LC_PAGE_LEFT) == left,
                   "page %d was left %d times instead of %d", i, count_at(i, LC_PAGE_LEFT), left);
    }
}

static void run_channel(struct run *run) {
    llmp_receiver_stats stats;
    llmp_receiver_options options = {
        .provider = &fuzz_maps,
        .pre_joined = has(run, JOINED),
        .max_page_size = has(run, SMALL_PAGES) ? 1024 : FUZZ_SEGMENT_MAX,
        .max_mapped_pages = 1 + run->bundle->how[MAPPED] % 8,
    };
    llmp_shmem_desc desc = first_page(run);
    run->model.most_page = options.max_page_size;
    uint64_t broken = fuzz_reader_begin(&run->model, desc.size, desc.id.bytes, options.pre_joined);
    int rc = llmp_receiver_new(&desc, &options, &run->receiver);
    if (broken != 0) {
        FUZZ_CHECK((fuzz_code_bit(rc) & broken) != 0, "%s, which is not what is broken: %llx", llmp_error_name(rc),
                   (unsigned long long)broken);
        return;
    }
    FUZZ_CHECK(rc == 0, "%s for a good page", llmp_error_name(rc));
    read_all(run);
    FUZZ_CHECK(fuzz_maps_open() <= (options.max_mapped_pages > 2 ? (int)options.max_mapped_pages : 2), "%d maps kept",
               fuzz_maps_open());
    llmp_receiver_stats_get(run->receiver, &stats, sizeof stats);
    FUZZ_CHECK(stats.messages == run->messages, "%llu messages counted", (unsigned long long)stats.messages);
    FUZZ_CHECK(stats.maps_live == (uint64_t)fuzz_maps_open(), "%llu maps counted", (unsigned long long)stats.maps_live);
    llmp_receiver_free(run->receiver);
    if (run->model.segment >= 0) {
        run->model.left[run->model.segment]++;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct run run;
    struct fuzz_bundle bundle = fuzz_bundle_parse(data, size);
    if (bundle.count == 0) {
        return 0;
    }
    run.bundle = &bundle;
    run.ring = false;
    run.messages = 0;
    run.model = (struct fuzz_reader){0};
    fuzz_platform_begin();
    fuzz_maps_begin(fuzz_maps_salt(data, size));
    make_pages(&run);
    run_channel(&run);
    expect_counts(&run);
    fuzz_maps_end();
    return 0;
}
