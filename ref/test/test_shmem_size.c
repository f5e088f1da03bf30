/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sizes that cannot be, sizes that are claimed, and memory that there is not. */
#include <dirent.h>
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
#include "shmem/prepare.h"
#include "shmem_peer.h"
#include "shmem_support.h"

#define SIZE ((size_t)70000)

/* ---------------------------------------------------------------- impossible ones */

static void not_created(const struct shmem_case *c, size_t size, int code) {
    static char nothing;
    llmp_shmem *map = (llmp_shmem *)(void *)&nothing;
    assert_rc(llmp_shmem_create(shmem_provider(c), size, NULL, &map), code);
    assert_null(map);
}

/* Creating and opening, where the segment behind the description exists. */
static void size_is_refused(const struct shmem_case *c, size_t size, int code) {
    not_created(c, size, code);
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    desc.size = size;
    shmem_refused(c, &desc, code);
    llmp_shmem_close(map);
}

static void a_map_of_0_bytes_is_refused(const struct shmem_case *c) {
    size_is_refused(c, 0, -LLMP_E_SIZE_ZERO);
}

static void more_than_1_TiB_is_absurd(const struct shmem_case *c) {
    if (SIZE_MAX <= LLMP_SHMEM_SIZE_MAX) {
        shmem_skip("needs sizes of 64 bits");
    }
    size_is_refused(c, SIZE_MAX, -LLMP_E_SIZE_TOO_LARGE);
    size_is_refused(c, SIZE_MAX / 2 + 1, -LLMP_E_SIZE_TOO_LARGE);
    size_is_refused(c, (size_t)LLMP_SHMEM_SIZE_MAX + 1, -LLMP_E_SIZE_TOO_LARGE);
}

struct too_much {
    const struct shmem_case *c;
    uint64_t size;
};

/* The limit is met first by whoever begins to reserve: it gives another error, and keeps this machine alive. */
static int create_too_much(int socket, void *argument) {
    const struct rlimit limit = {4096, 4096};
    const struct too_much *much = argument;
    llmp_shmem *map;
    (void)socket;
    CHILD_REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(much->c), (size_t)much->size, NULL, &map) == -ENOMEM);
    CHILD_REQUIRE(map == NULL);
    return 0;
}

static void expect_too_much(const struct shmem_case *c, uint64_t size) {
    struct too_much much = {c, size};
    if (llmp_os_memory_size() >= LLMP_SHMEM_SIZE_MAX || size > SIZE_MAX) {
        shmem_skip("needs a machine with less memory than a map can have");
    }
    assert_int_equal(shmem_in_child(create_too_much, &much), 0);
}

static void more_than_memory_is_refused_before_any_is_touched(const struct shmem_case *c) {
    expect_too_much(c, llmp_os_memory_size() + 1);
}

static void exactly_1_TiB_is_not_absurd_but_more_than_there_is(const struct shmem_case *c) {
    expect_too_much(c, LLMP_SHMEM_SIZE_MAX);
}

/* ---------------------------------------------------------------- claims */

static void a_claim_of_more_is_refused(const struct shmem_case *c) {
    static const uint64_t more[] = {1, 4096, 1u << 30, LLMP_SHMEM_SIZE_MAX - SIZE};
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    for (size_t i = 0; i < sizeof more / sizeof more[0] && SIZE + more[i] <= SIZE_MAX; i++) {
        desc.size = (size_t)(SIZE + more[i]);
        shmem_refused(c, &desc, -LLMP_E_SIZE_CLAIM);
    }
    llmp_shmem_close(map);
}

static bool is_exact(const struct shmem_case *c) {
    return c->exact;
}

static bool takes_less(const struct shmem_case *c) {
    return c->shares && !c->exact;
}

static void ID_3_a_claim_of_less_is_refused(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    desc.size = SIZE - 1;
    shmem_refused(c, &desc, -LLMP_E_SIZE_CLAIM);
    desc.size = 1;
    shmem_refused(c, &desc, -LLMP_E_SIZE_CLAIM);
    llmp_shmem_close(map);
}

