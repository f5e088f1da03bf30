/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The baselines: what two processes on these two cores could do without any protocol, in the moment of the measurement.
 *
 *   line       a cache line goes back and forth: placement_ns, half a round trip
 *   memcpy     copying a payload within one core's caches
 *   stream     messages of LLMP's shape one way: 40 bytes of header and the payload written to a slot that starts on a
 *              multiple of 64, then a number published; the other side reads every byte and checks the payload just as
 *              the receiver of a row does. No page ever ends, nothing is looked up, nothing can fail.
 *   ping-pong  the same there and back, each payload copied out and checked; half a round trip
 *   relay      there, copied into a slot on the way back as a broker does, and back; the whole way
 *
 * How fast that is depends on the caches: on the *window*, the bytes of slots that are used over and over, on how often
 * a number is published or looked at, and on how bytes are copied. So many settings are scanned for a short time each,
 * the best two or three are measured again for longer, and the best of these second readings is the baseline.
 */
#ifndef LLMP_BENCH_BASELINE_H
#define LLMP_BENCH_BASELINE_H

#include "cases/benchmark.h"
#include "kit/payload.h"

/* The bytes of LLMP's message header, and of a whole slot (MSG-1). */
#define SLOT_HEADER ((size_t)40)

static inline size_t slot_bytes(size_t payload) {
    return (SLOT_HEADER + payload + 63) / 64 * 64;
}

/* The header's five words: tag and sender, broker and flags, message id, length, padded length. */
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
 * Calls `function(…, bytes)`, with the size as a constant when `inlined` and there is a copy for it. A compiler's inline
 * copy and the C library's memcpy take a message's lines in different order and width, and which of them is faster depends
 * on size and processor: baselines try both. `function` has to be inline.
 */
#define WITH_SIZE(inlined, bytes, function, ...)                                                                       \
    (!(inlined)        ? function(__VA_ARGS__, bytes)                                                                  \
     : (bytes) == 8    ? function(__VA_ARGS__, 8)                                                                      \
     : (bytes) == 64   ? function(__VA_ARGS__, 64)                                                                     \
     : (bytes) == 256  ? function(__VA_ARGS__, 256)                                                                    \
     : (bytes) == 1024 ? function(__VA_ARGS__, 1024)                                                                   \
                       : function(__VA_ARGS__, bytes))
#define INLINED_MAX ((size_t)1024)
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Large messages need longer readings, or they would be of a handful. */
static inline uint64_t scaled_duration(uint64_t ns, size_t payload) {
    return payload >= 1048576 ? 6 * ns : payload >= 65536 ? 3 * ns : ns;
}

/* One reading of a baseline, as a job (job.h). */
struct baseline_job {
    enum baseline_kind family; /* BASELINE_OWN: only line and memcpy */
    size_t payload;
    const struct settings *settings;
};

/* Gets the memory that all baselines use, so that it is not faulted in again for each. Call it once, before any job. */
void baselines_init(void);

/* A job_fn; the context is a struct baseline_job. */
void baseline_measure(const void *context, struct outcome *out);

/* For baseline.c: the two readings that have files of their own. `arena` is ARENA_BYTES bytes, mapped on both sides. */
#define ARENA_BYTES ((size_t)64 << 20)
void baseline_stream(const struct baseline_job *job, unsigned char *arena, struct outcome *out);
void baseline_pingpong(const struct baseline_job *job, unsigned char *arena, struct outcome *out);

/* Touches the arena, so that page faults are over before a clock runs. Every process has to. */
void arena_touch(unsigned char *memory, size_t bytes);

/* Nanoseconds, one way, of a cache line that goes back and forth between the two cores; 0 when it failed. */
double baseline_line(void);

#endif
