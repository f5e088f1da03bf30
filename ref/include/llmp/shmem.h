/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file shmem.h
 * Shared-memory maps by provider: create, describe, open, close.
 *
 * A *provider* is one way to get shared memory from the system (sysv, posix, memfd, nop). A *map* is
 * one piece of it in this process. A *description* (size and id) is what travels to another process,
 * which opens the map by it (facts ID-1 to ID-4).
 *
 * Return values: 0, or a negative code: `-errno` of the system call that failed, or one of
 * `enum llmp_error` negated. llmp_strerror() explains both.
 *
 * Threads: providers are immutable and may be used from any thread. A map may be *used* from any
 * thread; it must be closed once, when no thread uses it any more.
 *
 * Fork: a child inherits every map. Whoever created a map owns it; a forked copy may be closed in the
 * child and never removes the segment.
 */
#ifndef LLMP_SHMEM_H
#define LLMP_SHMEM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) && !defined(_WIN32)
#define LLMP_API __attribute__((visibility("default")))
#else
#define LLMP_API
#endif

/** Bytes of an id, its terminating NUL included (ID-1). */
#define LLMP_SHMEM_ID_SIZE 20

/** The largest map this library creates or opens, in bytes: 1 TiB. A peer that claims more is refused. */
#define LLMP_SHMEM_SIZE_MAX ((uint64_t)1 << 40)

/**
 * What went wrong, beyond what errno can say. Functions return these negated: `-LLMP_E_NO_SEGMENT`.
 * The values never change; new ones are added at the end of their block.
 */
enum llmp_error {
    /* ids, descriptions and maps (ID-1 to ID-4) */
    LLMP_E_ID_EMPTY = 2001, /**< the id is the empty string */
    LLMP_E_ID_UNTERMINATED, /**< none of the 20 bytes is NUL */
    LLMP_E_ID_NOT_A_NUMBER, /**< this provider's ids are decimal numbers, this one does not start as one */
    LLMP_E_ID_TRAILING,     /**< something follows the number in the id */
    LLMP_E_ID_RANGE,        /**< the number in the id is out of range */
    LLMP_E_ID_NAME,         /**< a posix id has to be '/' and 1 to 18 characters without another '/' */
    LLMP_E_ID_KIND,         /**< the id names something that is not shared memory of this provider */
    LLMP_E_SIZE_ZERO,       /**< a map of 0 bytes */
    LLMP_E_SIZE_TOO_LARGE,  /**< more than LLMP_SHMEM_SIZE_MAX */
    LLMP_E_SIZE_CLAIM,      /**< the description claims another size than the segment has */
    LLMP_E_NO_SEGMENT,      /**< nothing (any more) goes by this id */
    LLMP_E_NO_PROVIDER,     /**< no provider of this build has that name */
    LLMP_E_NO_FD,           /**< maps of this provider have no file descriptor to pass */
    LLMP_E_FD_MESSAGE,      /**< what arrived on the socket is not a passed map */

    /* pages and messages (PAGE, MSG, RECV) */
    LLMP_E_PAGE_TOO_SMALL = 2101, /**< the map is too small to be a page */
    LLMP_E_PAGE_MAGIC,            /**< the page is not initialised (PAGE-3) */
    LLMP_E_PAGE_RETIRED,          /**< the page to start from was given up by its sender (EOP-6) */
    LLMP_E_MSG_ID,                /**< a slot does not carry the next message id (RECV-0) */
    LLMP_E_MSG_ID_DECREASED,      /**< current_msg_id is smaller than what was read already */
    LLMP_E_MSG_BOUNDS,            /**< header or payload reach outside the map (RECV-2) */
    LLMP_E_MSG_LENGTH,            /**< buf_len is larger than buf_len_padded (RECV-2) */
    LLMP_E_MSG_ALIGN,             /**< the slot does not end on a multiple of 64 (MSG-1) */
    LLMP_E_MSG_UNSET,             /**< tag UNSET where a message should be (RECV-3) */
    LLMP_E_MSG_UNINITIALIZED,     /**< a message was committed that its sender never filled (SEND-2) */
    LLMP_E_MSG_EXITING,           /**< EXITING with a payload (MSG-2) */
    LLMP_E_EOP_LENGTH,            /**< END_OF_PAGE without its 32 bytes (EOP-1, EOP-2) */
    LLMP_E_EOP_SELF,              /**< END_OF_PAGE names the page it stands on */
    LLMP_E_EOP_SIZE,              /**< END_OF_PAGE names a page larger than this receiver accepts */
    LLMP_E_EOP_GONE,              /**< the next page is gone: this receiver was cut off, or the sender died */

