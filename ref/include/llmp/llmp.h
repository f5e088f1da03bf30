/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file llmp.h
 * LLMP: one-way channels over shared pages, and the broker that joins them.
 *
 * The shortest useful program (see shmem.h for what `desc` is and how it travels):
 *
 *     llmp_sender *tx;                                   llmp_receiver *rx;
 *     llmp_sender_new(NULL, &tx);                        llmp_receiver_new(&desc, NULL, &rx);
 *     desc = llmp_sender_describe(tx);                   llmp_message m;
 *     llmp_send(tx, 7, 0, "hello", 5, LLMP_FOREVER);     llmp_recv(rx, &m, LLMP_FOREVER);
 *     llmp_sender_free(tx, LLMP_SECONDS(1));             llmp_receiver_free(rx);
 *
 * Return values: 0, or a negative code (see llmp_strerror()). No bytes that a peer writes make this
 * library abort, write outside its maps, or allocate without bound.
 *
 * Threads: an object (sender, receiver, broker, client) belongs to one thread at a time. Different
 * objects never share state: any number of them may live in one process, in as many threads.
 *
 * Fork: an object may be used in the parent or in the child, not in both. The side that does not use
 * it may free a sender with a linger of LLMP_NOWAIT: nothing is sent, and nothing is removed that belongs
 * to the process that created it. It leaves receivers, brokers and clients alone: to free one of these
 * is to leave the pages that the other side still reads.
 *
 * Times: every wait takes `timeout_ns`, nanoseconds: LLMP_NOWAIT never waits and gives -EAGAIN where it
 * would have to; a positive value gives -ETIMEDOUT when it has passed; LLMP_FOREVER waits without end.
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

#define LLMP_NOWAIT ((int64_t)0)
#define LLMP_FOREVER ((int64_t)-1)
#define LLMP_SECONDS(n) ((int64_t)(n)*1000000000)
#define LLMP_MILLISECONDS(n) ((int64_t)(n)*1000000)

/** The version that these headers belong to. */
#define LLMP_VERSION "0.1.0"

/** @return the version of the library that runs, "0.1.0"; never freed */
LLMP_API const char *llmp_version(void);

/* ------------------------------------------------------------------ messages */

/** Tags of the protocol itself (MSG-2). llmp_send() refuses them all. */
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

/** Flags of a message (MSG, MSG-3). The transport carries them and acts on none. */
enum llmp_message_flags { LLMP_FLAG_COMPRESSED = 1, LLMP_FLAG_FROM_B2B = 2, LLMP_FLAG_FROM_MM = 4 };

/** A message as a receiver sees it: a private copy of its header, and a view of its payload. */
typedef struct llmp_message {
    uint32_t tag;
    uint32_t sender;     /**< client id of whoever sent it (SEND-4) */
    uint32_t broker;     /**< whatever the sender left there */
    uint32_t flags;      /**< of enum llmp_message_flags */
    uint64_t id;         /**< 1, 2, 3 … on each page */
    size_t length;       /**< payload bytes; they all lie inside the map */
    const void *payload; /**< in the shared page: a hostile sender can change it while you read. Valid until the
                              next call on this receiver; 8-byte aligned */
} llmp_message;

/* ------------------------------------------------------------------ waiting */

/** What a wait does while there is nothing to do. */
typedef enum llmp_wait {
    LLMP_WAIT_ADAPTIVE, /**< spins for some microseconds, then yields, then sleeps: the default */
    LLMP_WAIT_SPIN,     /**< never gives up the processor: lowest latency, costs a whole core */
    LLMP_WAIT_YIELD,    /**< gives way to whoever else wants this core */
    LLMP_WAIT_SLEEP     /**< sleeps at once, 50 µs at first and at most 10 ms at a time: next to no processor time */
} llmp_wait;

/* ------------------------------------------------------------------ sender */

typedef struct llmp_sender llmp_sender;

/** What becomes of a page that every expected receiver has left. */
typedef enum llmp_page_policy {
    LLMP_PAGES_REUSE, /**< it comes round again (EOP-6, EOP-8): the default; the steady state makes no system call */
    LLMP_PAGES_DROP,  /**< it is removed: for receivers whose number is unknown */
    LLMP_PAGES_KEEP   /**< it stays, so that a late receiver can start from the first; memory grows without bound */
} llmp_page_policy;

