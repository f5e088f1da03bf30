/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Each role once, in the simplest way. Only the shape of the answers counts; a refusal or a crash is left to the cases. */
#include "suite/kit/case_internal.h"
#include "suite/runner/probe.h"

#include <stddef.h>

enum { TAG = 0x5A, LENGTH = 5, SEED = 1, TRY_MS = 100, CONNECT_MS = 5000 };

/* Null: the implementation would not, so that there is no answer to look at. `unsupported` is none of a role in hello. */
static const json_t *ask(struct lc_case *c, struct lc_actor *actor, const char *verb, json_t *arguments) {
    const json_t *reply;
    enum lc_outcome outcome = lc_call_any_outcome(c, actor, &reply, verb, "o", arguments);
    if (outcome == LC_BROKEN) {
        lc_finish_with_outcome(c, actor, outcome, reply);
    }
    if (outcome == LC_UNSUPPORTED) {
        lc_fail_adapter(c, "that a role in hello's `roles` has its verbs", "%s is unsupported", verb);
    }
    return outcome == LC_OK ? reply : NULL;
}

static const json_t *ask_plain(struct lc_case *c, struct lc_actor *actor, const char *verb) {
    return ask(c, actor, verb, json_object());
}

static void want_array(struct lc_case *c, const json_t *reply, const char *field) {
    if (!json_is_array(json_object_get(reply, field))) {
        lc_fail_adapter(c, "a list", "none in the field `%s`", field);
    }
}

/* ---------------------------------------------------------------- roles */

static void sender(struct lc_case *c) {
    struct lc_actor *actor = lc_spawn(c, "sender");
    const json_t *reply =
        ask(c, actor, "sender.open", json_pack("{s:s, s:i}", "provider", lc_provider_name(c), "sender_id", 1));
    if (!reply) {
        return;
    }
    lc_field_desc(c, reply, "description");
    reply = ask(c, actor, "sender.send",
                json_pack("{s:i, s:i, s:i, s:i}", "tag", TAG, "length", LENGTH, "seed", SEED, "timeout_ms", TRY_MS));
    if (reply) {
        lc_field_u64(c, reply, "sent");
    }
    ask_plain(c, actor, "sender.close");
}

static void check_message(struct lc_case *c, const json_t *message) {
    static const char *const fields[] = {"tag", "sender", "flags", "length", "digest"};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        lc_field_u64(c, message, fields[i]);
    }
}

static void check_drained(struct lc_case *c, const json_t *reply) {
    const char *id;
    json_t *each;
    lc_field_u64(c, reply, "received");
    lc_field_string(c, reply, "end");
    if (!json_is_object(json_object_get(reply, "senders"))) {
        lc_fail_adapter(c, "an object", "none in the field `senders`");
    }
    json_object_foreach(json_object_get(reply, "senders"), id, each) {
        lc_field_u64(c, each, "count");
        lc_field_u64(c, each, "digest");
    }
}

static void receive(struct lc_case *c, struct lc_actor *actor, const char *recv, const char *drain) {
    size_t at;
    json_t *message;
    const json_t *reply = ask(c, actor, recv, json_pack("{s:i, s:i}", "count", 1, "timeout_ms", TRY_MS));
    if (reply) {
        want_array(c, reply, "messages");
        lc_field_string(c, reply, "end");
        json_array_foreach(json_object_get(reply, "messages"), at, message) {
            check_message(c, message);
        }
    }
    reply = ask(c, actor, drain, json_pack("{s:i, s:i}", "count", 1, "timeout_ms", TRY_MS));
    if (reply) {
        check_drained(c, reply);
    }
}

static void receiver(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, 1);
    lc_writer_send(writer, TAG, 0, LENGTH, SEED);
    lc_writer_send(writer, TAG, 0, LENGTH, SEED);
    struct lc_actor *actor = lc_spawn(c, "receiver");
    if (ask(c, actor, "receiver.open",
            json_pack("{s:s, s:o}", "provider", lc_provider_name(c), "description",
                      lc_desc_json(&writer->map->desc)))) {
        receive(c, actor, "receiver.recv", "receiver.drain");
        ask_plain(c, actor, "receiver.close");
    }
}

