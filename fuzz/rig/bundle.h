/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The input of targets that read pages: eight bytes that say how, then the pages, each as two bytes of size and that
 * many bytes. The pages become segments whose ids are "1", "2" …: an END_OF_PAGE on one can lead to another. The last
 * page takes what is there.
 */
#ifndef LLMP_FUZZ_BUNDLE_H
#define LLMP_FUZZ_BUNDLE_H

#include "rig/input.h"

#define FUZZ_BUNDLE_HOW 8
#define FUZZ_BUNDLE_PAGES 12

struct fuzz_bundle {
    uint8_t how[FUZZ_BUNDLE_HOW];
    int count;
    struct {
        const uint8_t *bytes;
        size_t size;
    } pages[FUZZ_BUNDLE_PAGES];
};

struct fuzz_bundle fuzz_bundle_parse(const uint8_t *data, size_t size);

#endif
