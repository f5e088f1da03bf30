/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Frames (TCP-1): 4 bytes of big-endian length, then that many bytes. Reader and writer work on sockets that never
 * block and are called again when there is more, or more room.
 */
#ifndef LLMP_WIRE_FRAME_H
#define LLMP_WIRE_FRAME_H

#include "os/socket.h"
#include "wire/span.h"

/* Bytes on their way in or out. Memory grows with what really arrived, never with what a peer announces. */
struct llmp_frame_buffer {
    uint8_t *bytes;
    size_t begin, end; /* what is in it */
    size_t capacity;
};

struct llmp_frame_reader {
    struct llmp_frame_buffer in;
    size_t bound; /* the longest body */
};

struct llmp_frame_writer {
    struct llmp_frame_buffer out;
    size_t bound; /* the most bytes that may wait to be sent, frame heads included */
};

void llmp_frame_reader_init(struct llmp_frame_reader *reader, size_t bound);
void llmp_frame_reader_fini(struct llmp_frame_reader *reader);

/*
 * The next frame's body: a view that lives until the next call. Bytes of later frames wait in the reader.
 *
 * 0; -EAGAIN: not all of it is there; -LLMP_E_FRAME_TOO_LARGE: longer than the bound; -LLMP_E_FRAME_TRUNCATED: the peer hung up
 * within a frame; -EPIPE: it hung up between two; or what reading gave.
 */
int llmp_frame_read(struct llmp_frame_reader *reader, llmp_socket socket, struct llmp_span *body);

void llmp_frame_writer_init(struct llmp_frame_writer *writer, size_t bound);
void llmp_frame_writer_fini(struct llmp_frame_writer *writer);

/* Queues a frame, and sends nothing. 0, -ENOMEM, or -ENOBUFS: the bound. */
int llmp_frame_put(struct llmp_frame_writer *writer, struct llmp_span body);

/* Sends what is queued, as far as the socket takes it. 0: all of it; -EAGAIN: some waits; or what writing gave. */
int llmp_frame_flush(struct llmp_frame_writer *writer, llmp_socket socket);

/* Whether something waits to be sent. */
bool llmp_frame_pending(const struct llmp_frame_writer *writer);

#endif
