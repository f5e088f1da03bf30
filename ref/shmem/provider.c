/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shmem/provider.h"

const char *llmp_shmem_provider_name(const llmp_shmem_provider *provider) {
    return provider->name;
}

const char *llmp_shmem_provider_summary(const llmp_shmem_provider *provider) {
    return provider->summary;
}

llmp_shmem_scope llmp_shmem_provider_scope(const llmp_shmem_provider *provider) {
    return provider->scope;
}

int llmp_shmem_provider_check(const llmp_shmem_provider *provider) {
    llmp_shmem *map;
    int rc = llmp_shmem_create(provider, 1, NULL, &map);
    llmp_shmem_close(map);
    return rc;
}

const char *llmp_shmem_provider_explain(const llmp_shmem_provider *provider, int code) {
    provider = provider != NULL ? provider : llmp_shmem_provider_default();
    const char *text = provider->explain != NULL ? provider->explain(provider, code) : NULL;
    return text != NULL ? text : llmp_strerror(code);
}

void llmp_shmem_provider_free(const llmp_shmem_provider *provider) {
    if (provider != NULL && provider->free != NULL) {
        provider->free(provider);
    }
}
