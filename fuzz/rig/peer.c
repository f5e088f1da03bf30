/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "rig/peer.h"

#include <string.h>

#include "platform/platform.h"
#include "rig/frames.h"
#include "rig/maps.h"

void fuzz_peer_say(struct fuzz_peer *peer, const void *bytes, size_t length) {
    length = length < FUZZ_SAID_MAX - peer->said ? length : FUZZ_SAID_MAX - peer->said;
    if (length > 0 && !peer->dismissed) {
        memcpy(peer->bytes + peer->said, bytes, length);
        peer->said += length;
        fuzz_socket_send(peer->socket, bytes, length);
    }
}

void fuzz_peer_say_frame(struct fuzz_peer *peer, const void *body, size_t length) {
    uint8_t head[FUZZ_FRAME_HEAD];
    fuzz_frame_head(head, length);
    fuzz_peer_say(peer, head, sizeof head);
    fuzz_peer_say(peer, body, length);
}

void fuzz_peer_hang_up(struct fuzz_peer *peer, bool reset) {
    if (reset) {
        fuzz_socket_reset(peer->socket);
    } else {
        fuzz_socket_hang_up(peer->socket);
    }
    peer->dismissed = true;
}

void fuzz_peer_segments(void) {
    uint8_t page[FUZZ_PAGE] = {0};
    uint64_t magic = LC_MAGIC;
    memcpy(page, &magic, sizeof magic);
    (void)fuzz_maps_put(page, sizeof page);
    (void)fuzz_maps_put(page, sizeof page);
    page[0] = 0;
    (void)fuzz_maps_put(page, sizeof page);
    (void)fuzz_maps_put(page, LC_MSG_HEADER);
    magic = LC_MAGIC_GIVEN_UP;
    memcpy(page, &magic, sizeof magic);
    (void)fuzz_maps_put(page, sizeof page);
}

bool fuzz_is_good_page(const struct lc_desc *desc) {
    bool named = (desc->id[0] == '1' || desc->id[0] == '2') && desc->id[1] == '\0';
    return named && desc->size <= FUZZ_PAGE && desc->size >= LC_PAGE_HEADER + LC_MSG_HEADER;
}
