/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The service's answers: digits, and perhaps a descriptor beside them (SERVED-1). */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "oracle/wire.h"

enum { DIGITS = 32, DESCRIPTORS = 8 };

/* What came with one recvmsg(). */
struct answer {
    char text[DIGITS];
    size_t length;
    int descriptors[DESCRIPTORS];
    size_t count;
};

static void take_descriptors(struct answer *answer, struct msghdr *header) {
    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part != NULL; part = CMSG_NXTHDR(header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count && answer->count < DESCRIPTORS; i++) {
            memcpy(&answer->descriptors[answer->count++], CMSG_DATA(part) + i * sizeof(int), sizeof(int));
        }
    }
}

static int receive(int fd, struct answer *answer) {
    union {
        struct cmsghdr aligned;
        char bytes[CMSG_SPACE(DESCRIPTORS * sizeof(int))];
    } control;
    struct iovec place = {.iov_base = answer->text, .iov_len = sizeof answer->text};
    struct msghdr header = {
        .msg_iov = &place, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    ssize_t count;
    do {
        count = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        return -errno;
    }
    take_descriptors(answer, &header);
    answer->length = (size_t)count;
    return count == 0 ? -EPIPE : 0;
}

/* Digits, with a sign at most: -EPROTO for anything else. */
static int parse(const struct answer *answer, long *number) {
    bool negative = answer->text[0] == '-';
    size_t first = negative ? 1 : 0;
    long value = 0;
    if (answer->length == first) {
        return -EPROTO;
    }
    for (size_t i = first; i < answer->length; i++) {
        int digit = answer->text[i] - '0';
        if (digit < 0 || digit > 9 || value > (LONG_MAX - digit) / 10) {
            return -EPROTO;
        }
        value = value * 10 + digit;
    }
    *number = negative ? -value : value;
    return 0;
}

/* One descriptor may be wanted; more than that, or one that goes with a bad answer, is nobody's. */
static int hand_over(struct answer *answer, int rc, int *descriptor) {
    if (rc == 0 && answer->count > 1) {
        rc = -EPROTO;
    }
    bool wanted = rc == 0 && descriptor != NULL && answer->count == 1;
    if (wanted) {
        *descriptor = answer->descriptors[0];
    }
    for (size_t i = wanted ? 1 : 0; i < answer->count; i++) {
        close(answer->descriptors[i]);
    }
    return rc;
}

int lc_service_answer(int fd, long *number, int *descriptor, int timeout_ms) {
    struct answer answer = {.length = 0};
    if (descriptor != NULL) {
        *descriptor = -1;
    }
    int rc = lc_wait_readable(fd, timeout_ms);
    if (rc != 0) {
        return rc;
    }
    rc = receive(fd, &answer);
    if (rc == 0) {
        rc = parse(&answer, number);
    }
    return hand_over(&answer, rc, descriptor);
}
