/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Creating, describing, opening, cloning and closing a map, with every provider (ID-1 to ID-4). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shmem_peer.h"
#include "shmem_support.h"

#define SIZE ((size_t)70000) /* not a multiple of the page size */

/* ---------------------------------------------------------------- create, describe */

static void expect_number(const llmp_shmem_id *id) {
    char again[LLMP_SHMEM_ID_SIZE];
    (void)snprintf(again, sizeof again, "%ld", strtol(id->bytes, NULL, 10));
    assert_string_equal(again, id->bytes);
}

static void expect_name(const llmp_shmem_id *id) {
    char prefix[LLMP_SHMEM_ID_SIZE];
    int length = snprintf(prefix, sizeof prefix, "/libafl_%d_", (int)getpid());
    assert_memory_equal(id->bytes, prefix, length);
    assert_int_equal(strlen(id->bytes), LLMP_SHMEM_ID_SIZE - 1);
}

static void ID_2_a_description_is_size_and_id(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    assert_int_equal(desc.size, SIZE);
    if (!c->shares) {
        assert_string_equal(desc.id.bytes, "");
    } else if (c->number) {
        expect_number(&desc.id);
    } else {
        expect_name(&desc.id);
    }
    llmp_shmem_close(map);
}

static void ID_1_an_id_is_terminated_and_its_remaining_bytes_are_zero(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_id id = llmp_shmem_describe(map).id;
    size_t length = strnlen(id.bytes, sizeof id.bytes);
    assert_true(length < sizeof id.bytes);
    for (size_t i = length; i < sizeof id.bytes; i++) {
        assert_int_equal(id.bytes[i], 0);
    }
    llmp_shmem_close(map);
}

static void a_new_map_is_zeroed_even_after_a_used_one_was_closed(const struct shmem_case *c) {
    for (unsigned round = 0; round < 3; round++) {
        llmp_shmem *map = shmem_create(c, SIZE);
        assert_int_equal(shmem_nonzero_bytes(map), 0);
        shmem_fill(map, round);
        llmp_shmem_close(map);
    }
}

static void ID_2_the_size_is_exact_to_the_byte(const struct shmem_case *c) {
    static const size_t sizes[] = {1, 2, 4095, 4096, 4097, SIZE, (size_t)1 << 20, ((size_t)3 << 20) + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct shmem_pair pair = shmem_pair_create(c, sizes[i]);
        assert_int_equal(llmp_shmem_size(pair.map), sizes[i]);
        assert_int_equal(llmp_shmem_size(pair.other), sizes[i]);
        shmem_fill(pair.map, 1);
        assert_int_equal(shmem_wrong_bytes(c->shares ? pair.other : pair.map, 1), 0);
        shmem_pair_close(&pair);
    }
}

static void data_is_page_aligned(const struct shmem_case *c) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct shmem_pair pair = shmem_pair_create(c, 100);
    assert_int_equal((uintptr_t)llmp_shmem_data(pair.map) % page, 0);
    assert_int_equal((uintptr_t)llmp_shmem_data(pair.other) % page, 0);
    shmem_pair_close(&pair);
}

static void a_map_without_options_has_its_provider_and_no_flags(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    assert_ptr_equal(llmp_shmem_provider_of(map), shmem_provider(c));
    assert_int_equal(llmp_shmem_flags_of(map), 0);
    llmp_shmem_close(map);
}

static void null_options_are_the_default(const struct shmem_case *c) {
    llmp_shmem *map, *other;
    assert_ok(llmp_shmem_create(shmem_provider(c), SIZE, NULL, &map));
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    assert_ok(llmp_shmem_open(shmem_provider(c), &desc, NULL, &other));
    llmp_shmem_close(other);
    llmp_shmem_close(map);
}

/* ---------------------------------------------------------------- open, clone */

static void two_maps_of_a_segment_show_the_same_bytes(const struct shmem_case *c) {
    struct shmem_pair pair = shmem_pair_create(c, SIZE);
    assert_ptr_not_equal(llmp_shmem_data(pair.map), llmp_shmem_data(pair.other));
    shmem_fill(pair.map, 1);
    assert_int_equal(shmem_wrong_bytes(pair.other, 1), 0);
    shmem_fill(pair.other, 2);
    assert_int_equal(shmem_wrong_bytes(pair.map, 2), 0);
    shmem_pair_close(&pair);
}

