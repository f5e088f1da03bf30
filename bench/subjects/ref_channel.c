/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Channels of this project's library. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "baselines/slots.h"
#include "subjects/channel_loops.h"
#include "subjects/ref.h"

enum { PAGE_HEADER = 48, END_OF_PAGE_ROOM = 128, FIRST_PAGE = 1 << 20 };

struct channel {
    const struct subject *subject;
    llmp_sender *sender; /* null once close_sender() has freed it in this process */
    llmp_shmem_desc desc;
    bool poll_always;
};

/* The casts between the opaque types of subject.h and those of the library. */
static llmp_sender *sender_of(const struct sender *sender) {
    return (llmp_sender *)sender;
}
static llmp_receiver *receiver_of(const struct receiver *receiver) {
    return (llmp_receiver *)receiver;
}

static inline int ref_send(struct sender *sender, uint32_t tag, const struct payload *payload) {
    return llmp_send(sender_of(sender), tag, 0, payload->words, payload->bytes, TRANSFER_WAIT_NS);
}

static inline int ref_receive(struct receiver *receiver, struct message *message) {
    llmp_message received;
    return ref_set_message(message, &received, llmp_recv(receiver_of(receiver), &received, TRANSFER_WAIT_NS));
}

static inline int ref_receive_copy(struct receiver *receiver, struct message *message, void *copy, size_t capacity) {
    llmp_message received;
    int rc = llmp_recv_copy(receiver_of(receiver), &received, copy, capacity, TRANSFER_WAIT_NS);
    return ref_set_message(message, &received, rc);
}

static const struct transfer ref_transfer = {ref_send, ref_receive, ref_receive_copy, llmp_error_name};
DEFINE_CHANNEL_LOOPS(ref_loops, ref_transfer)

bool ref_needs_inheritance(const struct subject *subject) {
    return llmp_shmem_provider_scope(ref_provider(subject)) == LLMP_SCOPE_DESCRIPTOR;
}

/* Returns the size that pages grow to behind messages of this size (EOP-4). */
static size_t largest_page(size_t payload) {
    size_t needed = 2 * slot_bytes(payload) + END_OF_PAGE_ROOM + PAGE_HEADER;
    size_t page = FIRST_PAGE;
    while (page < needed) {
        page *= 2;
    }
    return page;
}

llmp_sender_options ref_sender_options(const struct subject *subject, size_t payload) {
    llmp_sender_options options = {.provider = ref_provider(subject)};
    if (ref_needs_inheritance(subject)) {
        options.preallocate = true;
        options.page_size = largest_page(payload);
    }
    return options;
}

static int ref_create(const struct subject *subject, const struct channel_options *options, struct channel **out) {
    llmp_sender_options sending = {.provider = ref_provider(subject)};
    struct channel *channel = calloc(1, sizeof *channel);
    *out = NULL;
    if (channel == NULL) {
        return -ENOMEM;
    }
    if (options->inherited) {
        sending = ref_sender_options(subject, options->payload);
    }
    sending.batch = options->batch;
    int rc = llmp_sender_new(&sending, &channel->sender);
    if (rc != 0) {
        free(channel);
        return rc;
    }
    channel->subject = subject;
    channel->desc = llmp_sender_describe(channel->sender);
    channel->poll_always = options->poll_always;
    *out = channel;
    return 0;
}

static int ref_open_sender(struct channel *channel, struct sender **sender) {
    *sender = (struct sender *)channel->sender;
    return 0;
}

static int open_receiver(const struct subject *subject, const llmp_shmem_desc *desc, bool poll_always,
                         struct receiver **receiver) {
    llmp_receiver_options options = {.provider = ref_provider(subject), .coalesce_messages = poll_always ? 1 : 0};
    llmp_receiver *opened = NULL;
    int rc = llmp_receiver_new(desc, &options, &opened);
    *receiver = (struct receiver *)opened;
    return rc;
}

static int ref_open_receiver(struct channel *channel, struct receiver **receiver) {
    return open_receiver(channel->subject, &channel->desc, channel->poll_always, receiver);
}

static void ref_flush(struct sender *sender) {
    llmp_sender_flush(sender_of(sender));
}

static void ref_close_sender(struct channel *channel, struct sender *sender, int64_t linger_ns) {
    llmp_sender_free(sender_of(sender), linger_ns);
    channel->sender = NULL;
}

static void ref_close_receiver(struct receiver *receiver) {
    llmp_receiver_free(receiver_of(receiver));
}

/* If B was the sender, this process frees its own copy, which removes the pages that it created. */
static void ref_destroy(struct channel *channel) {
    if (channel->sender != NULL) {
        llmp_sender_free(channel->sender, LLMP_NOWAIT);
    }
    free(channel);
}

static void ref_sender_facts(const struct sender *sender, struct channel_facts *facts) {
    llmp_sender_stats stats;
    llmp_sender_stats_get(sender_of(sender), &stats, sizeof stats);
    facts->pages_created = stats.pages_created;
    facts->window = stats.window;
}

static void ref_receiver_facts(const struct receiver *receiver, struct channel_facts *facts) {
    llmp_receiver_stats stats;
    llmp_receiver_stats_get(receiver_of(receiver), &stats, sizeof stats);
    facts->messages = stats.messages;
    facts->maps_opened = stats.maps_opened;
}

/* "1048576:/libafl_12_3": size and id of the description. */
static void ref_address(const struct channel *channel, char address[CHANNEL_ADDRESS_SIZE]) {
    snprintf(address, CHANNEL_ADDRESS_SIZE, "%zu:%s", channel->desc.size, channel->desc.id.bytes);
}

static int ref_open_address(const struct subject *subject, const char *address, struct receiver **receiver) {
    llmp_shmem_desc desc;
    int id_at = 0;
    *receiver = NULL;
    if (sscanf(address, "%zu:%n", &desc.size, &id_at) != 1 || id_at == 0) {
        return -EINVAL;
    }
    int rc = llmp_shmem_id_set(&desc.id, address + id_at);
    return rc != 0 ? rc : open_receiver(subject, &desc, false, receiver);
}

const struct channel_ops ref_channel_ops = {
    .has_batch = true,
    .has_poll_always = true,
    .create = ref_create,
    .open_sender = ref_open_sender,
    .open_receiver = ref_open_receiver,
    .flush = ref_flush,
    .close_sender = ref_close_sender,
    .close_receiver = ref_close_receiver,
    .destroy = ref_destroy,
    .sender_facts = ref_sender_facts,
    .receiver_facts = ref_receiver_facts,
    .address = ref_address,
    .open_address = ref_open_address,
    .loops = &ref_loops,
};
