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

/* ---------------------------------------------------------------- reading them */

static bool read_action(struct call *call, const char *name, enum action *out) {
    static const char *const names[] = {[HANDLED] = "handled", [SET_TAG] = "tag", [SET_FLAGS] = "flags", [ADD] = "add"};
    for (size_t i = 0; name != NULL && i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            *out = (enum action)i;
            return true;
        }
    }
    call_unsupported(call, "hooks: %s is nothing that this adapter's hooks do", name != NULL ? name : "that");
    return false;
}

/* A hook is read as if it were a request of its own; what is wrong with it is the answer to the request it came in. */
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
        call_refuse(call, "hooks: it has to be a list, for which there is memory");
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

/* ---------------------------------------------------------------- running them: on the broker's thread */

static void add(llmp_broker *broker, uint32_t tag) {
    int code = llmp_broker_send(broker, tag, 0, NULL, 0);
    if (code != 0) {
        (void)fprintf(stderr, "hook: a message of tag %u could not be added: %s\n", (unsigned)tag, llmp_strerror(code));
    }
}

llmp_hook_result hooks_run(void *context, llmp_broker *broker, llmp_broker_message *message) {
    const struct hooks *hooks = context;
    const uint32_t tag = message->tag; /* as it arrived: hooks do not see what the others made of it */
    llmp_hook_result verdict = LLMP_HOOK_FORWARD;
    for (size_t i = 0; i < hooks->count; i++) {
        const struct hook *hook = &hooks->items[i];
        if (hook->tag != tag) {
            continue;
        }
        switch (hook->action) {
        case HANDLED: verdict = LLMP_HOOK_HANDLED; break;
        case SET_TAG: message->tag = hook->value; break;
        case SET_FLAGS: message->flags = hook->value; break;
        case ADD: add(broker, hook->value); break;
        }
    }
    return verdict;
}
