/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Lines from a descriptor, without ever waiting longer than asked. */
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
    size_t looked; /* so far behind `begin` there is no newline */
};

void llmp_cmd_lines_init(struct llmp_cmd_lines *lines, int fd);
void llmp_cmd_lines_fini(struct llmp_cmd_lines *lines);

/*
 * The next line without its newline, valid until the next call; what stands behind the last newline is a line too.
 *
 * 1: a line; 0: no more; -EAGAIN: none within `timeout_ns`; or what reading gave.
 */
int llmp_cmd_lines_next(struct llmp_cmd_lines *lines, int64_t timeout_ns, const char **line, size_t *length);

#endif
