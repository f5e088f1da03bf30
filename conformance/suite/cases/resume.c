/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Senders and receivers that continue in another process, by environment variables (SPEC.md, section 14). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "suite/cases/sections.h"

enum { TAG = 0x4E5, SENDER = 6 };

static const char name[] = "LC_CHANNEL";

/* ---------------------------------------------------------------- variables */

/* Returns the value of a variable; `suffix` is "", "_SIZE", "_OFFSET" or "_CLIENT_ID". */
static const char *variable(struct lc_case *c, const json_t *environment, const char *suffix) {
    char key[64];
    snprintf(key, sizeof key, "%s%s", name, suffix);
    const char *value = json_string_value(json_object_get(environment, key));
    lc_check(c, value != NULL, "all variables of RESUME-1", "no %s", key);
    return value;
}

static void check_variable(struct lc_case *c, const json_t *environment, const char *suffix, const char *wanted) {
    const char *seen = variable(c, environment, suffix);
    lc_check(c, strcmp(seen, wanted) == 0, lc_format(c, "%s%s is \"%s\"", name, suffix, wanted), "\"%s\"", seen);
}

/* Returns a new reference. */
static json_t *save(struct lc_case *c, struct lc_actor *actor, const char *verb) {
    const json_t *environment = json_object_get(lc_call(c, actor, verb, "{s:s}", "name", name), "environment");
    lc_check(c, json_is_object(environment), "an object `environment`", "none");
    return json_deep_copy(environment);
}

static json_t *environment_of(const struct lc_desc *desc, const char *offset) {
    char size[32];
    char keys[3][64];
    snprintf(size, sizeof size, "%llu", (unsigned long long)desc->size);
    snprintf(keys[0], sizeof keys[0], "%s_SIZE", name);
    snprintf(keys[1], sizeof keys[1], "%s_OFFSET", name);
    snprintf(keys[2], sizeof keys[2], "%s_CLIENT_ID", name);
    return json_pack("{s:s, s:s, s:s, s:s}", name, (const char *)desc->id, keys[0], size, keys[1], offset, keys[2],
                     "6");
}

/* The reference to `environment` is stolen. */
static void resume(struct lc_case *c, struct lc_actor *actor, const char *verb, json_t *environment) {
    lc_call(c, actor, verb, "{s:s, s:s, s:o}", "provider", lc_provider_name(c), "name", name, "environment",
            environment);
}

/* ---------------------------------------------------------------- receivers */

struct reading {
    struct lc_writer *writer;
    struct lc_actor *receiver;
    uint64_t last; /* offset of the slot that was read last */
};

static struct reading read_some(struct lc_case *c, uint64_t sent, uint64_t read) {
    struct reading reading = {.writer = lc_new_channel(c, 0, SENDER)};
    for (uint64_t i = 0; i < sent; i++) {
        uint64_t slot = lc_writer_send(reading.writer, TAG, 0, 100 * i, i);
        reading.last = i + 1 == read ? slot : reading.last;
    }
    reading.receiver = lc_spawn_receiver(c, &reading.writer->map->desc);
    for (uint64_t i = 0; i < read; i++) {
        lc_expect_recv(c, reading.receiver, TAG, SENDER, 0, 100 * i, i);
    }
    return reading;
}

static void check_map(struct lc_case *c, const json_t *environment, const struct lc_desc *desc) {
    char size[32];
    snprintf(size, sizeof size, "%llu", (unsigned long long)desc->size);
    check_variable(c, environment, "", (const char *)desc->id);
    check_variable(c, environment, "_SIZE", size);
}

static void receiver_variables(struct lc_case *c) {
    for (uint64_t read = 0; read < 3; read++) {
        struct reading reading = read_some(c, 4, read);
        json_t *environment = save(c, reading.receiver, "receiver.save");
        check_map(c, environment, &reading.writer->map->desc);
        char offset[32] = "_NULL";
        if (read != 0) {
            snprintf(offset, sizeof offset, "%llu", (unsigned long long)(reading.last - LC_PAGE_HEADER));
        }
        check_variable(c, environment, "_OFFSET", offset);
        json_decref(environment);
    }
}

