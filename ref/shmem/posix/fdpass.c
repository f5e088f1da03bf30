/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Handing a map over a UNIX socket: eight bytes of size, and the descriptor beside them. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "llmp/shmem.h"
#include "shmem/provider.h"

union control {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

/* Without the padding behind it, which would hold a second descriptor: the kernel closes what does not fit. */
#define ONE_FD CMSG_LEN(sizeof(int))

int llmp_shmem_send_fd(int socket, const llmp_shmem *map) {
    if (map->fd < 0) {
        return -LLMP_E_NO_FD;
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
    memcpy(CMSG_DATA(header), &map->fd, sizeof(int));
    ssize_t sent;
    do {
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        return -errno;
    }
    return (size_t)sent == sizeof size ? 0 : -EIO;
}

/* The one descriptor that came along, or -1. */
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

/* What was sent in one piece arrives in one. Waiting for the rest of less would be to wait for a peer that means harm. */
static ssize_t receive_message(int socket, struct msghdr *message, unsigned flags) {
    ssize_t got;
    do {
        got = recvmsg(socket, message, flags & LLMP_SHMEM_CLOEXEC ? MSG_CMSG_CLOEXEC : 0);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

static int receive(int socket, unsigned flags, uint64_t *size, int *fd) {
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
    if (*fd < 0 || (size_t)got != sizeof *size || (message.msg_flags & MSG_CTRUNC)) {
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
    unsigned flags = options != NULL ? options->flags : 0;
    int rc = receive(socket, flags, &size, &fd);
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
    (*out)->fd = fd;
    (*out)->flags |= flags & LLMP_SHMEM_CLOEXEC;
    return 0;
}
