/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Tests of the oracle's maps, over each provider. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "oracle/segment.h"
#include "test/oracle_process.h"

static const struct lc_desc *create(enum lc_provider provider, size_t size, struct lc_map *map) {
    assert_int_equal(lc_map_create(provider, size, map), 0);
    return &map->desc;
}

static void ID_3_two_mappings_share_bytes(void **state) {
    (void)state;
    for (int provider = 0; provider < LC_PROVIDERS; provider++) {
        struct lc_map map;
        struct lc_map again;
        const struct lc_desc *desc = create(provider, 5000, &map);
        assert_int_equal(lc_map_open(provider, desc, 0, &again), 0);
        assert_ptr_not_equal(map.base, again.base);
        assert_int_equal(map.base[4999], 0);
        map.base[4999] = 0xA5;
        assert_int_equal(again.base[4999], 0xA5);
        lc_map_close(&again);
        assert_int_equal(map.base[4999], 0xA5);
        lc_map_close(&map);
    }
}

/* Not that of the description (ID-7). */
static void the_size_of_a_map_is_that_of_its_segment(void **state) {
    (void)state;
    for (int provider = 0; provider < LC_PROVIDERS; provider++) {
        struct lc_map map;
        struct lc_map again;
        struct lc_desc wrong = *create(provider, 5000, &map);
        wrong.size = UINT64_C(1) << 40;
        assert_int_equal(lc_map_open(provider, &wrong, 0, &again), 0);
        assert_int_equal(again.size, 5000);
        assert_true(again.desc.size == wrong.size);
        assert_int_equal(map.desc.size, 5000);
        lc_map_close(&again);
        lc_map_close(&map);
    }
}

static void ID_9_closing_a_created_map_removes_it(void **state) {
    (void)state;
    for (int provider = 0; provider < LC_PROVIDERS; provider++) {
        struct lc_map map;
        struct lc_map again;
        struct lc_desc desc = *create(provider, 4096, &map);
        assert_int_equal(lc_map_open(provider, &desc, 0, &again), 0);
        lc_map_close(&again);
        assert_true(lc_segment_exists(provider, &desc, 0));
        lc_map_close(&map);
        assert_false(lc_segment_exists(provider, &desc, 0));
        assert_int_not_equal(lc_map_open(provider, &desc, 0, &again), 0);
        lc_map_close(&map); /* a second call has no effect */
    }
}

static void mappings_survive_unlinking(void **state) {
    (void)state;
    struct lc_map map;
    struct lc_map again;
    create(LC_POSIX, 4096, &map);
    assert_int_equal(lc_map_unlink(&map), 0);
    map.base[0] = 1;
    assert_false(lc_segment_exists(LC_POSIX, &map.desc, 0));
    assert_int_equal(lc_map_open(LC_POSIX, &map.desc, 0, &again), -ENOENT);
    assert_int_equal(lc_map_unlink(&map), -ENOENT);
    lc_map_close(&map);
    create(LC_SYSV, 4096, &map);
    assert_int_equal(lc_map_unlink(&map), 0);
    map.base[0] = 1;
    lc_map_close(&map);
    assert_false(lc_segment_exists(LC_SYSV, &map.desc, 0));
}

static void assert_refused(enum lc_provider provider, const void *id, size_t length) {
    struct lc_map map;
    struct lc_desc desc = {.size = 4096};
    memcpy(desc.id, id, length);
    assert_int_equal(lc_map_open(provider, &desc, 0, &map), -EINVAL);
    assert_false(lc_segment_exists(provider, &desc, 0));
    assert_null(map.base);
}

static void ID_6_invalid_ids(void **state) {
    (void)state;
    for (int provider = 0; provider < LC_PROVIDERS; provider++) {
        assert_refused(provider, "", 1);
        assert_refused(provider, "abc", 4);
        assert_refused(provider, "01234567890123456789", 20);
        assert_refused(provider, "/2345678901234567890", 20);
        assert_refused(provider, "-1", 3);
        assert_refused(provider, "2147483648", 11);
        assert_refused(provider, "99999999999999999", 18);
        assert_refused(provider, "12 ", 4);
        assert_refused(provider, "/", 2);
        assert_refused(provider, "/a/b", 5);
    }
}

static void ID_1_bytes_after_the_nul(void **state) {
    (void)state;
    for (int provider = 0; provider < LC_PROVIDERS; provider++) {
        struct lc_map map;
        struct lc_map again;
        struct lc_desc desc = *create(provider, 4096, &map);
        assert_true(lc_desc_is_terminated(&desc));
        desc.id[LC_ID_BYTES - 1] = 'x';
        assert_false(lc_desc_is_terminated(&desc));
        assert_int_equal(lc_map_open(provider, &desc, 0, &again), -EINVAL);
        lc_map_close(&map);
    }
}