static void receiver_continues(struct lc_case *c) {
    for (uint64_t read = 0; read <= 4; read += 2) {
        struct reading reading = read_some(c, 6, read);
        json_t *environment = save(c, reading.receiver, "receiver.save");
        struct lc_actor *next = lc_spawn(c, "receiver");
        resume(c, next, "receiver.resume", environment);
        for (uint64_t i = read; i < 6; i++) {
            lc_expect_recv(c, next, TAG, SENDER, 0, 100 * i, i);
        }
        lc_expect_recv_timeout(c, next);
        lc_writer_send(reading.writer, TAG, 0, 7, 7);
        lc_expect_recv(c, next, TAG, SENDER, 0, 7, 7);
    }
}

/* The suite writes the variables, as another implementation would. */
static void variables_of_another(struct lc_case *c) {
    struct reading reading = read_some(c, 6, 3);
    char offset[32];
    snprintf(offset, sizeof offset, "%llu", (unsigned long long)(reading.last - LC_PAGE_HEADER));
    struct lc_actor *next = lc_spawn(c, "receiver");
    resume(c, next, "receiver.resume", environment_of(&reading.writer->map->desc, offset));
    lc_expect_recv(c, next, TAG, SENDER, 0, 300, 3);
    next = lc_spawn(c, "receiver");
    resume(c, next, "receiver.resume", environment_of(&reading.writer->map->desc, "_NULL"));
    lc_expect_recv(c, next, TAG, SENDER, 0, 0, 0);
}

/* ---------------------------------------------------------------- senders */

struct writing {
    struct lc_actor *sender;
    struct lc_desc desc;
    struct lc_reader *reader;
};

static struct writing write_some(struct lc_case *c, uint64_t count) {
    struct writing writing = {.sender = lc_spawn(c, "sender")};
    writing.desc = lc_open_sender(c, writing.sender, SENDER);
    writing.reader = lc_read_channel(c, writing.sender, &writing.desc);
    for (uint64_t i = 0; i < count; i++) {
        lc_send_message(c, writing.sender, TAG, 100, i);
        lc_expect_message(c, writing.reader, TAG, SENDER, 0, 100, i);
    }
    return writing;
}

static void sender_variables(struct lc_case *c) {
    struct writing writing = write_some(c, 3);
    json_t *environment = save(c, writing.sender, "sender.save");
    check_map(c, environment, &writing.desc);
    check_variable(c, environment, "_CLIENT_ID", "6");
    char offset[32];
    uint64_t first = LC_MSG_HEADER + lc_padded(LC_PAGE_HEADER, 100);
    uint64_t second = LC_MSG_HEADER + lc_padded(LC_PAGE_HEADER + first, 100);
    snprintf(offset, sizeof offset, "%" PRIu64, first + second);
    check_variable(c, environment, "_OFFSET", offset);
    json_decref(environment);
}

static void sender_continues(struct lc_case *c) {
    for (uint64_t before = 0; before < 4; before += 3) {
        struct writing writing = write_some(c, before);
        json_t *environment = save(c, writing.sender, "sender.save");
        struct lc_actor *next = lc_spawn(c, "sender");
        resume(c, next, "sender.resume", environment);
        for (uint64_t i = before; i < 9; i++) {
            lc_send_message(c, next, TAG, 100, i);
            struct lc_message message;
            lc_next_message(c, writing.reader, &message);
            lc_check_u64(c, "message_id", i + 1, message.id);
            lc_check_u64(c, "sender", SENDER, message.sender);
            lc_check_payload(c, "digest", 100, i, message.payload);
        }
    }
}

/* ---------------------------------------------------------------- invalid offsets */

static void expect_refused_offset(struct lc_case *c, const char *role, const struct lc_desc *desc, const char *offset) {
    char verb[32];
    snprintf(verb, sizeof verb, "%s.resume", role);
    lc_note(c, "an offset of \"%s\"", offset);
    lc_call_expect_refusal(c, lc_spawn(c, role), verb, "{s:s, s:s, s:o}", "provider", lc_provider_name(c), "name", name,
                           "environment", environment_of(desc, offset));
}

