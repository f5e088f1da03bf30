/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ids and descriptions: what they may be, what they name, how they are shown. */
#include "oracle/map_id.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
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

/* ---------------------------------------------------------------- whether it still stands */

static bool sysv_exists(const struct lc_desc *desc) {
    struct shmid_ds stat;
    int shmid = lc_id_number(desc);
    return shmid >= 0 && shmctl(shmid, IPC_STAT, &stat) == 0;
}

static bool posix_exists(const struct lc_desc *desc) {
    int fd = lc_id_is_name(desc) ? shm_open((const char *)desc->id, O_RDONLY, 0) : -1;
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

static bool memfd_exists(const struct lc_desc *desc, pid_t owner) {
    char path[LC_FD_PATH];
    struct stat found;
    return lc_id_fd_path(desc, owner, path) && stat(path, &found) == 0 && S_ISREG(found.st_mode);
}

bool lc_segment_is_marked(enum lc_provider provider, const struct lc_desc *desc) {
    struct shmid_ds segment;
    int number = provider == LC_SYSV ? lc_id_number(desc) : -1;
    return number >= 0 && shmctl(number, IPC_STAT, &segment) == 0 && (segment.shm_perm.mode & SHM_DEST) != 0;
}

bool lc_segment_exists(enum lc_provider provider, const struct lc_desc *desc, pid_t owner) {
    switch (provider) {
    case LC_SYSV: return sysv_exists(desc);
    case LC_POSIX: return posix_exists(desc);
    case LC_MEMFD: return memfd_exists(desc, owner);
    default: return false;
    }
}

/* ---------------------------------------------------------------- made and shown */

struct lc_desc lc_desc_of(uint64_t size, const char *id) {
    struct lc_desc desc = {.size = size};
    memcpy(desc.id, id, strnlen(id, LC_ID_BYTES - 1));
    return desc;
}

/* Up to the last byte that is not zero, so that what stands behind a NUL is seen. */
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
