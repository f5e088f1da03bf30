/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shmem/prepare.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "llmp/shmem.h"
#include "os/os.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/*
 * Kernels before 5.14 do not support MADV_POPULATE_WRITE. A read of each page populates its entry in the page table,
 * although the first write still faults once.
 */
static void read_pages(const volatile unsigned char *data, size_t size) {
    size_t step = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < size; i += step) {
        (void)data[i];
    }
}

int llmp_shmem_prepare(void *data, size_t size, uint32_t flags) {
    /* A peer's segment may have no memory behind it. Populating more than fits would start the out-of-memory killer. */
    if ((flags & (LLMP_SHMEM_PREFAULT | LLMP_SHMEM_LOCK)) != 0 && size > llmp_os_memory_size()) {
        return -ENOMEM;
    }
    if ((flags & LLMP_SHMEM_PREFAULT) != 0 && madvise(data, size, MADV_POPULATE_WRITE) != 0) {
        if (errno != EINVAL) {
            return -errno;
        }
        read_pages(data, size);
    }
    if ((flags & LLMP_SHMEM_LOCK) != 0 && mlock(data, size) != 0) {
        return -errno;
    }
    return 0;
}

size_t llmp_shmem_huge_page_size(void) {
    FILE *f = fopen("/proc/meminfo", "re");
    if (f == NULL) {
        return 0;
    }
    char line[128];
    size_t kib = 0;
    while (kib == 0 && fgets(line, sizeof line, f) != NULL) {
        if (sscanf(line, "Hugepagesize: %zu kB", &kib) != 1) {
            kib = 0;
        }
    }
    (void)fclose(f);
    return kib * 1024;
}
