/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The usual openings and expectations of one channel: the suite reads what a sender wrote, or writes what one reads. */
#include "suite/kit/case_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { NEXT_MS = 2000, NOTHING_MS = 50 };

/* ---------------------------------------------------------------- the implementation sends, the suite reads */

struct lc_desc lc_open_sender(struct lc_case *c, struct lc_actor *sender, uint32_t sender_id) {
    const json_t *reply = lc_call(c, sender, "sender.open", "{s:s, s:I}", "provider", lc_provider_name(c), "sender_id",
                                  (json_int_t)sender_id);
    return lc_field_desc(c, reply, "description");
}

struct lc_desc lc_open_sender_for(struct lc_case *c, struct lc_actor *sender, uint32_t sender_id, int receivers) {
    json_t *arguments = json_pack("{s:s, s:I}", "provider", lc_provider_name(c), "sender_id", (json_int_t)sender_id);
    if (lc_has_option(c, "receivers")) {
        json_object_set_new(arguments, "receivers", json_integer(receivers));
    }
    return lc_field_desc(c, lc_call(c, sender, "sender.open", "o", arguments), "description");
}

struct lc_desc lc_open_sender_sized(struct lc_case *c, struct lc_actor *sender, uint32_t sender_id,
                                    uint64_t page_size) {
    if (!lc_impl_offers(sender->impl, "options", "page_size")) {
        lc_skip(c, "option page_size, which %s does not offer", lc_impl_name(sender->impl));
    }
    const json_t *reply = lc_call(c, sender, "sender.open", "{s:s, s:I, s:o}", "provider", lc_provider_name(c),
                                  "sender_id", (json_int_t)sender_id, "page_size", lc_number(page_size));
    return lc_field_desc(c, reply, "description");
}

static void close_reader(void *reader) {
    lc_reader_close(reader);
}

struct lc_reader *lc_open_reader(struct lc_case *c, struct lc_actor *writer, const struct lc_desc *desc, bool join) {
    struct lc_reader *reader = lc_alloc(c, sizeof *reader);
    int error = lc_reader_open(reader, c->provider, desc, lc_actor_pid(writer), join);
    if (error == -EPROTO) {
        lc_fail_page(c, &reader->finding, &reader->map);
    }
    if (error) {
        const char *seen =
            lc_format(c, "%s of %llu bytes: %s", lc_desc_show(desc), (unsigned long long)desc->size, strerror(-error));
        lc_fail(c, "a description that others can open (ID-3)", "%s", seen);
    }
    lc_defer(c, close_reader, reader);
    return reader;
}

struct lc_reader *lc_read_channel(struct lc_case *c, struct lc_actor *writer, const struct lc_desc *desc) {
    return lc_open_reader(c, writer, desc, true);
}

/* Why nothing came may be that its writer is no more. */
static void somebody_died(struct lc_case *c) {
    for (struct lc_actor *actor = c->actors; actor; actor = actor->next) {
        if (!actor->expected_to_end && !actor->stopped && !lc_adapter_alive(actor->adapter)) {
            lc_finish_with_outcome(c, actor, LC_CRASHED, NULL);
        }
    }
}

void lc_next_message(struct lc_case *c, struct lc_reader *reader, struct lc_message *message) {
    int got = lc_reader_wait(reader, message, (int)(NEXT_MS * lc_time_factor));
    if (got == -EPROTO) {
        lc_fail_page(c, &reader->finding, &reader->map);
    }
    if (got == -ETIMEDOUT) {
        somebody_died(c);
        struct lc_finding finding = {.offset = reader->offset, .expected = "one more message within two seconds"};
        snprintf(finding.seen, sizeof finding.seen, "none behind message_id %llu", (unsigned long long)reader->last_id);
        lc_fail_page(c, &finding, &reader->map);
    }
    if (got < 0) {
        lc_fail(c, "a page that can be read on", "%s", strerror(-got));
    }
}

/* ---------------------------------------------------------------- expectations of one message */

static void differs(struct lc_case *c, const struct lc_reader *reader, const struct lc_message *message, size_t field,
                    const char *what, uint64_t expected, uint64_t seen) {
    struct lc_finding finding = {.offset = message->offset + field};
    if (expected != seen) {
        snprintf(finding.expected, sizeof finding.expected, "%s %llu (0x%llx)", what, (unsigned long long)expected,
                 (unsigned long long)expected);
        snprintf(finding.seen, sizeof finding.seen, "%llu (0x%llx)", (unsigned long long)seen,
                 (unsigned long long)seen);
        lc_fail_page(c, &finding, &reader->map);
    }
}

static void check_message(struct lc_case *c, const struct lc_reader *reader, const struct lc_message *message,
                          const struct lc_message *wanted, uint64_t seed) {
    differs(c, reader, message, LC_MSG_TAG, "tag", wanted->tag, message->tag);
    differs(c, reader, message, LC_MSG_SENDER, "sender", wanted->sender, message->sender);
    differs(c, reader, message, LC_MSG_FLAGS, "flags", wanted->flags, message->flags);
    differs(c, reader, message, LC_MSG_LEN, "buf_len", wanted->length, message->length);
    differs(c, reader, message, LC_MSG_HEADER, "a payload of CRC-32", lc_payload_digest(wanted->length, seed),
            lc_crc(0, message->payload, message->length));
}

void lc_expect_message(struct lc_case *c, struct lc_reader *reader, uint32_t tag, uint32_t sender, uint32_t flags,
                       uint64_t length, uint64_t seed) {
    struct lc_message message;
    lc_next_message(c, reader, &message);
    check_message(c, reader, &message,
                  &(struct lc_message){.tag = tag, .sender = sender, .flags = flags, .length = length}, seed);
}