static void ID_3_opening_creates_another_zeroed_map(const struct shmem_case *c) {
    struct shmem_pair pair = shmem_pair_create(c, SIZE);
    shmem_fill(pair.map, 1);
    assert_int_equal(shmem_nonzero_bytes(pair.other), 0);
    shmem_fill(pair.other, 2);
    assert_int_equal(shmem_wrong_bytes(pair.map, 1), 0);
    shmem_pair_close(&pair);
}

static void ID_2_an_opened_map_describes_the_same_segment(const struct shmem_case *c) {
    struct shmem_pair pair = shmem_pair_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(pair.other);
    assert_int_equal(desc.size, pair.desc.size);
    assert_memory_equal(desc.id.bytes, pair.desc.id.bytes, sizeof desc.id.bytes);
    shmem_pair_close(&pair);
}

static void a_clone_is_the_same_memory_at_another_address(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem *clone, *second;
    assert_ok(llmp_shmem_clone(map, &clone));
    assert_ok(llmp_shmem_clone(clone, &second));
    assert_ptr_not_equal(llmp_shmem_data(map), llmp_shmem_data(clone));
    assert_ptr_not_equal(llmp_shmem_data(second), llmp_shmem_data(clone));
    assert_int_equal(llmp_shmem_size(second), SIZE);
    shmem_fill(map, 3);
    assert_int_equal(shmem_wrong_bytes(second, 3), 0);
    llmp_shmem_close(second);
    llmp_shmem_close(clone);
    llmp_shmem_close(map);
}

static void a_clone_outlives_the_original(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem *clone;
    shmem_fill(map, 4);
    assert_ok(llmp_shmem_clone(map, &clone));
    llmp_shmem_close(map);
    assert_int_equal(shmem_wrong_bytes(clone, 4), 0);
    shmem_fill(clone, 5);
    assert_int_equal(shmem_wrong_bytes(clone, 5), 0);
    llmp_shmem_close(clone);
}

/* The kernel reuses a descriptor's number, so the id of a clone may name another map by now. */
static void ID_3_a_clone_is_never_of_another_map(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem *clone, *second;
    assert_ok(llmp_shmem_clone(map, &clone));
    shmem_fill(map, 6);
    llmp_shmem_close(map);
    llmp_shmem *another = shmem_create(c, SIZE);
    int rc = llmp_shmem_clone(clone, &second);
    if (rc == 0) {
        assert_int_equal(shmem_wrong_bytes(second, 6), 0);
    } else {
        assert_rc(rc, -LLMP_E_NO_SEGMENT);
        assert_null(second);
    }
    llmp_shmem_close(second);
    llmp_shmem_close(another);
    llmp_shmem_close(clone);
}

/* ---------------------------------------------------------------- other processes */

/* The process starts before the map is created, so that it has nothing but the description. */
static int open_by_description(int socket, void *argument) {
    const struct shmem_case *c = argument;
    llmp_shmem_desc desc;
    llmp_shmem *map;
    CHILD_REQUIRE(shmem_recv(socket, &desc, sizeof desc));
    CHILD_REQUIRE(llmp_shmem_open(shmem_provider(c), &desc, NULL, &map) == 0);
    CHILD_REQUIRE(!llmp_shmem_is_owner(map));
    CHILD_REQUIRE(shmem_wrong_bytes(map, 1) == 0);
    shmem_fill(map, 2);
    llmp_shmem_close(map);
    return 0;
}

static void another_process_opens_it_by_description(const struct shmem_case *c) {
    struct shmem_peer peer = shmem_peer_start(open_by_description, (void *)(uintptr_t)c);
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    shmem_fill(map, 1);
    assert_true(shmem_send(peer.socket, &desc, sizeof desc));
    assert_int_equal(shmem_peer_end(&peer), 0);
    assert_int_equal(shmem_wrong_bytes(map, 2), 0);
    llmp_shmem_close(map);
}

/* The child clones the map that it inherited, is not the owner, and closes both. */
static int use_in_child(int socket, void *argument) {
    llmp_shmem *map = argument;
    llmp_shmem *clone;
    (void)socket;
    CHILD_REQUIRE(!llmp_shmem_is_owner(map));
    CHILD_REQUIRE(shmem_wrong_bytes(map, 1) == 0);
    CHILD_REQUIRE(llmp_shmem_clone(map, &clone) == 0);
    CHILD_REQUIRE(!llmp_shmem_is_owner(clone));
    shmem_fill(clone, 2);
    llmp_shmem_close(clone);
    llmp_shmem_close(map);
    return 0;
}

