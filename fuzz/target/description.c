/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Property: whatever text or bytes are given as an id, with whatever size, a provider opens the segment that the id
 * spells in its one spelling (ID-1, ID-3) and nothing else, never more than the segment holds, and names what is wrong
 * otherwise; a map that was opened can be read and written to its last byte.
 *
 * The providers are the real ones, so this target makes system calls.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "llmp/llmp.h"
#include "rig/check.h"
#include "rig/input.h"

#define PROVIDERS 4
#define SEGMENT 5000u

enum { KIND_NUMBER, KIND_NAME, KIND_NONE };

/* A segment of each provider, made once. */
static struct own {
    const llmp_shmem_provider *provider;
    llmp_shmem *map;
    llmp_shmem_desc desc;
    int kind;   /* of its ids */
    bool exact; /* a description has to say the very size (ID-3) */
} owns[PROVIDERS];

/* Names of posix would outlive the process. */
static void remove_segments(void) {
    for (int i = 0; i < PROVIDERS; i++) {
        llmp_shmem_close(owns[i].map);
    }
}

static void make_segments(void) {
    static const char *const names[PROVIDERS] = {"sysv", "posix", "memfd", "nop"};
    if (owns[0].map != NULL) {
        return;
    }
    (void)atexit(remove_segments);
    for (int i = 0; i < PROVIDERS; i++) {
        struct own *own = &owns[i];
        own->provider = llmp_shmem_provider_find(names[i]);
        FUZZ_CHECK(own->provider != NULL, "no provider %s", names[i]);
        int rc = llmp_shmem_create(own->provider, SEGMENT, NULL, &own->map);
        FUZZ_CHECK(rc == 0, "%s: %s", names[i], llmp_error_name(rc));
        own->desc = llmp_shmem_describe(own->map);
        own->kind = i == 1 ? KIND_NAME : i == 3 ? KIND_NONE : KIND_NUMBER;
        own->exact = i == 2;
    }
}

/* ---------------------------------------------------------------- what an id is */

/* ID-3: decimal digits in their one spelling, at most INT_MAX. */
static int number_code(const char *text) {
    size_t digits = strspn(text, "0123456789");
    if (digits == 0) {
        return -LLMP_E_ID_NOT_A_NUMBER;
    }
    size_t first = text[0] == '0' ? 1 : digits;
    if (first > 10 || (first == 10 && strncmp(text, "2147483647", 10) > 0)) {
        return -LLMP_E_ID_RANGE;
    }
    return text[first] != '\0' ? -LLMP_E_ID_TRAILING : 0;
}

static int name_code(const char *text) {
    bool name = text[0] == '/' && text[1] != '\0' && strchr(text + 1, '/') == NULL && strcmp(text, "/.") != 0 &&
                strcmp(text, "/..") != 0;
    return name ? 0 : -LLMP_E_ID_NAME;
}

/* What has to be said of an id before anybody is asked for a segment; 0: nothing is wrong with it. */
static int id_code(const struct own *own, const llmp_shmem_desc *desc) {
    if (desc->size == 0 || desc->size > LLMP_SHMEM_SIZE_MAX) {
        return desc->size == 0 ? -LLMP_E_SIZE_ZERO : -LLMP_E_SIZE_TOO_LARGE;
    }
    if (own->kind == KIND_NONE) {
        return 0;
    }
    if (desc->id.bytes[0] == '\0') {
        return -LLMP_E_ID_EMPTY;
    }
    if (memchr(desc->id.bytes, '\0', LLMP_SHMEM_ID_SIZE) == NULL) {
        return -LLMP_E_ID_UNTERMINATED;
    }
    return own->kind == KIND_NAME ? name_code(desc->id.bytes) : number_code(desc->id.bytes);
}

/* ---------------------------------------------------------------- opening */

static void expect_usable(const struct own *own, llmp_shmem *map, const llmp_shmem_desc *desc) {
    llmp_shmem_desc said = llmp_shmem_describe(map);
    unsigned char *bytes = llmp_shmem_data(map);
    size_t last = desc->size - 1;
    FUZZ_CHECK(llmp_shmem_size(map) == desc->size && said.size == desc->size, "another size");
    FUZZ_CHECK(!llmp_shmem_is_owner(map) && llmp_shmem_provider_of(map) == own->provider, "another's map");
    bytes[last] = (unsigned char)(bytes[0] + 1);
    if (own->kind != KIND_NONE) {
        const unsigned char *there = llmp_shmem_data(own->map);
        FUZZ_CHECK(strncmp(said.id.bytes, own->desc.id.bytes, LLMP_SHMEM_ID_SIZE) == 0, "another id");
        FUZZ_CHECK(there[last] == bytes[last], "another segment");
    }
}

/* Opens a second time what is open, by the map instead of the description. */
static void expect_clone(const llmp_shmem *map) {
    llmp_shmem *copy;
    int rc = llmp_shmem_clone(map, &copy);
    FUZZ_CHECK(rc == 0 && llmp_shmem_size(copy) == llmp_shmem_size(map), "%s", llmp_error_name(rc));
    llmp_shmem_close(copy);
}

