/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A client's way to its broker (TCP-2), when there is none yet, none at all, or one that lies. */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/handshake.h"
#include "os/os.h"
#include "os/socket.h"
#include "support.h"

#define PATIENCE LLMP_SECONDS(20)

/* ------------------------------------------------------------------ ports */

/* A port that nobody else gets. Until somebody listens there too, it refuses connections. */
static int reserve_port(uint16_t *port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    *port = (uint16_t)llmp_socket_port(fd);
    return fd;
}

static int connect_code(uint16_t port, int64_t timeout_ns) {
    llmp_client_options options = {.port = port};
    llmp_client *client;
    int rc = llmp_client_connect(&options, timeout_ns, &client);
    if (rc == 0) {
        rc = llmp_client_free(client, PATIENCE);
    } else {
        assert_null(client);
    }
    return rc;
}

static void TCP_2_no_broker_within_the_deadline(void **state) {
    (void)state;
    uint16_t port;
    int fd = reserve_port(&port);
    int64_t begin = llmp_os_now();
    assert_rc(connect_code(port, LLMP_MILLISECONDS(60)), -ETIMEDOUT);
    assert_true(llmp_os_now() - begin >= LLMP_MILLISECONDS(60));
    assert_rc(connect_code(port, LLMP_NOWAIT), -EAGAIN);
    close(fd);
}

/* Connections are accepted by the system alone; nobody speaks. */
static void TCP_2_silent_broker(void **state) {
    (void)state;
    uint16_t port;
    int fd = reserve_port(&port);
    assert_int_equal(listen(fd, 5), 0);
    assert_rc(connect_code(port, LLMP_MILLISECONDS(60)), -ETIMEDOUT);
    close(fd);
}

static void TCP_2_host_that_cannot_be(void **state) {
    (void)state;
    char host[81] = {0}; /* a label of a name has 63 bytes at most, so no resolver is asked */
    memset(host, 'a', sizeof host - 1);
    llmp_client_options options = {.host = host, .port = 1};
    llmp_client *client;
    assert_rc(llmp_client_connect(&options, PATIENCE, &client), -EHOSTUNREACH);
}

