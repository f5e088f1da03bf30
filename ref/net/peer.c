/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "net/peer.h"

#include <errno.h>

#include "net/handshake.h"
#include "wire/postcard.h"

/* Thrown away at most so much in one step, so that a peer that pours cannot hold the broker up. */
#define LEAVING_READ_MAX ((size_t)64 << 10)

/* ------------------------------------------------------------------ saying */

static int say(struct llmp_peer *peer, const struct llmp_response *response) {
    uint8_t bytes[LLMP_HANDSHAKE_MAX];
    int64_t length = llmp_response_encode(response, bytes, sizeof bytes);
    if (length < 0) {
        return (int)length;
    }
    return llmp_frame_put(&peer->writer, (struct llmp_span){bytes, (size_t)length});
}

/* The broker speaks first (TCP-2). */
static int greet(struct llmp_peer *peer) {
    char hostname[LLMP_HOSTNAME_MAX + 1];
    struct llmp_response hello = {.kind = LLMP_RESPONSE_BROKER_CONNECT_HELLO};
    llmp_socket_hostname(hostname, sizeof hostname);
    hello.text = llmp_span_of_text(hostname);
    if (!llmp_post_is_utf8(hello.text)) { /* the peer would refuse all of it */
        hello.text = llmp_span_of_text("localhost");
    }
    peer->offered_page = llmp_broker_reserve(peer->broker, &hello.desc);
    peer->reserved = true;
    return say(peer, &hello);
}

static void withdraw(struct llmp_peer *peer) {
    if (peer->reserved) {
        llmp_broker_cancel_reservation(peer->broker);
    }
    peer->reserved = false;
}

/* Ends our half. Closing at once could reset the connection and lose the answer, if the peer sent more than we read. */
static int leave(struct llmp_peer *peer) {
    withdraw(peer);
    llmp_socket_finish(peer->socket);
    peer->state = LLMP_PEER_LEAVING;
    peer->since = llmp_os_now();
    return 0;
}

static int refuse(struct llmp_peer *peer, int rc, const char *text) {
    struct llmp_response error = {.kind = LLMP_RESPONSE_ERROR, .text = llmp_span_of_text(text)};
    withdraw(peer);
    llmp_broker_report(peer->broker, LLMP_EVENT_PEER_REFUSED, 0, rc);
    peer->state = LLMP_PEER_ANSWERING;
    return say(peer, &error);
}

/* ------------------------------------------------------------------ requests */

/* The accepted answer says nothing about what the client will send; its channel is mapped and checked here all the
 * same. */
static int on_client_hello(struct llmp_peer *peer, const struct llmp_request *request) {
    int64_t id = llmp_broker_confirm(peer->broker, &request->desc, peer->offered_page);
    if (id < 0) {
        return refuse(peer, (int)id, llmp_strerror((int)id));
    }
    peer->reserved = false;
    peer->client = id;
    peer->state = LLMP_PEER_ANSWERING;
    return say(peer, &(struct llmp_response){.kind = LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED, .id = (uint32_t)id});
}

/* A broker of another machine. */
static int on_broker_hello(struct llmp_peer *peer) {
    return refuse(peer, -LLMP_E_HANDSHAKE, "this broker does not join other brokers");
}

/* There is no answer to this one (TCP-3). The listener is a client too, but not one that a peer may remove. */
static int on_client_quit(struct llmp_peer *peer, uint32_t id) {
    int rc = -LLMP_E_NO_CLIENT;
    if (id != peer->listener_id) {
        rc = llmp_broker_remove_client(peer->broker, id);
    }
    if (rc < 0) {
        llmp_broker_report(peer->broker, LLMP_EVENT_PEER_REFUSED, 0, rc);
    }
    return leave(peer);
}

static int on_request(struct llmp_peer *peer, struct llmp_span body) {
    struct llmp_request request;
    int rc = llmp_request_decode(body, &request);
    if (rc < 0) {
        return refuse(peer, rc, llmp_strerror(rc));
    }
    switch (request.kind) {
    case LLMP_REQUEST_LOCAL_CLIENT_HELLO: return on_client_hello(peer, &request);
    case LLMP_REQUEST_REMOTE_BROKER_HELLO: return on_broker_hello(peer);
    case LLMP_REQUEST_CLIENT_QUIT: return on_client_quit(peer, request.id);
    case LLMP_REQUEST_KINDS: break;
    }
    return -LLMP_E_HANDSHAKE;
}

/* ------------------------------------------------------------------ states */

static int step_talking(struct llmp_peer *peer) {
    struct llmp_span body;
    int rc = llmp_frame_flush(&peer->writer, peer->socket);
    if (rc < 0 && rc != -EAGAIN) {
        return rc;
    }
    rc = llmp_frame_read(&peer->reader, peer->socket, &body);
    if (rc < 0) {
        return rc == -EAGAIN ? 0 : rc;
    }
    return on_request(peer, body);
}

static int step_answering(struct llmp_peer *peer) {
    int rc = llmp_frame_flush(&peer->writer, peer->socket);
    if (rc < 0) {
        return rc == -EAGAIN ? 0 : rc;
    }
    peer->client = -1;
    return leave(peer);
}

static int step_leaving(struct llmp_peer *peer) {
    uint8_t bytes[4096];
    for (size_t thrown = 0; thrown < LEAVING_READ_MAX;) {
        int64_t n = llmp_socket_read(peer->socket, bytes, sizeof bytes);
        if (n <= 0) {
            return n == -EAGAIN ? 0 : 1;
        }
        thrown += (size_t)n;
    }
    return 0;
}

static int step_state(struct llmp_peer *peer) {
    switch (peer->state) {
    case LLMP_PEER_TALKING: return step_talking(peer);
    case LLMP_PEER_ANSWERING: return step_answering(peer);
    case LLMP_PEER_LEAVING: return step_leaving(peer);
    }
    return 1;
}

/* A request, its answer and the hang-up are often there together: none should wait for another round. */
int llmp_peer_step(struct llmp_peer *peer) {
    enum llmp_peer_state before;
    int rc;
    do {
        before = peer->state;
        rc = step_state(peer);
    } while (rc == 0 && peer->state != before);
    return rc;
}

unsigned llmp_peer_wants(const struct llmp_peer *peer) {
    unsigned wants = llmp_frame_pending(&peer->writer) ? LLMP_SOCKET_WRITE : 0;
    return peer->state == LLMP_PEER_ANSWERING ? wants : wants | LLMP_SOCKET_READ;
}

/* ------------------------------------------------------------------ life */

int llmp_peer_init(struct llmp_peer *peer, llmp_broker *broker, uint32_t listener_id, llmp_socket socket) {
    *peer = (struct llmp_peer){
        .broker = broker, .listener_id = listener_id, .socket = socket, .since = llmp_os_now(), .client = -1};
    llmp_frame_reader_init(&peer->reader, LLMP_PEER_FRAME_MAX);
    llmp_frame_writer_init(&peer->writer, LLMP_PEER_FRAME_MAX);
    int rc = greet(peer);
    if (rc < 0) {
        llmp_peer_fini(peer);
    }
    return rc;
}

/* A client whose answer never left does not know that it is one: nobody else would ever take its name off the list. */
void llmp_peer_fini(struct llmp_peer *peer) {
    withdraw(peer);
    if (peer->client >= 0) {
        llmp_broker_remove_client(peer->broker, (uint32_t)peer->client);
    }
    llmp_frame_reader_fini(&peer->reader);
    llmp_frame_writer_fini(&peer->writer);
    llmp_socket_close(peer->socket);
}