/** In which order free pages are used again. */
typedef enum llmp_reuse_order {
    LLMP_REUSE_OLDEST, /**< round and round: the window is what goes through the caches. The default */
    LLMP_REUSE_NEWEST  /**< the page freed last: the smallest footprint */
} llmp_reuse_order;

/** All zero, or a null pointer, is the default. */
typedef struct llmp_sender_options {
    const llmp_shmem_provider *provider; /**< null: llmp_shmem_provider_default() */
    llmp_shmem_options shmem;
    uint32_t sender_id; /**< goes into the page header and every message */
    size_t page_size;   /**< bytes of the first map, at least 512; 0: 1 MiB. Later ones grow by EOP-4 */
    llmp_page_policy page_policy;
    llmp_reuse_order reuse_order;
    uint32_t
        receivers; /**< how many receivers will read from the first page on; 0: one. See llmp_sender_add_receiver() */
    uint32_t max_pages; /**< bound on unread pages, at least 2; 0: as many as fit in 64 MiB, at least 4 */
    uint32_t window;  /**< pages that go round, at least 2, at most max_pages; 0: measured and adapted while running */
    bool preallocate; /**< create max_pages pages now, for receivers that can only open inherited maps */
    size_t max_message; /**< largest payload in bytes; 0: 1 GiB */
    uint32_t batch;     /**< publish after this many messages, or at llmp_sender_flush(); 0 or 1: each at once */
    llmp_wait wait;     /**< for back-pressure */
} llmp_sender_options;

/** Creates a channel and its first page. `out` is set to null on failure. */
LLMP_API int llmp_sender_new(const llmp_sender_options *options, llmp_sender **out);

/**
 * Ends the channel: sends EXITING if nothing else did, waits until every expected receiver has mapped the last
 * page (so that what was sent can still be read), and frees everything, the pages included. One that was admitted to
 * that very page is seen only when it leaves it. Where one was dismissed that had not come that far, the time runs out
 * as if it still might come.
 *
 * @param linger_ns how long to wait for them; LLMP_NOWAIT sends nothing and waits for nobody
 * @return 0, or -ETIMEDOUT when somebody did not come in time; everything is freed all the same
 */
LLMP_API int llmp_sender_free(llmp_sender *sender, int64_t linger_ns);

/** @return the oldest page that a receiver can start from: the first one, unless it was given up */
LLMP_API llmp_shmem_desc llmp_sender_describe(const llmp_sender *sender);

/**
 * Allocates a message and gives a place to write its payload (SEND-1, SEND-2). Exactly one of
 * llmp_sender_commit() and llmp_sender_cancel() must follow. Nobody sees it before the commit.
 *
 * @param length     payload bytes, 0 to max_message
 * @param timeout_ns how long to wait for a slow receiver when max_pages pages are unread, or the machine has no more
 * @param payload    set to `length` writable bytes in the page, 8-byte aligned
 * @return 0, -EAGAIN, -ETIMEDOUT, -LLMP_E_TOO_LARGE, -LLMP_E_ALLOC_PENDING, or what creating a page gave
 */
LLMP_API int llmp_sender_alloc(llmp_sender *sender, size_t length, int64_t timeout_ns, void **payload);

/** Makes the allocated message smaller (SEND-2). @return 0, -LLMP_E_ALLOC_NONE, -LLMP_E_ALLOC_GROW */
LLMP_API int llmp_sender_shrink(llmp_sender *sender, size_t length);

/** Gives the allocated message up; the next one takes its place. @return 0, -LLMP_E_ALLOC_NONE */
LLMP_API int llmp_sender_cancel(llmp_sender *sender);

/**
 * Commits the allocated message (SEND-3): all of it is visible to whoever sees its id, and nothing in it changes any
 * more. With `batch` set it is published with its batch; otherwise at once.
 *
 * @return 0, -LLMP_E_ALLOC_NONE, -LLMP_E_TAG_RESERVED (the message stays allocated)
 */
LLMP_API int llmp_sender_commit(llmp_sender *sender, uint32_t tag, uint32_t flags);

/** Publishes what a batch holds back, with one release store. */
LLMP_API void llmp_sender_flush(llmp_sender *sender);

/** Allocates, copies `length` bytes, commits. On an error nothing was sent. */
LLMP_API int llmp_send(llmp_sender *sender, uint32_t tag, uint32_t flags, const void *payload, size_t length,
                       int64_t timeout_ns);

/** Publishes, and ends the channel with EXITING; later sends give -LLMP_E_CLOSED. */
LLMP_API int llmp_sender_exit(llmp_sender *sender, int64_t timeout_ns);

