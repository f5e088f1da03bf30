/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file llmp.h
 * LLMP: one-way channels over shared-memory pages, and the broker that connects them.
 *
 * The shortest useful program (shmem.h explains `desc` and how another process gets it):
 *
 *     llmp_sender *tx;                                   llmp_receiver *rx;
 *     llmp_sender_new(NULL, &tx);                        llmp_receiver_new(&desc, NULL, &rx);
 *     desc = llmp_sender_describe(tx);                   llmp_message m;
 *     llmp_send(tx, 7, 0, "hello", 5, LLMP_FOREVER);     llmp_recv(rx, &m, LLMP_FOREVER);
 *     llmp_sender_free(tx, LLMP_SECONDS(1));             llmp_receiver_free(rx);
 *
 * Return values: 0 (or a count), or a negative code (see llmp_strerror()). No bytes written by a peer make this library
 * abort, write outside its maps, or allocate without bound.
 *
 * Threads: an object (sender, receiver, broker, client) must be used by one thread at a time. Different objects share
 * no state: a process may have any number of them, in any number of threads.
 *
 * Fork: after a fork, an object may be used in the parent or in the child, not in both. The process that does not use
 * it may free a sender with linger_ns = LLMP_NOWAIT, which sends nothing and removes only what that process created. It
 * must not free its copy of a receiver, broker or client: that would count the process that still reads as having left.
 *
 * Timeouts are in nanoseconds: LLMP_NOWAIT returns -EAGAIN instead of waiting; a positive value returns -ETIMEDOUT when
 * it has elapsed; LLMP_FOREVER waits without limit.
 *
 * Binary compatibility: as in shmem.h. Functions that fill a statistics struct take its size: they write no more bytes
 * than that, and zero the fields that this library does not know.
 */
#ifndef LLMP_LLMP_H
#define LLMP_LLMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shmem.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LLMP_NOWAIT INT64_C(0)
#define LLMP_FOREVER (-INT64_C(1))
#define LLMP_SECONDS(n) ((n)*INT64_C(1000000000))
#define LLMP_MILLISECONDS(n) ((n)*INT64_C(1000000))

/** The version of these headers. */
#define LLMP_VERSION "0.1.0"

/** @return the version of the library at run time, "0.1.0": a static string */
LLMP_API const char *llmp_version(void);

/* ------------------------------------------------------------------ messages */

/** Tags of the protocol itself (MSG-2). Send functions refuse them with -LLMP_E_TAG_RESERVED. */
enum llmp_tag {
    LLMP_TAG_UNSET = 0x00DEADAF,
    LLMP_TAG_EXITING = 0x013C5171,
    LLMP_TAG_END_OF_PAGE = 0x0AF1E0F1,
    LLMP_TAG_NEW_SHM_CLIENT = 0x0C11E471,
    LLMP_TAG_CLIENT_EXIT = 0x0C11E472,
    LLMP_TAG_SLOW_RECEIVER = 0x70051041
};
/** Too large for an enum constant in C11. */
#define LLMP_TAG_UNINITIALIZED 0xA143AF11u

/** Flags of a message (MSG, MSG-3). The library carries them and does not act on them. */
enum llmp_message_flag { LLMP_FLAG_COMPRESSED = 1, LLMP_FLAG_FROM_B2B = 2, LLMP_FLAG_FROM_MM = 4 };

/** A message: a copy of its header, and a pointer to its payload. Zero it before use as an argument. */
typedef struct llmp_message {
    uint32_t tag;
    uint32_t sender;     /**< received: client id of the sender (SEND-4); ignored when sending */
    uint32_t broker;     /**< received: as the sender left it; ignored when sending */
    uint32_t flags;      /**< of enum llmp_message_flag */
    uint64_t id;         /**< received: 1, 2, 3 … on each page; ignored when sending */
    size_t length;       /**< bytes of payload; when received, they lie inside the map */
    const void *payload; /**< received: points into the shared page, 8-byte aligned, valid until the next call on this
                              receiver or while the page is held (llmp_receiver_hold()). A hostile sender can change
                              these bytes while you read them */
    uint64_t reserved[2];
} llmp_message;

