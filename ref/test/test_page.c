/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The arithmetic and the checks of channel/page, on bytes that belong to no channel. */
#include <string.h>

#include "support.h"

#define MAP 4096u

static void MSG_1_slots_end_on_a_multiple_of_64(void **state) {
    (void)state;
    for (size_t offset = 48; offset < 48 + 3 * 64; offset += 8) {
        for (size_t length = 0; length < 400; length++) {
            size_t padded = llmp_slot_padded(offset, length);
            assert_true(padded >= length && padded < length + 64);
            assert_int_equal((offset + 40 + padded) % 64, 0);
        }
    }
}

/* As the protocol's descriptions say: 48 + 40 + 40 = 128, and 24 bytes in every later slot. */
static void MSG_1_empty_messages(void **state) {
    (void)state;
    assert_int_equal(llmp_slot_padded(48, 0), 40);
    assert_int_equal(llmp_slot_padded(128, 0), 24);
    assert_int_equal(llmp_slot_padded(128, 24), 24);
    assert_int_equal(llmp_slot_padded(128, 25), 88);
}

static void EOP_4_sizes_of_the_next_page(void **state) {
    (void)state;
    const size_t mib = (size_t)1 << 20;
    assert_int_equal(llmp_page_next_size(0, mib), mib);
    assert_int_equal(llmp_page_next_size((mib - 176) / 2, mib), mib);
    assert_int_equal(llmp_page_next_size((mib - 176) / 2 + 1, mib), 2 * mib);
    assert_int_equal(llmp_page_next_size(mib, mib), 4 * mib);
    assert_int_equal(llmp_page_next_size(0, 3 * mib), 4 * mib);
    assert_int_equal(llmp_page_next_size(0, 512), 512);
}

static void PAGE_1_a_fresh_page(void **state) {
    (void)state;
    union {
        struct llmp_page page;
        unsigned char bytes[MAP];
    } map;
    memset(&map, 0xAA, sizeof map);
    llmp_page_init(&map.page, MAP, 7, 1234);
    assert_int_equal(map.page.magic, UINT64_C(0x1A1A1A1A1A1A1AF1));
    assert_int_equal(map.page.sender_id, 7);
    assert_int_equal(map.page.joined, 0);
    assert_int_equal(map.page.left, 0);
    assert_int_equal(map.page.current_msg_id, 0);
    assert_int_equal(map.page.size_total, MAP - 48);
    assert_int_equal(map.page.size_used, 0);
    assert_int_equal(map.page.max_alloc_size, 1234);
    const struct llmp_slot *first = llmp_slot_at(&map, 48);
    assert_int_equal(first->message_id, 0);
    assert_int_equal(first->tag, 0xDEADAF);
}

static void PAGE_3_magic(void **state) {
    (void)state;
    struct llmp_page page = {.magic = LLMP_PAGE_MAGIC};
    assert_ok(llmp_page_check(&page, MAP));
    assert_ok(llmp_page_check(&page, 88));
    assert_rc(llmp_page_check(&page, 87), -LLMP_E_PAGE_TOO_SMALL);
    page.magic = UINT64_C(0xDEADC0FEAF1BEEF1);
    assert_rc(llmp_page_check(&page, MAP), -LLMP_E_PAGE_RETIRED);
    page.magic = 0;
    assert_rc(llmp_page_check(&page, MAP), -LLMP_E_PAGE_MAGIC);
}

static struct llmp_slot good(void) {
    return (struct llmp_slot){.tag = 5, .message_id = 3, .buf_len = 10, .buf_len_padded = 24};
}

static int check(struct llmp_slot slot) {
    return llmp_slot_check(&slot, MAP, 128, 3);
}

static void RECV_2_lengths(void **state) {
    (void)state;
    struct llmp_slot slot = good();
    assert_ok(check(slot));
    slot.buf_len = 24;
    assert_ok(check(slot));
    slot.buf_len = 25;
    assert_rc(check(slot), -LLMP_E_MSG_LENGTH);
    slot.buf_len = UINT64_MAX;
    assert_rc(check(slot), -LLMP_E_MSG_LENGTH);
    slot = good();
    slot.buf_len_padded = MAP - 128 - 40;
    assert_ok(check(slot));
    slot.buf_len_padded += 64;
    assert_rc(check(slot), -LLMP_E_MSG_BOUNDS);
    const uint64_t wild[] = {UINT64_MAX, UINT64_MAX - 119, UINT64_MAX - 127, (uint64_t)1 << 63, (uint64_t)64 << 20};
    for (size_t i = 0; i < sizeof wild / sizeof wild[0]; i++) {
        slot.buf_len_padded = wild[i];
        assert_rc(check(slot), -LLMP_E_MSG_BOUNDS);
    }
}

