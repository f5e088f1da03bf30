/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Options of a map: prefault, lock, huge pages, as the kernel reports their effect; and options that are refused. */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sanitizer.h"
#include "shmem/prepare.h"
#include "shmem_peer.h"
#include "shmem_support.h"

#define KIB 512
#define SIZE ((size_t)KIB << 10)
#define PAGES ((long)SIZE / sysconf(_SC_PAGESIZE))

static long present(const llmp_shmem *map) {
    return shmem_pages_present(llmp_shmem_data(map), llmp_shmem_size(map));
}

/* ---------------------------------------------------------------- PREFAULT */

static void PREFAULT_maps_every_page_before_its_first_access(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create_flags(c, SIZE, LLMP_SHMEM_PREFAULT);
    assert_int_equal(present(map), PAGES);
    assert_int_equal(llmp_shmem_flags_of(map), LLMP_SHMEM_PREFAULT);
    assert_int_equal(shmem_nonzero_bytes(map), 0);
    llmp_shmem_close(map);
}

static void without_PREFAULT_no_page_is_mapped(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    assert_int_equal(present(map), 0);
    llmp_shmem_close(map);
}

static void PREFAULT_on_opening_keeps_the_content(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    shmem_fill(map, 1);
    llmp_shmem *other = shmem_open_flags(c, &desc, LLMP_SHMEM_PREFAULT);
    assert_int_equal(present(other), PAGES);
    assert_int_equal(llmp_shmem_flags_of(other), LLMP_SHMEM_PREFAULT);
    assert_int_equal(shmem_wrong_bytes(c->shares ? other : map, 1), 0);
    llmp_shmem_close(other);
    llmp_shmem_close(map);
}

/* ---------------------------------------------------------------- LOCK */

static long locked_kib(void) {
    return shmem_proc_field("/proc/self/status", "VmLck:");
}

static void need_mlock(void) {
    if (TEST_SHADOW_MEMORY) {
        shmem_skip("needs a build in which mlock() locks: this sanitizer replaces it");
    }
}

static void need_locks(void) {
    struct rlimit limit;
    need_mlock();
    if (geteuid() != 0 && (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur < 2 * SIZE)) {
        shmem_skip("needs root, or a larger limit on locked memory (ulimit -l)");
    }
}

static void LOCK_holds_the_map_in_memory_until_it_is_closed(const struct shmem_case *c) {
    need_locks();
    long before = locked_kib();
    llmp_shmem *map = shmem_create_flags(c, SIZE, LLMP_SHMEM_LOCK);
    assert_int_equal(llmp_shmem_flags_of(map), LLMP_SHMEM_LOCK);
    assert_int_equal(locked_kib(), before + KIB);
    assert_int_equal(present(map), PAGES);
    llmp_shmem_close(map);
    assert_int_equal(locked_kib(), before);
}

static void LOCK_on_opening_locks_that_mapping(const struct shmem_case *c) {
    need_locks();
    long before = locked_kib();
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    llmp_shmem *other = shmem_open_flags(c, &desc, LLMP_SHMEM_LOCK | LLMP_SHMEM_PREFAULT);
    assert_int_equal(llmp_shmem_flags_of(other), LLMP_SHMEM_LOCK | LLMP_SHMEM_PREFAULT);
    assert_int_equal(locked_kib(), before + KIB);
    llmp_shmem_close(other);
    assert_int_equal(locked_kib(), before);
    llmp_shmem_close(map);
}

/* Root may lock any amount. Without this capability the limit applies to it, too. */
static bool drop_lock_capability(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    if (syscall(SYS_capget, &header, data) != 0) {
        return false;
    }
    data[CAP_TO_INDEX(CAP_IPC_LOCK)].effective &= ~CAP_TO_MASK(CAP_IPC_LOCK);
    return syscall(SYS_capset, &header, data) == 0;
}

struct lock_limit {
    const struct shmem_case *c;
    rlim_t bytes;
    int rc; /* expected */
};

