/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An implementation: how its adapter is started, and what its hello declares. */
#ifndef LC_SUITE_ADAPTER_IMPL_H
#define LC_SUITE_ADAPTER_IMPL_H

#include <jansson.h>
#include <stdbool.h>

struct lc_impl {
    char *command; /* the executable `adapter` in `folder`, or a shell command */
    char *folder;  /* null for a shell command */
    json_t *hello; /* the reply to hello; null before the first hello, and if the adapter cannot run here */
};

/*
 * Initialises an implementation from a folder that has an executable `adapter`, or from a shell command. Returns false
 * and fills `error` if `given` is neither.
 */
bool lc_impl_init(struct lc_impl *impl, const char *given, char error[300]);
void lc_impl_fini(struct lc_impl *impl);

/* Returns the name in its hello, or "unknown". */
const char *lc_impl_name(const struct lc_impl *impl);
/* Returns the folder, or the command if there is no folder: what --impl takes. */
const char *lc_impl_given(const struct lc_impl *impl);
/* Returns true if the list `field` ("roles", "providers", "options") of its hello contains `name`. */
bool lc_impl_offers(const struct lc_impl *impl, const char *field, const char *name);

#endif
