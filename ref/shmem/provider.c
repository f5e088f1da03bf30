/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The public face of the providers: what is checked and kept the same way for all of them. */
#include "shmem/provider.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/atomic.h"
#include "os/compat.h"
#include "os/os.h"
#include "shmem/liveness.h"
#include "shmem/prepare.h"

static const llmp_shmem_provider *const providers[] = {
    &llmp_shmem_sysv,
    &llmp_shmem_posix,
    &llmp_shmem_memfd,
    &llmp_shmem_nop,
};
#define PROVIDERS (sizeof providers / sizeof providers[0])

const llmp_shmem_provider *llmp_shmem_provider_at(size_t index) {
    return index < PROVIDERS ? providers[index] : NULL;
}

const llmp_shmem_provider *llmp_shmem_provider_find(const char *name) {
    for (size_t i = 0; i < PROVIDERS; i++) {
        if (strcmp(providers[i]->name, name) == 0) {
            return providers[i];
        }
    }
    return NULL;
}

const llmp_shmem_provider *llmp_shmem_provider_default(void) {
    for (size_t i = 0; i < PROVIDERS; i++) {
        if (providers[i]->scope == LLMP_SCOPE_SYSTEM && llmp_shmem_provider_check(providers[i]) == 0) {
            return providers[i];
        }
    }
    return providers[0];
}

void llmp_shmem_provider_free(const llmp_shmem_provider *provider) {
    if (provider != NULL && provider->free != NULL) {
        provider->free(provider);
    }
}

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

static int check_size(size_t size) {
    if (size == 0) {
        return -LLMP_E_SIZE_ZERO;
    }
    return size > LLMP_SHMEM_SIZE_MAX ? -LLMP_E_SIZE_TOO_LARGE : 0;
}

int llmp_shmem_check_options(const llmp_shmem_options *options) {
    return options->reserved0 == 0 && llmp_is_zero(options->reserved, sizeof options->reserved) ? 0 : -EINVAL;
}

static const llmp_shmem_options *or_default(const llmp_shmem_options *options) {
    static const llmp_shmem_options defaults;
    return options != NULL ? options : &defaults;
}

#define ALL_FLAGS                                                                                                      \
    ((unsigned)LLMP_SHMEM_PREFAULT | LLMP_SHMEM_HUGE_PAGES | LLMP_SHMEM_LOCK | LLMP_SHMEM_SEAL | LLMP_SHMEM_CLOEXEC)

/*
 * How many forks lie between this process and the first that used the library. A child can have the pid of the process
 * it inherited a map from: as the first one of another pid namespace, or when the owner is dead and its pid came round.
 * Written by a child that is alone yet; relaxed, as there is no partner.
 */
static unsigned forks;
static pthread_once_t forks_once = PTHREAD_ONCE_INIT;

static void count_fork(void) {
    llmp_store_relaxed(&forks, llmp_load_relaxed(&forks) + 1);
}

static void watch_forks(void) {
    (void)pthread_atfork(NULL, NULL, count_fork);
}

static struct llmp_shmem *new_map(const llmp_shmem_provider *provider, size_t size, unsigned flags) {
    struct llmp_shmem *map = calloc(1, sizeof *map);
    if (map != NULL) {
        map->provider = provider;
        map->size = size;
        map->flags = flags & ALL_FLAGS;
        map->fd = -1;
    }
    return map;
}

/* Ends create and open alike: what is left to do on success, and what to take back on failure. */
static int finish(struct llmp_shmem *map, int rc, llmp_shmem **out) {
    if (rc != 0) {
        free(map);
        return rc;
    }
    rc = llmp_shmem_prepare(map->data, map->size, map->flags);
    if (rc != 0) {
        llmp_shmem_close(map);
        return rc;
    }
    *out = map;
    return 0;
}

