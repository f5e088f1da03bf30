/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Property: any bytes decode to the same values as in the conformance oracle's decoder, or both refuse them (POST-1,
 * POST-7). Decoded values encode to the bytes that the oracle encodes, and decode to the same values again. Encoding
 * into a buffer that is too small returns an error and does not write beyond it.
 */
#include <errno.h>
#include <string.h>

#include "llmp/shmem.h"
#include "net/handshake.h"
#include "oracle/post.h"
#include "rig/check.h"
#include "rig/input.h"
#include "wire/postcard.h"

#define BYTES_MAX ((size_t)4096)

/* ---------------------------------------------------------------- sequences of values */

/* The library and the oracle, which decode the same bytes and encode what they decoded. */
struct both {
    struct llmp_post_in in;
    struct lc_bytes oracle_in;
    struct llmp_post_out out;
    struct lc_bytes oracle_out;
};

static void expect_same(const struct both *both, bool values_equal, const char *kind) {
    FUZZ_CHECK((both->in.error != 0) == both->oracle_in.bad, "%s: %s, but the oracle %s", kind,
               llmp_error_name(both->in.error), both->oracle_in.bad ? "refuses it" : "accepts it");
    FUZZ_CHECK(both->in.error != 0 || values_equal, "%s: different values", kind);
    FUZZ_CHECK(both->in.error != 0 || both->in.left == both->oracle_in.length, "%s: different lengths", kind);
}

static void both_u32(struct both *both) {
    uint32_t value = llmp_post_take_u32(&both->in);
    expect_same(both, value == lc_post_take_varint(&both->oracle_in, 32), "u32");
    llmp_post_put_u32(&both->out, value);
    lc_post_put_varint(&both->oracle_out, value);
}

static void both_u64(struct both *both) {
    uint64_t value = llmp_post_take_u64(&both->in);
    expect_same(both, value == lc_post_take_varint(&both->oracle_in, 64), "u64");
    llmp_post_put_u64(&both->out, value);
    lc_post_put_varint(&both->oracle_out, value);
}

static void both_size(struct both *both) {
    size_t value = llmp_post_take_size(&both->in);
    expect_same(both, value == lc_post_take_varint(&both->oracle_in, 64), "usize");
    llmp_post_put_size(&both->out, value);
    lc_post_put_varint(&both->oracle_out, value);
}

static void both_i32(struct both *both) {
    int32_t value = llmp_post_take_i32(&both->in);
    expect_same(both, value == lc_post_take_i32(&both->oracle_in), "i32");
    llmp_post_put_i32(&both->out, value);
    lc_post_put_i32(&both->oracle_out, value);
}

static void both_array(struct both *both, size_t length) {
    uint8_t mine[64];
    uint8_t oracle[64];
    length %= sizeof mine;
    llmp_post_take_array(&both->in, mine, length);
    lc_post_take_raw(&both->oracle_in, oracle, length);
    expect_same(both, memcmp(mine, oracle, length) == 0, "array");
    llmp_post_put_array(&both->out, mine, length);
    lc_post_put_raw(&both->oracle_out, mine, length);
}

static void both_u8(struct both *both) {
    uint8_t value = llmp_post_take_u8(&both->in);
    uint8_t oracle = 0;
    lc_post_take_raw(&both->oracle_in, &oracle, 1);
    expect_same(both, value == oracle, "u8");
    llmp_post_put_u8(&both->out, value);
    lc_post_put_raw(&both->oracle_out, &value, 1);
}

/* The oracle does not check bounds, so this function does. */
static void both_bytes(struct both *both, size_t bound, bool text) {
    struct llmp_span mine = text ? llmp_post_take_string(&both->in, bound) : llmp_post_take_bytes(&both->in, bound);
    size_t length = 0;
    const uint8_t *oracle = lc_post_take_bytes(&both->oracle_in, &length);
    if (!both->oracle_in.bad && (length > bound || (text && !lc_utf8(oracle, length)))) {
        int code = length > bound ? -LLMP_E_POST_TOO_LONG : -LLMP_E_POST_UTF8;
        FUZZ_CHECK(both->in.error == code, "%s instead of %s", llmp_error_name(both->in.error), llmp_error_name(code));
        both->oracle_in.bad = true;
        return;
    }
    expect_same(both, mine.length == length && (length == 0 || mine.bytes == oracle), text ? "string" : "bytes");
    llmp_post_put_bytes(&both->out, mine);
    lc_post_put_bytes(&both->oracle_out, mine.bytes, mine.length);
}

