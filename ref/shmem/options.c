/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <errno.h>

#include "os/compat.h"
#include "shmem/provider.h"

int llmp_shmem_check_options(const llmp_shmem_options *options) {
    return options->reserved0 == 0 && llmp_is_zero(options->reserved, sizeof options->reserved) ? 0 : -EINVAL;
}

void llmp_shmem_warn(const llmp_shmem_options *options, const char *text) {
    if (options->on_warning != NULL) {
        options->on_warning(options->warning_context, text);
    }
}