int llmp_shmem_create(const llmp_shmem_provider *provider, size_t size, const llmp_shmem_options *options,
                      llmp_shmem **out) {
    *out = NULL;
    options = or_default(options);
    int rc = check_size(size);
    if (rc == 0) {
        rc = llmp_shmem_check_options(options);
    }
    if (rc != 0) {
        return rc;
    }
    /* Reserving more than there is would not fail by itself: it would call for the out-of-memory killer. */
    if (size > llmp_os_memory_size()) {
        return -ENOMEM;
    }
    struct llmp_shmem *map = new_map(provider, size, options->flags);
    if (map == NULL) {
        return -ENOMEM;
    }
    (void)pthread_once(&forks_once, watch_forks);
    map->owner = getpid();
    map->forks = llmp_load_relaxed(&forks);
    return finish(map, provider->create(map, options), out);
}

int llmp_shmem_open(const llmp_shmem_provider *provider, const llmp_shmem_desc *desc, const llmp_shmem_options *options,
                    llmp_shmem **out) {
    *out = NULL;
    options = or_default(options);
    const llmp_shmem_desc copy = *desc;
    llmp_shmem_id id = {{0}}; /* stays empty where ids are; else what stands before the NUL, and zeroes (ID-1) */
    int rc = check_size(copy.size);
    if (rc == 0) {
        rc = llmp_shmem_check_options(options);
    }
    if (rc == 0 && provider->scope != LLMP_SCOPE_PROCESS) {
        rc = llmp_shmem_id_set(&id, copy.id.bytes);
    }
    if (rc != 0) {
        return rc;
    }
    struct llmp_shmem *map = new_map(provider, copy.size, options->flags & (LLMP_SHMEM_PREFAULT | LLMP_SHMEM_LOCK));
    if (map == NULL) {
        return -ENOMEM;
    }
    map->id = id;
    return finish(map, provider->open(map, &id), out);
}

/* The number of a descriptor is given out again when it was closed, and may name another map by now. */
int llmp_shmem_clone(const llmp_shmem *map, llmp_shmem **out) {
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    int rc = llmp_shmem_open(map->provider, &desc, NULL, out);
    if (rc == 0 && (*out)->inode != map->inode) {
        llmp_shmem_close(*out);
        *out = NULL;
        rc = -LLMP_E_NO_SEGMENT;
    }
    return rc;
}

/* A forked copy is not the owner's, and removes nothing (ID-4). */
void llmp_shmem_close(llmp_shmem *map) {
    if (map != NULL) {
        map->provider->close(map, llmp_shmem_is_owner(map));
        free(map);
    }
}

int llmp_shmem_is_orphan(const llmp_shmem *map) {
    return map->provider->is_orphan != NULL ? map->provider->is_orphan(map) : -ENOTSUP;
}

void llmp_shmem_reap(const llmp_shmem *map) {
    if (map->provider->reap != NULL && llmp_shmem_is_orphan(map) == 1) {
        map->provider->reap(map);
    }
}

void *llmp_shmem_data(const llmp_shmem *map) {
    return map->data;
}

size_t llmp_shmem_size(const llmp_shmem *map) {
    return map->size;
}

llmp_shmem_desc llmp_shmem_describe(const llmp_shmem *map) {
    return (llmp_shmem_desc){.size = map->size, .id = map->id};
}

const llmp_shmem_provider *llmp_shmem_provider_of(const llmp_shmem *map) {
    return map->provider;
}

uint32_t llmp_shmem_flags_of(const llmp_shmem *map) {
    return map->flags;
}

bool llmp_shmem_is_owner(const llmp_shmem *map) {
    return map->owner == getpid() && map->forks == llmp_load_relaxed(&forks);
}

int llmp_shmem_fd(const llmp_shmem *map) {
    return map->fd >= 0 ? map->fd : -LLMP_E_NO_FD;
}

void llmp_shmem_warn(const llmp_shmem_options *options, const char *text) {
    if (options->on_warning != NULL) {
        options->on_warning(options->warning_context, text);
    }
}