/* ------------------------------------------------------------------ waiting */

/** The way in which a call waits. */
typedef uint32_t llmp_wait;
enum {
    LLMP_WAIT_ADAPTIVE, /**< spin for some microseconds, then yield, then sleep up to 1 ms at a time: the default */
    LLMP_WAIT_SPIN,     /**< spin: the lowest latency; uses a whole core */
    LLMP_WAIT_YIELD,    /**< yield the processor after each check */
    LLMP_WAIT_SLEEP     /**< sleep, 50 µs at first and at most 10 ms at a time: almost no processor time */
};

/* ------------------------------------------------------------------ sender */

/** The writing side of a channel. */
typedef struct llmp_sender llmp_sender;

/** Selects what a sender does with a page that every expected receiver has left. */
typedef uint32_t llmp_page_policy;
enum {
    LLMP_PAGES_REUSE, /**< write it again (EOP-6, EOP-8): the default; the steady state makes no system call */
    LLMP_PAGES_DROP,  /**< remove it: for an unknown number of receivers */
    LLMP_PAGES_KEEP   /**< keep it, so that a late receiver can start at the first page; memory use is not bounded */
};

/** Selects the free page that is written next. */
typedef uint32_t llmp_reuse_order;
enum {
    LLMP_REUSE_OLDEST, /**< the one that has been free longest: the default */
    LLMP_REUSE_NEWEST  /**< the one that was freed last: the smallest memory footprint */
};

/** Options of a sender. All zero, or a null pointer, is the default. */
typedef struct llmp_sender_options {
    const llmp_shmem_provider *provider; /**< null: llmp_shmem_provider_default() */
    llmp_shmem_options shmem;            /**< how pages are created */
    size_t page_size;                    /**< bytes of the first page, at least 512; 0: 1 MiB. EOP-4 sizes later ones */
    size_t max_message;                  /**< bytes of the largest payload; 0: 1 GiB */
    uint32_t sender_id;                  /**< written to page headers and messages */
    llmp_page_policy page_policy;
    llmp_reuse_order reuse_order;
    uint32_t receivers; /**< receivers that will read from the first page on; 0: one. See llmp_sender_add_receiver() */
    uint32_t max_pages; /**< bound on unread pages, at least 2; 0: as many as fit in 64 MiB, at least 4, but on a system
                             with little memory (of the machine, a container, or the place of the pages) fewer */
    uint32_t window;    /**< pages to reuse in rotation, 2 to max_pages; 0: measured and adapted at run time */
    uint32_t batch;     /**< publish after this many messages, or at llmp_sender_flush(); 0 or 1: after each */
    llmp_wait wait;     /**< how to wait for a slow receiver */
    bool preallocate;   /**< create max_pages pages at once, for receivers that can only open inherited maps */
    uint8_t reserved0[7];
    uint64_t reserved[8];
} llmp_sender_options;

/** Creates a channel and its first page. `out` receives the sender, or null on failure. */
LLMP_API int llmp_sender_new(const llmp_sender_options *options, llmp_sender **out);

/**
 * Ends the channel: sends EXITING unless llmp_sender_exit() did, waits until every expected receiver has mapped the
 * newest page (so that it can still be read), and frees the sender and its pages.
 *
 * A receiver added while the newest page was already the oldest one is known to have mapped it only when it leaves it.
 * If a receiver was removed that had not reached the newest page, the wait may last until the timeout.
 *
 * @param linger_ns timeout of the wait; LLMP_NOWAIT sends nothing and does not wait
 * @return 0, or -ETIMEDOUT if a receiver did not arrive in time; the sender is freed in every case
 */
LLMP_API int llmp_sender_free(llmp_sender *sender, int64_t linger_ns);

