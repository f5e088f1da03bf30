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

enum { CONNECTIONS = 16, BODY = 64, TIMEOUT_MS = 5000, FIRST_ID = 500 };

const char lc_mock_map_id[] = "77";

struct connections {
    struct pollfd polled[CONNECTIONS + 1]; /* the listener first */
    nfds_t count;
    int memory; /* the descriptor of the map; -1 before NewMap */
};

/* ---------------------------------------------------------------- replies */

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

static bool reply_map(const struct lc_mock_service *service, int socket, int memory) {
    if (service->mode == LC_MOCK_HANGS_UP || memory < 0) {
        return false;
    }
    return reply(socket, LC_MOCK_MAP, service->mode == LC_MOCK_OMITS_DESCRIPTOR ? -1 : memory);
}

static int new_memory(uint64_t size) {
    int memory = memfd_create("llmp-conformance", MFD_CLOEXEC);
    if (memory >= 0 && ftruncate(memory, (off_t)size) != 0) {
        (void)close(memory);
        return -1;
    }
    return memory;
}

/* Returns false if the connection is to be closed. */
static bool handle(struct lc_mock_service *service, struct connections *connections, int socket,
                   const struct lc_tcp_message *request) {
    service->requests[request->kind]++;
    switch (request->kind) {
    case LC_NEW_MAP:
        service->size = request->size;
        connections->memory = new_memory(request->size);
        return reply_map(service, socket, connections->memory);
    case LC_EXISTING_MAP: service->desc = request->desc; return reply_map(service, socket, connections->memory);
    case LC_DEREGISTER: return reply(socket, 1, -1);
    case LC_EXIT: return false;
    default: return reply(socket, FIRST_ID + socket, -1);
    }
}

/* Returns false if the connection is to be closed. */
static bool read_request(struct lc_mock_service *service, struct connections *connections, int socket) {
    uint8_t body[BODY];
    struct lc_tcp_message request;
    long length = lc_frame_read(socket, body, sizeof body, TIMEOUT_MS);
    if (length < 0) {
        service->invalid += length == -EPIPE || length == -ECONNRESET ? 0 : 1;
        return false;
    }
    if (!lc_service_decode(body, (size_t)length, &request)) {
        service->invalid++;
        return false;
    }
    return handle(service, connections, socket, &request);
}

/* ---------------------------------------------------------------- connections */

static void accept_connection(struct connections *connections) {
    int socket = accept4(connections->polled[0].fd, NULL, NULL, SOCK_CLOEXEC);
    if (socket >= 0 && connections->count <= CONNECTIONS) {
        connections->polled[connections->count++] = (struct pollfd){.fd = socket, .events = POLLIN};
    }
}

static void run_service(struct lc_case *c, void *argument) {
    struct lc_mock_service *service = argument;
    struct connections connections = {
        .polled = {{.fd = service->listener, .events = POLLIN}}, .count = 1, .memory = -1};
    (void)c;
    for (;;) {
        if (poll(connections.polled, connections.count, -1) < 0) {
            continue;
        }
        for (nfds_t i = connections.count; i-- > 1;) {
            if (connections.polled[i].revents != 0 && !read_request(service, &connections, connections.polled[i].fd)) {
                (void)close(connections.polled[i].fd);
                connections.polled[i] = connections.polled[--connections.count];
            }
        }
        if (connections.polled[0].revents != 0) {
            accept_connection(&connections);
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

struct lc_mock_service *lc_mock_service_start(struct lc_case *c, enum lc_mock_mode mode) {
    struct lc_mock_service *service =
        mmap(NULL, sizeof *service, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (service == MAP_FAILED) {
        lc_error(c, "memory to share with a helper process: %s", strerror(errno));
    }
    *service = (struct lc_mock_service){.listener = listen_as_service(), .mode = mode};
    if (service->listener < 0) {
        lc_error(c, "listening as the service: %s", strerror(-service->listener));
    }
    lc_fork_helper(c, run_service, service);
    (void)close(service->listener); /* only the helper has it, so that the name is free when the helper ends */
    return service;
}
