/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Fields of answers, and the values that requests carry (ADAPTER.md, Values). */
#include "suite/kit/case_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EXACT_BITS = 53, /* a JSON number beyond that is rounded by many libraries */
    ID_DIGITS = 2 * LC_ID_BYTES
};

static _Noreturn void broken(struct lc_case *c, const json_t *reply, const char *field, const char *wanted) {
    char *words = json_dumps(reply, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *expected = lc_format(c, "an answer with %s `%s`", wanted, field);
    const char *seen = lc_format(c, "%.600s", words ? words : "nothing");
    free(words);
    lc_finish(c, &(struct lc_verdict){"fail", "broken", expected, seen, NULL});
}

static bool number_of(const json_t *value, uint64_t *number) {
    if (json_is_integer(value)) {
        *number = (uint64_t)json_integer_value(value);
        return json_integer_value(value) >= 0;
    }
    const char *digits = json_string_value(value);
    if (!digits || !*digits || digits[strspn(digits, "0123456789")] != '\0') {
        return false;
    }
    errno = 0;
    *number = strtoull(digits, NULL, 10);
    return errno == 0;
}

uint64_t lc_field_u64(struct lc_case *c, const json_t *reply, const char *field) {
    uint64_t number;
    if (!number_of(json_object_get(reply, field), &number)) {
        broken(c, reply, field, "a number");
    }
    return number;
}

const char *lc_field_string(struct lc_case *c, const json_t *reply, const char *field) {
    const char *string = json_string_value(json_object_get(reply, field));
    if (!string) {
        broken(c, reply, field, "a string");
    }
    return string;
}

/* ---------------------------------------------------------------- descriptions */

static bool raw_id(const char *digits, uint8_t id[LC_ID_BYTES]) {
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
    if (!number_of(json_object_get(value, "size"), &desc.size)) {
        broken(c, reply, field, "a description");
    }
    if (id && strlen(id) < LC_ID_BYTES) {
        memcpy(desc.id, id, strlen(id));
    } else if (id || !raw || !raw_id(raw, desc.id)) {
        broken(c, reply, field, "a description, its id of at most 19 bytes or 40 hexadecimal digits in `raw`, in");
    }
    return desc;
}

json_t *lc_number(uint64_t value) {
    if (value <= UINT64_C(1) << EXACT_BITS) {
        return json_integer((json_int_t)value);
    }
    return json_sprintf("%llu", (unsigned long long)value);
}

/* What the string cannot say goes as bytes: no NUL at the end, bytes behind the NUL, no UTF-8. */
json_t *lc_desc_json(const struct lc_desc *desc) {
    size_t length = strnlen((const char *)desc->id, LC_ID_BYTES);
    bool plain = length < LC_ID_BYTES && lc_utf8(desc->id, length);
    for (size_t i = length; i < LC_ID_BYTES; i++) {
        plain = plain && desc->id[i] == 0;
    }
    if (plain) {
        return json_pack("{s:o, s:s#}", "size", lc_number(desc->size), "id", (const char *)desc->id, (int)length);
    }
    char digits[ID_DIGITS + 1];
    for (size_t i = 0; i < LC_ID_BYTES; i++) {
        snprintf(digits + 2 * i, 3, "%02x", desc->id[i]);
    }
    return json_pack("{s:o, s:s}", "size", lc_number(desc->size), "raw", digits);
}
