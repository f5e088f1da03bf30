/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "os/socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "llmp/llmp.h"

/* Room for a burst of clients that start together. The system reduces it to its own limit. */
#define BACKLOG 4096

/* ------------------------------------------------------------------ addresses */

/* Converts an error of the resolver, which has its own numbers, to a negative errno. */
static int resolve_error(int rc) {
    switch (rc) {
    case 0: return 0;
    case EAI_SYSTEM: return -errno;
    case EAI_MEMORY: return -ENOMEM;
    default: return -EHOSTUNREACH;
    }
}

static int resolve(const char *host, uint16_t port, struct addrinfo **out) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    char service[8];
    (void)snprintf(service, sizeof service, "%u", (unsigned)port);
    return resolve_error(getaddrinfo(host, service, &hints, out));
}

static int open_socket(const struct addrinfo *address) {
    int fd = socket(address->ai_family, address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, address->ai_protocol);
    return fd < 0 ? -errno : fd;
}

static void set_option(int fd, int level, int option) {
    int on = 1;
    (void)setsockopt(fd, level, option, &on, sizeof on);
}

int llmp_socket_port(llmp_socket socket) {
    struct sockaddr_storage name = {0};
    socklen_t length = sizeof name;
    if (getsockname((int)socket, (struct sockaddr *)&name, &length) < 0) {
        return -errno;
    }
    if (name.ss_family == AF_INET) {
        return ntohs(((struct sockaddr_in *)&name)->sin_port);
    }
    if (name.ss_family == AF_INET6) {
        return ntohs(((struct sockaddr_in6 *)&name)->sin6_port);
    }
    return -EAFNOSUPPORT;
}

/* ------------------------------------------------------------------ listening */

