/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The messages of TCP and of the service (POST-2 … POST-4, POST-6): tables of the fields of each kind, in order. */
#include <string.h>

#include "oracle/post.h"

/* One letter per field: d(escription), t(ext), i(d), n(umber), s(ize). */
static const char *const request_fields[LC_REQUESTS] = {
    [LC_LOCAL_CLIENT_HELLO] = "d",
    [LC_REMOTE_BROKER_HELLO] = "t",
    [LC_CLIENT_QUIT] = "i",
};
static const char *const response_fields[LC_RESPONSES] = {
    [LC_BROKER_CONNECT_HELLO] = "dt",
    [LC_LOCAL_CLIENT_ACCEPTED] = "i",
    [LC_REMOTE_BROKER_ACCEPTED] = "i",
    [LC_ERROR] = "t",
};
static const char *const service_fields[LC_SERVICE_REQUESTS] = {
    [LC_NEW_MAP] = "s", [LC_EXISTING_MAP] = "d",          [LC_DEREGISTER] = "n", [LC_HELLO] = "",
    [LC_PRE_FORK] = "", [LC_POST_FORK_CHILD_HELLO] = "n", [LC_EXIT] = "",
};

/* ---------------------------------------------------------------- encoding */

static void put_field(struct lc_bytes *out, char field, const struct lc_tcp_message *message) {
    switch (field) {
    case 'd': lc_post_put_desc(out, &message->desc); break;
    case 't': lc_post_put_bytes(out, message->text, strnlen(message->text, sizeof message->text)); break;
    case 'i': lc_post_put_varint(out, message->id); break;
    case 'n': lc_post_put_i32(out, message->number); break;
    default: lc_post_put_varint(out, message->size); break;
    }
}

static size_t encode(uint8_t *bytes, size_t capacity, const struct lc_tcp_message *message, const char *const *fields,
                     uint32_t kinds) {
    struct lc_bytes out = {.at = bytes, .capacity = capacity};
    if (message->kind >= kinds) {
        return 0;
    }
    lc_post_put_varint(&out, message->kind);
    for (const char *field = fields[message->kind]; *field != '\0'; field++) {
        put_field(&out, *field, message);
    }
    return out.bad ? 0 : out.length;
}

size_t lc_request_encode(uint8_t *out, size_t capacity, const struct lc_tcp_message *message) {
    return encode(out, capacity, message, request_fields, LC_REQUESTS);
}

size_t lc_response_encode(uint8_t *out, size_t capacity, const struct lc_tcp_message *message) {
    return encode(out, capacity, message, response_fields, LC_RESPONSES);
}

size_t lc_service_encode(uint8_t *out, size_t capacity, const struct lc_tcp_message *message) {
    return encode(out, capacity, message, service_fields, LC_SERVICE_REQUESTS);
}

size_t lc_remote_encode(uint8_t *out, size_t capacity, const struct lc_remote_message *message) {
    struct lc_bytes body = {.at = out, .capacity = capacity};
    lc_post_put_varint(&body, message->client);
    lc_post_put_varint(&body, message->tag);
    lc_post_put_varint(&body, message->flags);
    lc_post_put_bytes(&body, message->payload, message->length);
    return body.bad ? 0 : body.length;
}

/* ---------------------------------------------------------------- decoding */

/* Returns the length of the longest prefix of whole characters that fits together with a NUL. */
static size_t truncated_length(const uint8_t *text, size_t length, size_t capacity) {
    if (length < capacity) {
        return length;
    }
    size_t end = capacity - 1;
    while (end > 0 && (text[end] & 0xC0) == 0x80) {
        end--;
    }
    return end;
}

static void take_text(struct lc_bytes *in, struct lc_tcp_message *message) {
    size_t length = 0;
    const uint8_t *text = lc_post_take_bytes(in, &length);
    if (in->bad || !lc_utf8(text, length)) {
        in->bad = true;
        return;
    }
    message->text_length = length;
    size_t kept = truncated_length(text, length, sizeof message->text);
    if (kept > 0) {
        memcpy(message->text, text, kept);
    }
}

static void take_field(struct lc_bytes *in, char field, struct lc_tcp_message *message) {
    switch (field) {
    case 'd': lc_post_take_desc(in, &message->desc); break;
    case 't': take_text(in, message); break;
    case 'i': message->id = (uint32_t)lc_post_take_varint(in, 32); break;
    case 'n': message->number = lc_post_take_i32(in); break;
    default: message->size = lc_post_take_varint(in, 64); break;
    }
}

/* Decoding never writes to the bytes, so the cast is safe. */
static struct lc_bytes bytes_to_decode(const uint8_t *bytes, size_t length) {
    return (struct lc_bytes){.at = (uint8_t *)bytes, .length = length};
}

static bool decode(const uint8_t *bytes, size_t length, struct lc_tcp_message *message, const char *const *fields,
                   uint32_t kinds) {
    struct lc_bytes in = bytes_to_decode(bytes, length);
    memset(message, 0, sizeof *message);
    message->kind = (uint32_t)lc_post_take_varint(&in, 32);
    if (in.bad || message->kind >= kinds) {
        return false;
    }
    for (const char *field = fields[message->kind]; *field != '\0'; field++) {
        take_field(&in, *field, message);
    }
    return !in.bad;
}

bool lc_request_decode(const uint8_t *bytes, size_t length, struct lc_tcp_message *message) {
    return decode(bytes, length, message, request_fields, LC_REQUESTS);
}

bool lc_response_decode(const uint8_t *bytes, size_t length, struct lc_tcp_message *message) {
    return decode(bytes, length, message, response_fields, LC_RESPONSES);
}

bool lc_service_decode(const uint8_t *bytes, size_t length, struct lc_tcp_message *message) {
    return decode(bytes, length, message, service_fields, LC_SERVICE_REQUESTS);
}

bool lc_remote_decode(const uint8_t *bytes, size_t length, struct lc_remote_message *message) {
    struct lc_bytes in = bytes_to_decode(bytes, length);
    message->client = (uint32_t)lc_post_take_varint(&in, 32);
    message->tag = (uint32_t)lc_post_take_varint(&in, 32);
    message->flags = (uint32_t)lc_post_take_varint(&in, 32);
    message->payload = lc_post_take_bytes(&in, &message->length);
    return !in.bad;
}
