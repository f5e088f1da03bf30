/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A TCP peer of a broker, frame by frame. */
#ifndef LC_SUITE_KIT_TCP_PEER_H
#define LC_SUITE_KIT_TCP_PEER_H

#include "suite/kit/case.h"

enum { LC_TCP_TAG = 0x7C9, LC_TCP_TIMEOUT_MS = 3000, LC_TCP_FRAME_MAX = 512 };

void lc_tcp_write(struct lc_case *c, int socket, const void *bytes, size_t length);

/* A whole frame, its length included: of any request, and of LocalClientHello with a page of the suite's. */
size_t lc_tcp_request_frame(uint8_t frame[LC_TCP_FRAME_MAX], const struct lc_tcp_message *request);
size_t lc_tcp_hello_frame(struct lc_case *c, uint8_t frame[LC_TCP_FRAME_MAX]);

/* Wants LocalClientAccepted and the end of the connection; the id. */
uint32_t lc_tcp_expect_accepted(struct lc_case *c, int socket);

/* Wants an Error or the end of the connection, and closes it. */
void lc_tcp_expect_refused(struct lc_case *c, int socket);

/* Wants that a client which comes now is served, whatever happened before; its id. */
uint32_t lc_tcp_check_service(struct lc_case *c, struct lc_actor *broker, uint16_t port);

/* ClientQuit: wants that the connection is closed without an answer. */
void lc_tcp_quit(struct lc_case *c, uint16_t port, uint32_t id);

#endif
