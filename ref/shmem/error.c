/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <limits.h>

#include "llmp/shmem.h"
#include "os/os.h"

static const struct error {
    int code;
    const char *name;
    const char *text;
} errors[] = {
#define E(name, text)                                                                                                  \
    { LLMP_E_##name, "LLMP_E_" #name, text }
    E(ID_EMPTY, "the id is empty"),
    E(ID_UNTERMINATED, "the id is not terminated within its 20 bytes"),
    E(ID_NOT_A_NUMBER, "the id is not a decimal number"),
    E(ID_TRAILING, "the id has characters after its number"),
    E(ID_RANGE, "the number in the id is out of range"),
    E(ID_NAME, "the id is not a valid name: '/' and 1 to 18 characters without another '/'"),
    E(ID_KIND, "the id names an object that is not shared memory of this provider"),
    E(SIZE_ZERO, "the size of the map is 0 bytes"),
    E(SIZE_TOO_LARGE, "the map is larger than 1 TiB"),
    E(SIZE_CLAIM, "the size in the description differs from the size of the segment"),
    E(NO_SEGMENT, "no segment has this id, or it was removed"),
    E(NO_PROVIDER, "no provider has this name"),
    E(NO_FD, "maps of this provider have no file descriptor"),
    E(FD_MESSAGE, "the message received from the socket is not a passed map"),
    E(PAGE_TOO_SMALL, "the map is too small for a page"),
    E(PAGE_MAGIC, "the page is not initialised"),
    E(PAGE_RETIRED, "the sender retired the page before it was read"),
    E(MSG_ID, "a slot does not carry the next message id"),
    E(MSG_ID_DECREASED, "the newest message id is smaller than one that was already read"),
    E(MSG_BOUNDS, "a message reaches outside its map"),
    E(MSG_LENGTH, "a message is longer than its padded length"),
    E(MSG_ALIGN, "a slot does not end on a multiple of 64 bytes"),
    E(MSG_UNSET, "a committed message has the tag UNSET"),
    E(MSG_UNINITIALIZED, "a committed message has the tag UNINITIALIZED"),
    E(MSG_EXITING, "an EXITING message has a payload"),
    E(EOP_LENGTH, "the payload of END_OF_PAGE is not 32 bytes"),
    E(EOP_SELF, "END_OF_PAGE names its own page"),
    E(EOP_SIZE, "END_OF_PAGE names a page larger than this receiver accepts"),
    E(EOP_GONE, "the next page no longer exists: this receiver was too slow, or the sender died"),
    E(PAGE_TAKEN, "the page belongs to the broker's broadcast or to another client's channel"),
    E(EOP_LOOP, "END_OF_PAGE names a page that was read before and not initialised since"),
    E(CLOSED, "the sender ended the channel"),
    E(BROKEN, "an earlier error ended this receiver"),
    E(TAG_RESERVED, "the tag is reserved for the protocol"),
    E(TOO_LARGE, "the message is larger than the channel's limit"),
    E(ALLOC_PENDING, "an allocated message was not committed or cancelled yet"),
    E(ALLOC_NONE, "no message is allocated"),
    E(ALLOC_GROW, "an allocated message can shrink but not grow"),
    E(BUFFER_TOO_SMALL, "the buffer is smaller than the message"),
    E(FRAME_TOO_LARGE, "a frame is longer than its limit"),
    E(FRAME_TRUNCATED, "the peer closed the connection within a frame"),
    E(POST_TRUNCATED, "a value ends before its last field"),
    E(POST_VARINT, "a varint is too long or out of range"),
    E(POST_VARIANT, "an enum has an unknown index"),
    E(POST_UTF8, "a string is not valid UTF-8"),
    E(POST_TOO_LONG, "a string or byte vector is longer than its limit"),
    E(HANDSHAKE, "the peer sent a message that is not allowed at this point of the handshake"),
    E(REFUSED, "the broker refused the request"),
    E(NO_CLIENT, "no client has this id"),
    E(CLIENTS_FULL, "the broker already has its maximum number of clients"),
    E(CLIENT_GONE, "the client's process no longer exists"),
    E(CLIENT_FORGED, "a client sent a message in the name of another client"),
    E(REMOVED, "the broker has removed this client, or has ended"),
    E(IDS_USED_UP, "the broker has no client ids left"),
#undef E
};

/* Returns null for a code that is not of enum llmp_error. */
static const struct error *find_error(int rc) {
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (-errors[i].code == rc) {
            return &errors[i];
        }
    }
    return NULL;
}

/* Negating INT_MIN is undefined. INT_MAX replaces it, because that is no errno value either. */
static int errno_of(int rc) {
    return rc == INT_MIN ? INT_MAX : -rc;
}

const char *llmp_strerror(int code) {
    if (code >= 0) {
        return "success";
    }
    const struct error *error = find_error(code);
    return error != NULL ? error->text : llmp_os_errno_text(errno_of(code));
}

const char *llmp_error_name(int code) {
    if (code >= 0) {
        return "OK";
    }
    const struct error *error = find_error(code);
    return error != NULL ? error->name : llmp_os_errno_name(errno_of(code));
}
