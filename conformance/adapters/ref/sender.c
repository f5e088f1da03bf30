/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The role of a sender: the writing side of a channel. */
#include "messages.h"
#include "roles.h"
#include "values.h"

/* How long the end of a channel may wait for a slow reader; the request has no say in it. */
#define EXIT_NS LLMP_SECONDS(2)

static llmp_sender *channel;
static void *slot; /* of the allocated message, null where there is none */
static size_t slot_length;

static bool is_open(struct call *call) {
    if (channel == NULL) {
        call_refuse(call, "no sender is open");
    }
    return channel != NULL;
}

/* ---------------------------------------------------------------- opening */

/* receivers: how many to wait for. 0 says that nobody knows: then a page is dropped after use, and never used again. */
static bool read_receivers(struct call *call, llmp_sender_options *options) {
    options->receivers = 1;
    if (!call_u32_if_given(call, "receivers", &options->receivers)) {
        return false;
    }
    if (options->receivers == 0) {
        options->page_policy = LLMP_PAGES_DROP;
    }
    return true;
}

static bool read_pages(struct call *call, llmp_sender_options *options) {
    bool keep = false;
    if (!read_receivers(call, options) || !call_flag_if_given(call, "keep_pages", &keep) ||
        !call_u32_if_given(call, "max_pages", &options->max_pages) ||
        !call_nonzero(call, "max_pages", options->max_pages)) {
        return false;
    }
    if (keep && call_has(call, "max_pages")) {
        call_unsupported(call, "max_pages: this library has no bound on pages that are all kept");
        return false;
    }
    options->page_policy = keep ? LLMP_PAGES_KEEP : options->page_policy;
    return true;
}

static bool read_options(struct call *call, llmp_sender_options *options) {
    uint64_t page_size = 0;
    bool good = call_provider(call, &options->provider) && call_u32(call, "sender_id", &options->sender_id) &&
                call_number_if_given(call, "page_size", SIZE_MAX, &page_size) &&
                call_nonzero(call, "page_size", page_size) && read_pages(call, options);
    options->page_size = (size_t)page_size;
    return good;
}

static void open_sender(struct call *call) {
    llmp_sender_options options = {0};
    if (channel != NULL) {
        call_refuse(call, "a sender is open already");
        return;
    }
    if (!read_options(call, &options)) {
        return;
    }
    int code = llmp_sender_new(&options, &channel);
    if (code == 0) {
        llmp_shmem_desc desc = llmp_sender_describe(channel);
        call_put(call, "description", value_desc(&desc));
    }
    call_settle(call, code);
}

/* ---------------------------------------------------------------- messages */

static int send_by_copy(void *self, uint32_t tag, uint32_t flags, const void *payload, size_t length,
                        int64_t timeout_ns) {
    return llmp_send(self, tag, flags, payload, length, timeout_ns);
}

static void send(struct call *call) {
    const struct outlet outlet = {send_by_copy, channel, channel};
    if (is_open(call)) {
        messages_send(call, &outlet);
    }
}

static void alloc(struct call *call) {
    size_t length;
    int64_t timeout_ns;
    void *payload;
    if (!is_open(call) || !call_size(call, "length", &length) || !call_timeout(call, &timeout_ns)) {
        return;
    }
    int code = llmp_sender_alloc(channel, length, timeout_ns, &payload);
    if (code == 0) {
        slot = payload;
        slot_length = length;
    }
    call_settle(call, code);
}

static void shrink(struct call *call) {
    size_t length;
    if (!is_open(call) || !call_size(call, "length", &length)) {
        return;
    }
    int code = llmp_sender_shrink(channel, length);
    if (code == 0) {
        slot_length = length;
    }
    call_settle(call, code);
}

static void cancel(struct call *call) {
    if (!is_open(call)) {
        return;
    }
    slot = NULL;
    call_settle(call, llmp_sender_cancel(channel));
}

static void commit(struct call *call) {
    uint32_t tag;
    uint32_t flags = 0;
    uint64_t seed;
    if (!is_open(call) || !call_u32(call, "tag", &tag) || !call_number(call, "seed", UINT64_MAX, &seed) ||
        !call_u32_if_given(call, "flags", &flags)) {
        return;
    }
    if (slot != NULL) {
        value_payload(seed, slot, slot_length);
    }
    int code = llmp_sender_commit(channel, tag, flags);
    if (code == 0) {
        slot = NULL;
    }
    call_settle(call, code);
}

/* ---------------------------------------------------------------- the end */

static void send_exit(struct call *call) {
    if (is_open(call)) {
        call_settle(call, llmp_sender_exit(channel, EXIT_NS));
    }
}

static void drop(void) {
    (void)llmp_sender_free(channel, LLMP_NOWAIT);
    channel = NULL;
    slot = NULL;
}

static void close_sender(struct call *call) {
    if (is_open(call)) {
        drop();
        call_ok(call);
    }
}

static const struct verb verbs[] = {
    {"sender.open", "provider sender_id page_size receivers max_pages keep_pages", open_sender},
    {"sender.send", SEND_ARGUMENTS, send},
    {"sender.alloc", "length timeout_ms", alloc},
    {"sender.shrink", "length", shrink},
    {"sender.cancel", "", cancel},
    {"sender.commit", "tag seed flags", commit},
    {"sender.exit", "", send_exit},
    {"sender.close", "", close_sender},
    {0},
};

const struct role role_sender = {"sender", verbs, drop};
