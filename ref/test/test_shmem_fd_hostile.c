/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Messages that are not a map: each returns an error that describes it, and its descriptors are closed. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shmem_peer.h"
#include "shmem_support.h"

#define SIZE ((size_t)70000)
#define memfd shmem_case_of("memfd")

/* Sends bytes with descriptors, as a peer can. */
static void send_raw(int socket, const void *bytes, size_t length, const int *fds, size_t count) {
    union {
        char bytes[CMSG_SPACE(16 * sizeof(int))];
        struct cmsghdr align;
    } control = {{0}};
    struct iovec body = {(void *)(uintptr_t)bytes, length};
    struct msghdr message = {.msg_iov = &body, .msg_iovlen = 1};
    if (count > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(header), fds, count * sizeof(int));
    }
    assert_int_equal(sendmsg(socket, &message, 0), (ssize_t)length);
}

/* Sends a message, hangs up, and expects `rc` and as many open descriptors as before. */
static void expect_message(int type, const void *bytes, size_t length, const int *fds, size_t count, int rc) {
    llmp_shmem *map = shmem_no_map();
    struct shmem_sockets ends = shmem_sockets_open(type);
    send_raw(ends.there, bytes, length, fds, count);
    (void)close(ends.there);
    int before = shmem_count_fds();
    assert_rc(llmp_shmem_recv_fd(ends.here, NULL, &map), rc);
    assert_null(map);
    assert_int_equal(shmem_count_fds(), before);
    (void)close(ends.here);
}

static void bytes_without_a_descriptor_are_refused(void **state) {
    (void)state;
    expect_message(SOCK_STREAM, "garbage!", 8, NULL, 0, -LLMP_E_FD_MESSAGE);
    expect_message(SOCK_STREAM, "much more garbage than a map", 28, NULL, 0, -LLMP_E_FD_MESSAGE);
    expect_message(SOCK_STREAM, "\0\0\0\0\0\0\0\0", 8, NULL, 0, -LLMP_E_FD_MESSAGE);
}

static void a_hang_up_within_a_message_is_refused(void **state) {
    (void)state;
    int fd = memfd_create("test", 0);
    expect_message(SOCK_STREAM, "abc", 3, NULL, 0, -LLMP_E_FD_MESSAGE);
    expect_message(SOCK_STREAM, "abc", 3, &fd, 1, -LLMP_E_FD_MESSAGE);
    expect_message(SOCK_STREAM, "a", 1, &fd, 1, -LLMP_E_FD_MESSAGE);
    (void)close(fd);
}

static int receive_within_a_minute(int socket, void *argument) {
    llmp_shmem *map;
    (void)argument;
    (void)alarm(60); /* ends the test if the call blocks */
    CHILD_REQUIRE(llmp_shmem_recv_fd(socket, NULL, &map) == -LLMP_E_FD_MESSAGE);
    return 0;
}

static void a_partial_message_is_refused_without_waiting_for_the_rest(void **state) {
    (void)state;
    struct shmem_peer peer = shmem_peer_start(receive_within_a_minute, NULL);
    assert_true(shmem_send(peer.socket, "abc", 3));
    assert_int_equal(test_wait(peer.pid), 0);
    shmem_peer_hang_up(&peer);
}

static void a_hang_up_is_EPIPE(void **state) {
    (void)state;
    struct shmem_sockets ends = shmem_sockets_open(SOCK_STREAM);
    llmp_shmem *map;
    (void)close(ends.there);
    assert_rc(llmp_shmem_recv_fd(ends.here, NULL, &map), -EPIPE);
    assert_null(map);
    (void)close(ends.here);
}

static void a_nonblocking_socket_without_a_message_is_EAGAIN(void **state) {
    (void)state;
    struct shmem_sockets ends = shmem_sockets_open(SOCK_STREAM | SOCK_NONBLOCK);
    llmp_shmem *map;
    assert_rc(llmp_shmem_recv_fd(ends.here, NULL, &map), -EAGAIN);
    assert_null(map);
    shmem_sockets_close(ends);
}

