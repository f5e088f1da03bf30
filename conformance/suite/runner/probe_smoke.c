/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Plays each role once. Only the form of the replies is checked; a refusal or a crash is no error of the adapter. */
#include "suite/kit/case_internal.h"
#include "suite/runner/probe_cases.h"

#include <stddef.h>

enum { TAG = 0x5A, LENGTH = 5, SEED = 1, SHORT_MS = 100, CONNECT_MS = 5000 };

/*
 * Returns the reply, or null if the implementation refused the request or crashed. A verb of a role that hello lists
 * must not be unsupported.
 */
static const json_t *call(struct lc_case *c, struct lc_actor *actor, const char *verb, json_t *arguments) {
    const json_t *reply;
    enum lc_outcome outcome = lc_call_any_outcome(c, actor, &reply, verb, "o", arguments);
    if (outcome == LC_BROKEN) {
        lc_finish_with_outcome(c, actor, outcome, reply);
    }
    if (outcome == LC_UNSUPPORTED) {
        lc_fail_adapter(c, "the adapter supports all verbs of the roles in its hello", "%s is unsupported", verb);
    }
    return outcome == LC_OK ? reply : NULL;
}

static const json_t *call_without_arguments(struct lc_case *c, struct lc_actor *actor, const char *verb) {
    return call(c, actor, verb, json_object());
}

static void check_array(struct lc_case *c, const json_t *reply, const char *field) {
    if (!json_is_array(json_object_get(reply, field))) {
        lc_fail_adapter(c, "a list", "no list in the field `%s`", field);
    }
}

/* ---------------------------------------------------------------- roles */

static void sender(struct lc_case *c) {
    struct lc_actor *actor = lc_spawn(c, "sender");
    const json_t *reply =
        call(c, actor, "sender.open", json_pack("{s:s, s:i}", "provider", lc_provider_name(c), "sender_id", 1));
    if (reply == NULL) {
        return;
    }
    lc_field_desc(c, reply, "description");
    reply = call(c, actor, "sender.send",
                 json_pack("{s:i, s:i, s:i, s:i}", "tag", TAG, "length", LENGTH, "seed", SEED, "timeout_ms", SHORT_MS));
    if (reply != NULL) {
        lc_field_u64(c, reply, "sent");
    }
    call_without_arguments(c, actor, "sender.close");
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
        lc_fail_adapter(c, "an object", "no object in the field `senders`");
    }
    json_object_foreach(json_object_get(reply, "senders"), id, each) {
        lc_field_u64(c, each, "count");
        lc_field_u64(c, each, "digest");
    }
}

static void receive(struct lc_case *c, struct lc_actor *actor, const char *recv, const char *drain) {
    size_t at;
    json_t *message;
    const json_t *reply = call(c, actor, recv, json_pack("{s:i, s:i}", "count", 1, "timeout_ms", SHORT_MS));
    if (reply != NULL) {
        check_array(c, reply, "messages");
        lc_field_string(c, reply, "end");
        json_array_foreach(json_object_get(reply, "messages"), at, message) {
            check_message(c, message);
        }
    }
    reply = call(c, actor, drain, json_pack("{s:i, s:i}", "count", 1, "timeout_ms", SHORT_MS));
    if (reply != NULL) {
        check_drained(c, reply);
    }
}

static void receiver(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, 1);
    lc_writer_send(writer, TAG, 0, LENGTH, SEED);
    lc_writer_send(writer, TAG, 0, LENGTH, SEED);
    struct lc_actor *actor = lc_spawn(c, "receiver");
    const json_t *reply =
        call(c, actor, "receiver.open",
             json_pack("{s:s, s:o}", "provider", lc_provider_name(c), "description", lc_desc_json(&writer->map->desc)));
    if (reply != NULL) {
        receive(c, actor, "receiver.recv", "receiver.drain");
        call_without_arguments(c, actor, "receiver.close");
    }
}

