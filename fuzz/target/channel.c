/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Property: whatever a sender and its receivers do in whatever order, every receiver gets every message of its channel,
 * in order, once and whole, from the page it was given on (RECV-4, EOP-8, SEND-3); nobody is told to wait without a
 * reason. What a peer writes into fields that no correct implementation asks changes nothing of that. Whatever it
 * writes anywhere, nothing is read or written outside a map.
 */
#include <stddef.h>
#include <string.h>

#include "oracle/layout.h"
#include "platform/platform.h"
#include "rig/arena.h"
#include "rig/channel.h"
#include "rig/check.h"
#include "rig/input.h"
#include "rig/maps.h"

#define OPERATIONS_MAX 400

/* ---------------------------------------------------------------- peers that scribble */

/* Fields that a sender writes for others, and that neither side of this library asks. */
static void do_stain(unsigned which, uint64_t value) {
    static const size_t fields[] = {LC_PAGE_SENDER_ID, LC_PAGE_SIZE_TOTAL, LC_PAGE_SIZE_USED, LC_PAGE_MAX_ALLOC};
    size_t field = fields[which % 4];
    llmp_shmem_desc desc = llmp_sender_describe(fuzz_channel.sender);
    int segment = fuzz_maps_find(desc.id.bytes);
    memcpy(fuzz_maps_bytes(segment) + field, &value, field == LC_PAGE_SENDER_ID ? 4 : 8);
    if (fuzz_channel.open && (which & 4)) {
        memset(fuzz_channel.payload - LC_MSG_HEADER, (int)value,
               LC_MSG_HEADER); /* the whole header is written at commit */
    }
    fuzz_channel.stained = true;
}

static void do_taint(unsigned segment, size_t offset, uint64_t value) {
    segment %= FUZZ_SEGMENTS;
    size_t size = fuzz_maps_size((int)segment);
    if (size > sizeof value) {
        offset = (offset & 0x80 ? offset & 0x7f : offset) % (size - sizeof value);
        memcpy(fuzz_maps_bytes((int)segment) + offset, &value, sizeof value);
        fuzz_channel.tainted = true;
    }
}

/* ---------------------------------------------------------------- a run */

static llmp_sender_options some_options(struct fuzz_input *input) {
    uint8_t pages = fuzz_u8(input);
    uint8_t how = fuzz_u8(input);
    llmp_sender_options options = {
        .provider = &fuzz_maps,
        .sender_id = how & 7u,
        .page_size = 512u + 64u * (pages >> 4),
        .page_policy = (llmp_page_policy)(how >> 3 & 3u) == 3 ? LLMP_PAGES_REUSE : (llmp_page_policy)(how >> 3 & 3u),
        .reuse_order = how & 32 ? LLMP_REUSE_NEWEST : LLMP_REUSE_OLDEST,
        .receivers = 1 + pages % 3u,
        .max_pages = 2 + (pages >> 2 & 3u),
        .preallocate = how & 64,
        .max_message = FUZZ_MESSAGE_MAX,
        .batch = fuzz_u8(input) % 5,
        .wait = LLMP_WAIT_SLEEP, /* the fewest steps until a clock that is none has moved on */
    };
    options.window = how & 128 ? 2 : 0;
    options.preallocate = options.preallocate && options.page_policy != LLMP_PAGES_KEEP;
    return options;
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
    case 7:
        fuzz_do_commit(operation & 128 ? (argument & 1 ? LLMP_TAG_UNSET : LLMP_TAG_END_OF_PAGE)
                                       : FUZZ_TAG_FIRST + fuzz_channel.sent.count,
                       argument);
        break;
    case 8: (void)fuzz_do_receive(argument, operation >> 4); break;
    case 9: fuzz_do_drain(argument); break;
    case 10: fuzz_do_flush(); break;
    case 11: (argument & 7 ? fuzz_do_admit() : fuzz_do_dismiss(argument >> 3)); break;
    case 12: do_stain(operation >> 4, 0x0101010101010101u * argument); break;
    case 13: (operation & 128 ? fuzz_do_cut() : fuzz_do_offer(argument)); break;
    case 14: (operation & 192 ? (void)0 : fuzz_do_exit()); break;
    default:
        (operation & 128                                ? do_taint(operation >> 4, argument, fuzz_number(input, 8))
         : fuzz_channel.stained || fuzz_channel.tainted ? (void)0
                                                        : fuzz_audit());
        break;
    }
}

static void finish(unsigned how) {
    if (!fuzz_channel.tainted) {
        fuzz_do_flush();
        for (unsigned i = 0; i < FUZZ_RECEIVERS; i++) {
            fuzz_do_drain(i);
        }
    }
    for (int i = 0; i < FUZZ_RECEIVERS; i++) {
        llmp_receiver_free(fuzz_channel.readers[i].receiver);
    }
    (void)llmp_sender_free(fuzz_channel.sender, how == 'L' ? 1 : LLMP_NOWAIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input input = fuzz_input_over(data, size);
    memset(&fuzz_channel, 0, offsetof(struct fuzz_channel, sent));
    fuzz_channel.sent.count = 0;
    fuzz_platform_begin();
    fuzz_maps_begin(0);
    fuzz_channel.options = some_options(&input);
    fuzz_channel.id = fuzz_channel.options.sender_id;
    int rc = llmp_sender_new(&fuzz_channel.options, &fuzz_channel.sender);
    FUZZ_CHECK(rc == 0, "%s", llmp_error_name(rc));
    llmp_shmem_desc desc = llmp_sender_describe(fuzz_channel.sender);
    for (uint32_t i = 0; i < fuzz_channel.options.receivers; i++) {
        fuzz_open_reader(&fuzz_channel.readers[i], &desc, false);
    }
    for (int i = 0; i < OPERATIONS_MAX && input.left > 0 && fuzz_channel.sent.count + 1 < FUZZ_LEDGER_MAX; i++) {
        operate(&input);
    }
    finish(data != NULL && size > 0 ? data[0] : 0);
    fuzz_maps_end();
    fuzz_platform_end();
    return 0;
}
