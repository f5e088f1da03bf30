/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Each call has one deadline for all system calls that it makes. */
#include "oracle/wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* ---------------------------------------------------------------- sockets */

/* Frames are small, and each waits for a reply, so Nagle's algorithm would only delay them. */
static void disable_nagle(int fd) {
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
}

static struct sockaddr_in loopback(uint16_t port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int close_with_error(int fd) {
    int rc = -errno;
    (void)close(fd);
    return rc;
}

int lc_tcp_connect(uint16_t port) {
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    disable_nagle(fd);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        return close_with_error(fd);
    }
    return fd;
}

int lc_tcp_listen(uint16_t *port) {
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    if (bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
        return close_with_error(fd);
    }
    *port = ntohs(address.sin_port);
    return fd;
}

int lc_service_connect(void) {
    static const char name[] = "libafl_unix_shmem_server";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path + 1, name, sizeof name - 1);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    if (connect(fd, (struct sockaddr *)&address, length) != 0) {
        return close_with_error(fd);
    }
    return fd;
}

void lc_close_with_reset(int fd) {
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
    (void)close(fd);
}

/* ---------------------------------------------------------------- waiting */

static int64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t deadline_in(int timeout_ms) {
    return now_ms() + timeout_ms;
}

/* Waits until the socket is ready or has failed; the next call on the socket returns that failure. */
static int wait_for(int fd, short events, int64_t deadline) {
    for (;;) {
        int64_t left = deadline - now_ms();
        struct pollfd ready = {.fd = fd, .events = events};
        int count = poll(&ready, 1, left > 0 ? (int)left : 0);
        if (count > 0) {
            return 0;
        }
        if (count == 0) {
            return -ETIMEDOUT;
        }
        if (errno != EINTR) {
            return -errno;
        }
    }
}

static bool should_retry(void) {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

int lc_accept(int listener, int timeout_ms) {
    int rc = wait_for(listener, POLLIN, deadline_in(timeout_ms));
    if (rc != 0) {
        return rc;
    }
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    disable_nagle(fd);
    return fd;
}

/* ---------------------------------------------------------------- bytes */

static int write_until(int fd, const uint8_t *bytes, size_t length, int64_t deadline) {
    while (length > 0) {
        ssize_t count = send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && !should_retry()) {
            return -errno;
        }
        if (count < 0) {
            int rc = wait_for(fd, POLLOUT, deadline);
            if (rc != 0) {
                return rc;
            }
            continue;
        }
        bytes += count;
        length -= (size_t)count;
    }
    return 0;
}

static int read_until(int fd, uint8_t *bytes, size_t length, int64_t deadline) {
    while (length > 0) {
        int rc = wait_for(fd, POLLIN, deadline);
        if (rc != 0) {
            return rc;
        }
        ssize_t count = recv(fd, bytes, length, MSG_DONTWAIT);
        if (count == 0) {
            return -EPIPE;
        }
        if (count < 0 && !should_retry()) {
            return -errno;
        }
        if (count > 0) {
            bytes += count;
            length -= (size_t)count;
        }
    }
    return 0;
}

int lc_write(int fd, const void *bytes, size_t length, int timeout_ms) {
    return write_until(fd, bytes, length, deadline_in(timeout_ms));
}

int lc_read(int fd, void *bytes, size_t length, int timeout_ms) {
    return read_until(fd, bytes, length, deadline_in(timeout_ms));
}

int lc_wait_readable(int fd, int timeout_ms) {
    return wait_for(fd, POLLIN, deadline_in(timeout_ms));
}

int lc_wait_hangup(int fd, int timeout_ms) {
    uint8_t byte;
    int rc = read_until(fd, &byte, 1, deadline_in(timeout_ms));
    if (rc == -EPIPE || rc == -ECONNRESET) {
        return 0;
    }
    return rc == 0 ? -EPROTO : rc;
}

/* ---------------------------------------------------------------- frames */

int lc_frame_write(int fd, const void *body, size_t length, int timeout_ms) {
    int64_t deadline = deadline_in(timeout_ms);
    if (length > UINT32_MAX) {
        return -EMSGSIZE;
    }
    const uint8_t prefix[4] = {(uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8),
                               (uint8_t)length};
    int rc = write_until(fd, prefix, sizeof prefix, deadline);
    return rc != 0 ? rc : write_until(fd, body, length, deadline);
}

long lc_frame_read(int fd, void *body, size_t capacity, int timeout_ms) {
    int64_t deadline = deadline_in(timeout_ms);
    uint8_t prefix[4];
    int rc = read_until(fd, prefix, sizeof prefix, deadline);
    if (rc != 0) {
        return rc;
    }
    uint32_t length = (uint32_t)prefix[0] << 24 | (uint32_t)prefix[1] << 16 | (uint32_t)prefix[2] << 8 | prefix[3];
    if (length > capacity) {
        return -EMSGSIZE;
    }
    rc = read_until(fd, body, length, deadline);
    return rc != 0 ? rc : (long)length;
}
