/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The reading side of a channel.
 *
 * Whatever lies in a page may have been written by anyone, and may change at any time. A header is copied once; the
 * copy is checked, and only the copy is used (RECV-5). Nothing that is wrong with it is more than an error code.
 */
#include "channel/receiver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "channel/coalesce.h"
#include "channel/copy.h"
#include "channel/map_cache.h"
#include "channel/page.h"
#include "channel/wait.h"
#include "os/atomic.h"
#include "os/compat.h"
#include "shmem/liveness.h"

#define MAX_PAGE_DEFAULT ((size_t)4 << 30)
#define MAX_MAPPED_DEFAULT 256u
#define MAX_MAPPED_BYTES ((size_t)256 << 20)
/* Pages without a message that one call follows: a ring of them must not hold it for ever. */
#define FOLLOW_MAX 64u

struct llmp_receiver {
    llmp_shmem *map;
    struct llmp_page *page;
    size_t size;        /* of the map, from the provider */
    size_t offset;      /* of the next slot */
    size_t batch_start; /* where the slots began that the last look found */
    uint64_t last_id;   /* read */
    uint64_t known_id;  /* the newest that the last look saw */
    struct llmp_coalesce coalesce;
    size_t last_size; /* of the slot read last, header included */
    int stopped;      /* 0, or what every call gives from now on */
    int error;        /* why */
    llmp_wait wait;
    size_t max_page_size;
    uint64_t messages;
    uint64_t pages_turned;
    struct llmp_map_cache maps;
};

/* ---------------------------------------------------------------- pages */

/* J1: pairs with L2, L3, L4 and L5 in pages.c: who sees the count knows that the page is mapped. */
static void join(struct llmp_page *page) {
    llmp_add_release(&page->joined, (uint16_t)1);
}

/* J2: pairs with L1, L3 and L5 in pages.c: everything that was read of the page is behind whoever sees the count. */
static void leave(struct llmp_page *page) {
    llmp_add_release(&page->left, (uint16_t)1);
}

static void set_page(llmp_receiver *receiver, llmp_shmem *map) {
    receiver->map = map;
    receiver->page = llmp_shmem_data(map);
    receiver->size = llmp_shmem_size(map);
    receiver->offset = LLMP_PAGE_HEADER;
    receiver->batch_start = LLMP_PAGE_HEADER;
    receiver->last_id = 0;
    receiver->known_id = 0;
}

/* The map of a description, checked as far as a page can be (PAGE-3). */
static int open_page(llmp_receiver *receiver, const llmp_shmem_desc *desc, llmp_shmem **map) {
    int rc = llmp_map_cache_get(&receiver->maps, desc, map);
    return rc == 0 ? llmp_page_check(llmp_shmem_data(*map), llmp_shmem_size(*map)) : rc;
}

/* EOP-5, in the order that keeps the old page until the new one is safe: map, join, leave. */
static int follow_end_of_page(llmp_receiver *receiver, const void *payload) {
    llmp_shmem_desc desc;
    llmp_eop_read(payload, &desc);
    llmp_shmem_desc here = llmp_shmem_describe(receiver->map);
    if (strncmp(desc.id.bytes, here.id.bytes, sizeof desc.id.bytes) == 0) {
        return -LLMP_E_EOP_SELF;
    }
    if (desc.size > receiver->max_page_size) {
        return -LLMP_E_EOP_SIZE;
    }
    llmp_shmem *next;
    int rc = open_page(receiver, &desc, &next);
    if (rc == -LLMP_E_NO_SEGMENT || rc == -LLMP_E_PAGE_RETIRED) {
        return -LLMP_E_EOP_GONE; /* others may still hold it, so that it can be opened, or not */
    }
    if (rc != 0) {
        return rc;
    }
    join(llmp_shmem_data(next));
    leave(receiver->page);
    set_page(receiver, next);
    receiver->pages_turned++;
    return 0;
}

/* ---------------------------------------------------------------- one message */

/* R1: this acquire load pairs with the release store S1 in sender.c. */
static int poll_newest(llmp_receiver *receiver, bool at_once) {
    if (!at_once && !llmp_coalesce_due(&receiver->coalesce)) {
        return -EAGAIN;
    }
    uint64_t newest = llmp_load_acquire(&receiver->page->current_msg_id); /* R1 */
    if (newest < receiver->last_id) {
        return -LLMP_E_MSG_ID_DECREASED;
    }
    uint64_t unread = newest - receiver->last_id;
    bool due = llmp_coalesce_take(&receiver->coalesce, unread, receiver->offset - receiver->batch_start);
    if (unread == 0 || !(due || at_once)) {
        return -EAGAIN;
    }
    receiver->known_id = newest;
    receiver->batch_start = receiver->offset;
    return 0;
}

