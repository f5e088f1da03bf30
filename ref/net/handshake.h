/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The messages that a client and a broker exchange over TCP (TCP-2, TCP-3, POST-2, POST-3), as structs, and their
 * encoding. Frames are in wire/frame.h; the order of the messages is in peer.c and connect.c.
 */
#ifndef LLMP_NET_HANDSHAKE_H
#define LLMP_NET_HANDSHAKE_H

#include "llmp/shmem.h"
#include "wire/span.h"

/* Bounds on texts that a peer sends, in bytes. */
#define LLMP_HOSTNAME_MAX 255
#define LLMP_ERROR_TEXT_MAX 1024

/* Bytes of the longest message of either direction, encoded. */
#define LLMP_HANDSHAKE_MAX (LLMP_ERROR_TEXT_MAX + 64)

/* Messages to the broker. The values are those on the wire. */
enum llmp_request_kind {
    LLMP_REQUEST_LOCAL_CLIENT_HELLO,  /* desc */
    LLMP_REQUEST_REMOTE_BROKER_HELLO, /* text: hostname of the broker that connects */
    LLMP_REQUEST_CLIENT_QUIT,         /* id */
    LLMP_REQUEST_KINDS
};

/* Messages from the broker. The values are those on the wire. */
enum llmp_response_kind {
    LLMP_RESPONSE_BROKER_CONNECT_HELLO,   /* desc: of the broadcast; text: hostname of the broker */
    LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED,  /* id */
    LLMP_RESPONSE_REMOTE_BROKER_ACCEPTED, /* id */
    LLMP_RESPONSE_ERROR,                  /* text */
    LLMP_RESPONSE_KINDS
};

/* Fields that the kind does not have are zeroed by decoding, and ignored by encoding. */
struct llmp_request {
    enum llmp_request_kind kind;
    uint32_t id;
    llmp_shmem_desc desc;
    struct llmp_span text; /* decoded: a view into the bytes that were decoded */
};

struct llmp_response {
    enum llmp_response_kind kind;
    uint32_t id;
    llmp_shmem_desc desc;
    struct llmp_span text;
};

/* Encode to `bytes`. A text longer than its bound is cut, before a character. @return the length, or -ENOBUFS */
int64_t llmp_request_encode(const struct llmp_request *request, uint8_t *bytes, size_t capacity);
int64_t llmp_response_encode(const struct llmp_response *response, uint8_t *bytes, size_t capacity);

/* Decode. Descriptions are not checked: llmp_shmem_open() does that. @return 0, or -LLMP_E_POST_… */
int llmp_request_decode(struct llmp_span bytes, struct llmp_request *request);
int llmp_response_decode(struct llmp_span bytes, struct llmp_response *response);

/* Returns a span over a terminated string, which stays the caller's. */
struct llmp_span llmp_span_of_text(const char *text);

#endif
