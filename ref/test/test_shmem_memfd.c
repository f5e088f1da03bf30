/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* memfd only: ids that are descriptor numbers (ID-3), seals, and inheritance by programs that exec starts. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shmem/provider.h"
#include "shmem_peer.h"
#include "shmem_support.h"

#define SIZE ((size_t)70000)

#define memfd shmem_case_of("memfd")

/* ---------------------------------------------------------------- descriptor numbers */

static void expect_fd_refused(int fd, int rc) {
    llmp_shmem_desc desc = {.size = SIZE};
    assert_true(fd >= 0);
    llmp_shmem_id_from_number(&desc.id, fd);
    shmem_expect_refused(memfd, &desc, rc);
    (void)close(fd);
}

static void ID_3_the_number_of_a_file_on_disk_is_refused(void **state) {
    (void)state;
    FILE *f = tmpfile();
    assert_non_null(f);
    int fd = dup(fileno(f));
    assert_int_equal(ftruncate(fd, (off_t)SIZE), 0);
    (void)fclose(f);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    if (fcntl(fd, F_GET_SEALS) >= 0) {
        (void)close(fd);
        shmem_skip("needs a folder for temporary files that is not a tmpfs");
    }
    expect_fd_refused(fd, -LLMP_E_ID_KIND);
}

static void ID_3_the_number_of_a_named_file_in_memory_is_refused(void **state) {
    (void)state;
    char name[LLMP_SHMEM_ID_SIZE];
    (void)snprintf(name, sizeof name, "/llmp_%d_m", (int)getpid());
    int fd = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
    assert_int_equal(ftruncate(fd, (off_t)SIZE), 0);
    expect_fd_refused(fd, -LLMP_E_ID_KIND);
    assert_int_equal(shm_unlink(name), 0);
}

static void ID_3_the_number_of_a_directory_is_refused(void **state) {
    (void)state;
    expect_fd_refused(open("/", O_RDONLY | O_DIRECTORY), -LLMP_E_ID_KIND);
    expect_fd_refused(open("/dev/shm", O_RDONLY | O_DIRECTORY), -LLMP_E_ID_KIND);
}

static void ID_3_the_number_of_a_device_is_refused(void **state) {
    (void)state;
    expect_fd_refused(open("/dev/null", O_RDWR), -LLMP_E_ID_KIND);
    expect_fd_refused(open("/dev/zero", O_RDWR), -LLMP_E_ID_KIND);
}

static void ID_3_the_number_of_a_pipe_or_socket_is_refused(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    expect_fd_refused(ends[0], -LLMP_E_ID_KIND);
    expect_fd_refused(ends[1], -LLMP_E_ID_KIND);
    expect_fd_refused(socket(AF_UNIX, SOCK_STREAM, 0), -LLMP_E_ID_KIND);
}

static void ID_3_the_number_of_a_closed_descriptor_is_NO_SEGMENT(void **state) {
    (void)state;
    int fd = dup(0);
    (void)close(fd);
    expect_fd_refused(fd, -LLMP_E_NO_SEGMENT);
}

static void ID_3_a_memfd_without_write_access_is_refused(void **state) {
    (void)state;
    char path[64];
    int fd = memfd_create("test", MFD_ALLOW_SEALING);
    assert_int_equal(ftruncate(fd, (off_t)SIZE), 0);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    expect_fd_refused(open(path, O_RDONLY), -EACCES);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
    expect_fd_refused(fd, -EPERM);
}

/* ---------------------------------------------------------------- seals */

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static void SEAL_fixes_the_size_and_permits_writing(void **state) {
    (void)state;
    llmp_shmem *map = shmem_create_flags(memfd, SIZE, LLMP_SHMEM_SEAL);
    int fd = llmp_shmem_fd(map);
    assert_int_equal(llmp_shmem_flags_of(map), LLMP_SHMEM_SEAL);
    assert_int_equal(fcntl(fd, F_GET_SEALS), SEALS);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
    shmem_fill(map, 1);
    llmp_shmem *clone;
    assert_ok(llmp_shmem_clone(map, &clone));
    assert_int_equal(shmem_wrong_bytes(clone, 1), 0);
    llmp_shmem_close(clone);
    llmp_shmem_close(map);
}

static int truncate_as_peer(int socket, void *argument) {
    int fd = llmp_shmem_fd(argument);
    (void)socket;
    CHILD_REQUIRE(ftruncate(fd, 0) == -1 && errno == EPERM);
    CHILD_REQUIRE(ftruncate(fd, 2 * (off_t)SIZE) == -1 && errno == EPERM);
    CHILD_REQUIRE(fallocate(fd, 0, 0, 2 * (off_t)SIZE) == -1 && errno == EPERM);
    return 0;
}

