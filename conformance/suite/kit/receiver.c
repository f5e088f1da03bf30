/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The suite sends, and the implementation reads. */
#include "suite/kit/case_internal.h"

#include <stdio.h>
#include <string.h>

enum { NEXT_MS = 2000, REFUSED_MS = 500, NOTHING_MS = 50 };

/* ---------------------------------------------------------------- channels */

static void close_map(void *map) {
    lc_map_close(map);
}

struct lc_map *lc_new_map(struct lc_case *c, uint64_t size) {
    struct lc_map *map = lc_alloc(c, sizeof *map);
    int rc = lc_map_create(c->provider, size, map);
    if (rc != 0) {
        lc_error(c, "creating a %s map of %llu bytes: %s", lc_provider_name(c), (unsigned long long)size,
                 strerror(-rc));
    }
    lc_defer(c, close_map, map);
    return map;
}

struct lc_writer *lc_new_channel(struct lc_case *c, uint64_t size, uint32_t sender) {
    struct lc_writer *writer = lc_alloc(c, sizeof *writer);
    lc_writer_start(writer, lc_new_map(c, size > 0 ? size : LC_PAGE_DEFAULT), sender);
    return writer;
}

void lc_open_receiver(struct lc_case *c, struct lc_actor *receiver, const struct lc_desc *desc) {
    lc_call(c, receiver, "receiver.open", "{s:s, s:o}", "provider", lc_provider_name(c), "description",
            lc_desc_json(desc));
}

struct lc_actor *lc_spawn_receiver(struct lc_case *c, const struct lc_desc *desc) {
    struct lc_actor *receiver = lc_spawn(c, "receiver");
    lc_open_receiver(c, receiver, desc);
    return receiver;
}

bool lc_is_joined(void *page) {
    return lc_get16(page, LC_PAGE_JOINED) != 0;
}

bool lc_is_left(void *page) {
    return lc_get16(page, LC_PAGE_LEFT) != 0;
}

/* ---------------------------------------------------------------- receiving */

static const char *recv_verb(const struct lc_actor *actor) {
    return strcmp(actor->role, "client") == 0 ? "client.recv" : "receiver.recv";
}

static const json_t *recv_one(struct lc_case *c, struct lc_actor *receiver, int timeout_ms) {
    return lc_call(c, receiver, recv_verb(receiver), "{s:i, s:i}", "count", 1, "timeout_ms", timeout_ms);
}

static void check_no_message(struct lc_case *c, const json_t *reply) {
    const json_t *messages = json_object_get(reply, "messages");
    if (json_array_size(messages) != 0) {
        char *text = json_dumps(messages, JSON_COMPACT);
        lc_fail(c, "no message", "%.300s", text != NULL ? text : "a message");
    }
}

static void check_end(struct lc_case *c, const json_t *reply, const char *expected) {
    const char *end = lc_field_string(c, reply, "end");
    lc_check(c, strcmp(end, expected) == 0, lc_format(c, "`end` is \"%s\"", expected), "\"%s\"", end);
}

static void check_field(struct lc_case *c, const json_t *message, const char *field, uint64_t expected) {
    lc_check_u64(c, field, expected, lc_field_u64(c, message, field));
}

void lc_expect_recv(struct lc_case *c, struct lc_actor *receiver, uint32_t tag, uint32_t sender, uint32_t flags,
                    uint64_t length, uint64_t seed) {
    const json_t *reply = recv_one(c, receiver, NEXT_MS);
    const json_t *message = json_array_get(json_object_get(reply, "messages"), 0);
    if (message == NULL) {
        lc_fail(c, "another message", "none, and `end` is \"%s\"", lc_field_string(c, reply, "end"));
    }
    check_field(c, message, "tag", tag);
    check_field(c, message, "sender", sender);
    check_field(c, message, "flags", flags);
    check_field(c, message, "length", length);
    check_field(c, message, "digest", lc_payload_digest(length, seed));
}

void lc_expect_recv_timeout(struct lc_case *c, struct lc_actor *receiver) {
    const json_t *reply = recv_one(c, receiver, NOTHING_MS);
    check_no_message(c, reply);
    check_end(c, reply, "timeout");
}

void lc_expect_recv_exiting(struct lc_case *c, struct lc_actor *receiver, int timeout_ms) {
    const json_t *reply = recv_one(c, receiver, timeout_ms);
    check_end(c, reply, "exiting");
    check_no_message(c, reply);
}

void lc_expect_recv_refused(struct lc_case *c, struct lc_actor *receiver) {
    const json_t *reply;
    enum lc_outcome outcome = lc_call_may_refuse(c, receiver, &reply, recv_verb(receiver), "{s:i, s:i}", "count", 1,
                                                 "timeout_ms", REFUSED_MS);
    size_t messages = json_array_size(json_object_get(reply, "messages"));
    if (outcome != LC_REFUSED || messages != 0) {
        char *text = json_dumps(reply, JSON_COMPACT);
        lc_fail(c, "refused, without a message", "%.600s", text != NULL ? text : "");
    }
    lc_check_alive(c, receiver);
}

/* ---------------------------------------------------------------- draining */

static const json_t *drained_sender(const json_t *reply, uint32_t sender) {
    char name[16];
    snprintf(name, sizeof name, "%u", sender);
    return json_object_get(json_object_get(reply, "senders"), name);
}

bool lc_has_drained(const json_t *reply, uint32_t sender) {
    return drained_sender(reply, sender) != NULL;
}

void lc_check_drained(struct lc_case *c, const json_t *reply, uint32_t sender, uint64_t count, uint32_t digest) {
    const json_t *drained = drained_sender(reply, sender);
    if (drained == NULL) {
        lc_fail(c, lc_format(c, "%llu messages of sender %u", (unsigned long long)count, sender), "none");
    }
    lc_check_u64(c, lc_format(c, "number of messages of sender %u:", sender), count, lc_field_u64(c, drained, "count"));
    lc_check_u64(c, lc_format(c, "digest of all messages of sender %u:", sender), digest,
                 lc_field_u64(c, drained, "digest"));
}
