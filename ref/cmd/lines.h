/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reads lines from a file descriptor with a timeout. */
#ifndef LLMP_CMD_LINES_H
#define LLMP_CMD_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct llmp_cmd_lines {
    int fd;
    bool ended;
    char *bytes;
    size_t begin, end, capacity;
    size_t scanned; /* bytes after `begin` that contain no newline */
};

/* `fd` stays the caller's. */
void llmp_cmd_lines_init(struct llmp_cmd_lines *lines, int fd);
void llmp_cmd_lines_fini(struct llmp_cmd_lines *lines);

/*
 * Reads the next line, without its newline. Bytes after the last newline are a line too. The line is valid until the
 * next call.
 *
 * Returns 1 for a line, 0 at the end, -EAGAIN if there was no line within `timeout_ns` or a signal arrived, or the
 * error of reading.
 */
int llmp_cmd_lines_next(struct llmp_cmd_lines *lines, int64_t timeout_ns, const char **line, size_t *length);

#endif
