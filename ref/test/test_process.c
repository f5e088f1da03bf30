/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Real processes on every provider: streams, a steady state that costs nothing, and sides that are killed. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sanitizer.h"
#include "support.h"

static const char *const providers[] = {"sysv", "posix", "memfd"};
#define PROVIDERS 3

static bool is_family(const char *name) {
    return llmp_shmem_provider_scope(llmp_shmem_provider_find(name)) == LLMP_SCOPE_DESCRIPTOR;
}

/* Descriptors mean something only to children that inherited them: such channels make all their pages first. */
static llmp_sender *sender_of(const char *name, llmp_sender_options options) {
    options.provider = llmp_shmem_provider_find(name);
    options.preallocate = is_family(name);
    return test_sender(options);
}

/*
 * All of its eight pages come round in the warm-up, so that none can be new to either side later. (A window that adapts
 * ends there too, but on a loaded machine may take its time.)
 */
static llmp_sender *steady_sender(const char *name, llmp_wait wait) {
    return sender_of(name, (llmp_sender_options){.page_size = 65536, .max_pages = 8, .window = 8, .wait = wait});
}

static llmp_receiver *receiver_of(const char *name, const llmp_shmem_desc *desc) {
    llmp_receiver_options options = {.provider = llmp_shmem_provider_find(name)};
    llmp_receiver *receiver = NULL;
    (void)llmp_receiver_new(desc, &options, &receiver);
    return receiver;
}

/* ---------------------------------------------------------------- streams */

static int read_stream(const char *name, const llmp_shmem_desc *desc, uint64_t count) {
    llmp_receiver *receiver = receiver_of(name, desc);
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
        llmp_sender *sender = sender_of(providers[p], (llmp_sender_options){.page_size = 65536, .max_pages = 8});
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

/* ---------------------------------------------------------------- the steady state */

struct costs {
    long faults;
    long pages; /* resident */
    uint64_t maps;
};

static long resident(void) {
    long total = 0;
    long pages = -1;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f != NULL) {
        if (fscanf(f, "%ld %ld", &total, &pages) != 2) {
            pages = -1;
        }
        (void)fclose(f);
    }
    return pages;
}

static struct costs costs_now(uint64_t maps) {
    struct rusage usage;
    struct costs costs = {.pages = resident(), .maps = maps};
    (void)getrusage(RUSAGE_SELF, &usage);
    costs.faults = usage.ru_minflt + usage.ru_majflt;
    return costs;
}

/* The kernel counts resident pages in batches, and reading /proc faults one in; a leak would cost tens of thousands. */
static int steady(struct costs before, struct costs after) {
    bool good = after.maps == before.maps && after.faults - before.faults < 16 && after.pages - before.pages < 512;
    if (!good) {
        (void)fprintf(stderr, "# faults %ld resident pages %ld maps %ld\n", after.faults - before.faults,
                      after.pages - before.pages, (long)(after.maps - before.maps));
    }
    return good ? 0 : 1;
}

static uint64_t opened(const llmp_receiver *receiver) {
    llmp_receiver_stats stats;
    llmp_receiver_stats_get(receiver, &stats, sizeof stats);
    return stats.maps_opened;
}

static uint64_t created(const llmp_sender *sender) {
    llmp_sender_stats stats;
    llmp_sender_stats_get(sender, &stats, sizeof stats);
    return stats.pages_created;
}

static int read_steadily(const char *name, const llmp_shmem_desc *desc, uint64_t warm, uint64_t count) {
    llmp_receiver *receiver = receiver_of(name, desc);
    llmp_message message;
    struct costs before = {0};
    for (uint64_t i = 0; i < warm + count; i++) {
        if (i == warm) {
            before = costs_now(opened(receiver));
        }
        if (llmp_recv(receiver, &message, LLMP_SECONDS(60)) != 0) {
            return 2;
        }
    }
    int rc = steady(before, costs_now(opened(receiver)));
    llmp_receiver_free(receiver);
    return rc;
}

