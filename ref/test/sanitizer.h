/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Whether this build has ThreadSanitizer: it follows no SysV mapping, and its shadow memory faults by itself. */
#ifndef LLMP_TEST_SANITIZER_H
#define LLMP_TEST_SANITIZER_H

#if defined(__SANITIZE_THREAD__)
#define TEST_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TEST_TSAN 1
#endif
#endif
#ifndef TEST_TSAN
#define TEST_TSAN 0
#endif

/*
 * True if this build has AddressSanitizer or ThreadSanitizer: their shadow memory occupies most addresses, and they
 * replace mlock().
 */
#if TEST_TSAN || defined(__SANITIZE_ADDRESS__)
#define TEST_SHADOW_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TEST_SHADOW_MEMORY 1
#endif
#endif
#ifndef TEST_SHADOW_MEMORY
#define TEST_SHADOW_MEMORY 0
#endif

#endif