static void both_variant(struct both *both, uint32_t count) {
    uint32_t index = llmp_post_take_variant(&both->in, count);
    uint64_t oracle = lc_post_take_varint(&both->oracle_in, 32);
    if (!both->oracle_in.bad && oracle >= count) {
        FUZZ_CHECK(both->in.error == -LLMP_E_POST_VARIANT, "%s", llmp_error_name(both->in.error));
        both->oracle_in.bad = true;
        return;
    }
    expect_same(both, index == oracle, "variant");
    llmp_post_put_u32(&both->out, index);
    lc_post_put_varint(&both->oracle_out, index);
}

static void take_value(struct both *both, uint8_t kind) {
    switch (kind % 9) {
    case 0: both_u8(both); break;
    case 1: both_u32(both); break;
    case 2: both_u64(both); break;
    case 3: both_size(both); break;
    case 4: both_i32(both); break;
    case 5: both_array(both, kind >> 3); break;
    case 6: both_bytes(both, kind >> 4, false); break;
    case 7: both_bytes(both, kind, true); break;
    default: both_variant(both, kind >> 4); break;
    }
}

static void run_values(const uint8_t *kinds, size_t count, struct llmp_span bytes, size_t capacity) {
    static uint8_t mine[2 * BYTES_MAX];
    static uint8_t oracle[2 * BYTES_MAX];
    struct both both = {
        .in = llmp_post_in_over(bytes),
        .oracle_in = {.at = (uint8_t *)bytes.bytes, .length = bytes.length},
        .out = llmp_post_out_over(mine, capacity),
        .oracle_out = {.at = oracle, .capacity = capacity},
    };
    for (size_t i = 0; i < count && both.in.error == 0; i++) {
        take_value(&both, kinds[i]);
    }
    FUZZ_CHECK((both.out.error != 0) == both.oracle_out.bad, "%s with room for %zu bytes",
               llmp_error_name(both.out.error), capacity);
    FUZZ_CHECK(both.out.length <= capacity && (both.out.error != 0 || both.out.length == both.oracle_out.length),
               "%zu bytes in a buffer of %zu", both.out.length, capacity);
    FUZZ_CHECK(both.out.error != 0 || memcmp(mine, oracle, both.out.length) == 0, "different bytes");
}

static void run_input_values(struct fuzz_input *input, bool small_buffer) {
    size_t count = fuzz_u8(input) % 16;
    size_t capacity = fuzz_u8(input);
    const uint8_t *kinds = fuzz_take(input, &count);
    size_t left = input->left;
    struct llmp_span bytes = {fuzz_take(input, &left), left};
    run_values(kinds, count, bytes, small_buffer ? capacity : 2 * BYTES_MAX);
}

/* ---------------------------------------------------------------- whole messages */

/* Exactly the size that is needed, so that AddressSanitizer reports a write beyond it. */
static uint8_t encoded[LLMP_HANDSHAKE_MAX];

/* A request or a response, and the functions of its type. */
struct message {
    uint32_t kind;
    uint32_t id;
    llmp_shmem_desc desc;
    struct llmp_span text;
};

struct message_type {
    int (*decode)(struct llmp_span bytes, struct message *message);
    int64_t (*encode)(const struct message *message, uint8_t *bytes, size_t capacity);
    bool (*oracle_decode)(const uint8_t *bytes, size_t length, struct lc_tcp_message *message);
};

static int decode_request(struct llmp_span bytes, struct message *message) {
    struct llmp_request request;
    int rc = llmp_request_decode(bytes, &request);
    if (rc == 0) {
        *message = (struct message){(uint32_t)request.kind, request.id, request.desc, request.text};
    }
    return rc;
}

static int64_t encode_request(const struct message *message, uint8_t *bytes, size_t capacity) {
    struct llmp_request request = {
        .kind = (enum llmp_request_kind)message->kind, .id = message->id, .desc = message->desc, .text = message->text};
    return llmp_request_encode(&request, bytes, capacity);
}

static int decode_response(struct llmp_span bytes, struct message *message) {
    struct llmp_response response;
    int rc = llmp_response_decode(bytes, &response);
    if (rc == 0) {
        *message = (struct message){(uint32_t)response.kind, response.id, response.desc, response.text};
    }
    return rc;
}

static int64_t encode_response(const struct message *message, uint8_t *bytes, size_t capacity) {
    struct llmp_response response = {.kind = (enum llmp_response_kind)message->kind,
                                     .id = message->id,
                                     .desc = message->desc,
                                     .text = message->text};
    return llmp_response_encode(&response, bytes, capacity);
}

