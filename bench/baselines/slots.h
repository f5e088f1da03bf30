/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Slots of LLMP's shape, and the memory in which baselines write them. */
#ifndef LLMP_BENCH_SLOTS_H
#define LLMP_BENCH_SLOTS_H

#include "kit/inline.h"
#include "kit/payload.h"

/* Bytes of the memory of all baselines, mapped on both sides. */
#define ARENA_BYTES ((size_t)64 << 20)

/* Bytes of LLMP's message header (MSG-1). */
#define SLOT_HEADER ((size_t)40)

/* Returns the bytes of a slot, header included (MSG-1). */
static inline size_t slot_bytes(size_t payload) {
    return (SLOT_HEADER + payload + 63) / 64 * 64;
}

/*
 * Writes header and payload. The five words of the header: tag and sender, broker and flags, id, length, padded length.
 */
static inline void slot_write(void *slot, uint64_t id, const struct payload *payload, size_t bytes) {
    uint64_t *header = slot;
    header[0] = 7;
    header[1] = 0;
    header[2] = id;
    header[3] = bytes;
    header[4] = slot_bytes(bytes) - SLOT_HEADER;
    memcpy(header + 5, payload->words, bytes);
}

static inline bool slot_header_is(const void *slot, uint64_t id, size_t bytes) {
    const uint64_t *header = slot;
    return header[2] == id && header[3] == bytes && header[0] == 7 && header[1] == 0 &&
           header[4] == slot_bytes(bytes) - SLOT_HEADER;
}

/*
 * Calls `function(…, bytes)`, with the size as a constant if `inlined` is true and there is an inline copy for it. The
 * inline copy of a compiler and the memcpy() of the C library access the cache lines of a message in different order
 * and width. The faster one depends on size and processor, so baselines try both. `function` must be ALWAYS_INLINE.
 */
#define WITH_SIZE(inlined, bytes, function, ...)                                                                       \
    (!(inlined)        ? function(__VA_ARGS__, bytes)                                                                  \
     : (bytes) == 8    ? function(__VA_ARGS__, 8)                                                                      \
     : (bytes) == 64   ? function(__VA_ARGS__, 64)                                                                     \
     : (bytes) == 256  ? function(__VA_ARGS__, 256)                                                                    \
     : (bytes) == 1024 ? function(__VA_ARGS__, 1024)                                                                   \
                       : function(__VA_ARGS__, bytes))
/* The largest payload that WITH_SIZE() has an inline copy for. */
#define INLINED_MAX ((size_t)1024)

/* Returns a longer duration for large messages, so that a reading does not consist of a few of them. */
static inline uint64_t scaled_duration(uint64_t ns, size_t payload) {
    return payload >= 1048576 ? 6 * ns : payload >= 65536 ? 3 * ns : ns;
}

/* Touches the arena in this process, so that its page faults are over before a clock runs. */
static inline void arena_touch(unsigned char *arena) {
    for (size_t i = 0; i < ARENA_BYTES; i += 4096) {
        volatile unsigned char *byte = arena + i;
        (void)*byte;
    }
}

#endif
