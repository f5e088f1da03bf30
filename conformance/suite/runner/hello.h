/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef LC_SUITE_RUNNER_HELLO_H
#define LC_SUITE_RUNNER_HELLO_H

#include <jansson.h>

/* Returns what is wrong with a reply to hello (ADAPTER.md), or null. */
const char *lc_check_hello(const json_t *hello);

#endif