/*
 * The processor cannot look ahead by itself here, for the header has to arrive before it says how far the message
 * reaches and where the next one begins. So it is told. In a stream, the lines some messages ahead: a twelfth of the
 * time for 64-byte messages. For a single message, all its lines at once, guessed from the one before: a quarter of the
 * latency for 64 bytes, where two lines come from the other core one after the other otherwise. Not a line too many, as
 * that would be the one that the sender writes next.
 */
#define AHEAD_BYTES 1024u
#define AHEAD_MESSAGES 16u

static inline void prefetch_slots(const llmp_receiver *receiver, const struct llmp_slot *slot) {
    const unsigned char *bytes = (const unsigned char *)slot;
    if (receiver->known_id - receiver->last_id > AHEAD_MESSAGES) {
        llmp_prefetch(bytes + AHEAD_BYTES);
        llmp_prefetch(bytes + AHEAD_BYTES + LLMP_LINE);
        return;
    }
    size_t end = receiver->last_size < AHEAD_BYTES ? receiver->last_size : AHEAD_BYTES;
    for (size_t line = LLMP_LINE; line < end; line += LLMP_LINE) {
        llmp_prefetch(bytes + line);
    }
}

/* Copies and checks the next slot and steps behind it. */
static inline int read_slot(llmp_receiver *receiver, llmp_message *message) {
    if (!llmp_slot_fits(receiver->size, receiver->offset)) {
        return -LLMP_E_MSG_BOUNDS;
    }
    struct llmp_slot *slot = llmp_slot_at(receiver->page, receiver->offset);
    struct llmp_slot head;
    prefetch_slots(receiver, slot);
    llmp_slot_copy(slot, &head);
    int rc = llmp_slot_step(&head, receiver->size, receiver->offset, receiver->last_id + 1, &receiver->last_size);
    if (rc != 0) {
        return rc;
    }
    receiver->offset += receiver->last_size;
    receiver->last_id++;
    *message = (llmp_message){
        .tag = head.tag,
        .sender = head.sender,
        .broker = head.broker,
        .flags = head.flags,
        .id = head.message_id,
        .length = (size_t)head.buf_len,
        .payload = llmp_slot_payload(slot),
    };
    return 0;
}

/* Where the next slot is; what is read ahead of a batch's end is read again by the next call. */
struct llmp_receiver_mark {
    size_t offset;
    size_t last_size;
    uint64_t last_id;
};

static inline struct llmp_receiver_mark mark(const llmp_receiver *receiver) {
    return (struct llmp_receiver_mark){receiver->offset, receiver->last_size, receiver->last_id};
}

static inline void return_to(llmp_receiver *receiver, struct llmp_receiver_mark mark) {
    receiver->offset = mark.offset;
    receiver->last_size = mark.last_size;
    receiver->last_id = mark.last_id;
}

static int next_message(llmp_receiver *receiver, llmp_message *message, bool at_once) {
    for (uint32_t follows = 0; follows < FOLLOW_MAX; follows++) {
        int rc = receiver->last_id == receiver->known_id ? poll_newest(receiver, at_once) : 0;
        if (rc == 0) {
            rc = read_slot(receiver, message);
        }
        if (rc == 0 && message->tag == LLMP_TAG_EXITING) {
            rc = -LLMP_E_CLOSED;
        }
        if (rc != 0 || message->tag != LLMP_TAG_END_OF_PAGE) {
            return rc;
        }
        rc = follow_end_of_page(receiver, message->payload);
        if (rc != 0) {
            return rc;
        }
    }
    return -EAGAIN;
}

/* The end of a channel stays its end, and an error stays one. */
static int next_or_latch_error(llmp_receiver *receiver, llmp_message *message, bool at_once) {
    if (receiver->stopped != 0) {
        return receiver->stopped;
    }
    int rc = next_message(receiver, message, at_once);
    if (rc == 0) {
        receiver->messages++;
    } else if (rc == -LLMP_E_CLOSED) {
        receiver->stopped = rc;
    } else if (rc != -EAGAIN) {
        receiver->error = rc;
        receiver->stopped = -LLMP_E_BROKEN;
    }
    return rc;
}

static int wait_for_message(llmp_receiver *receiver, llmp_message *message, int64_t timeout_ns) {
    struct llmp_deadline deadline = llmp_deadline_in(timeout_ns);
    struct llmp_waiter waiter;
    llmp_waiter_init(&waiter, receiver->wait);
    int rc = -EAGAIN;
    bool in_time = true;
    while (rc == -EAGAIN && in_time) {
        in_time = llmp_waiter_step(&waiter, deadline);
        rc = next_or_latch_error(receiver, message, !in_time);
    }
    return rc == -EAGAIN ? -ETIMEDOUT : rc;
}

int llmp_recv(llmp_receiver *receiver, llmp_message *message, int64_t timeout_ns) {
    int rc = next_or_latch_error(receiver, message, timeout_ns == LLMP_NOWAIT);
    return rc != -EAGAIN || timeout_ns == LLMP_NOWAIT ? rc : wait_for_message(receiver, message, timeout_ns);
}

