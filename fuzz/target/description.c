/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Property: for any text or bytes as an id, with any size, a provider opens the segment whose only valid spelling the
 * id is (ID-1, ID-3) and no other, and never more bytes than the segment has; otherwise it returns the right error. An
 * open map can be read and written to its last byte.
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

/* The form of a provider's ids. */
enum { KIND_NUMBER, KIND_NAME, KIND_NONE };

/* A segment of each provider, created once. */
static struct own {
    const llmp_shmem_provider *provider;
    llmp_shmem *map;
    llmp_shmem_desc desc;
    int kind;
    bool exact; /* a description must have the segment's exact size (ID-3) */
} owns[PROVIDERS];

/* The segment of posix would outlive the process. */
static void remove_segments(void) {
    for (int i = 0; i < PROVIDERS; i++) {
        llmp_shmem_close(owns[i].map);
    }
}

static void create_segments(void) {
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

/* ---------------------------------------------------------------- ids */

/* ID-3: a decimal number without leading zeros, at most INT_MAX. */
static int number_error(const char *text) {
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

static int name_error(const char *text) {
    bool name = text[0] == '/' && text[1] != '\0' && strchr(text + 1, '/') == NULL && strcmp(text, "/.") != 0 &&
                strcmp(text, "/..") != 0;
    return name ? 0 : -LLMP_E_ID_NAME;
}

/* Returns the error that a description must cause before the provider looks for the segment, or 0. */
static int desc_error(const struct own *own, const llmp_shmem_desc *desc) {
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
    return own->kind == KIND_NAME ? name_error(desc->id.bytes) : number_error(desc->id.bytes);
}

/* ---------------------------------------------------------------- opening */

static void expect_usable(const struct own *own, llmp_shmem *map, const llmp_shmem_desc *desc) {
    llmp_shmem_desc said = llmp_shmem_describe(map);
    unsigned char *bytes = llmp_shmem_data(map);
    size_t last = desc->size - 1;
    FUZZ_CHECK(llmp_shmem_size(map) == desc->size && said.size == desc->size, "wrong size");
    FUZZ_CHECK(!llmp_shmem_is_owner(map) && llmp_shmem_provider_of(map) == own->provider, "wrong owner or provider");
    bytes[last] = (unsigned char)(bytes[0] + 1);
    if (own->kind != KIND_NONE) {
        const unsigned char *there = llmp_shmem_data(own->map);
        FUZZ_CHECK(strncmp(said.id.bytes, own->desc.id.bytes, LLMP_SHMEM_ID_SIZE) == 0, "wrong id");
        FUZZ_CHECK(there[last] == bytes[last], "wrong segment");
    }
}

static void expect_clone(const llmp_shmem *map) {
    llmp_shmem *copy;
    int rc = llmp_shmem_clone(map, &copy);
    FUZZ_CHECK(rc == 0 && llmp_shmem_size(copy) == llmp_shmem_size(map), "%s", llmp_error_name(rc));
    llmp_shmem_close(copy);
}

/* The id may name a segment of another process, whose bytes must not be touched. */
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
    int error = desc_error(own, desc);
    FUZZ_CHECK((rc == 0) == (map != NULL), "%s, but a map was returned", llmp_error_name(rc));
    if (error != 0) {
        FUZZ_CHECK(rc == error, "%s instead of %s", llmp_error_name(rc), llmp_error_name(error));
    } else if (own->kind == KIND_NONE || strncmp(desc->id.bytes, own->desc.id.bytes, LLMP_SHMEM_ID_SIZE) == 0) {
        expect_own(own, map, desc, rc);
    } else {
        expect_other(own, desc, rc);
    }
    llmp_shmem_close(map);
}

/* ---------------------------------------------------------------- texts */

/* Copies a text of the input, up to its first NUL. */
static size_t copy_text(char *text, size_t capacity, const uint8_t *from, size_t length) {
    length = length < capacity ? length : capacity - 1;
    if (length > 0) {
        memcpy(text, from, length);
    }
    text[length] = '\0';
    return strlen(text);
}

static void run_text(const struct own *own, const uint8_t *input, size_t input_length, size_t size) {
    static const char zeros[LLMP_SHMEM_ID_SIZE];
    char text[256];
    llmp_shmem_desc desc = {.size = size};
    memset(desc.id.bytes, 0xAA, sizeof desc.id.bytes);
    size_t length = copy_text(text, sizeof text, input, input_length);
    int rc = llmp_shmem_id_set(&desc.id, text);
    int expected = length == 0 ? -LLMP_E_ID_EMPTY : length >= LLMP_SHMEM_ID_SIZE ? -LLMP_E_ID_UNTERMINATED : 0;
    FUZZ_CHECK(rc == expected, "%s for %zu characters", llmp_error_name(rc), length);
    if (rc == 0) {
        FUZZ_CHECK(strcmp(desc.id.bytes, text) == 0, "wrong id");
        FUZZ_CHECK(memcmp(desc.id.bytes + length, zeros, sizeof zeros - length) == 0,
                   "bytes behind the NUL are not zero");
        open_and_compare(own, &desc);
    }
}

static void run_bytes(const struct own *own, struct fuzz_input *input, size_t size) {
    llmp_shmem_desc desc = {.size = size};
    size_t length = sizeof desc.id.bytes;
    const uint8_t *bytes = fuzz_take(input, &length);
    if (length > 0) {
        memcpy(desc.id.bytes, bytes, length);
    }
    open_and_compare(own, &desc);
}

/* Opens the id of our segment with some of its bytes changed. */
static void run_changed(const struct own *own, struct fuzz_input *input, size_t size) {
    llmp_shmem_desc desc = {.size = size, .id = own->desc.id};
    while (input->left >= 2) {
        uint8_t where = fuzz_u8(input);
        desc.id.bytes[where % LLMP_SHMEM_ID_SIZE] = (char)(desc.id.bytes[where % LLMP_SHMEM_ID_SIZE] ^ fuzz_u8(input));
    }
    open_and_compare(own, &desc);
}

static size_t pick_size(struct fuzz_input *input) {
    static const uint64_t sizes[] = {SEGMENT,    SEGMENT - 1, SEGMENT + 1,     0, 1, 8192, 8193, 4096,
                                     UINT64_MAX, 1ull << 40,  (1ull << 40) + 1};
    uint8_t which = fuzz_u8(input);
    return which < 128 ? sizes[which % (sizeof sizes / sizeof sizes[0])] : fuzz_u32(input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input input = fuzz_input_over(data, size);
    uint8_t how = fuzz_u8(&input);
    create_segments();
    const struct own *own = &owns[how % PROVIDERS];
    size_t claim = pick_size(&input);
    if (own->kind == KIND_NONE && claim > ((size_t)1 << 30)) {
        return 0; /* nop would allocate that many bytes */
    }
    if (fuzz_has(how, 64)) {
        run_changed(own, &input, claim);
    } else if (fuzz_has(how, 128)) {
        run_bytes(own, &input, claim);
    } else {
        size_t left = input.left;
        run_text(own, fuzz_take(&input, &left), left, claim);
    }
    return 0;
}
