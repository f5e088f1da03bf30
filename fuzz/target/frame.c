/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Property: in whatever pieces a stream arrives, and whatever it holds, the reader gives exactly the frames that TCP-1
 * finds in it, then the reason why there are no more, and keeps no more memory than what arrived and one frame ask for.
 * What the writer was given leaves in order, once, in whatever pieces the socket takes it, and never more than its
 * bound waits.
 */
#include <errno.h>
#include <string.h>

#include "llmp/llmp.h"
#include "platform/platform.h"
#include "rig/check.h"
#include "rig/input.h"
#include "wire/frame.h"

enum { HANGS_UP = 1, RESETS = 2, HALF_FIRST = 4 };

#define HEAD 4u
#define CAPACITY_FIRST 256u
#define FRAMES_MAX 600

struct stream {
    uint8_t how;
    size_t bound;
    const uint8_t *steps;
    size_t step_count;
    const uint8_t *bytes;
    size_t length;
};

static struct stream take_apart(const uint8_t *data, size_t size) {
    static const uint16_t bounds[] = {0, 1, 4, 5, 60, 252, 253, 256, 300, 512, 1000, 1024, 4096, 65535};
    struct fuzz_input input = fuzz_input_over(data, size);
    struct stream stream = {.how = fuzz_u8(&input)};
    stream.bound = bounds[fuzz_u8(&input) % (sizeof bounds / sizeof bounds[0])];
    stream.step_count = fuzz_u8(&input) % 64;
    stream.steps = fuzz_take(&input, &stream.step_count);
    stream.length = input.left;
    stream.bytes = fuzz_take(&input, &stream.length);
    return stream;
}

/* ---------------------------------------------------------------- reading */

/* TCP-1, said a second time: the body at `at`, or why there is none. */
static int expected(const struct stream *stream, size_t there, size_t at, size_t *length) {
    size_t left = there - at;
    if (left >= HEAD) {
        const uint8_t *head = stream->bytes + at;
        *length = ((size_t)head[0] * 256 + head[1]) * 65536 + (size_t)head[2] * 256 + head[3];
        if (*length > stream->bound) {
            return -LLMP_E_FRAME_TOO_LARGE;
        }
        if (left - HEAD >= *length) {
            return 0;
        }
    }
    if (there < stream->length || !(stream->how & (HANGS_UP | RESETS))) {
        return -EAGAIN;
    }
    return stream->how & RESETS ? -ECONNRESET : left > 0 ? -LLMP_E_FRAME_TRUNCATED : -EPIPE;
}

/* Steps of 0 are answers of "not now", which say nothing: asked again, as long as there can be such steps. */
static int read_at_last(struct llmp_frame_reader *reader, const struct stream *stream, llmp_socket socket,
                        struct llmp_span *body) {
    int rc = -EAGAIN;
    for (size_t i = 0; rc == -EAGAIN && i <= stream->step_count; i++) {
        rc = llmp_frame_read(reader, socket, body);
    }
    return rc;
}

/* The buffer doubles, and is never larger than the largest frame. */
static void expect_memory(const struct llmp_frame_reader *reader, const struct stream *stream) {
    size_t arrived = stream->length > CAPACITY_FIRST ? stream->length : CAPACITY_FIRST;
    FUZZ_CHECK(reader->in.capacity <= HEAD + stream->bound && reader->in.capacity <= 2 * (arrived + HEAD),
               "%zu bytes for %zu", reader->in.capacity, stream->length);
}

/* Reads what there is; returns where the reader stands then, and how many frames came. */
static size_t read_all(struct llmp_frame_reader *reader, const struct stream *stream, llmp_socket socket, size_t there,
                       size_t at, size_t *frames) {
    for (;;) {
        struct llmp_span body = {0};
        size_t length = 0;
        int wanted = expected(stream, there, at, &length);
        int rc = read_at_last(reader, stream, socket, &body);
        bool same = rc == wanted || (rc == -ECONNRESET && (stream->how & RESETS));
        FUZZ_CHECK(same, "%s instead of %s at byte %zu", llmp_error_name(rc), llmp_error_name(wanted), at);
        expect_memory(reader, stream);
        if (rc != 0 || wanted != 0) {
            return at;
        }
        FUZZ_CHECK(body.length == length, "%zu bytes instead of %zu", body.length, length);
        FUZZ_CHECK(length == 0 || memcmp(body.bytes, stream->bytes + at + HEAD, length) == 0, "another body");
        at += HEAD + length;
        (*frames)++;
    }
}

