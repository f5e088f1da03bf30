/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The input of the targets that read pages: eight option bytes, then the pages, each as two bytes of size
 * (little-endian) and that many bytes. The last page takes the bytes that are left. The pages become segments with the
 * ids "1", "2" …, so that an END_OF_PAGE on one can name another.
 */
#ifndef LLMP_FUZZ_BUNDLE_H
#define LLMP_FUZZ_BUNDLE_H

#include "rig/input.h"

#define FUZZ_BUNDLE_OPTIONS 8
#define FUZZ_BUNDLE_PAGES 12

struct fuzz_bundle {
    uint8_t options[FUZZ_BUNDLE_OPTIONS];
    int count;
    struct {
        const uint8_t *bytes;
        size_t size;
    } pages[FUZZ_BUNDLE_PAGES];
};

/* Takes an input apart. The pages are views of it. */
struct fuzz_bundle fuzz_bundle_parse(const uint8_t *data, size_t size);

#endif
