/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The roles. Each is a file with its verbs and the one object that it controls: a process is one sender, one broker … */
#ifndef ADAPTER_ROLES_H
#define ADAPTER_ROLES_H

#include "call.h"

struct role {
    const char *name;         /* as in the answer to hello */
    const struct verb *verbs; /* ended by an empty one */
    void (*fini)(void);       /* releases what the role holds, without waiting and without sending anything */
};

extern const struct role role_sender;
extern const struct role role_receiver;
extern const struct role role_broker;
extern const struct role role_client;
extern const struct role role_provider;

/* All roles, ended by null. */
extern const struct role *const roles[];

extern const struct verb verb_hello;

#endif