/* A batch ends with its page: following END_OF_PAGE leaves the page that the views before it point into. */
static size_t read_more(llmp_receiver *receiver, llmp_message *messages, size_t max) {
    size_t count = 1;
    while (count < max && receiver->last_id != receiver->known_id) {
        struct llmp_receiver_mark before = mark(receiver);
        int rc = read_slot(receiver, &messages[count]);
        if (rc != 0 || messages[count].tag == LLMP_TAG_END_OF_PAGE || messages[count].tag == LLMP_TAG_EXITING) {
            return_to(receiver, before);
            break;
        }
        receiver->messages++;
        count++;
    }
    return count;
}

int64_t llmp_recv_many(llmp_receiver *receiver, llmp_message *messages, size_t max, int64_t timeout_ns) {
    if (max == 0) {
        return 0;
    }
    int rc = llmp_recv(receiver, &messages[0], timeout_ns);
    return rc == 0 ? (int64_t)read_more(receiver, messages, max) : rc;
}

void llmp_receiver_unread(llmp_receiver *receiver) {
    receiver->offset -= receiver->last_size;
    receiver->last_id--;
    receiver->messages--;
}

int llmp_recv_copy(llmp_receiver *receiver, llmp_message *message, void *buffer, size_t capacity, int64_t timeout_ns) {
    int rc = llmp_recv(receiver, message, timeout_ns);
    if (rc != 0) {
        return rc;
    }
    if (message->length > capacity) {
        llmp_receiver_unread(receiver);
        return -LLMP_E_BUFFER_TOO_SMALL;
    }
    llmp_copy(buffer, message->payload, message->length);
    message->payload = buffer;
    return 0;
}

int llmp_receiver_poll(llmp_receiver *receiver, llmp_message *message) {
    return next_or_latch_error(receiver, message, false);
}

int llmp_receiver_error(const llmp_receiver *receiver) {
    return receiver->error;
}

/* ---------------------------------------------------------------- beginning and end */

static int start(llmp_receiver *receiver, const llmp_shmem_desc *desc, bool joined) {
    if (desc->size > receiver->max_page_size) {
        return -LLMP_E_EOP_SIZE;
    }
    llmp_shmem *map;
    int rc = open_page(receiver, desc, &map);
    if (rc == 0) {
        set_page(receiver, map);
        if (!joined) {
            join(receiver->page);
        }
    }
    return rc;
}

static int set_up(llmp_receiver *receiver, const llmp_receiver_options *options) {
    const llmp_shmem_provider *provider = options->provider;
    provider = provider != NULL ? provider : llmp_shmem_provider_default();
    uint32_t max = options->max_mapped_pages != 0 ? options->max_mapped_pages : MAX_MAPPED_DEFAULT;
    receiver->max_page_size = options->max_page_size != 0 ? options->max_page_size : MAX_PAGE_DEFAULT;
    receiver->wait = options->wait;
    llmp_coalesce_init(&receiver->coalesce, options->coalesce_messages, options->coalesce_us);
    return llmp_map_cache_init(&receiver->maps, provider, &options->shmem, max, MAX_MAPPED_BYTES);
}

int llmp_receiver_new(const llmp_shmem_desc *desc, const llmp_receiver_options *options, llmp_receiver **out) {
    *out = NULL;
    const llmp_shmem_desc copy = *desc;
    llmp_receiver_options chosen = options != NULL ? *options : (llmp_receiver_options){0};
    if (chosen.wait > LLMP_WAIT_SLEEP || !llmp_is_zero(chosen.reserved0, sizeof chosen.reserved0) ||
        !llmp_is_zero(chosen.reserved, sizeof chosen.reserved)) {
        return -EINVAL;
    }
    llmp_receiver *receiver = calloc(1, sizeof *receiver);
    if (receiver == NULL) {
        return -ENOMEM;
    }
    int rc = set_up(receiver, &chosen);
    if (rc == 0) {
        rc = start(receiver, &copy, chosen.pre_joined);
    }
    if (rc != 0) {
        llmp_receiver_free(receiver);
        return rc;
    }
    *out = receiver;
    return 0;
}

void llmp_receiver_free(llmp_receiver *receiver) {
    if (receiver == NULL) {
        return;
    }
    if (receiver->page != NULL) {
        leave(receiver->page);
    }
    llmp_map_cache_fini(&receiver->maps);
    free(receiver);
}

int llmp_receiver_is_orphan(const llmp_receiver *receiver) {
    return llmp_shmem_is_orphan(receiver->map);
}

void llmp_receiver_reap(const llmp_receiver *receiver) {
    llmp_map_cache_reap(&receiver->maps);
}

void llmp_receiver_stats_get(const llmp_receiver *receiver, llmp_receiver_stats *stats, size_t size) {
    const llmp_receiver_stats now = {
        .messages = receiver->messages,
        .pages_turned = receiver->pages_turned,
        .maps_opened = receiver->maps.opened,
        .maps_live = receiver->maps.count,
    };
    llmp_copy_known(stats, size, &now, sizeof now);
}
