/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/kit/mock_service.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CONNECTIONS = 16, BODY = 64, WAIT_MS = 5000, FIRST_ID = 500 };

const char lc_mock_map_id[] = "77";

struct guests {
    struct pollfd polled[CONNECTIONS + 1]; /* the listener first */
    nfds_t count;
    int memory; /* the map's descriptor; -1 before there is one */
};

/* ---------------------------------------------------------------- answering */

static bool reply(int socket, long number, int descriptor) {
    char digits[24];
    union {
        struct cmsghdr aligned;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    struct iovec text = {digits, (size_t)snprintf(digits, sizeof digits, "%ld", number)};
    struct msghdr header = {.msg_iov = &text, .msg_iovlen = 1};
    if (descriptor >= 0) {
        header.msg_control = control.bytes;
        header.msg_controllen = sizeof control.bytes;
        struct cmsghdr *part = CMSG_FIRSTHDR(&header);
        *part = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(part), &descriptor, sizeof descriptor);
    }
    return sendmsg(socket, &header, MSG_NOSIGNAL) > 0;
}

static bool hand_out(const struct lc_mock_service *host, int socket, int memory) {
    if (host->way == LC_MOCK_HANGS_UP || memory < 0) {
        return false;
    }
    return reply(socket, host->map, host->way == LC_MOCK_OMITS_DESCRIPTOR ? -1 : memory);
}

static int new_memory(uint64_t size) {
    int memory = memfd_create("llmp-conformance", MFD_CLOEXEC);
    if (memory >= 0 && ftruncate(memory, (off_t)size) != 0) {
        close(memory);
        return -1;
    }
    return memory;
}

/* False: hang up. */
static bool serve_request(struct lc_mock_service *host, struct guests *guests, int socket,
                          const struct lc_tcp_message *asked) {
    host->asked[asked->kind]++;
    switch (asked->kind) {
    case LC_NEW_MAP:
        host->size = asked->size;
        guests->memory = new_memory(asked->size);
        return hand_out(host, socket, guests->memory);
    case LC_EXISTING_MAP: host->desc = asked->desc; return hand_out(host, socket, guests->memory);
    case LC_DEREGISTER: return reply(socket, 1, -1);
    case LC_EXIT: return false;
    default: return reply(socket, FIRST_ID + socket, -1);
    }
}

static bool serve(struct lc_mock_service *host, struct guests *guests, int socket) {
    uint8_t body[BODY];
    struct lc_tcp_message asked;
    long length = lc_frame_read(socket, body, sizeof body, WAIT_MS);
    if (length < 0) {
        host->unknown += length == -EPIPE || length == -ECONNRESET ? 0 : 1;
        return false;
    }
    if (!lc_service_decode(body, (size_t)length, &asked)) {
        host->unknown++;
        return false;
    }
    return serve_request(host, guests, socket, &asked);
}

/* ---------------------------------------------------------------- connections */

static void let_in(struct guests *guests) {
    int socket = accept4(guests->polled[0].fd, NULL, NULL, SOCK_CLOEXEC);
    if (socket >= 0 && guests->count <= CONNECTIONS) {
        guests->polled[guests->count++] = (struct pollfd){.fd = socket, .events = POLLIN};
    }
}

static void be_host(struct lc_case *c, void *argument) {
    struct lc_mock_service *host = argument;
    struct guests guests = {.polled = {{.fd = host->listener, .events = POLLIN}}, .count = 1, .memory = -1};
    (void)c;
    for (;;) {
        if (poll(guests.polled, guests.count, -1) < 0) {
            continue;
        }
        for (nfds_t i = guests.count; i-- > 1;) {
            if (guests.polled[i].revents != 0 && !serve(host, &guests, guests.polled[i].fd)) {
                close(guests.polled[i].fd);
                guests.polled[i] = guests.polled[--guests.count];
            }
        }
        if (guests.polled[0].revents != 0) {
            let_in(&guests);
        }
    }
}

static int listen_as_service(void) {
    static const char name[] = "libafl_unix_shmem_server";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path + 1, name, sizeof name - 1);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof name);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 16) != 0) {
        return -errno;
    }
    return listener;
}

struct lc_mock_service *lc_mock_service_start(struct lc_case *c, enum lc_mock_mode way) {
    struct lc_mock_service *host = mmap(NULL, sizeof *host, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (host == MAP_FAILED) {
        lc_error(c, "memory to share with a helper: %s", strerror(errno));
    }
    *host = (struct lc_mock_service){.listener = listen_as_service(), .way = way, .map = LC_MOCK_MAP};
    if (host->listener < 0) {
        lc_error(c, "listening as a service: %s", strerror(-host->listener));
    }
    lc_fork_helper(c, be_host, host);
    close(host->listener); /* the helper's alone, so that it ends with it */
    return host;
}
