/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What else than a map can come over the socket: each is an error that says so, and no descriptor stays. */
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

struct ends {
    int here, there;
};

static struct ends connect_ends(int type) {
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds), 0);
    return (struct ends){fds[0], fds[1]};
}

static void close_ends(struct ends ends) {
    (void)close(ends.here);
    (void)close(ends.there);
}

/* Bytes with descriptors beside them, as any peer can send. */
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

/* That message, and nothing after it; and not a descriptor more than before. */
static void expect_message(int type, const void *bytes, size_t length, const int *fds, size_t count, int code) {
    static char nothing;
    llmp_shmem *map = (llmp_shmem *)(void *)&nothing;
    struct ends ends = connect_ends(type);
    send_raw(ends.there, bytes, length, fds, count);
    (void)close(ends.there);
    int before = shmem_count_fds();
    assert_rc(llmp_shmem_recv_fd(ends.here, NULL, &map), code);
    assert_null(map);
    assert_int_equal(shmem_count_fds(), before);
    (void)close(ends.here);
}

static void garbage_instead_of_a_map_is_refused(void **state) {
    (void)state;
    expect_message(SOCK_STREAM, "garbage!", 8, NULL, 0, -LLMP_E_FD_MESSAGE);
    expect_message(SOCK_STREAM, "much more garbage than a map", 28, NULL, 0, -LLMP_E_FD_MESSAGE);
    expect_message(SOCK_STREAM, "\0\0\0\0\0\0\0\0", 8, NULL, 0, -LLMP_E_FD_MESSAGE);
}

static void a_hang_up_within_the_message_is_refused(void **state) {
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
    (void)alarm(60); /* for the test to end when it fails */
    CHILD_REQUIRE(llmp_shmem_recv_fd(socket, NULL, &map) == -LLMP_E_FD_MESSAGE);
    return 0;
}

static void a_part_of_a_message_is_refused_while_the_peer_stays(void **state) {
    (void)state;
    struct shmem_peer peer = shmem_peer_start(receive_within_a_minute, NULL);
    assert_true(shmem_say(peer.socket, "abc", 3));
    assert_int_equal(test_wait(peer.pid), 0);
    shmem_peer_hang_up(&peer);
}

static void a_hang_up_is_EPIPE(void **state) {
    (void)state;
    struct ends ends = connect_ends(SOCK_STREAM);
    llmp_shmem *map;
    (void)close(ends.there);
    assert_rc(llmp_shmem_recv_fd(ends.here, NULL, &map), -EPIPE);
    assert_null(map);
    (void)close(ends.here);
}

static void a_socket_that_does_not_block_is_EAGAIN(void **state) {
    (void)state;
    struct ends ends = connect_ends(SOCK_STREAM | SOCK_NONBLOCK);
    llmp_shmem *map;
    assert_rc(llmp_shmem_recv_fd(ends.here, NULL, &map), -EAGAIN);
    assert_null(map);
    close_ends(ends);
}

static void more_descriptors_than_one_do_not_stay(void **state) {
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

static void a_descriptor_without_a_byte_does_not_stay(void **state) {
    (void)state;
    int fd = memfd_create("test", 0);
    expect_message(SOCK_SEQPACKET, "", 0, &fd, 1, -LLMP_E_FD_MESSAGE);
    (void)close(fd);
}

static void a_size_that_is_not_the_descriptors_is_refused(void **state) {
    (void)state;
    static const uint64_t sizes[] = {1, SIZE - 1, SIZE + 1, 2 * SIZE, LLMP_SHMEM_SIZE_MAX};
    int fd = memfd_create("test", 0);
    assert_int_equal(ftruncate(fd, (off_t)SIZE), 0);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        expect_message(SOCK_STREAM, &sizes[i], sizeof sizes[i], &fd, 1, -LLMP_E_SIZE_CLAIM);
    }
    uint64_t zero = 0, absurd = UINT64_MAX;
    expect_message(SOCK_STREAM, &zero, sizeof zero, &fd, 1, -LLMP_E_SIZE_ZERO);
    expect_message(SOCK_STREAM, &absurd, sizeof absurd, &fd, 1, -LLMP_E_SIZE_TOO_LARGE);
    (void)close(fd);
}

static void expect_kind_refused(int fd) {
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    uint64_t size = st.st_size > 0 ? (uint64_t)st.st_size : 4096;
    expect_message(SOCK_STREAM, &size, sizeof size, &fd, 1, -LLMP_E_ID_KIND);
    (void)close(fd);
}

static void a_descriptor_of_anything_else_is_refused(void **state) {
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

static int receive_without_room(int socket, void *argument) {
    struct rlimit limit = {0, 0};
    llmp_shmem *map;
    (void)argument;
    CHILD_REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHILD_REQUIRE(llmp_shmem_recv_fd(socket, NULL, &map) == -LLMP_E_FD_MESSAGE);
    CHILD_REQUIRE(map == NULL);
    return 0;
}

static void a_receiver_without_a_descriptor_to_spare_gets_an_error(void **state) {
    (void)state;
    struct shmem_peer peer = shmem_peer_start(receive_without_room, NULL);
    llmp_shmem *map = shmem_create(memfd, SIZE);
    assert_ok(llmp_shmem_send_fd(peer.socket, map));
    assert_int_equal(test_wait(peer.pid), 0);
    (void)close(peer.socket);
    llmp_shmem_close(map);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        SHMEM_ONE(garbage_instead_of_a_map_is_refused),
        SHMEM_ONE(a_hang_up_within_the_message_is_refused),
        SHMEM_ONE(a_part_of_a_message_is_refused_while_the_peer_stays),
        SHMEM_ONE(a_hang_up_is_EPIPE),
        SHMEM_ONE(a_socket_that_does_not_block_is_EAGAIN),
        SHMEM_ONE(more_descriptors_than_one_do_not_stay),
        SHMEM_ONE(a_descriptor_without_a_byte_does_not_stay),
        SHMEM_ONE(a_size_that_is_not_the_descriptors_is_refused),
        SHMEM_ONE(a_descriptor_of_anything_else_is_refused),
        SHMEM_ONE(a_receiver_without_a_descriptor_to_spare_gets_an_error),
    };
    return shmem_run("shmem_fd_hostile", NULL, 0, tests, sizeof tests / sizeof tests[0]);
}