static void the_steady_state_costs_neither_memory_nor_faults(void **state) {
    (void)state;
    if (TEST_TSAN) {
        print_message("# skip: needs a build without ThreadSanitizer, whose shadow memory faults by itself\n");
        skip();
    }
    const uint64_t warm = 1000000;
    const uint64_t count = 1000000;
    for (int p = 0; p < PROVIDERS; p++) {
        llmp_sender *sender = steady_sender(providers[p], LLMP_WAIT_ADAPTIVE);
        llmp_shmem_desc desc = llmp_sender_describe(sender);
        pid_t child = test_fork();
        if (child == 0) {
            _exit(read_steadily(providers[p], &desc, warm, count));
        }
        static const char bytes[64];
        struct costs before = {0};
        for (uint64_t i = 0; i < warm + count; i++) {
            if (i == warm) {
                before = costs_now(created(sender));
            }
            assert_ok(llmp_send(sender, 1, 0, bytes, sizeof bytes, LLMP_SECONDS(60)));
        }
        assert_int_equal(steady(before, costs_now(created(sender))), 0);
        assert_int_equal(test_wait(child), 0);
        (void)llmp_sender_free(sender, LLMP_NOWAIT);
    }
}

/*
 * The kernel's word for it: after the warm-up each side asks to be killed at its next system call that does not end it.
 * Reading the clock is none. Both spin, because a wait that yields or sleeps is one.
 */
#define WARM 400000u
#define COUNT 400000u

static void forbid_system_calls(void) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sigaltstack, 0, 1), /* AddressSanitizer's, on the way to _exit() */
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL),
    };
    struct sock_fprog program = {.len = sizeof filter / sizeof filter[0], .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        _exit(77);
    }
}

static void receive_strictly(const char *name, const llmp_shmem_desc *desc) {
    llmp_receiver_options options = {.provider = llmp_shmem_provider_find(name), .wait = LLMP_WAIT_SPIN};
    llmp_receiver *receiver;
    int rc = llmp_receiver_new(desc, &options, &receiver);
    for (uint64_t i = 0; i < WARM + COUNT && rc == 0; i++) {
        llmp_message message;
        if (i == WARM) {
            forbid_system_calls();
        }
        rc = llmp_recv(receiver, &message, LLMP_SECONDS(60));
    }
    _exit(rc != 0);
}

static void send_strictly(llmp_sender *sender) {
    static const char bytes[64];
    int rc = 0;
    for (uint64_t i = 0; i < WARM + COUNT && rc == 0; i++) {
        if (i == WARM) {
            forbid_system_calls();
        }
        rc = llmp_send(sender, 1, 0, bytes, sizeof bytes, LLMP_SECONDS(60));
    }
    _exit(rc != 0);
}

static void the_steady_state_makes_no_system_call(void **state) {
    (void)state;
    for (int p = 0; p < PROVIDERS; p++) {
        llmp_sender *sender = steady_sender(providers[p], LLMP_WAIT_SPIN);
        llmp_shmem_desc desc = llmp_sender_describe(sender);
        pid_t reader = test_fork();
        if (reader == 0) {
            receive_strictly(providers[p], &desc);
        }
        pid_t writer = test_fork();
        if (writer == 0) {
            send_strictly(sender);
        }
        int wrote = test_wait(writer);
        int got = test_wait(reader);
        (void)llmp_sender_free(sender, LLMP_NOWAIT);
        if (wrote == 77 || got == 77) {
            print_message("# skip: needs a kernel with seccomp\n");
            skip();
        }
        assert_int_equal(wrote, 0);
        assert_int_equal(got, 0);
    }
}

/* ---------------------------------------------------------------- sides that are killed */

/* So that a side is killed in the middle of its work, and not before it began. */
static void tell(int fd) {
    char byte = 1;
    if (write(fd, &byte, 1) != 1) {
        _exit(98);
    }
}

