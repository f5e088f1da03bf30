/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One side of a TCP connection that a target speaks for: what it said is kept, to be held against the answers. */
#ifndef LLMP_FUZZ_PEER_H
#define LLMP_FUZZ_PEER_H

#include <stdbool.h>

#include "oracle/post.h"
#include "os/socket.h"

#define FUZZ_SAID_MAX 8192u
#define FUZZ_PAGE 512u

struct fuzz_peer {
    llmp_socket socket;
    bool poured;
    bool dismissed; /* hung up or reset: how far it was heard is open */
    size_t said;
    uint8_t bytes[FUZZ_SAID_MAX];
};

/* Sends, as far as there is room to remember it. */
void fuzz_peer_say(struct fuzz_peer *peer, const void *bytes, size_t length);
void fuzz_peer_say_frame(struct fuzz_peer *peer, const void *body, size_t length);
void fuzz_peer_hang_up(struct fuzz_peer *peer, bool reset);

/*
 * Segments that an input can name: "1" and "2" are good pages, "3" is none, "4" is too small for one, "5" was given up
 * by its sender.
 */
void fuzz_peer_segments(void);
bool fuzz_is_good_page(const struct lc_desc *desc);

#endif
