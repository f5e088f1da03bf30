/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The role `broker`. */
#include <errno.h>
#include <stdlib.h>

#include "broker_thread.h"
#include "client_list.h"
#include "hooks.h"
#include "roles.h"
#include "values.h"

static llmp_broker *broker; /* also after it has ended: clients may still read what it sent, EXITING included */
static struct hooks *hooks;
static bool can_attach;

static bool is_open(struct call *call) {
    if (broker == NULL) {
        call_refuse(call, "no broker is open");
    }
    return broker != NULL;
}

/* ---------------------------------------------------------------- opening */

struct settings {
    llmp_broker_options options;
    bool listen;
};

static bool read_options(struct call *call, struct settings *settings) {
    llmp_broker_options *options = &settings->options;
    uint64_t page_size = 0;
    bool keep_pages = false;
    bool good = call_provider(call, &options->provider) &&
                call_number_if_given(call, "page_size", SIZE_MAX, &page_size) &&
                call_nonzero(call, "page_size", page_size) && call_flag_if_given(call, "keep_pages", &keep_pages) &&
                call_flag_if_given(call, "listen", &settings->listen) &&
                call_u32_if_given(call, "exit_after", &options->exit_after) &&
                call_nonzero(call, "exit_after", options->exit_after) && hooks_read(call, &hooks);
    options->page_size = (size_t)page_size;
    options->history = keep_pages ? LLMP_HISTORY_ALL : 0;
    options->hook = hooks != NULL ? hooks_run : NULL;
    options->hook_context = hooks;
    options->on_event = client_list_update;
    return good;
}

static int start(struct call *call, const struct settings *settings) {
    int port = settings->listen ? llmp_broker_listen(broker, NULL, 0) : 0;
    if (port < 0) {
        return port;
    }
    llmp_shmem_desc broadcast = llmp_broker_describe(broker);
    if (settings->listen) {
        call_put_number(call, "port", (uint64_t)port);
    }
    call_put(call, "description", value_desc_to_json(&broadcast));
    can_attach = !settings->listen || settings->options.exit_after == 0;
    return broker_thread_start(&(struct broker_thread_options){broker, settings->options.exit_after, !can_attach});
}

static void release(void) {
    broker_thread_abort();
    llmp_broker_free(broker, LLMP_NOWAIT);
    broker = NULL;
    free(hooks);
    hooks = NULL;
    client_list_clear();
}

static void open_broker(struct call *call) {
    struct settings settings = {.listen = true};
    if (broker != NULL) {
        call_refuse(call, "a broker is already open");
        return;
    }
    if (!read_options(call, &settings)) {
        return;
    }
    int rc = llmp_broker_new(&settings.options, &broker);
    if (rc == 0) {
        rc = start(call, &settings);
    }
    if (rc != 0) {
        release();
    }
    call_finish(call, rc);
}

/* ---------------------------------------------------------------- clients */

static void attach(struct call *call) {
    llmp_shmem_desc channel;
    if (!is_open(call) || !call_desc(call, "description", &channel)) {
        return;
    }
    if (!can_attach) {
        call_unsupported(call,
                         "attach: with listen and exit_after, llmp_broker_run() runs without a break, in which this "
                         "library accepts no other clients");
        return;
    }
    int64_t id = broker_thread_attach(&channel);
    if (id >= 0) {
        call_put_number(call, "client_id", (uint64_t)id);
    }
    call_finish(call, id < 0 ? (int)id : 0);
}

static void clients(struct call *call) {
    if (is_open(call)) {
        call_put(call, "clients", client_list_to_json());
        call_ok(call);
    }
}

/* ---------------------------------------------------------------- the end */

static void wait_for_end(struct call *call) {
    int64_t timeout_ns;
    if (!is_open(call) || !call_timeout(call, &timeout_ns)) {
        return;
    }
    if (broker_thread_wait(timeout_ns)) {
        call_ok(call);
    } else {
        call_refuse(call, "the broker has not ended");
    }
}

static void stop(struct call *call) {
    if (!is_open(call)) {
        return;
    }
    if (broker_thread_stop()) {
        call_ok(call);
    } else {
        call_refuse(call, "the broker has already ended");
    }
}

static const struct verb verbs[] = {
    {"broker.open", "provider page_size keep_pages listen exit_after hooks", open_broker},
    {"broker.attach", "description", attach},
    {"broker.clients", "", clients},
    {"broker.wait", "timeout_ms", wait_for_end},
    {"broker.stop", "", stop},
    {0},
};

const struct role role_broker = {"broker", verbs, release};
