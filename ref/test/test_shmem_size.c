/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sizes that are out of range, sizes that a description claims, and creation without enough memory. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/os.h"
#include "sanitizer.h"
#include "shmem/prepare.h"
#include "shmem_peer.h"
#include "shmem_support.h"

#define SIZE ((size_t)70000)

/* ---------------------------------------------------------------- out of range */

/* For creating, and for opening an existing segment. */
static void expect_size_refused(const struct shmem_case *c, size_t size, int rc) {
    shmem_expect_not_created(c, size, NULL, rc);
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    desc.size = size;
    shmem_expect_refused(c, &desc, rc);
    llmp_shmem_close(map);
}

static void a_map_of_0_bytes_is_refused(const struct shmem_case *c) {
    expect_size_refused(c, 0, -LLMP_E_SIZE_ZERO);
}

static void more_than_1_TiB_is_refused(const struct shmem_case *c) {
    if (SIZE_MAX <= LLMP_SHMEM_SIZE_MAX) {
        shmem_skip("needs a 64-bit size_t");
    }
    expect_size_refused(c, SIZE_MAX, -LLMP_E_SIZE_TOO_LARGE);
    expect_size_refused(c, SIZE_MAX / 2 + 1, -LLMP_E_SIZE_TOO_LARGE);
    expect_size_refused(c, (size_t)LLMP_SHMEM_SIZE_MAX + 1, -LLMP_E_SIZE_TOO_LARGE);
}

struct too_much {
    const struct shmem_case *c;
    uint64_t size;
};

/* If the library did start to reserve, it would reach the limit and return another error, and the machine survives. */
static int create_too_much(int socket, void *argument) {
    const struct rlimit limit = {4096, 4096};
    const struct too_much *given = argument;
    llmp_shmem *map;
    (void)socket;
    CHILD_REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(given->c), (size_t)given->size, NULL, &map) == -ENOMEM);
    CHILD_REQUIRE(map == NULL);
    return 0;
}

static void expect_refused_untouched(const struct shmem_case *c, uint64_t size) {
    struct too_much much = {c, size};
    if (llmp_os_memory_size() >= LLMP_SHMEM_SIZE_MAX || size > SIZE_MAX) {
        shmem_skip("needs a machine with less memory than a map can have");
    }
    assert_int_equal(shmem_run_in_child(create_too_much, &much), 0);
}

static void more_than_the_memory_is_refused_before_reserving(const struct shmem_case *c) {
    expect_refused_untouched(c, llmp_os_memory_size() + 1);
}

static void exactly_1_TiB_is_in_range_but_more_than_the_memory(const struct shmem_case *c) {
    expect_refused_untouched(c, LLMP_SHMEM_SIZE_MAX);
}

/* ---------------------------------------------------------------- descriptions */

static void ID_7_a_description_of_more_bytes_is_refused(const struct shmem_case *c) {
    static const uint64_t more[] = {1, 4096, 1u << 30, LLMP_SHMEM_SIZE_MAX - SIZE};
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    for (size_t i = 0; i < sizeof more / sizeof more[0] && SIZE + more[i] <= SIZE_MAX; i++) {
        desc.size = (size_t)(SIZE + more[i]);
        shmem_expect_refused(c, &desc, -LLMP_E_SIZE_CLAIM);
    }
    llmp_shmem_close(map);
}

static bool is_exact(const struct shmem_case *c) {
    return c->exact;
}

static bool takes_less(const struct shmem_case *c) {
    return c->shares && !c->exact;
}

static void ID_3_a_description_of_fewer_bytes_is_refused(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    desc.size = SIZE - 1;
    shmem_expect_refused(c, &desc, -LLMP_E_SIZE_CLAIM);
    desc.size = 1;
    shmem_expect_refused(c, &desc, -LLMP_E_SIZE_CLAIM);
    llmp_shmem_close(map);
}

static void a_description_of_fewer_bytes_opens_a_smaller_map(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    shmem_fill(map, 1);
    desc.size = 5001;
    llmp_shmem *other = shmem_open(c, &desc);
    assert_int_equal(llmp_shmem_size(other), 5001);
    assert_int_equal(llmp_shmem_describe(other).size, 5001);
    assert_int_equal(shmem_wrong_bytes(other, 1), 0);
    llmp_shmem_close(other);
    llmp_shmem_close(map);
}