/** @return the description of the oldest page that a new receiver can start from */
LLMP_API llmp_shmem_desc llmp_sender_describe(const llmp_sender *sender);

/**
 * Allocates a message in the page and returns where to write its payload (SEND-1, SEND-2). Exactly one of
 * llmp_sender_commit() and llmp_sender_cancel() must follow. Receivers do not see it before the commit.
 *
 * @param length     bytes of payload, 0 to max_message
 * @param timeout_ns how long to wait when max_pages pages are unread, or when the system has no memory for another; the
 *                   result then says what it lacks (-ENOSPC, -ENOMEM, -EMFILE, -ENFILE)
 * @param payload    receives the address of `length` writable bytes in the page, 8-byte aligned
 * @return 0, -EAGAIN, -ETIMEDOUT, -LLMP_E_TOO_LARGE, -LLMP_E_ALLOC_PENDING, -LLMP_E_CLOSED, or the error of creating a
 *         page
 */
LLMP_API int llmp_sender_alloc(llmp_sender *sender, size_t length, int64_t timeout_ns, void **payload);

/** Reduces the length of the allocated message (SEND-2). @return 0, -LLMP_E_ALLOC_NONE, -LLMP_E_ALLOC_GROW */
LLMP_API int llmp_sender_shrink(llmp_sender *sender, size_t length);

/** Discards the allocated message. @return 0, -LLMP_E_ALLOC_NONE */
LLMP_API int llmp_sender_cancel(llmp_sender *sender);

/**
 * Commits the allocated message (SEND-3): it is visible to receivers as a whole and does not change afterwards. With
 * the option `batch` it is published with its batch, otherwise at once.
 *
 * @return 0, -LLMP_E_ALLOC_NONE, -LLMP_E_TAG_RESERVED (the message stays allocated)
 */
LLMP_API int llmp_sender_commit(llmp_sender *sender, uint32_t tag, uint32_t flags);

/** Publishes committed messages that a batch holds back. */
LLMP_API void llmp_sender_flush(llmp_sender *sender);

/** Allocates, copies `length` bytes, commits. @return as llmp_sender_alloc(), or -LLMP_E_TAG_RESERVED; on an error
 * nothing was sent */
LLMP_API int llmp_send(llmp_sender *sender, uint32_t tag, uint32_t flags, const void *payload, size_t length,
                       int64_t timeout_ns);

/**
 * Sends `count` messages in order and publishes them together: one store for all that stand on the same page. Uses tag,
 * flags, length and payload of each.
 *
 * @param timeout_ns for all of them together
 * @return how many were sent: less than `count` if an error stopped it. If none was sent, the error, as llmp_send(), or
 *         -EINVAL for a message with a reserved byte set; 0 if `count` is 0
 */
LLMP_API int64_t llmp_send_many(llmp_sender *sender, const llmp_message *messages, size_t count, int64_t timeout_ns);

/**
 * Publishes what is committed and ends the channel with EXITING; later sends return -LLMP_E_CLOSED.
 *
 * @param timeout_ns how long to wait for another page if this one is full. After that EXITING takes the place that is
 *                   kept for END_OF_PAGE (SEND-1), so it is never missing
 * @return 0, -LLMP_E_CLOSED, -LLMP_E_ALLOC_PENDING
 */
LLMP_API int llmp_sender_exit(llmp_sender *sender, int64_t timeout_ns);

/**
 * Adds an expected receiver that starts at the oldest page, and joins that page on its behalf (TCP-2). The receiver
 * must be opened with `pre_joined`.
 *
 * @param desc receives the description of that page
 */
LLMP_API void llmp_sender_add_receiver(llmp_sender *sender, llmp_shmem_desc *desc);

/**
 * Removes an expected receiver that has died or will join no further page. How far it has read is unknown, so the pages
 * that exist now are dropped in turn instead of reused (EOP-8), and one page above max_pages may be created.
 *
 * Join counters are anonymous. Call this only once the receiver can no longer join pages; otherwise its joins are
 * credited to another receiver, which may then lose messages. To stop waiting for a receiver that is merely slow, use
 * llmp_sender_evict_oldest().
 */
