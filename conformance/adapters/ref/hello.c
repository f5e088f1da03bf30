/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* hello: the name of the adapter, and its roles, providers and options on this machine. */
#include <stdio.h>

#include "roles.h"

static json_t *role_names(void) {
    json_t *names = json_array();
    for (size_t i = 0; roles[i] != NULL; i++) {
        (void)json_array_append_new(names, json_string(roles[i]->name));
    }
    return names;
}

static json_t *working_providers(void) {
    json_t *names = json_array();
    const llmp_shmem_provider *provider;
    for (size_t i = 0; (provider = llmp_shmem_provider_at(i)) != NULL; i++) {
        if (llmp_shmem_provider_check(provider) == 0) {
            (void)json_array_append_new(names, json_string(llmp_shmem_provider_name(provider)));
        }
    }
    return names;
}

static json_t *option_names(void) {
    return json_pack("[ssssssss]", "page_size", "receivers", "max_pages", "keep_pages", "hooks", "exit_after",
                     "clients", "fork");
}

/* Returns the size of the first page of a private channel that is created with default options. */
static int default_page_size(uint64_t *size) {
    llmp_sender_options options = {.provider = llmp_shmem_provider_find("nop")};
    llmp_sender *sender;
    int rc = llmp_sender_new(&options, &sender);
    if (rc == 0) {
        *size = llmp_sender_describe(sender).size;
        (void)llmp_sender_free(sender, LLMP_NOWAIT);
    }
    return rc;
}

static void hello(struct call *call) {
    uint64_t version;
    uint64_t page_size;
    if (!call_number(call, "adapter", UINT64_MAX, &version)) {
        return;
    }
    if (version != 1) {
        call_unsupported(call, "this adapter supports version 1 only");
        return;
    }
    int rc = default_page_size(&page_size);
    if (rc == 0) {
        char implementation[64];
        (void)snprintf(implementation, sizeof implementation, "llmp %s, in C", llmp_version());
        call_put_number(call, "adapter", 1);
        call_put(call, "name", json_string("ref"));
        call_put(call, "implementation", json_string(implementation));
        call_put(call, "roles", role_names());
        call_put(call, "providers", working_providers());
        call_put_number(call, "page_size", page_size);
        call_put(call, "options", option_names());
    }
    call_finish(call, rc);
}

const struct verb verb_hello = {"hello", "adapter", hello};
