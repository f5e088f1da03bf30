/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Channels between processes, with every provider: streams, forks, and processes that are killed. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support.h"

static const char *const providers[] = {"sysv", "posix", "memfd"};
#define PROVIDERS 3

/* ---------------------------------------------------------------- streams */

static int read_stream(const char *name, const llmp_shmem_desc *desc, uint64_t count) {
    llmp_receiver *receiver = test_receiver_over(name, desc);
    uint64_t seen = 0;
    int rc = receiver != NULL ? 0 : -EIO;
    while (rc == 0) {
        llmp_message message;
        rc = llmp_recv(receiver, &message, LLMP_SECONDS(60));
        uint64_t number = UINT64_MAX;
        if (rc == 0) {
            memcpy(&number, message.payload, sizeof number);
            rc = number == seen && message.length == 8 + seen % 500 ? 0 : -EBADMSG;
            seen++;
        }
    }
    llmp_receiver_free(receiver);
    return rc == -LLMP_E_CLOSED && seen == count ? 0 : 1;
}

static void RECV_4_every_provider_delivers_in_order(void **state) {
    (void)state;
    const uint64_t count = 100000;
    for (int p = 0; p < PROVIDERS; p++) {
        llmp_sender *sender = test_sender_over(providers[p], (llmp_sender_options){.page_size = 65536, .max_pages = 8});
        llmp_shmem_desc desc = llmp_sender_describe(sender);
        pid_t child = test_fork();
        if (child == 0) {
            _exit(read_stream(providers[p], &desc, count));
        }
        static unsigned char bytes[512];
        for (uint64_t i = 0; i < count; i++) {
            memcpy(bytes, &i, sizeof i);
            assert_ok(llmp_send(sender, 1, 0, bytes, 8 + i % 500, LLMP_SECONDS(60)));
        }
        assert_ok(llmp_sender_free(sender, LLMP_SECONDS(60)));
        assert_int_equal(test_wait(child), 0);
    }
}

/* ---------------------------------------------------------------- processes that are killed */

/* One byte through a pipe, so that a process is killed in the middle of its work, and not before it began. */
static void signal_peer(int fd) {
    char byte = 1;
    if (write(fd, &byte, 1) != 1) {
        _exit(98);
    }
}

static void await_peer(int fd) {
    char byte;
    assert_int_equal(read(fd, &byte, 1), 1);
}

static void die_reading(const char *name, const llmp_shmem_desc *desc, int fd) {
    llmp_receiver *receiver = test_receiver_over(name, desc);
    llmp_message message;
    for (int i = 0; receiver != NULL && i < 1000; i++) {
        if (llmp_recv(receiver, &message, LLMP_SECONDS(60)) != 0) {
            _exit(1);
        }
    }
    signal_peer(fd);
    for (;;) {
        (void)pause();
    }
}

static void a_killed_receiver_is_an_error_within_the_timeout(void **state) {
    (void)state;
    for (int p = 0; p < PROVIDERS; p++) {
        int pipe_ends[2];
        assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
        llmp_sender *sender = test_sender_over(providers[p], (llmp_sender_options){.page_size = 4096, .max_pages = 4});
        llmp_shmem_desc desc = llmp_sender_describe(sender);
        pid_t child = test_fork();
        if (child == 0) {
            die_reading(providers[p], &desc, pipe_ends[1]);
        }
        int rc = 0;
        uint64_t sent = 0;
        for (; sent < 1000 && rc == 0; sent++) {
            rc = llmp_send(sender, 1, 0, &sent, sizeof sent, LLMP_SECONDS(60));
        }
        assert_ok(rc);
        await_peer(pipe_ends[0]);
        (void)kill(child, SIGKILL);
        assert_int_equal(test_wait(child), 1000 + SIGKILL);
        while (rc == 0) {
            rc = llmp_send(sender, 1, 0, &sent, sizeof sent, LLMP_MILLISECONDS(20));
        }
        assert_rc(rc, -ETIMEDOUT);
        assert_rc(llmp_sender_free(sender, LLMP_MILLISECONDS(20)), -ETIMEDOUT);
        (void)close(pipe_ends[0]);
        (void)close(pipe_ends[1]);
    }
}

/* The pages of a killed sender remain: a receiver that has them mapped reads them to the end. */
static void die_sending(llmp_sender *sender, int desc_fd, int go_fd) {
    llmp_shmem_desc desc = llmp_sender_describe(sender);
    if (write(desc_fd, &desc, sizeof desc) != (ssize_t)sizeof desc) {
        _exit(1);
    }
    for (uint64_t i = 0;; i++) {
        if (i == 500) {
            char byte;
            if (read(go_fd, &byte, 1) != 1) {
                _exit(1);
            }
        }
        (void)llmp_send(sender, 1, 0, &i, sizeof i, LLMP_SECONDS(60));
    }
}