LLMP_API void llmp_sender_remove_receiver(llmp_sender *sender);

/**
 * Drops the oldest unread page, so that a sender can continue although a receiver does not read. A receiver that has
 * mapped the page can read it to its end; one that had yet to reach it gets -LLMP_E_EOP_GONE.
 *
 * @return 0, or -EAGAIN if only the page being written is left
 */
LLMP_API int llmp_sender_evict_oldest(llmp_sender *sender);

/** Counters of a sender. Grows at its end. */
typedef struct llmp_sender_stats {
    uint64_t messages;      /**< committed, END_OF_PAGE not counted */
    uint64_t pages_turned;  /**< END_OF_PAGE messages sent */
    uint64_t pages_created; /**< maps created since the channel began */
    uint64_t pages_live;    /**< maps that exist now */
    uint64_t window;        /**< pages in rotation now */
} llmp_sender_stats;

/** Fills the first `size` bytes of `stats`; pass `sizeof *stats`. */
LLMP_API void llmp_sender_stats_get(const llmp_sender *sender, llmp_sender_stats *stats, size_t size);

/* ------------------------------------------------------------------ receiver */

/** The reading side of a channel. */
typedef struct llmp_receiver llmp_receiver;

/** Options of a receiver. All zero, or a null pointer, is the default. */
typedef struct llmp_receiver_options {
    const llmp_shmem_provider *provider; /**< null: llmp_shmem_provider_default() */
    llmp_shmem_options shmem;            /**< how pages are opened */
    size_t max_page_size;                /**< bytes of the largest page to map; 0: 4 GiB */
    uint32_t max_mapped_pages;           /**< pages to keep mapped for reuse; 0: 256, of 256 MiB together */
    uint32_t coalesce_messages;          /**< check for new messages only when this many can be there … */
    uint32_t coalesce_us; /**< … or this many µs after the last check. Both 0: adaptive; 1 and 0: always check */
    llmp_wait wait;       /**< how to wait for a message */
    bool pre_joined; /**< the first page was joined on this receiver's behalf (llmp_sender_add_receiver(), TCP-2) */
    uint8_t reserved0[7];
    uint64_t reserved[8];
} llmp_receiver_options;

/** Opens a channel at the page described, joins it (unless `pre_joined`), and starts at its first message. */
LLMP_API int llmp_receiver_new(const llmp_shmem_desc *desc, const llmp_receiver_options *options, llmp_receiver **out);

/** Leaves the page, ends all holds, and unmaps all pages. `receiver` may be null. */
LLMP_API void llmp_receiver_free(llmp_receiver *receiver);

/**
 * Receives the next message. END_OF_PAGE is followed and never returned (RECV-3).
 *
 * @param message    receives a copy of the header and a view of the payload, valid until the next call on this receiver
 * @param timeout_ns LLMP_NOWAIT checks once
 * @return 0; -EAGAIN or -ETIMEDOUT if there is none, or if the next page cannot be mapped for lack of memory or
 *         descriptors: it is there when the shortage is over (llmp_receiver_stats.shortage); -LLMP_E_CLOSED after the
 *         last one; any other error means that the sender violated the protocol or that its page could not be opened.
 *         After such an error every call returns -LLMP_E_BROKEN, and llmp_receiver_error() the first cause.
 */
LLMP_API int llmp_recv(llmp_receiver *receiver, llmp_message *message, int64_t timeout_ns);

/**
 * Receives the next message and copies its payload to `buffer`; message->payload then points to `buffer`.
 *
 * @return as llmp_recv(), or -LLMP_E_BUFFER_TOO_SMALL: the message is not consumed, and message->length is set
 */
LLMP_API int llmp_recv_copy(llmp_receiver *receiver, llmp_message *message, void *buffer, size_t capacity,
                            int64_t timeout_ns);

