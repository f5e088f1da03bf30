/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Options of a map: prefault, lock, huge pages. What the kernel says of the mapping is what counts. */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shmem/prepare.h"
#include "shmem_peer.h"
#include "shmem_support.h"

#define KIB 512
#define SIZE ((size_t)KIB << 10)
#define PAGES ((long)SIZE / sysconf(_SC_PAGESIZE))

static long present(const llmp_shmem *map) {
    return shmem_pages_present(llmp_shmem_data(map), llmp_shmem_size(map));
}

static llmp_shmem *open_flags(const struct shmem_case *c, const llmp_shmem_desc *desc, unsigned flags) {
    const llmp_shmem_options options = {.flags = flags};
    llmp_shmem *map;
    assert_ok(llmp_shmem_open(shmem_provider(c), desc, &options, &map));
    return map;
}

/* ---------------------------------------------------------------- PREFAULT */

static void PREFAULT_every_page_is_there_before_it_is_touched(const struct shmem_case *c) {
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

static void PREFAULT_on_opening_keeps_what_is_there(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    shmem_fill(map, 1);
    llmp_shmem *other = open_flags(c, &desc, LLMP_SHMEM_PREFAULT);
    assert_int_equal(present(other), PAGES);
    assert_int_equal(llmp_shmem_flags_of(other), LLMP_SHMEM_PREFAULT);
    assert_int_equal(shmem_wrong_bytes(c->shares ? other : map, 1), 0);
    llmp_shmem_close(other);
    llmp_shmem_close(map);
}

/* ---------------------------------------------------------------- LOCK */

static long locked_kib(void) {
    char line[256];
    long kib = -1;
    FILE *f = fopen("/proc/self/status", "re");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, "VmLck:", 6) == 0) {
            kib = strtol(line + 6, NULL, 10);
        }
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    return kib;
}

static void need_mlock(void) {
    if (SHMEM_SHADOWED) {
        shmem_skip("needs a build in which mlock() locks: this sanitizer's does nothing");
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
    llmp_shmem *other = open_flags(c, &desc, LLMP_SHMEM_LOCK | LLMP_SHMEM_PREFAULT);
    assert_int_equal(llmp_shmem_flags_of(other), LLMP_SHMEM_LOCK | LLMP_SHMEM_PREFAULT);
    assert_int_equal(locked_kib(), before + KIB);
    llmp_shmem_close(other);
    assert_int_equal(locked_kib(), before);
    llmp_shmem_close(map);
}

/* Root may lock all it likes; without this one capability it is as everybody. */
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
    int code;
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
    CHILD_REQUIRE(llmp_shmem_create(provider, SIZE, &options, &map) == given->code);
    CHILD_REQUIRE(map == NULL && shmem_count_fds() == fds && locked_kib() == 0);
    CHILD_REQUIRE(shmem_count_names(getpid()) == 0 && shmem_count_segments(getpid()) == 0);
    return 0;
}

static void LOCK_beyond_the_limit_is_ENOMEM_and_leaves_nothing(const struct shmem_case *c) {
    need_mlock();
    struct lock_limit limit = {c, 65536, -ENOMEM};
    assert_int_equal(shmem_in_child(lock_beyond_limit, &limit), 0);
}

static void LOCK_where_nothing_may_be_locked_is_EPERM_and_leaves_nothing(const struct shmem_case *c) {
    need_mlock();
    struct lock_limit limit = {c, 0, -EPERM};
    assert_int_equal(shmem_in_child(lock_beyond_limit, &limit), 0);
}

/* ---------------------------------------------------------------- HUGE_PAGES */

struct warnings {
    int count;
    char text[128];
};

static void note(void *context, const char *text) {
    struct warnings *warnings = context;
    warnings->count++;
    (void)snprintf(warnings->text, sizeof warnings->text, "%s", text);
}

/* How many huge pages nobody uses at this moment. */
static long free_huge_pages(void) {
    char line[256];
    long count = 0;
    FILE *f = fopen("/proc/meminfo", "re");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, "HugePages_Free:", 15) == 0) {
            count = strtol(line + 15, NULL, 10);
        }
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    return count;
}

static bool has_huge_pages(const struct shmem_case *c) {
    return c->number;
}

