/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The target's side of a TCP connection. It records what the target sent, to compare the library's answers with. */
#ifndef LLMP_FUZZ_PEER_H
#define LLMP_FUZZ_PEER_H

#include <stdbool.h>

#include "oracle/post.h"
#include "os/socket.h"
#include "rig/frames.h"

#define FUZZ_SENT_MAX 8192u
#define FUZZ_PAGE_SIZE 512u

struct fuzz_peer {
    llmp_socket socket;
    bool flooded;
    bool closed; /* hung up or reset: the library need not have read everything */
    size_t length;
    uint8_t sent[FUZZ_SENT_MAX];
};

/* Connects a peer to the library, which accepts or connects next. */
void fuzz_peer_connect(struct fuzz_peer *peer);

/* Sends, as far as there is room to record it. */
void fuzz_peer_send(struct fuzz_peer *peer, const void *bytes, size_t length);
void fuzz_peer_send_frame(struct fuzz_peer *peer, const void *body, size_t length);
void fuzz_peer_hang_up(struct fuzz_peer *peer, bool reset);

/* Parses the frame at `*at` of what the peer sent. Returns false if it is not complete. */
bool fuzz_peer_sent_frame(const struct fuzz_peer *peer, size_t *at, struct fuzz_body *body);

/*
 * Creates the segments that an input can name: "1" and "2" are pages, "3" has a wrong magic, "4" is too small for a
 * page, "5" is retired.
 */
void fuzz_put_peer_pages(void);

/* Returns true if a description names one of the pages, with a size that fits. */
bool fuzz_is_good_page(const struct lc_desc *desc);

#endif
