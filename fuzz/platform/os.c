/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "os/os.h"

#include <string.h>

#include "platform/clock.h"

#define START 1000000000
#define READ_NS 100
#define YIELD_NS 1000

static int64_t now = START;
static uint64_t random_state = 1;

void fuzz_clock_begin(void) {
    now = START;
    random_state = 1;
}

void fuzz_clock_advance(int64_t ns) {
    now += ns;
}

int64_t llmp_os_now(void) {
    return now += READ_NS;
}

void llmp_os_sleep(int64_t ns) {
    now += ns > 0 ? ns : 0;
}

void llmp_os_yield(void) {
    now += YIELD_NS;
}

void llmp_os_random(void *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        random_state = random_state * 6364136223846793005u + 1442695040888963407u;
        ((unsigned char *)bytes)[i] = (unsigned char)(random_state >> 56);
    }
}

size_t llmp_os_cache_size(void) {
    return (size_t)1 << 20;
}

uint64_t llmp_os_memory_size(void) {
    return (uint64_t)1 << 33;
}

uint64_t llmp_os_free_space(const char *path) {
    (void)path;
    return UINT64_MAX;
}

struct llmp_process_id llmp_os_process_id(void) {
    return (struct llmp_process_id){.number = 1};
}

const char *llmp_os_errno_name(int number) {
    const char *name = strerrorname_np(number);
    return name != NULL ? name : "UNKNOWN";
}

const char *llmp_os_errno_text(int number) {
    const char *text = strerrordesc_np(number);
    return text != NULL ? text : "unknown error";
}
