/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Threads that share one mapping, because ThreadSanitizer sees the channel's synchronisation only there. All payloads
 * are written and read without atomics, so a missing release or acquire is a reported race.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "channel/sender.h"
#include "support.h"

#define MAP 4096u
#define MESSAGES 20000u

struct reader {
    pthread_t thread;
    llmp_shmem_desc desc;
    llmp_receiver_options options;
    uint64_t seen;
    int rc;
};

static void *read_all(void *argument) {
    struct reader *reader = argument;
    llmp_receiver *receiver;
    reader->rc = llmp_receiver_new(&reader->desc, &reader->options, &receiver);
    while (reader->rc == 0) {
        llmp_message message;
        reader->rc = llmp_recv(receiver, &message, LLMP_SECONDS(60));
        uint64_t first = 0;
        if (reader->rc == 0) {
            memcpy(&first, message.payload, sizeof first);
            const unsigned char *bytes = message.payload;
            bool good = first == reader->seen && bytes[message.length - 1] == (unsigned char)first;
            reader->seen += good;
            reader->rc = good ? 0 : -EBADMSG;
        }
    }
    llmp_receiver_free(receiver);
    return NULL;
}

static int send_all(llmp_sender *sender) {
    int rc = 0;
    for (uint64_t i = 0; i < MESSAGES && rc == 0; i++) {
        unsigned char bytes[264];
        size_t length = 8 + i % 256;
        memset(bytes, (int)(i & 0xFF), sizeof bytes);
        memcpy(bytes, &i, sizeof i);
        bytes[length - 1] = (unsigned char)i;
        rc = llmp_send(sender, 1, 0, bytes, length, LLMP_SECONDS(60));
    }
    return rc;
}

static void run_channel(llmp_sender_options tx, const llmp_receiver_options *rx, uint32_t readers) {
    int maps = test_inproc_maps();
    tx.provider = &test_inproc;
    tx.page_size = MAP;
    tx.receivers = readers;
    llmp_sender *sender;
    assert_ok(llmp_sender_new(&tx, &sender));
    struct reader all[4] = {0};
    for (uint32_t i = 0; i < readers; i++) {
        all[i].desc = llmp_sender_describe(sender);
        all[i].options = *rx;
        all[i].options.provider = &test_inproc;
        assert_int_equal(pthread_create(&all[i].thread, NULL, read_all, &all[i]), 0);
    }
    int sent = send_all(sender);
    int freed = llmp_sender_free(sender, LLMP_SECONDS(60));
    for (uint32_t i = 0; i < readers; i++) {
        (void)pthread_join(all[i].thread, NULL);
        assert_rc(all[i].rc, -LLMP_E_CLOSED);
        assert_int_equal(all[i].seen, MESSAGES);
    }
    assert_ok(sent);
    assert_ok(freed);
    assert_int_equal(test_inproc_maps(), maps);
}

static void RECV_4_one_reader(void **state) {
    (void)state;
    run_channel((llmp_sender_options){0}, &(llmp_receiver_options){0}, 1);
}

static void RECV_4_four_readers(void **state) {
    (void)state;
    run_channel((llmp_sender_options){.max_pages = 4}, &(llmp_receiver_options){0}, 4);
}

static void RECV_4_batches_and_coalescing(void **state) {
    (void)state;
    run_channel((llmp_sender_options){.batch = 32}, &(llmp_receiver_options){.coalesce_us = 20}, 2);
    run_channel((llmp_sender_options){.batch = 7},
                &(llmp_receiver_options){.coalesce_messages = 50, .coalesce_us = 100}, 2);
}

static void RECV_4_every_wait_and_policy(void **state) {
    (void)state;
    for (int wait = LLMP_WAIT_ADAPTIVE; wait <= LLMP_WAIT_SLEEP; wait++) {
        run_channel((llmp_sender_options){.wait = (llmp_wait)wait, .reuse_order = (llmp_reuse_order)(wait % 2)},
                    &(llmp_receiver_options){.wait = (llmp_wait)wait},
                    1); /* one reader, because each that spins needs a core */
    }
    run_channel((llmp_sender_options){.page_policy = LLMP_PAGES_KEEP}, &(llmp_receiver_options){0}, 2);
}

/* ---------------------------------------------------------------- holds that other threads release */

#define WORKERS 2
#define QUEUE 4u

/* A message whose page is held, until a worker has checked its payload. */
struct item {
    llmp_message message;
    llmp_page_hold *hold;
    uint64_t number;
};

struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct item items[QUEUE];
    uint64_t in;
    uint64_t out;
};

static void queue_put(struct queue *queue, const struct item *item) {
    (void)pthread_mutex_lock(&queue->mutex);
    while (queue->in - queue->out == QUEUE) {
        (void)pthread_cond_wait(&queue->changed, &queue->mutex);
    }
    queue->items[queue->in++ % QUEUE] = *item;
    (void)pthread_cond_broadcast(&queue->changed);
    (void)pthread_mutex_unlock(&queue->mutex);
}

