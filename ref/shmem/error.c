/* SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <limits.h>

#include "llmp/shmem.h"
#include "os/os.h"

static const struct {
    int code;
    const char *name;
    const char *text;
} errors[] = {
#define E(name, text)                                                                                                  \
    { LLMP_E_##name, "LLMP_E_" #name, text }
    E(ID_EMPTY, "the id is empty"),
    E(ID_UNTERMINATED, "the id does not end within its 20 bytes"),
    E(ID_NOT_A_NUMBER, "the id is not a decimal number"),
    E(ID_TRAILING, "something follows the number in the id"),
    E(ID_RANGE, "the number in the id is out of range"),
    E(ID_NAME, "the id is not a name: '/' and 1 to 18 characters without another '/'"),
    E(ID_KIND, "the id names something that is not shared memory of this provider"),
    E(SIZE_ZERO, "a map of 0 bytes"),
    E(SIZE_TOO_LARGE, "a map of more than 1 TiB"),
    E(SIZE_CLAIM, "the description claims another size than the segment has"),
    E(NO_SEGMENT, "no segment goes by this id (any more)"),
    E(NO_PROVIDER, "no provider has that name"),
    E(NO_FD, "maps of this provider have no file descriptor"),
    E(FD_MESSAGE, "what arrived is not a passed map"),
    E(PAGE_TOO_SMALL, "the map is too small to be a page"),
    E(PAGE_MAGIC, "the page is not initialised"),
    E(PAGE_RETIRED, "the sender gave this page up before it was read"),
    E(MSG_ID, "a slot does not carry the next message id"),
    E(MSG_ID_DECREASED, "the newest message id went backwards"),
    E(MSG_BOUNDS, "a message reaches outside its map"),
    E(MSG_LENGTH, "a message is longer than its padded length"),
    E(MSG_ALIGN, "a slot does not end on a multiple of 64"),
    E(MSG_UNSET, "tag UNSET where a message should be"),
    E(MSG_UNINITIALIZED, "a message was committed that was never filled"),
    E(MSG_EXITING, "EXITING with a payload"),
    E(EOP_LENGTH, "END_OF_PAGE without its 32 bytes"),
    E(EOP_SELF, "END_OF_PAGE names the page it stands on"),
    E(EOP_SIZE, "END_OF_PAGE names a page larger than this receiver accepts"),
    E(EOP_GONE, "the next page is gone: cut off as too slow, or the sender died"),
    E(CLOSED, "the sender ended the channel"),
    E(BROKEN, "an earlier error ended this receiver"),
    E(TAG_RESERVED, "that tag is the protocol's own"),
    E(TOO_LARGE, "the message is larger than this channel takes"),
    E(ALLOC_PENDING, "a message is allocated and not yet sent"),
    E(ALLOC_NONE, "no message is allocated"),
    E(ALLOC_GROW, "a message can only shrink"),
    E(BUFFER_TOO_SMALL, "the buffer is smaller than the message"),
    E(FRAME_TOO_LARGE, "a frame announces more than its bound"),
    E(FRAME_TRUNCATED, "the peer hung up within a frame"),
    E(POST_TRUNCATED, "a value ends before its last field"),
    E(POST_VARINT, "a varint out of range"),
    E(POST_VARIANT, "an unknown enum index"),
    E(POST_UTF8, "a string that is not UTF-8"),
    E(POST_TOO_LONG, "a string longer than its bound"),
    E(HANDSHAKE, "a message that makes no sense at this point of the handshake"),
    E(REFUSED, "the broker refused"),
    E(NO_CLIENT, "no client has that id"),
    E(CLIENTS_FULL, "the broker takes no more clients"),
    E(CLIENT_GONE, "the process behind a client is gone"),
    E(CLIENT_FORGED, "a client spoke in another client's name"),
#undef E
};

static size_t find(int code) {
    size_t i = 0;
    while (i < sizeof errors / sizeof errors[0] && -errors[i].code != code) {
        i++;
    }
    return i;
}

/* Negating INT_MIN is undefined; INT_MAX is as unknown an errno. */
static int errno_of(int code) {
    return code == INT_MIN ? INT_MAX : -code;
}

const char *llmp_strerror(int code) {
    size_t i = find(code);
    if (i < sizeof errors / sizeof errors[0]) {
        return errors[i].text;
    }
    return code >= 0 ? "success" : llmp_os_errno_text(errno_of(code));
}

const char *llmp_error_name(int code) {
    size_t i = find(code);
    if (i < sizeof errors / sizeof errors[0]) {
        return errors[i].name;
    }
    return code >= 0 ? "OK" : llmp_os_errno_name(errno_of(code));
}