void lc_raw_client_expect(struct lc_case *c, struct lc_raw_client *client, uint32_t tag, uint32_t sender,
                          uint32_t flags, uint64_t length, uint64_t seed) {
    struct lc_message message;
    do {
        lc_next_message(c, client->in, &message);
    } while (message.sender != sender);
    check_message(c, client->in, &message,
                  &(struct lc_message){.tag = tag, .sender = sender, .flags = flags, .length = length}, seed);
}

void lc_expect_no_message(struct lc_case *c, struct lc_reader *reader) {
    struct lc_message message;
    int got = lc_reader_next(reader, &message);
    if (got == -EPROTO) {
        lc_fail_page(c, &reader->finding, &reader->map);
    }
    if (got < 0) {
        lc_fail(c, "a page that can be read on", "%s", strerror(-got));
    }
    if (got > 0) {
        struct lc_finding finding = {.offset = message.offset, .expected = "no further message"};
        snprintf(finding.seen, sizeof finding.seen, "message_id %llu with tag 0x%x", (unsigned long long)message.id,
                 message.tag);
        lc_fail_page(c, &finding, &reader->map);
    }
}

void lc_send_message(struct lc_case *c, struct lc_actor *sender, uint32_t tag, uint64_t length, uint64_t seed) {
    bool client = strcmp(sender->role, "client") == 0;
    lc_call(c, sender, client ? "client.send" : "sender.send", "{s:I, s:o, s:o, s:i}", "tag", (json_int_t)tag, "length",
            lc_number(length), "seed", lc_number(seed), "timeout_ms", NEXT_MS);
}

/* ---------------------------------------------------------------- the suite sends, the implementation reads */

static void close_map(void *map) {
    lc_map_close(map);
}

struct lc_map *lc_new_map(struct lc_case *c, uint64_t size) {
    struct lc_map *map = lc_alloc(c, sizeof *map);
    int error = lc_map_create(c->provider, size, map);
    if (error) {
        lc_error(c, "a %s map of %llu bytes: %s", lc_provider_name(c), (unsigned long long)size, strerror(-error));
    }
    lc_defer(c, close_map, map);
    return map;
}

struct lc_writer *lc_new_channel(struct lc_case *c, uint64_t size, uint32_t sender) {
    struct lc_writer *writer = lc_alloc(c, sizeof *writer);
    lc_writer_start(writer, lc_new_map(c, size ? size : LC_PAGE_DEFAULT), sender);
    return writer;
}

void lc_open_receiver(struct lc_case *c, struct lc_actor *receiver, const struct lc_desc *desc) {
    lc_call(c, receiver, "receiver.open", "{s:s, s:o}", "provider", lc_provider_name(c), "description",
            lc_desc_json(desc));
}

static const char *recv_of(const struct lc_actor *actor) {
    return strcmp(actor->role, "client") == 0 ? "client.recv" : "receiver.recv";
}

static void same_field(struct lc_case *c, const json_t *message, const char *field, uint64_t expected) {
    lc_check_u64(c, field, expected, lc_field_u64(c, message, field));
}

void lc_expect_recv(struct lc_case *c, struct lc_actor *receiver, uint32_t tag, uint32_t sender, uint32_t flags,
                    uint64_t length, uint64_t seed) {
    const json_t *reply = lc_call(c, receiver, recv_of(receiver), "{s:i, s:i}", "count", 1, "timeout_ms", NEXT_MS);
    const json_t *message = json_array_get(json_object_get(reply, "messages"), 0);
    if (!message) {
        lc_fail(c, "one more message", "none; `end` is \"%s\"", lc_field_string(c, reply, "end"));
    }
    same_field(c, message, "tag", tag);
    same_field(c, message, "sender", sender);
    same_field(c, message, "flags", flags);
    same_field(c, message, "length", length);
    same_field(c, message, "digest", lc_payload_digest(length, seed));
}

void lc_expect_recv_timeout(struct lc_case *c, struct lc_actor *receiver) {
    const json_t *reply = lc_call(c, receiver, recv_of(receiver), "{s:i, s:i}", "count", 1, "timeout_ms", NOTHING_MS);
    if (json_array_size(json_object_get(reply, "messages")) != 0) {
        char *words = json_dumps(json_object_get(reply, "messages"), JSON_COMPACT);
        lc_fail(c, "no message", "%.300s", words ? words : "one");
    }
    const char *end = lc_field_string(c, reply, "end");
    lc_check(c, strcmp(end, "timeout") == 0, "`end` \"timeout\"", "\"%s\"", end);
}

void lc_expect_recv_refused(struct lc_case *c, struct lc_actor *receiver) {
    const json_t *reply;
    enum lc_outcome outcome =
        lc_call_may_refuse(c, receiver, &reply, recv_of(receiver), "{s:i, s:i}", "count", 1, "timeout_ms", NEXT_MS / 4);
    size_t messages = json_array_size(json_object_get(reply, "messages"));
    if (outcome != LC_REFUSED || messages != 0) {
        char *words = json_dumps(reply, JSON_COMPACT);
        lc_fail(c, "a refusal, without a message", "%.600s", words ? words : "");
    }
    lc_check_alive(c, receiver);
}

bool lc_is_joined(void *page) {
    return lc_get16(page, LC_PAGE_JOINED) != 0;
}

bool lc_is_left(void *page) {
    return lc_get16(page, LC_PAGE_LEFT) != 0;
}
