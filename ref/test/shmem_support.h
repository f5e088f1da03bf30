/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the shared-memory tests share: the table of providers, other processes, and what may not be left behind. */
#ifndef LLMP_TEST_SHMEM_SUPPORT_H
#define LLMP_TEST_SHMEM_SUPPORT_H

#include <stdbool.h>

#include "llmp/shmem.h"
#include "support.h"

/* ---------------------------------------------------------------- providers */

/* What a test has to know of a provider. A new one is a line in shmem_support.c. */
struct shmem_case {
    const char *name;
    llmp_shmem_scope scope;
    bool shares; /* two maps of one description show the same bytes */
    bool number; /* ids are decimal numbers; else names, or empty where nothing is shared */
    bool exact;  /* a description has to claim the segment's size, not more and not less */
    bool fd;     /* a map keeps a descriptor */
};

extern const struct shmem_case shmem_cases[];
extern const size_t shmem_case_count;

const struct shmem_case *shmem_case_of(const char *name);
const llmp_shmem_provider *shmem_provider(const struct shmem_case *c);

/* A test that runs once for every provider for which `applies`, null for all of them. */
struct shmem_test {
    const char *name;
    void (*run)(const struct shmem_case *c);
    bool (*applies)(const struct shmem_case *c);
};
#define SHMEM_ALL(function)                                                                                            \
    { #function, function, NULL }
#define SHMEM_SOME(function, which)                                                                                    \
    { #function, function, which }

bool shmem_shares(const struct shmem_case *c);
bool shmem_number(const struct shmem_case *c);
bool shmem_named(const struct shmem_case *c);

/* A test of its own, outside the table. */
#define SHMEM_ONE(function) cmocka_unit_test_setup_teardown(function, shmem_setup, shmem_teardown)

/* Runs the table's tests, for every provider, and then the others. Every one is held to leave nothing behind. */
int shmem_run(const char *name, const struct shmem_test *tests, size_t count, const struct CMUnitTest *others,
              size_t other_count);

/* Setup notes what is there, teardown fails when there is more: descriptors, maps, names, segments. */
int shmem_setup(void **state);
int shmem_teardown(void **state);

/* Gives the reason, and ends the test. */
_Noreturn void shmem_skip(const char *reason);

/* Whether this build is for AddressSanitizer or ThreadSanitizer, which take addresses and calls for themselves. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SHMEM_SHADOWED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SHMEM_SHADOWED true
#endif
#endif
#ifndef SHMEM_SHADOWED
#define SHMEM_SHADOWED false
#endif

/* ---------------------------------------------------------------- maps */

llmp_shmem *shmem_create(const struct shmem_case *c, size_t size);
llmp_shmem *shmem_create_flags(const struct shmem_case *c, size_t size, unsigned flags);
llmp_shmem *shmem_open(const struct shmem_case *c, const llmp_shmem_desc *desc);
/* Fails the test unless opening it fails with that code, and *out is null afterwards. */
void shmem_refused(const struct shmem_case *c, const llmp_shmem_desc *desc, int code);

/* Fills with bytes that follow from `seed`; counts those that do not. */
void shmem_fill(const llmp_shmem *map, unsigned seed);
size_t shmem_wrong_bytes(const llmp_shmem *map, unsigned seed);
size_t shmem_nonzero_bytes(const llmp_shmem *map);

/* How many pages there are that this process would touch without a fault; -1 where the kernel does not tell. */
long shmem_pages_present(const void *address, size_t size);
/* A field of the mapping at that address in /proc/self/smaps ("KernelPageSize"), in KiB; -1 where there is none. */
long shmem_smaps_kib(const void *address, const char *field);

/* ---------------------------------------------------------------- what is in the system */

int shmem_count_fds(void);
/* Names of shared memory that carry this pid. */
int shmem_count_names(pid_t pid);
/* System V segments that this process made. */
int shmem_count_segments(pid_t pid);
/* Whether the kernel knows that System V segment. */
bool shmem_segment_exists(const llmp_shmem_desc *desc);

#endif
