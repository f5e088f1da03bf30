/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Passing a map over a UNIX socket (SCM_RIGHTS). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shmem_peer.h"
#include "shmem_support.h"

#define SIZE ((size_t)70000)

#define memfd shmem_case_of("memfd")

/* ---------------------------------------------------------------- between processes */

static int pass_a_map(int socket, void *argument) {
    llmp_shmem *map;
    (void)argument;
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(memfd), SIZE, NULL, &map) == 0);
    shmem_fill(map, 1);
    CHILD_REQUIRE(llmp_shmem_send_fd(socket, map) == 0);
    CHILD_REQUIRE(shmem_await(socket));
    CHILD_REQUIRE(shmem_wrong_bytes(map, 2) == 0);
    llmp_shmem_close(map);
    return 0;
}

static void a_map_arrives_in_another_process(void **state) {
    (void)state;
    struct shmem_peer peer = shmem_peer_start(pass_a_map, NULL);
    llmp_shmem *map;
    assert_ok(llmp_shmem_recv_fd(peer.socket, NULL, &map));
    assert_int_equal(llmp_shmem_size(map), SIZE);
    assert_ptr_equal(llmp_shmem_provider_of(map), shmem_provider(memfd));
    assert_false(llmp_shmem_is_owner(map));
    assert_int_equal(shmem_wrong_bytes(map, 1), 0);
    shmem_fill(map, 2);
    assert_true(shmem_step(peer.socket));
    assert_int_equal(shmem_peer_end(&peer), 0);
    assert_int_equal(shmem_wrong_bytes(map, 2), 0); /* whoever made it is gone */
    llmp_shmem_close(map);
}

/* ---------------------------------------------------------------- within one: pairs of sockets */

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

static llmp_shmem *received(int socket, unsigned flags) {
    const llmp_shmem_options options = {.flags = flags};
    llmp_shmem *map;
    assert_ok(llmp_shmem_recv_fd(socket, &options, &map));
    return map;
}

static void ID_3_the_id_is_the_number_here(void **state) {
    (void)state;
    struct ends ends = connect_ends(SOCK_STREAM);
    llmp_shmem *map = shmem_create(memfd, SIZE);
    assert_ok(llmp_shmem_send_fd(ends.there, map));
    llmp_shmem *other = received(ends.here, 0);
    llmp_shmem_desc desc = llmp_shmem_describe(other);
    char number[LLMP_SHMEM_ID_SIZE];
    (void)snprintf(number, sizeof number, "%d", llmp_shmem_fd(other));
    assert_string_equal(desc.id.bytes, number);
    assert_int_not_equal(llmp_shmem_fd(other), llmp_shmem_fd(map));
    shmem_fill(map, 3);
    llmp_shmem_close(map);
    llmp_shmem *third = shmem_open(memfd, &desc);
    assert_int_equal(shmem_wrong_bytes(third, 3), 0);
    llmp_shmem_close(third);
    llmp_shmem_close(other);
    shmem_refused(memfd, &desc, -LLMP_E_NO_SEGMENT);
    close_ends(ends);
}

static void maps_arrive_in_order_and_can_be_passed_on(void **state) {
    (void)state;
    struct ends ends = connect_ends(SOCK_STREAM);
    for (unsigned i = 0; i < 5; i++) {
        llmp_shmem *map = shmem_create(memfd, 5000 + i);
        shmem_fill(map, i);
        assert_ok(llmp_shmem_send_fd(ends.there, map));
        llmp_shmem_close(map); /* on its way it has no other holder */
    }
    for (unsigned i = 0; i < 5; i++) {
        llmp_shmem *map = received(ends.here, 0);
        assert_int_equal(llmp_shmem_size(map), 5000 + i);
        assert_ok(llmp_shmem_send_fd(ends.here, map));
        llmp_shmem_close(map);
        map = received(ends.there, 0);
        assert_int_equal(shmem_wrong_bytes(map, i), 0);
        llmp_shmem_close(map);
    }
    close_ends(ends);
}

