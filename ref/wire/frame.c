/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "wire/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "llmp/llmp.h"

#define HEAD 4

/* Bytes of a new buffer: a whole handshake fits. */
#define CAPACITY_FIRST 256

/* ------------------------------------------------------------------ buffers */

static size_t buffer_used(const struct llmp_frame_buffer *buffer) {
    return buffer->end - buffer->begin;
}

/* Moves the queued bytes to the start of the buffer. */
static void buffer_compact(struct llmp_frame_buffer *buffer) {
    size_t used = buffer_used(buffer);
    if (used > 0 && buffer->begin > 0) {
        memmove(buffer->bytes, buffer->bytes + buffer->begin, used);
    }
    buffer->begin = 0;
    buffer->end = used;
}

/*
 * Ensures that `room` bytes are free at the end, in a buffer of at most `max` bytes. The caller must not request more
 * than fits.
 */
static int buffer_reserve(struct llmp_frame_buffer *buffer, size_t room, size_t max) {
    if (buffer->capacity - buffer->end >= room) {
        return 0;
    }
    buffer_compact(buffer);
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : CAPACITY_FIRST;
    while (capacity - buffer->end < room && capacity <= max / 2) {
        capacity *= 2;
    }
    if (capacity - buffer->end < room || capacity > max) {
        capacity = max;
    }
    if (capacity <= buffer->capacity) {
        return 0;
    }
    uint8_t *bytes = realloc(buffer->bytes, capacity);
    if (bytes == NULL) {
        return -ENOMEM;
    }
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return 0;
}

static void buffer_free(struct llmp_frame_buffer *buffer) {
    free(buffer->bytes);
    *buffer = (struct llmp_frame_buffer){0};
}

/* ------------------------------------------------------------------ reading */

void llmp_frame_reader_init(struct llmp_frame_reader *reader, size_t max_body) {
    *reader = (struct llmp_frame_reader){.max_body = max_body};
}

void llmp_frame_reader_fini(struct llmp_frame_reader *reader) {
    buffer_free(&reader->in);
}

static size_t head_decode(const uint8_t *head) {
    return (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
}

/* Takes the next frame from the queued bytes. */
static int take_frame(struct llmp_frame_reader *reader, struct llmp_span *body) {
    struct llmp_frame_buffer *in = &reader->in;
    if (buffer_used(in) < HEAD) {
        return -EAGAIN;
    }
    size_t length = head_decode(in->bytes + in->begin);
    if (length > reader->max_body) {
        return -LLMP_E_FRAME_TOO_LARGE;
    }
    if (buffer_used(in) - HEAD < length) {
        return -EAGAIN;
    }
    *body = (struct llmp_span){in->bytes + in->begin + HEAD, length};
    in->begin += HEAD + length;
    return 0;
}

/* Reads once. There is room: a buffer of HEAD + max_body bytes is full only if it contains a complete frame. */
static int fill(struct llmp_frame_reader *reader, llmp_socket socket) {
    struct llmp_frame_buffer *in = &reader->in;
    int rc = buffer_reserve(in, 1, HEAD + reader->max_body);
    if (rc < 0) {
        return rc;
    }
    int64_t n = llmp_socket_read(socket, in->bytes + in->end, in->capacity - in->end);
    if (n == 0) {
        return buffer_used(in) > 0 ? -LLMP_E_FRAME_TRUNCATED : -EPIPE;
    }
    in->end += n > 0 ? (size_t)n : 0;
    return n > 0 ? 0 : (int)n;
}

int llmp_frame_read(struct llmp_frame_reader *reader, llmp_socket socket, struct llmp_span *body) {
    for (;;) {
        int rc = take_frame(reader, body);
        if (rc != -EAGAIN) {
            return rc;
        }
        rc = fill(reader, socket);
        if (rc < 0) {
            return rc;
        }
    }
}

/* ------------------------------------------------------------------ writing */

void llmp_frame_writer_init(struct llmp_frame_writer *writer, size_t max_queued) {
    *writer = (struct llmp_frame_writer){.max_queued = max_queued};
}

void llmp_frame_writer_fini(struct llmp_frame_writer *writer) {
    buffer_free(&writer->out);
}

static void head_encode(uint8_t *head, size_t length) {
    for (int i = 0; i < HEAD; i++) {
        head[i] = (uint8_t)(length >> (24 - 8 * i));
    }
}

int llmp_frame_put(struct llmp_frame_writer *writer, struct llmp_span body) {
    struct llmp_frame_buffer *out = &writer->out;
    size_t room = writer->max_queued - buffer_used(out);
    if (body.length > UINT32_MAX || room < HEAD || body.length > room - HEAD) {
        return -ENOBUFS;
    }
    int rc = buffer_reserve(out, HEAD + body.length, writer->max_queued);
    if (rc < 0) {
        return rc;
    }
    head_encode(out->bytes + out->end, body.length);
    if (body.length > 0) {
        memcpy(out->bytes + out->end + HEAD, body.bytes, body.length);
    }
    out->end += HEAD + body.length;
    return 0;
}

int llmp_frame_flush(struct llmp_frame_writer *writer, llmp_socket socket) {
    struct llmp_frame_buffer *out = &writer->out;
    while (buffer_used(out) > 0) {
        int64_t n = llmp_socket_write(socket, out->bytes + out->begin, buffer_used(out));
        if (n < 0) {
            return (int)n;
        }
        out->begin += (size_t)n;
    }
    buffer_compact(out);
    return 0;
}

bool llmp_frame_pending(const struct llmp_frame_writer *writer) {
    return buffer_used(&writer->out) > 0;
}