/**
 * Receives up to `max` messages that are already there, all from the same page, with one check for new ones.
 *
 * @param messages   receives headers and views; all views are valid until the next call on this receiver
 * @param timeout_ns how long to wait for the first one
 * @return how many were received, at least 1; or the error, as llmp_recv(); 0 if `max` is 0
 */
LLMP_API int64_t llmp_recv_many(llmp_receiver *receiver, llmp_message *messages, size_t max, int64_t timeout_ns);

/** A hold on a page of a receiver: keeps its messages in place, so that they can be passed on without a copy. */
typedef struct llmp_page_hold llmp_page_hold;

/**
 * Holds the page of the message that was received last: the views of all messages on that page stay valid until the
 * hold is released, instead of until the next call. Call it immediately after the message was received.
 *
 * The sender counts a page that is held as unread. It can write neither this page again nor any later one, and waits
 * when max_pages pages are unread. A page that the sender evicts meanwhile stays readable; a broker evicts it after
 * slow_client_timeout_ns. Held pages do not count towards max_mapped_pages.
 *
 * A page may be held several times. Each hold needs its own release, even if `out` is the same. llmp_receiver_free()
 * ends all holds: views become invalid, and no hold may be released afterwards.
 *
 * @param out receives the hold, or null on failure
 * @return 0 or -ENOMEM
 */
LLMP_API int llmp_receiver_hold(llmp_receiver *receiver, llmp_page_hold **out);

/**
 * Releases a hold. Any thread may call this, also during calls on the receiver other than llmp_receiver_free(). `hold`
 * may be null.
 */
LLMP_API void llmp_page_hold_release(llmp_page_hold *hold);

/** @return the error that ended this receiver, or 0 */
LLMP_API int llmp_receiver_error(const llmp_receiver *receiver);

/** Counters of a receiver. Grows at its end. */
typedef struct llmp_receiver_stats {
    uint64_t messages;     /**< returned so far */
    uint64_t pages_turned; /**< END_OF_PAGE messages followed */
    uint64_t maps_opened;  /**< pages mapped since it was created; constant in the steady state */
    uint64_t maps_live;    /**< pages mapped now */
    int64_t shortage;      /**< 0, or why the next page cannot be mapped now: -EMFILE, -ENFILE, -ENOMEM or -ENOSPC */
} llmp_receiver_stats;

/** Fills the first `size` bytes of `stats`; pass `sizeof *stats`. */
LLMP_API void llmp_receiver_stats_get(const llmp_receiver *receiver, llmp_receiver_stats *stats, size_t size);

/* ------------------------------------------------------------------ broker */

/** Reads its clients' channels and forwards their messages to one broadcast channel that all of them read. */
typedef struct llmp_broker llmp_broker;

/** Keep every broadcast page, so that a late client receives all history; memory use is not bounded. */
#define LLMP_HISTORY_ALL UINT32_MAX

/** Selects what the broker does with a message after its hook returned. */
typedef uint32_t llmp_hook_result;
enum {
    LLMP_HOOK_FORWARD, /**< forward it to all clients */
    LLMP_HOOK_HANDLED  /**< do not forward it */
};

/** A message that the broker is about to forward. Allocated by the library, which may add fields at its end. */
typedef struct llmp_broker_message {
    uint32_t client; /**< id of the client whose channel it came from; changes by a hook are ignored */
    uint32_t tag;    /**< a hook may change it */
    uint32_t flags;  /**< a hook may change them */
    uint32_t reserved;
    const void *payload; /**< a private copy. A hook may replace the pointer; the new bytes must stay valid until the
                              hook's next call */
    size_t length;       /**< bytes of payload; a hook may change it */
} llmp_broker_message;

/**
 * Called by the broker for every message that is not the protocol's own (BROKER-4), in the thread that runs the broker.
 * It may call llmp_broker_send() and llmp_broker_stop(), and no other function on this broker.
 */