    /* using a channel */
    LLMP_E_CLOSED = 2201,    /**< the sender ended the channel (EXITING) and everything was read */
    LLMP_E_BROKEN,           /**< an earlier error ended this receiver; llmp_receiver_error() has it */
    LLMP_E_TAG_RESERVED,     /**< that tag is the protocol's own (MSG-2) */
    LLMP_E_TOO_LARGE,        /**< the message is larger than the channel's max_message */
    LLMP_E_ALLOC_PENDING,    /**< a message is allocated and not yet sent or cancelled (SEND-2) */
    LLMP_E_ALLOC_NONE,       /**< no message is allocated */
    LLMP_E_ALLOC_GROW,       /**< shrink to more than was allocated */
    LLMP_E_BUFFER_TOO_SMALL, /**< the caller's buffer is smaller than the message */

    /* sockets (TCP, POST) */
    LLMP_E_FRAME_TOO_LARGE = 2301, /**< a frame announces more than the bound (TCP-1) */
    LLMP_E_FRAME_TRUNCATED,        /**< the peer hung up within a frame */
    LLMP_E_POST_TRUNCATED,         /**< the value ends before its last field (POST-7) */
    LLMP_E_POST_VARINT,            /**< a varint of too many bytes or out of its type's range (POST-7) */
    LLMP_E_POST_VARIANT,           /**< an enum index nobody knows (POST-7) */
    LLMP_E_POST_UTF8,              /**< a string that is not UTF-8 (POST-7) */
    LLMP_E_POST_TOO_LONG,          /**< a string or byte vector longer than its bound */
    LLMP_E_HANDSHAKE,              /**< a valid message that makes no sense at this point (TCP-2) */
    LLMP_E_REFUSED,                /**< the broker answered with an Error */

    /* the broker's clients (BROKER) */
    LLMP_E_NO_CLIENT = 2401, /**< no client has that id */
    LLMP_E_CLIENTS_FULL,     /**< as many clients as this broker takes */
    LLMP_E_CLIENT_GONE,      /**< the process behind a client is gone */
    LLMP_E_CLIENT_FORGED     /**< a client spoke in another client's name */
};

/**
 * What a negative return value means, in English.
 *
 * @param code a return value of this library; 0 and positive values mean success
 * @return a string that is never freed; for unknown codes a string that says so. Thread-safe.
 */
LLMP_API const char *llmp_strerror(int code);

/**
 * The name of a negative return value as it stands in `enum llmp_error` or in errno.h, for logs and tests.
 *
 * @return "LLMP_E_NO_SEGMENT", "ENOENT", "OK", or "UNKNOWN". Never freed. Thread-safe.
 */
LLMP_API const char *llmp_error_name(int code);

/** An id (ID-1): a NUL-terminated string of at most 19 characters, the rest zero. */
typedef struct llmp_shmem_id {
    char bytes[LLMP_SHMEM_ID_SIZE];
} llmp_shmem_id;

/** What another process needs to open a map (ID-2). Plain bytes: copy it, send it, keep it. */
typedef struct llmp_shmem_desc {
    size_t size; /**< bytes of the whole map, page header included */
    llmp_shmem_id id;
} llmp_shmem_desc;

/**
 * Fills an id from a string and zeroes the rest.
 *
 * @return 0, -LLMP_E_ID_EMPTY, or -LLMP_E_ID_UNTERMINATED if `text` is longer than 19 characters
 */
LLMP_API int llmp_shmem_id_set(llmp_shmem_id *id, const char *text);

/** A way to get shared memory. Lives as long as the program; never freed. */
typedef struct llmp_shmem_provider llmp_shmem_provider;

/** A map of this process. */
typedef struct llmp_shmem llmp_shmem;

/** Who can open a map of a provider by its description. */
typedef enum llmp_shmem_scope {
    LLMP_SCOPE_PROCESS,    /**< nobody: memory of this process alone */
    LLMP_SCOPE_DESCRIPTOR, /**< this process and those that inherited or were passed the file descriptor */
    LLMP_SCOPE_SYSTEM      /**< any process of the same user on this system */
} llmp_shmem_scope;

/** What to do with a new map, or-ed together. */
enum llmp_shmem_flags {
    LLMP_SHMEM_PREFAULT = 1u << 0,   /**< fault every page in now, not on first touch */
    LLMP_SHMEM_HUGE_PAGES = 1u << 1, /**< huge pages; where there are none: a warning, and ordinary ones */
    LLMP_SHMEM_LOCK = 1u << 2,       /**< keep it in memory (mlock); fails with -ENOMEM or -EPERM beyond the limit */
    LLMP_SHMEM_SEAL = 1u << 3,       /**< memfd: nobody can truncate or grow it any more; a no-op elsewhere */
    LLMP_SHMEM_CLOEXEC = 1u << 4     /**< memfd: do not pass the descriptor on to exec'ed programs */
};

/** How to create and open maps. All zero, or a null pointer, is the default. */
typedef struct llmp_shmem_options {
    unsigned flags; /**< of enum llmp_shmem_flags */
    /** Told of a fall-back (no huge pages); null: nobody is. `text` lives during the call only. */
    void (*on_warning)(void *context, const char *text);
    void *warning_context;
} llmp_shmem_options;

