/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "os/socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "platform/platform.h"
#include "rig/check.h"

#define PAIRS_MAX 32
#define LISTENER ((llmp_socket)1000)

/* One direction. Bytes that were read stay, so that a target can compare all of them afterwards. */
struct flow {
    uint8_t bytes[FUZZ_SOCKET_ROOM];
    size_t begin, end; /* of what is unread */
    bool finished;     /* the writer sends no more */
};

struct end {
    struct flow *in, *out;
    bool open;
    bool reset;
    const uint8_t *steps;
    size_t step_count;
};

/* Sockets 2i and 2i + 1 are a pair: the library's end and the target's. */
static struct {
    struct flow flows[PAIRS_MAX][2];
    struct end ends[2 * PAIRS_MAX];
    int pairs;
    int taken; /* pairs that the library has accepted or connected; the following ones are pending */
    bool listening;
    int accept_code; /* what the next accept call fails with; 0: it does not */
} net;

static llmp_socket library_end(int pair) {
    return 2 * (llmp_socket)pair;
}

void fuzz_platform_begin(void) {
    fuzz_clock_begin();
    net.pairs = 0;
    net.taken = 0;
    net.listening = false;
    net.accept_code = 0;
}

void fuzz_platform_end(void) {
    FUZZ_CHECK(!net.listening, "a listening socket is still open");
    for (int i = 0; i < net.taken; i++) {
        FUZZ_CHECK(!net.ends[library_end(i)].open, "socket %ld is still open", (long)library_end(i));
    }
}

/* ---------------------------------------------------------------- the target's side */

static int new_pair(void) {
    FUZZ_CHECK(net.pairs < PAIRS_MAX, "a target created too many sockets");
    int i = net.pairs++;
    for (int side = 0; side < 2; side++) {
        struct flow *flow = &net.flows[i][side];
        flow->begin = 0;
        flow->end = 0;
        flow->finished = false;
        net.ends[2 * i + side] = (struct end){.in = flow, .out = &net.flows[i][1 - side], .open = true};
    }
    return i;
}

struct fuzz_pair fuzz_socket_pair(void) {
    FUZZ_CHECK(net.taken == net.pairs, "a target created pairs of both kinds");
    int i = new_pair();
    net.taken = net.pairs;
    return (struct fuzz_pair){.library = library_end(i), .target = library_end(i) + 1};
}

llmp_socket fuzz_socket_enqueue(void) {
    return library_end(new_pair()) + 1;
}

void fuzz_socket_fail_accept(int code) {
    net.accept_code = code;
}

/* Returns the library's end of a pair, given the target's. */
static struct end *library_end_of(llmp_socket end) {
    return &net.ends[end ^ 1];
}

void fuzz_socket_pace(llmp_socket end, const uint8_t *steps, size_t count) {
    library_end_of(end)->steps = steps;
    library_end_of(end)->step_count = count;
}

void fuzz_socket_send(llmp_socket end, const void *bytes, size_t length) {
    struct flow *flow = net.ends[end].out;
    FUZZ_CHECK(length <= sizeof flow->bytes - flow->end, "a target sent too much");
    if (length > 0) {
        memcpy(flow->bytes + flow->end, bytes, length);
    }
    flow->end += length;
}

size_t fuzz_socket_received(llmp_socket end, const uint8_t **bytes) {
    *bytes = net.ends[end].in->bytes;
    return net.ends[end].in->end;
}

void fuzz_socket_hang_up(llmp_socket end) {
    net.ends[end].out->finished = true;
}

void fuzz_socket_reset(llmp_socket end) {
    library_end_of(end)->reset = true;
}

/* ---------------------------------------------------------------- listening and connecting */

int llmp_socket_listen(const char *host, uint16_t port, llmp_socket *out) {
    (void)host;
    FUZZ_CHECK(!net.listening, "two listening sockets");
    net.listening = true;
    *out = LISTENER;
    return port;
}

int llmp_socket_port(llmp_socket socket) {
    return socket == LISTENER ? 1337 : -EAFNOSUPPORT;
}

int llmp_socket_accept(llmp_socket listener, llmp_socket *out) {
    FUZZ_CHECK(listener == LISTENER && net.listening, "accept on socket %ld", (long)listener);
    *out = LLMP_SOCKET_NONE;
    int failure = net.taken == net.pairs ? -EAGAIN : net.accept_code;
    net.accept_code = 0;
    if (failure != 0) {
        return failure;
    }
    *out = library_end(net.taken++);
    return 0;
}

