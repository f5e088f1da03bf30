/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The oracle's sockets; the test holds both ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "oracle/wire.h"
#include "test/oracle_process.h"

enum { SHORT_MS = 20, LONG_MS = 5000 }; /* timeouts that must elapse, and that must not */

/* Opens a TCP connection and returns both ends. */
static void open_connection(int ends[2]) {
    uint16_t port;
    int listener = lc_tcp_listen(&port);
    assert_true(listener >= 0);
    assert_true(port > 0);
    ends[0] = lc_tcp_connect(port);
    assert_true(ends[0] >= 0);
    ends[1] = lc_accept(listener, LONG_MS);
    assert_true(ends[1] >= 0);
    (void)close(listener);
}

static void TCP_1_frames_arrive_whole(void **state) {
    (void)state;
    int ends[2];
    uint8_t seen[300];
    uint8_t body[300];
    open_connection(ends);
    memset(body, 0x5A, sizeof body);
    assert_int_equal(lc_frame_write(ends[0], body, sizeof body, LONG_MS), 0);
    assert_int_equal(lc_frame_write(ends[0], "", 0, LONG_MS), 0);
    assert_int_equal(lc_frame_read(ends[1], seen, sizeof seen, LONG_MS), 300);
    assert_memory_equal(seen, body, sizeof body);
    assert_int_equal(lc_frame_read(ends[1], seen, sizeof seen, LONG_MS), 0);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void TCP_1_the_length_is_big_endian(void **state) {
    (void)state;
    int ends[2];
    uint8_t seen[6];
    uint8_t *large = calloc(1, 0x10203);
    const uint8_t wanted[4] = {0, 1, 2, 3};
    open_connection(ends);
    assert_int_equal(lc_frame_write(ends[0], "xy", 2, LONG_MS), 0);
    assert_int_equal(lc_read(ends[1], seen, 6, LONG_MS), 0);
    assert_memory_equal(seen, "\0\0\0\2xy", 6);
    assert_int_equal(lc_frame_write(ends[0], large, 0x10203, LONG_MS), 0);
    assert_int_equal(lc_read(ends[1], seen, 4, LONG_MS), 0);
    assert_memory_equal(seen, wanted, 4);
    assert_int_equal(lc_read(ends[1], large, 0x10203, LONG_MS), 0);
    assert_int_equal(lc_write(ends[0], wanted, 4, LONG_MS), 0);
    assert_int_equal(lc_write(ends[0], large, 0x10203, LONG_MS), 0);
    assert_int_equal(lc_frame_read(ends[1], large, 0x10203, LONG_MS), 0x10203);
    free(large);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void oversized_and_truncated_frames(void **state) {
    (void)state;
    int ends[2];
    uint8_t seen[8];
    open_connection(ends);
    assert_int_equal(lc_write(ends[0], "\xFF\xFF\xFF\xFF", 4, LONG_MS), 0);
    assert_int_equal(lc_frame_read(ends[1], seen, sizeof seen, LONG_MS), -EMSGSIZE);
    assert_int_equal(lc_write(ends[0], "\0\0\0\4ab", 6, LONG_MS), 0);
    (void)close(ends[0]);
    assert_int_equal(lc_frame_read(ends[1], seen, sizeof seen, LONG_MS), -EPIPE);
    (void)close(ends[1]);
    open_connection(ends);
    assert_int_equal(lc_frame_write(ends[0], "123456789", 9, LONG_MS), 0);
    assert_int_equal(lc_frame_read(ends[1], seen, sizeof seen, LONG_MS), -EMSGSIZE);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void a_silent_peer_is_a_timeout(void **state) {
    (void)state;
    int ends[2];
    uint8_t seen[8];
    open_connection(ends);
    assert_int_equal(lc_read(ends[1], seen, 1, SHORT_MS), -ETIMEDOUT);
    assert_int_equal(lc_frame_read(ends[1], seen, sizeof seen, 0), -ETIMEDOUT);
    assert_int_equal(lc_write(ends[0], "\0\0\0\4ab", 6, LONG_MS), 0);
    assert_int_equal(lc_frame_read(ends[1], seen, sizeof seen, SHORT_MS), -ETIMEDOUT);
    assert_int_equal(lc_wait_hangup(ends[1], SHORT_MS), -ETIMEDOUT);
    (void)close(ends[0]);
    (void)close(ends[1]);
    uint16_t port;
    int listener = lc_tcp_listen(&port);
    assert_int_equal(lc_accept(listener, SHORT_MS), -ETIMEDOUT);
    (void)close(listener);
    assert_int_equal(lc_tcp_connect(port), -ECONNREFUSED);
}

/* 64 MiB are more than the socket buffers hold. */
static void a_peer_that_does_not_read_is_a_timeout(void **state) {
    (void)state;
    int ends[2];
    const size_t size = (size_t)64 << 20;
    uint8_t *bytes = calloc(1, size);
    open_connection(ends);
    assert_int_equal(lc_write(ends[0], bytes, size, SHORT_MS), -ETIMEDOUT);
    free(bytes);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void closed_connections_and_resets(void **state) {
    (void)state;
    int ends[2];
    uint8_t byte;
    open_connection(ends);
    (void)close(ends[0]);
    assert_int_equal(lc_wait_hangup(ends[1], LONG_MS), 0);
    (void)close(ends[1]);
    open_connection(ends);
    lc_close_with_reset(ends[0]);
    assert_int_equal(lc_read(ends[1], &byte, 1, LONG_MS), -ECONNRESET);
    (void)close(ends[1]);
    open_connection(ends);
    lc_close_with_reset(ends[0]);
    assert_int_equal(lc_wait_hangup(ends[1], LONG_MS), 0);
    (void)close(ends[1]);
    open_connection(ends);
    assert_int_equal(lc_write(ends[0], "x", 1, LONG_MS), 0);
    (void)close(ends[0]);
    assert_int_equal(lc_wait_hangup(ends[1], LONG_MS), -EPROTO);
    (void)close(ends[1]);
}

static void writing_to_a_closed_peer_is_an_error_without_signal(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    (void)close(ends[1]);
    assert_int_equal(lc_write(ends[0], "x", 1, LONG_MS), -EPIPE);
    (void)close(ends[0]);
}

/* ---------------------------------------------------------------- replies of the service */

static void reply(int fd, const char *text, const int *descriptors, size_t count) {
    union {
        struct cmsghdr aligned;
        char bytes[CMSG_SPACE(4 * sizeof(int))];
    } control = {.bytes = {0}};
    struct iovec place = {.iov_base = (char *)text, .iov_len = strlen(text)};
    struct msghdr header = {.msg_iov = &place, .msg_iovlen = 1};
    if (count > 0) {
        header.msg_control = control.bytes;
        header.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *part = CMSG_FIRSTHDR(&header);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(part), descriptors, count * sizeof(int));
    }
    assert_int_equal(sendmsg(fd, &header, 0), strlen(text));
}

static void SERVED_1_numbers_and_descriptors(void **state) {
    (void)state;
    int ends[2];
    int pipes[2];
    long number = -1;
    int descriptor = 77;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(pipe(pipes), 0);
    reply(ends[0], "42", NULL, 0);
    assert_int_equal(lc_service_reply(ends[1], &number, &descriptor, LONG_MS), 0);
    assert_int_equal(number, 42);
    assert_int_equal(descriptor, -1);
    reply(ends[0], "7", &pipes[1], 1);
    assert_int_equal(lc_service_reply(ends[1], &number, &descriptor, LONG_MS), 0);
    assert_int_equal(number, 7);
    assert_int_equal(write(descriptor, "!", 1), 1);
    char seen = 0;
    assert_int_equal(read(pipes[0], &seen, 1), 1);
    assert_int_equal(seen, '!');
    assert_int_equal(fcntl(descriptor, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    (void)close(descriptor);
    int before = open_descriptors();
    reply(ends[0], "8", &pipes[1], 1);
    assert_int_equal(lc_service_reply(ends[1], &number, NULL, LONG_MS), 0);
    assert_int_equal(open_descriptors(), before);
    for (int i = 0; i < 2; i++) {
        (void)close(ends[i]);
        (void)close(pipes[i]);
    }
}

static void SERVED_1_invalid_replies(void **state) {
    (void)state;
    const char *bad[] = {"x", "-", "12a", " 7", "7\n", "99999999999999999999", "\x01"};
    int ends[2];
    long number;
    int descriptor;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    int before = open_descriptors();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        reply(ends[0], bad[i], ends, 1);
        assert_int_equal(lc_service_reply(ends[1], &number, &descriptor, LONG_MS), -EPROTO);
        assert_int_equal(descriptor, -1);
    }
    reply(ends[0], "7", ends, 2);
    assert_int_equal(lc_service_reply(ends[1], &number, &descriptor, LONG_MS), -EPROTO);
    assert_int_equal(open_descriptors(), before);
    assert_int_equal(lc_service_reply(ends[1], &number, &descriptor, SHORT_MS), -ETIMEDOUT);
    (void)close(ends[0]);
    assert_int_equal(lc_service_reply(ends[1], &number, &descriptor, LONG_MS), -EPIPE);
    (void)close(ends[1]);
}

/* Exits with 0 if the oracle connects to the abstract name, and with 77 if namespaces are not permitted. */
static void connect_to_the_abstract_name(void *argument) {
    (void)argument;
    static const char path[] = "\0libafl_unix_shmem_server";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, sizeof path - 1);
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
        _exit(77);
    }
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof path - 1);
    bool good = lc_service_connect() == -ECONNREFUSED;
    good = good && bind(listener, (struct sockaddr *)&address, length) == 0 && listen(listener, 1) == 0;
    good = good && lc_service_connect() >= 0 && lc_accept(listener, LONG_MS) >= 0;
    _exit(good ? 0 : 1);
}

/* Runs in a network namespace of its own, because another process may use the name. */
static void SERVED_1_the_abstract_name(void **state) {
    (void)state;
    int status = run_in_child(connect_to_the_abstract_name, NULL);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        print_message("# skip: needs a network namespace of its own\n");
        skip();
    }
    assert_int_equal(status, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(TCP_1_frames_arrive_whole),
        cmocka_unit_test(TCP_1_the_length_is_big_endian),
        cmocka_unit_test(oversized_and_truncated_frames),
        cmocka_unit_test(a_silent_peer_is_a_timeout),
        cmocka_unit_test(a_peer_that_does_not_read_is_a_timeout),
        cmocka_unit_test(closed_connections_and_resets),
        cmocka_unit_test(writing_to_a_closed_peer_is_an_error_without_signal),
        cmocka_unit_test(SERVED_1_numbers_and_descriptors),
        cmocka_unit_test(SERVED_1_invalid_replies),
        cmocka_unit_test(SERVED_1_the_abstract_name),
    };
    return cmocka_run_group_tests_name("oracle wire", tests, NULL, NULL);
}