/**
 * The providers of this build.
 *
 * @param index counts from 0
 * @return null behind the last one
 */
LLMP_API const llmp_shmem_provider *llmp_shmem_provider_at(size_t index);

/** @return the provider of that name ("sysv"), or null */
LLMP_API const llmp_shmem_provider *llmp_shmem_provider_find(const char *name);

/** @return LibAFL's default where it is available (sysv on Linux); else the first available of system scope */
LLMP_API const llmp_shmem_provider *llmp_shmem_provider_default(void);

/** @return a short lower-case name, "sysv" */
LLMP_API const char *llmp_shmem_provider_name(const llmp_shmem_provider *provider);

/** @return one sentence that says what it rests on */
LLMP_API const char *llmp_shmem_provider_summary(const llmp_shmem_provider *provider);

/** @return who can open its maps by description */
LLMP_API llmp_shmem_scope llmp_shmem_provider_scope(const llmp_shmem_provider *provider);

/**
 * Whether the provider works on this machine, found out by making a small map.
 *
 * @return 0, or the negative code that creating a map gave
 */
LLMP_API int llmp_shmem_provider_check(const llmp_shmem_provider *provider);

/**
 * Creates a zeroed map that this process owns.
 *
 * Its memory is reserved at once where the system can do so: a full tmpfs is -ENOSPC here and not a
 * SIGBUS later. Mode 0600. On Linux nothing stays behind when the owner is killed: a sysv segment goes
 * with its last holder; posix names of a dead owner are removed by the next process that closes one
 * of its maps, or creates its first.
 *
 * @param size    bytes, 1 to LLMP_SHMEM_SIZE_MAX; with huge pages rounded up to a whole number of them
 * @param options null for the default
 * @param out     set to the map on success, to null otherwise; close it with llmp_shmem_close()
 */
LLMP_API int llmp_shmem_create(const llmp_shmem_provider *provider, size_t size, const llmp_shmem_options *options,
                               llmp_shmem **out);

/**
 * Opens another process's map. The real size is checked: a description that claims more than the
 * segment holds (memfd: anything else than it holds) is -LLMP_E_SIZE_CLAIM.
 *
 * @param desc    copied; may come from a hostile peer
 * @param options null for the default; HUGE_PAGES, SEAL and CLOEXEC have no meaning here
 */
LLMP_API int llmp_shmem_open(const llmp_shmem_provider *provider, const llmp_shmem_desc *desc,
                             const llmp_shmem_options *options, llmp_shmem **out);

/** Opens the same map again, at another address and with a life of its own; the copy is never the owner. */
LLMP_API int llmp_shmem_clone(const llmp_shmem *map, llmp_shmem **out);

/** Unmaps; the owner also removes the segment. `map` may be null. */
LLMP_API void llmp_shmem_close(llmp_shmem *map);

/** @return the first byte; page-aligned; valid until llmp_shmem_close() */
LLMP_API void *llmp_shmem_data(const llmp_shmem *map);

/** @return bytes, as created or as described */
LLMP_API size_t llmp_shmem_size(const llmp_shmem *map);

/** @return what another process opens it by */
LLMP_API llmp_shmem_desc llmp_shmem_describe(const llmp_shmem *map);

/** @return the map's provider */
LLMP_API const llmp_shmem_provider *llmp_shmem_provider_of(const llmp_shmem *map);

/** @return the flags that took effect: HUGE_PAGES is missing after a fall-back */
LLMP_API unsigned llmp_shmem_flags_of(const llmp_shmem *map);

/** @return nonzero in the process that created it */
LLMP_API int llmp_shmem_is_owner(const llmp_shmem *map);

/** @return the map's file descriptor, which stays the map's; -LLMP_E_NO_FD where it has none */
LLMP_API int llmp_shmem_fd(const llmp_shmem *map);

/**
 * Sends a map to another process over a connected UNIX stream socket: its size, and its descriptor by
 * SCM_RIGHTS. Blocks as the socket does.
 *
 * @return 0, -LLMP_E_NO_FD, or -errno
 */
LLMP_API int llmp_shmem_send_fd(int socket, const llmp_shmem *map);

/**
 * Receives a map that llmp_shmem_send_fd() sent. The size is checked against the descriptor's own. The
 * map's id is the number that the descriptor has in *this* process.
 *
 * @return 0, -LLMP_E_FD_MESSAGE, -LLMP_E_ID_KIND, -LLMP_E_SIZE_CLAIM, -LLMP_E_SIZE_ZERO, -LLMP_E_SIZE_TOO_LARGE, -EPIPE when the peer hung up, or -errno
 */
LLMP_API int llmp_shmem_recv_fd(int socket, const llmp_shmem_options *options, llmp_shmem **out);

#ifdef __cplusplus
}
#endif
#endif