static bool can_be_opened(const char *name, const llmp_shmem_desc *desc) {
    llmp_shmem *map;
    int rc = llmp_shmem_open(llmp_shmem_provider_find(name), desc, NULL, &map);
    llmp_shmem_close(map);
    return rc == 0;
}

static llmp_sender *mortal_sender(const char *name) {
    return test_sender_over(name, (llmp_sender_options){.page_size = 4096, .max_pages = 4});
}

static void read_to_the_last(llmp_receiver *receiver, pid_t sender, int go_fd) {
    llmp_message message;
    signal_peer(go_fd);
    for (int i = 0; i < 2000; i++) {
        assert_ok(llmp_recv(receiver, &message, LLMP_SECONDS(60)));
    }
    (void)kill(sender, SIGKILL);
    assert_int_equal(test_wait(sender), 1000 + SIGKILL);
    int rc;
    do {
        rc = llmp_recv(receiver, &message, LLMP_MILLISECONDS(20));
    } while (rc == 0);
    assert_true(rc == -ETIMEDOUT || rc == -LLMP_E_EOP_GONE);
}

/* The child creates its pages, except those that can only be inherited: these are created before the fork. */
static void a_killed_sender_is_an_error_and_its_segments_are_removed(void **state) {
    (void)state;
    for (int p = 0; p < PROVIDERS; p++) {
        llmp_sender *inherited = test_needs_inheritance(providers[p]) ? mortal_sender(providers[p]) : NULL;
        int descs[2];
        int go[2];
        assert_int_equal(pipe2(descs, O_CLOEXEC), 0);
        assert_int_equal(pipe2(go, O_CLOEXEC), 0);
        pid_t child = test_fork();
        if (child == 0) {
            die_sending(inherited != NULL ? inherited : mortal_sender(providers[p]), descs[1], go[0]);
        }
        llmp_shmem_desc desc;
        assert_int_equal(read(descs[0], &desc, sizeof desc), sizeof desc);
        llmp_receiver *receiver = test_receiver_over(providers[p], &desc);
        assert_non_null(receiver);
        read_to_the_last(receiver, child, go[1]);
        llmp_receiver_free(receiver);
        (void)llmp_sender_free(inherited, LLMP_NOWAIT);
        assert_false(can_be_opened(providers[p], &desc));
        for (int i = 0; i < 2; i++) {
            (void)close(descs[i]);
            (void)close(go[i]);
        }
    }
}

/* A child of the owner has a copy of the map, and is not the owner (ID-4). */
static void a_child_of_the_owner_removes_no_segment(void **state) {
    (void)state;
    for (int p = 0; p < PROVIDERS; p++) {
        llmp_sender *sender = test_sender_over(providers[p], (llmp_sender_options){.max_pages = 2});
        llmp_shmem_desc desc = llmp_sender_describe(sender);
        pid_t child = test_fork();
        if (child == 0) {
            (void)llmp_sender_free(sender, LLMP_NOWAIT);
            _exit(0);
        }
        assert_int_equal(test_wait(child), 0);
        assert_true(can_be_opened(providers[p], &desc));
        (void)llmp_sender_free(sender, LLMP_NOWAIT);
        assert_false(can_be_opened(providers[p], &desc));
    }
}

/* LLMP_WAIT_SLEEP sleeps 10 ms between two checks: an idle wait must not keep a processor busy. */
static void a_sleeping_wait_uses_almost_no_processor_time(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){0});
    llmp_receiver_options options = {.provider = llmp_shmem_provider_find("sysv"), .wait = LLMP_WAIT_SLEEP};
    llmp_shmem_desc desc = llmp_sender_describe(sender);
    llmp_receiver *receiver;
    assert_ok(llmp_receiver_new(&desc, &options, &receiver));
    struct rusage before;
    struct rusage after;
    llmp_message message;
    (void)getrusage(RUSAGE_SELF, &before);
    assert_rc(llmp_recv(receiver, &message, LLMP_MILLISECONDS(500)), -ETIMEDOUT);
    (void)getrusage(RUSAGE_SELF, &after);
    assert_true(after.ru_nvcsw - before.ru_nvcsw < 200);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(RECV_4_every_provider_delivers_in_order),
        cmocka_unit_test(a_killed_receiver_is_an_error_within_the_timeout),
        cmocka_unit_test(a_killed_sender_is_an_error_and_its_segments_are_removed),
        cmocka_unit_test(a_child_of_the_owner_removes_no_segment),
        cmocka_unit_test(a_sleeping_wait_uses_almost_no_processor_time),
    };
    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
