/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Property: for any bytes of a page, a receiver returns exactly the messages that RECV-0 to RECV-3 and EOP-5 define,
 * and at the first violation the error of a rule that is violated. It reads nothing outside the map and no byte of a
 * slot twice on one visit; a returned header does not change when the page does. It leaves every page as often as it
 * joined it, and leaves no map open.
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

/* Bits of the option byte FLAGS. */
enum {
    PRE_JOINED = 1,
    COPIES = 2,
    OVERWRITES_HEADERS = 4,
    TWO_STEPS = 8,
    SMALL_PAGES = 16,
    POLLS = 32,
    OTHER_SIZE = 64,
    DECREASES_ID = 128
};
/* Indices of the option bytes. */
enum { FLAGS, FIRST_STEP, MAPPED, SIZE_DIFFERENCE, FIRST_PAGE, CAPACITY, BATCH };

/* Pages with messages can form a ring, which has no end. */
#define CALLS_MAX 64
#define BATCH_MAX 4

struct run {
    const struct fuzz_bundle *bundle;
    llmp_receiver *receiver;
    struct fuzz_reader model;
    uint64_t messages;
    bool ring;                          /* the receiver met a ring of pages without messages; its joins are unknown */
    uint16_t joined[FUZZ_BUNDLE_PAGES]; /* counts of the input's pages, before the receiver opened one */
    uint16_t left[FUZZ_BUNDLE_PAGES];
    uint8_t buffer[FUZZ_SEGMENT_MAX];
};

static bool has(const struct run *run, unsigned flag) {
    return (run->bundle->options[FLAGS] & flag) != 0;
}

static uint16_t counter_at(int segment, size_t offset) {
    uint16_t count = 0;
    if (fuzz_maps_size(segment) >= offset + sizeof count) {
        memcpy(&count, fuzz_maps_bytes(segment) + offset, sizeof count);
    }
    return count;
}

static void set_current_msg_id(int segment, uint64_t id) {
    memcpy(fuzz_maps_bytes(segment) + LC_PAGE_CURRENT_MSG_ID, &id, sizeof id);
}

/* ---------------------------------------------------------------- one call */

static int receive(struct run *run, llmp_message *message) {
    size_t capacity = run->bundle->options[CAPACITY];
    fuzz_watch_begin();
    int rc = has(run, COPIES)  ? llmp_recv_copy(run->receiver, message, run->buffer, capacity, LLMP_NOWAIT)
             : has(run, POLLS) ? llmp_receiver_poll(run->receiver, message)
                               : llmp_recv(run->receiver, message, LLMP_NOWAIT);
    fuzz_watch_end();
    return rc;
}

/* Receives again if the buffer was too small, or if a coalescing receiver did not check the page yet. */
static int receive_with_retry(struct run *run, llmp_message *message) {
    int rc = receive(run, message);
    for (int retries = 0; rc == -EAGAIN && has(run, POLLS) && retries < FUZZ_BUNDLE_PAGES; retries++) {
        fuzz_clock_advance(LLMP_MILLISECONDS(1));
        rc = receive(run, message);
    }
    if (rc == -LLMP_E_BUFFER_TOO_SMALL) {
        FUZZ_CHECK(message->length > run->bundle->options[CAPACITY], "the buffer is large enough");
        rc = llmp_recv_copy(run->receiver, message, run->buffer, sizeof run->buffer, LLMP_NOWAIT);
    }
    return rc;
}

static void expect_payload(const struct run *run, const llmp_message *message, const struct fuzz_next *next) {
    const uint8_t *expected = fuzz_maps_bytes(next->segment) + next->offset + LC_MSG_HEADER;
    int segment;
    size_t offset;
    if (has(run, COPIES)) {
        FUZZ_CHECK(message->payload == run->buffer, "the payload is not in the buffer");
    } else {
        FUZZ_CHECK(fuzz_maps_locate(message->payload, &segment, &offset) && segment == next->segment &&
                       offset == next->offset + LC_MSG_HEADER,
                   "the payload is not in the slot");
    }
    FUZZ_CHECK(message->length == 0 || memcmp(message->payload, expected, message->length) == 0, "wrong payload");
}

static void expect_message(const struct run *run, const llmp_message *message, const struct fuzz_next *next) {
    FUZZ_CHECK(message->tag == next->tag && message->sender == next->sender && message->broker == next->broker &&
                   message->flags == next->flags && message->id == next->id && message->length == next->length,
               "tag %x id %llu length %zu, not tag %x id %llu length %zu", message->tag,
               (unsigned long long)message->id, message->length, next->tag, (unsigned long long)next->id, next->length);
    expect_payload(run, message, next);
}

