/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Postcard (POST-1 … POST-7), and the messages of TCP and of the service, which are encoded in it. */
#ifndef LC_ORACLE_POST_H
#define LC_ORACLE_POST_H

#include <stdbool.h>
#include <stddef.h>

#include "oracle/layout.h"

/* A buffer that is encoded to or decoded from. `bad` stays set after the first error. */
struct lc_bytes {
    uint8_t *at;
    size_t length;   /* bytes encoded so far, or bytes left to decode */
    size_t capacity; /* for encoding */
    bool bad;
};

void lc_post_put_varint(struct lc_bytes *out, uint64_t value);
void lc_post_put_i32(struct lc_bytes *out, int32_t value);
void lc_post_put_raw(struct lc_bytes *out, const void *bytes, size_t length);
void lc_post_put_bytes(struct lc_bytes *out, const void *bytes, size_t length); /* length first */
void lc_post_put_desc(struct lc_bytes *out, const struct lc_desc *desc);

uint64_t lc_post_take_varint(struct lc_bytes *in, unsigned bits); /* 32 or 64 */
int32_t lc_post_take_i32(struct lc_bytes *in);
void lc_post_take_raw(struct lc_bytes *in, void *bytes, size_t length);
const uint8_t *lc_post_take_bytes(struct lc_bytes *in, size_t *length); /* a view */
void lc_post_take_desc(struct lc_bytes *in, struct lc_desc *desc);
bool lc_utf8(const uint8_t *bytes, size_t length);

enum lc_request { LC_LOCAL_CLIENT_HELLO, LC_REMOTE_BROKER_HELLO, LC_CLIENT_QUIT, LC_REQUESTS };
enum lc_response {
    LC_BROKER_CONNECT_HELLO,
    LC_LOCAL_CLIENT_ACCEPTED,
    LC_REMOTE_BROKER_ACCEPTED,
    LC_ERROR,
    LC_RESPONSES
};
enum lc_service_request {
    LC_NEW_MAP,
    LC_EXISTING_MAP,
    LC_DEREGISTER,
    LC_HELLO,
    LC_PRE_FORK,
    LC_POST_FORK_CHILD_HELLO,
    LC_EXIT,
    LC_SERVICE_REQUESTS
};

/* A request, a response or a service request; only the fields of its kind are used. */
struct lc_tcp_message {
    uint32_t kind;
    struct lc_desc desc;
    uint32_t id;        /* client or broker id */
    int32_t number;     /* of a service request: map id, connection id */
    uint64_t size;      /* NewMap */
    char text[256];     /* hostname or error; decoding truncates it between characters */
    size_t text_length; /* decoding: bytes on the wire; encoding ignores it and stops at the NUL */
};

/* RemoteNewMessage (POST-4). */
struct lc_remote_message {
    uint32_t client, tag, flags;
    const uint8_t *payload;
    size_t length;
};

/* Return the length of the body (without the frame's prefix), or 0 if it does not fit. */
size_t lc_request_encode(uint8_t *out, size_t capacity, const struct lc_tcp_message *message);
size_t lc_response_encode(uint8_t *out, size_t capacity, const struct lc_tcp_message *message);
size_t lc_service_encode(uint8_t *out, size_t capacity, const struct lc_tcp_message *message);
size_t lc_remote_encode(uint8_t *out, size_t capacity, const struct lc_remote_message *message);

/* Return false if POST-7 refuses the value. Bytes after it and varints longer than needed are accepted. */
bool lc_request_decode(const uint8_t *bytes, size_t length, struct lc_tcp_message *message);
bool lc_response_decode(const uint8_t *bytes, size_t length, struct lc_tcp_message *message);
bool lc_service_decode(const uint8_t *bytes, size_t length, struct lc_tcp_message *message);
bool lc_remote_decode(const uint8_t *bytes, size_t length, struct lc_remote_message *message);

#endif
