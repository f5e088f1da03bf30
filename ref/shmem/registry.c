/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The list of built-in providers. */
#include <string.h>

#include "shmem/provider.h"

const llmp_shmem_provider *llmp_shmem_provider_at(size_t index) {
    size_t i = 0;
    while (i < index && llmp_shmem_builtin_providers[i] != NULL) {
        i++;
    }
    return llmp_shmem_builtin_providers[i];
}

const llmp_shmem_provider *llmp_shmem_provider_find(const char *name) {
    const llmp_shmem_provider *const *at = llmp_shmem_builtin_providers;
    while (*at != NULL && strcmp((*at)->name, name) != 0) {
        at++;
    }
    return *at;
}

const llmp_shmem_provider *llmp_shmem_provider_default(void) {
    for (const llmp_shmem_provider *const *at = llmp_shmem_builtin_providers; *at != NULL; at++) {
        if ((*at)->scope == LLMP_SCOPE_SYSTEM && llmp_shmem_provider_check(*at) == 0) {
            return *at;
        }
    }
    return llmp_shmem_builtin_providers[0];
}
