/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The writing side of a channel.
 *
 * Where it writes follows from private state alone: the page in shared memory is told its size and fill (other
 * implementations look there), and never asked. A peer that scribbles over a page spoils what it reads, nothing else.
 */
#include "channel/sender.h"

#include <errno.h>

#include "channel/copy.h"
#include "channel/page.h"
#include "channel/pages.h"
#include "channel/sender_internal.h"
#include "channel/wait.h"
#include "os/atomic.h"

/* How long a sender that may wait keeps to its window before it takes whatever the bound allows. */
#define PACE_NS 10000000

static inline struct llmp_slot *slot_here(const llmp_sender *sender) {
    return llmp_slot_at(sender->page, LLMP_PAGE_HEADER + sender->used);
}

/*
 * S1: pairs with R1 in receiver.c. Whoever sees this id sees every message up to it, whole (SEND-3). size_used stands in
 * the line that receivers poll: it is written right before the id, so that the line is fetched back once, not twice.
 */
static inline void publish(llmp_sender *sender) {
    sender->published = sender->last_id;
    llmp_store_relaxed(&sender->page->size_used, sender->used);
    llmp_store_release(&sender->page->current_msg_id, sender->last_id); /* S1 */
}

void llmp_sender_flush(llmp_sender *sender) {
    if (sender->published != sender->last_id) {
        publish(sender);
    }
}

/* ---------------------------------------------------------------- from page to page */

/* The room for this was kept by every allocation before (SEND-1). The next page is ready: it was made first (EOP-3). */
static void write_end_of_page(llmp_sender *sender, const llmp_shmem *next) {
    struct llmp_slot *slot = slot_here(sender);
    llmp_shmem_desc desc = llmp_shmem_describe(next);
    *slot = (struct llmp_slot){
        .tag = LLMP_TAG_END_OF_PAGE,
        .sender = sender->id,
        .message_id = ++sender->last_id,
        .buf_len = LLMP_EOP_PAYLOAD,
        .buf_len_padded = LLMP_EOP_PAYLOAD,
    };
    llmp_eop_write(llmp_slot_payload(slot), &desc);
    sender->used += LLMP_EOP_ROOM;
    publish(sender);
}

static int turn_page(llmp_sender *sender, bool ignore_window) {
    size_t size = llmp_page_next_size(sender->max_alloc, sender->page_size);
    int rc = llmp_pages_turn(&sender->pages, size, sender->id, sender->max_alloc, ignore_window);
    if (rc != 0) {
        return rc;
    }
    write_end_of_page(sender, llmp_pages_newest(&sender->pages)->map);
    llmp_sender_take_newest(sender);
    sender->pages_turned++;
    llmp_window_turn(&sender->pages.window, llmp_os_now());
    return 0;
}

/* A receiver that waits for what is held back would never make room: so everything is published before a wait. */
static int turn_page_within(llmp_sender *sender, int64_t timeout_ns) {
    int rc = turn_page(sender, timeout_ns == LLMP_NOWAIT || sender->over_window);
    if (rc != -EAGAIN) {
        sender->over_window = sender->over_window && sender->pages.live.count > sender->pages.window.pages;
        return rc;
    }
    llmp_sender_flush(sender);
    struct llmp_deadline deadline = llmp_deadline_in(timeout_ns);
    struct llmp_deadline pace = llmp_deadline_in(PACE_NS);
    struct llmp_waiter waiter;
    llmp_waiter_init(&waiter, sender->wait);
    bool in_time = true;
    while (rc == -EAGAIN && in_time) {
        in_time = llmp_waiter_step(&waiter, deadline);
        sender->over_window = !in_time || llmp_deadline_passed(pace);
        rc = turn_page(sender, sender->over_window);
    }
    return rc == -EAGAIN && timeout_ns != LLMP_NOWAIT ? -ETIMEDOUT : rc;
}

/* ---------------------------------------------------------------- one message */

/* SEND-1: whether a message of that length fits; its largest size counts for the next page even where it does not. */
static inline bool fits(llmp_sender *sender, size_t length, size_t *padded) {
    *padded = llmp_slot_padded(LLMP_PAGE_HEADER + sender->used, length);
    size_t need = LLMP_SLOT_HEADER + *padded;
    if (need > sender->max_alloc) {
        sender->max_alloc = need;
        sender->page->max_alloc_size = need;
    }
    return sender->used + need + LLMP_EOP_ROOM <= sender->room;
}

static inline int check_alloc(const llmp_sender *sender, size_t length) {
    if (sender->pending) {
        return -LLMP_E_ALLOC_PENDING;
    }
    if (sender->exited) {
        return -LLMP_E_CLOSED;
    }
    return length > sender->max_message ? -LLMP_E_TOO_LARGE : 0;
}

/* SEND-2: until the commit the slot says so, and the one behind it is marked as not written. */
static inline struct llmp_slot *open_slot(llmp_sender *sender, size_t length, size_t padded) {
    struct llmp_slot *slot = slot_here(sender);
    slot->tag = LLMP_TAG_UNINITIALIZED;
    slot->message_id = sender->last_id + 1;
    sender->pending = true;
    sender->length = length;
    sender->padded = padded;
    llmp_slot_at(slot + 1, padded)->tag = LLMP_TAG_UNSET;
    return slot;
}