/* A port as the system gives to outgoing connections: one such was just given up. */
static uint16_t outgoing_port(void) {
    uint16_t port;
    llmp_socket outgoing;
    int fd = reserve_port(&port);
    assert_int_equal(listen(fd, 1), 0);
    assert_ok(llmp_socket_connect("127.0.0.1", port, llmp_deadline_in(PATIENCE), &outgoing));
    int given = llmp_socket_port(outgoing);
    struct linger none = {.l_onoff = 1}; /* no TIME_WAIT */
    setsockopt((int)outgoing, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    llmp_socket_close(outgoing);
    close(fd);
    return (uint16_t)given;
}

/*
 * A socket that is given the very port on which it knocks is connected to itself. Linux hands the ports out one after
 * the other, so this happens once in so many tries; it must look like a refusal.
 */
static void TCP_2_own_echo_is_no_broker(void **state) {
    (void)state;
    uint16_t port = outgoing_port();
    int64_t end = llmp_os_now() + LLMP_SECONDS(5);
    for (int i = 0; i < 33000 && llmp_os_now() < end; i++) {
        llmp_socket any;
        assert_rc(llmp_socket_connect("127.0.0.1", port, llmp_deadline_in(PATIENCE), &any), -ECONNREFUSED);
    }
}

/* ------------------------------------------------------------------ a broker that comes later */

struct comer {
    uint16_t port;
    int started; /* atomic */
    int rc;
};

static void *come(void *context) {
    struct comer *comer = context;
    __atomic_store_n(&comer->started, 1, __ATOMIC_RELEASE);
    comer->rc = connect_code(comer->port, PATIENCE);
    return NULL;
}

/* exit_after ends the broker when the client came and went. Whether the client was there first is left to chance. */
static void TCP_2_client_waits_for_the_broker(void **state) {
    (void)state;
    struct comer comer = {.rc = -1};
    llmp_broker_options options = {.exit_after = 1};
    llmp_broker *broker;
    pthread_t thread;
    int fd = reserve_port(&comer.port);
    assert_int_equal(pthread_create(&thread, NULL, come, &comer), 0);
    while (!__atomic_load_n(&comer.started, __ATOMIC_ACQUIRE)) {
        llmp_os_yield();
    }
    assert_ok(llmp_broker_new(&options, &broker));
    assert_int_equal(llmp_broker_listen(broker, NULL, comer.port), comer.port);
    assert_true(llmp_broker_run(broker));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_ok(comer.rc);
    llmp_broker_free(broker, LLMP_NOWAIT);
    close(fd);
}

/* ------------------------------------------------------------------ a broker that lies */

#define HELLO                                                                                                          \
    "\0\0\0\x1d\0\x80\x80\x40"                                                                                         \
    "none\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"                                                                             \
    "\4host"

struct liar {
    int fd;
    const char *bytes;
    size_t length;
};

/* Says its bytes, and hears the client out: a close with unread bytes could take back what was said. */
static void *lie(void *context) {
    const struct liar *liar = context;
    char ignored[256];
    int fd = accept(liar->fd, NULL, NULL);
    assert_int_equal(send(fd, liar->bytes, liar->length, MSG_NOSIGNAL), (ssize_t)liar->length);
    shutdown(fd, SHUT_WR);
    while (recv(fd, ignored, sizeof ignored, 0) > 0) {
    }
    close(fd);
    return NULL;
}

static int code_from_liar(const char *bytes, size_t length) {
    uint16_t port;
    pthread_t thread;
    struct liar liar = {reserve_port(&port), bytes, length};
    assert_int_equal(listen(liar.fd, 1), 0);
    assert_int_equal(pthread_create(&thread, NULL, lie, &liar), 0);
    int rc = connect_code(port, PATIENCE);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close(liar.fd);
    return rc;
}

#define FROM_LIAR(bytes) code_from_liar(bytes, sizeof(bytes) - 1)

static void TCP_1_broker_that_frames_wrongly(void **state) {
    (void)state;
    assert_rc(FROM_LIAR(""), -EPIPE);
    assert_rc(FROM_LIAR("\0\0\0\x1d\0"), -LLMP_E_FRAME_TRUNCATED);
    assert_rc(FROM_LIAR("\xff\xff\xff\xff"), -LLMP_E_FRAME_TOO_LARGE);
    assert_rc(FROM_LIAR("HTTP/1.1 400 Bad Request\r\n\r\n"), -LLMP_E_FRAME_TOO_LARGE);
}

static void POST_7_broker_that_encodes_wrongly(void **state) {
    (void)state;
    assert_rc(FROM_LIAR("\0\0\0\1\x09"), -LLMP_E_POST_VARIANT);
    assert_rc(FROM_LIAR("\0\0\0\2\0\x80"), -LLMP_E_POST_TRUNCATED);
    assert_rc(FROM_LIAR("\0\0\0\3\3\1\xff"), -LLMP_E_POST_UTF8);
}

static void TCP_2_broker_that_errs(void **state) {
    (void)state;
    assert_rc(FROM_LIAR("\0\0\0\3\3\1x"), -LLMP_E_REFUSED);
    assert_rc(FROM_LIAR(HELLO "\0\0\0\3\3\1x"), -LLMP_E_REFUSED);
    assert_rc(FROM_LIAR("\0\0\0\2\1\1"), -LLMP_E_HANDSHAKE);
    assert_rc(FROM_LIAR(HELLO HELLO), -LLMP_E_HANDSHAKE);
    assert_rc(FROM_LIAR(HELLO), -EPIPE);
}

static void ID_3_broker_with_a_page_that_is_not_there(void **state) {
    (void)state;
    assert_rc(FROM_LIAR(HELLO "\0\0\0\2\1\1"), -LLMP_E_ID_NOT_A_NUMBER);
}

/* ------------------------------------------------------------------ a broker that changes its mind */

struct turncoat {
    int fd;
    int seen; /* what it read from the client's channel at last */
};

static void await_bytes(int fd, uint8_t *bytes, size_t length) {
    assert_int_equal(recv(fd, bytes, length, MSG_WAITALL), (ssize_t)length);
}

/* Maps the client's channel, as a broker does that accepts it, and then refuses. */
static void *change_mind(void *context) {
    struct turncoat *turncoat = context;
    uint8_t frame[64];
    struct llmp_request hello;
    llmp_receiver *receiver;
    llmp_message message;
    int fd = accept(turncoat->fd, NULL, NULL);
    assert_int_equal(send(fd, HELLO, sizeof HELLO - 1, MSG_NOSIGNAL), sizeof HELLO - 1);
    await_bytes(fd, frame, 4);
    assert_in_range(frame[3], 22, sizeof frame);
    await_bytes(fd, frame + 4, frame[3]);
    assert_ok(llmp_request_decode((struct llmp_span){frame + 4, frame[3]}, &hello));
    assert_ok(llmp_receiver_new(&hello.desc, NULL, &receiver));
    assert_int_equal(send(fd, "\0\0\0\3\3\1x", 7, MSG_NOSIGNAL), 7);
    turncoat->seen = llmp_recv(receiver, &message, PATIENCE);
    llmp_receiver_free(receiver);
    close(fd);
    return NULL;
}

/* A broker that registered a client whose handshake then failed is told by the channel. */
static void TCP_2_failed_client_ends_its_channel(void **state) {
    (void)state;
    uint16_t port;
    pthread_t thread;
    struct turncoat turncoat = {.fd = reserve_port(&port)};
    assert_int_equal(listen(turncoat.fd, 1), 0);
    assert_int_equal(pthread_create(&thread, NULL, change_mind, &turncoat), 0);
    assert_rc(connect_code(port, PATIENCE), -LLMP_E_REFUSED);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_rc(turncoat.seen, -LLMP_E_CLOSED);
    close(turncoat.fd);
}

/* ------------------------------------------------------------------ a broker that is ahead of its client */

struct runaway {
    int fd;
    llmp_sender *broadcast;
};

static void greet(int fd, const llmp_shmem_desc *broadcast) {
    uint8_t frame[4 + LLMP_HANDSHAKE_MAX] = {0};
    struct llmp_response hello = {
        .kind = LLMP_RESPONSE_BROKER_CONNECT_HELLO, .desc = *broadcast, .text = llmp_span_of_text("host")};
    int64_t length = llmp_response_encode(&hello, frame + 4, LLMP_HANDSHAKE_MAX);
    assert_in_range(length, 1, 255);
    frame[3] = (uint8_t)length;
    assert_int_equal(send(fd, frame, 4 + (size_t)length, MSG_NOSIGNAL), 4 + length);
}

/* Shows a page and is gone from it when the client comes; the second time it stays. */
static void *run_ahead(void *context) {
    const struct runaway *runaway = context;
    for (int i = 0; i < 2; i++) {
        uint8_t frame[64];
        int fd = accept(runaway->fd, NULL, NULL);
        llmp_shmem_desc shown = llmp_sender_describe(runaway->broadcast);
        greet(fd, &shown);
        await_bytes(fd, frame, 4);
        assert_in_range(frame[3], 22, sizeof frame);
        await_bytes(fd, frame, frame[3]);
        while (i == 0 && llmp_send(runaway->broadcast, 1, 0, frame, sizeof frame, LLMP_NOWAIT) == 0) {
        }
        assert_rc(i == 0 ? llmp_sender_evict_oldest(runaway->broadcast) : 0, 0);
        assert_int_equal(send(fd, "\0\0\0\2\1\1", 6, MSG_NOSIGNAL), 6);
        close(fd);
    }
    return NULL;
}

static void TCP_2_a_page_that_went_meanwhile_is_asked_for_again(void **state) {
    (void)state;
    llmp_client_options options = {0};
    llmp_client *client;
    pthread_t thread;
    struct runaway runaway = {.fd = reserve_port(&options.port),
                              .broadcast = test_sender((llmp_sender_options){.page_size = 4096, .max_pages = 2})};
    assert_int_equal(listen(runaway.fd, 2), 0);
    assert_int_equal(pthread_create(&thread, NULL, run_ahead, &runaway), 0);
    assert_ok(llmp_client_connect(&options, PATIENCE, &client));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_ok(llmp_client_free(client, LLMP_NOWAIT));
    assert_ok(llmp_sender_free(runaway.broadcast, LLMP_NOWAIT));
    close(runaway.fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(TCP_2_no_broker_within_the_deadline),
        cmocka_unit_test(TCP_2_silent_broker),
        cmocka_unit_test(TCP_2_host_that_cannot_be),
        cmocka_unit_test(TCP_2_own_echo_is_no_broker),
        cmocka_unit_test(TCP_2_client_waits_for_the_broker),
        cmocka_unit_test(TCP_1_broker_that_frames_wrongly),
        cmocka_unit_test(POST_7_broker_that_encodes_wrongly),
        cmocka_unit_test(TCP_2_broker_that_errs),
        cmocka_unit_test(TCP_2_failed_client_ends_its_channel),
        cmocka_unit_test(ID_3_broker_with_a_page_that_is_not_there),
        cmocka_unit_test(TCP_2_a_page_that_went_meanwhile_is_asked_for_again),
    };
    return cmocka_run_group_tests_name("connect", tests, NULL, NULL);
}
