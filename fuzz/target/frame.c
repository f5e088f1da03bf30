/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Property: for any stream, in any pieces, the reader returns exactly the frames that TCP-1 defines, then the right
 * error, and allocates no more memory than the bytes received and one frame need. The writer sends what it was given in
 * order, once, in any pieces that the socket accepts, and never queues more than its bound.
 */
#include <errno.h>
#include <string.h>

#include "llmp/llmp.h"
#include "platform/platform.h"
#include "rig/check.h"
#include "rig/frames.h"
#include "rig/input.h"
#include "wire/frame.h"

/* Bits of `options`. */
enum { HANGS_UP = 1, RESETS = 2, HALF_FIRST = 4 };

#define HEAD FUZZ_FRAME_HEAD
#define CAPACITY_FIRST 256u

struct stream {
    uint8_t options;
    size_t bound;
    const uint8_t *steps;
    size_t step_count;
    const uint8_t *bytes;
    size_t length;
};

static struct stream parse(const uint8_t *data, size_t size) {
    static const uint16_t bounds[] = {0, 1, 4, 5, 60, 252, 253, 256, 300, 512, 1000, 1024, 4096, 65535};
    struct fuzz_input input = fuzz_input_over(data, size);
    struct stream stream = {.options = fuzz_u8(&input)};
    stream.bound = bounds[fuzz_u8(&input) % (sizeof bounds / sizeof bounds[0])];
    stream.step_count = fuzz_u8(&input) % 64;
    stream.steps = fuzz_take(&input, &stream.step_count);
    stream.length = input.left;
    stream.bytes = fuzz_take(&input, &stream.length);
    return stream;
}

/* ---------------------------------------------------------------- reading */

/* A second implementation of TCP-1. Returns 0 and the length of the body at `at`, or the error to expect. */
static int expected(const struct stream *stream, size_t arrived, size_t at, size_t *length) {
    size_t left = arrived - at;
    if (left >= HEAD) {
        *length = fuzz_frame_length(stream->bytes + at);
        if (*length > stream->bound) {
            return -LLMP_E_FRAME_TOO_LARGE;
        }
        if (left - HEAD >= *length) {
            return 0;
        }
    }
    if (arrived < stream->length || !fuzz_has(stream->options, HANGS_UP | RESETS)) {
        return -EAGAIN;
    }
    if (fuzz_has(stream->options, RESETS)) {
        return -ECONNRESET;
    }
    return left > 0 ? -LLMP_E_FRAME_TRUNCATED : -EPIPE;
}

/* Retries after -EAGAIN as often as there can be steps of 0 bytes. */
static int read_with_retry(struct llmp_frame_reader *reader, const struct stream *stream, llmp_socket socket,
                           struct llmp_span *body) {
    int rc = -EAGAIN;
    for (size_t i = 0; rc == -EAGAIN && i <= stream->step_count; i++) {
        rc = llmp_frame_read(reader, socket, body);
    }
    return rc;
}

/* The buffer grows by doubling, and is never larger than the largest frame. */
static void expect_memory(const struct llmp_frame_reader *reader, const struct stream *stream) {
    size_t arrived = stream->length > CAPACITY_FIRST ? stream->length : CAPACITY_FIRST;
    FUZZ_CHECK(reader->in.capacity <= HEAD + stream->bound && reader->in.capacity <= 2 * (arrived + HEAD),
               "%zu bytes for %zu", reader->in.capacity, stream->length);
}

/* Reads all frames of the bytes that have arrived. Returns the offset behind the last one. */
static size_t read_all(struct llmp_frame_reader *reader, const struct stream *stream, llmp_socket socket,
                       size_t arrived, size_t at) {
    for (;;) {
        struct llmp_span body = {0};
        size_t length = 0;
        int wanted = expected(stream, arrived, at, &length);
        int rc = read_with_retry(reader, stream, socket, &body);
        bool same = rc == wanted || (rc == -ECONNRESET && fuzz_has(stream->options, RESETS));
        FUZZ_CHECK(same, "%s instead of %s at byte %zu", llmp_error_name(rc), llmp_error_name(wanted), at);
        expect_memory(reader, stream);
        if (rc != 0 || wanted != 0) {
            return at;
        }
        FUZZ_CHECK(body.length == length, "%zu bytes instead of %zu", body.length, length);
        FUZZ_CHECK(length == 0 || memcmp(body.bytes, stream->bytes + at + HEAD, length) == 0, "wrong body");
        at += HEAD + length;
    }
}

