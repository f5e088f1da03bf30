/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file shmem.h
 * Shared-memory maps by provider: create, describe, open, close.
 *
 * A *provider* is one way to get shared memory from the system (sysv, posix, memfd, nop). A *map* is a shared-memory
 * segment mapped into this process. A *description* (size and id) is sent to another process, which uses it to open the
 * same map (facts ID-1 to ID-4 of the specification).
 *
 * Return values: 0, or a negative code: `-errno` of the system call that failed, or a value of `enum llmp_error`
 * negated. llmp_strerror() explains both.
 *
 * Threads: a provider may be used from any thread. A map may be used from any thread; it must be closed exactly once,
 * after its last use.
 *
 * Fork: a child inherits every map. The process that created a map owns it; closing an inherited copy in a child unmaps
 * it there and does not remove the segment, unless the owner and all other children that inherited the map are gone.
 *
 * Binary compatibility: the shared library's name contains the minor version until 1.0. Within one such version, option
 * structs keep their size: new options take reserved bytes, whose value 0 is the default. A nonzero reserved byte or an
 * unknown flag is refused with -EINVAL, so a program that sets an option which this library does not know gets an error.
 */
#ifndef LLMP_SHMEM_H
#define LLMP_SHMEM_H

#include <stdbool.h>
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

/** The largest map this library creates or opens, in bytes: 1 TiB. A larger description is refused. */
#define LLMP_SHMEM_SIZE_MAX (UINT64_C(1) << 40)

/**
 * Errors that errno has no value for. Functions return these negated: `-LLMP_E_NO_SEGMENT`.
 * The values never change; new ones are added at the end of their block.
 */
enum llmp_error {
    /* ids, descriptions and maps (ID-1 to ID-4) */
    LLMP_E_ID_EMPTY = 2001, /**< the id is the empty string */
    LLMP_E_ID_UNTERMINATED, /**< none of the 20 bytes is NUL */
    LLMP_E_ID_NOT_A_NUMBER, /**< ids of this provider are decimal numbers, and this one does not start with a digit */
    LLMP_E_ID_TRAILING,     /**< the id has bytes after its number */
    LLMP_E_ID_RANGE,        /**< the number in the id is out of range */
    LLMP_E_ID_NAME,         /**< an id of posix must be '/' and 1 to 18 characters without another '/' */
    LLMP_E_ID_KIND,         /**< the id names an object that is not shared memory of this provider */
    LLMP_E_SIZE_ZERO,       /**< a map of 0 bytes */
    LLMP_E_SIZE_TOO_LARGE,  /**< more than LLMP_SHMEM_SIZE_MAX */
    LLMP_E_SIZE_CLAIM,      /**< the description's size differs from the segment's */
    LLMP_E_NO_SEGMENT,      /**< no segment has this id, or it was removed */
    LLMP_E_NO_PROVIDER,     /**< this build has no provider of that name */
    LLMP_E_NO_FD,           /**< maps of this provider have no file descriptor */
    LLMP_E_FD_MESSAGE,      /**< the socket message is not one that llmp_shmem_send_fd() sends */

    /* pages and messages (PAGE, MSG, RECV) */
    LLMP_E_PAGE_TOO_SMALL = 2101, /**< the map is too small for a page */
    LLMP_E_PAGE_MAGIC,            /**< the page is not initialised (PAGE-3) */
    LLMP_E_PAGE_RETIRED,          /**< the sender has retired the page to start from (EOP-6) */
    LLMP_E_MSG_ID,                /**< a slot does not carry the next message id (RECV-0) */
    LLMP_E_MSG_ID_DECREASED,      /**< current_msg_id is smaller than an id that was already read */
    LLMP_E_MSG_BOUNDS,            /**< the header or the payload reaches outside the map (RECV-2) */
    LLMP_E_MSG_LENGTH,            /**< buf_len is larger than buf_len_padded (RECV-2) */
    LLMP_E_MSG_ALIGN,             /**< the slot does not end on a multiple of 64 (MSG-1) */
    LLMP_E_MSG_UNSET,             /**< a committed message has tag UNSET (RECV-3) */
    LLMP_E_MSG_UNINITIALIZED,     /**< a committed message has tag UNINITIALIZED (SEND-2) */
    LLMP_E_MSG_EXITING,           /**< EXITING with a payload (MSG-2) */
    LLMP_E_EOP_LENGTH,            /**< END_OF_PAGE without its 32 bytes (EOP-1, EOP-2) */
    LLMP_E_EOP_SELF,              /**< END_OF_PAGE names the page it is on */
    LLMP_E_EOP_SIZE,              /**< END_OF_PAGE names a page larger than max_page_size */
    LLMP_E_EOP_GONE,              /**< the next page no longer exists: this receiver was too slow, or the sender died */

