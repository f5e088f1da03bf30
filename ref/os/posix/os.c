/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "os/os.h"

#include <sched.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

int64_t llmp_os_now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void llmp_os_sleep(int64_t ns) {
    struct timespec t = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
    (void)nanosleep(&t, NULL);
}

void llmp_os_yield(void) {
    (void)sched_yield();
}

void llmp_os_random(void *bytes, size_t length) {
    if (getrandom(bytes, length, 0) == (ssize_t)length) {
        return;
    }
    uint64_t state = (uint64_t)llmp_os_now() ^ (uint64_t)(uintptr_t)bytes ^ ((uint64_t)getpid() << 32);
    for (size_t i = 0; i < length; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        ((unsigned char *)bytes)[i] = (unsigned char)(state >> 56);
    }
}

size_t llmp_os_cache_size(void) {
    long size = -1;
#ifdef _SC_LEVEL2_CACHE_SIZE
    size = sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
    return size > 0 ? (size_t)size : (size_t)1 << 20;
}

const char *llmp_os_errno_name(int number) {
    const char *name = strerrorname_np(number);
    return name != NULL ? name : "UNKNOWN";
}

/* Unlike strerror(), strerrordesc_np() never translates and uses no shared buffer. */
const char *llmp_os_errno_text(int number) {
    const char *text = strerrordesc_np(number);
    return text != NULL ? text : "unknown error";
}
