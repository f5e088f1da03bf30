/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "rig/peer.h"

#include <string.h>

#include "platform/platform.h"
#include "rig/maps.h"

void fuzz_peer_connect(struct fuzz_peer *peer) {
    peer->socket = fuzz_socket_enqueue();
    peer->closed = false;
    peer->flooded = false;
    peer->length = 0;
}

void fuzz_peer_send(struct fuzz_peer *peer, const void *bytes, size_t length) {
    length = length < FUZZ_SENT_MAX - peer->length ? length : FUZZ_SENT_MAX - peer->length;
    if (length > 0 && !peer->closed) {
        memcpy(peer->sent + peer->length, bytes, length);
        peer->length += length;
        fuzz_socket_send(peer->socket, bytes, length);
    }
}

void fuzz_peer_send_frame(struct fuzz_peer *peer, const void *body, size_t length) {
    uint8_t head[FUZZ_FRAME_HEAD];
    fuzz_frame_head(head, length);
    fuzz_peer_send(peer, head, sizeof head);
    fuzz_peer_send(peer, body, length);
}

void fuzz_peer_hang_up(struct fuzz_peer *peer, bool reset) {
    if (reset) {
        fuzz_socket_reset(peer->socket);
    } else {
        fuzz_socket_hang_up(peer->socket);
    }
    peer->closed = true;
}

bool fuzz_peer_sent_frame(const struct fuzz_peer *peer, size_t *at, struct fuzz_body *body) {
    return fuzz_frame_next(peer->sent, peer->length, at, body);
}

#define WRONG_MAGIC (LC_MAGIC & ~UINT64_C(0xff))

static void put_page(uint64_t magic, size_t size) {
    uint8_t page[FUZZ_PAGE_SIZE] = {0};
    memcpy(page, &magic, sizeof magic);
    (void)fuzz_maps_put(page, size);
}

void fuzz_put_peer_pages(void) {
    put_page(LC_MAGIC, FUZZ_PAGE_SIZE);
    put_page(LC_MAGIC, FUZZ_PAGE_SIZE);
    put_page(WRONG_MAGIC, FUZZ_PAGE_SIZE);
    put_page(WRONG_MAGIC, LC_MSG_HEADER);
    put_page(LC_MAGIC_GIVEN_UP, FUZZ_PAGE_SIZE);
}

bool fuzz_is_good_page(const struct lc_desc *desc) {
    bool named = (desc->id[0] == '1' || desc->id[0] == '2') && desc->id[1] == '\0';
    return named && desc->size <= FUZZ_PAGE_SIZE && desc->size >= LC_PAGE_HEADER + LC_MSG_HEADER;
}
