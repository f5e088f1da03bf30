/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "oracle/wire.h"

enum { DIGITS = 32, DESCRIPTORS = 8 };

/* The result of one recvmsg(). */
struct reply {
    char text[DIGITS];
    size_t length;
    int descriptors[DESCRIPTORS];
    size_t count;
};

static void take_descriptors(struct reply *reply, struct msghdr *header) {
    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part != NULL; part = CMSG_NXTHDR(header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count && reply->count < DESCRIPTORS; i++) {
            memcpy(&reply->descriptors[reply->count++], CMSG_DATA(part) + i * sizeof(int), sizeof(int));
        }
    }
}

static int receive(int fd, struct reply *reply) {
    union {
        struct cmsghdr aligned;
        char bytes[CMSG_SPACE(DESCRIPTORS * sizeof(int))];
    } control;
    struct iovec place = {.iov_base = reply->text, .iov_len = sizeof reply->text};
    struct msghdr header = {
        .msg_iov = &place, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    ssize_t count;
    do {
        count = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        return -errno;
    }
    take_descriptors(reply, &header);
    reply->length = (size_t)count;
    return count == 0 ? -EPIPE : 0;
}

/* Accepts digits with an optional minus sign. Returns -EPROTO for anything else. */
static int parse(const struct reply *reply, long *number) {
    bool negative = reply->text[0] == '-';
    size_t first = negative ? 1 : 0;
    long value = 0;
    if (reply->length == first) {
        return -EPROTO;
    }
    for (size_t i = first; i < reply->length; i++) {
        int digit = reply->text[i] - '0';
        if (digit < 0 || digit > 9 || value > (LONG_MAX - digit) / 10) {
            return -EPROTO;
        }
        value = value * 10 + digit;
    }
    *number = negative ? -value : value;
    return 0;
}

/* Passes the only descriptor of a valid reply to the caller and closes all others. */
static int pass_descriptor(struct reply *reply, int rc, int *descriptor) {
    if (rc == 0 && reply->count > 1) {
        rc = -EPROTO;
    }
    bool wanted = rc == 0 && descriptor != NULL && reply->count == 1;
    if (wanted) {
        *descriptor = reply->descriptors[0];
    }
    for (size_t i = wanted ? 1 : 0; i < reply->count; i++) {
        (void)close(reply->descriptors[i]);
    }
    return rc;
}

int lc_service_reply(int fd, long *number, int *descriptor, int timeout_ms) {
    struct reply reply = {.length = 0};
    if (descriptor != NULL) {
        *descriptor = -1;
    }
    int rc = lc_wait_readable(fd, timeout_ms);
    if (rc != 0) {
        return rc;
    }
    rc = receive(fd, &reply);
    if (rc == 0) {
        rc = parse(&reply, number);
    }
    return pass_descriptor(&reply, rc, descriptor);
}
