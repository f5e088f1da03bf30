/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Helpers of the shared-memory tests: the table of providers, maps and their bytes, checks for leaks. */
#ifndef LLMP_TEST_SHMEM_SUPPORT_H
#define LLMP_TEST_SHMEM_SUPPORT_H

#include <stdbool.h>

#include "llmp/shmem.h"
#include "shmem_system.h"
#include "support.h"

/* ---------------------------------------------------------------- providers */

/* The properties of a provider that tests depend on. A new provider gets a line in shmem_support.c. */
struct shmem_case {
    const char *name;
    llmp_shmem_scope scope;
    bool shares; /* two maps of one description show the same bytes */
    bool number; /* ids are decimal numbers; otherwise names, or empty if nothing is shared */
    bool exact;  /* the size in a description must equal the segment's, not only be at most as large */
    bool fd;     /* a map has a file descriptor */
};

extern const struct shmem_case shmem_cases[];
extern const size_t shmem_case_count;

const struct shmem_case *shmem_case_of(const char *name);
const llmp_shmem_provider *shmem_provider(const struct shmem_case *c);

/* Predicates that select the providers of a test. */
bool shmem_shares(const struct shmem_case *c);
bool shmem_shares_nothing(const struct shmem_case *c);
bool shmem_numeric(const struct shmem_case *c);
bool shmem_named(const struct shmem_case *c);
bool shmem_without_fd(const struct shmem_case *c);
/* Any process of the user can open its maps. */
bool shmem_system_wide(const struct shmem_case *c);

/* ---------------------------------------------------------------- running tests */

/* A test that runs once for every provider for which `applies` returns true; null: for all of them. */
struct shmem_test {
    const char *name;
    void (*run)(const struct shmem_case *c);
    bool (*applies)(const struct shmem_case *c);
};
#define SHMEM_ALL(function)                                                                                            \
    { #function, function, NULL }
#define SHMEM_SOME(function, applies)                                                                                  \
    { #function, function, applies }

/* A test outside the table. */
#define SHMEM_ONE(function) cmocka_unit_test_setup_teardown(function, shmem_setup, shmem_teardown)

/* Runs the table's tests for every provider, then the others. Each fails if it leaks. */
int shmem_run(const char *name, const struct shmem_test *tests, size_t count, const struct CMUnitTest *others,
              size_t other_count);

/* Setup counts descriptors, maps, names and segments of this process; teardown fails if a count has changed. */
int shmem_setup(void **state);
int shmem_teardown(void **state);

/* Prints the reason and ends the test as skipped. */
_Noreturn void shmem_skip(const char *reason);

/* ---------------------------------------------------------------- maps */

/* Create or open a map; fail the test on an error. */
llmp_shmem *shmem_create(const struct shmem_case *c, size_t size);
llmp_shmem *shmem_create_flags(const struct shmem_case *c, size_t size, unsigned flags);
llmp_shmem *shmem_open(const struct shmem_case *c, const llmp_shmem_desc *desc);
llmp_shmem *shmem_open_flags(const struct shmem_case *c, const llmp_shmem_desc *desc, unsigned flags);

/* Returns a pointer that is neither null nor a map: a call that fails must overwrite it with null. */
llmp_shmem *shmem_no_map(void);

/* Fail the test unless creating or opening returns `rc` and sets the map to null. */
void shmem_expect_not_created(const struct shmem_case *c, size_t size, const llmp_shmem_options *options, int rc);
void shmem_expect_refused(const struct shmem_case *c, const llmp_shmem_desc *desc, int rc);

/* A created map, its description, and a second map opened by that description. */
struct shmem_pair {
    llmp_shmem *map;
    llmp_shmem_desc desc;
    llmp_shmem *other;
};
struct shmem_pair shmem_pair_create(const struct shmem_case *c, size_t size);
void shmem_pair_close(const struct shmem_pair *pair);

/* Fills a map with bytes that follow from `seed`. */
void shmem_fill(const llmp_shmem *map, unsigned seed);
/* Returns how many bytes differ from those that shmem_fill() writes. */
size_t shmem_wrong_bytes(const llmp_shmem *map, unsigned seed);
size_t shmem_nonzero_bytes(const llmp_shmem *map);

#endif
