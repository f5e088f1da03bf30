/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "net/peer.h"

#include <errno.h>

#include "broker/clients.h"
#include "broker/events.h"
#include "broker/quits.h"
#include "channel/shortage.h"
#include "wire/postcard.h"

/* Bytes discarded at most in one step, so that a peer that sends without end cannot block the broker. */
#define DISCARD_MAX ((size_t)64 << 10)

/* ------------------------------------------------------------------ responses */

static int send_response(struct llmp_peer *peer, const struct llmp_response *response) {
    uint8_t bytes[LLMP_HANDSHAKE_MAX];
    int64_t length = llmp_response_encode(response, bytes, sizeof bytes);
    if (length < 0) {
        return (int)length;
    }
    return llmp_frame_put(&peer->writer, (struct llmp_span){bytes, (size_t)length});
}

/* TCP-2: the broker sends first. */
static int send_hello(struct llmp_peer *peer) {
    char hostname[LLMP_HOSTNAME_MAX + 1];
    struct llmp_response hello = {.kind = LLMP_RESPONSE_BROKER_CONNECT_HELLO};
    llmp_socket_hostname(hostname, sizeof hostname);
    hello.text = llmp_span_of_text(hostname);
    if (!llmp_post_is_utf8(hello.text)) { /* the peer would refuse the whole message */
        hello.text = llmp_span_of_text("localhost");
    }
    peer->offered_page = llmp_broker_reserve(peer->broker, &hello.desc);
    peer->reserved = true;
    return send_response(peer, &hello);
}

static void cancel_reservation(struct llmp_peer *peer) {
    if (peer->reserved) {
        llmp_broker_cancel_reservation(peer->broker);
    }
    peer->reserved = false;
}

/* Closes our half only. If the peer sent more than was read, closing both halves would reset the connection, and the
 * peer could lose the response. */
static int start_closing(struct llmp_peer *peer) {
    cancel_reservation(peer);
    llmp_socket_finish(peer->socket);
    peer->state = LLMP_PEER_CLOSING;
    peer->since = llmp_os_now();
    return 0;
}

static int refuse(struct llmp_peer *peer, int rc, const char *text) {
    struct llmp_response error = {.kind = LLMP_RESPONSE_ERROR, .text = llmp_span_of_text(text)};
    cancel_reservation(peer);
    llmp_broker_report(peer->broker, LLMP_EVENT_PEER_REFUSED, 0, rc);
    peer->state = LLMP_PEER_RESPONDING;
    return send_response(peer, &error);
}

/* ------------------------------------------------------------------ requests */

/* A shortage is no reason to refuse the client: it may end before the peer's time is over. */
static int wait_for_shortage(struct llmp_peer *peer, int rc) {
    llmp_broker_report_shortage(peer->broker, 0, rc);
    peer->shortage = rc;
    peer->state = LLMP_PEER_WAITING;
    return 0;
}

/* The client's channel is opened and checked before the response: LocalClientAccepted is sent for a usable one only. */
static int register_client(struct llmp_peer *peer) {
    int64_t id = llmp_broker_confirm(peer->broker, &peer->channel, peer->offered_page);
    if (llmp_is_shortage((int)id)) {
        return wait_for_shortage(peer, (int)id);
    }
    if (id < 0) {
        return refuse(peer, (int)id, llmp_strerror((int)id));
    }
    peer->reserved = false;
    peer->client = id;
    peer->state = LLMP_PEER_RESPONDING;
    return send_response(peer,
                         &(struct llmp_response){.kind = LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED, .id = (uint32_t)id});
}

static int on_client_hello(struct llmp_peer *peer, const struct llmp_request *request) {
    peer->channel = request->desc;
    return register_client(peer);
}

int llmp_peer_time_out(struct llmp_peer *peer) {
    if (peer->state != LLMP_PEER_WAITING) {
        return -ETIMEDOUT;
    }
    peer->since = llmp_os_now();
    return refuse(peer, peer->shortage, llmp_strerror(peer->shortage));
}

static int on_broker_hello(struct llmp_peer *peer) {
    return refuse(peer, -LLMP_E_HANDSHAKE, "this broker does not join other brokers");
}

/* TCP-3: there is no response. TCP-7: the listener's id is not a registered client's, so it cannot be removed. */
static int on_client_quit(struct llmp_peer *peer, uint32_t id) {
    int rc = llmp_broker_ask_to_quit(peer->broker, id);
    if (rc < 0) {
        llmp_broker_report(peer->broker, LLMP_EVENT_PEER_REFUSED, 0, rc);
    }
    return start_closing(peer);
}

