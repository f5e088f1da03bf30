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

/* Another provider when this one fails would separate processes that start before and after: they could not connect. */
const llmp_shmem_provider *llmp_shmem_provider_default(void) {
    return llmp_shmem_builtin_providers[0];
}
