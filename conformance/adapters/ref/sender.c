/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The role `sender`: the writing side of a channel. */
#include "messages.h"
#include "roles.h"
#include "values.h"

/* Timeout of sender.exit, which has no timeout_ms: the time for a slow receiver to free a page. */
#define EXIT_TIMEOUT_NS LLMP_SECONDS(2)

static llmp_sender *channel;
static void *slot; /* payload of the allocated message, or null */
static size_t slot_length;

static bool is_open(struct call *call) {
    if (channel == NULL) {
        call_refuse(call, "no sender is open");
    }
    return channel != NULL;
}

/* ---------------------------------------------------------------- opening */

/* receivers 0: their number is unknown. Pages are then dropped after use and never reused (EOP-13). */
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
        call_unsupported(call, "max_pages: this library does not bound the number of pages with keep_pages");
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
        call_refuse(call, "a sender is already open");
        return;
    }
    if (!read_options(call, &options)) {
        return;
    }
    int rc = llmp_sender_new(&options, &channel);
    if (rc == 0) {
        llmp_shmem_desc desc = llmp_sender_describe(channel);
        call_put(call, "description", value_desc_to_json(&desc));
    }
    call_finish(call, rc);
}

/* ---------------------------------------------------------------- messages */

static int send_by_copy(void *self, uint32_t tag, uint32_t flags, const void *payload, size_t length,
                        int64_t timeout_ns) {
    return llmp_send(self, tag, flags, payload, length, timeout_ns);
}

static void send(struct call *call) {
    const struct message_sink sink = {send_by_copy, channel, channel};
    if (is_open(call)) {
        messages_send(call, &sink);
    }
}

static void alloc(struct call *call) {
    size_t length;
    int64_t timeout_ns;
    void *payload;
    if (!is_open(call) || !call_size(call, "length", &length) || !call_timeout(call, &timeout_ns)) {
        return;
    }
    int rc = llmp_sender_alloc(channel, length, timeout_ns, &payload);
    if (rc == 0) {
        slot = payload;
        slot_length = length;
    }
    call_finish(call, rc);
}

static void shrink(struct call *call) {
    size_t length;
    if (!is_open(call) || !call_size(call, "length", &length)) {
        return;
    }
    int rc = llmp_sender_shrink(channel, length);
    if (rc == 0) {
        slot_length = length;
    }
    call_finish(call, rc);
}

static void cancel(struct call *call) {
    if (!is_open(call)) {
        return;
    }
    slot = NULL;
    call_finish(call, llmp_sender_cancel(channel));
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
        value_fill_payload(seed, slot, slot_length);
    }
    int rc = llmp_sender_commit(channel, tag, flags);
    if (rc == 0) {
        slot = NULL;
    }
    call_finish(call, rc);
}

/* ---------------------------------------------------------------- closing */

static void send_exit(struct call *call) {
    if (is_open(call)) {
        call_finish(call, llmp_sender_exit(channel, EXIT_TIMEOUT_NS));
    }
}

static void release(void) {
    (void)llmp_sender_free(channel, LLMP_NOWAIT);
    channel = NULL;
    slot = NULL;
}

static void close_sender(struct call *call) {
    if (is_open(call)) {
        release();
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

const struct role role_sender = {"sender", verbs, release};
