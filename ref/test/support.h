/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Helpers of the channel and broker tests. */
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
 * A provider of memory within this process: opening an id returns the address of the one mapping. ThreadSanitizer
 * detects races only between accesses to the same address, so the tests with threads use it. test_inproc_maps() counts
 * the open maps.
 */
extern const llmp_shmem_provider test_inproc;
int test_inproc_maps(void);

/* Fails the test, and names the code, unless it is the expected one. */
#define assert_rc(seen, expected) assert_string_equal(llmp_error_name(seen), llmp_error_name(expected))
#define assert_ok(seen) assert_rc(seen, 0)

/* As fork(). The kernel kills the child when this process ends. */
pid_t test_fork(void);
/* Waits for a child. Returns its exit status, or 1000 + the signal that ended it. */
int test_wait(pid_t child);

/* The two ends of a channel in one process. The provider is sysv unless the options name one. */
llmp_sender *test_sender(llmp_sender_options options);
llmp_receiver *test_receiver(const llmp_sender *sender);

/* Returns true if a child can open the provider's maps only if it inherited their descriptors. */
bool test_needs_inheritance(const char *provider);

/* The same between processes, over the named provider. If maps have to be inherited, the sender creates all at once. */
llmp_sender *test_sender_over(const char *provider, llmp_sender_options options);
/* Returns null on failure. */
llmp_receiver *test_receiver_over(const char *provider, const llmp_shmem_desc *desc);

/* A second mapping of a sender's page, for tests that inspect or change its bytes. */
struct test_view {
    llmp_shmem *map;
    struct llmp_page *page;
};
struct test_view test_view_open(const llmp_shmem_desc *desc);
void test_view_close(struct test_view *view);
struct llmp_slot *test_slot(const struct test_view *view, size_t offset);

/*
 * Fills a payload with bytes that follow from `number`; fails the test unless a message has that length and these
 * bytes.
 */
void test_payload_fill(void *payload, uint64_t number, size_t length);
void test_payload_expect(const llmp_message *message, uint64_t number, size_t length);

/* Sends, and receives and checks, a message with such a payload. Its tag is `number` modulo 1000. */
int test_send_number(llmp_sender *sender, uint64_t number, size_t length, int64_t timeout_ns);
void test_expect_number(llmp_receiver *receiver, uint64_t number, size_t length, int64_t timeout_ns);

/* The bytes of a small page, and of messages of which three fill it. */
#define TEST_MAP 4096u
#define TEST_BIG 1000u

/*
 * sysv, limited to `segments` further ones: creating more returns -ENOSPC. Each call replaces the limit of the last
 * one.
 */
const llmp_shmem_provider *test_provider_with(int segments);

/* sysv; while test_open_error is not 0, opening a map returns it. */
extern int test_open_error;
const llmp_shmem_provider *test_provider_that_may_not_open(void);

/* Sends big messages, numbered from `from` on, until that fails. Returns the first number that was not sent. */
uint64_t test_fill(llmp_sender *sender, uint64_t from);
/* Receives the big messages `from` to `to` - 1. */
void test_expect_big(llmp_receiver *receiver, uint64_t from, uint64_t to);
llmp_sender_stats test_stats_of(const llmp_sender *sender);

#endif
