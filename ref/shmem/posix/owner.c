/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shmem/posix/owner.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "os/os.h"
#include "shmem/posix/lock.h"

/* The owner byte. The reader byte follows it. */
static uint64_t place_of(const struct llmp_owner *owner) {
    return LLMP_LOCK_FIRST | (uint64_t)owner->pid << 32 | (uint64_t)owner->token << 1;
}

static uint64_t reader_place_of(const struct llmp_owner *owner) {
    return place_of(owner) + 1;
}

static bool is_same(const struct llmp_owner *a, const struct llmp_owner *b) {
    return a->pid == b->pid && a->token == b->token;
}

/* ------------------------------------------------------------------ this process as an owner */

/*
 * The token of this process, whose lock it keeps between its maps: a new one would make the next map sweep.
 * llmp_lock_enter() guards it.
 */
static struct {
    struct llmp_process_id process; /* the process that took it; another one in a child */
    uint64_t mount;                 /* the /dev/shm in which no other process has it */
    struct llmp_owner owner;
} own;

#define ATTEMPTS 100

/* Another process may take the token at the same time: both notice, and both choose again. */
static int try_token(const struct llmp_owner *owner) {
    uint64_t place = place_of(owner);
    if (llmp_lock_count(place) > 0 || llmp_lock_count(reader_place_of(owner)) > 0) {
        return -EEXIST; /* of a parent with this pid, or of a dead process with this pid whose segments are open here */
    }
    int rc = llmp_lock_take(place);
    if (rc == 0 && llmp_lock_is_shared(place, 2)) {
        llmp_lock_drop(place, false);
        rc = -EEXIST;
    }
    return rc;
}

static int take_token(struct llmp_owner *owner) {
    *owner = (struct llmp_owner){.pid = getpid()};
    uint32_t count = llmp_name_tokens(owner->pid);
    int rc = count > 0 ? -EEXIST : -ENAMETOOLONG;
    for (int i = 0; i < ATTEMPTS && rc == -EEXIST && count > 0; i++) {
        uint32_t random;
        llmp_os_random(&random, sizeof random);
        owner->token = random % count;
        rc = try_token(owner);
    }
    return rc;
}

static bool is_own(const struct llmp_owner *owner) {
    return is_same(owner, &own.owner) && llmp_process_id_equal(own.process, llmp_os_process_id());
}

static bool has_token(void) {
    return is_own(&own.owner) && own.mount == llmp_lock_mount();
}

static int replace_token(void) {
    struct llmp_owner owner;
    llmp_owner_sweep(NULL);
    int rc = take_token(&owner);
    if (rc == 0) {
        if (is_own(&own.owner) && llmp_lock_count(place_of(&own.owner)) == 0) {
            llmp_lock_drop(place_of(&own.owner), false);
        }
        own.owner = owner;
        own.process = llmp_os_process_id();
        own.mount = llmp_lock_mount();
    }
    return rc;
}

static int hold_own(bool renew) {
    int rc = llmp_lock_settle();
    if (rc != 0) {
        return rc;
    }
    return renew || !has_token() ? replace_token() : llmp_lock_take(place_of(&own.owner));
}

int llmp_owner_hold(bool renew, struct llmp_owner *owner) {
    llmp_lock_enter();
    int rc = hold_own(renew);
    *owner = own.owner;
    llmp_lock_leave();
    return rc;
}

bool llmp_owner_release(const struct llmp_owner *owner) {
    llmp_lock_enter();
    bool own_name = is_own(owner);
    bool is_last = !own_name && llmp_lock_settle() == 0 && !llmp_lock_is_shared(place_of(owner), 1);
    llmp_lock_drop(place_of(owner), own_name);
    llmp_lock_leave();
    return own_name || is_last;
}

/* ------------------------------------------------------------------ readers */

int llmp_reader_hold(const struct llmp_owner *owner) {
    llmp_lock_enter();
    int rc = llmp_lock_settle();
    if (rc == 0) {
        rc = llmp_lock_take(reader_place_of(owner));
    }
    llmp_lock_leave();
    return rc;
}

bool llmp_reader_release(const struct llmp_owner *owner) {
    llmp_lock_enter();
    (void)llmp_lock_settle();
    llmp_lock_drop(reader_place_of(owner), false);
    bool is_last = llmp_lock_count(reader_place_of(owner)) == 0;
    llmp_lock_leave();
    return is_last;
}

/* ------------------------------------------------------------------ owners of other processes */

bool llmp_owner_alive(const struct llmp_owner *owner) {
    int fd = llmp_lock_open_directory();
    bool alive = fd < 0 || llmp_lock_is_taken(fd, place_of(owner), 1);
    if (fd >= 0) {
        (void)close(fd);
    }
    return alive;
}

/* The directory that is read is also the descriptor that tests the locks: those of this process count as well. */
void llmp_owner_sweep(const struct llmp_owner *owner) {
    DIR *directory = opendir(LLMP_LOCK_DIRECTORY);
    if (directory == NULL) {
        return;
    }
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char name[sizeof entry->d_name + 1];
        struct llmp_owner creator;
        (void)snprintf(name, sizeof name, "/%s", entry->d_name);
        if (llmp_name_parse(name, &creator) && (owner == NULL || is_same(owner, &creator)) &&
            !llmp_lock_is_taken(dirfd(directory), place_of(&creator), 2)) {
            (void)shm_unlink(name);
        }
    }
    (void)closedir(directory);
}
