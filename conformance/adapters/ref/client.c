/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The role of a client: a channel of its own to the broker, and the broker's broadcast. */
#include "messages.h"
#include "roles.h"
#include "values.h"

/* How long a goodbye may wait until the broker has mapped what was sent; the request has no say in it. */
#define EXIT_GRACE_NS LLMP_SECONDS(2)

static llmp_client *client;

static bool is_open(struct call *call) {
    if (client == NULL) {
        call_refuse(call, "no client is connected");
    }
    return client != NULL;
}

/* ---------------------------------------------------------------- coming */

static bool read_options(struct call *call, llmp_client_options *options, int64_t *timeout_ns) {
    uint64_t port = 0;
    uint64_t page_size = 0;
    bool good = call_provider(call, &options->sender.provider) && call_number(call, "port", UINT16_MAX, &port) &&
                call_number_if_given(call, "page_size", SIZE_MAX, &page_size) &&
                call_nonzero(call, "page_size", page_size) && call_timeout(call, timeout_ns);
    options->port = (uint16_t)port;
    options->sender.page_size = (size_t)page_size;
    return good;
}

static void connect_client(struct call *call) {
    llmp_client_options options = {.receive_own = true}; /* as on the wire (BROKER-1) */
    int64_t timeout_ns;
    if (client != NULL) {
        call_refuse(call, "a client is connected already");
        return;
    }
    if (!read_options(call, &options, &timeout_ns)) {
        return;
    }
    int code = llmp_client_connect(&options, timeout_ns, &client);
    if (code == 0) {
        llmp_shmem_desc desc = llmp_sender_describe(llmp_client_sender(client));
        call_put_number(call, "client_id", llmp_client_id(client));
        call_put(call, "description", value_desc(&desc));
    }
    call_settle(call, code);
}

/* ---------------------------------------------------------------- messages */

static int send_by_copy(void *self, uint32_t tag, uint32_t flags, const void *payload, size_t length,
                        int64_t timeout_ns) {
    return llmp_client_send(self, tag, flags, payload, length, timeout_ns);
}

static int take(void *self, llmp_message *message, int64_t timeout_ns) {
    return llmp_client_recv(self, message, timeout_ns);
}

static void send(struct call *call) {
    if (is_open(call)) {
        const struct outlet outlet = {send_by_copy, client, llmp_client_sender(client)};
        messages_send(call, &outlet);
    }
}

static void recv(struct call *call) {
    const struct inlet inlet = {take, client};
    if (is_open(call)) {
        messages_recv(call, &inlet);
    }
}

static void drain(struct call *call) {
    const struct inlet inlet = {take, client};
    if (is_open(call)) {
        messages_drain(call, &inlet);
    }
}

/* ---------------------------------------------------------------- going */

static int leave(int64_t linger_ns) {
    int code = llmp_client_free(client, linger_ns);
    client = NULL;
    return code;
}

static void close_client(struct call *call) {
    bool quit = true;
    if (is_open(call) && call_flag_if_given(call, "quit", &quit)) {
        call_settle(call, leave(quit ? EXIT_GRACE_NS : LLMP_NOWAIT));
    }
}

static void drop(void) {
    (void)leave(LLMP_NOWAIT);
}

static const struct verb verbs[] = {
    {"client.connect", "provider port page_size timeout_ms", connect_client},
    {"client.send", SEND_ARGUMENTS, send},
    {"client.recv", RECV_ARGUMENTS, recv},
    {"client.drain", RECV_ARGUMENTS, drain},
    {"client.close", "quit", close_client},
    {0},
};

const struct role role_client = {"client", verbs, drop};