static void several_descriptors_are_refused_and_closed(void **state) {
    (void)state;
    uint64_t size = SIZE;
    int fds[16];
    for (size_t i = 0; i < 16; i++) {
        fds[i] = memfd_create("test", 0);
        assert_int_equal(ftruncate(fds[i], (off_t)SIZE), 0);
    }
    for (size_t count = 2; count <= 16; count++) {
        expect_message(SOCK_STREAM, &size, sizeof size, fds, count, -LLMP_E_FD_MESSAGE);
    }
    for (size_t i = 0; i < 16; i++) {
        (void)close(fds[i]);
    }
}

static void a_descriptor_without_bytes_is_refused_and_closed(void **state) {
    (void)state;
    int fd = memfd_create("test", 0);
    expect_message(SOCK_SEQPACKET, "", 0, &fd, 1, -LLMP_E_FD_MESSAGE);
    (void)close(fd);
}

static void a_size_that_differs_from_the_descriptors_is_refused(void **state) {
    (void)state;
    static const uint64_t sizes[] = {1, SIZE - 1, SIZE + 1, 2 * SIZE, LLMP_SHMEM_SIZE_MAX};
    int fd = memfd_create("test", 0);
    assert_int_equal(ftruncate(fd, (off_t)SIZE), 0);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        expect_message(SOCK_STREAM, &sizes[i], sizeof sizes[i], &fd, 1, -LLMP_E_SIZE_CLAIM);
    }
    uint64_t zero = 0, huge = UINT64_MAX;
    expect_message(SOCK_STREAM, &zero, sizeof zero, &fd, 1, -LLMP_E_SIZE_ZERO);
    expect_message(SOCK_STREAM, &huge, sizeof huge, &fd, 1, -LLMP_E_SIZE_TOO_LARGE);
    (void)close(fd);
}

static void expect_kind_refused(int fd) {
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    uint64_t size = st.st_size > 0 ? (uint64_t)st.st_size : 4096;
    expect_message(SOCK_STREAM, &size, sizeof size, &fd, 1, -LLMP_E_ID_KIND);
    (void)close(fd);
}

static void a_descriptor_of_another_kind_of_file_is_refused(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    expect_kind_refused(ends[0]);
    expect_kind_refused(ends[1]);
    expect_kind_refused(open("/dev/null", O_RDWR));
    expect_kind_refused(open("/", O_RDONLY | O_DIRECTORY));
    expect_kind_refused(open("/proc/self/exe", O_RDONLY));
    expect_kind_refused(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int receive_without_free_descriptors(int socket, void *argument) {
    struct rlimit limit = {0, 0};
    llmp_shmem *map;
    (void)argument;
    CHILD_REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHILD_REQUIRE(llmp_shmem_recv_fd(socket, NULL, &map) == -LLMP_E_FD_MESSAGE);
    CHILD_REQUIRE(map == NULL);
    return 0;
}

static void a_receiver_without_free_descriptors_gets_an_error(void **state) {
    (void)state;
    struct shmem_peer peer = shmem_peer_start(receive_without_free_descriptors, NULL);
    llmp_shmem *map = shmem_create(memfd, SIZE);
    assert_ok(llmp_shmem_send_fd(peer.socket, map));
    assert_int_equal(test_wait(peer.pid), 0);
    (void)close(peer.socket);
    llmp_shmem_close(map);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        SHMEM_ONE(bytes_without_a_descriptor_are_refused),
        SHMEM_ONE(a_hang_up_within_a_message_is_refused),
        SHMEM_ONE(a_partial_message_is_refused_without_waiting_for_the_rest),
        SHMEM_ONE(a_hang_up_is_EPIPE),
        SHMEM_ONE(a_nonblocking_socket_without_a_message_is_EAGAIN),
        SHMEM_ONE(several_descriptors_are_refused_and_closed),
        SHMEM_ONE(a_descriptor_without_bytes_is_refused_and_closed),
        SHMEM_ONE(a_size_that_differs_from_the_descriptors_is_refused),
        SHMEM_ONE(a_descriptor_of_another_kind_of_file_is_refused),
        SHMEM_ONE(a_receiver_without_free_descriptors_gets_an_error),
    };
    return shmem_run("shmem_fd_hostile", NULL, 0, tests, sizeof tests / sizeof tests[0]);
}
