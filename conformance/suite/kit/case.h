/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How a case is written.
 *
 * A case belongs to one requirement of SPEC.md and has a name of its own below it: "EOP-4/growth". It runs in a forked
 * process with a time limit, once for each provider that it asks for, and says what it found by the functions below.
 * The first lc_fail ends the case; so does the first adapter that crashes, hangs, refuses or has no such verb, unless
 * the case asks for that by the functions that allow it. Whatever it started or made is stopped and removed afterwards.
 *
 *     static void growth(struct lc_case *c) {
 *         struct lc_actor *sender = lc_spawn(c, "sender");
 *         lc_open_sender(c, sender, 1);
 *         ...
 *         lc_check(c, size == wanted, "a page of %zu bytes", "%zu", wanted, size);
 *     }
 *     const struct lc_case_def lc_eop_cases[] = {
 *         {"EOP-4/growth", "the next page has room for the largest message", "sender", LC_EACH_PROVIDER, growth},
 *         {0},
 *     };
 */
#ifndef LC_SUITE_KIT_CASE_H
#define LC_SUITE_KIT_CASE_H

#include "oracle/map.h"
#include "oracle/page.h"
#include "oracle/payload.h"
#include "oracle/post.h"
#include "oracle/segment.h"
#include "oracle/wire.h"
#include "suite/adapter/adapter.h"

enum lc_provider_set {
    LC_EACH_PROVIDER,  /* once for each provider that adapter and suite have in common */
    LC_FIRST_PROVIDER, /* once, over the first of them: the matter has nothing to do with providers */
    LC_SYSV_ONLY,
    LC_POSIX_ONLY,
    LC_MEMFD_ONLY,
    LC_NAMED_PROVIDERS /* sysv and posix: ids that mean something in every process */
};

struct lc_case;

struct lc_case_def {
    const char *id;    /* REQUIREMENT/name */
    const char *title; /* what it shows, one line */
    const char *roles; /* that the adapter needs: "sender", or several: "broker client" */
    enum lc_provider_set providers;
    void (*run)(struct lc_case *c);
    int seconds;      /* time limit; 0: 20 */
    bool own_network; /* needs a network namespace of its own (the service's name) */
};

/* The sections, one array a file, ended by an empty definition; suite/sections.c lists them. */
struct lc_section {
    const char *name; /* "end-of-page": part of the reports */
    const struct lc_case_def *cases;
};
extern const struct lc_section lc_sections[];

/* ---------------------------------------------------------------- where we are */

enum lc_provider lc_provider(const struct lc_case *c);
const char *lc_provider_name(const struct lc_case *c);
const char *lc_id(const struct lc_case *c);     /* "EOP-4/growth@posix" */
uint64_t lc_seed(const struct lc_case *c);      /* the same in every run of this case, another for each case */
uint64_t lc_page_size(const struct lc_case *c); /* of the adapter's first map, as its hello says */
bool lc_has_option(const struct lc_case *c, const char *option);
bool lc_has_role(const struct lc_case *c, const char *role);

/* ---------------------------------------------------------------- verdicts: none of these returns (but lc_check) */

/* Wrong. `expected` and `seen` are each one sentence's end, as in "expected <…>" and "seen <…>". */
_Noreturn void lc_fail(struct lc_case *c, const char *expected, const char *seen, ...)
    __attribute__((format(printf, 3, 4)));
/* A finding of the oracle, with the annotated bytes of its page. */
_Noreturn void lc_fail_page(struct lc_case *c, const struct lc_finding *finding, const struct lc_map *map);
/* Cannot be run here; says what it needs. */
_Noreturn void lc_skip(struct lc_case *c, const char *needs, ...) __attribute__((format(printf, 2, 3)));
/* The suite itself could not do its part (a system call failed): never the implementation's fault. */
_Noreturn void lc_error(struct lc_case *c, const char *what, ...) __attribute__((format(printf, 2, 3)));

/* Fails unless `good`: "expected <expected>, seen <…>". */
#define lc_check(c, good, expected, ...) ((good) ? (void)0 : lc_fail((c), (expected), __VA_ARGS__))
/* Two numbers that have to be the same. */
void lc_check_u64(struct lc_case *c, const char *what, uint64_t expected, uint64_t seen);
/* Shown with a failure: what was done just before. printf-like; kept, the last 20. */
void lc_note(struct lc_case *c, const char *what, ...) __attribute__((format(printf, 2, 3)));

