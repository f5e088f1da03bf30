/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The role of a broker. */
#include <errno.h>
#include <stdlib.h>

#include "hooks.h"
#include "roles.h"
#include "serve.h"
#include "values.h"

static llmp_broker *broker; /* stays when it has ended: clients may yet read what it sent, EXITING included */
static struct hooks *hooks;
static bool can_attach;

static bool is_open(struct call *call) {
    if (broker == NULL) {
        call_refuse(call, "no broker is open");
    }
    return broker != NULL;
}

/* ---------------------------------------------------------------- opening */

struct wanted {
    llmp_broker_options options;
    bool listen;
};

static bool read_options(struct call *call, struct wanted *wanted) {
    llmp_broker_options *options = &wanted->options;
    uint64_t page_size = 0;
    bool keep_pages = false;
    bool good = call_provider(call, &options->provider) &&
                call_number_if_given(call, "page_size", SIZE_MAX, &page_size) &&
                call_nonzero(call, "page_size", page_size) && call_flag_if_given(call, "keep_pages", &keep_pages) &&
                call_flag_if_given(call, "listen", &wanted->listen) &&
                call_u32_if_given(call, "exit_after", &options->exit_after) &&
                call_nonzero(call, "exit_after", options->exit_after) && hooks_read(call, &hooks);
    options->page_size = (size_t)page_size;
    options->history = keep_pages ? LLMP_HISTORY_ALL : 0;
    options->hook = hooks != NULL ? hooks_run : NULL;
    options->hook_context = hooks;
    options->on_event = roster_note;
    return good;
}

static int start(struct call *call, const struct wanted *wanted) {
    int port = wanted->listen ? llmp_broker_listen(broker, NULL, 0) : 0;
    if (port < 0) {
        return port;
    }
    llmp_shmem_desc broadcast = llmp_broker_describe(broker);
    if (wanted->listen) {
        call_put_number(call, "port", (uint64_t)port);
    }
    call_put(call, "description", value_desc(&broadcast));
    can_attach = !wanted->listen || wanted->options.exit_after == 0;
    return serve_start(&(struct serve_plan){broker, wanted->options.exit_after, !can_attach});
}

static void drop(void) {
    serve_drop();
    llmp_broker_free(broker, LLMP_NOWAIT);
    broker = NULL;
    free(hooks);
    hooks = NULL;
    roster_clear();
}

static void open_broker(struct call *call) {
    struct wanted wanted = {.listen = true};
    if (broker != NULL) {
        call_refuse(call, "a broker was opened already");
        return;
    }
    if (!read_options(call, &wanted)) {
        return;
    }
    int code = llmp_broker_new(&wanted.options, &broker);
    if (code == 0) {
        code = start(call, &wanted);
    }
    if (code != 0) {
        drop();
    }
    call_settle(call, code);
}

/* ---------------------------------------------------------------- serving */

static void attach(struct call *call) {
    llmp_shmem_desc channel;
    if (!is_open(call) || !call_desc(call, "description", &channel)) {
        return;
    }
    if (!can_attach) {
        call_unsupported(call, "attach: while llmp_broker_run() waits for exit_after of its clients by TCP, "
                               "this library takes none from elsewhere");
        return;
    }
    int64_t id = serve_attach(&channel);
    if (id >= 0) {
        call_put_number(call, "client_id", (uint64_t)id);
    }
    call_settle(call, id < 0 ? (int)id : 0);
}

static void clients(struct call *call) {
    if (is_open(call)) {
        call_put(call, "clients", roster_list());
        call_ok(call);
    }
}

/* ---------------------------------------------------------------- the end */

static void wait_for_end(struct call *call) {
    int64_t timeout_ns;
    if (!is_open(call) || !call_timeout(call, &timeout_ns)) {
        return;
    }
    if (serve_wait(timeout_ns)) {
        call_ok(call);
    } else {
        call_refuse(call, "it has not ended by itself");
    }
}

static void stop(struct call *call) {
    if (!is_open(call)) {
        return;
    }
    if (serve_stop()) {
        call_ok(call);
    } else {
        call_refuse(call, "it has ended already");
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

const struct role role_broker = {"broker", verbs, drop};
