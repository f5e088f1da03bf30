/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <errno.h>

#include "os/compat.h"
#include "shmem/provider.h"

#define ALL_FLAGS                                                                                                      \
    ((uint32_t)LLMP_SHMEM_PREFAULT | LLMP_SHMEM_HUGE_PAGES | LLMP_SHMEM_LOCK | LLMP_SHMEM_SEAL | LLMP_SHMEM_CLOEXEC)

/* An unknown flag is an option of a newer version, as a set reserved byte is. */
int llmp_shmem_check_options(const llmp_shmem_options *options) {
    bool known = (options->flags & ~ALL_FLAGS) == 0 && options->reserved0 == 0 &&
                 llmp_is_zero(options->reserved, sizeof options->reserved);
    return known ? 0 : -EINVAL;
}

void llmp_shmem_warn(const llmp_shmem_options *options, const char *text) {
    if (options->on_warning != NULL) {
        options->on_warning(options->warning_context, text);
    }
}
