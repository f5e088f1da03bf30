/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* receiver.recv, receiver.drain, client.recv and client.drain. */
#include <errno.h>
#include <stdio.h>

#include "messages.h"
#include "values.h"

/* As many messages as are sure to fit in an answer of 1 MiB. */
#define LIST_MAX 8192u

struct request {
    uint64_t count;
    int64_t timeout_ns;
};

/* What becomes of each message. */
typedef void (*keep_fn)(json_t *into, const llmp_message *message);

static bool is_empty(int code) {
    return code == -EAGAIN || code == -ETIMEDOUT;
}

static int take_all(const struct inlet *inlet, const struct request *request, keep_fn keep, json_t *into,
                    uint64_t *taken) {
    llmp_message message;
    int code = 0;
    for (*taken = 0; *taken < request->count; (*taken)++) {
        code = inlet->recv(inlet->self, &message, request->timeout_ns);
        if (code != 0) {
            break;
        }
        keep(into, &message);
    }
    return code;
}

/* No message in time, and no message ever again, are good ends; only bytes that make no sense are refused. */
static void settle(struct call *call, int code) {
    if (code == 0 || is_empty(code) || code == -LLMP_E_CLOSED) {
        call_put(call, "end", json_string(code == 0 ? "none" : is_empty(code) ? "timeout" : "exiting"));
        code = 0;
    }
    call_settle(call, code);
}

static bool read_request(struct call *call, struct request *request, uint64_t max) {
    request->count = 1;
    return call_number_if_given(call, "count", max, &request->count) && call_timeout(call, &request->timeout_ns);
}

/* ---------------------------------------------------------------- one by one */

static void list(json_t *messages, const llmp_message *message) {
    json_t *item = json_object();
    (void)json_object_set_new(item, "tag", json_integer(message->tag));
    (void)json_object_set_new(item, "sender", json_integer(message->sender));
    (void)json_object_set_new(item, "flags", json_integer(message->flags));
    (void)json_object_set_new(item, "length", json_integer((json_int_t)message->length));
    (void)json_object_set_new(item, "digest", json_integer(value_digest(0, message->payload, message->length)));
    (void)json_array_append_new(messages, item);
}

void messages_recv(struct call *call, const struct inlet *inlet) {
    struct request request;
    uint64_t taken;
    if (!read_request(call, &request, LIST_MAX)) {
        return;
    }
    json_t *messages = json_array();
    int code = take_all(inlet, &request, list, messages, &taken);
    call_put(call, "messages", messages);
    settle(call, code);
}

/* ---------------------------------------------------------------- summed up */

static void store(unsigned char *bytes, uint64_t value, size_t length) {
    for (size_t i = 0; i < length; i++) {
        bytes[i] = (unsigned char)(value >> (8 * i));
    }
}

static uint32_t add_to_digest(uint32_t digest, const llmp_message *message) {
    unsigned char header[16];
    store(header, message->tag, 4);
    store(header + 4, message->flags, 4);
    store(header + 8, message->length, 8);
    return value_digest(value_digest(digest, header, sizeof header), message->payload, message->length);
}

static json_t *sum_of(json_t *senders, uint32_t sender) {
    char name[16];
    (void)snprintf(name, sizeof name, "%u", (unsigned)sender);
    json_t *sum = json_object_get(senders, name);
    if (sum == NULL) {
        sum = json_pack("{s:i, s:i}", "count", 0, "digest", 0);
        (void)json_object_set_new(senders, name, sum);
    }
    return sum;
}

static void sum_up(json_t *senders, const llmp_message *message) {
    json_t *sum = sum_of(senders, message->sender);
    json_t *count = json_object_get(sum, "count");
    json_t *digest = json_object_get(sum, "digest");
    (void)json_integer_set(count, json_integer_value(count) + 1);
    (void)json_integer_set(digest, add_to_digest((uint32_t)json_integer_value(digest), message));
}

void messages_drain(struct call *call, const struct inlet *inlet) {
    struct request request;
    uint64_t taken;
    if (!read_request(call, &request, UINT64_MAX)) {
        return;
    }
    json_t *senders = json_object();
    int code = take_all(inlet, &request, sum_up, senders, &taken);
    call_put_number(call, "received", taken);
    call_put(call, "senders", senders);
    settle(call, code);
}
