/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "roles.h"

#include <stddef.h>

const struct role *const roles[] = {
    &role_sender, &role_receiver, &role_broker, &role_client, &role_provider, NULL,
};
