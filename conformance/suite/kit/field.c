/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Fields of replies, and values of requests (ADAPTER.md, Values). */
#include "suite/kit/case_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EXACT_BITS = 53, /* many JSON libraries round larger numbers */
    ID_DIGITS = 2 * LC_ID_BYTES
};

static _Noreturn void fail_field(struct lc_case *c, const json_t *reply, const char *field, const char *wanted) {
    char *text = json_dumps(reply, JSON_COMPACT | JSON_ENCODE_ANY);
    lc_fail_adapter(c, lc_format(c, "a reply with %s in `%s`", wanted, field), "%.600s", text != NULL ? text : "none");
}

static bool parse_number(const json_t *value, uint64_t *number) {
    if (json_is_integer(value)) {
        *number = (uint64_t)json_integer_value(value);
        return json_integer_value(value) >= 0;
    }
    const char *digits = json_string_value(value);
    if (digits == NULL || *digits == '\0' || digits[strspn(digits, "0123456789")] != '\0') {
        return false;
    }
    errno = 0;
    *number = strtoull(digits, NULL, 10);
    return errno == 0;
}

uint64_t lc_field_u64(struct lc_case *c, const json_t *reply, const char *field) {
    uint64_t number;
    if (!parse_number(json_object_get(reply, field), &number)) {
        fail_field(c, reply, field, "a number");
    }
    return number;
}

const char *lc_field_string(struct lc_case *c, const json_t *reply, const char *field) {
    const char *string = json_string_value(json_object_get(reply, field));
    if (string == NULL) {
        fail_field(c, reply, field, "a string");
    }
    return string;
}

/* ---------------------------------------------------------------- descriptions */

static bool parse_raw_id(const char *digits, uint8_t id[LC_ID_BYTES]) {
    if (strlen(digits) != ID_DIGITS || digits[strspn(digits, "0123456789abcdefABCDEF")] != '\0') {
        return false;
    }
    for (size_t i = 0; i < LC_ID_BYTES; i++) {
        char pair[3] = {digits[2 * i], digits[2 * i + 1], '\0'};
        id[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return true;
}

struct lc_desc lc_field_desc(struct lc_case *c, const json_t *reply, const char *field) {
    const json_t *value = json_object_get(reply, field);
    const char *id = json_string_value(json_object_get(value, "id"));
    const char *raw = json_string_value(json_object_get(value, "raw"));
    struct lc_desc desc = {0};
    if (!parse_number(json_object_get(value, "size"), &desc.size)) {
        fail_field(c, reply, field, "a description");
    }
    if (id != NULL && strlen(id) < LC_ID_BYTES) {
        memcpy(desc.id, id, strlen(id));
    } else if (id != NULL || raw == NULL || !parse_raw_id(raw, desc.id)) {
        fail_field(c, reply, field, "a description (an `id` of at most 19 bytes, or 40 hexadecimal digits in `raw`)");
    }
    return desc;
}

json_t *lc_number(uint64_t value) {
    if (value <= UINT64_C(1) << EXACT_BITS) {
        return json_integer((json_int_t)value);
    }
    return json_sprintf("%llu", (unsigned long long)value);
}

/* An id goes as hexadecimal digits if it is not terminated, has bytes after its NUL, or is not UTF-8. */
json_t *lc_desc_json(const struct lc_desc *desc) {
    size_t length = strnlen((const char *)desc->id, LC_ID_BYTES);
    if (lc_desc_is_terminated(desc) && lc_utf8(desc->id, length)) {
        return json_pack("{s:o, s:s#}", "size", lc_number(desc->size), "id", (const char *)desc->id, (int)length);
    }
    char digits[ID_DIGITS + 1];
    for (size_t i = 0; i < LC_ID_BYTES; i++) {
        snprintf(digits + 2 * i, 3, "%02x", desc->id[i]);
    }
    return json_pack("{s:o, s:s}", "size", lc_number(desc->size), "raw", digits);
}