int llmp_socket_connect(const char *host, uint16_t port, struct llmp_deadline deadline, llmp_socket *out) {
    (void)host;
    (void)port;
    (void)deadline;
    *out = LLMP_SOCKET_NONE;
    if (net.taken == net.pairs) {
        return -ECONNREFUSED;
    }
    *out = library_end(net.taken++);
    return 0;
}

/* ---------------------------------------------------------------- reading and writing */

/* Returns an open end of the library. */
static struct end *end_of(llmp_socket socket) {
    FUZZ_CHECK(socket >= 0 && socket < library_end(net.taken) && socket % 2 == 0 && net.ends[socket].open,
               "socket %ld is not an open socket of the library", (long)socket);
    return &net.ends[socket];
}

/* Takes the next step: returns how many of `length` bytes this call moves. */
static size_t next_step(struct end *end, size_t length) {
    if (end->step_count == 0) {
        return length;
    }
    end->step_count--;
    size_t max = *end->steps++;
    return max < length ? max : length;
}

int64_t llmp_socket_read(llmp_socket socket, void *bytes, size_t length) {
    struct end *end = end_of(socket);
    struct flow *in = end->in;
    size_t there = in->end - in->begin;
    FUZZ_CHECK(length > 0, "a read of 0 bytes");
    if (end->reset) {
        return -ECONNRESET;
    }
    if (there == 0) {
        return in->finished ? 0 : -EAGAIN;
    }
    size_t moved = next_step(end, there < length ? there : length);
    if (moved == 0) {
        return -EAGAIN;
    }
    memcpy(bytes, in->bytes + in->begin, moved);
    in->begin += moved;
    return (int64_t)moved;
}

int64_t llmp_socket_write(llmp_socket socket, const void *bytes, size_t length) {
    struct end *end = end_of(socket);
    struct flow *out = end->out;
    if (end->reset) {
        return -EPIPE;
    }
    size_t room = sizeof out->bytes - out->end;
    size_t moved = next_step(end, length < room ? length : room);
    if (moved == 0) {
        return -EAGAIN;
    }
    memcpy(out->bytes + out->end, bytes, moved);
    out->end += moved;
    return (int64_t)moved;
}

void llmp_socket_finish(llmp_socket socket) {
    end_of(socket)->out->finished = true;
}

void llmp_socket_close(llmp_socket socket) {
    if (socket == LISTENER) {
        net.listening = false;
    } else if (socket != LLMP_SOCKET_NONE) {
        end_of(socket)->open = false;
    }
}

/* ---------------------------------------------------------------- waiting */

static unsigned readiness(const struct llmp_socket_watch *watch) {
    if (watch->socket == LLMP_SOCKET_NONE) {
        return 0;
    }
    if (watch->socket == LISTENER) {
        return net.taken < net.pairs ? watch->want & LLMP_SOCKET_READ : 0u;
    }
    const struct end *end = end_of(watch->socket);
    bool readable = end->in->end > end->in->begin || end->in->finished || end->reset;
    bool writable = end->out->end < sizeof end->out->bytes;
    unsigned ready = (readable ? LLMP_SOCKET_READ : 0u) | (writable ? LLMP_SOCKET_WRITE : 0u);
    return end->reset ? LLMP_SOCKET_READ | LLMP_SOCKET_WRITE : ready & watch->want;
}

/* No other process changes a socket meanwhile, so a wait for one that is not ready lasts until the timeout. */
int llmp_socket_poll(struct llmp_socket_watch *watches, size_t count, int64_t timeout_ns) {
    int ready = 0;
    for (size_t i = 0; i < count; i++) {
        watches[i].ready = readiness(&watches[i]);
        ready += watches[i].ready != 0;
    }
    if (ready == 0) {
        fuzz_clock_advance(timeout_ns);
    }
    return ready;
}

int llmp_socket_wait(llmp_socket socket, unsigned want, struct llmp_deadline deadline) {
    struct llmp_socket_watch watch = {.socket = socket, .want = want};
    FUZZ_CHECK(deadline.at >= 0, "a wait for a peer without a timeout");
    int ready = llmp_socket_poll(&watch, 1, llmp_deadline_left(deadline, INT64_MAX));
    if (ready > 0) {
        return 0;
    }
    return deadline.at == 0 ? -EAGAIN : -ETIMEDOUT;
}

void llmp_socket_hostname(char *name, size_t capacity) {
    (void)snprintf(name, capacity, "fuzz");
}
