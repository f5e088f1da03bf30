/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "hooks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum action { HANDLED, SET_TAG, SET_FLAGS, ADD };

struct hook {
    uint32_t tag;
    enum action action;
    uint32_t value;
};

struct hooks {
    size_t count;
    struct hook items[];
};

/* ---------------------------------------------------------------- reading */

static bool read_action(struct call *call, const char *name, enum action *out) {
    static const char *const names[] = {[HANDLED] = "handled", [SET_TAG] = "tag", [SET_FLAGS] = "flags", [ADD] = "add"};
    for (size_t i = 0; name != NULL && i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            *out = (enum action)i;
            return true;
        }
    }
    call_unsupported(call, "hooks: this adapter has no action %s", name != NULL ? name : "(missing)");
    return false;
}

/* Reads a hook with the functions for arguments of a request; an error in it is the answer to the whole request. */
static bool read_hook(struct call *call, const json_t *item, struct hook *out) {
    struct call inner = {.request = item, .answer = call->answer};
    const char *action = json_string_value(json_object_get(item, "do"));
    *out = (struct hook){0};
    return call_u32(&inner, "tag", &out->tag) && read_action(&inner, action, &out->action) &&
           (out->action == HANDLED || call_u32(&inner, "value", &out->value));
}

bool hooks_read(struct call *call, struct hooks **out) {
    const json_t *list = json_object_get(call->request, "hooks");
    size_t count = json_array_size(list);
    *out = NULL;
    if (list == NULL) {
        return true;
    }
    struct hooks *hooks = calloc(1, sizeof *hooks + count * sizeof hooks->items[0]);
    if (!json_is_array(list) || hooks == NULL) {
        call_refuse(call, "hooks: not a list, or out of memory");
        free(hooks);
        return false;
    }
    for (hooks->count = 0; hooks->count < count; hooks->count++) {
        if (!read_hook(call, json_array_get(list, hooks->count), &hooks->items[hooks->count])) {
            free(hooks);
            return false;
        }
    }
    *out = hooks;
    return true;
}

/* ---------------------------------------------------------------- running, on the broker's thread */

static void add(llmp_broker *broker, uint32_t tag) {
    int rc = llmp_broker_send(broker, tag, 0, NULL, 0);
    if (rc != 0) {
        (void)fprintf(stderr, "hook: cannot add a message with tag %u: %s\n", (unsigned)tag, llmp_strerror(rc));
    }
}

llmp_hook_result hooks_run(void *context, llmp_broker *broker, llmp_broker_message *message) {
    const struct hooks *hooks = context;
    const uint32_t tag = message->tag; /* as it arrived: a hook does not apply to a tag that an earlier one set */
    llmp_hook_result result = LLMP_HOOK_FORWARD;
    for (size_t i = 0; i < hooks->count; i++) {
        const struct hook *hook = &hooks->items[i];
        if (hook->tag != tag) {
            continue;
        }
        switch (hook->action) {
        case HANDLED: result = LLMP_HOOK_HANDLED; break;
        case SET_TAG: message->tag = hook->value; break;
        case SET_FLAGS: message->flags = hook->value; break;
        case ADD: add(broker, hook->value); break;
        }
    }
    return result;
}