static int lock_beyond_limit(int socket, void *argument) {
    const struct lock_limit *given = argument;
    const struct rlimit limit = {given->bytes, given->bytes};
    const llmp_shmem_options options = {.flags = LLMP_SHMEM_LOCK};
    const llmp_shmem_provider *provider = shmem_provider(given->c);
    llmp_shmem *map;
    (void)socket;
    CHILD_REQUIRE(llmp_shmem_provider_check(provider) == 0);
    CHILD_REQUIRE(drop_lock_capability() && setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
    int fds = shmem_count_fds();
    CHILD_REQUIRE(llmp_shmem_create(provider, SIZE, &options, &map) == given->rc);
    CHILD_REQUIRE(map == NULL && shmem_count_fds() == fds && locked_kib() == 0);
    CHILD_REQUIRE(shmem_count_names(getpid()) == 0 && shmem_count_segments(getpid()) == 0);
    return 0;
}

static void LOCK_beyond_the_limit_is_ENOMEM_and_leaves_nothing(const struct shmem_case *c) {
    need_mlock();
    struct lock_limit limit = {c, 65536, -ENOMEM};
    assert_int_equal(shmem_run_in_child(lock_beyond_limit, &limit), 0);
}

static void LOCK_with_a_limit_of_zero_is_EPERM_and_leaves_nothing(const struct shmem_case *c) {
    need_mlock();
    struct lock_limit limit = {c, 0, -EPERM};
    assert_int_equal(shmem_run_in_child(lock_beyond_limit, &limit), 0);
}

/* ---------------------------------------------------------------- HUGE_PAGES */

struct warnings {
    int count;
    char text[128];
};

static void note_warning(void *context, const char *text) {
    struct warnings *warnings = context;
    warnings->count++;
    (void)snprintf(warnings->text, sizeof warnings->text, "%s", text);
}

static llmp_shmem_options warning_options(struct warnings *warnings, uint32_t flags) {
    return (llmp_shmem_options){.flags = flags, .on_warning = note_warning, .warning_context = warnings};
}

static long free_huge_pages(void) {
    return shmem_proc_field("/proc/meminfo", "HugePages_Free:");
}

static bool has_huge_pages(const struct shmem_case *c) {
    return c->number;
}

static void expect_ordinary_pages(const struct shmem_case *c) {
    struct warnings warnings = {0};
    const llmp_shmem_options options = warning_options(&warnings, LLMP_SHMEM_HUGE_PAGES | LLMP_SHMEM_PREFAULT);
    llmp_shmem *map;
    assert_ok(llmp_shmem_create(shmem_provider(c), SIZE + 1, &options, &map));
    assert_int_equal(warnings.count, 1);
    assert_memory_equal(warnings.text, c->name, strlen(c->name));
    assert_int_equal(llmp_shmem_flags_of(map), LLMP_SHMEM_PREFAULT);
    assert_int_equal(llmp_shmem_size(map), SIZE + 1);
    assert_int_equal(shmem_smaps_kib(llmp_shmem_data(map), "KernelPageSize"), sysconf(_SC_PAGESIZE) / 1024);
    shmem_fill(map, 1);
    assert_int_equal(shmem_wrong_bytes(map, 1), 0);
    llmp_shmem_close(map);
}

static void HUGE_PAGES_without_any_gives_a_warning_and_ordinary_pages(const struct shmem_case *c) {
    if (has_huge_pages(c) && free_huge_pages() > 0) {
        shmem_skip("needs a machine without free huge pages (sysctl vm.nr_hugepages=0)");
    }
    expect_ordinary_pages(c);
}

static void HUGE_PAGES_without_a_warning_callback(const struct shmem_case *c) {
    llmp_shmem_close(shmem_create_flags(c, 1, LLMP_SHMEM_HUGE_PAGES));
}

static void HUGE_PAGES_are_used_if_the_system_has_them(const struct shmem_case *c) {
    if (free_huge_pages() < 3) {
        shmem_skip("needs 3 free huge pages (sysctl vm.nr_hugepages=3)");
    }
    struct warnings warnings = {0};
    const llmp_shmem_options options = warning_options(&warnings, LLMP_SHMEM_HUGE_PAGES);
    size_t huge = llmp_shmem_huge_page_size();
    llmp_shmem *map;
    assert_ok(llmp_shmem_create(shmem_provider(c), huge + 1, &options, &map));
    assert_int_equal(warnings.count, 0);
    assert_int_equal(llmp_shmem_flags_of(map), LLMP_SHMEM_HUGE_PAGES);
    assert_int_equal(llmp_shmem_size(map), 2 * huge);
    assert_int_equal(shmem_smaps_kib(llmp_shmem_data(map), "KernelPageSize"), huge / 1024);
    shmem_fill(map, 1);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    assert_int_equal(desc.size, 2 * huge);
    llmp_shmem *other = shmem_open(c, &desc);
    assert_int_equal(shmem_wrong_bytes(other, 1), 0);
    llmp_shmem_close(other);
    llmp_shmem_close(map);
    shmem_expect_refused(c, &desc, -LLMP_E_NO_SEGMENT);
}

static void HUGE_PAGES_on_opening_have_no_effect(const struct shmem_case *c) {
    struct warnings warnings = {0};
    const llmp_shmem_options options = warning_options(&warnings, LLMP_SHMEM_HUGE_PAGES);
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    llmp_shmem *other;
    assert_ok(llmp_shmem_open(shmem_provider(c), &desc, &options, &other));
    assert_int_equal(warnings.count, 0);
    assert_int_equal(llmp_shmem_flags_of(other), 0);
    llmp_shmem_close(other);
    llmp_shmem_close(map);
}

/* ---------------------------------------------------------------- all flags */

static void a_clone_does_not_inherit_the_flags(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create_flags(c, SIZE, LLMP_SHMEM_PREFAULT);
    llmp_shmem *clone;
    assert_ok(llmp_shmem_clone(map, &clone));
    assert_int_equal(llmp_shmem_flags_of(clone), 0);
    assert_int_equal(present(clone), 0);
    llmp_shmem_close(clone);
    llmp_shmem_close(map);
}

/* ---------------------------------------------------------------- unknown options */

/* A byte of reserved0 or reserved: `i` counts through both. */
static char *reserved_byte(llmp_shmem_options *options, size_t i) {
    size_t first = sizeof options->reserved0;
    return i < first ? (char *)&options->reserved0 + i : (char *)options->reserved + (i - first);
}
#define RESERVED_BYTES (sizeof((llmp_shmem_options *)0)->reserved0 + sizeof((llmp_shmem_options *)0)->reserved)

static void expect_option_refused(const struct shmem_case *c, const llmp_shmem_desc *desc,
                                  const llmp_shmem_options *options) {
    llmp_shmem *map = shmem_no_map();
    shmem_expect_not_created(c, SIZE, options, -EINVAL);
    assert_rc(llmp_shmem_open(shmem_provider(c), desc, options, &map), -EINVAL);
    assert_null(map);
    map = shmem_no_map();
    assert_rc(llmp_shmem_recv_fd(-1, options, &map), -EINVAL); /* and not -EBADF: the socket is not read */
    assert_null(map);
}

static void a_set_reserved_byte_is_EINVAL(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    for (size_t i = 0; i < RESERVED_BYTES; i++) {
        llmp_shmem_options options = {.flags = LLMP_SHMEM_PREFAULT};
        *reserved_byte(&options, i) = 1;
        expect_option_refused(c, &desc, &options);
    }
    llmp_shmem_close(map);
}

static void an_unknown_flag_is_EINVAL(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    for (uint32_t flag = 1u << 31; flag > (uint32_t)LLMP_SHMEM_CLOEXEC; flag >>= 1) {
        const llmp_shmem_options options = {.flags = flag | LLMP_SHMEM_PREFAULT};
        expect_option_refused(c, &desc, &options);
    }
    llmp_shmem_close(map);
}

int main(void) {
    static const struct shmem_test tests[] = {
        SHMEM_ALL(PREFAULT_maps_every_page_before_its_first_access),
        SHMEM_ALL(without_PREFAULT_no_page_is_mapped),
        SHMEM_ALL(PREFAULT_on_opening_keeps_the_content),
        SHMEM_ALL(LOCK_holds_the_map_in_memory_until_it_is_closed),
        SHMEM_ALL(LOCK_on_opening_locks_that_mapping),
        SHMEM_ALL(LOCK_beyond_the_limit_is_ENOMEM_and_leaves_nothing),
        SHMEM_ALL(LOCK_with_a_limit_of_zero_is_EPERM_and_leaves_nothing),
        SHMEM_ALL(HUGE_PAGES_without_any_gives_a_warning_and_ordinary_pages),
        SHMEM_ALL(HUGE_PAGES_without_a_warning_callback),
        SHMEM_SOME(HUGE_PAGES_are_used_if_the_system_has_them, has_huge_pages),
        SHMEM_ALL(HUGE_PAGES_on_opening_have_no_effect),
        SHMEM_ALL(a_clone_does_not_inherit_the_flags),
        SHMEM_ALL(a_set_reserved_byte_is_EINVAL),
        SHMEM_ALL(an_unknown_flag_is_EINVAL),
    };
    return shmem_run("shmem_options", tests, sizeof tests / sizeof tests[0], NULL, 0);
}