static struct item queue_take(struct queue *queue) {
    (void)pthread_mutex_lock(&queue->mutex);
    while (queue->in == queue->out) {
        (void)pthread_cond_wait(&queue->changed, &queue->mutex);
    }
    struct item item = queue->items[queue->out++ % QUEUE];
    (void)pthread_cond_broadcast(&queue->changed);
    (void)pthread_mutex_unlock(&queue->mutex);
    return item;
}

/* Returns null, or the queue if a payload had changed. */
static void *work(void *argument) {
    struct queue *queue = argument;
    void *result = NULL;
    for (;;) {
        struct item item = queue_take(queue);
        if (item.hold == NULL) {
            return result;
        }
        uint64_t number = *(const uint64_t *)item.message.payload;
        result = number == item.number ? result : queue;
        llmp_page_hold_release(item.hold);
    }
}

static void *send_numbers(void *sender) {
    int rc = 0;
    for (uint64_t i = 0; i < MESSAGES && rc == 0; i++) {
        rc = llmp_send(sender, 1, 0, &i, sizeof i, LLMP_SECONDS(60));
    }
    return rc == 0 ? NULL : sender;
}

static void other_threads_release_holds(void **state) {
    (void)state;
    llmp_sender *sender =
        test_sender((llmp_sender_options){.provider = &test_inproc, .page_size = 512, .max_pages = 4});
    llmp_shmem_desc desc = llmp_sender_describe(sender);
    llmp_receiver *receiver;
    assert_ok(llmp_receiver_new(&desc, &(llmp_receiver_options){.provider = &test_inproc}, &receiver));
    struct queue queue = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    pthread_t threads[WORKERS + 1];
    void *result;
    assert_int_equal(pthread_create(&threads[WORKERS], NULL, send_numbers, sender), 0);
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, work, &queue), 0);
    }
    for (uint64_t i = 0; i < MESSAGES; i++) {
        struct item item = {.number = i};
        assert_ok(llmp_recv(receiver, &item.message, LLMP_SECONDS(60)));
        assert_ok(llmp_receiver_hold(receiver, &item.hold));
        queue_put(&queue, &item);
    }
    for (int i = 0; i < WORKERS; i++) {
        queue_put(&queue, &(struct item){0});
    }
    for (int i = 0; i < WORKERS + 1; i++) {
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_null(result);
    }
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* ---------------------------------------------------------------- through a broker */

static void *run_broker(void *broker) {
    (void)llmp_broker_run(broker);
    return NULL;
}

struct client {
    pthread_t thread;
    llmp_sender *tx;
    int rc;
};

static void *send_thread(void *argument) {
    struct client *client = argument;
    client->rc = send_all(client->tx);
    return NULL;
}

/* One client sends, and two receive. The main thread stops the broker. */
static void BROKER_1_through_a_broker_thread(void **state) {
    (void)state;
    int maps = test_inproc_maps();
    llmp_broker *broker;
    llmp_broker_options options = {
        .provider = &test_inproc, .page_size = MAP, .history = 8, .slow_client_timeout_ns = LLMP_SECONDS(60)};
    assert_ok(llmp_broker_new(&options, &broker));
    struct client client = {0};
    assert_ok(llmp_sender_new(&(llmp_sender_options){.provider = &test_inproc, .page_size = MAP}, &client.tx));
    llmp_sender *silent;
    assert_ok(llmp_sender_new(&(llmp_sender_options){.provider = &test_inproc, .page_size = MAP}, &silent));
    llmp_shmem_desc channels[2] = {llmp_sender_describe(client.tx), llmp_sender_describe(silent)};
    struct reader readers[2] = {0};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(llmp_broker_add_client(broker, &channels[i], &readers[i].desc), i);
        readers[i].options = (llmp_receiver_options){.provider = &test_inproc, .pre_joined = true};
    }
    pthread_t loop;
    assert_int_equal(pthread_create(&loop, NULL, run_broker, broker), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_all, &readers[i]), 0);
    }
    assert_int_equal(pthread_create(&client.thread, NULL, send_thread, &client), 0);
    (void)pthread_join(client.thread, NULL);
    assert_ok(client.rc);
    assert_ok(llmp_sender_free(client.tx, LLMP_SECONDS(60)));
    llmp_broker_stop(broker);
    (void)pthread_join(loop, NULL);
    for (int i = 0; i < 2; i++) {
        (void)pthread_join(readers[i].thread, NULL);
        assert_rc(readers[i].rc, -LLMP_E_CLOSED);
        assert_int_equal(readers[i].seen, MESSAGES);
    }
    llmp_broker_free(broker, LLMP_NOWAIT);
    assert_ok(llmp_sender_free(silent, LLMP_NOWAIT));
    assert_int_equal(test_inproc_maps(), maps);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(RECV_4_one_reader),
        cmocka_unit_test(RECV_4_four_readers),
        cmocka_unit_test(RECV_4_batches_and_coalescing),
        cmocka_unit_test(RECV_4_every_wait_and_policy),
        cmocka_unit_test(other_threads_release_holds),
        cmocka_unit_test(BROKER_1_through_a_broker_thread),
    };
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
