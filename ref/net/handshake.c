/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "net/handshake.h"

#include <string.h>

#include "wire/postcard.h"

/* ------------------------------------------------------------------ fields */

/* POST-5 */
static void put_desc(struct llmp_post_out *out, const llmp_shmem_desc *desc) {
    llmp_post_put_size(out, desc->size);
    llmp_post_put_array(out, desc->id.bytes, LLMP_SHMEM_ID_SIZE);
}

static void take_desc(struct llmp_post_in *in, llmp_shmem_desc *desc) {
    desc->size = llmp_post_take_size(in);
    llmp_post_take_array(in, desc->id.bytes, LLMP_SHMEM_ID_SIZE);
}

/* Cuts a long text before a character, not within one: the peer would refuse a message that is not UTF-8. */
static void put_text(struct llmp_post_out *out, struct llmp_span text, size_t bound) {
    if (text.length > bound) {
        text.length = bound;
        while (text.length > 0 && (text.bytes[text.length] & 0xc0) == 0x80) {
            text.length--;
        }
    }
    llmp_post_put_bytes(out, text);
}

static int64_t put_result(const struct llmp_post_out *out) {
    return out->error < 0 ? out->error : (int64_t)out->length;
}

/* ------------------------------------------------------------------ requests */

int64_t llmp_request_encode(const struct llmp_request *request, uint8_t *bytes, size_t capacity) {
    struct llmp_post_out out = llmp_post_out_over(bytes, capacity);
    llmp_post_put_u32(&out, (uint32_t)request->kind);
    switch (request->kind) {
    case LLMP_REQUEST_LOCAL_CLIENT_HELLO: put_desc(&out, &request->desc); break;
    case LLMP_REQUEST_REMOTE_BROKER_HELLO: put_text(&out, request->text, LLMP_HOSTNAME_MAX); break;
    case LLMP_REQUEST_CLIENT_QUIT: llmp_post_put_u32(&out, request->id); break;
    case LLMP_REQUEST_KINDS: break;
    }
    return put_result(&out);
}

int llmp_request_decode(struct llmp_span bytes, struct llmp_request *request) {
    struct llmp_post_in in = llmp_post_in_over(bytes);
    *request = (struct llmp_request){0};
    request->kind = (enum llmp_request_kind)llmp_post_take_variant(&in, LLMP_REQUEST_KINDS);
    switch (request->kind) {
    case LLMP_REQUEST_LOCAL_CLIENT_HELLO: take_desc(&in, &request->desc); break;
    case LLMP_REQUEST_REMOTE_BROKER_HELLO: request->text = llmp_post_take_string(&in, LLMP_HOSTNAME_MAX); break;
    case LLMP_REQUEST_CLIENT_QUIT: request->id = llmp_post_take_u32(&in); break;
    case LLMP_REQUEST_KINDS: break;
    }
    return in.error;
}

/* ------------------------------------------------------------------ responses */

int64_t llmp_response_encode(const struct llmp_response *response, uint8_t *bytes, size_t capacity) {
    struct llmp_post_out out = llmp_post_out_over(bytes, capacity);
    llmp_post_put_u32(&out, (uint32_t)response->kind);
    switch (response->kind) {
    case LLMP_RESPONSE_BROKER_CONNECT_HELLO:
        put_desc(&out, &response->desc);
        put_text(&out, response->text, LLMP_HOSTNAME_MAX);
        break;
    case LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED:
    case LLMP_RESPONSE_REMOTE_BROKER_ACCEPTED: llmp_post_put_u32(&out, response->id); break;
    case LLMP_RESPONSE_ERROR: put_text(&out, response->text, LLMP_ERROR_TEXT_MAX); break;
    case LLMP_RESPONSE_KINDS: break;
    }
    return put_result(&out);
}

int llmp_response_decode(struct llmp_span bytes, struct llmp_response *response) {
    struct llmp_post_in in = llmp_post_in_over(bytes);
    *response = (struct llmp_response){0};
    response->kind = (enum llmp_response_kind)llmp_post_take_variant(&in, LLMP_RESPONSE_KINDS);
    switch (response->kind) {
    case LLMP_RESPONSE_BROKER_CONNECT_HELLO:
        take_desc(&in, &response->desc);
        response->text = llmp_post_take_string(&in, LLMP_HOSTNAME_MAX);
        break;
    case LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED:
    case LLMP_RESPONSE_REMOTE_BROKER_ACCEPTED: response->id = llmp_post_take_u32(&in); break;
    case LLMP_RESPONSE_ERROR: response->text = llmp_post_take_string(&in, LLMP_ERROR_TEXT_MAX); break;
    case LLMP_RESPONSE_KINDS: break;
    }
    return in.error;
}

struct llmp_span llmp_span_of_text(const char *text) {
    return (struct llmp_span){(const uint8_t *)text, strlen(text)};
}
