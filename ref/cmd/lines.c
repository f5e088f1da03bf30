/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "cmd/lines.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CAPACITY_FIRST ((size_t)64 << 10)

void llmp_cmd_lines_init(struct llmp_cmd_lines *lines, int fd) {
    *lines = (struct llmp_cmd_lines){.fd = fd};
}

void llmp_cmd_lines_fini(struct llmp_cmd_lines *lines) {
    free(lines->bytes);
}

/* Makes room after `end`: moves the unread bytes to the front, or doubles the buffer. */
static int reserve(struct llmp_cmd_lines *lines) {
    if (lines->end < lines->capacity) {
        return 0;
    }
    size_t used = lines->end - lines->begin;
    if (lines->begin > 0) {
        memmove(lines->bytes, lines->bytes + lines->begin, used);
        lines->begin = 0;
        lines->end = used;
        return 0;
    }
    size_t capacity = lines->capacity > 0 ? 2 * lines->capacity : CAPACITY_FIRST;
    char *bytes = realloc(lines->bytes, capacity);
    if (bytes == NULL) {
        return -ENOMEM;
    }
    lines->bytes = bytes;
    lines->capacity = capacity;
    return 0;
}

/* After a signal it returns -EAGAIN, as after a timeout, so that the caller checks for a stop request. */
static int wait_input(int fd, int64_t timeout_ns) {
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    int n = poll(&poll_fd, 1, (int)((timeout_ns + 999999) / 1000000));
    if (n < 0) {
        return errno == EINTR ? -EAGAIN : -errno;
    }
    return n == 0 ? -EAGAIN : 0;
}

static int fill(struct llmp_cmd_lines *lines, int64_t timeout_ns) {
    int rc = reserve(lines);
    if (rc == 0) {
        rc = wait_input(lines->fd, timeout_ns);
    }
    if (rc < 0) {
        return rc;
    }
    ssize_t n = read(lines->fd, lines->bytes + lines->end, lines->capacity - lines->end);
    if (n < 0) {
        return errno == EINTR ? -EAGAIN : -errno;
    }
    lines->end += (size_t)n;
    lines->ended = n == 0;
    return 0;
}

static int take_line(struct llmp_cmd_lines *lines, size_t length, size_t newline, const char **line,
                     size_t *line_length) {
    *line = lines->bytes + lines->begin;
    *line_length = length;
    lines->begin += length + newline;
    lines->scanned = 0;
    return 1;
}

int llmp_cmd_lines_next(struct llmp_cmd_lines *lines, int64_t timeout_ns, const char **line, size_t *length) {
    for (;;) {
        size_t used = lines->end - lines->begin;
        const char *unread = used > 0 ? lines->bytes + lines->begin : "";
        const char *newline = memchr(unread + lines->scanned, '\n', used - lines->scanned);
        if (newline != NULL) {
            return take_line(lines, (size_t)(newline - unread), 1, line, length);
        }
        lines->scanned = used;
        if (lines->ended) {
            return used > 0 ? take_line(lines, used, 0, line, length) : 0;
        }
        int rc = fill(lines, timeout_ns);
        if (rc < 0) {
            return rc;
        }
    }
}
