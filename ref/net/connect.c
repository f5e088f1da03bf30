/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Connects a client to its broker by TCP (TCP-2): creates its channel, receives the description of the broadcast, sends
 * that of its channel, and receives its id. One deadline covers all of it. Everything that the broker sends is checked
 * before it is used.
 */
#include <errno.h>

#include "broker/client.h"
#include "channel/sender.h"
#include "net/handshake.h"
#include "wire/frame.h"

/* Pauses between two attempts while the broker does not listen yet. Short at first, because a broker and its clients
 * are often started together. */
#define RETRY_FIRST_NS LLMP_MILLISECONDS(1)
#define RETRY_MAX_NS LLMP_MILLISECONDS(50)

/* Bound on the body of a frame, far above any response. */
#define FRAME_MAX ((size_t)64 << 10)

/* Handshakes at most, when the page that the broker offered was reused before the client opened it. */
#define ATTEMPTS_MAX 8

struct connection {
    llmp_socket socket;
    struct llmp_deadline deadline;
    struct llmp_frame_reader reader;
    struct llmp_frame_writer writer;
};

/* ------------------------------------------------------------------ the connection */

static int timeout_error(struct llmp_deadline deadline) {
    return deadline.at == LLMP_NOWAIT ? -EAGAIN : -ETIMEDOUT;
}

/* A broker that does not listen yet cannot be told from one that never will: retries until the deadline. */
static int connect_with_retry(const char *host, uint16_t port, struct llmp_deadline deadline, llmp_socket *out) {
    int64_t pause = RETRY_FIRST_NS;
    for (;;) {
        int rc = llmp_socket_connect(host, port, deadline, out);
        if (rc != -ECONNREFUSED) {
            return rc;
        }
        if (llmp_deadline_passed(deadline)) {
            return timeout_error(deadline);
        }
        llmp_os_sleep(llmp_deadline_left(deadline, pause));
        pause = pause < RETRY_MAX_NS / 2 ? pause * 2 : RETRY_MAX_NS;
    }
}

/* On failure, too, connection_fini() must follow. */
static int connection_init(struct connection *connection, const llmp_client_options *options,
                           struct llmp_deadline deadline) {
    *connection = (struct connection){.socket = LLMP_SOCKET_NONE, .deadline = deadline};
    llmp_frame_reader_init(&connection->reader, FRAME_MAX);
    llmp_frame_writer_init(&connection->writer, FRAME_MAX);
    const char *host = options->host != NULL ? options->host : "127.0.0.1";
    return connect_with_retry(host, options->port, deadline, &connection->socket);
}

static void connection_fini(struct connection *connection) {
    llmp_frame_reader_fini(&connection->reader);
    llmp_frame_writer_fini(&connection->writer);
    llmp_socket_close(connection->socket);
}

/* ------------------------------------------------------------------ requests and responses */

/* -LLMP_E_REFUSED if the broker responds with Error. */
static int recv_response(struct connection *connection, struct llmp_response *response) {
    struct llmp_span body;
    int rc = llmp_frame_read(&connection->reader, connection->socket, &body);
    while (rc == -EAGAIN) {
        rc = llmp_socket_wait(connection->socket, LLMP_SOCKET_READ, connection->deadline);
        if (rc < 0) {
            return rc;
        }
        rc = llmp_frame_read(&connection->reader, connection->socket, &body);
    }
    if (rc < 0) {
        return rc;
    }
    rc = llmp_response_decode(body, response);
    return rc == 0 && response->kind == LLMP_RESPONSE_ERROR ? -LLMP_E_REFUSED : rc;
}

static int recv_response_of(struct connection *connection, enum llmp_response_kind kind,
                            struct llmp_response *response) {
    int rc = recv_response(connection, response);
    return rc == 0 && response->kind != kind ? -LLMP_E_HANDSHAKE : rc;
}