/* Overwrites the header in the page, as a hostile sender can. */
static void overwrite_header(const llmp_message *message, const struct fuzz_next *next) {
    const llmp_message before = *message;
    memset(fuzz_maps_bytes(next->segment) + next->offset, 0xff, LC_MSG_HEADER);
    FUZZ_CHECK(before.tag == message->tag && before.length == message->length && before.id == message->id,
               "the returned header changed with the page");
}

static void compare_message(struct run *run, const llmp_message *message, const struct fuzz_next *next) {
    expect_message(run, message, next);
    run->messages++;
    if (has(run, OVERWRITES_HEADERS)) {
        overwrite_header(message, next);
    }
}

/* Returns true if `next` follows message `id` on the same visit of its page: on a new visit, ids begin with 1. */
static bool continues(const struct fuzz_next *next, uint64_t id) {
    return next->kind == FUZZ_NEXT_MESSAGE && next->id == id + 1;
}

/* A batch has all messages that are published on its page, up to its maximum, and no others. */
static void compare_batch(struct run *run, const llmp_message *messages, int64_t count, int64_t max,
                          struct fuzz_next next) {
    for (int64_t i = 0; i < count; i++) {
        if (i > 0) {
            next = fuzz_reader_next(&run->model);
            FUZZ_CHECK(continues(&next, messages[i - 1].id), "a batch of %lld, but the page has %lld", (long long)count,
                       (long long)i);
        }
        compare_message(run, &messages[i], &next);
    }
    if (count < max) {
        struct fuzz_reader ahead = run->model;
        next = fuzz_reader_next(&ahead);
        FUZZ_CHECK(!continues(&next, messages[count - 1].id), "a batch of %lld, but the page has more",
                   (long long)count);
    }
}

static int64_t batch_max(const struct run *run) {
    return has(run, COPIES | POLLS) ? 1 : 1 + run->bundle->options[BATCH] % BATCH_MAX;
}

/* Returns how many messages were received, or an error. */
static int64_t receive_some(struct run *run, llmp_message messages[BATCH_MAX]) {
    if (batch_max(run) == 1) {
        int rc = receive_with_retry(run, messages);
        return rc == 0 ? 1 : rc;
    }
    fuzz_watch_begin();
    int64_t count = llmp_recv_many(run->receiver, messages, (size_t)batch_max(run), LLMP_NOWAIT);
    fuzz_watch_end();
    FUZZ_CHECK(count != 0 && count <= batch_max(run), "%lld messages received", (long long)count);
    return count;
}

/* Returns what the second reader expected. */
static enum fuzz_next_kind receive_and_compare(struct run *run) {
    llmp_message messages[BATCH_MAX];
    llmp_message message;
    struct fuzz_next next = fuzz_reader_next(&run->model);
    int64_t count = receive_some(run, messages);
    int rc = count > 0 ? 0 : (int)count;
    switch (next.kind) {
    case FUZZ_NEXT_MESSAGE:
        FUZZ_CHECK(rc == 0, "%s instead of message %llu", llmp_error_name(rc), (unsigned long long)next.id);
        compare_batch(run, messages, count, batch_max(run), next);
        break;
    case FUZZ_NEXT_ERROR:
        FUZZ_CHECK((fuzz_error_bit(rc) & next.errors) != 0, "%s, which is not in %llx", llmp_error_name(rc),
                   (unsigned long long)next.errors);
        FUZZ_CHECK(receive(run, &message) == -LLMP_E_BROKEN && llmp_receiver_error(run->receiver) == rc,
                   "the error does not persist");
        break;
    case FUZZ_NEXT_CLOSED:
        FUZZ_CHECK(rc == -LLMP_E_CLOSED && receive(run, &message) == -LLMP_E_CLOSED, "not closed: %s",
                   llmp_error_name(rc));
        break;
    case FUZZ_NEXT_RING:
        FUZZ_CHECK(rc == -EAGAIN, "%s from a ring", llmp_error_name(rc));
        run->ring = true;
        break;
    case FUZZ_NEXT_NONE: FUZZ_CHECK(rc == -EAGAIN, "%s instead of -EAGAIN", llmp_error_name(rc)); break;
    }
    return next.kind;
}

/* Returns true if all published messages were read, and the channel has not ended. */
static bool drain(struct run *run) {
    enum fuzz_next_kind kind = FUZZ_NEXT_MESSAGE;
    for (int i = 0; i < CALLS_MAX && kind == FUZZ_NEXT_MESSAGE; i++) {
        kind = receive_and_compare(run);
    }
    return kind == FUZZ_NEXT_NONE;
}