/* A peer may describe a segment without memory behind it, which this process must not populate. */
static void more_than_the_memory_is_not_prefaulted(void **state) {
    (void)state;
    size_t size = (size_t)1 << 20;
    void *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(data, MAP_FAILED);
    size_t claimed = (size_t)llmp_os_memory_size() + 1;
    assert_rc(llmp_shmem_prepare(data, claimed, LLMP_SHMEM_PREFAULT), -ENOMEM);
    assert_rc(llmp_shmem_prepare(data, claimed, LLMP_SHMEM_LOCK), -ENOMEM);
    assert_int_equal(shmem_pages_present(data, size), 0);
    assert_ok(llmp_shmem_prepare(data, claimed, 0));
    assert_int_equal(munmap(data, size), 0);
}

/* ---------------------------------------------------------------- memory */

static bool is_file(const struct shmem_case *c) {
    return c->fd || shmem_named(c);
}

static void memory_is_reserved_at_creation(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, (size_t)3 << 20);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    struct stat st;
    int fd = c->fd ? llmp_shmem_fd(map) : shm_open(desc.id.bytes, O_RDONLY, 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_true(st.st_blocks * 512 >= (blkcnt_t)desc.size);
    if (!c->fd) {
        (void)close(fd);
    }
    llmp_shmem_close(map);
}

static int fill_dev_shm(int socket, void *argument) {
    const llmp_shmem_provider *posix = llmp_shmem_provider_find("posix");
    llmp_shmem *map, *small;
    (void)socket;
    if (shmem_unshare(CLONE_NEWNS) != 0 || shmem_mount("tmpfs", argument) != 0) {
        return CHILD_SKIP;
    }
    CHILD_REQUIRE(llmp_shmem_create(posix, (size_t)1 << 20, NULL, &map) == -ENOSPC);
    CHILD_REQUIRE(map == NULL);
    CHILD_REQUIRE(shmem_count_entries("/dev/shm", "") == 0);
    CHILD_REQUIRE(llmp_shmem_create(posix, 4096, NULL, &small) == 0);
    CHILD_REQUIRE(shmem_nonzero_bytes(small) == 0);
    llmp_shmem_close(small);
    return 0;
}

static void a_full_dev_shm_is_ENOSPC_at_creation_and_leaves_no_name(void **state) {
    (void)state;
    shmem_check_child(shmem_run_in_child(fill_dev_shm, (void *)(uintptr_t) "size=64k"), SHMEM_NEEDS_MOUNT);
}

static int run_out_of_segments(int socket, void *argument) {
    const llmp_shmem_provider *sysv = llmp_shmem_provider_find("sysv");
    llmp_shmem *map;
    (void)socket;
    (void)argument;
    if (shmem_unshare(CLONE_NEWIPC) != 0 || !shmem_write_file("/proc/sys/kernel/shmall", "4")) {
        return CHILD_SKIP;
    }
    CHILD_REQUIRE(llmp_shmem_create(sysv, (size_t)1 << 20, NULL, &map) == -ENOSPC);
    CHILD_REQUIRE(map == NULL);
    CHILD_REQUIRE(llmp_shmem_create(sysv, 4096, NULL, &map) == 0);
    llmp_shmem_close(map);
    CHILD_REQUIRE(shmem_count_segments(getpid()) == 0);
    return 0;
}

static void too_little_memory_for_a_segment_is_ENOSPC_at_creation(void **state) {
    (void)state;
    shmem_check_child(shmem_run_in_child(run_out_of_segments, NULL), "needs root, for an IPC namespace of its own");
}

/* ---------------------------------------------------------------- limits of the process */

/* Exceeding the limit would raise SIGXFSZ, which ends the process. */
static int reach_file_size_limit(int socket, void *argument) {
    const struct rlimit limit = {65536, 65536};
    llmp_shmem *map;
    (void)socket;
    CHILD_REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(argument), 65537, NULL, &map) == -EFBIG);
    CHILD_REQUIRE(map == NULL && shmem_count_names(getpid()) == 0);
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(argument), 65536, NULL, &map) == 0);
    llmp_shmem_close(map);
    return 0;
}

static void the_limit_on_file_sizes_is_EFBIG_and_no_signal(const struct shmem_case *c) {
    assert_int_equal(shmem_run_in_child(reach_file_size_limit, (void *)(uintptr_t)c), 0);
}

static int run_out_of_descriptors(int socket, void *argument) {
    struct rlimit limit = {0, 0};
    llmp_shmem *map;
    (void)socket;
    CHILD_REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(argument), SIZE, NULL, &map) == -EMFILE);
    CHILD_REQUIRE(map == NULL);
    CHILD_REQUIRE(llmp_shmem_provider_check(shmem_provider(argument)) == -EMFILE);
    return 0;
}

