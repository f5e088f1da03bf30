/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * For tests of a broker's TCP side: a broker in the thread of the test, and peers that send and receive single frames
 * or bytes. Functions of a peer that wait for something run rounds of the broker until it is there.
 */
#ifndef LLMP_TEST_RAW_PEER_H
#define LLMP_TEST_RAW_PEER_H

#include "net/listener.h"
#include "support.h"

/* A span over a literal, its terminating NUL not counted. */
#define RAW_SPAN(literal) ((struct llmp_span){(const uint8_t *)(literal), sizeof(literal) - 1})

/* A test fails if what it waits for did not happen within this time. */
#define RAW_TIMEOUT_NS LLMP_SECONDS(20)

/* ------------------------------------------------------------------ the broker */

#define TCP_BROKER_CHANNELS 256

struct tcp_broker {
    llmp_broker *broker;
    int port;
    int joined, left, refused;                  /* events */
    int refused_code;                           /* of the latest LLMP_EVENT_PEER_REFUSED */
    int shortages;                              /* events */
    int shortage_code;                          /* of the latest LLMP_EVENT_SHORTAGE */
    llmp_sender *sender;                        /* a channel that no peer has registered */
    llmp_sender *channels[TCP_BROKER_CHANNELS]; /* those of raw_peer_send_hello() */
    size_t channel_count;
};

/* Fixtures of cmocka: *state is the broker. With short limits, a peer has 50 ms for each phase; otherwise
 * RAW_TIMEOUT_NS. */
int tcp_broker_setup(void **state);
int tcp_broker_setup_short(void **state);
int tcp_broker_teardown(void **state);

/* Fixture's work, for other limits and takers. */
struct tcp_broker *tcp_broker_new(int64_t limit_ns, const struct llmp_takers *takers);
void tcp_broker_free(struct tcp_broker *broker);

/* Runs one round; fails the test after `deadline`, a time of llmp_os_now(). */
void tcp_broker_run_once(struct tcp_broker *broker, int64_t deadline);

/* Returns how many peers were refused, those included that the broker has yet to report. */
int tcp_broker_refusals(struct tcp_broker *broker);

/* Runs rounds until `count` peers were refused. */
void tcp_broker_await_refusals(struct tcp_broker *broker, int count);

/* ------------------------------------------------------------------ peers */

struct raw_peer {
    struct tcp_broker *broker;
    int fd;
    struct llmp_frame_reader reader;
};

/* Returns as soon as the kernel has queued the connection; the broker may not have accepted it. */
struct raw_peer raw_peer_connect(struct tcp_broker *broker);
/* Connects and receives BrokerConnectHello. */
struct raw_peer raw_peer_connect_hello(struct tcp_broker *broker);

void raw_peer_close(struct raw_peer *peer);
/* Closes so that the broker sees ECONNRESET instead of an end of file. */
void raw_peer_reset(struct raw_peer *peer);

void raw_peer_send_bytes(struct raw_peer *peer, struct llmp_span bytes);
void raw_peer_send(struct raw_peer *peer, const struct llmp_request *request);
/* Sends LocalClientHello with a new channel. */
void raw_peer_send_hello(struct raw_peer *peer);

/* Receives a response. Returns 0, or the error of reading or decoding it: -EPIPE if the broker closed. */
int raw_peer_recv(struct raw_peer *peer, struct llmp_response *response);
/* Receives a response of that kind. */
struct llmp_response raw_peer_expect(struct raw_peer *peer, enum llmp_response_kind kind);
void raw_peer_expect_close(struct raw_peer *peer);
/* As raw_peer_expect_close(), and closes this side, too. */
void raw_peer_expect_end(struct raw_peer *peer);

/* A whole connection that registers a new channel. Returns the client id. */
uint32_t raw_peer_register(struct tcp_broker *broker);
/* A whole connection that sends ClientQuit. */
void raw_peer_quit(struct tcp_broker *broker, uint32_t id);
/* Frees the channel that was registered last, as a client's process does that ends. */
void raw_peer_end_channel(struct tcp_broker *broker);
/* Runs rounds until `count` clients left or were removed. */
void tcp_broker_await_left(struct tcp_broker *broker, int count);

#endif
