/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "rig/bundle.h"

struct fuzz_bundle fuzz_bundle_parse(const uint8_t *data, size_t size) {
    struct fuzz_bundle bundle = {.count = 0};
    struct fuzz_input input = fuzz_input_over(data, size);
    for (int i = 0; i < FUZZ_BUNDLE_OPTIONS; i++) {
        bundle.options[i] = fuzz_u8(&input);
    }
    while (input.left > 2 && bundle.count < FUZZ_BUNDLE_PAGES) {
        size_t length = fuzz_u16(&input);
        if (length == 0) {
            continue;
        }
        bundle.pages[bundle.count].bytes = fuzz_take(&input, &length);
        bundle.pages[bundle.count++].size = length;
    }
    return bundle;
}