static void expect_fall_back(const struct shmem_case *c) {
    struct warnings warnings = {0};
    const llmp_shmem_options options = {
        .flags = LLMP_SHMEM_HUGE_PAGES | LLMP_SHMEM_PREFAULT, .on_warning = note, .warning_context = &warnings};
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

static void HUGE_PAGES_where_there_are_none_are_a_warning_and_ordinary_ones(const struct shmem_case *c) {
    if (has_huge_pages(c) && free_huge_pages() != 0) {
        shmem_skip("needs a machine without free huge pages (sysctl vm.nr_hugepages=0)");
    }
    expect_fall_back(c);
}

static void HUGE_PAGES_without_anybody_to_warn(const struct shmem_case *c) {
    llmp_shmem_close(shmem_create_flags(c, 1, LLMP_SHMEM_HUGE_PAGES));
}

static void HUGE_PAGES_where_there_are_some(const struct shmem_case *c) {
    if (free_huge_pages() < 3) {
        shmem_skip("needs 3 free huge pages (sysctl vm.nr_hugepages=3)");
    }
    struct warnings warnings = {0};
    const llmp_shmem_options options = {
        .flags = LLMP_SHMEM_HUGE_PAGES, .on_warning = note, .warning_context = &warnings};
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
    shmem_refused(c, &desc, -LLMP_E_NO_SEGMENT);
}

static void HUGE_PAGES_mean_nothing_to_who_opens(const struct shmem_case *c) {
    struct warnings warnings = {0};
    const llmp_shmem_options options = {
        .flags = LLMP_SHMEM_HUGE_PAGES, .on_warning = note, .warning_context = &warnings};
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    llmp_shmem *other;
    assert_ok(llmp_shmem_open(shmem_provider(c), &desc, &options, &other));
    assert_int_equal(warnings.count, 0);
    assert_int_equal(llmp_shmem_flags_of(other), 0);
    llmp_shmem_close(other);
    llmp_shmem_close(map);
}

/* ---------------------------------------------------------------- all of them */

static void flags_that_nobody_knows_take_no_effect(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create_flags(c, SIZE, ~0x1fu | LLMP_SHMEM_PREFAULT);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    llmp_shmem *other = open_flags(c, &desc, ~0x1fu);
    assert_int_equal(llmp_shmem_flags_of(map), LLMP_SHMEM_PREFAULT);
    assert_int_equal(llmp_shmem_flags_of(other), 0);
    llmp_shmem_close(other);
    llmp_shmem_close(map);
}

static void a_clone_takes_no_options_over(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create_flags(c, SIZE, LLMP_SHMEM_PREFAULT);
    llmp_shmem *clone;
    assert_ok(llmp_shmem_clone(map, &clone));
    assert_int_equal(llmp_shmem_flags_of(clone), 0);
    assert_int_equal(present(clone), 0);
    llmp_shmem_close(clone);
    llmp_shmem_close(map);
}

int main(void) {
    static const struct shmem_test tests[] = {
        SHMEM_ALL(PREFAULT_every_page_is_there_before_it_is_touched),
        SHMEM_ALL(without_PREFAULT_no_page_is_mapped),
        SHMEM_ALL(PREFAULT_on_opening_keeps_what_is_there),
        SHMEM_ALL(LOCK_holds_the_map_in_memory_until_it_is_closed),
        SHMEM_ALL(LOCK_on_opening_locks_that_mapping),
        SHMEM_ALL(LOCK_beyond_the_limit_is_ENOMEM_and_leaves_nothing),
        SHMEM_ALL(LOCK_where_nothing_may_be_locked_is_EPERM_and_leaves_nothing),
        SHMEM_ALL(HUGE_PAGES_where_there_are_none_are_a_warning_and_ordinary_ones),
        SHMEM_ALL(HUGE_PAGES_without_anybody_to_warn),
        SHMEM_SOME(HUGE_PAGES_where_there_are_some, has_huge_pages),
        SHMEM_ALL(HUGE_PAGES_mean_nothing_to_who_opens),
        SHMEM_ALL(flags_that_nobody_knows_take_no_effect),
        SHMEM_ALL(a_clone_takes_no_options_over),
    };
    return shmem_run("shmem_options", tests, sizeof tests / sizeof tests[0], NULL, 0);
}