/* Returns the port, or 0 if the broker did not open. */
static uint16_t open_broker(struct lc_case *c, struct lc_actor *actor) {
    const json_t *reply = call(c, actor, "broker.open", json_pack("{s:s}", "provider", lc_provider_name(c)));
    if (reply == NULL) {
        return 0;
    }
    lc_field_desc(c, reply, "description");
    return (uint16_t)lc_field_u64(c, reply, "port");
}

static void broker(struct lc_case *c) {
    struct lc_actor *actor = lc_spawn(c, "broker");
    if (open_broker(c, actor) != 0) {
        call_without_arguments(c, actor, "broker.stop");
    }
}

static void client(struct lc_case *c) {
    uint16_t port = lc_has_role(c, "broker") ? open_broker(c, lc_spawn(c, "broker")) : 0;
    if (port == 0) {
        return;
    }
    struct lc_actor *actor = lc_spawn(c, "client");
    const json_t *reply =
        call(c, actor, "client.connect",
             json_pack("{s:s, s:i, s:i}", "provider", lc_provider_name(c), "port", port, "timeout_ms", CONNECT_MS));
    if (reply != NULL) {
        lc_field_u64(c, reply, "client_id");
        lc_field_desc(c, reply, "description");
        receive(c, actor, "client.recv", "client.drain");
        call_without_arguments(c, actor, "client.close");
    }
}

static void b2b(struct lc_case *c) {
    uint16_t port = open_broker(c, lc_spawn(c, "broker"));
    struct lc_actor *other = lc_spawn(c, "broker");
    if (port != 0 && open_broker(c, other) != 0) {
        call(c, other, "broker.link", json_pack("{s:i, s:i}", "port", port, "timeout_ms", CONNECT_MS));
    }
}

static void provider(struct lc_case *c) {
    struct lc_actor *actor = lc_spawn(c, "provider");
    const json_t *reply =
        call(c, actor, "map.create", json_pack("{s:s, s:i}", "provider", lc_provider_name(c), "size", 4096));
    if (reply == NULL) {
        return;
    }
    json_int_t map = (json_int_t)lc_field_u64(c, reply, "map");
    lc_field_desc(c, reply, "description");
    call(c, actor, "map.write",
         json_pack("{s:I, s:i, s:i, s:i}", "map", map, "offset", 0, "length", LENGTH, "seed", SEED));
    reply = call(c, actor, "map.digest", json_pack("{s:I, s:i, s:i}", "map", map, "offset", 0, "length", LENGTH));
    if (reply != NULL && lc_field_u64(c, reply, "digest") != lc_payload_digest(LENGTH, SEED)) {
        lc_fail_adapter(
            c, lc_format(c, "digest %u for seed 1 and length 5 (ADAPTER.md, Values)", lc_payload_digest(LENGTH, SEED)),
            "%llu", (unsigned long long)lc_field_u64(c, reply, "digest"));
    }
    call(c, actor, "map.close", json_pack("{s:I}", "map", map));
}

static void service(struct lc_case *c) {
    struct lc_actor *actor = lc_spawn(c, "service");
    if (call_without_arguments(c, actor, "service.open") != NULL) {
        call_without_arguments(c, actor, "service.stop");
    }
}

const struct lc_case_def lc_smoke_cases[] = {
    {"ADAPTER/sender", "plays a sender", "sender", LC_FIRST_PROVIDER, sender, 0, false},
    {"ADAPTER/receiver", "plays a receiver", "receiver", LC_FIRST_PROVIDER, receiver, 0, false},
    {"ADAPTER/broker", "plays a broker", "broker", LC_FIRST_PROVIDER, broker, 0, false},
    {"ADAPTER/client", "plays a client", "client", LC_FIRST_PROVIDER, client, 0, false},
    {"ADAPTER/b2b", "links two brokers", "b2b", LC_FIRST_PROVIDER, b2b, 0, false},
    {"ADAPTER/provider", "creates a map", "provider", LC_FIRST_PROVIDER, provider, 0, false},
    {"ADAPTER/service", "plays a service", "service", LC_FIRST_PROVIDER, service, 0, true},
    {0},
};
