/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shmem_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---------------------------------------------------------------- providers */

const struct shmem_case shmem_cases[] = {
    {.name = "sysv", .scope = LLMP_SCOPE_SYSTEM, .shares = true, .number = true},
    {.name = "posix", .scope = LLMP_SCOPE_SYSTEM, .shares = true},
    {.name = "memfd", .scope = LLMP_SCOPE_DESCRIPTOR, .shares = true, .number = true, .exact = true, .fd = true},
    {.name = "nop", .scope = LLMP_SCOPE_PROCESS},
};
const size_t shmem_case_count = sizeof shmem_cases / sizeof shmem_cases[0];

const struct shmem_case *shmem_case_of(const char *name) {
    const struct shmem_case *c = shmem_cases;
    while (strcmp(c->name, name) != 0) {
        c++;
        assert_true(c < shmem_cases + shmem_case_count);
    }
    return c;
}

const llmp_shmem_provider *shmem_provider(const struct shmem_case *c) {
    const llmp_shmem_provider *provider = llmp_shmem_provider_find(c->name);
    assert_non_null(provider);
    return provider;
}

bool shmem_shares(const struct shmem_case *c) {
    return c->shares;
}

bool shmem_shares_nothing(const struct shmem_case *c) {
    return !c->shares;
}

bool shmem_numeric(const struct shmem_case *c) {
    return c->number;
}

bool shmem_named(const struct shmem_case *c) {
    return c->shares && !c->number;
}

bool shmem_without_fd(const struct shmem_case *c) {
    return !c->fd;
}

bool shmem_system_wide(const struct shmem_case *c) {
    return c->scope == LLMP_SCOPE_SYSTEM;
}

/* ---------------------------------------------------------------- running tests */

/* A test of the table for one provider. */
struct bound_test {
    void (*run)(const struct shmem_case *c);
    const struct shmem_case *c;
    char name[160];
};

_Noreturn void shmem_skip(const char *reason) {
    printf("# skip: %s\n", reason);
    (void)fflush(stdout);
    skip();
    abort();
}

static void run_bound(void **state) {
    const struct bound_test *test = *state;
    int rc = llmp_shmem_provider_check(shmem_provider(test->c));
    if (rc != 0) {
        char reason[160];
        (void)snprintf(reason, sizeof reason, "needs %s, which does not work here: %s", test->c->name,
                       llmp_strerror(rc));
        shmem_skip(reason);
    }
    test->run(test->c);
}

static size_t bind_tests(struct bound_test *bound, const struct shmem_test *tests, size_t count) {
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        for (const struct shmem_case *c = shmem_cases; c < shmem_cases + shmem_case_count; c++) {
            if (tests[i].applies == NULL || tests[i].applies(c)) {
                bound[used].run = tests[i].run;
                bound[used].c = c;
                (void)snprintf(bound[used].name, sizeof bound[used].name, "%s_%s", tests[i].name, c->name);
                used++;
            }
        }
    }
    return used;
}

int shmem_run(const char *name, const struct shmem_test *tests, size_t count, const struct CMUnitTest *others,
              size_t other_count) {
    struct bound_test *bound = calloc(count * shmem_case_count + 1, sizeof *bound);
    struct CMUnitTest *all = calloc(count * shmem_case_count + other_count + 1, sizeof *all);
    if (bound == NULL || all == NULL) {
        abort();
    }
    size_t used = bind_tests(bound, tests, count);
    for (size_t i = 0; i < used; i++) {
        all[i] = (struct CMUnitTest){bound[i].name, run_bound, shmem_setup, shmem_teardown, &bound[i]};
    }
    for (size_t i = 0; i < other_count; i++) {
        all[used++] = others[i];
    }
    int failed = _cmocka_run_group_tests(name, all, used, NULL, NULL);
    free(all);
    free(bound);
    return failed;
}

/* ---------------------------------------------------------------- leaks */

struct inventory {
    int fds, maps, names, segments;
};

