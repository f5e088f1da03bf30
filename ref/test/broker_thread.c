/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "broker_thread.h"

#include <stdlib.h>
#include <string.h>

static void on_event(void *context, const llmp_broker_event *event) {
    struct broker_thread *thread = context;
    thread->left += event->type == LLMP_EVENT_CLIENT_LEFT;
    thread->removed += event->type == LLMP_EVENT_CLIENT_REMOVED;
}

static void *run_broker(void *broker) {
    (void)llmp_broker_run(broker);
    return NULL;
}

struct broker_thread *broker_thread_start(llmp_broker_options options) {
    struct broker_thread *thread = calloc(1, sizeof *thread);
    assert_non_null(thread);
    options.on_event = on_event;
    options.event_context = thread;
    assert_ok(llmp_broker_new(&options, &thread->broker));
    int port = llmp_broker_listen(thread->broker, NULL, 0);
    assert_in_range(port, 1, 65535);
    thread->port = (uint16_t)port;
    assert_int_equal(pthread_create(&thread->thread, NULL, run_broker, thread->broker), 0);
    return thread;
}

void broker_thread_join(struct broker_thread *thread) {
    assert_int_equal(pthread_join(thread->thread, NULL), 0);
}

void broker_thread_stop(struct broker_thread *thread) {
    llmp_broker_stop(thread->broker);
    broker_thread_join(thread);
}

void broker_thread_free(struct broker_thread *thread) {
    llmp_broker_free(thread->broker, LLMP_NOWAIT);
    free(thread);
}

int broker_thread_setup(void **state) {
    *state = broker_thread_start((llmp_broker_options){0});
    return 0;
}

int broker_thread_teardown(void **state) {
    broker_thread_stop(*state);
    broker_thread_free(*state);
    return 0;
}

llmp_client *broker_thread_connect(const struct broker_thread *thread) {
    const llmp_client_options options = {.port = thread->port};
    llmp_client *client;
    assert_ok(llmp_client_connect(&options, TIMEOUT_NS, &client));
    return client;
}

void client_send_text(llmp_client *client, uint32_t tag, const char *text) {
    assert_ok(llmp_client_send(client, tag, 0, text, strlen(text), TIMEOUT_NS));
}

llmp_message client_expect_text(llmp_client *client, uint32_t tag, const char *text) {
    llmp_message message;
    assert_ok(llmp_client_recv(client, &message, TIMEOUT_NS));
    assert_int_equal(message.tag, tag);
    assert_int_equal(message.length, strlen(text));
    assert_memory_equal(message.payload, text, message.length);
    return message;
}