/**
 * Counts one more receiver in, which starts from the oldest page kept, and joins that page on its behalf
 * (TCP-2: a client that is handed a page does not count itself in). Open it with `joined` set.
 *
 * @param desc set to that page
 */
LLMP_API int llmp_sender_add_receiver(llmp_sender *sender, llmp_shmem_desc *desc);

/**
 * Counts one receiver out that is dead or gone: that will join no page any more. How far it read is unknown, so pages
 * that exist now are dropped in their turn and never used again (EOP-8), and one page above max_pages may be taken.
 * Counts have no names: one that is dismissed and reads on takes the place of another, who then loses messages. One
 * that merely has to go stays counted until it went; llmp_sender_evict_oldest() ends the wait for it.
 */
LLMP_API void llmp_sender_remove_receiver(llmp_sender *sender);

/**
 * Gives the oldest unread page up, so that a sender whose receiver stopped reading can go on. A receiver that has
 * mapped it reads it to the end; one that had yet to reach it gets -LLMP_E_EOP_GONE.
 *
 * @return 0, or -EAGAIN when only the page being written is left
 */
LLMP_API int llmp_sender_evict_oldest(llmp_sender *sender);

/** What a channel does and holds, for reports. */
typedef struct llmp_sender_stats {
    uint64_t messages;      /**< committed, END_OF_PAGE not counted */
    uint64_t pages_turned;  /**< END_OF_PAGE messages sent */
    uint64_t pages_created; /**< maps made since the channel began */
    uint32_t pages_live;    /**< maps held now */
    uint32_t window;        /**< pages that go round now */
} llmp_sender_stats;

LLMP_API void llmp_sender_stats_get(const llmp_sender *sender, llmp_sender_stats *stats);

/* ------------------------------------------------------------------ receiver */

typedef struct llmp_receiver llmp_receiver;

/** All zero, or a null pointer, is the default. */
typedef struct llmp_receiver_options {
    const llmp_shmem_provider *provider; /**< null: llmp_shmem_provider_default() */
    llmp_shmem_options shmem;
    bool pre_joined;            /**< this receiver was counted in already (llmp_sender_add_receiver(), TCP-2) */
    size_t max_page_size;       /**< bytes of the largest page it maps; 0: 4 GiB */
    uint32_t max_mapped_pages;  /**< pages it keeps mapped to recognise them; 0: 256 of them, 256 MiB together */
    uint32_t coalesce_messages; /**< look for new messages only when this many can be there … */
    uint32_t coalesce_us; /**< … or this many microseconds after the last look. Both 0: adapts; 1 and 0: never */
    llmp_wait wait;
} llmp_receiver_options;

/** Opens a channel at the page described, joins it (unless `joined`), and starts at its first message. */
LLMP_API int llmp_receiver_new(const llmp_shmem_desc *desc, const llmp_receiver_options *options, llmp_receiver **out);

/** Leaves the page and unmaps everything. `receiver` may be null. */
LLMP_API void llmp_receiver_free(llmp_receiver *receiver);

/**
 * The next message. END_OF_PAGE is followed, never returned (RECV-3).
 *
 * @param message    a copy of its header and a view of its payload, valid until the next call on this receiver
 * @param timeout_ns LLMP_NOWAIT looks once
 * @return 0; -EAGAIN or -ETIMEDOUT when there is none; -LLMP_E_CLOSED behind the last one; another code for bytes
 *         that no correct sender writes. After such an error the receiver stands still: every later call gives
 *         -LLMP_E_BROKEN, and llmp_receiver_error() the first cause.
 */
LLMP_API int llmp_recv(llmp_receiver *receiver, llmp_message *message, int64_t timeout_ns);

/**
 * The next message, its payload copied to `buffer`, where message->payload points then.
 *
 * @return as llmp_recv(); -LLMP_E_BUFFER_TOO_SMALL leaves the message to be read again, with message->length set
 */
LLMP_API int llmp_recv_copy(llmp_receiver *receiver, llmp_message *message, void *buffer, size_t capacity,
                            int64_t timeout_ns);

/** @return the error that broke it, or 0 */
LLMP_API int llmp_receiver_error(const llmp_receiver *receiver);

typedef struct llmp_receiver_stats {
    uint64_t messages;     /**< returned so far */
    uint64_t pages_turned; /**< END_OF_PAGE messages followed */
    uint64_t maps_opened;  /**< pages mapped since it began: in the steady state this stands still */
    uint32_t maps_live;    /**< pages mapped now */
} llmp_receiver_stats;

