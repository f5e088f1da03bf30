/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Property: for any sequence of operations on a sender and its receivers, every receiver gets every message of its
 * channel from its first page on, in order, once and complete (RECV-4, EOP-8, SEND-3), and no call returns -EAGAIN or
 * -ETIMEDOUT without a cause. Bytes that a peer writes to fields which no correct implementation reads do not change
 * that. Bytes that a peer writes elsewhere never make the library read or write outside a map.
 */
#include <stddef.h>
#include <string.h>

#include "oracle/layout.h"
#include "platform/platform.h"
#include "rig/channel.h"
#include "rig/check.h"
#include "rig/input.h"
#include "rig/maps.h"

#define OPERATIONS_MAX 400

/* ---------------------------------------------------------------- bytes that a peer overwrites */

/* Overwrites a field that a sender writes, and that neither side of this library reads. */
static void overwrite_unused_field(unsigned which, uint64_t value) {
    static const size_t fields[] = {LC_PAGE_SENDER_ID, LC_PAGE_SIZE_TOTAL, LC_PAGE_SIZE_USED, LC_PAGE_MAX_ALLOC};
    size_t field = fields[which % 4];
    llmp_shmem_desc desc = llmp_sender_describe(fuzz_channel.sender);
    int segment = fuzz_maps_find(desc.id.bytes);
    memcpy(fuzz_maps_bytes(segment) + field, &value, field == LC_PAGE_SENDER_ID ? 4 : 8);
    if (fuzz_channel.allocated && fuzz_has(which, 4)) { /* the commit writes the whole header */
        memset(fuzz_channel.payload - LC_MSG_HEADER, (int)value, LC_MSG_HEADER);
    }
    fuzz_channel.unused_overwritten = true;
}

static void corrupt_page(unsigned segment, size_t offset, uint64_t value) {
    segment %= FUZZ_SEGMENTS;
    size_t size = fuzz_maps_size((int)segment);
    if (size > sizeof value) {
        offset = (offset & 0x7f) % (size - sizeof value);
        memcpy(fuzz_maps_bytes((int)segment) + offset, &value, sizeof value);
        fuzz_channel.corrupted = true;
    }
}

/* ---------------------------------------------------------------- an execution */

static llmp_sender_options pick_options(struct fuzz_input *input) {
    uint8_t pages = fuzz_u8(input);
    uint8_t how = fuzz_u8(input);
    llmp_page_policy policy = (llmp_page_policy)(how >> 3 & 3u);
    llmp_sender_options options = {
        .provider = &fuzz_maps,
        .sender_id = how & 7u,
        .page_size = 512u + 64u * (pages >> 4),
        .page_policy = policy == 3 ? LLMP_PAGES_REUSE : policy,
        .reuse_order = fuzz_has(how, 32) ? LLMP_REUSE_NEWEST : LLMP_REUSE_OLDEST,
        .receivers = 1 + pages % 3u,
        .max_pages = 2 + (pages >> 2 & 3u),
        .preallocate = fuzz_has(how, 64) && policy != LLMP_PAGES_KEEP,
        .max_message = FUZZ_MESSAGE_MAX,
        .batch = fuzz_u8(input) % 5,
        .window = fuzz_has(how, 128) ? 2 : 0,
        .wait = LLMP_WAIT_SLEEP, /* reaches a timeout in the fewest steps: only sleeps advance the clock much */
    };
    return options;
}

static void commit(uint8_t operation, uint8_t argument) {
    uint32_t reserved = fuzz_has(argument, 1) ? LLMP_TAG_UNSET : LLMP_TAG_END_OF_PAGE;
    fuzz_do_commit(fuzz_has(operation, 128) ? reserved : FUZZ_TAG_FIRST + fuzz_channel.sent.count, argument);
}

static void corrupt_or_audit(struct fuzz_input *input, uint8_t operation, uint8_t argument) {
    if (fuzz_has(operation, 128)) {
        corrupt_page(operation >> 4, argument, fuzz_number(input, 8));
    } else if (!fuzz_channel.unused_overwritten && !fuzz_channel.corrupted) {
        fuzz_audit();
    }
}

static void operate_on_receivers(uint8_t argument) {
    if (fuzz_has(argument, 7)) {
        fuzz_do_add_receiver();
    } else {
        fuzz_do_remove_receiver(argument >> 3);
    }
}

static void operate(struct fuzz_input *input) {
    uint8_t operation = fuzz_u8(input);
    uint8_t argument = fuzz_u8(input);
    switch (operation % 16) {
    case 0:
    case 1: fuzz_do_send(argument, operation >> 4); break;
    case 2: fuzz_do_send((size_t)argument << (operation >> 6), operation >> 4 & 3u); break;
    case 3: fuzz_do_alloc(argument, operation >> 4); break;
    case 4: fuzz_do_alloc(fuzz_u16(input) % (2 * FUZZ_MESSAGE_MAX), operation >> 4); break;
    case 5: fuzz_do_shrink(argument); break;
    case 6: fuzz_do_cancel(); break;
    case 7: commit(operation, argument); break;
    case 8: (void)fuzz_do_receive(argument, operation >> 4); break;
    case 9: fuzz_do_drain(argument); break;
    case 10: fuzz_do_flush(); break;
    case 11: operate_on_receivers(argument); break;
    case 12: overwrite_unused_field(operation >> 4, 0x0101010101010101u * argument); break;
    case 13: fuzz_has(operation, 128) ? fuzz_do_evict() : fuzz_do_reserve(argument); break;
    case 14: fuzz_has(operation, 192) ? (void)0 : fuzz_do_exit(); break;
    default: corrupt_or_audit(input, operation, argument); break;
    }
}

static void finish(unsigned how) {
    if (!fuzz_channel.corrupted) {
        fuzz_do_flush();
        for (unsigned i = 0; i < FUZZ_RECEIVERS; i++) {
            fuzz_do_drain(i);
        }
    }
    for (int i = 0; i < FUZZ_RECEIVERS; i++) {
        llmp_receiver_free(fuzz_channel.receivers[i].receiver);
    }
    (void)llmp_sender_free(fuzz_channel.sender, how == 'L' ? 1 : LLMP_NOWAIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input input = fuzz_input_over(data, size);
    memset(&fuzz_channel, 0, offsetof(struct fuzz_channel, sent));
    fuzz_channel.sent.count = 0;
    fuzz_platform_begin();
    fuzz_maps_begin(0);
    fuzz_channel.options = pick_options(&input);
    fuzz_channel.id = fuzz_channel.options.sender_id;
    int rc = llmp_sender_new(&fuzz_channel.options, &fuzz_channel.sender);
    FUZZ_CHECK(rc == 0, "%s", llmp_error_name(rc));
    llmp_shmem_desc desc = llmp_sender_describe(fuzz_channel.sender);
    for (uint32_t i = 0; i < fuzz_channel.options.receivers; i++) {
        fuzz_open_receiver(&fuzz_channel.receivers[i], &desc, false);
    }
    for (int i = 0; i < OPERATIONS_MAX && input.left > 0 && fuzz_channel.sent.count + FUZZ_BATCH < FUZZ_LEDGER_MAX;
         i++) {
        operate(&input);
    }
    finish(data != NULL && size > 0 ? data[0] : 0);
    fuzz_maps_end();
    fuzz_platform_end();
    return 0;
}