/* `deadline` overrides `timeout_ns`, for calls that send several messages; null otherwise. */
static inline int alloc(llmp_sender *sender, size_t length, int64_t timeout_ns, const struct llmp_deadline *deadline,
                        void **payload) {
    int rc = check_alloc(sender, length);
    if (rc != 0) {
        return rc;
    }
    size_t padded;
    while (!fits(sender, length, &padded)) {
        rc = turn_page_within(sender, deadline != NULL ? llmp_deadline_timeout(*deadline) : timeout_ns);
        if (rc != 0) {
            return rc;
        }
    }
    *payload = llmp_slot_payload(open_slot(sender, length, padded));
    return 0;
}

int llmp_sender_alloc(llmp_sender *sender, size_t length, int64_t timeout_ns, void **payload) {
    return alloc(sender, length, timeout_ns, NULL, payload);
}

int llmp_sender_shrink(llmp_sender *sender, size_t length) {
    if (!sender->pending) {
        return -LLMP_E_ALLOC_NONE;
    }
    if (length > sender->length) {
        return -LLMP_E_ALLOC_GROW;
    }
    sender->length = length;
    sender->padded = llmp_slot_padded(LLMP_PAGE_HEADER + sender->used, length);
    llmp_slot_at(slot_here(sender) + 1, sender->padded)->tag = LLMP_TAG_UNSET;
    return 0;
}

int llmp_sender_cancel(llmp_sender *sender) {
    if (!sender->pending) {
        return -LLMP_E_ALLOC_NONE;
    }
    sender->pending = false;
    struct llmp_slot *slot = slot_here(sender);
    slot->tag = LLMP_TAG_UNSET;
    slot->message_id = 0;
    return 0;
}

/*
 * The lines of the next message, which will be as long as this one, are fetched while nobody waits for them. When it is
 * sent they are at hand, and the store that publishes it need not wait for them.
 */
#define AHEAD_BYTES 1152u

static inline void prepare_next(const llmp_sender *sender, const struct llmp_slot *slot, size_t size) {
    const unsigned char *next = (const unsigned char *)slot + size;
    size_t room = sender->room - sender->used;
    size_t end = size + LLMP_LINE;
    end = end < AHEAD_BYTES ? end : AHEAD_BYTES;
    end = end < room ? end : room;
    for (size_t line = LLMP_LINE; line < end; line += LLMP_LINE) {
        llmp_prefetch_write(next + line);
    }
}

/* The whole header is written from private state: what a peer did to the slot meanwhile does not stay. */
static inline void fill_slot(llmp_sender *sender, uint32_t sender_id, uint32_t tag, uint32_t flags) {
    struct llmp_slot *slot = slot_here(sender);
    slot->tag = tag;
    slot->sender = sender_id;
    slot->broker = 0;
    slot->flags = flags;
    slot->message_id = ++sender->last_id;
    slot->buf_len = sender->length;
    slot->buf_len_padded = sender->padded;
    sender->used += LLMP_SLOT_HEADER + sender->padded;
    sender->pending = false;
    sender->messages++;
}

static inline void close_slot(llmp_sender *sender, uint32_t sender_id, uint32_t tag, uint32_t flags) {
    const struct llmp_slot *slot = slot_here(sender);
    fill_slot(sender, sender_id, tag, flags);
    if (sender->last_id - sender->published >= sender->batch) {
        publish(sender);
    }
    prepare_next(sender, slot, LLMP_SLOT_HEADER + sender->padded);
}

int llmp_sender_commit_as(llmp_sender *sender, uint32_t sender_id, uint32_t tag, uint32_t flags) {
    if (!sender->pending) {
        return -LLMP_E_ALLOC_NONE;
    }
    close_slot(sender, sender_id, tag, flags);
    return 0;
}

int llmp_sender_commit(llmp_sender *sender, uint32_t tag, uint32_t flags) {
    return llmp_tag_is_reserved(tag) ? -LLMP_E_TAG_RESERVED : llmp_sender_commit_as(sender, sender->id, tag, flags);
}

int llmp_send(llmp_sender *sender, uint32_t tag, uint32_t flags, const void *payload, size_t length,
              int64_t timeout_ns) {
    if (llmp_tag_is_reserved(tag)) {
        return -LLMP_E_TAG_RESERVED;
    }
    void *room;
    int rc = alloc(sender, length, timeout_ns, NULL, &room);
    if (rc == 0) {
        llmp_copy(room, payload, length);
        close_slot(sender, sender->id, tag, flags);
    }
    return rc;
}

/* Copies one of many; it is published with the others. */
static inline int send_one(llmp_sender *sender, const llmp_message *message, const struct llmp_deadline *deadline) {
    if (llmp_tag_is_reserved(message->tag)) {
        return -LLMP_E_TAG_RESERVED;
    }
    void *room;
    int rc = alloc(sender, message->length, 0, deadline, &room);
    if (rc == 0) {
        llmp_copy(room, message->payload, message->length);
        fill_slot(sender, sender->id, message->tag, message->flags);
    }
    return rc;
}

int64_t llmp_send_many(llmp_sender *sender, const llmp_message *messages, size_t count, int64_t timeout_ns) {
    struct llmp_deadline deadline = llmp_deadline_in(timeout_ns);
    size_t sent = 0;
    int rc = 0;
    while (sent < count && (rc = send_one(sender, &messages[sent], &deadline)) == 0) {
        sent++;
    }
    llmp_sender_flush(sender);
    return sent > 0 ? (int64_t)sent : rc;
}

int llmp_sender_exit(llmp_sender *sender, int64_t timeout_ns) {
    void *none;
    int rc = llmp_sender_alloc(sender, 0, timeout_ns, &none);
    if (rc == 0) {
        close_slot(sender, sender->id, LLMP_TAG_EXITING, 0);
        llmp_sender_flush(sender);
        sender->exited = true;
    }
    return rc;
}
