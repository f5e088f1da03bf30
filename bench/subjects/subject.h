/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Subjects: what benchmarks measure. A subject is an implementation of message passing over one of its transports, for
 * example "ref" (this project's library) over "sysv", or a pipe, or ZeroMQ over "ipc".
 *
 * To add an implementation, write one file that
 *   1. defines three short functions, send, receive and receive_copy, and compiles the loops of the cases around them
 *      with DEFINE_CHANNEL_LOOPS() of channel_loops.h. Each implementation has its own copy of the loops, so that no message
 *      costs a call through a pointer;
 *   2. defines a `struct channel_ops` with those loops and with what happens once per benchmark: create, open, close;
 *   3. defines a `struct subject` per transport, and a function that lists them; subjects.c calls it.
 * Command line, results and plots then have the new subjects. A table of operations that is null excludes the subject
 * from the cases that need it.
 *
 * A benchmark runs in two processes, each pinned to its own core. Side A creates a channel and forks; the child is side
 * B. In the case `stream`, A sends and B receives; in `pingpong` there is a channel for each direction.
 *
 * Functions that return an int return 0 or an error code of the implementation, which error_name() explains.
 */
#ifndef LLMP_BENCH_SUBJECT_H
#define LLMP_BENCH_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kit/gbench.h"
#include "kit/map_ops.h"
#include "kit/outcome.h"
#include "kit/payload.h"
#include "kit/stats.h"
#include "kit/sync.h"

struct channel_ops;
struct broker_ops;

struct subject {
    const char *implementation; /* a column of summary.csv: "ref" */
    const char *transport;      /* likewise: "sysv" */
    const char *summary;        /* one sentence, for --list */
    const void *context;        /* for the operations; of ref, the provider */

    /*
     * Returns 0 if the subject works on this machine, or an error code. Also removes shared memory that killed
     * processes have left, if the implementation does not do so elsewhere.
     */
    int (*check)(const struct subject *subject);
    const char *(*error_name)(int rc); /* short: "LLMP_E_NO_SEGMENT", "ENOENT" */
    const char *(*error_text)(int rc); /* a description in English */

    const struct channel_ops *channel; /* null: not measured in stream, pingpong and start */
    const struct broker_ops *broker;   /* null: not measured in broker */
    const struct map_ops *map;         /* null: not measured in map */
};

/* The phase of a benchmark that a message belongs to. A message carries it as its tag. */
enum phase {
    PHASE_WARM_UP = 100, /* not timed */
    PHASE_TIMED = 101,
    PHASE_LAST = 102 /* the last message of the benchmark */
};

/* A received message. The payload is aligned to 8 bytes and valid until the next call on the same receiver. */
struct message {
    uint32_t tag;
    size_t length;
    const void *payload;
};

/* Each implementation defines these, or casts the pointers to types of its own. */
struct channel;
struct sender;
struct receiver;

struct channel_options {
    size_t payload;   /* bytes of every message */
    uint32_t batch;   /* messages to publish at a time; 0: each message at once */
    bool poll_always; /* the receiver checks for each message, and never waits until there can be several */
    bool inherited;   /* a receiver is forked after create(): memory that it can only inherit must exist by then */
};

/* The loops over messages. DEFINE_CHANNEL_LOOPS() compiles them; channel_loops.h documents them. */
struct stream_source;
struct stream_timing;
struct pingpong_ends;
struct channel_loops {
    uint64_t (*stream_send)(struct sender *sender, struct stream_source *source, uint32_t tag, uint64_t number,
                            uint64_t duration_ns, struct outcome *out);
    bool (*stream_receive)(struct receiver *receiver, const struct payload *payload, struct stream_timing *timing,
                           struct outcome *out);
    uint64_t (*ask)(struct pingpong_ends *ends, uint32_t tag, uint64_t number, uint64_t until, struct samples *samples,
                    struct outcome *out);
    bool (*answer)(struct pingpong_ends *ends, struct outcome *out);
    bool (*send_one)(struct sender *sender, uint32_t tag, struct payload *payload, uint64_t number,
                     struct outcome *out);
    bool (*receive_one)(struct receiver *receiver, const struct payload *payload, uint64_t number, struct outcome *out);
    void (*send_and_receive)(gbench_state *state, struct sender *sender, struct receiver *receiver,
                             struct payload *payload);
};

enum { CHANNEL_ADDRESS_SIZE = 128 };

/* One-way channels between two processes: the cases stream, pingpong and start, and send_recv of `llmp-bench micro`. */
struct channel_ops {
    bool has_batch;       /* channel_options.batch works: the variant "batch" is measured */
    bool has_poll_always; /* channel_options.poll_always works: the variant "noadapt" is measured */

    /* Side A, before the fork: creates what both sides share. `channel` receives null on failure. */
    int (*create)(const struct subject *subject, const struct channel_options *options, struct channel **channel);

    /* After the fork: opens one end, each in a different process; in `micro`, both in the process that created it. */
    int (*open_sender)(struct channel *channel, struct sender **sender);
    int (*open_receiver)(struct channel *channel, struct receiver **receiver);

    /* Sends messages that a batch holds back. May be null. */
    void (*flush)(struct sender *sender);

    /* Close an end. A sender first waits up to `linger_ns` until its last message can be read without it. */
    void (*close_sender)(struct channel *channel, struct sender *sender, int64_t linger_ns);
    void (*close_receiver)(struct receiver *receiver);

    /* Side A, after B has ended: removes the channel, and ends that are not closed yet. */
    void (*destroy)(struct channel *channel);

    /* Set the counters that the end knows of. May be null. */
    void (*sender_facts)(const struct sender *sender, struct channel_facts *facts);
    void (*receiver_facts)(const struct receiver *receiver, struct channel_facts *facts);

    /*
     * For the case `start`, in which the receiver is another program, may both be null: the address of a channel as a
     * text without blanks, and opening the receiving end by that text.
     */
    void (*address)(const struct channel *channel, char address[CHANNEL_ADDRESS_SIZE]);
    int (*open_address)(const struct subject *subject, const char *address, struct receiver **receiver);

    const struct channel_loops *loops;
};

/* Defined by each implementation: a broker in its own process and two clients in this one, A (sends) and B (receives). */
struct rig;

/* The loops over messages through a broker. DEFINE_BROKER_LOOPS() compiles them; broker_loops.h documents them. */
struct broker_flow;
struct broker_loops {
    bool (*latency)(struct rig *rig, struct broker_flow *flow, uint64_t duration_ns, struct samples *samples,
                    struct outcome *out);
    double (*stream)(struct rig *rig, struct broker_flow *flow, uint64_t duration_ns, struct outcome *out);
};

/* A broker between two clients: the case broker. */
struct broker_ops {
    /*
     * Starts broker and clients. Returns null without memory. On any other failure, which out->error describes, it
     * returns an incomplete rig: stop() must be called.
     */
    struct rig *(*start)(const struct subject *subject, size_t payload, struct outcome *out);

    /* Ends clients and broker and frees the rig; at once if the benchmark has failed. Merges the broker's report. */
    void (*stop)(struct rig *rig, struct outcome *out);

    const struct broker_loops *loops;
};

#endif