    /* using a channel */
    LLMP_E_CLOSED = 2201,    /**< the sender ended the channel (EXITING) and every message was read */
    LLMP_E_BROKEN,           /**< an earlier error ended this receiver; llmp_receiver_error() returns it */
    LLMP_E_TAG_RESERVED,     /**< the tag belongs to the protocol (MSG-2) */
    LLMP_E_TOO_LARGE,        /**< the message is larger than the channel's max_message */
    LLMP_E_ALLOC_PENDING,    /**< an allocated message has not been committed or cancelled yet (SEND-2) */
    LLMP_E_ALLOC_NONE,       /**< no message is allocated */
    LLMP_E_ALLOC_GROW,       /**< llmp_sender_shrink() to more bytes than were allocated */
    LLMP_E_BUFFER_TOO_SMALL, /**< the caller's buffer is smaller than the message */

    /* sockets (TCP, POST) */
    LLMP_E_FRAME_TOO_LARGE = 2301, /**< a frame announces more bytes than the bound (TCP-1) */
    LLMP_E_FRAME_TRUNCATED,        /**< the peer hung up within a frame */
    LLMP_E_POST_TRUNCATED,         /**< the value ends before its last field (POST-7) */
    LLMP_E_POST_VARINT,            /**< a varint of too many bytes, or out of its type's range (POST-7) */
    LLMP_E_POST_VARIANT,           /**< an unknown enum index (POST-7) */
    LLMP_E_POST_UTF8,              /**< a string that is not UTF-8 (POST-7) */
    LLMP_E_POST_TOO_LONG,          /**< a string or byte vector longer than its bound */
    LLMP_E_HANDSHAKE,              /**< a valid message that is not allowed at this point (TCP-2) */
    LLMP_E_REFUSED,                /**< the broker answered with an Error */

    /* the broker's clients (BROKER) */
    LLMP_E_NO_CLIENT = 2401, /**< no client has that id */
    LLMP_E_CLIENTS_FULL,     /**< the broker already has max_clients clients */
    LLMP_E_CLIENT_GONE,      /**< the client's process no longer exists */
    LLMP_E_CLIENT_FORGED     /**< a client sent a message that names another client as its sender */
};

/**
 * Describes a return value in English.
 *
 * @param code a return value of this library; 0 and positive values mean success
 * @return a static string, never null; unknown codes get a string that says so. Thread-safe.
 */
LLMP_API const char *llmp_strerror(int code);

/**
 * Returns the name of a return value as in `enum llmp_error` or errno.h, for logs and tests.
 *
 * @return "LLMP_E_NO_SEGMENT", "ENOENT", "OK", or "UNKNOWN": a static string. Thread-safe.
 */
LLMP_API const char *llmp_error_name(int code);

/** An id (ID-1): a NUL-terminated string of at most 19 characters; the remaining bytes are zero. */
typedef struct llmp_shmem_id {
    char bytes[LLMP_SHMEM_ID_SIZE];
} llmp_shmem_id;

/**
 * Describes a map to another process, which opens the map by it (ID-2). Plain bytes that may be copied, sent and
 * stored. Its layout is fixed by the protocol and will not grow.
 */
typedef struct llmp_shmem_desc {
    size_t size; /**< bytes of the whole map, page header included */
    llmp_shmem_id id;
} llmp_shmem_desc;