static int listen_at(const struct addrinfo *address, llmp_socket *out) {
    int fd = open_socket(address);
    if (fd < 0) {
        return fd;
    }
    set_option(fd, SOL_SOCKET, SO_REUSEADDR); /* a restarted broker finds its old connections in TIME_WAIT */
    if (bind(fd, address->ai_addr, address->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
        int rc = -errno;
        (void)close(fd);
        return rc;
    }
    *out = fd;
    return 0;
}

int llmp_socket_listen(const char *host, uint16_t port, llmp_socket *out) {
    struct addrinfo *list;
    *out = LLMP_SOCKET_NONE;
    int rc = resolve(host, port, &list);
    if (rc < 0) {
        return rc;
    }
    rc = -EHOSTUNREACH;
    for (struct addrinfo *a = list; a != NULL && rc < 0; a = a->ai_next) {
        rc = listen_at(a, out);
    }
    freeaddrinfo(list);
    return rc;
}

int llmp_socket_accept(llmp_socket listener, llmp_socket *out) {
    int fd = accept4((int)listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    *out = fd;
    if (fd < 0) {
        return errno == EWOULDBLOCK ? -EAGAIN : -errno;
    }
    set_option(fd, IPPROTO_TCP, TCP_NODELAY);
    return 0;
}

/* ------------------------------------------------------------------ connecting */

/*
 * Returns true if a socket is connected to itself. That happens to a client that retries a closed port in the range of
 * ephemeral ports: sooner or later the system assigns it this port as its own. It would read its own bytes and occupy
 * the port that the broker is about to bind.
 */
static bool is_connected_to_itself(int fd) {
    struct sockaddr_storage here = {0}, there = {0};
    socklen_t here_length = sizeof here, there_length = sizeof there;
    if (getsockname(fd, (struct sockaddr *)&here, &here_length) < 0 ||
        getpeername(fd, (struct sockaddr *)&there, &there_length) < 0) {
        return false;
    }
    return here_length == there_length && memcmp(&here, &there, here_length) == 0;
}

/* Closes without TIME_WAIT, which would prevent the broker from binding the port. */
static void abort_socket(int fd) {
    struct linger none = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    (void)close(fd);
}

static int await_connection(int fd, struct llmp_deadline deadline) {
    int rc = llmp_socket_wait(fd, LLMP_SOCKET_WRITE, deadline), error = 0;
    socklen_t length = sizeof error;
    if (rc < 0) {
        return rc;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0) {
        return -errno;
    }
    return -error;
}

static int connect_to(const struct addrinfo *address, struct llmp_deadline deadline, llmp_socket *out) {
    int fd = open_socket(address), rc = 0;
    if (fd < 0) {
        return fd;
    }
    if (connect(fd, address->ai_addr, address->ai_addrlen) < 0) {
        rc = errno == EINPROGRESS ? await_connection(fd, deadline) : -errno;
    }
    if (rc == 0 && is_connected_to_itself(fd)) {
        rc = -ECONNREFUSED;
    }
    if (rc < 0) {
        abort_socket(fd);
        return rc;
    }
    set_option(fd, IPPROTO_TCP, TCP_NODELAY);
    *out = fd;
    return 0;
}

int llmp_socket_connect(const char *host, uint16_t port, struct llmp_deadline deadline, llmp_socket *out) {
    struct addrinfo *list;
    *out = LLMP_SOCKET_NONE;
    int rc = resolve(host, port, &list);
    if (rc < 0) {
        return rc;
    }
    bool refused = false;
    rc = -EHOSTUNREACH;
    for (struct addrinfo *a = list; a != NULL && rc < 0; a = a->ai_next) {
        rc = connect_to(a, deadline, out);
        refused |= rc == -ECONNREFUSED;
    }
    freeaddrinfo(list);
    /* "localhost" may have an address of a family that this machine does not support: a refusal is more informative. */
    return rc < 0 && refused ? -ECONNREFUSED : rc;
}

/* ------------------------------------------------------------------ bytes */

static int64_t transfer_result(ssize_t n) {
    if (n >= 0) {
        return n;
    }
    return errno == EWOULDBLOCK || errno == EINTR ? -EAGAIN : -errno;
}

int64_t llmp_socket_read(llmp_socket socket, void *bytes, size_t length) {
    return transfer_result(recv((int)socket, bytes, length, 0));
}

int64_t llmp_socket_write(llmp_socket socket, const void *bytes, size_t length) {
    return transfer_result(send((int)socket, bytes, length, MSG_NOSIGNAL));
}

void llmp_socket_finish(llmp_socket socket) {
    (void)shutdown((int)socket, SHUT_WR);
}

void llmp_socket_close(llmp_socket socket) {
    if (socket != LLMP_SOCKET_NONE) {
        (void)close((int)socket);
    }
}

/* ------------------------------------------------------------------ waiting */

static short events_wanted(unsigned want) {
    return (short)(((want & LLMP_SOCKET_READ) != 0 ? POLLIN : 0) | ((want & LLMP_SOCKET_WRITE) != 0 ? POLLOUT : 0));
}

/* An error makes the socket ready, so that the caller's next read or write returns its code. */
static unsigned events_ready(short events) {
    if ((events & (POLLHUP | POLLERR | POLLNVAL)) != 0) {
        return LLMP_SOCKET_READ | LLMP_SOCKET_WRITE;
    }
    return ((events & POLLIN) != 0 ? LLMP_SOCKET_READ : 0u) | ((events & POLLOUT) != 0 ? LLMP_SOCKET_WRITE : 0u);
}

int llmp_socket_poll(struct llmp_socket_watch *watches, size_t count, int64_t timeout_ns) {
    struct pollfd fds[LLMP_SOCKET_WATCH_MAX];
    struct timespec limit = {timeout_ns / 1000000000, timeout_ns % 1000000000};
    if (count > LLMP_SOCKET_WATCH_MAX) {
        return -EINVAL;
    }
    for (size_t i = 0; i < count; i++) {
        fds[i] = (struct pollfd){.fd = (int)watches[i].socket, .events = events_wanted(watches[i].want)};
    }
    int n = ppoll(fds, (nfds_t)count, timeout_ns == LLMP_FOREVER ? NULL : &limit, NULL);
    if (n < 0 && errno != EINTR) {
        return -errno;
    }
    for (size_t i = 0; i < count; i++) {
        watches[i].ready = n > 0 ? events_ready(fds[i].revents) : 0;
    }
    return n > 0 ? n : 0;
}

int llmp_socket_wait(llmp_socket socket, unsigned want, struct llmp_deadline deadline) {
    struct llmp_socket_watch watch = {.socket = socket, .want = want};
    for (;;) {
        int n = llmp_socket_poll(&watch, 1, llmp_deadline_left(deadline, LLMP_SECONDS(3600)));
        if (n != 0) {
            return n < 0 ? n : 0;
        }
        if (llmp_deadline_passed(deadline)) {
            return deadline.at == LLMP_NOWAIT ? -EAGAIN : -ETIMEDOUT;
        }
    }
}

void llmp_socket_hostname(char *name, size_t capacity) {
    if (gethostname(name, capacity) < 0 || name[0] == '\0') {
        (void)snprintf(name, capacity, "localhost");
    }
    name[capacity - 1] = '\0'; /* gethostname() need not terminate a truncated name */
}
