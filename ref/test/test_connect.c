/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* llmp_client_connect() (TCP-2): the broker does not listen yet, or never, or it violates the protocol. */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/handshake.h"
#include "os/atomic.h"
#include "os/os.h"
#include "os/socket.h"
#include "support.h"

/* Bounds calls that are expected to succeed, or to fail for another reason than time. */
#define TIMEOUT_NS LLMP_SECONDS(20)

/* ------------------------------------------------------------------ no broker */

/* Binds a port. It refuses connections until it is listened on, here or by a broker: SO_REUSEADDR lets both bind it. */
static int reserve_port(uint16_t *port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_true(fd >= 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    *port = (uint16_t)llmp_socket_port(fd);
    return fd;
}

static int connect_rc(uint16_t port, int64_t timeout_ns) {
    llmp_client_options options = {.port = port};
    llmp_client *client;
    int rc = llmp_client_connect(&options, timeout_ns, &client);
    if (rc == 0) {
        rc = llmp_client_free(client, TIMEOUT_NS);
    } else {
        assert_null(client);
    }
    return rc;
}

/* Checked before the connection is attempted: these calls would otherwise return -ETIMEDOUT. */
static void unknown_options_are_refused(void **state) {
    (void)state;
    const llmp_client_options bad[] = {
        {.reserved0 = {1}}, {.reserved = {[7] = 1}}, {.sender = {.reserved = {1}}}, {.sender = {.page_size = 1}}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        llmp_client *client;
        assert_rc(llmp_client_connect(&bad[i], LLMP_MILLISECONDS(1), &client), -EINVAL);
        assert_null(client);
    }
}

/* Port 0 refuses connections. */
static void null_options_are_the_defaults(void **state) {
    (void)state;
    llmp_client *client;
    assert_rc(llmp_client_connect(NULL, LLMP_NOWAIT, &client), -EAGAIN);
    assert_null(client);
}

static void TCP_2_no_broker_within_the_deadline(void **state) {
    (void)state;
    uint16_t port;
    int fd = reserve_port(&port);
    int64_t begin = llmp_os_now();
    assert_rc(connect_rc(port, LLMP_MILLISECONDS(60)), -ETIMEDOUT);
    assert_true(llmp_os_now() - begin >= LLMP_MILLISECONDS(60));
    assert_rc(connect_rc(port, LLMP_NOWAIT), -EAGAIN);
    (void)close(fd);
}

/* The kernel accepts the connection; no process sends a hello. */
static void TCP_2_silent_broker(void **state) {
    (void)state;
    uint16_t port;
    int fd = reserve_port(&port);
    assert_int_equal(listen(fd, 5), 0);
    assert_rc(connect_rc(port, LLMP_MILLISECONDS(60)), -ETIMEDOUT);
    (void)close(fd);
}

static void TCP_2_impossible_host_name(void **state) {
    (void)state;
    char host[81] = {0}; /* a label of a host name has at most 63 bytes, so no resolver is asked */
    memset(host, 'a', sizeof host - 1);
    llmp_client_options options = {.host = host, .port = 1};
    llmp_client *client;
    assert_rc(llmp_client_connect(&options, TIMEOUT_NS, &client), -EHOSTUNREACH);
}

/* Returns a port that the kernel gives to outgoing connections: one that was just closed. */
static uint16_t outgoing_port(void) {
    uint16_t port;
    llmp_socket outgoing;
    int fd = reserve_port(&port);
    assert_int_equal(listen(fd, 1), 0);
    assert_ok(llmp_socket_connect("127.0.0.1", port, llmp_deadline_in(TIMEOUT_NS), &outgoing));
    int given = llmp_socket_port(outgoing);
    struct linger none = {.l_onoff = 1}; /* no TIME_WAIT */
    setsockopt((int)outgoing, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    llmp_socket_close(outgoing);
    (void)close(fd);
    return (uint16_t)given;
}

/* A socket that gets the port that it connects to as its own is connected to itself. That must be a refusal. Linux
 * gives the ports out one after the other, so that it happens once in as many attempts as there are ports. */
static void TCP_2_a_socket_connected_to_itself_is_refused(void **state) {
    (void)state;
    uint16_t port = outgoing_port();
    int64_t end = llmp_os_now() + LLMP_SECONDS(5);
    for (int i = 0; i < 33000 && llmp_os_now() < end; i++) {
        llmp_socket ignored;
        assert_rc(llmp_socket_connect("127.0.0.1", port, llmp_deadline_in(TIMEOUT_NS), &ignored), -ECONNREFUSED);
    }
}

/* ------------------------------------------------------------------ a broker that starts later */

struct early_client {
    uint16_t port;
    int started; /* atomic: T1 in connect_early() pairs with T2 in the test */
    int rc;
};

static void *connect_early(void *context) {
    struct early_client *client = context;
    llmp_store_release(&client->started, 1); /* T1 */
    client->rc = connect_rc(client->port, TIMEOUT_NS);
    return NULL;
}

/* exit_after ends the broker when the client has left. The client starts first, but may connect only after the broker
 * listens. */
static void TCP_2_client_waits_for_the_broker(void **state) {
    (void)state;
    struct early_client client = {.rc = -1};
    llmp_broker_options options = {.exit_after = 1};
    llmp_broker *broker;
    pthread_t thread;
    int fd = reserve_port(&client.port);
    assert_int_equal(pthread_create(&thread, NULL, connect_early, &client), 0);
    while (llmp_load_acquire(&client.started) == 0) { /* T2 */
        llmp_os_yield();
    }
    assert_ok(llmp_broker_new(&options, &broker));
    assert_int_equal(llmp_broker_listen(broker, NULL, client.port), client.port);
    assert_true(llmp_broker_run(broker));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_ok(client.rc);
    llmp_broker_free(broker, LLMP_NOWAIT);
    (void)close(fd);
}

/* ------------------------------------------------------------------ a broker that violates the protocol */

#define HELLO                                                                                                          \
    "\0\0\0\x1d\0\x80\x80\x40"                                                                                         \
    "none\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"                                                                             \
    "\4host"

struct bad_broker {
    int fd;
    const char *bytes;
    size_t length;
};

/* Sends its bytes, and reads until the client closes: closing with unread bytes would reset the connection, and the
 * client could lose them. */
static void *run_bad_broker(void *context) {
    const struct bad_broker *broker = context;
    char ignored[256];
    int fd = accept(broker->fd, NULL, NULL);
    assert_int_equal(send(fd, broker->bytes, broker->length, MSG_NOSIGNAL), (ssize_t)broker->length);
    shutdown(fd, SHUT_WR);
    while (recv(fd, ignored, sizeof ignored, 0) > 0) {
    }
    (void)close(fd);
    return NULL;
}

static int rc_after(const char *bytes, size_t length) {
    uint16_t port;
    pthread_t thread;
    struct bad_broker broker = {reserve_port(&port), bytes, length};
    assert_int_equal(listen(broker.fd, 1), 0);
    assert_int_equal(pthread_create(&thread, NULL, run_bad_broker, &broker), 0);
    int rc = connect_rc(port, TIMEOUT_NS);
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)close(broker.fd);
    return rc;
}

/* The result of llmp_client_connect() if the broker sends these bytes. */
#define RC_AFTER(bytes) rc_after(bytes, sizeof(bytes) - 1)

static void TCP_1_malformed_frames(void **state) {
    (void)state;
    assert_rc(RC_AFTER(""), -EPIPE);
    assert_rc(RC_AFTER("\0\0\0\x1d\0"), -LLMP_E_FRAME_TRUNCATED);
    assert_rc(RC_AFTER("\xff\xff\xff\xff"), -LLMP_E_FRAME_TOO_LARGE);
    assert_rc(RC_AFTER("HTTP/1.1 400 Bad Request\r\n\r\n"), -LLMP_E_FRAME_TOO_LARGE);
}

static void POST_7_malformed_responses(void **state) {
    (void)state;
    assert_rc(RC_AFTER("\0\0\0\1\x09"), -LLMP_E_POST_VARIANT);
    assert_rc(RC_AFTER("\0\0\0\2\0\x80"), -LLMP_E_POST_TRUNCATED);
    assert_rc(RC_AFTER("\0\0\0\3\3\1\xff"), -LLMP_E_POST_UTF8);
}

static void TCP_2_unexpected_responses(void **state) {
    (void)state;
    assert_rc(RC_AFTER("\0\0\0\3\3\1x"), -LLMP_E_REFUSED);
    assert_rc(RC_AFTER(HELLO "\0\0\0\3\3\1x"), -LLMP_E_REFUSED);
    assert_rc(RC_AFTER("\0\0\0\2\1\1"), -LLMP_E_HANDSHAKE);
    assert_rc(RC_AFTER(HELLO HELLO), -LLMP_E_HANDSHAKE);
    assert_rc(RC_AFTER(HELLO), -EPIPE);
}

static void ID_3_a_broadcast_that_cannot_be_opened(void **state) {
    (void)state;
    assert_rc(RC_AFTER(HELLO "\0\0\0\2\1\1"), -LLMP_E_ID_NOT_A_NUMBER);
}

/* ------------------------------------------------------------------ a broker that maps the channel, and refuses */

struct refusing_broker {
    int fd;
    int rc; /* of the last receive from the client's channel */
};

static void recv_exactly(int fd, uint8_t *bytes, size_t length) {
    assert_int_equal(recv(fd, bytes, length, MSG_WAITALL), (ssize_t)length);
}

/* Opens the client's channel, as a broker that accepts it does, and responds with Error. */
static void *run_refusing_broker(void *context) {
    struct refusing_broker *broker = context;
    uint8_t frame[64];
    struct llmp_request hello;
    llmp_receiver *receiver;
    llmp_message message;
    int fd = accept(broker->fd, NULL, NULL);
    assert_int_equal(send(fd, HELLO, sizeof HELLO - 1, MSG_NOSIGNAL), sizeof HELLO - 1);
    recv_exactly(fd, frame, 4);
    assert_in_range(frame[3], 22, sizeof frame - 4);
    recv_exactly(fd, frame + 4, frame[3]);
    assert_ok(llmp_request_decode((struct llmp_span){frame + 4, frame[3]}, &hello));
    assert_ok(llmp_receiver_new(&hello.desc, NULL, &receiver));
    assert_int_equal(send(fd, "\0\0\0\3\3\1x", 7, MSG_NOSIGNAL), 7);
    broker->rc = llmp_recv(receiver, &message, TIMEOUT_NS);
    llmp_receiver_free(receiver);
    (void)close(fd);
    return NULL;
}

/* The broker has registered the client: EXITING on its channel ends that. */
static void TCP_2_failed_client_ends_its_channel(void **state) {
    (void)state;
    uint16_t port;
    pthread_t thread;
    struct refusing_broker broker = {.fd = reserve_port(&port)};
    assert_int_equal(listen(broker.fd, 1), 0);
    assert_int_equal(pthread_create(&thread, NULL, run_refusing_broker, &broker), 0);
    assert_rc(connect_rc(port, TIMEOUT_NS), -LLMP_E_REFUSED);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_rc(broker.rc, -LLMP_E_CLOSED);
    (void)close(broker.fd);
}

/* ------------------------------------------------------------------ a broker that reuses the offered page */

struct busy_broker {
    int fd;
    llmp_sender *broadcast;
};

static void send_hello(int fd, const llmp_shmem_desc *broadcast) {
    uint8_t frame[4 + LLMP_HANDSHAKE_MAX] = {0};
    struct llmp_response hello = {
        .kind = LLMP_RESPONSE_BROKER_CONNECT_HELLO, .desc = *broadcast, .text = llmp_span_of_text("host")};
    int64_t length = llmp_response_encode(&hello, frame + 4, LLMP_HANDSHAKE_MAX);
    assert_in_range(length, 1, 255);
    frame[3] = (uint8_t)length;
    assert_int_equal(send(fd, frame, 4 + (size_t)length, MSG_NOSIGNAL), 4 + length);
}

/* On the first connection, evicts the page that it offered before the client opens it; on the second, keeps it. */
static void *run_busy_broker(void *context) {
    const struct busy_broker *broker = context;
    for (int i = 0; i < 2; i++) {
        uint8_t frame[64];
        int fd = accept(broker->fd, NULL, NULL);
        llmp_shmem_desc offered = llmp_sender_describe(broker->broadcast);
        send_hello(fd, &offered);
        recv_exactly(fd, frame, 4);
        assert_in_range(frame[3], 22, sizeof frame - 4);
        recv_exactly(fd, frame, frame[3]);
        while (i == 0 && llmp_send(broker->broadcast, 1, 0, frame, sizeof frame, LLMP_NOWAIT) == 0) {
        }
        assert_rc(i == 0 ? llmp_sender_evict_oldest(broker->broadcast) : 0, 0);
        assert_int_equal(send(fd, "\0\0\0\2\1\1", 6, MSG_NOSIGNAL), 6);
        (void)close(fd);
    }
    return NULL;
}

static void TCP_2_the_handshake_is_repeated_for_an_evicted_page(void **state) {
    (void)state;
    llmp_client_options options = {0};
    llmp_client *client;
    pthread_t thread;
    struct busy_broker broker = {.fd = reserve_port(&options.port),
                                 .broadcast = test_sender((llmp_sender_options){.page_size = 4096, .max_pages = 2})};
    assert_int_equal(listen(broker.fd, 2), 0);
    assert_int_equal(pthread_create(&thread, NULL, run_busy_broker, &broker), 0);
    assert_ok(llmp_client_connect(&options, TIMEOUT_NS, &client));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_ok(llmp_client_free(client, LLMP_NOWAIT));
    assert_ok(llmp_sender_free(broker.broadcast, LLMP_NOWAIT));
    (void)close(broker.fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_options_are_refused),
        cmocka_unit_test(null_options_are_the_defaults),
        cmocka_unit_test(TCP_2_no_broker_within_the_deadline),
        cmocka_unit_test(TCP_2_silent_broker),
        cmocka_unit_test(TCP_2_impossible_host_name),
        cmocka_unit_test(TCP_2_a_socket_connected_to_itself_is_refused),
        cmocka_unit_test(TCP_2_client_waits_for_the_broker),
        cmocka_unit_test(TCP_1_malformed_frames),
        cmocka_unit_test(POST_7_malformed_responses),
        cmocka_unit_test(TCP_2_unexpected_responses),
        cmocka_unit_test(TCP_2_failed_client_ends_its_channel),
        cmocka_unit_test(ID_3_a_broadcast_that_cannot_be_opened),
        cmocka_unit_test(TCP_2_the_handshake_is_repeated_for_an_evicted_page),
    };
    return cmocka_run_group_tests_name("connect", tests, NULL, NULL);
}
