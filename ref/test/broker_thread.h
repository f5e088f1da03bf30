/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A broker that listens on TCP and runs in a thread of its own. */
#ifndef LLMP_TEST_BROKER_THREAD_H
#define LLMP_TEST_BROKER_THREAD_H

#include <pthread.h>

#include "support.h"

/* Bounds calls that are expected to succeed. */
#define TIMEOUT_NS LLMP_SECONDS(20)

struct broker_thread {
    llmp_broker *broker;
    uint16_t port;
    pthread_t thread;
    int left, removed; /* events; written by the thread, to be read after broker_thread_join() */
};

struct broker_thread *broker_thread_start(llmp_broker_options options);

/* Waits until the broker has ended by itself. */
void broker_thread_join(struct broker_thread *thread);
/* Ends the broker, and waits for that. */
void broker_thread_stop(struct broker_thread *thread);
/* After broker_thread_join() or broker_thread_stop(). */
void broker_thread_free(struct broker_thread *thread);

/* Fixtures of cmocka: *state is a broker with default options. */
int broker_thread_setup(void **state);
int broker_thread_teardown(void **state);

llmp_client *broker_thread_connect(const struct broker_thread *thread);

void client_send_text(llmp_client *client, uint32_t tag, const char *text);
/* Returns the message, for its sender. */
llmp_message client_expect_text(llmp_client *client, uint32_t tag, const char *text);

#endif
