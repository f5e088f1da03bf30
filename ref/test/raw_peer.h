/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * For tests of a broker's TCP side: a broker in the test's own thread, and peers that speak to it byte by byte. A peer
 * does something, and the broker makes rounds until the effect is there.
 */
#ifndef LLMP_TEST_RAW_PEER_H
#define LLMP_TEST_RAW_PEER_H

#include "llmp/llmp.h"
#include "net/handshake.h"
#include "net/listener.h"
#include "wire/frame.h"

/* A span over a literal, its terminating NUL not counted. */
#define LLMP_TEST_SPAN(literal) ((struct llmp_span){(const uint8_t *)(literal), sizeof(literal) - 1})

/* What has not come after this time will not come. */
#define LLMP_TEST_PATIENCE LLMP_SECONDS(20)

struct llmp_world {
    llmp_broker *broker;
    int port;
    int joined, left, refused;
    int refused_code;    /* the latest */
    llmp_sender *sender; /* what good peers register */
};

/* A peer that is connected, or thinks so. */
struct llmp_raw {
    struct llmp_world *world;
    int fd;
    struct llmp_frame_reader reader;
};

/* cmocka's fixtures; *state is the world. Peers that dawdle are given up late, or, in the hasty one, after 50 ms. */
int llmp_world_setup(void **state);
int llmp_world_setup_hasty(void **state);
int llmp_world_teardown(void **state);

/* One round of the broker; fails the test after `end`. */
void llmp_world_round(struct llmp_world *world, int64_t end);
void llmp_world_await_refusals(struct llmp_world *world, int count);

/* Connected as soon as the connection is in the queue: the broker need not have looked. */
struct llmp_raw llmp_raw_connect(struct llmp_world *world);
/* And the greeting was read. */
struct llmp_raw llmp_raw_greeted(struct llmp_world *world);
void llmp_raw_close(struct llmp_raw *peer);
/* The other side sees ECONNRESET instead of an end. */
void llmp_raw_reset(struct llmp_raw *peer);

void llmp_raw_say_bytes(struct llmp_raw *peer, struct llmp_span bytes);
void llmp_raw_say(struct llmp_raw *peer, const struct llmp_request *request);
struct llmp_request llmp_raw_client_hello(const struct llmp_world *world);

/* The broker's rounds until it said something, or hung up: 0 or the code. */
int llmp_raw_hear_code(struct llmp_raw *peer, struct llmp_response *response);
struct llmp_response llmp_raw_hear(struct llmp_raw *peer, enum llmp_response_kind kind);
void llmp_raw_sees_end(struct llmp_raw *peer);

/* Whole connections as they should be. */
uint32_t llmp_raw_join(struct llmp_world *world);
void llmp_raw_quit(struct llmp_world *world, uint32_t id);

#endif