LLMP_API void llmp_receiver_stats_get(const llmp_receiver *receiver, llmp_receiver_stats *stats);

/* ------------------------------------------------------------------ broker */

typedef struct llmp_broker llmp_broker;

/** Keep every broadcast page, so that a late client sees all history; memory grows with it. */
#define LLMP_HISTORY_ALL UINT32_MAX

/** What a hook decides about a message. */
typedef enum llmp_hook_result { LLMP_HOOK_FORWARD, LLMP_HOOK_HANDLED } llmp_hook_result;

/** A message on its way through the broker. A hook may change tag, flags, payload and length. */
typedef struct llmp_broker_message {
    uint32_t client; /**< the channel it came from; what a hook writes here is ignored */
    uint32_t tag;
    uint32_t flags;
    const void *payload; /**< the broker's private copy; a hook may point it at bytes of its own that live until its
                              next call */
    size_t length;
} llmp_broker_message;

/** Called for every message that is not the protocol's own (BROKER-4). It may call llmp_broker_send(). */
typedef llmp_hook_result (*llmp_broker_hook)(void *context, llmp_broker *broker, llmp_broker_message *message);

/** What happened to a client or a connection. */
typedef enum llmp_broker_event {
    LLMP_EVENT_CLIENT_JOINED,
    LLMP_EVENT_CLIENT_LEFT,    /**< code 0: it said so */
    LLMP_EVENT_CLIENT_REMOVED, /**< code: what it did wrong, or -LLMP_E_CLIENT_GONE */
    LLMP_EVENT_PEER_REFUSED,   /**< a TCP peer; code: why. `client` means nothing */
    LLMP_EVENT_OVERRUN,        /**< a page was given up unread. `client` means nothing */
    LLMP_EVENT_MESSAGE_LOST /**< a message of this client could not be passed on; code: why, as memory that ran out */
} llmp_broker_event;

typedef void (*llmp_broker_event_fn)(void *context, llmp_broker_event event, uint32_t client, int code);

/** All zero, or a null pointer, is the default. */
typedef struct llmp_broker_options {
    const llmp_shmem_provider *provider; /**< null: llmp_shmem_provider_default() */
    llmp_shmem_options shmem;
    size_t page_size; /**< of the broadcast channel; 0: 1 MiB */
    uint32_t
        history; /**< broadcast pages kept, at least 2; 0: as many as fit in 64 MiB, at least 4; or LLMP_HISTORY_ALL (as LibAFL does) */
    bool preallocate; /**< create the pages of history now, for clients that can only open inherited maps */
    /** How long clients that do not read, or a machine without memory, may hold up the others. Then a message is given up
        for want of memory (LLMP_EVENT_MESSAGE_LOST), or else the oldest page is (LLMP_EVENT_OVERRUN), and as many clients as
        were missing on it are not waited for until all keep up again. 0: 1 s. LibAFL before 0.16 counts wrongly
        (EOP-5): two such clients always look slow; give them LLMP_HISTORY_ALL. */
    int64_t slow_client_timeout_ns;
    /** How long nobody may hold a client's page before the client counts as gone; 0: 5 s. Over posix this is known of
        clients of this library alone, over memfd of none. */
    int64_t liveness_timeout_ns;
    uint32_t max_clients; /**< at the same time, with those removed for an error and not gone yet; 0: 1024 */
    size_t max_message;   /**< largest payload forwarded; a client that sends more is removed; 0: 1 GiB */
    uint32_t exit_after;  /**< llmp_broker_run() ends when this many clients came and all went; 0: never */
    llmp_broker_hook hook;
    void *hook_context;
    llmp_broker_event_fn on_event;
    void *event_context;
    llmp_wait wait;
} llmp_broker_options;

LLMP_API int llmp_broker_new(const llmp_broker_options *options, llmp_broker **out);

/**
 * Sends EXITING if run() has not (BROKER-5), waits up to `linger_ns` for clients to map it, and frees everything. One that
 * still stands on the page that it was admitted to is waited for until it leaves it.
 */
LLMP_API void llmp_broker_free(llmp_broker *broker, int64_t linger_ns);

/**
 * Listens for clients on TCP (TCP-1 to TCP-3). The listener is the client with id 0 (BROKER-2), so call this before
 * anything is registered.
 *
 * @param host null: 127.0.0.1
 * @param port 0 picks a free one
 * @return the port, or a negative code
 */
