/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the channel and broker tests share. */
#ifndef LLMP_TEST_SUPPORT_H
#define LLMP_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/types.h>
#include <cmocka.h>

#include "channel/page.h"
#include "llmp/llmp.h"

/*
 * Shared memory within this process: opening an id gives the same address again. ThreadSanitizer sees races only
 * through one mapping, so the tests with threads run over this. `test_inproc_maps` counts what is open.
 */
extern const llmp_shmem_provider test_inproc;
int test_inproc_maps(void);

/* Fails the test, naming the code, unless it is the one expected. */
#define assert_rc(seen, expected) assert_string_equal(llmp_error_name(seen), llmp_error_name(expected))
#define assert_ok(seen) assert_rc(seen, 0)

/* A child that cannot outlive this process. As fork(). */
pid_t test_fork(void);
/* Waits for it: its exit status, or 1000 + the signal that ended it. */
int test_wait(pid_t child);

/* A channel in one process: a sender and one receiver on it, over sysv. */
llmp_sender *test_sender(llmp_sender_options options);
llmp_receiver *test_receiver(const llmp_sender *sender);

/* The page that a sender writes, and a slot of it, seen from outside through a mapping of its own. */
struct test_view {
    llmp_shmem *map;
    struct llmp_page *page;
};
struct test_view test_view_open(const llmp_shmem_desc *desc);
void test_view_close(struct test_view *view);
struct llmp_slot *test_slot(const struct test_view *view, size_t offset);

/* Sends a message of `length` bytes that starts with `number` and follows from it; checks one that was received. */
int test_send_number(llmp_sender *sender, uint64_t number, size_t length, int64_t timeout_ns);
void test_expect_number(llmp_receiver *receiver, uint64_t number, size_t length, int64_t timeout_ns);

/* A small page, and messages of which three fill it. */
#define TEST_MAP 4096u
#define TEST_BIG 1000u

/* System V, but for so many segments from now on; then creating one gives -ENOSPC. One such provider at a time. */
const llmp_shmem_provider *test_provider_with(int segments);

/* Sends big messages, numbered from `from` on, until there is no room. Returns the first number that was not sent. */
uint64_t test_fill(llmp_sender *sender, uint64_t from);
void test_expect_big(llmp_receiver *receiver, uint64_t from, uint64_t to);
llmp_sender_stats test_stats_of(const llmp_sender *sender);

#endif