static void a_claim_of_less_is_a_smaller_map(const struct shmem_case *c) {
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

/* Size without memory behind it is the peer's to give, and not ours to fill. It would not fit. */
static void more_than_memory_is_not_prefaulted(void **state) {
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

/* ---------------------------------------------------------------- space */

static bool is_file(const struct shmem_case *c) {
    return c->fd || shmem_named(c);
}

static void space_is_reserved_at_creation(const struct shmem_case *c) {
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

static int count_entries(const char *path) {
    DIR *directory = opendir(path);
    int count = 0;
    while (directory != NULL && readdir(directory) != NULL) {
        count++;
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
    return count - 2;
}

static int fill_up_dev_shm(int socket, void *argument) {
    const llmp_shmem_provider *posix = llmp_shmem_provider_find("posix");
    llmp_shmem *map, *small;
    (void)socket;
    if (shmem_unshare(CLONE_NEWNS) != 0 || shmem_mount("tmpfs", argument) != 0) {
        return CHILD_SKIP;
    }
    CHILD_REQUIRE(llmp_shmem_create(posix, (size_t)1 << 20, NULL, &map) == -ENOSPC);
    CHILD_REQUIRE(map == NULL);
    CHILD_REQUIRE(count_entries("/dev/shm") == 0);
    CHILD_REQUIRE(llmp_shmem_create(posix, 4096, NULL, &small) == 0);
    CHILD_REQUIRE(shmem_nonzero_bytes(small) == 0);
    llmp_shmem_close(small);
    return 0;
}

static void a_full_dev_shm_is_ENOSPC_at_creation_and_leaves_no_name(void **state) {
    (void)state;
    shmem_child_passed(shmem_in_child(fill_up_dev_shm, (void *)(uintptr_t) "size=64k"), SHMEM_NEEDS_MOUNT);
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

static void no_room_for_a_segment_is_ENOSPC_at_creation(void **state) {
    (void)state;
    shmem_child_passed(shmem_in_child(run_out_of_segments, NULL), "needs root, for an IPC name space of its own");
}

/* ---------------------------------------------------------------- limits of the process */

/* The kernel's answer is SIGXFSZ, which would end the process. */
static int meet_file_size_limit(int socket, void *argument) {
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

static void a_limit_on_file_sizes_is_an_error_and_no_signal(const struct shmem_case *c) {
    assert_int_equal(shmem_in_child(meet_file_size_limit, (void *)(uintptr_t)c), 0);
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

static void without_a_descriptor_to_spare_creation_is_EMFILE(const struct shmem_case *c) {
    assert_int_equal(shmem_in_child(run_out_of_descriptors, (void *)(uintptr_t)c), 0);
}

static rlim_t used_addresses(void) {
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
    rlim_t max = used_addresses() + ((rlim_t)4 << 20);
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

static void a_map_that_finds_no_address_leaves_nothing(const struct shmem_case *c) {
    if (SHMEM_SHADOWED) {
        shmem_skip("needs a build whose addresses can be limited: this sanitizer takes terabytes of them");
    }
    assert_int_equal(shmem_in_child(run_out_of_addresses, (void *)(uintptr_t)c), 0);
}

/*
 * Linux before 6.19 interrupts a reservation for every signal and undoes it, so that one which takes longer than a
 * profiler's clock never ends. This stands between library and system, and can be such a system: one that is
 * interrupted in every other call, and in all that want more than it can do between two signals. It gives up in the end.
 */
static struct {
    bool strikes;
    int calls, interrupted;
} clock_of;

int posix_fallocate(int fd, off_t offset, off_t length) {
    if (clock_of.strikes && (length > (off_t)4 << 20 || clock_of.calls++ % 2 == 0)) {
        return clock_of.interrupted++ < 1000 ? EINTR : EIO;
    }
    return fallocate(fd, 0, offset, length) == 0 ? 0 : errno;
}

static void a_timer_that_interrupts_does_not_keep_a_map_from_being_made(const struct shmem_case *c) {
    clock_of.strikes = true;
    clock_of.interrupted = 0;
    llmp_shmem *map;
    int rc = llmp_shmem_create(shmem_provider(c), ((size_t)16 << 20) + 1, NULL, &map);
    clock_of.strikes = false;
    assert_ok(rc);
    assert_true(clock_of.interrupted > 0);
    assert_int_equal(((const char *)llmp_shmem_data(map))[(size_t)16 << 20], 0);
    llmp_shmem_close(map);
}

int main(void) {
    static const struct shmem_test tests[] = {
        SHMEM_ALL(a_map_of_0_bytes_is_refused),
        SHMEM_ALL(more_than_1_TiB_is_absurd),
        SHMEM_ALL(exactly_1_TiB_is_not_absurd_but_more_than_there_is),
        SHMEM_ALL(more_than_memory_is_refused_before_any_is_touched),
        SHMEM_SOME(a_claim_of_more_is_refused, shmem_shares),
        SHMEM_SOME(ID_3_a_claim_of_less_is_refused, is_exact),
        SHMEM_SOME(a_claim_of_less_is_a_smaller_map, takes_less),
        SHMEM_SOME(space_is_reserved_at_creation, is_file),
        SHMEM_SOME(a_limit_on_file_sizes_is_an_error_and_no_signal, is_file),
        SHMEM_SOME(without_a_descriptor_to_spare_creation_is_EMFILE, is_file),
        SHMEM_ALL(a_map_that_finds_no_address_leaves_nothing),
        SHMEM_SOME(a_timer_that_interrupts_does_not_keep_a_map_from_being_made, is_file),
    };
    static const struct CMUnitTest others[] = {
        SHMEM_ONE(more_than_memory_is_not_prefaulted),
        SHMEM_ONE(a_full_dev_shm_is_ENOSPC_at_creation_and_leaves_no_name),
        SHMEM_ONE(no_room_for_a_segment_is_ENOSPC_at_creation),
    };
    return shmem_run("shmem_size", tests, sizeof tests / sizeof tests[0], others, sizeof others / sizeof others[0]);
}