typedef llmp_hook_result (*llmp_broker_hook)(void *context, llmp_broker *broker, llmp_broker_message *message);

/** The type of an event. */
typedef uint32_t llmp_broker_event_type;
enum {
    LLMP_EVENT_CLIENT_JOINED,
    LLMP_EVENT_CLIENT_LEFT,    /**< the client left by itself */
    LLMP_EVENT_CLIENT_REMOVED, /**< code: the client's protocol violation, or -LLMP_E_CLIENT_GONE */
    LLMP_EVENT_PEER_REFUSED,   /**< a TCP peer, or a channel that a client named, was refused; code: why */
    LLMP_EVENT_OVERRUN,        /**< a broadcast page was evicted before all clients had read it */
    LLMP_EVENT_MESSAGE_LOST,   /**< a message of this client could not be forwarded; code: why (no memory) */
    LLMP_EVENT_SHORTAGE /**< the broker waits for memory or descriptors; code: what it lacks (-EMFILE, -ENOMEM …);
                                    client: whose messages wait, 0 if the broadcast or a new client does. Reported again
                                    only after 1 s without a shortage */
};

/** An event of the broker. Allocated by the library, which may add fields at its end. */
typedef struct llmp_broker_event {
    llmp_broker_event_type type;
    uint32_t client; /**< id; 0 for LLMP_EVENT_OVERRUN and for a TCP peer that was refused */
    int32_t code;    /**< 0, or a negative error code */
    uint32_t reserved;
    /** How many events this one stands for, at least 1. LLMP_EVENT_PEER_REFUSED and LLMP_EVENT_OVERRUN with the same
        client and code are reported at most once a second: the first at once, the later ones together. */
    uint64_t count;
} llmp_broker_event;

/** Called in the thread that runs the broker. It must not call functions on this broker but llmp_broker_stop(). */
typedef void (*llmp_broker_event_fn)(void *context, const llmp_broker_event *event);

/** Options of a broker. All zero, or a null pointer, is the default. */
typedef struct llmp_broker_options {
    const llmp_shmem_provider *provider; /**< null: llmp_shmem_provider_default() */
    llmp_shmem_options shmem;            /**< how broadcast pages are created */
    size_t page_size;                    /**< bytes of a broadcast page; 0: 1 MiB */
    size_t max_message;   /**< bytes of the largest payload to forward; a client that sends more is removed; 0: 1 GiB */
    uint32_t history;     /**< broadcast pages to keep, at least 2; 0: as many as the default of max_pages; or
                              LLMP_HISTORY_ALL (as LibAFL does) */
    uint32_t max_clients; /**< at the same time, including removed ones whose process still exists; 0: 1024. At most
                              half of them through messages of other clients, an eighth through those of one */
    uint32_t exit_after;  /**< llmp_broker_run() returns when this many clients have joined and all left; 0: never */
    llmp_wait wait;       /**< how to wait for messages */
    /** Time for which a client that does not read may block forwarding, or a message for whose larger page the system has
        no memory; 0: 1 s. Then the oldest page is evicted (LLMP_EVENT_OVERRUN), or that message is dropped
        (LLMP_EVENT_MESSAGE_LOST). For memory to forward other messages the broker waits as long as it runs.
        The broker then stops waiting for as many clients as had not read the evicted page, until all clients keep up
        again. Releases of LibAFL before 0.16 count wrongly (EOP-5): two such clients always look slow and need
        LLMP_HISTORY_ALL. */
    int64_t slow_client_timeout_ns;
    /** Time for which a client's page may be attached to no process before the client is removed; 0: 5 s. posix
        detects this for clients of this library only, memfd for none. */
    int64_t liveness_timeout_ns;
    llmp_broker_hook hook; /**< may be null */
    void *hook_context;
    llmp_broker_event_fn on_event; /**< may be null */
    void *event_context;
    bool preallocate; /**< create the pages of the history at once, for clients that can only open inherited maps */
    uint8_t reserved0[7];
    uint64_t reserved[8];
} llmp_broker_options;

