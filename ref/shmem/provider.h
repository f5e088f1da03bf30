/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a provider has to offer. provider.c checks arguments and results once for all of them. */
#ifndef LLMP_SHMEM_PROVIDER_H
#define LLMP_SHMEM_PROVIDER_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "llmp/shmem.h"

struct llmp_shmem {
    const llmp_shmem_provider *provider;
    void *data;
    size_t size;
    llmp_shmem_id id;
    uint32_t flags; /* those that took effect */
    pid_t owner;    /* the process that created it; 0 for a map that was opened */
    unsigned forks; /* of that process's line up to then: a pid alone can come again */
    int fd;         /* -1 where there is none */
    ino_t inode;    /* memfd: what the number in the id named; 0 elsewhere */
};

/*
 * create, open: `map` has provider, size and flags set, fd -1, data null. They fill in data, id and fd, and may raise
 * size (huge pages) or clear flags. On failure they leave nothing behind.
 */
struct llmp_shmem_provider {
    const char *name;
    const char *summary;
    llmp_shmem_scope scope;
    int (*create)(struct llmp_shmem *map, const llmp_shmem_options *options);
    int (*open)(struct llmp_shmem *map, const llmp_shmem_id *id);
    void (*close)(struct llmp_shmem *map, bool remove);
    /* Whether whoever made this opened map is gone for good. Null: the provider cannot tell. */
    bool (*is_orphan)(const struct llmp_shmem *map);
    /* Removes what an orphan would leave behind for ever. Null: nothing would. */
    void (*reap)(const struct llmp_shmem *map);
    /* Ends a provider that was created at run time. Null: it is static. */
    void (*free)(const llmp_shmem_provider *self);
};

extern const llmp_shmem_provider llmp_shmem_sysv;
extern const llmp_shmem_provider llmp_shmem_posix;
extern const llmp_shmem_provider llmp_shmem_memfd;
extern const llmp_shmem_provider llmp_shmem_nop;

/* ID-3: a decimal number from 0 to INT_MAX and nothing else. `id` is terminated. */
int llmp_shmem_id_number(const llmp_shmem_id *id, int *number);

void llmp_shmem_id_from_number(llmp_shmem_id *id, int number);

/* Returns 0, or -EINVAL if a reserved byte is set. */
int llmp_shmem_check_options(const llmp_shmem_options *options);

void llmp_shmem_warn(const llmp_shmem_options *options, const char *text);

/* What an open map of a shared-memory file comes down to: size checks, mmap, and the reserve behind it. */
int llmp_shmem_file_map(struct llmp_shmem *map, int fd);
int llmp_shmem_file_reserve(int fd, size_t size);
/* What kind of file it is: 0, -LLMP_E_NO_SEGMENT for a closed descriptor, -LLMP_E_ID_KIND where it is no plain file. */
int llmp_shmem_file_stat(int fd, struct stat *st);

#endif