static void ID_4_a_forked_child_uses_and_closes_its_copy(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    shmem_fill(map, 1);
    assert_int_equal(shmem_run_in_child(use_in_child, map), 0);
    assert_int_equal(shmem_wrong_bytes(map, 2), 0);
    llmp_shmem *other = shmem_open(c, &desc); /* the child did not remove the segment */
    assert_int_equal(shmem_wrong_bytes(other, 2), 0);
    llmp_shmem_close(other);
    llmp_shmem_close(map);
    shmem_expect_refused(c, &desc, -LLMP_E_NO_SEGMENT);
}

static void ID_4_only_the_creator_is_the_owner(const struct shmem_case *c) {
    struct shmem_pair pair = shmem_pair_create(c, SIZE);
    llmp_shmem *clone;
    assert_ok(llmp_shmem_clone(pair.map, &clone));
    assert_true(llmp_shmem_is_owner(pair.map));
    assert_false(llmp_shmem_is_owner(pair.other));
    assert_false(llmp_shmem_is_owner(clone));
    llmp_shmem_close(clone);
    shmem_pair_close(&pair);
}

/* ---------------------------------------------------------------- close */

static void ID_4_the_owner_removes_the_segment(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    llmp_shmem_close(map);
    shmem_expect_refused(c, &desc, -LLMP_E_NO_SEGMENT);
}

static void ID_4_closing_an_opened_map_removes_nothing(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    llmp_shmem_close(shmem_open(c, &desc));
    llmp_shmem_close(shmem_open(c, &desc));
    llmp_shmem_close(map);
}

static void ID_4_an_opened_map_outlives_the_owner(const struct shmem_case *c) {
    struct shmem_pair pair = shmem_pair_create(c, SIZE);
    shmem_fill(pair.map, 7);
    llmp_shmem_close(pair.map);
    assert_int_equal(shmem_wrong_bytes(pair.other, 7), 0);
    llmp_shmem_close(pair.other);
    shmem_expect_refused(c, &pair.desc, -LLMP_E_NO_SEGMENT);
}

static void closing_null_does_nothing(void **state) {
    (void)state;
    llmp_shmem_close(NULL);
}

int main(void) {
    static const struct shmem_test tests[] = {
        SHMEM_ALL(ID_2_a_description_is_size_and_id),
        SHMEM_ALL(ID_1_an_id_is_terminated_and_its_remaining_bytes_are_zero),
        SHMEM_ALL(a_new_map_is_zeroed_even_after_a_used_one_was_closed),
        SHMEM_ALL(ID_2_the_size_is_exact_to_the_byte),
        SHMEM_ALL(data_is_page_aligned),
        SHMEM_ALL(a_map_without_options_has_its_provider_and_no_flags),
        SHMEM_ALL(null_options_are_the_default),
        SHMEM_SOME(two_maps_of_a_segment_show_the_same_bytes, shmem_shares),
        SHMEM_SOME(ID_3_opening_creates_another_zeroed_map, shmem_shares_nothing),
        SHMEM_ALL(ID_2_an_opened_map_describes_the_same_segment),
        SHMEM_SOME(a_clone_is_the_same_memory_at_another_address, shmem_shares),
        SHMEM_SOME(a_clone_outlives_the_original, shmem_shares),
        SHMEM_SOME(ID_3_a_clone_is_never_of_another_map, shmem_shares),
        SHMEM_SOME(another_process_opens_it_by_description, shmem_system_wide),
        SHMEM_SOME(ID_4_a_forked_child_uses_and_closes_its_copy, shmem_shares),
        SHMEM_ALL(ID_4_only_the_creator_is_the_owner),
        SHMEM_SOME(ID_4_the_owner_removes_the_segment, shmem_shares),
        SHMEM_SOME(ID_4_closing_an_opened_map_removes_nothing, shmem_shares),
        SHMEM_SOME(ID_4_an_opened_map_outlives_the_owner, shmem_shares),
    };
    static const struct CMUnitTest others[] = {
        SHMEM_ONE(closing_null_does_nothing),
    };
    return shmem_run("shmem", tests, sizeof tests / sizeof tests[0], others, sizeof others / sizeof others[0]);
}
