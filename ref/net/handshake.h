/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a client and a broker say to each other on TCP (TCP-2, TCP-3, POST-2, POST-3), as structures. Frames are not the
 * matter here, nor is who may say what when.
 */
#ifndef LLMP_NET_HANDSHAKE_H
#define LLMP_NET_HANDSHAKE_H

#include "llmp/shmem.h"
#include "wire/span.h"

/* Bounds on what a peer may make this side keep, in bytes. */
#define LLMP_HOSTNAME_MAX 255
#define LLMP_ERROR_TEXT_MAX 1024

/* Room for the longest message of either kind, encoded. */
#define LLMP_HANDSHAKE_MAX (LLMP_ERROR_TEXT_MAX + 64)

/* To the broker. The values are those on the wire. */
enum llmp_request_kind {
    LLMP_REQUEST_LOCAL_CLIENT_HELLO,  /* desc */
    LLMP_REQUEST_REMOTE_BROKER_HELLO, /* text: its hostname */
    LLMP_REQUEST_CLIENT_QUIT,         /* id */
    LLMP_REQUEST_KINDS
};

/* From the broker. */
enum llmp_response_kind {
    LLMP_RESPONSE_BROKER_CONNECT_HELLO,   /* desc; text: its hostname */
    LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED,  /* id */
    LLMP_RESPONSE_REMOTE_BROKER_ACCEPTED, /* id */
    LLMP_RESPONSE_ERROR,                  /* text */
    LLMP_RESPONSE_KINDS
};

/* The fields that its kind does not have are zero after decoding, and ignored in encoding. */
struct llmp_request {
    enum llmp_request_kind kind;
    uint32_t id;
    llmp_shmem_desc desc;
    struct llmp_span text; /* decoded: a view into the bytes given */
};

struct llmp_response {
    enum llmp_response_kind kind;
    uint32_t id;
    llmp_shmem_desc desc;
    struct llmp_span text;
};

/* Bytes written, or -ENOBUFS. A text is cut to its bound. */
int64_t llmp_request_encode(const struct llmp_request *request, uint8_t *bytes, size_t capacity);
int64_t llmp_response_encode(const struct llmp_response *response, uint8_t *bytes, size_t capacity);

/* 0, or what is wrong with the bytes (llmp_post_in). A description is decoded as it stands: whoever opens it judges it.
 */
int llmp_request_decode(struct llmp_span bytes, struct llmp_request *request);
int llmp_response_decode(struct llmp_span bytes, struct llmp_response *response);

/* A span over a terminated string. */
struct llmp_span llmp_span_of_text(const char *text);

#endif
