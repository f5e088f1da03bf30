/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/kit/broker_fixture.h"

struct lc_broker_fixture lc_fixture_open_with(struct lc_case *c, json_t *more) {
    struct lc_broker_fixture fixture = {.broker = lc_spawn(c, "broker")};
    fixture.port = lc_open_broker_with(c, fixture.broker, NULL, more);
    return fixture;
}

struct lc_broker_fixture lc_fixture_open(struct lc_case *c) {
    return lc_fixture_open_with(c, NULL);
}

struct lc_raw_client *lc_fixture_connect(struct lc_case *c, struct lc_broker_fixture *fixture) {
    return lc_raw_client_connect(c, fixture->broker, fixture->port);
}

void lc_fixture_send(struct lc_raw_client *client, uint64_t length, uint64_t seed) {
    lc_writer_send(client->out, LC_FIXTURE_TAG, 0, length, seed);
}

void lc_fixture_expect(struct lc_case *c, struct lc_raw_client *client, uint32_t sender, uint64_t length,
                       uint64_t seed) {
    lc_raw_client_expect(c, client, LC_FIXTURE_TAG, sender, 0, length, seed);
}
