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

static int create_and_send(int socket, void *argument) {
    llmp_shmem *map;
    (void)argument;
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(memfd), SIZE, NULL, &map) == 0);
    shmem_fill(map, 1);
    CHILD_REQUIRE(llmp_shmem_send_fd(socket, map) == 0);
    CHILD_REQUIRE(shmem_wait(socket));
    CHILD_REQUIRE(shmem_wrong_bytes(map, 2) == 0);
    llmp_shmem_close(map);
    return 0;
}

static void another_process_receives_a_map(void **state) {
    (void)state;
    struct shmem_peer peer = shmem_peer_start(create_and_send, NULL);
    llmp_shmem *map;
    assert_ok(llmp_shmem_recv_fd(peer.socket, NULL, &map));
    assert_int_equal(llmp_shmem_size(map), SIZE);
    assert_ptr_equal(llmp_shmem_provider_of(map), shmem_provider(memfd));
    assert_false(llmp_shmem_is_owner(map));
    assert_int_equal(shmem_wrong_bytes(map, 1), 0);
    shmem_fill(map, 2);
    assert_true(shmem_signal(peer.socket));
    assert_int_equal(shmem_peer_end(&peer), 0);
    assert_int_equal(shmem_wrong_bytes(map, 2), 0); /* its creator has exited */
    llmp_shmem_close(map);
}

/* ---------------------------------------------------------------- within one process */

static llmp_shmem *receive(int socket, unsigned flags) {
    const llmp_shmem_options options = {.flags = flags};
    llmp_shmem *map;
    assert_ok(llmp_shmem_recv_fd(socket, &options, &map));
    return map;
}

static void ID_3_the_id_is_the_number_in_the_receiver(void **state) {
    (void)state;
    struct shmem_sockets ends = shmem_sockets_open(SOCK_STREAM);
    llmp_shmem *map = shmem_create(memfd, SIZE);
    assert_ok(llmp_shmem_send_fd(ends.there, map));
    llmp_shmem *other = receive(ends.here, 0);
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
    shmem_expect_refused(memfd, &desc, -LLMP_E_NO_SEGMENT);
    shmem_sockets_close(ends);
}

static void maps_arrive_in_order_and_can_be_sent_again(void **state) {
    (void)state;
    struct shmem_sockets ends = shmem_sockets_open(SOCK_STREAM);
    for (unsigned i = 0; i < 5; i++) {
        llmp_shmem *map = shmem_create(memfd, 5000 + i);
        shmem_fill(map, i);
        assert_ok(llmp_shmem_send_fd(ends.there, map));
        llmp_shmem_close(map); /* until it is received, only the message holds the descriptor */
    }
    for (unsigned i = 0; i < 5; i++) {
        llmp_shmem *map = receive(ends.here, 0);
        assert_int_equal(llmp_shmem_size(map), 5000 + i);
        assert_ok(llmp_shmem_send_fd(ends.here, map));
        llmp_shmem_close(map);
        map = receive(ends.there, 0);
        assert_int_equal(shmem_wrong_bytes(map, i), 0);
        llmp_shmem_close(map);
    }
    shmem_sockets_close(ends);
}

static void CLOEXEC_applies_to_the_received_descriptor(void **state) {
    (void)state;
    static const unsigned flags[] = {0, LLMP_SHMEM_CLOEXEC};
    struct shmem_sockets ends = shmem_sockets_open(SOCK_STREAM);
    llmp_shmem *map = shmem_create(memfd, SIZE);
    for (size_t i = 0; i < 2; i++) {
        assert_ok(llmp_shmem_send_fd(ends.there, map));
        llmp_shmem *other = receive(ends.here, flags[i]);
        assert_int_equal(fcntl(llmp_shmem_fd(other), F_GETFD), i == 0 ? 0 : FD_CLOEXEC);
        assert_int_equal(llmp_shmem_flags_of(other), flags[i]);
        llmp_shmem_close(other);
    }
    llmp_shmem_close(map);
    shmem_sockets_close(ends);
}

static void PREFAULT_applies_to_the_received_map(void **state) {
    (void)state;
    struct shmem_sockets ends = shmem_sockets_open(SOCK_STREAM);
    llmp_shmem *map = shmem_create(memfd, 8192);
    assert_ok(llmp_shmem_send_fd(ends.there, map));
    llmp_shmem *other = receive(ends.here, LLMP_SHMEM_PREFAULT);
    assert_int_equal(llmp_shmem_flags_of(other), LLMP_SHMEM_PREFAULT);
    assert_int_equal(shmem_pages_present(llmp_shmem_data(other), 8192), 8192 / sysconf(_SC_PAGESIZE));
    llmp_shmem_close(other);
    llmp_shmem_close(map);
    shmem_sockets_close(ends);
}

static void a_received_map_keeps_its_seals(void **state) {
    (void)state;
    struct shmem_sockets ends = shmem_sockets_open(SOCK_STREAM);
    llmp_shmem *map = shmem_create_flags(memfd, SIZE, LLMP_SHMEM_SEAL);
    assert_ok(llmp_shmem_send_fd(ends.there, map));
    llmp_shmem *other = receive(ends.here, 0);
    assert_int_equal(ftruncate(llmp_shmem_fd(other), 0), -1);
    llmp_shmem_close(other);
    llmp_shmem_close(map);
    shmem_sockets_close(ends);
}

/* ---------------------------------------------------------------- errors */

static void a_map_without_a_descriptor_cannot_be_sent(const struct shmem_case *c) {
    struct shmem_sockets ends = shmem_sockets_open(SOCK_STREAM);
    llmp_shmem *map = shmem_create(c, SIZE);
    assert_rc(llmp_shmem_send_fd(ends.there, map), -LLMP_E_NO_FD);
    (void)close(ends.there);
    llmp_shmem *other;
    assert_rc(llmp_shmem_recv_fd(ends.here, NULL, &other), -EPIPE); /* nothing was sent */
    llmp_shmem_close(map);
    (void)close(ends.here);
}

static void sending_to_a_peer_that_hung_up_is_EPIPE_and_no_signal(void **state) {
    (void)state;
    struct shmem_sockets ends = shmem_sockets_open(SOCK_STREAM);
    llmp_shmem *map = shmem_create(memfd, SIZE);
    (void)close(ends.there);
    assert_rc(llmp_shmem_send_fd(ends.here, map), -EPIPE);
    (void)close(ends.here);
    llmp_shmem_close(map);
}

static void a_descriptor_that_is_not_a_socket_is_ENOTSOCK(void **state) {
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
        SHMEM_SOME(a_map_without_a_descriptor_cannot_be_sent, shmem_without_fd),
    };
    static const struct CMUnitTest others[] = {
        SHMEM_ONE(another_process_receives_a_map),
        SHMEM_ONE(ID_3_the_id_is_the_number_in_the_receiver),
        SHMEM_ONE(maps_arrive_in_order_and_can_be_sent_again),
        SHMEM_ONE(CLOEXEC_applies_to_the_received_descriptor),
        SHMEM_ONE(PREFAULT_applies_to_the_received_map),
        SHMEM_ONE(a_received_map_keeps_its_seals),
        SHMEM_ONE(sending_to_a_peer_that_hung_up_is_EPIPE_and_no_signal),
        SHMEM_ONE(a_descriptor_that_is_not_a_socket_is_ENOTSOCK),
    };
    return shmem_run("shmem_fd", tests, sizeof tests / sizeof tests[0], others, sizeof others / sizeof others[0]);
}
