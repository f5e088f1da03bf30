/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* File descriptors of maps, and how they cross a UNIX socket: eight bytes of size with the descriptor (SCM_RIGHTS). */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shmem/posix/providers.h"

union control {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

/* CMSG_SPACE would have room for a second descriptor. The kernel closes descriptors that do not fit. */
#define ONE_FD CMSG_LEN(sizeof(int))

int llmp_shmem_fd(const llmp_shmem *map) {
    return map->handle != LLMP_SHMEM_NO_HANDLE ? (int)map->handle : -LLMP_E_NO_FD;
}

/* ------------------------------------------------------------------ sending */

static int send_message(int socket, const struct msghdr *message, size_t length) {
    ssize_t sent;
    do {
        sent = sendmsg(socket, message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        return -errno;
    }
    return (size_t)sent == length ? 0 : -EIO;
}

int llmp_shmem_send_fd(int socket, const llmp_shmem *map) {
    int fd = llmp_shmem_fd(map);
    if (fd < 0) {
        return fd;
    }
    uint64_t size = map->size;
    struct iovec body = {&size, sizeof size};
    union control control = {{0}};
    struct msghdr message = {
        .msg_iov = &body, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    return send_message(socket, &message, sizeof size);
}

/* ------------------------------------------------------------------ receiving */

/* Returns the descriptor of the message, or -1 if it has none. The caller closes it. */
static int take_fd(struct msghdr *message) {
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
        header->cmsg_len < CMSG_LEN(sizeof(int))) {
        return -1;
    }
    int fd;
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return fd;
}

/* One read: eight bytes sent by one call arrive together. Waiting for the rest would let a hostile peer block us. */
static ssize_t receive_message(int socket, struct msghdr *message, uint32_t flags) {
    ssize_t got;
    do {
        got = recvmsg(socket, message, (flags & LLMP_SHMEM_CLOEXEC) != 0 ? MSG_CMSG_CLOEXEC : 0);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

static int receive(int socket, uint32_t flags, uint64_t *size, int *fd) {
    struct iovec body = {size, sizeof *size};
    union control control = {{0}};
    struct msghdr message = {.msg_iov = &body, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = ONE_FD};
    ssize_t got = receive_message(socket, &message, flags);
    if (got < 0) {
        return (int)got;
    }
    *fd = take_fd(&message);
    if (got == 0 && *fd < 0) {
        return -EPIPE;
    }
    if (*fd < 0 || (size_t)got != sizeof *size || (message.msg_flags & MSG_CTRUNC) != 0) {
        if (*fd >= 0) {
            (void)close(*fd);
        }
        return -LLMP_E_FD_MESSAGE;
    }
    return 0;
}

int llmp_shmem_recv_fd(int socket, const llmp_shmem_options *options, llmp_shmem **out) {
    *out = NULL;
    uint64_t size = 0;
    int fd = -1;
    uint32_t flags = options != NULL ? options->flags : 0;
    int rc = options != NULL ? llmp_shmem_check_options(options) : 0;
    if (rc == 0) {
        rc = receive(socket, flags, &size, &fd);
    }
    if (rc != 0) {
        return rc;
    }
    llmp_shmem_desc desc = {.size = (size_t)size};
    llmp_shmem_id_from_number(&desc.id, fd);
    rc = llmp_shmem_open(&llmp_shmem_memfd, &desc, options, out);
    if (rc != 0) {
        (void)close(fd);
        return rc;
    }
    (*out)->handle = fd;
    (*out)->flags |= flags & LLMP_SHMEM_CLOEXEC;
    return 0;
}