/* ---------------------------------------------------------------- a channel */

static void read_all(struct run *run) {
    int first = run->model.segment;
    uint64_t newest;
    memcpy(&newest, fuzz_maps_bytes(first) + LC_PAGE_CURRENT_MSG_ID, sizeof newest);
    if (has(run, TWO_STEPS)) {
        uint64_t step = run->bundle->options[FIRST_STEP] % 8;
        set_current_msg_id(first, step < newest ? step : newest);
        if (!drain(run)) {
            return;
        }
        set_current_msg_id(first, newest);
    }
    if (drain(run) && has(run, DECREASES_ID) && run->model.last_id > 0) {
        set_current_msg_id(run->model.segment, run->model.last_id - 1);
        (void)receive_and_compare(run);
    }
}

static void put_pages(struct run *run) {
    for (int i = 0; i < run->bundle->count; i++) {
        int segment = fuzz_maps_put(run->bundle->pages[i].bytes, run->bundle->pages[i].size);
        run->joined[i] = counter_at(segment, LC_PAGE_JOINED);
        run->left[i] = counter_at(segment, LC_PAGE_LEFT);
    }
}

static llmp_shmem_desc first_page(const struct run *run) {
    int start = run->bundle->options[FIRST_PAGE] % run->bundle->count;
    llmp_shmem_desc desc = {.size = run->bundle->pages[start].size};
    int number = start + 1;
    desc.id.bytes[0] = (char)(number < 10 ? '0' + number : '1');
    desc.id.bytes[1] = (char)(number < 10 ? '\0' : '0' + number - 10);
    if (has(run, OTHER_SIZE)) {
        desc.size += (size_t)run->bundle->options[SIZE_DIFFERENCE] - 128;
    }
    return desc;
}

static void expect_counter(int page, size_t offset, unsigned before, unsigned added, const char *what) {
    uint16_t expected = (uint16_t)(before + added);
    FUZZ_CHECK(counter_at(page, offset) == expected, "page %d was %s %d times instead of %d", page, what,
               counter_at(page, offset), expected);
}

/* Pages that the receiver did not touch may have any counters. */
static void expect_counters(const struct run *run) {
    for (int i = 0; i < run->bundle->count && !run->ring; i++) {
        if (run->model.joined[i] + run->model.left[i] != 0) {
            expect_counter(i, LC_PAGE_JOINED, run->joined[i], run->model.joined[i], "joined");
            expect_counter(i, LC_PAGE_LEFT, run->left[i], run->model.left[i], "left");
        }
    }
}

static void expect_stats(const struct run *run, uint32_t max_mapped_pages) {
    int max_maps = max_mapped_pages > 2 ? (int)max_mapped_pages : 2;
    llmp_receiver_stats stats;
    llmp_receiver_stats_get(run->receiver, &stats, sizeof stats);
    FUZZ_CHECK(fuzz_maps_count() <= max_maps, "%d pages are mapped", fuzz_maps_count());
    FUZZ_CHECK(stats.messages == run->messages, "%llu messages counted", (unsigned long long)stats.messages);
    FUZZ_CHECK(stats.maps_live == (uint64_t)fuzz_maps_count(), "%llu maps counted",
               (unsigned long long)stats.maps_live);
}

static void run_channel(struct run *run) {
    llmp_receiver_options options = {
        .provider = &fuzz_maps,
        .pre_joined = has(run, PRE_JOINED),
        .max_page_size = has(run, SMALL_PAGES) ? 1024 : FUZZ_SEGMENT_MAX,
        .max_mapped_pages = 1 + run->bundle->options[MAPPED] % 8,
    };
    llmp_shmem_desc desc = first_page(run);
    run->model.max_page_size = options.max_page_size;
    uint64_t errors = fuzz_reader_begin(&run->model, desc.size, desc.id.bytes, options.pre_joined);
    int rc = llmp_receiver_new(&desc, &options, &run->receiver);
    if (errors != 0) {
        FUZZ_CHECK((fuzz_error_bit(rc) & errors) != 0, "%s, which is not in %llx", llmp_error_name(rc),
                   (unsigned long long)errors);
        return;
    }
    FUZZ_CHECK(rc == 0, "%s for a valid page", llmp_error_name(rc));
    read_all(run);
    expect_stats(run, options.max_mapped_pages);
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
    put_pages(&run);
    run_channel(&run);
    expect_counters(&run);
    fuzz_maps_end();
    return 0;
}
