/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The cost of a channel between two processes after its warm-up, with every provider. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sanitizer.h"
#include "support.h"

static const char *const providers[] = {"sysv", "posix", "memfd"};
#define PROVIDERS 3

/*
 * The warm-up uses all eight pages, so that no page is new to either side later. (With an adaptive window that may take
 * long on a loaded machine.)
 */
static llmp_sender *steady_sender(const char *name, llmp_wait wait) {
    return test_sender_over(name, (llmp_sender_options){.page_size = 65536, .max_pages = 8, .window = 8, .wait = wait});
}

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

/*
 * The kernel counts resident pages in batches, and reading /proc itself causes a page fault. A leak would cost tens of
 * thousands of pages.
 */
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
    llmp_receiver *receiver = test_receiver_over(name, desc);
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

static void the_steady_state_causes_no_page_faults_and_uses_no_memory(void **state) {
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
 * After the warm-up, the kernel kills each process at its next system call other than its exit. Reading the clock is no
 * system call. Both sides spin, because a wait that yields or sleeps is one.
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

/* The writer ends without removing its pages. The posix provider removes them when another process creates a map. */
static void remove_pages_of_writer(const char *name) {
    pid_t child = test_fork();
    if (child == 0) {
        _exit(llmp_shmem_provider_check(llmp_shmem_provider_find(name)) != 0);
    }
    assert_int_equal(test_wait(child), 0);
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
        remove_pages_of_writer(providers[p]);
        if (wrote == 77 || got == 77) {
            print_message("# skip: needs a kernel with seccomp\n");
            skip();
        }
        assert_int_equal(wrote, 0);
        assert_int_equal(got, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_steady_state_causes_no_page_faults_and_uses_no_memory),
        cmocka_unit_test(the_steady_state_makes_no_system_call),
    };
    return cmocka_run_group_tests_name("steady_state", tests, NULL, NULL);
}