/* There may be segments of others. Nothing is touched that is not ours. */
static void expect_other(const struct own *own, const llmp_shmem_desc *desc, int rc) {
    FUZZ_CHECK(rc <= 0, "%d", rc);
    FUZZ_CHECK(rc == 0 || rc == -LLMP_E_NO_SEGMENT || rc == -LLMP_E_ID_KIND || rc == -LLMP_E_SIZE_CLAIM ||
                   (rc > -2000 && rc < 0),
               "%s for '%.20s' of %s", llmp_error_name(rc), desc->id.bytes, llmp_shmem_provider_name(own->provider));
}

static void expect_own(const struct own *own, llmp_shmem *map, const llmp_shmem_desc *desc, int rc) {
    bool fits = own->kind == KIND_NONE || (own->exact ? desc->size == SEGMENT : desc->size <= SEGMENT);
    FUZZ_CHECK(rc == (fits ? 0 : -LLMP_E_SIZE_CLAIM), "%s for %zu bytes of %s", llmp_error_name(rc), desc->size,
               llmp_shmem_provider_name(own->provider));
    if (rc == 0) {
        expect_usable(own, map, desc);
        if (own->kind != KIND_NONE) {
            expect_clone(map);
        }
    }
}

static void open_and_compare(const struct own *own, const llmp_shmem_desc *desc) {
    llmp_shmem *map;
    int rc = llmp_shmem_open(own->provider, desc, NULL, &map);
    int wrong = id_code(own, desc);
    FUZZ_CHECK((rc == 0) == (map != NULL), "%s, and a map", llmp_error_name(rc));
    if (wrong != 0) {
        FUZZ_CHECK(rc == wrong, "%s instead of %s", llmp_error_name(rc), llmp_error_name(wrong));
    } else if (own->kind == KIND_NONE || strncmp(desc->id.bytes, own->desc.id.bytes, LLMP_SHMEM_ID_SIZE) == 0) {
        expect_own(own, map, desc, rc);
    } else {
        expect_other(own, desc, rc);
    }
    llmp_shmem_close(map);
}

/* ---------------------------------------------------------------- texts */

static void run_text(const struct own *own, const uint8_t *text, size_t length, size_t size) {
    char terminated[256];
    llmp_shmem_desc desc = {.size = size};
    memset(desc.id.bytes, 0xAA, sizeof desc.id.bytes);
    length = length < sizeof terminated ? length : sizeof terminated - 1;
    memcpy(terminated, length > 0 ? text : (const uint8_t *)"", length);
    terminated[length] = '\0';
    length = strlen(terminated);
    int rc = llmp_shmem_id_set(&desc.id, terminated);
    int wanted = length == 0 ? -LLMP_E_ID_EMPTY : length >= LLMP_SHMEM_ID_SIZE ? -LLMP_E_ID_UNTERMINATED : 0;
    FUZZ_CHECK(rc == wanted, "%s for %zu characters", llmp_error_name(rc), length);
    if (rc == 0) {
        static const char zeros[LLMP_SHMEM_ID_SIZE];
        FUZZ_CHECK(strcmp(desc.id.bytes, terminated) == 0, "another id");
        FUZZ_CHECK(memcmp(desc.id.bytes + length, zeros, sizeof zeros - length) == 0, "bytes behind the NUL");
        open_and_compare(own, &desc);
    }
}

/* Our own id, with some of its bytes changed. */
static void run_changed(const struct own *own, struct fuzz_input *input, size_t size) {
    llmp_shmem_desc desc = {.size = size, .id = own->desc.id};
    while (input->left >= 2) {
        uint8_t where = fuzz_u8(input);
        desc.id.bytes[where % LLMP_SHMEM_ID_SIZE] = (char)(desc.id.bytes[where % LLMP_SHMEM_ID_SIZE] ^ fuzz_u8(input));
    }
    open_and_compare(own, &desc);
}

static size_t some_size(struct fuzz_input *input) {
    static const uint64_t sizes[] = {SEGMENT,    SEGMENT - 1, SEGMENT + 1,     0, 1, 8192, 8193, 4096,
                                     UINT64_MAX, 1ull << 40,  (1ull << 40) + 1};
    uint8_t which = fuzz_u8(input);
    return which < 128 ? sizes[which % (sizeof sizes / sizeof sizes[0])] : fuzz_u32(input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input input = fuzz_input_over(data, size);
    uint8_t how = fuzz_u8(&input);
    make_segments();
    const struct own *own = &owns[how % PROVIDERS];
    size_t claim = some_size(&input);
    if (own->kind == KIND_NONE && claim > ((size_t)1 << 30)) {
        return 0; /* it would be given so much */
    }
    if (how & 64) {
        run_changed(own, &input, claim);
    } else if (how & 128) {
        llmp_shmem_desc desc = {.size = claim};
        size_t length = sizeof desc.id.bytes;
        const uint8_t *bytes = fuzz_take(&input, &length);
        memcpy(desc.id.bytes, length > 0 ? bytes : (const uint8_t *)"", length);
        open_and_compare(own, &desc);
    } else {
        size_t left = input.left;
        run_text(own, fuzz_take(&input, &left), left, claim);
    }
    return 0;
}
