/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "toy_part.h"

#include <errno.h>
#include <string.h>

#include "broker/parts.h"
#include "broker/route.h"

void toy_queue(struct toy *toy, uint32_t tag, const char *bytes) {
    assert_true(toy->queued < TOY_TEXTS);
    struct toy_text *text = &toy->queue[toy->queued++];
    *text = (struct toy_text){.client = toy->id, .tag = tag};
    (void)strncpy(text->bytes, bytes, sizeof text->bytes - 1);
}

static void on_message(void *self, const llmp_broker_message *message) {
    struct toy *toy = self;
    if (toy->count == TOY_TEXTS) {
        return;
    }
    struct toy_text *text = &toy->received[toy->count++];
    *text = (struct toy_text){.client = message->client, .tag = message->tag};
    size_t length = message->length < sizeof text->bytes ? message->length : sizeof text->bytes - 1;
    if (length > 0) {
        memcpy(text->bytes, message->payload, length);
    }
    if (toy->echoes) {
        toy_queue(toy, TOY_ECHO_TAG + text->tag, text->bytes);
    }
}

/* The payload is overwritten after the call: the broker must have copied it. */
static bool tick(void *self) {
    struct toy *toy = self;
    toy->ticks++;
    if (toy->forwarded == toy->queued) {
        return false;
    }
    struct toy_text text = toy->queue[toy->forwarded];
    llmp_broker_message message = {
        .client = text.client, .tag = text.tag, .payload = text.bytes, .length = strlen(text.bytes)};
    toy->last_rc = llmp_broker_forward(toy->broker, toy, &message);
    memset(&text, '?', sizeof text);
    toy->forwarded += toy->last_rc != -EAGAIN;
    return toy->last_rc != -EAGAIN;
}

static void free_toy(void *self) {
    struct toy *toy = self;
    toy->freed = true;
}

void toy_attach(llmp_broker *broker, struct toy *toy) {
    *toy = (struct toy){.broker = broker, .id = (uint32_t)llmp_broker_take_id(broker), .echoes = toy->echoes};
    struct llmp_broker_part part = {.tick = tick, .on_message = on_message, .free = free_toy, .self = toy};
    assert_ok(llmp_broker_attach(broker, part));
}

void toy_expect_received(const struct toy *toy, size_t at, uint32_t client, uint32_t tag, const char *bytes) {
    assert_true(at < toy->count);
    assert_int_equal(toy->received[at].client, client);
    assert_int_equal(toy->received[at].tag, tag);
    assert_string_equal(toy->received[at].bytes, bytes);
}