static void creating_without_a_free_descriptor_is_EMFILE(const struct shmem_case *c) {
    assert_int_equal(shmem_run_in_child(run_out_of_descriptors, (void *)(uintptr_t)c), 0);
}

static rlim_t address_space_used(void) {
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    int found = f != NULL ? fscanf(f, "%lu", &pages) : 0;
    if (f != NULL) {
        (void)fclose(f);
    }
    return found == 1 ? (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) : 0;
}

static int run_out_of_addresses(int socket, void *argument) {
    const llmp_shmem_provider *provider = shmem_provider(argument);
    rlim_t max = address_space_used() + ((rlim_t)4 << 20);
    const struct rlimit limit = {max, max};
    llmp_shmem *map;
    (void)socket;
    CHILD_REQUIRE(llmp_shmem_provider_check(provider) == 0);
    int fds = shmem_count_fds();
    CHILD_REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
    CHILD_REQUIRE(llmp_shmem_create(provider, (size_t)16 << 20, NULL, &map) == -ENOMEM);
    CHILD_REQUIRE(map == NULL && shmem_count_fds() == fds);
    CHILD_REQUIRE(shmem_count_names(getpid()) == 0 && shmem_count_segments(getpid()) == 0);
    return 0;
}

static void a_map_without_a_free_address_leaves_nothing(const struct shmem_case *c) {
    if (TEST_SHADOW_MEMORY) {
        shmem_skip("needs a build whose address space can be limited: this sanitizer reserves terabytes");
    }
    assert_int_equal(shmem_run_in_child(run_out_of_addresses, (void *)(uintptr_t)c), 0);
}

/*
 * Linux before 6.19 interrupts a reservation for every signal and undoes it: one that takes longer than the interval of
 * a profiler's timer never completes. This function replaces the system's and simulates such a kernel: it fails every
 * other call, and all calls for more memory than it could reserve between two signals. After 1000 failures it returns
 * EIO, so that a test fails instead of looping.
 */
static struct {
    bool enabled;
    int calls, interrupted;
} timer;

int posix_fallocate(int fd, off_t offset, off_t length) {
    if (timer.enabled && (length > (off_t)4 << 20 || timer.calls++ % 2 == 0)) {
        return timer.interrupted++ < 1000 ? EINTR : EIO;
    }
    return fallocate(fd, 0, offset, length) == 0 ? 0 : errno;
}

static void a_timer_that_interrupts_does_not_prevent_creation(const struct shmem_case *c) {
    timer.enabled = true;
    timer.interrupted = 0;
    llmp_shmem *map;
    int rc = llmp_shmem_create(shmem_provider(c), ((size_t)16 << 20) + 1, NULL, &map);
    timer.enabled = false;
    assert_ok(rc);
    assert_true(timer.interrupted > 0);
    assert_int_equal(((const char *)llmp_shmem_data(map))[(size_t)16 << 20], 0);
    llmp_shmem_close(map);
}

int main(void) {
    static const struct shmem_test tests[] = {
        SHMEM_ALL(a_map_of_0_bytes_is_refused),
        SHMEM_ALL(more_than_1_TiB_is_refused),
        SHMEM_ALL(exactly_1_TiB_is_in_range_but_more_than_the_memory),
        SHMEM_ALL(more_than_the_memory_is_refused_before_reserving),
        SHMEM_SOME(ID_7_a_description_of_more_bytes_is_refused, shmem_shares),
        SHMEM_SOME(ID_3_a_description_of_fewer_bytes_is_refused, is_exact),
        SHMEM_SOME(a_description_of_fewer_bytes_opens_a_smaller_map, takes_less),
        SHMEM_SOME(memory_is_reserved_at_creation, is_file),
        SHMEM_SOME(the_limit_on_file_sizes_is_EFBIG_and_no_signal, is_file),
        SHMEM_SOME(creating_without_a_free_descriptor_is_EMFILE, is_file),
        SHMEM_ALL(a_map_without_a_free_address_leaves_nothing),
        SHMEM_SOME(a_timer_that_interrupts_does_not_prevent_creation, is_file),
    };
    static const struct CMUnitTest others[] = {
        SHMEM_ONE(more_than_the_memory_is_not_prefaulted),
        SHMEM_ONE(a_full_dev_shm_is_ENOSPC_at_creation_and_leaves_no_name),
        SHMEM_ONE(too_little_memory_for_a_segment_is_ENOSPC_at_creation),
    };
    return shmem_run("shmem_size", tests, sizeof tests / sizeof tests[0], others, sizeof others / sizeof others[0]);
}
