/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The life of a map, the same for every provider: create, describe, open, clone, close (ID-1 to ID-4). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shmem_peer.h"
#include "shmem_support.h"

#define SIZE ((size_t)70000) /* of no whole number of pages */

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
    assert_true(id->bytes[length] >= 'a' && id->bytes[length] <= 'z');
}

static void ID_2_description_is_size_and_id(const struct shmem_case *c) {
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

static void ID_1_id_ends_within_its_bytes_and_the_rest_is_zero(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_id id = llmp_shmem_describe(map).id;
    size_t length = strnlen(id.bytes, sizeof id.bytes);
    assert_true(length < sizeof id.bytes);
    for (size_t i = length; i < sizeof id.bytes; i++) {
        assert_int_equal(id.bytes[i], 0);
    }
    llmp_shmem_close(map);
}

static void a_new_map_is_zeroed_even_where_a_used_one_was(const struct shmem_case *c) {
    for (unsigned turn = 0; turn < 3; turn++) {
        llmp_shmem *map = shmem_create(c, SIZE);
        assert_int_equal(shmem_nonzero_bytes(map), 0);
        shmem_fill(map, turn);
        llmp_shmem_close(map);
    }
}

static void ID_2_size_is_kept_to_the_byte(const struct shmem_case *c) {
    static const size_t sizes[] = {1, 2, 4095, 4096, 4097, SIZE, (size_t)1 << 20, ((size_t)3 << 20) + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        llmp_shmem *map = shmem_create(c, sizes[i]);
        llmp_shmem_desc desc = llmp_shmem_describe(map);
        llmp_shmem *other = shmem_open(c, &desc);
        assert_int_equal(llmp_shmem_size(map), sizes[i]);
        assert_int_equal(llmp_shmem_size(other), sizes[i]);
        shmem_fill(map, 1);
        assert_int_equal(shmem_wrong_bytes(c->shares ? other : map, 1), 0);
        llmp_shmem_close(other);
        llmp_shmem_close(map);
    }
}

static void data_is_page_aligned(const struct shmem_case *c) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    llmp_shmem *map = shmem_create(c, 100);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    llmp_shmem *other = shmem_open(c, &desc);
    assert_int_equal((uintptr_t)llmp_shmem_data(map) % page, 0);
    assert_int_equal((uintptr_t)llmp_shmem_data(other) % page, 0);
    llmp_shmem_close(other);
    llmp_shmem_close(map);
}

static void a_map_knows_its_provider_and_no_flag_took_effect(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    assert_ptr_equal(llmp_shmem_provider_of(map), shmem_provider(c));
    assert_int_equal(llmp_shmem_flags_of(map), 0);
    llmp_shmem_close(map);
}

static void a_null_pointer_is_the_default_options(const struct shmem_case *c) {
    llmp_shmem *map, *other;
    assert_ok(llmp_shmem_create(shmem_provider(c), SIZE, NULL, &map));
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    assert_ok(llmp_shmem_open(shmem_provider(c), &desc, NULL, &other));
    llmp_shmem_close(other);
    llmp_shmem_close(map);
}

/* ---------------------------------------------------------------- open, clone */

static void both_maps_see_each_others_bytes(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    llmp_shmem *other = shmem_open(c, &desc);
    assert_ptr_not_equal(llmp_shmem_data(map), llmp_shmem_data(other));
    shmem_fill(map, 1);
    assert_int_equal(shmem_wrong_bytes(other, 1), 0);
    shmem_fill(other, 2);
    assert_int_equal(shmem_wrong_bytes(map, 2), 0);
    llmp_shmem_close(other);
    llmp_shmem_close(map);
}

static bool shares_nothing(const struct shmem_case *c) {
    return !c->shares;
}

static void ID_3_every_open_is_a_fresh_map(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    shmem_fill(map, 1);
    llmp_shmem *other = shmem_open(c, &desc);
    assert_int_equal(shmem_nonzero_bytes(other), 0);
    shmem_fill(other, 2);
    assert_int_equal(shmem_wrong_bytes(map, 1), 0);
    llmp_shmem_close(other);
    llmp_shmem_close(map);
}