/**
 * Fills an id from a string and zeroes the remaining bytes.
 *
 * @return 0, -LLMP_E_ID_EMPTY, or -LLMP_E_ID_UNTERMINATED if `text` is longer than 19 characters
 */
LLMP_API int llmp_shmem_id_set(llmp_shmem_id *id, const char *text);

/**
 * A way to get shared memory. The built-in ones are static. A provider that needs a connection is an object with its
 * own lifetime: it must outlive its maps and every object that uses it, and is freed with llmp_shmem_provider_free().
 */
typedef struct llmp_shmem_provider llmp_shmem_provider;

/** A map of this process. */
typedef struct llmp_shmem llmp_shmem;

/** Which processes can open a provider's maps by description. */
typedef uint32_t llmp_shmem_scope;
enum {
    LLMP_SCOPE_PROCESS,    /**< none: the memory belongs to this process alone */
    LLMP_SCOPE_DESCRIPTOR, /**< this process, and those that inherited or were passed the file descriptor */
    LLMP_SCOPE_SYSTEM      /**< any process of the same user on this system */
};

/** Flags of a map; combine with `|`. */
enum llmp_shmem_flag {
    LLMP_SHMEM_PREFAULT = 1u << 0,   /**< populate the page tables now instead of at first access */
    LLMP_SHMEM_HUGE_PAGES = 1u << 1, /**< use huge pages; if there are none: on_warning, and ordinary pages */
    LLMP_SHMEM_LOCK = 1u << 2,       /**< keep the map in memory (mlock); -ENOMEM or -EPERM above the limit */
    LLMP_SHMEM_SEAL = 1u << 3,       /**< memfd: seal the size, so that no process can truncate it; ignored elsewhere */
    LLMP_SHMEM_CLOEXEC = 1u << 4     /**< memfd: close the descriptor in programs started by exec */
};

/** Options for creating and opening maps. All zero, or a null pointer, is the default. */
typedef struct llmp_shmem_options {
    uint32_t flags; /**< of enum llmp_shmem_flag; -EINVAL if another bit is set */
    uint32_t reserved0;
    /** Called when an option has no effect (no huge pages); may be null. `text` is valid during the call only. */
    void (*on_warning)(void *context, const char *text);
    void *warning_context;
    uint64_t reserved[4];
} llmp_shmem_options;

/**
 * Returns one of the providers of this build.
 *
 * @param index counts from 0
 * @return null after the last one
 */
LLMP_API const llmp_shmem_provider *llmp_shmem_provider_at(size_t index);

/** @return the built-in provider of that name ("sysv"), or null */
LLMP_API const llmp_shmem_provider *llmp_shmem_provider_find(const char *name);

/**
 * @return LibAFL's default on this platform (sysv on Linux): a constant. If it does not work at the moment, creating a
 *         map fails, and llmp_shmem_provider_explain() tells why.
 */
LLMP_API const llmp_shmem_provider *llmp_shmem_provider_default(void);

/** Frees a provider that was created at run time. Null and built-in providers are ignored. */
LLMP_API void llmp_shmem_provider_free(const llmp_shmem_provider *provider);

/** @return a short lower-case name, "sysv" */
LLMP_API const char *llmp_shmem_provider_name(const llmp_shmem_provider *provider);

/** @return one sentence that names the system interface it uses */
LLMP_API const char *llmp_shmem_provider_summary(const llmp_shmem_provider *provider);

/** @return which processes can open its maps by description */
LLMP_API llmp_shmem_scope llmp_shmem_provider_scope(const llmp_shmem_provider *provider);

/**
 * Tests whether the provider works on this machine by creating and closing a small map.
 *
 * @return 0, or the error that creating the map returned
 */
LLMP_API int llmp_shmem_provider_check(const llmp_shmem_provider *provider);

/**
 * Explains the error of creating a map, or a channel, with this provider. Where the system reports it, the text names
 * the resource that is used up now ("System V segments are used up (kernel.shmmni)"); otherwise it is that of
 * llmp_strerror().
 *
 * @param provider null for llmp_shmem_provider_default()
 * @param code     the return value of the function that failed
 * @return a static string, never null. Thread-safe.
 */
