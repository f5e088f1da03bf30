/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The role `client`: a channel that the broker reads, and the broker's broadcast. */
#include "messages.h"
#include "roles.h"
#include "values.h"

/* Timeout of client.close, which has no timeout_ms: the time for the broker to map what was sent. */
#define LINGER_NS LLMP_SECONDS(2)

static llmp_client *client;

static bool is_open(struct call *call) {
    if (client == NULL) {
        call_refuse(call, "no client is connected");
    }
    return client != NULL;
}

/* ---------------------------------------------------------------- connecting */

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
    llmp_client_options options = {.receive_own = true}; /* ADAPTER.md: a client also receives its own messages */
    int64_t timeout_ns;
    if (client != NULL) {
        call_refuse(call, "a client is already connected");
        return;
    }
    if (!read_options(call, &options, &timeout_ns)) {
        return;
    }
    int rc = llmp_client_connect(&options, timeout_ns, &client);
    if (rc == 0) {
        llmp_shmem_desc desc = llmp_sender_describe(llmp_client_sender(client));
        call_put_number(call, "client_id", llmp_client_id(client));
        call_put(call, "description", value_desc_to_json(&desc));
    }
    call_finish(call, rc);
}

/* ---------------------------------------------------------------- messages */

static int send_by_copy(void *self, uint32_t tag, uint32_t flags, const void *payload, size_t length,
                        int64_t timeout_ns) {
    return llmp_client_send(self, tag, flags, payload, length, timeout_ns);
}

static int receive(void *self, llmp_message *message, int64_t timeout_ns) {
    return llmp_client_recv(self, message, timeout_ns);
}

static void send(struct call *call) {
    if (is_open(call)) {
        const struct message_sink sink = {send_by_copy, client, llmp_client_sender(client)};
        messages_send(call, &sink);
    }
}

static void recv(struct call *call) {
    const struct message_source source = {receive, client};
    if (is_open(call)) {
        messages_recv(call, &source);
    }
}

static void drain(struct call *call) {
    const struct message_source source = {receive, client};
    if (is_open(call)) {
        messages_drain(call, &source);
    }
}

/* ---------------------------------------------------------------- closing */

static int free_client(int64_t linger_ns) {
    int rc = llmp_client_free(client, linger_ns);
    client = NULL;
    return rc;
}

static void close_client(struct call *call) {
    bool quit = true;
    if (is_open(call) && call_flag_if_given(call, "quit", &quit)) {
        call_finish(call, free_client(quit ? LINGER_NS : LLMP_NOWAIT));
    }
}

static void release(void) {
    (void)free_client(LLMP_NOWAIT);
}

static const struct verb verbs[] = {
    {"client.connect", "provider port page_size timeout_ms", connect_client},
    {"client.send", SEND_ARGUMENTS, send},
    {"client.recv", RECV_ARGUMENTS, recv},
    {"client.drain", RECV_ARGUMENTS, drain},
    {"client.close", "quit", close_client},
    {0},
};

const struct role role_client = {"client", verbs, release};
