/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Maps of this project's library. */
#include "subjects/ref.h"

struct map_handle {
    llmp_shmem *map;
};

_Static_assert(sizeof(struct map_handle) <= MAP_HANDLE_SIZE, "a pointer fits into a handle");

static int ref_create(const void *context, size_t size, struct map_handle *handle) {
    return llmp_shmem_create(context, size, NULL, &handle->map);
}

static int ref_open(const void *context, const struct map_handle *original, struct map_handle *handle) {
    llmp_shmem_desc desc = llmp_shmem_describe(original->map);
    return llmp_shmem_open(context, &desc, NULL, &handle->map);
}

static void ref_close(struct map_handle *handle) {
    llmp_shmem_close(handle->map);
}

const struct map_ops ref_map_ops = {ref_create, ref_open, ref_close, llmp_error_name};