/* ---------------------------------------------------------------- parties: adapters in a case */

struct lc_actor; /* an adapter's process that plays a role */

/* Starts the implementation under test in a role. */
struct lc_actor *lc_spawn(struct lc_case *c, const char *role);
/* The same of the implementation that plays the other side in the broker × client matrix (the same one by default). */
struct lc_actor *lc_spawn_peer(struct lc_case *c, const char *role);

/*
 * Requests. `format` and what follows build the arguments as json_pack() does: "{s:i, s:I}". lc_call() wants `ok`;
 * lc_call_may_refuse() gives back whatever it was, LC_OK or LC_REFUSED, and ends the case for everything else (a crash, a hang,
 * unsupported). The answer lives until the party's next request.
 */
const json_t *lc_call(struct lc_case *c, struct lc_actor *actor, const char *verb, const char *format, ...);
enum lc_outcome lc_call_may_refuse(struct lc_case *c, struct lc_actor *actor, const json_t **reply, const char *verb,
                                   const char *format, ...);
/* Any outcome whatever, for cases that look for crashes themselves. */
enum lc_outcome lc_call_any_outcome(struct lc_case *c, struct lc_actor *actor, const json_t **reply, const char *verb,
                                    const char *format, ...);
/* Only asks; lc_wait_reply() waits for the answer and wants `ok`, lc_wait_any_reply() takes any. */
void lc_send_request(struct lc_case *c, struct lc_actor *actor, const char *verb, const char *format, ...);
const json_t *lc_wait_reply(struct lc_case *c, struct lc_actor *actor);
enum lc_outcome lc_wait_any_reply(struct lc_case *c, struct lc_actor *actor, const json_t **reply);

struct lc_adapter *lc_actor_adapter(struct lc_actor *actor);
pid_t lc_actor_pid(struct lc_actor *actor);
/* Ends the case unless the process is there and answers hello. */
void lc_check_alive(struct lc_case *c, struct lc_actor *actor);
/* SIGKILL, without a word. The process is gone afterwards, and with it what it held. */
void lc_kill(struct lc_case *c, struct lc_actor *actor);
/* Ends the process in good order and wants that it left without a signal. */
void lc_stop(struct lc_case *c, struct lc_actor *actor);

/* Fields of answers; a missing one makes the adapter "broken". */
uint64_t lc_field_u64(struct lc_case *c, const json_t *reply, const char *field);
const char *lc_field_string(struct lc_case *c, const json_t *reply, const char *field);
struct lc_desc lc_field_desc(struct lc_case *c, const json_t *reply, const char *field);
json_t *lc_desc_json(const struct lc_desc *desc); /* a new reference, for "{s:o}" */
json_t *lc_number(uint64_t value);                /* the same; decimal digits where the value is beyond 2^53 */

/* ---------------------------------------------------------------- the usual openings */

/* sender.open over this case's provider; the description of its first map. */
struct lc_desc lc_open_sender(struct lc_case *c, struct lc_actor *sender, uint32_t sender_id);
/* The same for so many receivers (0: unknown), where the sender can be told of them. */
struct lc_desc lc_open_sender_for(struct lc_case *c, struct lc_actor *sender, uint32_t sender_id, int receivers);
/* The same with a first map of so many bytes: a skip where the adapter has no option page_size. */
struct lc_desc lc_open_sender_sized(struct lc_case *c, struct lc_actor *sender, uint32_t sender_id, uint64_t page_size);
/* An oracle's reader on what a party wrote; joined and checked. Closed with the case. */
struct lc_reader *lc_read_channel(struct lc_case *c, struct lc_actor *writer, const struct lc_desc *desc);
/* The same, joining or not: a broadcast's first page is read without (TCP-2). */
struct lc_reader *lc_open_reader(struct lc_case *c, struct lc_actor *writer, const struct lc_desc *desc, bool join);
/* Wants a message within two seconds; findings fail the case. */
void lc_next_message(struct lc_case *c, struct lc_reader *reader, struct lc_message *message);
/* Wants this one next: every field and the payload of that seed. */
void lc_expect_message(struct lc_case *c, struct lc_reader *reader, uint32_t tag, uint32_t sender, uint32_t flags,
                       uint64_t length, uint64_t seed);
