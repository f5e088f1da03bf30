/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The implementation sends, and the suite reads. */
#include "suite/kit/case_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { NEXT_MS = 2000 };

/* ---------------------------------------------------------------- senders */

static struct lc_desc open_sender(struct lc_case *c, struct lc_actor *sender, json_t *arguments) {
    return lc_field_desc(c, lc_call(c, sender, "sender.open", "o", arguments), "description");
}

static json_t *open_arguments(struct lc_case *c, uint32_t sender_id) {
    return json_pack("{s:s, s:I}", "provider", lc_provider_name(c), "sender_id", (json_int_t)sender_id);
}

struct lc_desc lc_open_sender(struct lc_case *c, struct lc_actor *sender, uint32_t sender_id) {
    return open_sender(c, sender, open_arguments(c, sender_id));
}

struct lc_desc lc_open_sender_for(struct lc_case *c, struct lc_actor *sender, uint32_t sender_id, int receivers) {
    json_t *arguments = open_arguments(c, sender_id);
    if (lc_has_option(c, "receivers")) {
        json_object_set_new(arguments, "receivers", json_integer(receivers));
    }
    return open_sender(c, sender, arguments);
}

struct lc_desc lc_open_sender_sized(struct lc_case *c, struct lc_actor *sender, uint32_t sender_id,
                                    uint64_t page_size) {
    lc_require_option(c, "page_size");
    json_t *arguments = open_arguments(c, sender_id);
    json_object_set_new(arguments, "page_size", lc_number(page_size));
    return open_sender(c, sender, arguments);
}

void lc_send_message(struct lc_case *c, struct lc_actor *sender, uint32_t tag, uint64_t length, uint64_t seed) {
    bool is_client = strcmp(sender->role, "client") == 0;
    lc_call(c, sender, is_client ? "client.send" : "sender.send", "{s:I, s:o, s:o, s:i}", "tag", (json_int_t)tag,
            "length", lc_number(length), "seed", lc_number(seed), "timeout_ms", NEXT_MS);
}

/* ---------------------------------------------------------------- reading */

static void close_reader(void *reader) {
    lc_reader_close(reader);
}

struct lc_reader *lc_open_reader(struct lc_case *c, struct lc_actor *writer, const struct lc_desc *desc, bool join) {
    struct lc_reader *reader = lc_alloc(c, sizeof *reader);
    int rc = lc_reader_open(reader, c->provider, desc, lc_actor_pid(writer), join);
    if (rc == -EPROTO) {
        lc_fail_page(c, &reader->finding, &reader->map);
    }
    if (rc != 0) {
        lc_fail(c, "a description that another process can open (ID-3)", "%s of %llu bytes: %s", lc_desc_show(desc),
                (unsigned long long)desc->size, strerror(-rc));
    }
    lc_defer(c, close_reader, reader);
    return reader;
}

struct lc_reader *lc_read_channel(struct lc_case *c, struct lc_actor *writer, const struct lc_desc *desc) {
    return lc_open_reader(c, writer, desc, true);
}

static void check_read(struct lc_case *c, const struct lc_reader *reader, int rc) {
    if (rc == -EPROTO) {
        lc_fail_page(c, &reader->finding, &reader->map);
    }
    if (rc < 0) {
        lc_fail(c, "a page that can be read", "%s", strerror(-rc));
    }
}

void lc_next_message(struct lc_case *c, struct lc_reader *reader, struct lc_message *message) {
    int rc = lc_reader_wait(reader, message, lc_scaled_ms(NEXT_MS));
    if (rc == -ETIMEDOUT) {
        struct lc_finding finding;
        lc_check_actors(c); /* the writer's crash may be the reason */
        (void)lc_finding_set(&finding, NULL, reader->offset, "another message within two seconds",
                             LC_TEXT("none after message_id %llu", (unsigned long long)reader->last_id));
        lc_fail_page(c, &finding, &reader->map);
    }
    check_read(c, reader, rc);
}

void lc_expect_no_message(struct lc_case *c, struct lc_reader *reader) {
    struct lc_message message;
    int rc = lc_reader_next(reader, &message);
    check_read(c, reader, rc);
    if (rc > 0) {
        struct lc_finding finding;
        (void)lc_finding_set(&finding, NULL, message.offset, "no further message",
                             LC_TEXT("message_id %llu with tag 0x%x", (unsigned long long)message.id, message.tag));
        lc_fail_page(c, &finding, &reader->map);
    }
}

/* ---------------------------------------------------------------- fields of one message */

struct comparison {
    struct lc_case *c;
    const struct lc_reader *reader;
    uint64_t offset; /* of the slot */
};

static void compare(const struct comparison *with, size_t field, const char *what, uint64_t expected, uint64_t seen) {
    struct lc_finding finding;
    if (expected != seen) {
        (void)lc_finding_set(
            &finding, NULL, with->offset + field,
            LC_TEXT("%s %llu (0x%llx)", what, (unsigned long long)expected, (unsigned long long)expected),
            LC_TEXT("%llu (0x%llx)", (unsigned long long)seen, (unsigned long long)seen));
        lc_fail_page(with->c, &finding, &with->reader->map);
    }
}

void lc_check_message_fields(struct lc_case *c, const struct lc_reader *reader, const struct lc_message *message,
                             const struct lc_message *wanted, uint64_t seed) {
    const struct comparison with = {c, reader, message->offset};
    compare(&with, LC_MSG_TAG, "tag", wanted->tag, message->tag);
    compare(&with, LC_MSG_SENDER, "sender", wanted->sender, message->sender);
    compare(&with, LC_MSG_FLAGS, "flags", wanted->flags, message->flags);
    compare(&with, LC_MSG_LEN, "buf_len", wanted->length, message->length);
    compare(&with, LC_MSG_HEADER, "a payload with CRC-32", lc_payload_digest(wanted->length, seed),
            lc_crc(0, message->payload, message->length));
}

void lc_expect_message(struct lc_case *c, struct lc_reader *reader, uint32_t tag, uint32_t sender, uint32_t flags,
                       uint64_t length, uint64_t seed) {
    struct lc_message message;
    const struct lc_message wanted = {.tag = tag, .sender = sender, .flags = flags, .length = length};
    lc_next_message(c, reader, &message);
    lc_check_message_fields(c, reader, &message, &wanted, seed);
}
