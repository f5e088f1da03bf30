/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/kit/broker_fixture.h"

#include <string.h>

struct lc_broker_fixture lc_fixture_open_with(struct lc_case *c, json_t *more) {
    struct lc_broker_fixture scene = {.broker = lc_spawn(c, "broker")};
    scene.port = lc_open_broker_with(c, scene.broker, &scene.broadcast, more);
    return scene;
}

struct lc_broker_fixture lc_fixture_open(struct lc_case *c) {
    return lc_fixture_open_with(c, json_object());
}

struct lc_raw_client *lc_fixture_connect(struct lc_case *c, struct lc_broker_fixture *scene) {
    return lc_raw_client_connect(c, scene->broker, scene->port);
}

void lc_fixture_send(struct lc_raw_client *client, uint64_t length, uint64_t seed) {
    lc_writer_send(client->out, LC_FIXTURE_TAG, 0, length, seed);
}

void lc_fixture_expect(struct lc_case *c, struct lc_raw_client *client, uint32_t sender, uint64_t length,
                       uint64_t seed) {
    lc_raw_client_expect(c, client, LC_FIXTURE_TAG, sender, 0, length, seed);
}

void lc_send_client_exit(struct lc_raw_client *client, uint32_t names) {
    uint8_t payload[8] = {0};
    memcpy(payload, &names, sizeof names);
    lc_writer_prepare_bytes(client->out, LC_TAG_CLIENT_EXIT, 0, payload, sizeof payload);
    lc_writer_commit(client->out);
}
