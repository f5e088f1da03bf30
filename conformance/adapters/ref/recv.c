/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The verbs receiver.recv, receiver.drain, client.recv and client.drain. */
#include <errno.h>
#include <stdio.h>

#include "messages.h"
#include "values.h"

/* The list of this many messages fits into an answer of 1 MiB. */
#define LIST_MAX 8192u

struct request {
    uint64_t count;
    int64_t timeout_ns;
};

/* Adds a received message to the answer. */
typedef void (*add_fn)(json_t *to, const llmp_message *message);

static bool is_empty(int rc) {
    return rc == -EAGAIN || rc == -ETIMEDOUT;
}

static int receive_all(const struct message_source *source, const struct request *request, add_fn add, json_t *to,
                       uint64_t *received) {
    llmp_message message;
    int rc = 0;
    for (*received = 0; *received < request->count; (*received)++) {
        rc = source->recv(source->self, &message, request->timeout_ns);
        if (rc != 0) {
            break;
        }
        add(to, &message);
    }
    return rc;
}

/* A timeout and the end of the channel are results; all other errors are refusals. */
static void finish(struct call *call, int rc) {
    if (rc == 0 || is_empty(rc) || rc == -LLMP_E_CLOSED) {
        call_put(call, "end", json_string(rc == 0 ? "none" : is_empty(rc) ? "timeout" : "exiting"));
        rc = 0;
    }
    call_finish(call, rc);
}

static bool read_request(struct call *call, struct request *request, uint64_t max) {
    request->count = 1;
    return call_number_if_given(call, "count", max, &request->count) && call_timeout(call, &request->timeout_ns);
}

/* ---------------------------------------------------------------- recv: a list */

static void append_message(json_t *messages, const llmp_message *message) {
    json_t *item = json_object();
    (void)json_object_set_new(item, "tag", json_integer(message->tag));
    (void)json_object_set_new(item, "sender", json_integer(message->sender));
    (void)json_object_set_new(item, "flags", json_integer(message->flags));
    (void)json_object_set_new(item, "length", json_integer((json_int_t)message->length));
    (void)json_object_set_new(item, "digest", json_integer(value_update_digest(0, message->payload, message->length)));
    (void)json_array_append_new(messages, item);
}

void messages_recv(struct call *call, const struct message_source *source) {
    struct request request;
    uint64_t received;
    if (!read_request(call, &request, LIST_MAX)) {
        return;
    }
    json_t *messages = json_array();
    int rc = receive_all(source, &request, append_message, messages, &received);
    call_put(call, "messages", messages);
    finish(call, rc);
}

/* ---------------------------------------------------------------- drain: sums */

static uint32_t digest_message(uint32_t digest, const llmp_message *message) {
    unsigned char header[16];
    value_store_little_endian(message->tag, header, 4);
    value_store_little_endian(message->flags, header + 4, 4);
    value_store_little_endian(message->length, header + 8, 8);
    return value_update_digest(value_update_digest(digest, header, sizeof header), message->payload, message->length);
}

static json_t *find_or_add_sender(json_t *senders, uint32_t sender) {
    char name[16];
    (void)snprintf(name, sizeof name, "%u", (unsigned)sender);
    json_t *totals = json_object_get(senders, name);
    if (totals == NULL) {
        totals = json_pack("{s:i, s:i}", "count", 0, "digest", 0);
        (void)json_object_set_new(senders, name, totals);
    }
    return totals;
}

static void count_message(json_t *senders, const llmp_message *message) {
    json_t *totals = find_or_add_sender(senders, message->sender);
    json_t *count = json_object_get(totals, "count");
    json_t *digest = json_object_get(totals, "digest");
    (void)json_integer_set(count, json_integer_value(count) + 1);
    (void)json_integer_set(digest, digest_message((uint32_t)json_integer_value(digest), message));
}

void messages_drain(struct call *call, const struct message_source *source) {
    struct request request;
    uint64_t received;
    if (!read_request(call, &request, UINT64_MAX)) {
        return;
    }
    json_t *senders = json_object();
    int rc = receive_all(source, &request, count_message, senders, &received);
    call_put_number(call, "received", received);
    call_put(call, "senders", senders);
    finish(call, rc);
}