/**
 * Creates a broker and its broadcast channel, with the two pages that it needs to turn. `out` receives the broker, or
 * null on failure.
 */
LLMP_API int llmp_broker_new(const llmp_broker_options *options, llmp_broker **out);

/**
 * Sends EXITING unless llmp_broker_run() did (BROKER-5), waits up to `linger_ns` until every client has mapped the
 * newest broadcast page, and frees everything. With LLMP_NOWAIT it sends nothing. `broker` may be null.
 */
LLMP_API void llmp_broker_free(llmp_broker *broker, int64_t linger_ns);

/**
 * Listens for clients on TCP (TCP-1 to TCP-3). The listener is the client with id 0 (BROKER-2), so call this before any
 * client is added.
 *
 * @param host null: 127.0.0.1
 * @param port 0: a free port
 * @return the port, or a negative code
 */
LLMP_API int llmp_broker_listen(llmp_broker *broker, const char *host, uint16_t port);

/**
 * Adds a client whose channel the caller knows, without TCP: for children that inherit their maps.
 *
 * @param channel   the client's own channel; opened and joined here (BROKER-6)
 * @param broadcast receives the page at which the client starts reading; it was joined on the client's behalf: open it
 *                  with `pre_joined`
 * @return the client id, or a negative code
 */
LLMP_API int64_t llmp_broker_add_client(llmp_broker *broker, const llmp_shmem_desc *channel,
                                        llmp_shmem_desc *broadcast);

/**
 * Returns the oldest broadcast page, which BrokerConnectHello names (TCP-2), for readers that are not clients. They are
 * not counted: the broker may evict a page that such a reader has yet to read.
 */
LLMP_API llmp_shmem_desc llmp_broker_describe(llmp_broker *broker);

/**
 * Forwards what a client has sent so far, for at most 1 s, and removes the client. It still counts as a reader of the
 * broadcast until no process has its channel mapped, for at most 100 ms. A client of this library gets -LLMP_E_REMOVED
 * from its next call.
 *
 * @return 0 or -LLMP_E_NO_CLIENT
 */
LLMP_API int llmp_broker_remove_client(llmp_broker *broker, uint32_t client);

/** Runs one round without waiting: accepts, answers, forwards, checks clients. @return messages that were read */
LLMP_API uint64_t llmp_broker_run_once(llmp_broker *broker);

/**
 * Runs rounds until llmp_broker_stop() or `exit_after`, then forwards what is left and sends EXITING.
 *
 * @return true if it ended by `exit_after`
 */
LLMP_API bool llmp_broker_run(llmp_broker *broker);

/** Ends llmp_broker_run(). Any thread and any signal handler may call it. */
LLMP_API void llmp_broker_stop(llmp_broker *broker);

/** Sends a message of the broker's own (sender id 0) to all clients. Never waits: -EAGAIN if forwarding is blocked. */
LLMP_API int llmp_broker_send(llmp_broker *broker, uint32_t tag, uint32_t flags, const void *payload, size_t length);

/** Counters of a broker. Grows at its end. */
typedef struct llmp_broker_stats {
    uint64_t forwarded;      /**< messages written to the broadcast channel */
    uint64_t handled;        /**< messages that the hook did not forward */
    uint64_t clients_joined; /**< since the start; the listener is not counted */
    uint64_t clients_now;
    uint64_t pages_turned;  /**< of the broadcast channel, as in llmp_sender_stats */
    uint64_t pages_created; /**< of the broadcast channel, as in llmp_sender_stats */
    uint64_t pages_live;    /**< of the broadcast channel, as in llmp_sender_stats */
    uint64_t window;        /**< of the broadcast channel, as in llmp_sender_stats */
} llmp_broker_stats;

/** Fills the first `size` bytes of `stats`; pass `sizeof *stats`. */
LLMP_API void llmp_broker_stats_get(const llmp_broker *broker, llmp_broker_stats *stats, size_t size);