/* Wants that nothing more comes: looks once. */
void lc_expect_no_message(struct lc_case *c, struct lc_reader *reader);
void lc_send_message(struct lc_case *c, struct lc_actor *sender, uint32_t tag, uint64_t length, uint64_t seed);

/* A map of this case's provider, zeroed, removed with the case. */
struct lc_map *lc_new_map(struct lc_case *c, uint64_t size);
/* A raw writer on a new map of so many bytes (0: the default size). */
struct lc_writer *lc_new_channel(struct lc_case *c, uint64_t size, uint32_t sender);
/* The receiver opens a channel: receiver.open on the map's description. */
void lc_open_receiver(struct lc_case *c, struct lc_actor *receiver, const struct lc_desc *desc);
/* receiver.recv or client.recv of one message, wanting this one (length and digest of the seed's payload). */
void lc_expect_recv(struct lc_case *c, struct lc_actor *receiver, uint32_t tag, uint32_t sender, uint32_t flags,
                    uint64_t length, uint64_t seed);
/* Wants that it times out with nothing (waits 50 ms). */
void lc_expect_recv_timeout(struct lc_case *c, struct lc_actor *receiver);
/* Wants a clean refusal of the next message: no message, no crash, no hang; afterwards the process still answers. */
void lc_expect_recv_refused(struct lc_case *c, struct lc_actor *receiver);

/* broker.open with listening; the port, and the broadcast's description. */
uint16_t lc_open_broker(struct lc_case *c, struct lc_actor *broker, struct lc_desc *broadcast);
/* The same with more arguments: `more` (stolen) is merged into the request. */
uint16_t lc_open_broker_with(struct lc_case *c, struct lc_actor *broker, struct lc_desc *broadcast, json_t *more);
/* client.connect; its client id. */
uint32_t lc_connect_client(struct lc_case *c, struct lc_actor *client, uint16_t port);

/* A raw client: the suite's own TCP-2 and pages. */
struct lc_raw_client {
    int socket; /* closed after the handshake: -1 */
    uint32_t id;
    struct lc_writer *out;
    struct lc_reader *in; /* on the broadcast, from its first page */
};
/* Shakes hands byte by byte, checking each frame, and reads the broadcast. */
struct lc_raw_client *lc_raw_client_connect(struct lc_case *c, struct lc_actor *broker, uint16_t port);
/* Only the hello: an open socket and the broadcast's description. */
int lc_raw_connect(struct lc_case *c, uint16_t port, struct lc_desc *broadcast);
/* Wants this message next on the broadcast from that sender, others' messages skipped if `from_anyone` is false. */
void lc_raw_client_expect(struct lc_case *c, struct lc_raw_client *client, uint32_t tag, uint32_t sender,
                          uint32_t flags, uint64_t length, uint64_t seed);

/* ---------------------------------------------------------------- doing things at the same time */

/* Forks a helper process that runs `body` and exits; killed with the case. Ends the case unless it exits with 0. */
pid_t lc_fork_helper(struct lc_case *c, void (*body)(struct lc_case *c, void *argument), void *argument);
void lc_wait_helper(struct lc_case *c, pid_t helper);
/*
 * A thread that goes round fields of 2, 4 or 8 bytes, which all have the same value, and makes each of them wrong for an
 * instant, until lc_flip_stop(). `fields` has to live so long.
 */
struct lc_flip;
struct lc_flip *lc_flip_start(struct lc_case *c, void *const *fields, size_t count, size_t bytes, uint64_t wrong);
void lc_flip_stop(struct lc_flip *flip);
/* Conditions on a page: somebody joined it, somebody left it. */
bool lc_is_joined(void *page);
bool lc_is_left(void *page);
/* Runs `condition` until it is true, at most so long, yielding in between. */
bool lc_wait_until(bool (*condition)(void *argument), void *argument, int timeout_ms);

#endif