static const struct message_type requests = {decode_request, encode_request, lc_request_decode};
static const struct message_type responses = {decode_response, encode_response, lc_response_decode};

static size_t max_text(const struct message_type *type, const struct lc_tcp_message *message) {
    return type == &responses && message->kind == LC_ERROR ? LLMP_ERROR_TEXT_MAX : LLMP_HOSTNAME_MAX;
}

/* Both decoders accept the bytes or refuse them, except that the oracle does not check the bound of a text. */
static void expect_same_verdict(int rc, bool oracle_accepts, size_t text_length, size_t max_text_length) {
    FUZZ_CHECK(oracle_accepts || rc != 0, "the library accepts what the oracle refuses");
    if (oracle_accepts && rc != 0) {
        FUZZ_CHECK(rc == -LLMP_E_POST_TOO_LONG && text_length > max_text_length, "%s for a text of %zu bytes",
                   llmp_error_name(rc), text_length);
    }
}

static bool same_desc(const llmp_shmem_desc *a, uint64_t size, const void *id) {
    return a->size == size && memcmp(a->id.bytes, id, sizeof a->id.bytes) == 0;
}

static void expect_round_trip(const struct message_type *type, const struct message *message, size_t max_length) {
    struct message again;
    int64_t length = type->encode(message, encoded, sizeof encoded);
    FUZZ_CHECK(length > 0 && (size_t)length <= max_length, "%ld bytes from %zu", (long)length, max_length);
    int rc = type->decode((struct llmp_span){encoded, (size_t)length}, &again);
    FUZZ_CHECK(rc == 0 && again.kind == message->kind && again.id == message->id &&
                   same_desc(&again.desc, message->desc.size, message->desc.id.bytes) &&
                   again.text.length == message->text.length,
               "another message after encoding and decoding");
    FUZZ_CHECK(type->encode(message, encoded, (size_t)length - 1) == -ENOBUFS, "encoded into a buffer too small");
}

static void run_message(const struct message_type *type, struct llmp_span bytes) {
    struct message message;
    struct lc_tcp_message oracle = {0};
    int rc = type->decode(bytes, &message);
    bool oracle_accepts = type->oracle_decode(bytes.bytes, bytes.length, &oracle);
    expect_same_verdict(rc, oracle_accepts, oracle.text_length, max_text(type, &oracle));
    if (rc == 0) {
        FUZZ_CHECK(message.kind == oracle.kind && message.id == oracle.id &&
                       same_desc(&message.desc, oracle.desc.size, oracle.desc.id),
                   "different messages");
        expect_round_trip(type, &message, bytes.length);
    }
}

/* A text that is too long is truncated at a character's end, so that it remains UTF-8. */
static void run_text(struct llmp_span bytes) {
    struct llmp_response error = {.kind = LLMP_RESPONSE_ERROR, .text = bytes};
    struct llmp_response again;
    int64_t length = llmp_response_encode(&error, encoded, sizeof encoded);
    FUZZ_CHECK(length > 0, "%ld", (long)length);
    int rc = llmp_response_decode((struct llmp_span){encoded, (size_t)length}, &again);
    bool is_text = lc_utf8(bytes.bytes, bytes.length);
    size_t max_length = bytes.length < LLMP_ERROR_TEXT_MAX ? bytes.length : LLMP_ERROR_TEXT_MAX;
    FUZZ_CHECK(llmp_post_is_utf8(bytes) == is_text, "llmp_post_is_utf8() and the oracle differ");
    FUZZ_CHECK(!is_text || rc == 0, "%s for a text", llmp_error_name(rc));
    FUZZ_CHECK(rc != 0 || memcmp(again.text.bytes, bytes.bytes, again.text.length) == 0, "another text");
    FUZZ_CHECK(!is_text || again.text.length + 4 > max_length, "truncated to %zu bytes", again.text.length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input input = fuzz_input_over(data, size);
    uint8_t how = fuzz_u8(&input);
    if (size < 2 || size > BYTES_MAX) {
        return 0;
    }
    struct llmp_span bytes = {data + 1, size - 1};
    switch (how % 4) {
    case 0: run_message(&requests, bytes); break;
    case 1: run_message(&responses, bytes); break;
    case 2: run_text(bytes); break;
    default: run_input_values(&input, fuzz_has(how, 128)); break;
    }
    return 0;
}
