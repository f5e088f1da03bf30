/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "oracle/desc.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool lc_desc_is_terminated(const struct lc_desc *desc) {
    size_t length = strnlen((const char *)desc->id, LC_ID_BYTES);
    for (size_t i = length; i < LC_ID_BYTES; i++) {
        if (desc->id[i] != 0) {
            return false;
        }
    }
    return length < LC_ID_BYTES;
}

int lc_id_number(const struct lc_desc *desc) {
    int number = 0;
    if (!lc_desc_is_terminated(desc) || desc->id[0] == 0) {
        return -1;
    }
    for (const uint8_t *at = desc->id; *at != 0; at++) {
        if (*at < '0' || *at > '9' || number > (INT_MAX - (*at - '0')) / 10) {
            return -1;
        }
        number = number * 10 + (*at - '0');
    }
    return number;
}

bool lc_id_is_name(const struct lc_desc *desc) {
    if (!lc_desc_is_terminated(desc) || desc->id[0] != '/' || desc->id[1] == 0) {
        return false;
    }
    return strchr((const char *)desc->id + 1, '/') == NULL;
}

bool lc_id_fd_path(const struct lc_desc *desc, pid_t owner, char path[LC_FD_PATH]) {
    int fd = lc_id_number(desc);
    snprintf(path, LC_FD_PATH, "/proc/%d/fd/%d", (int)(owner == 0 ? getpid() : owner), fd);
    return fd >= 0;
}

/* ---------------------------------------------------------------- creating and showing */

struct lc_desc lc_desc_of(uint64_t size, const char *id) {
    struct lc_desc desc = {.size = size};
    memcpy(desc.id, id, strnlen(id, LC_ID_BYTES - 1));
    return desc;
}

/* Returns the length up to the last byte that is not zero: bytes after a NUL are shown too. */
static size_t shown_length(const struct lc_desc *desc) {
    size_t length = LC_ID_BYTES;
    while (length > 0 && desc->id[length - 1] == 0) {
        length--;
    }
    return length;
}

const char *lc_desc_show(const struct lc_desc *desc) {
    static _Thread_local char texts[4][4 * LC_ID_BYTES + 3];
    static _Thread_local unsigned turn;
    char *text = texts[turn++ % 4];
    char *at = text;
    *at++ = '"';
    for (size_t i = 0; i < shown_length(desc); i++) {
        uint8_t byte = desc->id[i];
        if (byte < ' ' || byte > '~' || byte == '"' || byte == '\\') {
            at += snprintf(at, 5, "\\x%02x", byte);
        } else {
            *at++ = (char)byte;
        }
    }
    *at++ = '"';
    *at = '\0';
    return text;
}