/* Its port, or 0. */
static uint16_t open_broker(struct lc_case *c, struct lc_actor *actor) {
    const json_t *reply = ask(c, actor, "broker.open", json_pack("{s:s}", "provider", lc_provider_name(c)));
    if (!reply) {
        return 0;
    }
    lc_field_desc(c, reply, "description");
    return (uint16_t)lc_field_u64(c, reply, "port");
}

static void broker(struct lc_case *c) {
    struct lc_actor *actor = lc_spawn(c, "broker");
    if (open_broker(c, actor)) {
        ask_plain(c, actor, "broker.stop");
    }
}

static void client(struct lc_case *c) {
    uint16_t port = lc_has_role(c, "broker") ? open_broker(c, lc_spawn(c, "broker")) : 0;
    if (!port) {
        return;
    }
    struct lc_actor *actor = lc_spawn(c, "client");
    const json_t *reply =
        ask(c, actor, "client.connect",
            json_pack("{s:s, s:i, s:i}", "provider", lc_provider_name(c), "port", port, "timeout_ms", CONNECT_MS));
    if (reply) {
        lc_field_u64(c, reply, "client_id");
        lc_field_desc(c, reply, "description");
        receive(c, actor, "client.recv", "client.drain");
        ask_plain(c, actor, "client.close");
    }
}

static void b2b(struct lc_case *c) {
    uint16_t port = open_broker(c, lc_spawn(c, "broker"));
    struct lc_actor *other = lc_spawn(c, "broker");
    if (port && open_broker(c, other)) {
        ask(c, other, "broker.link", json_pack("{s:i, s:i}", "port", port, "timeout_ms", CONNECT_MS));
    }
}

static void provider(struct lc_case *c) {
    struct lc_actor *actor = lc_spawn(c, "provider");
    const json_t *reply =
        ask(c, actor, "map.create", json_pack("{s:s, s:i}", "provider", lc_provider_name(c), "size", 4096));
    if (!reply) {
        return;
    }
    json_int_t map = (json_int_t)lc_field_u64(c, reply, "map");
    lc_field_desc(c, reply, "description");
    ask(c, actor, "map.write",
        json_pack("{s:I, s:i, s:i, s:i}", "map", map, "offset", 0, "length", LENGTH, "seed", SEED));
    reply = ask(c, actor, "map.digest", json_pack("{s:I, s:i, s:i}", "map", map, "offset", 0, "length", LENGTH));
    if (reply && lc_field_u64(c, reply, "digest") != lc_payload_digest(LENGTH, SEED)) {
        lc_fail_adapter(c, "payload and digest as ADAPTER.md has them (Values: two checks)",
                        "seed 1, length 5 has the digest %llu and not %u",
                        (unsigned long long)lc_field_u64(c, reply, "digest"), lc_payload_digest(LENGTH, SEED));
    }
    ask(c, actor, "map.close", json_pack("{s:I}", "map", map));
}

static void service(struct lc_case *c) {
    struct lc_actor *actor = lc_spawn(c, "service");
    if (ask_plain(c, actor, "service.open")) {
        ask_plain(c, actor, "service.stop");
    }
}

const struct lc_case_def lc_smoke_cases[] = {
    {"ADAPTER/sender", "plays a sender", "sender", LC_FIRST_PROVIDER, sender, 0, false},
    {"ADAPTER/receiver", "plays a receiver", "receiver", LC_FIRST_PROVIDER, receiver, 0, false},
    {"ADAPTER/broker", "plays a broker", "broker", LC_FIRST_PROVIDER, broker, 0, false},
    {"ADAPTER/client", "plays a client", "client", LC_FIRST_PROVIDER, client, 0, false},
    {"ADAPTER/b2b", "links two brokers", "b2b", LC_FIRST_PROVIDER, b2b, 0, false},
    {"ADAPTER/provider", "makes a map", "provider", LC_FIRST_PROVIDER, provider, 0, false},
    {"ADAPTER/service", "plays a service", "service", LC_FIRST_PROVIDER, service, 0, true},
    {0},
};