/* The descriptor is neither mapped nor changed. */
static void memfd_refuses_the_descriptor_of_a_pipe(void **state) {
    (void)state;
    int ends[2];
    struct lc_map map;
    char id[12];
    assert_int_equal(pipe(ends), 0);
    snprintf(id, sizeof id, "%d", ends[0]);
    struct lc_desc desc = lc_desc_of(4096, id);
    assert_int_equal(lc_map_open(LC_MEMFD, &desc, 0, &map), -EINVAL);
    assert_false(lc_segment_exists(LC_MEMFD, &desc, 0));
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void failures_leak_no_descriptor(void **state) {
    (void)state;
    struct lc_map map;
    int before = open_descriptors();
    for (int provider = 0; provider < LC_PROVIDERS; provider++) {
        assert_int_equal(lc_map_create(provider, 0, &map), -EINVAL);
        assert_true(lc_map_create(provider, (size_t)1 << 62, &map) < 0);
        assert_null(map.base);
        lc_map_close(&map);
    }
    create(LC_POSIX, 4096, &map);
    assert_int_equal(lc_map_truncate(&map, 0), 0);
    struct lc_map again;
    assert_int_equal(lc_map_open(LC_POSIX, &map.desc, 0, &again), -EINVAL);
    lc_map_close(&map);
    assert_int_equal(open_descriptors(), before);
}

static void truncation_is_detected(void **state) {
    (void)state;
    for (int provider = LC_POSIX; provider < LC_PROVIDERS; provider++) {
        struct lc_map map;
        struct lc_map again;
        create(provider, 8192, &map);
        assert_int_equal(lc_map_open(provider, &map.desc, 0, &again), 0);
        assert_int_equal(lc_map_backed(&again), 8192);
        assert_int_equal(lc_map_truncate(&map, 4096), 0);
        assert_int_equal(lc_map_backed(&again), 4096);
        assert_int_equal(again.size, 8192);
        assert_int_equal(lc_map_truncate(&map, 16384), 0);
        assert_int_equal(lc_map_backed(&again), 8192);
        lc_map_close(&again);
        assert_int_equal(lc_map_backed(&again), 0);
        lc_map_close(&map);
    }
    struct lc_map map;
    create(LC_SYSV, 4096, &map);
    assert_int_equal(lc_map_truncate(&map, 10), -ENOTSUP);
    assert_int_equal(lc_map_backed(&map), 4096);
    lc_map_close(&map);
}

static void ID_8_posix_names(void **state) {
    (void)state;
    struct lc_map maps[8];
    char prefix[LC_ID_BYTES];
    snprintf(prefix, sizeof prefix, "/libafl_%d_", (int)getpid());
    for (size_t i = 0; i < 8; i++) {
        create(LC_POSIX, 4096, &maps[i]);
        assert_memory_equal(maps[i].desc.id, prefix, strlen(prefix));
        assert_true(i == 0 || memcmp(maps[i].desc.id, maps[i - 1].desc.id, LC_ID_BYTES) != 0);
    }
    for (size_t i = 0; i < 8; i++) {
        lc_map_close(&maps[i]);
    }
}

/* Adapters inherit the descriptors of the maps that the suite creates, and not those of the maps that it opens. */
static void only_created_memfds_are_inherited(void **state) {
    (void)state;
    struct lc_map map;
    struct lc_map again;
    char number[12];
    create(LC_MEMFD, 4096, &map);
    assert_int_equal(lc_map_open(LC_MEMFD, &map.desc, getpid(), &again), 0);
    assert_int_equal(fcntl(map.fd, F_GETFD) & FD_CLOEXEC, 0);
    assert_int_equal(fcntl(again.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    snprintf(number, sizeof number, "%d", map.fd);
    assert_string_equal((const char *)map.desc.id, number);
    lc_map_close(&again);
    lc_map_close(&map);
}

static void descriptions_are_shown(void **state) {
    (void)state;
    struct lc_desc desc = lc_desc_of(7, "0123456789012345678901234");
    assert_int_equal(desc.size, 7);
    assert_string_equal(lc_desc_show(&desc), "\"0123456789012345678\"");
    struct lc_desc odd = {.id = {'a', 0, 'b', '"', 0xFF, '\\'}};
    const char *first = lc_desc_show(&odd);
    assert_string_equal(first, "\"a\\x00b\\x22\\xff\\x5c\"");
    struct lc_desc empty = {0};
    assert_string_equal(lc_desc_show(&empty), "\"\"");
    lc_desc_show(&desc);
    lc_desc_show(&desc);
    assert_string_equal(first, "\"a\\x00b\\x22\\xff\\x5c\"");
}

static void provider_names(void **state) {
    (void)state;
    assert_int_equal(lc_provider_by_name("sysv"), LC_SYSV);
    assert_int_equal(lc_provider_by_name("posix"), LC_POSIX);
    assert_int_equal(lc_provider_by_name("memfd"), LC_MEMFD);
    assert_int_equal(lc_provider_by_name("mmap"), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ID_3_two_mappings_share_bytes),
        cmocka_unit_test(the_size_of_a_map_is_that_of_its_segment),
        cmocka_unit_test(ID_9_closing_a_created_map_removes_it),
        cmocka_unit_test(mappings_survive_unlinking),
        cmocka_unit_test(ID_6_invalid_ids),
        cmocka_unit_test(ID_1_bytes_after_the_nul),
        cmocka_unit_test(memfd_refuses_the_descriptor_of_a_pipe),
        cmocka_unit_test(failures_leak_no_descriptor),
        cmocka_unit_test(truncation_is_detected),
        cmocka_unit_test(ID_8_posix_names),
        cmocka_unit_test(only_created_memfds_are_inherited),
        cmocka_unit_test(descriptions_are_shown),
        cmocka_unit_test(provider_names),
    };
    return cmocka_run_group_tests_name("oracle map", tests, NULL, NULL);
}
