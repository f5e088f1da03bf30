/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The interface that a provider implements. map.c checks the arguments and finishes the maps of all providers, so that
 * a provider only calls the system. This header depends on no system; each system has a folder, as posix/.
 */
#ifndef LLMP_SHMEM_PROVIDER_H
#define LLMP_SHMEM_PROVIDER_H

#include <stdbool.h>

#include "llmp/shmem.h"
#include "os/os.h"

/* The value of a map's `handle` if the map has none. */
#define LLMP_SHMEM_NO_HANDLE ((intptr_t)-1)

struct llmp_shmem {
    const llmp_shmem_provider *provider;
    void *data;
    size_t size;
    llmp_shmem_id id;
    uint32_t flags;               /* the flags in effect */
    struct llmp_process_id owner; /* the process that created the map; all zero if the map was opened */
    intptr_t handle;              /* the system's handle, or LLMP_SHMEM_NO_HANDLE; the provider closes it */
    uint64_t identity;            /* differs between segments that have one id in turn; 0 if the provider sets none */
};

/*
 * Each operation gets the provider as `self`. Built-in providers are constants. An instance is allocated at run time,
 * and its operations find its data through `self->state`. Operations must be thread-safe.
 */
struct llmp_shmem_provider {
    const char *name;
    const char *summary;
    llmp_shmem_scope scope;
    void *state; /* the data of an instance; null in a built-in provider */

    /*
     * Creates or opens a segment and maps it. provider, size and flags of `map` are set, handle is
     * LLMP_SHMEM_NO_HANDLE, data is null. The operation sets data, id (when creating), handle and identity; it may
     * raise size (huge pages) and clear flags. Returns 0 or a negative code; on failure it leaves nothing behind.
     */
    int (*create)(const llmp_shmem_provider *self, struct llmp_shmem *map, const llmp_shmem_options *options);
    int (*open)(const llmp_shmem_provider *self, struct llmp_shmem *map, const llmp_shmem_id *id);

    /* Unmaps. `remove` is true in the owner: no process may open the segment afterwards. Does not free `map`. */
    void (*close)(const llmp_shmem_provider *self, struct llmp_shmem *map, bool remove);

    /* Returns true if no other process holds this opened map, or its owner no longer exists. May be null. */
    bool (*is_orphan)(const llmp_shmem_provider *self, const struct llmp_shmem *map);

    /* Returns true if the id of this map still leads to this segment. May be null. */
    bool (*is_reachable)(const llmp_shmem_provider *self, const struct llmp_shmem *map);

    /* Removes the segment of an orphan that would otherwise outlive all processes. May be null. */
    void (*reap)(const llmp_shmem_provider *self, const struct llmp_shmem *map);

    /*
     * Names the resource of the system that is used up, after `code` was the result of create. Returns a static string,
     * or null if the system does not report it. May be null.
     */
    const char *(*explain)(const llmp_shmem_provider *self, int code);

    /* Returns how many bytes further maps can have together, or UINT64_MAX if that is not known. May be null. */
    uint64_t (*room)(const llmp_shmem_provider *self);

    /* Frees the instance. Null if the provider is built in. */
    void (*free)(const llmp_shmem_provider *self);
};

/* The built-in providers of this platform, the default first; a null pointer ends them. Defined in posix/providers.c. */
extern const llmp_shmem_provider *const llmp_shmem_builtin_providers[];

/*
 * Parses an id that is a decimal number from 0 to INT_MAX (ID-3). `id` is NUL-terminated.
 * Returns 0, -LLMP_E_ID_NOT_A_NUMBER, -LLMP_E_ID_TRAILING or -LLMP_E_ID_RANGE.
 */
int llmp_shmem_id_number(const llmp_shmem_id *id, int *number);

/* Fills an id with a decimal number and zeroes its remaining bytes. */
void llmp_shmem_id_from_number(llmp_shmem_id *id, int number);

/* Returns 0, or -EINVAL if an unknown flag or a reserved byte is set. */
int llmp_shmem_check_options(const llmp_shmem_options *options);

/* Calls on_warning, if it is set. */
void llmp_shmem_warn(const llmp_shmem_options *options, const char *text);

#endif