static void expect_refused_offsets(struct lc_case *c, const char *role, const struct lc_desc *desc) {
    static const char *const texts[] = {"18446744073709551615", "-1", "abc", "12x", "", "99999999999999999999999",
                                        "9223372036854775808"};
    const uint64_t total = desc->size - LC_PAGE_HEADER;
    const uint64_t numbers[] = {total, total - 1, total - LC_MSG_HEADER + 1, desc->size};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char offset[32];
        snprintf(offset, sizeof offset, "%llu", (unsigned long long)numbers[i]);
        expect_refused_offset(c, role, desc, offset);
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        expect_refused_offset(c, role, desc, texts[i]);
    }
}

static void receiver_offsets(struct lc_case *c) {
    struct reading reading = read_some(c, 3, 1);
    expect_refused_offsets(c, "receiver", &reading.writer->map->desc);
}

static void sender_offsets(struct lc_case *c) {
    struct writing writing = write_some(c, 3);
    expect_refused_offsets(c, "sender", &writing.desc);
}

/* ---------------------------------------------------------------- clients over existing maps */

/* The broadcast has three messages, and the client's own channel none. */
static void client_over_maps(struct lc_case *c) {
    lc_require_option(c, "existing");
    struct lc_writer *own = lc_new_channel(c, 0, SENDER);
    struct lc_writer *broadcast = lc_new_channel(c, 0, 0);
    for (uint64_t i = 0; i < 3; i++) {
        lc_writer_send(broadcast, TAG, 0, 10, i);
    }
    lc_join(own->map->base); /* on behalf of the broker */
    struct lc_actor *client = lc_spawn(c, "client");
    lc_call(c, client, "client.open", "{s:s, s:o, s:o}", "provider", lc_provider_name(c), "sender",
            lc_desc_json(&own->map->desc), "receiver", lc_desc_json(&broadcast->map->desc));
    struct lc_reader *reader = lc_open_reader(c, client, &own->map->desc, false);
    lc_send_message(c, client, TAG, 70, 7);
    lc_check_u64(c, "current_msg_id of the broadcast, which the client must not write:", 3,
                 lc_current_msg_id(broadcast->map->base));
    lc_expect_message(c, reader, TAG, SENDER, 0, 70, 7);
    for (uint64_t i = 0; i < 3; i++) {
        const json_t *reply = lc_call(c, client, "client.recv", "{s:i}", "timeout_ms", 1000);
        const json_t *message = json_array_get(json_object_get(reply, "messages"), 0);
        lc_check(c, message != NULL, "a message of the broadcast", "none");
        lc_check_u64(c, "digest", lc_payload_digest(10, i), lc_field_u64(c, message, "digest"));
    }
}

const struct lc_case_def lc_resume_cases[] = {
    {"RESUME-1/receiver", "the variables of a receiver", "receiver", LC_NAMED_PROVIDERS, receiver_variables, 0, false},
    {"RESUME-1/sender", "the variables of a sender", "sender", LC_NAMED_PROVIDERS, sender_variables, 0, false},
    {"RESUME-2/goes-on", "a receiver continues in another process", "receiver", LC_NAMED_PROVIDERS, receiver_continues,
     0, false},
    {"RESUME-2/of-another", "a receiver continues with variables of another implementation", "receiver",
     LC_NAMED_PROVIDERS, variables_of_another, 0, false},
    {"RESUME-3/goes-on", "a sender continues in another process", "sender", LC_NAMED_PROVIDERS, sender_continues, 0,
     false},
    {"RESUME-5/client", "a client over existing maps: its own and the broadcast's", "client", LC_NAMED_PROVIDERS,
     client_over_maps, 0, false},
    {"RESUME-4/receiver", "a receiver refuses offsets that leave no room or are not numbers", "receiver",
     LC_NAMED_PROVIDERS, receiver_offsets, 0, false},
    {"RESUME-4/sender", "a sender refuses offsets that leave no room or are not numbers", "sender", LC_NAMED_PROVIDERS,
     sender_offsets, 0, false},
    {0},
};