static int send_request(struct connection *connection, const struct llmp_request *request) {
    uint8_t bytes[LLMP_HANDSHAKE_MAX];
    int64_t length = llmp_request_encode(request, bytes, sizeof bytes);
    if (length < 0) {
        return (int)length;
    }
    int rc = llmp_frame_put(&connection->writer, (struct llmp_span){bytes, (size_t)length});
    while (rc == 0 && llmp_frame_pending(&connection->writer)) {
        rc = llmp_frame_flush(&connection->writer, connection->socket);
        if (rc == -EAGAIN) {
            rc = llmp_socket_wait(connection->socket, LLMP_SOCKET_WRITE, connection->deadline);
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ the handshake */

/* After success the broker has registered the sender's channel, and counts a receiver that starts at `broadcast`. */
static int exchange_hellos(struct connection *connection, llmp_sender *sender, llmp_shmem_desc *broadcast,
                           uint32_t *id) {
    struct llmp_request hello = {.kind = LLMP_REQUEST_LOCAL_CLIENT_HELLO, .desc = llmp_sender_describe(sender)};
    struct llmp_response broker_hello;
    struct llmp_response accepted;
    int rc = recv_response_of(connection, LLMP_RESPONSE_BROKER_CONNECT_HELLO, &broker_hello);
    if (rc < 0) {
        return rc;
    }
    *broadcast = broker_hello.desc;
    rc = send_request(connection, &hello);
    if (rc < 0) {
        return rc;
    }
    rc = recv_response_of(connection, LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED, &accepted);
    if (rc == 0) {
        *id = accepted.id;
    }
    return rc;
}

static int handshake(llmp_sender *sender, const llmp_client_options *options, struct llmp_deadline deadline,
                     llmp_shmem_desc *broadcast, uint32_t *id) {
    struct connection connection;
    int rc = connection_init(&connection, options, deadline);
    if (rc == 0) {
        rc = exchange_hellos(&connection, sender, broadcast, id);
    }
    connection_fini(&connection);
    return rc;
}

/* The broker may have registered the channel although its response was lost or came too late. EXITING ends that
 * registration. A broker that never mapped the page does not see it. */
static void abandon(llmp_sender *sender) {
    (void)llmp_sender_exit(sender, LLMP_NOWAIT);
    (void)llmp_sender_free(sender, LLMP_NOWAIT);
}

static int try_connect(const llmp_client_options *options, struct llmp_deadline deadline, llmp_client **out) {
    llmp_shmem_desc broadcast;
    llmp_sender *sender;
    uint32_t id;
    int rc = llmp_sender_new(&options->sender, &sender);
    if (rc < 0) {
        return rc;
    }
    rc = handshake(sender, options, deadline, &broadcast, &id);
    if (rc == 0) {
        rc = llmp_client_attach(sender, &broadcast, id, options, out);
    }
    if (rc < 0) {
        abandon(sender);
    }
    return rc;
}

/*
 * True if the offered page may have been evicted and reused before the broker received our hello: a busy broker does
 * that. It rarely happens twice. If all attempts fail like this, the client cannot open the broker's memory at all.
 */
static bool may_have_been_reused(int rc) {
    return rc == -LLMP_E_NO_SEGMENT || rc == -LLMP_E_PAGE_RETIRED;
}

int llmp_client_connect(const llmp_client_options *options, int64_t timeout_ns, llmp_client **out) {
    const llmp_client_options chosen = options != NULL ? *options : (llmp_client_options){0};
    struct llmp_deadline deadline = llmp_deadline_in(timeout_ns);
    *out = NULL;
    int rc = llmp_client_check_options(&chosen);
    if (rc != 0) {
        return rc;
    }
    rc = try_connect(&chosen, deadline, out);
    for (int i = 1; i < ATTEMPTS_MAX && may_have_been_reused(rc) && !llmp_deadline_passed(deadline); i++) {
        rc = try_connect(&chosen, deadline, out);
    }
    return rc;
}
