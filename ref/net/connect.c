/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How a client comes to its broker by TCP (TCP-2): it has its channel ready, is told where to read, says where it
 * writes, and is given its id. Everything under one deadline, and nothing that the other side says is believed
 * unchecked.
 */
#include <errno.h>
#include <string.h>

#include "channel/sender.h"
#include "net/handshake.h"
#include "wire/frame.h"

/* Between two tries while nobody listens: short at first, as test programs start broker and client together. */
#define RETRY_FIRST_NS LLMP_MILLISECONDS(1)
#define RETRY_LAST_NS LLMP_MILLISECONDS(50)

/* No answer of a broker comes near this. */
#define FRAME_MAX ((size_t)64 << 10)

struct talk {
    llmp_socket socket;
    struct llmp_deadline deadline;
    struct llmp_frame_reader reader;
    struct llmp_frame_writer writer;
};

/* ------------------------------------------------------------------ the connection */

static int give_up(struct llmp_deadline deadline) {
    return deadline.at == LLMP_NOWAIT ? -EAGAIN : -ETIMEDOUT;
}

/* A broker that is not up yet refuses connections: nothing but time tells it from one that never comes. */
static int reach(const char *host, uint16_t port, struct llmp_deadline deadline, llmp_socket *out) {
    int64_t pause = RETRY_FIRST_NS;
    for (;;) {
        int rc = llmp_socket_connect(host, port, deadline, out);
        if (rc != -ECONNREFUSED) {
            return rc;
        }
        if (llmp_deadline_passed(deadline)) {
            return give_up(deadline);
        }
        llmp_os_sleep(llmp_deadline_left(deadline, pause));
        pause = pause < RETRY_LAST_NS / 2 ? pause * 2 : RETRY_LAST_NS;
    }
}

static int talk_init(struct talk *talk, const llmp_client_options *options, struct llmp_deadline deadline) {
    *talk = (struct talk){.deadline = deadline};
    llmp_frame_reader_init(&talk->reader, FRAME_MAX);
    llmp_frame_writer_init(&talk->writer, FRAME_MAX);
    return reach(options->host ? options->host : "127.0.0.1", options->port, deadline, &talk->socket);
}

static void talk_fini(struct talk *talk) {
    llmp_frame_reader_fini(&talk->reader);
    llmp_frame_writer_fini(&talk->writer);
    llmp_socket_close(talk->socket);
}

/* ------------------------------------------------------------------ messages */

static int hear(struct talk *talk, struct llmp_response *response) {
    struct llmp_span body;
    int rc = llmp_frame_read(&talk->reader, talk->socket, &body);
    while (rc == -EAGAIN) {
        rc = llmp_socket_wait(talk->socket, LLMP_SOCKET_READ, talk->deadline);
        if (rc < 0) {
            return rc;
        }
        rc = llmp_frame_read(&talk->reader, talk->socket, &body);
    }
    if (rc < 0) {
        return rc;
    }
    rc = llmp_response_decode(body, response);
    return rc == 0 && response->kind == LLMP_RESPONSE_ERROR ? -LLMP_E_REFUSED : rc;
}

static int hear_kind(struct talk *talk, enum llmp_response_kind kind, struct llmp_response *response) {
    int rc = hear(talk, response);
    return rc == 0 && response->kind != kind ? -LLMP_E_HANDSHAKE : rc;
}

static int say(struct talk *talk, const struct llmp_request *request) {
    uint8_t bytes[LLMP_HANDSHAKE_MAX];
    int64_t length = llmp_request_encode(request, bytes, sizeof bytes);
    if (length < 0) {
        return (int)length;
    }
    int rc = llmp_frame_put(&talk->writer, (struct llmp_span){bytes, (size_t)length});
    while (rc == 0 && llmp_frame_pending(&talk->writer)) {
        rc = llmp_frame_flush(&talk->writer, talk->socket);
        if (rc == -EAGAIN) {
            rc = llmp_socket_wait(talk->socket, LLMP_SOCKET_WRITE, talk->deadline);
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ the handshake */

/* On success the broker knows the sender, and waits for a receiver at `broadcast`. */
static int introduce(struct talk *talk, llmp_sender *sender, llmp_shmem_desc *broadcast, uint32_t *id) {
    struct llmp_request hello = {.kind = LLMP_REQUEST_LOCAL_CLIENT_HELLO, .desc = llmp_sender_describe(sender)};
    struct llmp_response greeting, answer;
    int rc = hear_kind(talk, LLMP_RESPONSE_BROKER_CONNECT_HELLO, &greeting);
    if (rc < 0) {
        return rc;
    }
    *broadcast = greeting.desc;
    rc = say(talk, &hello);
    if (rc < 0) {
        return rc;
    }
    rc = hear_kind(talk, LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED, &answer);
    if (rc == 0) {
        *id = answer.id;
    }
    return rc;
}

static int handshake(llmp_sender *sender, const llmp_client_options *options, struct llmp_deadline deadline,
                     llmp_shmem_desc *broadcast, uint32_t *id) {
    struct talk talk;
    int rc = talk_init(&talk, options, deadline);
    if (rc == 0) {
        rc = introduce(&talk, sender, broadcast, id);
    }
    talk_fini(&talk);
    return rc;
}

/*
 * The broker may have registered the channel although its answer was lost or came too late. EXITING takes the
 * registration back; a broker that never mapped the page misses nothing.
 */
static void abandon(llmp_sender *sender) {
    llmp_sender_exit(sender, LLMP_NOWAIT);
    llmp_sender_free(sender, LLMP_NOWAIT);
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
 * While a broker is busy, the page that it shows may be given up before it hears that somebody came for it. That seldom
 * happens twice: who never finds the page cannot reach that broker's memory at all.
 */
#define TRIES 8

static bool came_too_late(int rc) {
    return rc == -LLMP_E_NO_SEGMENT || rc == -LLMP_E_PAGE_RETIRED;
}

int llmp_client_connect(const llmp_client_options *options, int64_t timeout_ns, llmp_client **out) {
    struct llmp_deadline deadline = llmp_deadline_in(timeout_ns);
    *out = NULL;
    int rc = try_connect(options, deadline, out);
    for (int i = 1; i < TRIES && came_too_late(rc) && !llmp_deadline_passed(deadline); i++) {
        rc = try_connect(options, deadline, out);
    }
    return rc;
}
