/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- results */

static void set_result(struct call *call, const char *result) {
    (void)json_object_set_new(call->answer, "result", json_string(result));
}

static void set_error(struct call *call, const char *format, va_list values) __attribute__((format(printf, 2, 0)));

/* The text may contain bytes of an invalid request; json_string() returns null if they are not UTF-8. */
static void set_error(struct call *call, const char *format, va_list values) {
    char text[256];
    (void)vsnprintf(text, sizeof text, format, values);
    json_t *error = json_string(text);
    (void)json_object_set_new(call->answer, "error", error != NULL ? error : json_string("(not UTF-8)"));
}

void call_ok(struct call *call) {
    set_result(call, "ok");
}

void call_refuse(struct call *call, const char *format, ...) {
    va_list values;
    va_start(values, format);
    set_result(call, "refused");
    set_error(call, format, values);
    va_end(values);
}

void call_unsupported(struct call *call, const char *format, ...) {
    va_list values;
    va_start(values, format);
    set_result(call, "unsupported");
    set_error(call, format, values);
    va_end(values);
}

void call_finish(struct call *call, int rc) {
    if (rc == 0) {
        call_ok(call);
    } else {
        call_refuse(call, "%s: %s", llmp_error_name(rc), llmp_strerror(rc));
    }
}

void call_put(struct call *call, const char *field, json_t *value) {
    (void)json_object_set_new(call->answer, field, value);
}

/* Numbers above INT64_MAX become strings, because many JSON libraries cannot represent them (ADAPTER.md). */
void call_put_number(struct call *call, const char *field, uint64_t value) {
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    call_put(call, field, value <= INT64_MAX ? json_integer((json_int_t)value) : json_string(digits));
}

/* ---------------------------------------------------------------- requests */

static bool has_word(const char *words, const char *word) {
    size_t length = strlen(word);
    for (const char *at = words; *at != '\0'; at += strspn(at, " ")) {
        size_t here = strcspn(at, " ");
        if (here == length && memcmp(at, word, length) == 0) {
            return true;
        }
        at += here;
    }
    return false;
}

static const char *unknown_argument(const struct call *call, const struct verb *verb) {
    const char *name;
    json_t *ignored;
    json_object_foreach((json_t *)call->request, name, ignored) {
        if (!has_word("id verb test", name) && !has_word(verb->arguments, name)) {
            return name;
        }
    }
    return NULL;
}

static void run(struct call *call, const struct verb *(*find)(const char *name)) {
    const char *name = json_string_value(json_object_get(call->request, "verb"));
    if (name == NULL) {
        call_refuse(call, "verb: missing, or not a string");
        return;
    }
    const struct verb *verb = find(name);
    if (verb == NULL) {
        call_unsupported(call, "no verb %s", name);
        return;
    }
    const char *unknown = unknown_argument(call, verb);
    if (unknown != NULL) {
        call_unsupported(call, "%s has no argument %s", verb->name, unknown);
        return;
    }
    verb->run(call);
}

/* Returns the request's id for the answer, or null if the request has no valid one. */
static json_t *copy_id(const json_t *request) {
    json_t *id = json_object_get(request, "id");
    return json_is_integer(id) || json_is_string(id) ? json_incref(id) : json_null();
}

json_t *call_answer(const char *line, size_t length, const struct verb *(*find)(const char *name)) {
    json_error_t error;
    json_t *request = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
    struct call call = {.request = request, .answer = json_object()};
    call_put(&call, "id", copy_id(request));
    if (request == NULL) {
        call_refuse(&call, "not JSON: %s", error.text);
    } else if (!json_is_object(request)) {
        call_refuse(&call, "not a JSON object");
    } else {
        run(&call, find);
    }
    json_decref(request);
    return call.answer;
}