static void run_reader(const struct stream *stream) {
    struct fuzz_pair pair = fuzz_socket_pair();
    struct llmp_frame_reader reader;
    size_t frames = 0;
    size_t at = 0;
    llmp_frame_reader_init(&reader, stream->bound);
    fuzz_socket_pace(pair.target, stream->steps, stream->step_count);
    size_t half = stream->how & HALF_FIRST ? stream->length / 2 : stream->length;
    fuzz_socket_send(pair.target, stream->bytes, half);
    if (half < stream->length) {
        at = read_all(&reader, stream, pair.library, half, 0, &frames);
        fuzz_socket_send(pair.target, stream->bytes + half, stream->length - half);
    }
    if (stream->how & RESETS) {
        fuzz_socket_reset(pair.target);
    } else if (stream->how & HANGS_UP) {
        fuzz_socket_hang_up(pair.target);
    }
    (void)read_all(&reader, stream, pair.library, stream->length, at, &frames);
    llmp_frame_reader_fini(&reader);
    llmp_socket_close(pair.library);
}

/* ---------------------------------------------------------------- writing */

static void expect_sent(llmp_socket target, const uint8_t *wanted, size_t length) {
    const uint8_t *sent;
    FUZZ_CHECK(fuzz_socket_seen(target, &sent) == length, "%zu bytes instead of %zu", fuzz_socket_seen(target, &sent),
               length);
    FUZZ_CHECK(length == 0 || memcmp(sent, wanted, length) == 0, "other bytes");
}

static void flush_all(struct llmp_frame_writer *writer, const struct stream *stream, llmp_socket socket) {
    int rc = -EAGAIN;
    for (size_t i = 0; rc == -EAGAIN && i <= stream->step_count; i++) {
        rc = llmp_frame_flush(writer, socket);
        FUZZ_CHECK(llmp_frame_pending(writer) == (rc != 0), "pending, and %s", llmp_error_name(rc));
    }
    FUZZ_CHECK(rc == 0, "%s", llmp_error_name(rc));
}

/* The stream's bytes as bodies: each is as long as its first byte says. */
static void run_writer(const struct stream *stream) {
    static uint8_t wanted[FUZZ_SOCKET_ROOM];
    struct fuzz_pair pair = fuzz_socket_pair();
    struct llmp_frame_writer writer;
    size_t length = 0;
    size_t waiting = 0;
    llmp_frame_writer_init(&writer, stream->bound);
    fuzz_socket_pace(pair.target, stream->steps, stream->step_count);
    for (size_t at = 0; at < stream->length;) {
        size_t body = stream->bytes[at] < stream->length - at ? stream->bytes[at] : stream->length - at;
        int rc = llmp_frame_put(&writer, (struct llmp_span){stream->bytes + at, body});
        bool fits = waiting + HEAD + body <= stream->bound;
        FUZZ_CHECK(rc == (fits ? 0 : -ENOBUFS), "%s: %zu behind %zu", llmp_error_name(rc), body, waiting);
        if (rc == 0) {
            const uint8_t head[HEAD] = {0, 0, 0, (uint8_t)body};
            memcpy(wanted + length, head, HEAD);
            memcpy(wanted + length + HEAD, stream->bytes + at, body);
            length += HEAD + body;
            waiting += HEAD + body;
        }
        if (rc != 0 || stream->bytes[at] % 4 == 0) {
            flush_all(&writer, stream, pair.library);
            waiting = 0;
        }
        at += body + 1;
    }
    flush_all(&writer, stream, pair.library);
    expect_sent(pair.target, wanted, length);
    llmp_frame_writer_fini(&writer);
    llmp_socket_close(pair.library);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct stream stream = take_apart(data, size);
    if (stream.length == 0 || stream.length > FUZZ_SOCKET_ROOM / 8) {
        return 0;
    }
    fuzz_platform_begin();
    run_reader(&stream);
    run_writer(&stream);
    fuzz_platform_end();
    return 0;
}