LLMP_API int llmp_broker_listen(llmp_broker *broker, const char *host, uint16_t port);

/**
 * Registers a client whose channel the caller knows, without TCP: for children that inherit their maps.
 *
 * @param channel   the client's own channel; opened and joined here (BROKER-6)
 * @param broadcast set to the page the client starts reading at, counted in on its behalf: open it with `joined`
 * @return the client id, or a negative code
 */
LLMP_API int64_t llmp_broker_add_client(llmp_broker *broker, const llmp_shmem_desc *channel,
                                        llmp_shmem_desc *broadcast);

/**
 * The broadcast's first page that is still there: what BrokerConnectHello names (TCP-2), for those who want to look on.
 * Nobody is counted in: a reader that is not a client may lose the page while it reads.
 */
LLMP_API llmp_shmem_desc llmp_broker_describe(llmp_broker *broker);

/**
 * Forwards what a client has sent so far, as much as a second of reading yields, and removes it. As a reader of the
 * broadcast it is waited for until nobody holds its channel any more, for 100 ms at most.
 *
 * @return 0 or -LLMP_E_NO_CLIENT
 */
LLMP_API int llmp_broker_remove_client(llmp_broker *broker, uint32_t client);

/** One round: accepts, answers, forwards what is there, looks after clients. @return messages read, or a negative code */
LLMP_API int64_t llmp_broker_run_once(llmp_broker *broker);

/** Rounds until llmp_broker_stop() or `exit_after`; then forwards what is left and sends EXITING. */
LLMP_API int llmp_broker_run(llmp_broker *broker);

/** Ends llmp_broker_run(). The one call that any thread and any signal handler may make. */
LLMP_API void llmp_broker_stop(llmp_broker *broker);

/** Sends a message of the broker's own (sender id 0) to all clients; it never waits: -EAGAIN. */
LLMP_API int llmp_broker_send(llmp_broker *broker, uint32_t tag, uint32_t flags, const void *payload, size_t length);

typedef struct llmp_broker_stats {
    uint64_t forwarded;      /**< messages put on the broadcast channel */
    uint64_t handled;        /**< messages a hook kept back */
    uint64_t clients_joined; /**< since the start; the listener not counted */
    uint32_t clients_now;
    llmp_sender_stats broadcast;
} llmp_broker_stats;

LLMP_API void llmp_broker_stats_get(const llmp_broker *broker, llmp_broker_stats *stats);

/* ------------------------------------------------------------------ client */

typedef struct llmp_client llmp_client;

/** All zero, or a null pointer, is the default. */
typedef struct llmp_client_options {
    const char *host; /**< null: 127.0.0.1 */
    uint16_t port;
    bool receive_own;               /**< also receive what this client sent itself (BROKER-1) */
    llmp_sender_options sender;     /**< its sender_id is set by the broker */
    llmp_receiver_options receiver; /**< its provider is the sender's */
} llmp_client_options;

/** Connects to a broker, and waits for one that is not up yet, as long as `timeout_ns` allows. */
LLMP_API int llmp_client_connect(const llmp_client_options *options, int64_t timeout_ns, llmp_client **out);

/**
 * Makes a client of a channel that llmp_broker_add_client() knows, without TCP.
 *
 * @param sender    becomes the client's on success
 * @param broadcast the page that llmp_broker_add_client() gave
 */
LLMP_API int llmp_client_attach(llmp_sender *sender, const llmp_shmem_desc *broadcast, uint32_t id,
                                const llmp_client_options *options, llmp_client **out);

/** Says CLIENT_EXIT, waits until the broker has mapped all that was sent, frees. @return as llmp_sender_free() */
LLMP_API int llmp_client_free(llmp_client *client, int64_t linger_ns);

/** @return the id that the broker gave it */
LLMP_API uint32_t llmp_client_id(const llmp_client *client);

LLMP_API int llmp_client_send(llmp_client *client, uint32_t tag, uint32_t flags, const void *payload, size_t length,
                              int64_t timeout_ns);

/** The next message of the other clients and the broker. @return as llmp_recv() */
LLMP_API int llmp_client_recv(llmp_client *client, llmp_message *message, int64_t timeout_ns);

/** @return the client's own channel, for allocating in place and for batches; it stays the client's */
LLMP_API llmp_sender *llmp_client_sender(llmp_client *client);

#ifdef __cplusplus
}
#endif
#endif