static void ID_2_an_opened_map_describes_the_same_segment(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    llmp_shmem *other = shmem_open(c, &desc);
    llmp_shmem_desc again = llmp_shmem_describe(other);
    assert_int_equal(again.size, desc.size);
    assert_memory_equal(again.id.bytes, desc.id.bytes, sizeof desc.id.bytes);
    llmp_shmem_close(other);
    llmp_shmem_close(map);
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

/* A descriptor's number is given out again; the clone of a clone must not become another map's. */
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

/* Started before the map is made: it knows no more than the description. */
static int open_in_stranger(int socket, void *argument) {
    const struct shmem_case *c = argument;
    llmp_shmem_desc desc;
    llmp_shmem *map;
    CHILD_REQUIRE(shmem_hear(socket, &desc, sizeof desc));
    CHILD_REQUIRE(llmp_shmem_open(shmem_provider(c), &desc, NULL, &map) == 0);
    CHILD_REQUIRE(!llmp_shmem_is_owner(map));
    CHILD_REQUIRE(shmem_wrong_bytes(map, 1) == 0);
    shmem_fill(map, 2);
    llmp_shmem_close(map);
    return 0;
}

static bool is_for_strangers(const struct shmem_case *c) {
    return c->scope == LLMP_SCOPE_SYSTEM;
}

static void another_process_opens_it_by_description(const struct shmem_case *c) {
    struct shmem_peer peer = shmem_peer_start(open_in_stranger, (void *)(uintptr_t)c);
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    shmem_fill(map, 1);
    assert_true(shmem_say(peer.socket, &desc, sizeof desc));
    assert_int_equal(shmem_peer_end(&peer), 0);
    assert_int_equal(shmem_wrong_bytes(map, 2), 0);
    llmp_shmem_close(map);
}

/* Not opened, but inherited: by a child that opens it again, owns nothing, and closes both. */
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
    assert_int_equal(shmem_in_child(use_in_child, map), 0);
    assert_int_equal(shmem_wrong_bytes(map, 2), 0);
    llmp_shmem *other = shmem_open(c, &desc); /* nothing was removed */
    assert_int_equal(shmem_wrong_bytes(other, 2), 0);
    llmp_shmem_close(other);
    llmp_shmem_close(map);
    shmem_refused(c, &desc, -LLMP_E_NO_SEGMENT);
}

static void ID_4_only_the_creator_is_the_owner(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    llmp_shmem *other = shmem_open(c, &desc);
    llmp_shmem *clone;
    assert_ok(llmp_shmem_clone(map, &clone));
    assert_true(llmp_shmem_is_owner(map));
    assert_false(llmp_shmem_is_owner(other));
    assert_false(llmp_shmem_is_owner(clone));
    llmp_shmem_close(clone);
    llmp_shmem_close(other);
    llmp_shmem_close(map);
}

/* ---------------------------------------------------------------- close */

static void ID_4_the_owner_removes_the_segment(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    llmp_shmem_close(map);
    shmem_refused(c, &desc, -LLMP_E_NO_SEGMENT);
}

static void ID_4_another_holder_removes_nothing(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    llmp_shmem_close(shmem_open(c, &desc));
    llmp_shmem_close(shmem_open(c, &desc));
    llmp_shmem_close(map);
}

static void ID_4_an_opened_map_outlives_the_owner(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    llmp_shmem *other = shmem_open(c, &desc);
    shmem_fill(map, 7);
    llmp_shmem_close(map);
    assert_int_equal(shmem_wrong_bytes(other, 7), 0);
    llmp_shmem_close(other);
    shmem_refused(c, &desc, -LLMP_E_NO_SEGMENT);
}

static void closing_null_does_nothing(void **state) {
    (void)state;
    llmp_shmem_close(NULL);
}

int main(void) {
    static const struct shmem_test tests[] = {
        SHMEM_ALL(ID_2_description_is_size_and_id),
        SHMEM_ALL(ID_1_id_ends_within_its_bytes_and_the_rest_is_zero),
        SHMEM_ALL(a_new_map_is_zeroed_even_where_a_used_one_was),
        SHMEM_ALL(ID_2_size_is_kept_to_the_byte),
        SHMEM_ALL(data_is_page_aligned),
        SHMEM_ALL(a_map_knows_its_provider_and_no_flag_took_effect),
        SHMEM_ALL(a_null_pointer_is_the_default_options),
        SHMEM_SOME(both_maps_see_each_others_bytes, shmem_shares),
        SHMEM_SOME(ID_3_every_open_is_a_fresh_map, shares_nothing),
        SHMEM_ALL(ID_2_an_opened_map_describes_the_same_segment),
        SHMEM_SOME(a_clone_is_the_same_memory_at_another_address, shmem_shares),
        SHMEM_SOME(a_clone_outlives_the_original, shmem_shares),
        SHMEM_SOME(ID_3_a_clone_is_never_of_another_map, shmem_shares),
        SHMEM_SOME(another_process_opens_it_by_description, is_for_strangers),
        SHMEM_SOME(ID_4_a_forked_child_uses_and_closes_its_copy, shmem_shares),
        SHMEM_ALL(ID_4_only_the_creator_is_the_owner),
        SHMEM_SOME(ID_4_the_owner_removes_the_segment, shmem_shares),
        SHMEM_SOME(ID_4_another_holder_removes_nothing, shmem_shares),
        SHMEM_SOME(ID_4_an_opened_map_outlives_the_owner, shmem_shares),
    };
    static const struct CMUnitTest others[] = {
        SHMEM_ONE(closing_null_does_nothing),
    };
    return shmem_run("shmem", tests, sizeof tests / sizeof tests[0], others, sizeof others / sizeof others[0]);
}