static void run_reader(const struct stream *stream) {
    struct fuzz_pair pair = fuzz_socket_pair();
    struct llmp_frame_reader reader;
    size_t at = 0;
    llmp_frame_reader_init(&reader, stream->bound);
    fuzz_socket_pace(pair.target, stream->steps, stream->step_count);
    size_t half = fuzz_has(stream->options, HALF_FIRST) ? stream->length / 2 : stream->length;
    fuzz_socket_send(pair.target, stream->bytes, half);
    if (half < stream->length) {
        at = read_all(&reader, stream, pair.library, half, 0);
        fuzz_socket_send(pair.target, stream->bytes + half, stream->length - half);
    }
    if (fuzz_has(stream->options, RESETS)) {
        fuzz_socket_reset(pair.target);
    } else if (fuzz_has(stream->options, HANGS_UP)) {
        fuzz_socket_hang_up(pair.target);
    }
    (void)read_all(&reader, stream, pair.library, stream->length, at);
    llmp_frame_reader_fini(&reader);
    llmp_socket_close(pair.library);
}

/* ---------------------------------------------------------------- writing */

/* The frames that the writer has accepted. */
struct accepted {
    uint8_t bytes[FUZZ_SOCKET_ROOM];
    size_t length;
    size_t queued; /* bytes not flushed yet */
};

static void append(struct accepted *accepted, const void *bytes, size_t length) {
    memcpy(accepted->bytes + accepted->length, bytes, length);
    accepted->length += length;
    accepted->queued += length;
}

static void expect_sent(llmp_socket target, const struct accepted *accepted) {
    const uint8_t *sent;
    size_t length = fuzz_socket_received(target, &sent);
    FUZZ_CHECK(length == accepted->length, "%zu bytes instead of %zu", length, accepted->length);
    FUZZ_CHECK(length == 0 || memcmp(sent, accepted->bytes, length) == 0, "wrong bytes");
}

static void flush_all(struct llmp_frame_writer *writer, const struct stream *stream, llmp_socket socket) {
    int rc = -EAGAIN;
    for (size_t i = 0; rc == -EAGAIN && i <= stream->step_count; i++) {
        rc = llmp_frame_flush(writer, socket);
        FUZZ_CHECK(llmp_frame_pending(writer) == (rc != 0), "llmp_frame_pending() after %s", llmp_error_name(rc));
    }
    FUZZ_CHECK(rc == 0, "%s", llmp_error_name(rc));
}

static int put(struct llmp_frame_writer *writer, const struct stream *stream, struct llmp_span body,
               struct accepted *accepted) {
    const uint8_t head[HEAD] = {0, 0, 0, (uint8_t)body.length};
    bool fits = accepted->queued + HEAD + body.length <= stream->bound;
    int rc = llmp_frame_put(writer, body);
    FUZZ_CHECK(rc == (fits ? 0 : -ENOBUFS), "%s: %zu bytes after %zu", llmp_error_name(rc), body.length,
               accepted->queued);
    if (rc == 0) {
        append(accepted, head, HEAD);
        append(accepted, body.bytes, body.length);
    }
    return rc;
}

/* Sends the stream's bytes as bodies: the first byte of each is its length. */
static void run_writer(const struct stream *stream) {
    static struct accepted accepted;
    struct fuzz_pair pair = fuzz_socket_pair();
    struct llmp_frame_writer writer;
    accepted.length = 0;
    accepted.queued = 0;
    llmp_frame_writer_init(&writer, stream->bound);
    fuzz_socket_pace(pair.target, stream->steps, stream->step_count);
    for (size_t at = 0; at < stream->length;) {
        const uint8_t *body = stream->bytes + at;
        size_t length = *body < stream->length - at ? *body : stream->length - at;
        int rc = put(&writer, stream, (struct llmp_span){body, length}, &accepted);
        if (rc != 0 || *body % 4 == 0) {
            flush_all(&writer, stream, pair.library);
            accepted.queued = 0;
        }
        at += length + 1;
    }
    flush_all(&writer, stream, pair.library);
    expect_sent(pair.target, &accepted);
    llmp_frame_writer_fini(&writer);
    llmp_socket_close(pair.library);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct stream stream = parse(data, size);
    if (stream.length == 0 || stream.length > FUZZ_SOCKET_ROOM / 8) {
        return 0;
    }
    fuzz_platform_begin();
    run_reader(&stream);
    run_writer(&stream);
    fuzz_platform_end();
    return 0;
}