static void CLOEXEC_holds_for_the_received_descriptor(void **state) {
    (void)state;
    static const unsigned flags[] = {0, LLMP_SHMEM_CLOEXEC};
    struct ends ends = connect_ends(SOCK_STREAM);
    llmp_shmem *map = shmem_create(memfd, SIZE);
    for (size_t i = 0; i < 2; i++) {
        assert_ok(llmp_shmem_send_fd(ends.there, map));
        llmp_shmem *other = received(ends.here, flags[i]);
        assert_int_equal(fcntl(llmp_shmem_fd(other), F_GETFD), i == 0 ? 0 : FD_CLOEXEC);
        assert_int_equal(llmp_shmem_flags_of(other), flags[i]);
        llmp_shmem_close(other);
    }
    llmp_shmem_close(map);
    close_ends(ends);
}

static void PREFAULT_holds_for_the_received_map(void **state) {
    (void)state;
    struct ends ends = connect_ends(SOCK_STREAM);
    llmp_shmem *map = shmem_create(memfd, 8192);
    assert_ok(llmp_shmem_send_fd(ends.there, map));
    llmp_shmem *other = received(ends.here, LLMP_SHMEM_PREFAULT);
    assert_int_equal(llmp_shmem_flags_of(other), LLMP_SHMEM_PREFAULT);
    assert_int_equal(shmem_pages_present(llmp_shmem_data(other), 8192), 8192 / sysconf(_SC_PAGESIZE));
    llmp_shmem_close(other);
    llmp_shmem_close(map);
    close_ends(ends);
}

static void a_sealed_map_arrives(void **state) {
    (void)state;
    struct ends ends = connect_ends(SOCK_STREAM);
    llmp_shmem *map = shmem_create_flags(memfd, SIZE, LLMP_SHMEM_SEAL);
    assert_ok(llmp_shmem_send_fd(ends.there, map));
    llmp_shmem *other = received(ends.here, 0);
    assert_int_equal(ftruncate(llmp_shmem_fd(other), 0), -1);
    llmp_shmem_close(other);
    llmp_shmem_close(map);
    close_ends(ends);
}

/* ---------------------------------------------------------------- what cannot be sent */

static bool has_no_descriptor(const struct shmem_case *c) {
    return !c->fd;
}

static void a_map_without_a_descriptor_is_not_sent(const struct shmem_case *c) {
    struct ends ends = connect_ends(SOCK_STREAM);
    llmp_shmem *map = shmem_create(c, SIZE);
    assert_rc(llmp_shmem_send_fd(ends.there, map), -LLMP_E_NO_FD);
    (void)close(ends.there);
    llmp_shmem *other;
    assert_rc(llmp_shmem_recv_fd(ends.here, NULL, &other), -EPIPE); /* not a byte of it */
    llmp_shmem_close(map);
    (void)close(ends.here);
}

static void a_peer_that_hung_up_is_EPIPE_to_the_sender_and_no_signal(void **state) {
    (void)state;
    struct ends ends = connect_ends(SOCK_STREAM);
    llmp_shmem *map = shmem_create(memfd, SIZE);
    (void)close(ends.there);
    assert_rc(llmp_shmem_send_fd(ends.here, map), -EPIPE);
    (void)close(ends.here);
    llmp_shmem_close(map);
}

static void what_is_no_socket_is_ENOTSOCK(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    llmp_shmem *map = shmem_create(memfd, SIZE);
    llmp_shmem *other;
    assert_rc(llmp_shmem_send_fd(ends[1], map), -ENOTSOCK);
    assert_rc(llmp_shmem_recv_fd(ends[0], NULL, &other), -ENOTSOCK);
    assert_null(other);
    llmp_shmem_close(map);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int main(void) {
    static const struct shmem_test tests[] = {
        SHMEM_SOME(a_map_without_a_descriptor_is_not_sent, has_no_descriptor),
    };
    static const struct CMUnitTest others[] = {
        SHMEM_ONE(a_map_arrives_in_another_process),
        SHMEM_ONE(ID_3_the_id_is_the_number_here),
        SHMEM_ONE(maps_arrive_in_order_and_can_be_passed_on),
        SHMEM_ONE(CLOEXEC_holds_for_the_received_descriptor),
        SHMEM_ONE(PREFAULT_holds_for_the_received_map),
        SHMEM_ONE(a_sealed_map_arrives),
        SHMEM_ONE(a_peer_that_hung_up_is_EPIPE_to_the_sender_and_no_signal),
        SHMEM_ONE(what_is_no_socket_is_ENOTSOCK),
    };
    return shmem_run("shmem_fd", tests, sizeof tests / sizeof tests[0], others, sizeof others / sizeof others[0]);
}
