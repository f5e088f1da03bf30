/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The constants of SPEC.md, written independently of ref/. No file of the suite or the oracle includes a file of ref/,
 * so that an error in one is not repeated in the other. Pages are bytes at offsets here, never structures.
 */
#ifndef LC_ORACLE_LAYOUT_H
#define LC_ORACLE_LAYOUT_H

#include <stdint.h>

enum lc_tag {
    LC_TAG_UNSET = 0x00DEADAF,
    LC_TAG_END_OF_PAGE = 0x0AF1E0F1,
    LC_TAG_NEW_SHM_CLIENT = 0x0C11E471,
    LC_TAG_CLIENT_EXIT = 0x0C11E472,
    LC_TAG_EXITING = 0x013C5171,
    LC_TAG_SLOW_RECEIVER = 0x70051041
};
#define LC_TAG_UNINITIALIZED UINT32_C(0xA143AF11)

enum lc_flag { LC_FLAG_COMPRESSED = 1, LC_FLAG_FROM_B2B = 2, LC_FLAG_FROM_MM = 4 };

#define LC_MAGIC UINT64_C(0x1A1A1A1A1A1A1AF1)
#define LC_MAGIC_GIVEN_UP UINT64_C(0xDEADC0FEAF1BEEF1)

/* Page header: the offset of each field, on 64-bit machines. */
enum {
    LC_PAGE_MAGIC = 0,           /* 8 bytes */
    LC_PAGE_SENDER_ID = 8,       /* 4 */
    LC_PAGE_JOINED = 12,         /* 2 */
    LC_PAGE_LEFT = 14,           /* 2 */
    LC_PAGE_CURRENT_MSG_ID = 16, /* 8 */
    LC_PAGE_SIZE_TOTAL = 24,     /* 8 */
    LC_PAGE_SIZE_USED = 32,      /* 8 */
    LC_PAGE_MAX_ALLOC = 40,      /* 8 */
    LC_PAGE_HEADER = 48
};

/* Message header: offsets from the start of the slot. */
enum {
    LC_MSG_TAG = 0,
    LC_MSG_SENDER = 4,
    LC_MSG_BROKER = 8,
    LC_MSG_FLAGS = 12,
    LC_MSG_ID = 16,
    LC_MSG_LEN = 24,
    LC_MSG_PADDED = 32,
    LC_MSG_HEADER = 40
};

enum { LC_ID_BYTES = 20, LC_LINE = 64, LC_EOP_PAYLOAD = 32, LC_EOP_ROOM = 128 };

#define LC_PAGE_DEFAULT UINT64_C(0x100000)

/* A map's id and the size in bytes that the description claims (ID-2). */
struct lc_desc {
    uint64_t size;
    uint8_t id[LC_ID_BYTES];
};

#endif