static void hear(int fd) {
    char byte;
    assert_int_equal(read(fd, &byte, 1), 1);
}

static void die_reading(const char *name, const llmp_shmem_desc *desc, int fd) {
    llmp_receiver *receiver = receiver_of(name, desc);
    llmp_message message;
    for (int i = 0; receiver != NULL && i < 1000; i++) {
        if (llmp_recv(receiver, &message, LLMP_SECONDS(60)) != 0) {
            _exit(1);
        }
    }
    tell(fd);
    for (;;) {
        (void)pause();
    }
}

static void a_killed_receiver_is_an_error_within_the_deadline(void **state) {
    (void)state;
    for (int p = 0; p < PROVIDERS; p++) {
        int pipe_ends[2];
        assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
        llmp_sender *sender = sender_of(providers[p], (llmp_sender_options){.page_size = 4096, .max_pages = 4});
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
        hear(pipe_ends[0]);
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

/* A sender that was killed leaves its pages behind; whoever has them mapped reads them to the end. */
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

static bool is_there(const char *name, const llmp_shmem_desc *desc) {
    llmp_shmem *map;
    int rc = llmp_shmem_open(llmp_shmem_provider_find(name), desc, NULL, &map);
    llmp_shmem_close(map);
    return rc == 0;
}

static llmp_sender *mortal_sender(const char *name) {
    return sender_of(name, (llmp_sender_options){.page_size = 4096, .max_pages = 4});
}

static void read_to_the_last(llmp_receiver *receiver, pid_t sender, int go_fd) {
    llmp_message message;
    tell(go_fd);
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

/* The child owns its pages, but for those that can only be inherited: these are made before it is. */
static void a_killed_sender_is_an_error_and_leaves_nothing(void **state) {
    (void)state;
    for (int p = 0; p < PROVIDERS; p++) {
        llmp_sender *inherited = is_family(providers[p]) ? mortal_sender(providers[p]) : NULL;
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
        llmp_receiver *receiver = receiver_of(providers[p], &desc);
        assert_non_null(receiver);
        read_to_the_last(receiver, child, go[1]);
        llmp_receiver_free(receiver);
        (void)llmp_sender_free(inherited, LLMP_NOWAIT);
        assert_false(is_there(providers[p], &desc));
        for (int i = 0; i < 2; i++) {
            (void)close(descs[i]);
            (void)close(go[i]);
        }
    }
}

/* ID-4: a fork holds a copy of the owner, and is not the owner. */
static void a_forked_owner_copy_removes_nothing(void **state) {
    (void)state;
    for (int p = 0; p < PROVIDERS; p++) {
        llmp_sender *sender = sender_of(providers[p], (llmp_sender_options){.max_pages = 2});
        llmp_shmem_desc desc = llmp_sender_describe(sender);
        pid_t child = test_fork();
        if (child == 0) {
            (void)llmp_sender_free(sender, LLMP_NOWAIT);
            _exit(0);
        }
        assert_int_equal(test_wait(child), 0);
        assert_true(is_there(providers[p], &desc));
        (void)llmp_sender_free(sender, LLMP_NOWAIT);
        assert_false(is_there(providers[p], &desc));
    }
}

/* 10 ms between two looks: an idle wait must not keep a processor busy. */
static void sleeping_costs_next_to_nothing(void **state) {
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
        cmocka_unit_test(the_steady_state_costs_neither_memory_nor_faults),
        cmocka_unit_test(the_steady_state_makes_no_system_call),
        cmocka_unit_test(a_killed_receiver_is_an_error_within_the_deadline),
        cmocka_unit_test(a_killed_sender_is_an_error_and_leaves_nothing),
        cmocka_unit_test(a_forked_owner_copy_removes_nothing),
        cmocka_unit_test(sleeping_costs_next_to_nothing),
    };
    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
