/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The broker's hook, which performs the actions that a request lists. */
#ifndef ADAPTER_HOOKS_H
#define ADAPTER_HOOKS_H

#include "call.h"

struct hooks;

/* Reads the argument `hooks`. `out` receives null if there is none; the caller frees it with free(). */
bool hooks_read(struct call *call, struct hooks **out);

/* An llmp_broker_hook. Its context is a struct hooks, which it does not change. */
llmp_hook_result hooks_run(void *context, llmp_broker *broker, llmp_broker_message *message);

#endif
