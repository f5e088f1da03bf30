/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reads and checks the arguments of a request. */
#include <string.h>

#include "call.h"
#include "values.h"

bool call_has(const struct call *call, const char *name) {
    return json_object_get(call->request, name) != NULL;
}

/* Returns false if `value` is null, negative, or not a number. */
static bool read_number(const json_t *value, uint64_t *out) {
    if (json_is_integer(value)) {
        json_int_t number = json_integer_value(value);
        *out = (uint64_t)number;
        return number >= 0;
    }
    const char *digits = json_string_value(value);
    return digits != NULL && value_parse_digits(digits, out);
}

bool call_number(struct call *call, const char *name, uint64_t max, uint64_t *out) {
    uint64_t number;
    if (!call_has(call, name)) {
        call_refuse(call, "%s: missing", name);
        return false;
    }
    if (!read_number(json_object_get(call->request, name), &number) || number > max) {
        call_refuse(call, "%s: must be an integer from 0 to %llu", name, (unsigned long long)max);
        return false;
    }
    *out = number;
    return true;
}

bool call_number_if_given(struct call *call, const char *name, uint64_t max, uint64_t *out) {
    return !call_has(call, name) || call_number(call, name, max, out);
}

bool call_u32(struct call *call, const char *name, uint32_t *out) {
    uint64_t number = 0;
    bool good = call_number(call, name, UINT32_MAX, &number);
    *out = (uint32_t)number;
    return good;
}

bool call_u32_if_given(struct call *call, const char *name, uint32_t *out) {
    return !call_has(call, name) || call_u32(call, name, out);
}

bool call_size(struct call *call, const char *name, size_t *out) {
    uint64_t number = 0;
    bool good = call_number(call, name, SIZE_MAX, &number);
    *out = (size_t)number;
    return good;
}

bool call_flag_if_given(struct call *call, const char *name, bool *out) {
    const json_t *value = json_object_get(call->request, name);
    if (value == NULL) {
        return true;
    }
    if (!json_is_boolean(value)) {
        call_refuse(call, "%s: must be true or false", name);
        return false;
    }
    *out = json_is_true(value);
    return true;
}

bool call_timeout(struct call *call, int64_t *timeout_ns) {
    uint64_t milliseconds;
    if (!call_number(call, "timeout_ms", UINT64_MAX, &milliseconds)) {
        return false;
    }
    *timeout_ns = milliseconds > INT64_MAX / 1000000 ? INT64_MAX : LLMP_MILLISECONDS((int64_t)milliseconds);
    return true;
}

bool call_provider(struct call *call, const llmp_shmem_provider **out) {
    const char *name = json_string_value(json_object_get(call->request, "provider"));
    if (name == NULL) {
        call_refuse(call, "provider: missing, or not a string");
        return false;
    }
    *out = llmp_shmem_provider_find(name);
    if (*out == NULL) {
        call_unsupported(call, "no provider %s", name);
    }
    return *out != NULL;
}

/* ---------------------------------------------------------------- descriptions */

/* Accepts any 20 bytes: the library decides which of them are a valid id. */
static bool read_id(const json_t *id, const json_t *raw, llmp_shmem_id *out) {
    if (json_is_string(id) && json_string_length(id) < LLMP_SHMEM_ID_SIZE) {
        memcpy(out->bytes, json_string_value(id), json_string_length(id));
        return true;
    }
    return id == NULL && json_is_string(raw) && value_parse_hex(json_string_value(raw), out->bytes, sizeof out->bytes);
}

bool call_desc(struct call *call, const char *name, llmp_shmem_desc *out) {
    const json_t *desc = json_object_get(call->request, name);
    uint64_t size = 0;
    *out = (llmp_shmem_desc){0};
    bool good = json_object_size(desc) == 2 && read_number(json_object_get(desc, "size"), &size) &&
                read_id(json_object_get(desc, "id"), json_object_get(desc, "raw"), &out->id);
    out->size = (size_t)size;
    if (!good) {
        call_refuse(call,
                    "%s: must be an object with size, and with id (at most 19 bytes) or raw (40 hexadecimal digits)",
                    name);
    }
    return good;
}

bool call_nonzero(struct call *call, const char *name, uint64_t value) {
    if (call_has(call, name) && value == 0) {
        call_unsupported(call, "%s: 0 means the default in this library's options", name);
        return false;
    }
    return true;
}
