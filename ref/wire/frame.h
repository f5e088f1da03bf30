/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Frames (TCP-1): 4 bytes of big-endian length, then that many bytes of body. Reader and writer work on sockets that
 * never block; their functions are called again when the socket is ready.
 */
#ifndef LLMP_WIRE_FRAME_H
#define LLMP_WIRE_FRAME_H

#include "os/socket.h"
#include "wire/span.h"

/* A queue of bytes. Its memory grows with the bytes that arrived, not with the length that a peer announces. */
struct llmp_frame_buffer {
    uint8_t *bytes;
    size_t begin, end; /* offsets of the queued bytes */
    size_t capacity;
};

struct llmp_frame_reader {
    struct llmp_frame_buffer in;
    size_t max_body; /* bytes of the longest body */
};

struct llmp_frame_writer {
    struct llmp_frame_buffer out;
    size_t max_queued; /* bytes that may be queued, heads included */
};

void llmp_frame_reader_init(struct llmp_frame_reader *reader, size_t max_body);
void llmp_frame_reader_fini(struct llmp_frame_reader *reader);

/*
 * Reads the next frame. `body` receives a view that is valid until the next call; bytes of later frames stay queued.
 *
 * Returns 0; -EAGAIN if the frame is not complete yet; -LLMP_E_FRAME_TOO_LARGE if it is longer than max_body;
 * -LLMP_E_FRAME_TRUNCATED if the peer hung up within a frame; -EPIPE if it hung up between frames; -ENOMEM; or the
 * error of the read.
 */
int llmp_frame_read(struct llmp_frame_reader *reader, llmp_socket socket, struct llmp_span *body);

void llmp_frame_writer_init(struct llmp_frame_writer *writer, size_t max_queued);
void llmp_frame_writer_fini(struct llmp_frame_writer *writer);

/* Queues a frame and sends nothing. Returns 0, -ENOMEM, or -ENOBUFS if more than max_queued bytes would be queued. */
int llmp_frame_put(struct llmp_frame_writer *writer, struct llmp_span body);

/*
 * Sends queued bytes until the socket's buffer is full. Returns 0 if the queue is empty, -EAGAIN if bytes remain, or
 * the error of the write.
 */
int llmp_frame_flush(struct llmp_frame_writer *writer, llmp_socket socket);

/* Returns true if bytes are queued. */
bool llmp_frame_pending(const struct llmp_frame_writer *writer);

#endif