LLMP_API const char *llmp_shmem_provider_explain(const llmp_shmem_provider *provider, int code);

/**
 * Creates a zeroed map that this process owns.
 *
 * The memory is reserved immediately where the system can do so: a full tmpfs is -ENOSPC here and not a SIGBUS later.
 * Access mode 0600. On Linux no segment outlives a killed owner for long: a sysv segment is removed with its last
 * attachment. posix names exist until the owner and all children that inherited the map are gone; then they are removed
 * when the last process that has a map of that owner open closes it, or when another process creates its first map and
 * no process has one open. Names of other implementations are never removed.
 *
 * @param size    bytes, 1 to LLMP_SHMEM_SIZE_MAX; rounded up to a multiple of the huge page size with huge pages
 * @param options null for the default
 * @param out     receives the map, or null on failure; the caller closes it with llmp_shmem_close()
 */
LLMP_API int llmp_shmem_create(const llmp_shmem_provider *provider, size_t size, const llmp_shmem_options *options,
                               llmp_shmem **out);

/**
 * Opens a map that another process created. A description that claims more bytes than the segment has (memfd: any other
 * number) is -LLMP_E_SIZE_CLAIM.
 *
 * @param desc    copied; may come from a hostile peer
 * @param options null for the default; HUGE_PAGES, SEAL and CLOEXEC have no effect here
 * @param out     receives the map, or null on failure; the caller closes it with llmp_shmem_close()
 */
LLMP_API int llmp_shmem_open(const llmp_shmem_provider *provider, const llmp_shmem_desc *desc,
                             const llmp_shmem_options *options, llmp_shmem **out);

/** Opens the same map again, at another address. The copy is closed separately and is never the owner. */
LLMP_API int llmp_shmem_clone(const llmp_shmem *map, llmp_shmem **out);

/** Unmaps; in the owner it also removes the segment. `map` may be null. */
LLMP_API void llmp_shmem_close(llmp_shmem *map);

/** @return the first byte, aligned to a memory page; valid until llmp_shmem_close() */
LLMP_API void *llmp_shmem_data(const llmp_shmem *map);

/** @return bytes, as created or as described */
LLMP_API size_t llmp_shmem_size(const llmp_shmem *map);

/** @return the description by which other processes open the map */
LLMP_API llmp_shmem_desc llmp_shmem_describe(const llmp_shmem *map);

/** @return the map's provider */
LLMP_API const llmp_shmem_provider *llmp_shmem_provider_of(const llmp_shmem *map);

/** @return the flags that are in effect: without HUGE_PAGES if there were none */
LLMP_API uint32_t llmp_shmem_flags_of(const llmp_shmem *map);

/** @return true in the process that created the map */
LLMP_API bool llmp_shmem_is_owner(const llmp_shmem *map);

/** @return the map's file descriptor, which remains the map's, or -LLMP_E_NO_FD */
LLMP_API int llmp_shmem_fd(const llmp_shmem *map);

/**
 * Sends a map's size and file descriptor (SCM_RIGHTS) to another process over a connected UNIX stream socket. Blocks if
 * the socket does.
 *
 * @return 0, -LLMP_E_NO_FD, or -errno
 */
LLMP_API int llmp_shmem_send_fd(int socket, const llmp_shmem *map);

/**
 * Receives a map sent by llmp_shmem_send_fd() and checks its size against the descriptor's. The map's id is the
 * descriptor's number in this process.
 *
 * @return 0, -LLMP_E_FD_MESSAGE, -LLMP_E_ID_KIND, -LLMP_E_SIZE_CLAIM, -LLMP_E_SIZE_ZERO, -LLMP_E_SIZE_TOO_LARGE, -EPIPE
 *         if the peer hung up, or -errno
 */
LLMP_API int llmp_shmem_recv_fd(int socket, const llmp_shmem_options *options, llmp_shmem **out);

#ifdef __cplusplus
}
#endif
#endif