static struct inventory take_inventory(void) {
    return (struct inventory){
        .fds = shmem_count_fds(),
        .maps = shmem_count_maps(),
        .names = shmem_count_names(getpid()),
        .segments = shmem_count_segments(getpid()),
    };
}

static struct inventory before;

/* The first posix map of a process opens a descriptor that stays open: create it before counting. */
int shmem_setup(void **state) {
    (void)state;
    (void)llmp_shmem_provider_check(llmp_shmem_provider_find("posix"));
    before = take_inventory();
    return 0;
}

int shmem_teardown(void **state) {
    (void)state;
    struct inventory after = take_inventory();
    assert_int_equal(after.fds, before.fds);
    assert_int_equal(after.maps, before.maps);
    assert_int_equal(after.names, before.names);
    assert_int_equal(after.segments, before.segments);
    return 0;
}

/* ---------------------------------------------------------------- maps */

llmp_shmem *shmem_create_flags(const struct shmem_case *c, size_t size, unsigned flags) {
    llmp_shmem_options options = {.flags = flags};
    llmp_shmem *map;
    assert_ok(llmp_shmem_create(shmem_provider(c), size, &options, &map));
    assert_non_null(map);
    return map;
}

llmp_shmem *shmem_create(const struct shmem_case *c, size_t size) {
    return shmem_create_flags(c, size, 0);
}

llmp_shmem *shmem_open_flags(const struct shmem_case *c, const llmp_shmem_desc *desc, unsigned flags) {
    const llmp_shmem_options options = {.flags = flags};
    llmp_shmem *map;
    assert_ok(llmp_shmem_open(shmem_provider(c), desc, &options, &map));
    assert_non_null(map);
    return map;
}

llmp_shmem *shmem_open(const struct shmem_case *c, const llmp_shmem_desc *desc) {
    return shmem_open_flags(c, desc, 0);
}

struct shmem_pair shmem_pair_create(const struct shmem_case *c, size_t size) {
    struct shmem_pair pair = {.map = shmem_create(c, size)};
    pair.desc = llmp_shmem_describe(pair.map);
    pair.other = shmem_open(c, &pair.desc);
    return pair;
}

void shmem_pair_close(const struct shmem_pair *pair) {
    llmp_shmem_close(pair->other);
    llmp_shmem_close(pair->map);
}

llmp_shmem *shmem_no_map(void) {
    static char sentinel;
    return (llmp_shmem *)(void *)&sentinel;
}

void shmem_expect_not_created(const struct shmem_case *c, size_t size, const llmp_shmem_options *options, int rc) {
    llmp_shmem *map = shmem_no_map();
    assert_rc(llmp_shmem_create(shmem_provider(c), size, options, &map), rc);
    assert_null(map);
}

void shmem_expect_refused(const struct shmem_case *c, const llmp_shmem_desc *desc, int rc) {
    llmp_shmem *map = shmem_no_map();
    assert_rc(llmp_shmem_open(shmem_provider(c), desc, NULL, &map), rc);
    assert_null(map);
}

static unsigned char byte_at(size_t i, unsigned seed) {
    return (unsigned char)((i * 131 + i / 4096 * 7 + seed) | 1);
}

void shmem_fill(const llmp_shmem *map, unsigned seed) {
    unsigned char *bytes = llmp_shmem_data(map);
    for (size_t i = 0; i < llmp_shmem_size(map); i++) {
        bytes[i] = byte_at(i, seed);
    }
}

size_t shmem_wrong_bytes(const llmp_shmem *map, unsigned seed) {
    const unsigned char *bytes = llmp_shmem_data(map);
    size_t wrong = 0;
    for (size_t i = 0; i < llmp_shmem_size(map); i++) {
        wrong += bytes[i] != byte_at(i, seed);
    }
    return wrong;
}

size_t shmem_nonzero_bytes(const llmp_shmem *map) {
    const unsigned char *bytes = llmp_shmem_data(map);
    size_t count = 0;
    for (size_t i = 0; i < llmp_shmem_size(map); i++) {
        count += bytes[i] != 0;
    }
    return count;
}