/* ------------------------------------------------------------------ client */

/** A client of a broker: a channel of its own that the broker reads, and a receiver of the broadcast channel. */
typedef struct llmp_client llmp_client;

/** Options of a client. All zero, or a null pointer, is the default. */
typedef struct llmp_client_options {
    const char *host; /**< null: 127.0.0.1 */
    uint16_t port;
    bool receive_own; /**< also receive what this client itself sent (BROKER-1) */
    uint8_t reserved0[5];
    llmp_sender_options sender;     /**< sender_id is ignored: the broker assigns it */
    llmp_receiver_options receiver; /**< provider is ignored: it is the sender's */
    uint64_t reserved[8];
} llmp_client_options;

/** Connects to a broker. If no broker listens yet, retries until `timeout_ns` has elapsed. */
LLMP_API int llmp_client_connect(const llmp_client_options *options, int64_t timeout_ns, llmp_client **out);

/**
 * Makes a client of a sender whose channel was given to llmp_broker_add_client(), without TCP.
 *
 * @param sender    owned by the client on success
 * @param broadcast the page that llmp_broker_add_client() returned
 */
LLMP_API int llmp_client_attach(llmp_sender *sender, const llmp_shmem_desc *broadcast, uint32_t id,
                                const llmp_client_options *options, llmp_client **out);

/**
 * Sends CLIENT_EXIT, waits until the broker has mapped all that was sent, frees. Does not wait for a broker that has
 * ended, or that has removed this client. With LLMP_NOWAIT it sends nothing.
 *
 * @return as llmp_sender_free(); -LLMP_E_REMOVED if the broker had removed this client; -LLMP_E_CLOSED if the broker
 *         ended and had not mapped all that was sent. The client is freed in every case
 */
LLMP_API int llmp_client_free(llmp_client *client, int64_t linger_ns);

/** @return the id that the broker assigned */
LLMP_API uint32_t llmp_client_id(const llmp_client *client);

/**
 * Sends to all other clients.
 *
 * @return as llmp_send(); or -LLMP_E_REMOVED if the broker has removed this client, for whatever reason, or has ended:
 *         it does not read this message, and may not have read earlier ones. A broker of LibAFL does not tell
 */
LLMP_API int llmp_client_send(llmp_client *client, uint32_t tag, uint32_t flags, const void *payload, size_t length,
                              int64_t timeout_ns);

/** Sends several messages. @return as llmp_send_many(), or -LLMP_E_REMOVED */
LLMP_API int64_t llmp_client_send_many(llmp_client *client, const llmp_message *messages, size_t count,
                                       int64_t timeout_ns);

/**
 * Receives the next message of another client or of the broker.
 *
 * @return as llmp_recv(); or -LLMP_E_REMOVED if the broker has removed this client: noticed in a wait, when no message
 *         is there, and now and then while there are messages
 */
LLMP_API int llmp_client_recv(llmp_client *client, llmp_message *message, int64_t timeout_ns);

/** Receives the next message and copies its payload. @return as llmp_recv_copy(), or -LLMP_E_REMOVED */
LLMP_API int llmp_client_recv_copy(llmp_client *client, llmp_message *message, void *buffer, size_t capacity,
                                   int64_t timeout_ns);

/** Receives several messages. @return as llmp_recv_many(), or -LLMP_E_REMOVED */
LLMP_API int64_t llmp_client_recv_many(llmp_client *client, llmp_message *messages, size_t max, int64_t timeout_ns);

/** @return the client's own channel, for allocating in place, batches and counters; owned by the client */
LLMP_API llmp_sender *llmp_client_sender(llmp_client *client);

/**
 * @return the client's receiver of the broadcast, for its error, counters and holds; owned by the client. Messages
 *         received from it directly include the client's own
 */
LLMP_API llmp_receiver *llmp_client_receiver(llmp_client *client);

#ifdef __cplusplus
}
#endif
#endif