static void RECV_2_unaligned_slots_are_refused(void **state) {
    (void)state;
    struct llmp_slot slot = good();
    for (uint64_t padded = 25; padded < 88; padded++) {
        slot.buf_len_padded = padded;
        assert_rc(check(slot), -LLMP_E_MSG_ALIGN);
    }
}

static void RECV_2_headers_behind_the_map(void **state) {
    (void)state;
    struct llmp_slot slot = good();
    assert_true(llmp_slot_fits(MAP, MAP - 40));
    assert_false(llmp_slot_fits(MAP, MAP - 39));
    assert_false(llmp_slot_fits(MAP, MAP + 64));
    assert_rc(llmp_slot_check(&slot, MAP, MAP, 3), -LLMP_E_MSG_BOUNDS);
    assert_rc(llmp_slot_check(&slot, MAP, SIZE_MAX - 8, 3), -LLMP_E_MSG_BOUNDS);
}

static void BROKER_3_longer_padding_is_accepted(void **state) {
    (void)state;
    struct llmp_slot slot = good();
    slot.buf_len = 0;
    slot.buf_len_padded = 88;
    assert_ok(check(slot));
}

static void RECV_0_ids_are_consecutive(void **state) {
    (void)state;
    struct llmp_slot slot = good();
    const uint64_t wrong[] = {0, 2, 4, UINT64_MAX};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        slot.message_id = wrong[i];
        assert_rc(check(slot), -LLMP_E_MSG_ID);
    }
}

static void RECV_3_special_tags(void **state) {
    (void)state;
    struct llmp_slot slot = good();
    slot.tag = 0xDEADAF;
    assert_rc(check(slot), -LLMP_E_MSG_UNSET);
    slot.tag = 0xA143AF11;
    assert_rc(check(slot), -LLMP_E_MSG_UNINITIALIZED);
    slot.tag = 0x013C5171;
    assert_rc(check(slot), -LLMP_E_MSG_EXITING);
    slot.buf_len = 0;
    assert_ok(check(slot));
}

static void EOP_2_end_of_page_has_32_bytes(void **state) {
    (void)state;
    struct llmp_slot slot = {.tag = 0x0AF1E0F1, .message_id = 3, .buf_len = 32, .buf_len_padded = 32};
    assert_ok(check(slot));
    slot.buf_len = 31;
    assert_rc(check(slot), -LLMP_E_EOP_LENGTH);
    slot.buf_len = 0;
    assert_rc(check(slot), -LLMP_E_EOP_LENGTH);
    slot = (struct llmp_slot){.tag = 0x0AF1E0F1, .message_id = 3, .buf_len = 33, .buf_len_padded = 88};
    assert_rc(check(slot), -LLMP_E_EOP_LENGTH);
}

static void EOP_1_payload(void **state) {
    (void)state;
    llmp_shmem_desc desc = {.size = 0x123456};
    assert_ok(llmp_shmem_id_set(&desc.id, "65538"));
    uint64_t words[4];
    memset(words, 0xAA, sizeof words);
    llmp_eop_write(words, &desc);
    assert_int_equal(words[0], 0x123456);
    assert_memory_equal(words + 1, "65538\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    llmp_shmem_desc back;
    llmp_eop_read(words, &back);
    assert_int_equal(back.size, desc.size);
    assert_memory_equal(back.id.bytes, desc.id.bytes, 20);
}

static void MSG_2_reserved_tags(void **state) {
    (void)state;
    const uint32_t reserved[] = {0xDEADAF, 0xA143AF11, 0x0AF1E0F1, 0x0C11E471, 0x0C11E472, 0x013C5171, 0x70051041};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        assert_true(llmp_tag_is_reserved(reserved[i]));
        assert_false(llmp_tag_is_reserved(reserved[i] + 2));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(MSG_1_slots_end_on_a_multiple_of_64),
        cmocka_unit_test(MSG_1_empty_messages),
        cmocka_unit_test(EOP_4_sizes_of_the_next_page),
        cmocka_unit_test(PAGE_1_a_fresh_page),
        cmocka_unit_test(PAGE_3_magic),
        cmocka_unit_test(RECV_2_lengths),
        cmocka_unit_test(RECV_2_unaligned_slots_are_refused),
        cmocka_unit_test(RECV_2_headers_behind_the_map),
        cmocka_unit_test(BROKER_3_longer_padding_is_accepted),
        cmocka_unit_test(RECV_0_ids_are_consecutive),
        cmocka_unit_test(RECV_3_special_tags),
        cmocka_unit_test(EOP_2_end_of_page_has_32_bytes),
        cmocka_unit_test(EOP_1_payload),
        cmocka_unit_test(MSG_2_reserved_tags),
    };
    return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
