/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Property: bytes decode to the same values, or are refused, as the conformance oracle's decoder says (POST-1, POST-7),
 * whatever stands in them; what was decoded encodes to what the oracle encodes, decodes to itself again, and a buffer
 * that is too small by any number of bytes is refused and not overrun.
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

/* ---------------------------------------------------------------- values, one after the other */

/* Both sides at once: what they take from the same bytes, and what they make of it. */
struct both {
    struct llmp_post_in in;
    struct lc_bytes oracle_in;
    struct llmp_post_out out;
    struct lc_bytes oracle_out;
};

static void expect_same(const struct both *both, bool values_equal, const char *kind) {
    FUZZ_CHECK((both->in.error != 0) == both->oracle_in.bad, "%s: %s, and the oracle %s", kind,
               llmp_error_name(both->in.error), both->oracle_in.bad ? "refuses" : "does not");
    FUZZ_CHECK(both->in.error != 0 || values_equal, "%s: another value", kind);
    FUZZ_CHECK(both->in.error != 0 || both->in.left == both->oracle_in.length, "%s: another length", kind);
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

/* The oracle knows no bounds: they are added here. */
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
    FUZZ_CHECK((both.out.error != 0) == both.oracle_out.bad, "%s with room for %zu", llmp_error_name(both.out.error),
               capacity);
    FUZZ_CHECK(both.out.length <= capacity && (both.out.error != 0 || both.out.length == both.oracle_out.length),
               "%zu bytes in %zu", both.out.length, capacity);
    FUZZ_CHECK(both.out.error != 0 || memcmp(mine, oracle, both.out.length) == 0, "other bytes");
}

/* ---------------------------------------------------------------- whole messages */

/* Room that ends where it ends: AddressSanitizer sees a byte too many. */
static uint8_t encoded[LLMP_HANDSHAKE_MAX];

static void expect_refused(struct llmp_span bytes, bool oracle, int rc, size_t text_length, size_t bound) {
    if (oracle && rc != 0) {
        FUZZ_CHECK(rc == -LLMP_E_POST_TOO_LONG && text_length > bound, "%s for %zu bytes", llmp_error_name(rc),
                   bytes.length);
    }
    FUZZ_CHECK(oracle || rc != 0, "decoded what the oracle refuses");
}

static bool same_desc(const llmp_shmem_desc *a, const llmp_shmem_desc *b) {
    return a->size == b->size && memcmp(a->id.bytes, b->id.bytes, sizeof a->id.bytes) == 0;
}

static void run_request(struct llmp_span bytes) {
    struct llmp_request request;
    struct llmp_request again;
    struct lc_tcp_message oracle = {0};
    int rc = llmp_request_decode(bytes, &request);
    bool accepted = lc_request_decode(bytes.bytes, bytes.length, &oracle);
    if (accepted || rc == 0) {
        expect_refused(bytes, accepted, rc, oracle.text_length, LLMP_HOSTNAME_MAX);
    }
    if (rc != 0) {
        return;
    }
    FUZZ_CHECK(request.kind == oracle.kind && request.id == oracle.id && request.desc.size == oracle.desc.size &&
                   memcmp(request.desc.id.bytes, oracle.desc.id, sizeof oracle.desc.id) == 0,
               "another request");
    int64_t length = llmp_request_encode(&request, encoded, sizeof encoded);
    FUZZ_CHECK(length > 0 && (size_t)length <= bytes.length, "%ld bytes from %zu", (long)length, bytes.length);
    rc = llmp_request_decode((struct llmp_span){encoded, (size_t)length}, &again);
    FUZZ_CHECK(rc == 0 && again.kind == request.kind && again.id == request.id &&
                   same_desc(&again.desc, &request.desc) && again.text.length == request.text.length,
               "it does not come back");
    FUZZ_CHECK(llmp_request_encode(&request, encoded, (size_t)length - 1) == -ENOBUFS, "a byte too many");
}

static void run_response(struct llmp_span bytes) {
    struct llmp_response response;
    struct llmp_response again;
    struct lc_tcp_message oracle = {0};
    int rc = llmp_response_decode(bytes, &response);
    bool accepted = lc_response_decode(bytes.bytes, bytes.length, &oracle);
    if (accepted || rc == 0) {
        size_t bound = oracle.kind == LC_ERROR ? LLMP_ERROR_TEXT_MAX : LLMP_HOSTNAME_MAX;
        expect_refused(bytes, accepted, rc, oracle.text_length, bound);
    }
    if (rc != 0) {
        return;
    }
    FUZZ_CHECK((uint32_t)response.kind == oracle.kind && response.id == oracle.id &&
                   response.desc.size == oracle.desc.size &&
                   memcmp(response.desc.id.bytes, oracle.desc.id, sizeof oracle.desc.id) == 0,
               "another response");
    int64_t length = llmp_response_encode(&response, encoded, sizeof encoded);
    FUZZ_CHECK(length > 0 && (size_t)length <= bytes.length, "%ld bytes from %zu", (long)length, bytes.length);
    rc = llmp_response_decode((struct llmp_span){encoded, (size_t)length}, &again);
    FUZZ_CHECK(rc == 0 && again.kind == response.kind && again.id == response.id &&
                   same_desc(&again.desc, &response.desc) && again.text.length == response.text.length,
               "it does not come back");
    FUZZ_CHECK(llmp_response_encode(&response, encoded, (size_t)length - 1) == -ENOBUFS, "a byte too many");
}

/* Texts of any length are cut so that they stay texts. */
static void run_text(struct llmp_span bytes) {
    struct llmp_response error = {.kind = LLMP_RESPONSE_ERROR, .text = bytes};
    struct llmp_response again;
    int64_t length = llmp_response_encode(&error, encoded, sizeof encoded);
    FUZZ_CHECK(length > 0, "%ld", (long)length);
    int rc = llmp_response_decode((struct llmp_span){encoded, (size_t)length}, &again);
    bool text = lc_utf8(bytes.bytes, bytes.length);
    FUZZ_CHECK(llmp_post_is_utf8(bytes) == text, "a text, or none");
    FUZZ_CHECK(!text || rc == 0, "%s for a text", llmp_error_name(rc));
    FUZZ_CHECK(rc != 0 || memcmp(again.text.bytes, bytes.bytes, again.text.length) == 0, "another text");
    FUZZ_CHECK(!text ||
                   again.text.length + 4 > (bytes.length < LLMP_ERROR_TEXT_MAX ? bytes.length : LLMP_ERROR_TEXT_MAX),
               "cut to %zu", again.text.length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input input = fuzz_input_over(data, size);
    uint8_t how = fuzz_u8(&input);
    if (size < 2 || size > BYTES_MAX) {
        return 0;
    }
    if (how % 4 == 3) {
        size_t count = fuzz_u8(&input) % 16;
        size_t room = fuzz_u8(&input);
        const uint8_t *kinds = fuzz_take(&input, &count);
        size_t left = input.left;
        run_values(kinds, count, (struct llmp_span){fuzz_take(&input, &left), left}, how & 128 ? room : 2 * BYTES_MAX);
        return 0;
    }
    struct llmp_span bytes = {data + 1, size - 1};
    if (how % 4 == 0) {
        run_request(bytes);
    } else if (how % 4 == 1) {
        run_response(bytes);
    } else {
        run_text(bytes);
    }
    return 0;
}
