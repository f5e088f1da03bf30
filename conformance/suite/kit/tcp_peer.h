/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A TCP peer of a broker, played by the suite frame by frame. */
#ifndef LC_SUITE_KIT_TCP_PEER_H
#define LC_SUITE_KIT_TCP_PEER_H

#include "suite/kit/case.h"

enum { LC_TCP_TAG = 0x7C9, LC_TCP_TIMEOUT_MS = 3000, LC_TCP_FRAME_MAX = 512 };

void lc_tcp_write(struct lc_case *c, int socket, const void *bytes, size_t length);

/* Write a whole frame, length prefix included, to `frame` and return its length. */
size_t lc_tcp_request_frame(uint8_t frame[LC_TCP_FRAME_MAX], const struct lc_tcp_message *request);
/* LocalClientHello with a page that the suite creates. */
size_t lc_tcp_hello_frame(struct lc_case *c, uint8_t frame[LC_TCP_FRAME_MAX]);

/* Waits for LocalClientAccepted and the end of the connection; returns the id. */
uint32_t lc_tcp_expect_accepted(struct lc_case *c, int socket);
/* Waits for an Error or the end of the connection, and closes the socket. */
void lc_tcp_expect_refused(struct lc_case *c, int socket);

/* Connects a new client; fails the case unless the broker serves it. Returns its id. */
uint32_t lc_tcp_check_service(struct lc_case *c, struct lc_actor *broker, uint16_t port);
/* Fails the case unless the broker forwards `count` messages of a client that is already connected. */
void lc_tcp_check_client(struct lc_case *c, struct lc_raw_client *client, uint64_t count);

/* Connects and sends LocalClientHello with this description. Returns the socket, which the caller owns. */
int lc_tcp_send_hello(struct lc_case *c, uint16_t port, const struct lc_desc *desc);
/* Connects and sends ClientQuit; fails the case unless the broker closes the connection without a response. */
void lc_tcp_quit(struct lc_case *c, uint16_t port, uint32_t id);

/*
 * The broker's side of a handshake. Listens, has the client connect, and returns the socket, which the caller owns.
 * lc_wait_reply() receives the reply to client.connect, for which the client has `timeout_ms`.
 */
int lc_tcp_accept_client(struct lc_case *c, struct lc_actor *client, int timeout_ms);
/* Writes a response. Write errors are ignored, because the client may have closed the connection already. */
void lc_tcp_send_response(int socket, const struct lc_tcp_message *response);

#endif