/* After success this peer owns neither socket nor buffers: llmp_peer_fini() finds nothing to close. */
static int hand_over(struct llmp_peer *peer, const struct llmp_taker *taker, const struct llmp_request *request) {
    const struct llmp_handover connection = {
        .request = request, .socket = peer->socket, .reader = peer->reader, .writer = peer->writer};
    int rc = taker->take(taker->self, &connection);
    if (rc < 0) {
        return refuse(peer, rc, llmp_strerror(rc));
    }
    peer->socket = LLMP_SOCKET_NONE;
    llmp_frame_reader_init(&peer->reader, LLMP_PEER_FRAME_MAX);
    llmp_frame_writer_init(&peer->writer, LLMP_PEER_FRAME_MAX);
    return 1;
}

static int serve(struct llmp_peer *peer, const struct llmp_request *request) {
    switch (request->kind) {
    case LLMP_REQUEST_LOCAL_CLIENT_HELLO: return on_client_hello(peer, request);
    case LLMP_REQUEST_REMOTE_BROKER_HELLO: return on_broker_hello(peer);
    case LLMP_REQUEST_CLIENT_QUIT: return on_client_quit(peer, request->id);
    case LLMP_REQUEST_KINDS: break;
    }
    return -LLMP_E_HANDSHAKE;
}

static int on_request(struct llmp_peer *peer, struct llmp_span body) {
    struct llmp_request request;
    int rc = llmp_request_decode(body, &request);
    if (rc < 0) {
        return refuse(peer, rc, llmp_strerror(rc));
    }
    const struct llmp_taker *taker = &peer->takers->of_kind[request.kind];
    return taker->take != NULL ? hand_over(peer, taker, &request) : serve(peer, &request);
}

/* ------------------------------------------------------------------ states */

static int step_receiving(struct llmp_peer *peer) {
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

static int step_responding(struct llmp_peer *peer) {
    int rc = llmp_frame_flush(&peer->writer, peer->socket);
    if (rc < 0) {
        return rc == -EAGAIN ? 0 : rc;
    }
    peer->client = -1;
    return start_closing(peer);
}

static int step_closing(struct llmp_peer *peer) {
    uint8_t bytes[4096];
    for (size_t discarded = 0; discarded < DISCARD_MAX;) {
        int64_t n = llmp_socket_read(peer->socket, bytes, sizeof bytes);
        if (n <= 0) {
            return n == -EAGAIN ? 0 : 1;
        }
        discarded += (size_t)n;
    }
    return 0;
}

static int step_state(struct llmp_peer *peer) {
    switch (peer->state) {
    case LLMP_PEER_RECEIVING: return step_receiving(peer);
    case LLMP_PEER_WAITING: return register_client(peer);
    case LLMP_PEER_RESPONDING: return step_responding(peer);
    case LLMP_PEER_CLOSING: return step_closing(peer);
    }
    return 1;
}

/* Goes through several states in one call: the request, room for the response and the peer's close are often there at
 * the same time, and need not wait for another poll. */
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
    bool reads = peer->state == LLMP_PEER_RECEIVING || peer->state == LLMP_PEER_CLOSING;
    return reads ? wants | LLMP_SOCKET_READ : wants;
}

/* ------------------------------------------------------------------ beginning and end */

int llmp_peer_init(struct llmp_peer *peer, llmp_broker *broker, const struct llmp_takers *takers, llmp_socket socket) {
    *peer =
        (struct llmp_peer){.broker = broker, .takers = takers, .socket = socket, .since = llmp_os_now(), .client = -1};
    llmp_frame_reader_init(&peer->reader, LLMP_PEER_FRAME_MAX);
    llmp_frame_writer_init(&peer->writer, LLMP_PEER_FRAME_MAX);
    int rc = send_hello(peer);
    if (rc < 0) {
        llmp_peer_fini(peer);
    }
    return rc;
}

/* A client that was not sent its id does not know that it is registered, and would never ask to be removed. */
void llmp_peer_fini(struct llmp_peer *peer) {
    cancel_reservation(peer);
    if (peer->client >= 0) {
        (void)llmp_broker_remove_client(peer->broker, (uint32_t)peer->client);
    }
    llmp_frame_reader_fini(&peer->reader);
    llmp_frame_writer_fini(&peer->writer);
    llmp_socket_close(peer->socket);
}