static void SEAL_a_peer_can_neither_truncate_nor_grow(void **state) {
    (void)state;
    llmp_shmem *map = shmem_create_flags(memfd, SIZE, LLMP_SHMEM_SEAL);
    assert_int_equal(shmem_run_in_child(truncate_as_peer, map), 0);
    assert_int_equal(shmem_nonzero_bytes(map), 0);
    llmp_shmem_close(map);
}

/* Without the flag, a map has the same seals as LibAFL's. */
static void SEAL_is_optional(void **state) {
    (void)state;
    llmp_shmem *map = shmem_create(memfd, SIZE);
    assert_int_equal(fcntl(llmp_shmem_fd(map), F_GET_SEALS), F_SEAL_SEAL);
    assert_int_equal(ftruncate(llmp_shmem_fd(map), 2 * (off_t)SIZE), 0);
    llmp_shmem_close(map);
}

static void SEAL_and_CLOEXEC_have_no_effect_elsewhere(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create_flags(c, SIZE, LLMP_SHMEM_SEAL | LLMP_SHMEM_CLOEXEC);
    assert_int_equal(llmp_shmem_flags_of(map), 0);
    llmp_shmem_close(map);
}

/* ---------------------------------------------------------------- exec */

/* Starts a program that exits with 0 if it inherited the descriptor and with 1 if not. */
static int test_fd_after_exec(int socket, void *argument) {
    char path[64];
    (void)socket;
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", llmp_shmem_fd(argument));
    (void)execlp("test", "test", "-e", path, (char *)NULL);
    return 99;
}

static void CLOEXEC_closes_the_descriptor_on_exec(void **state) {
    (void)state;
    llmp_shmem *map = shmem_create_flags(memfd, SIZE, LLMP_SHMEM_CLOEXEC);
    assert_int_equal(llmp_shmem_flags_of(map), LLMP_SHMEM_CLOEXEC);
    assert_int_equal(fcntl(llmp_shmem_fd(map), F_GETFD), FD_CLOEXEC);
    assert_int_equal(shmem_run_in_child(test_fd_after_exec, map), 1);
    llmp_shmem_close(map);
}

static void ID_3_without_CLOEXEC_the_descriptor_survives_exec(void **state) {
    (void)state;
    llmp_shmem *map = shmem_create(memfd, SIZE);
    assert_int_equal(fcntl(llmp_shmem_fd(map), F_GETFD), 0);
    assert_int_equal(shmem_run_in_child(test_fd_after_exec, map), 0);
    llmp_shmem_close(map);
}

static void SEAL_and_CLOEXEC_on_opening_have_no_effect(void **state) {
    (void)state;
    const llmp_shmem_options options = {.flags = LLMP_SHMEM_SEAL | LLMP_SHMEM_CLOEXEC};
    llmp_shmem *map = shmem_create(memfd, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    llmp_shmem *other;
    assert_ok(llmp_shmem_open(shmem_provider(memfd), &desc, &options, &other));
    assert_int_equal(llmp_shmem_flags_of(other), 0);
    assert_int_equal(fcntl(llmp_shmem_fd(map), F_GET_SEALS), F_SEAL_SEAL);
    assert_int_equal(fcntl(llmp_shmem_fd(map), F_GETFD), 0);
    assert_rc(llmp_shmem_fd(other), -LLMP_E_NO_FD); /* the descriptor belongs to the creator's map */
    llmp_shmem_close(other);
    llmp_shmem_close(map);
}

int main(void) {
    static const struct shmem_test tests[] = {
        SHMEM_SOME(SEAL_and_CLOEXEC_have_no_effect_elsewhere, shmem_without_fd),
    };
    static const struct CMUnitTest others[] = {
        SHMEM_ONE(ID_3_the_number_of_a_file_on_disk_is_refused),
        SHMEM_ONE(ID_3_the_number_of_a_named_file_in_memory_is_refused),
        SHMEM_ONE(ID_3_the_number_of_a_directory_is_refused),
        SHMEM_ONE(ID_3_the_number_of_a_device_is_refused),
        SHMEM_ONE(ID_3_the_number_of_a_pipe_or_socket_is_refused),
        SHMEM_ONE(ID_3_the_number_of_a_closed_descriptor_is_NO_SEGMENT),
        SHMEM_ONE(ID_3_a_memfd_without_write_access_is_refused),
        SHMEM_ONE(SEAL_fixes_the_size_and_permits_writing),
        SHMEM_ONE(SEAL_a_peer_can_neither_truncate_nor_grow),
        SHMEM_ONE(SEAL_is_optional),
        SHMEM_ONE(CLOEXEC_closes_the_descriptor_on_exec),
        SHMEM_ONE(ID_3_without_CLOEXEC_the_descriptor_survives_exec),
        SHMEM_ONE(SEAL_and_CLOEXEC_on_opening_have_no_effect),
    };
    return shmem_run("shmem_memfd", tests, sizeof tests / sizeof tests[0], others, sizeof others / sizeof others[0]);
}
