/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * All that a case needs.
 *
 * A case tests one requirement of SPEC.md; its id is the requirement and a name: "EOP-4/growth". It runs in a forked
 * process with a time limit, once for each provider of its definition. A case passes when its function returns. The
 * first lc_fail() ends it, and so does the first adapter that crashes, hangs, refuses a request or does not support it,
 * unless the case uses one of the functions that allow this. Then all processes that the case started are killed, and
 * all maps that it created are removed.
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
#include "suite/adapter/clock.h"

/* The providers that a case runs over, as far as adapter and suite support them. */
enum lc_provider_set {
    LC_EACH_PROVIDER,
    LC_FIRST_PROVIDER, /* one of them: the result does not depend on the provider */
    LC_SYSV_ONLY,
    LC_POSIX_ONLY,
    LC_MEMFD_ONLY,
    LC_NAMED_PROVIDERS /* sysv and posix, whose ids are valid in every process */
};

struct lc_case;

struct lc_case_def {
    const char *id;    /* "REQUIREMENT/name" */
    const char *title; /* what the case checks, in one line */
    const char *roles; /* that the adapter must offer, separated by spaces: "broker client" */
    enum lc_provider_set providers;
    void (*run)(struct lc_case *c);
    int seconds;      /* time limit; 0: 20 */
    bool own_network; /* runs in a network namespace of its own (the service has a system-wide name) */
};

/* A section is an array of cases in a file of its own, ended by an empty definition. cases/sections.c lists them. */
struct lc_section {
    const char *name; /* "end-of-page": for filters and reports */
    const struct lc_case_def *cases;
};
extern const struct lc_section lc_sections[];

/* ---------------------------------------------------------------- the case */

enum lc_provider lc_provider(const struct lc_case *c);
const char *lc_provider_name(const struct lc_case *c);
uint64_t lc_seed(const struct lc_case *c);      /* differs between cases, not between runs; below 2^52 */
uint64_t lc_page_size(const struct lc_case *c); /* bytes of a sender's first map by default, from the adapter's hello */
bool lc_has_role(const struct lc_case *c, const char *role);
bool lc_has_option(const struct lc_case *c, const char *option);
/* Skips the case unless the adapter has the option. */
void lc_require_option(struct lc_case *c, const char *option);

/* ---------------------------------------------------------------- verdicts */

/* Fails the case with the verdict "wrong"; `seen` is a format. */
_Noreturn void lc_fail(struct lc_case *c, const char *expected, const char *seen, ...)
    __attribute__((format(printf, 3, 4)));
/* Fails the case with a finding of the oracle and a dump of its page. */
_Noreturn void lc_fail_page(struct lc_case *c, const struct lc_finding *finding, const struct lc_map *map);
/* Skips the case because this machine or this adapter lacks `needs`. */
_Noreturn void lc_skip(struct lc_case *c, const char *needs, ...) __attribute__((format(printf, 2, 3)));
/* Ends the case because the suite itself failed (a system call returned an error). */
_Noreturn void lc_error(struct lc_case *c, const char *what, ...) __attribute__((format(printf, 2, 3)));

/* Fails the case unless `condition`; what follows `expected` is the format and the values of what was seen. */
#define lc_check(c, condition, expected, ...) ((condition) ? (void)0 : lc_fail((c), (expected), __VA_ARGS__))
void lc_check_u64(struct lc_case *c, const char *what, uint64_t expected, uint64_t seen);
/* Fails the case unless the bytes are the payload of that length and seed. */
void lc_check_payload(struct lc_case *c, const char *what, uint64_t length, uint64_t seed, const void *bytes);
/* Fails the case unless `condition` returns true within `timeout_ms` (lc_wait_until()). */
void lc_check_within(struct lc_case *c, bool (*condition)(void *argument), void *argument, int timeout_ms,
                     const char *expected, const char *seen);
/* Formats a text that is freed with the case; for `expected`. */
char *lc_format(struct lc_case *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Logs a step. The last 20 are shown with a failure. */
void lc_note(struct lc_case *c, const char *what, ...) __attribute__((format(printf, 2, 3)));

/* ---------------------------------------------------------------- actors */

struct lc_actor; /* an adapter's process that plays a role in a case */

/* Starts the implementation under test in a role. */
struct lc_actor *lc_spawn(struct lc_case *c, const char *role);
/* Starts the implementation of the other side (--peer; by default the same one). */
struct lc_actor *lc_spawn_peer(struct lc_case *c, const char *role);

/*
 * Calls: send a request and wait for its reply, which is valid until the actor's next request. `format` and the values
 * are those of json_pack(): "{s:i, s:I}". `reply` may be null.
 */

/* Fails the case unless the result is ok. */
const json_t *lc_call(struct lc_case *c, struct lc_actor *actor, const char *verb, const char *format, ...);
/* Fails the case unless the result is ok or refused; returns LC_OK or LC_REFUSED. */
enum lc_outcome lc_call_may_refuse(struct lc_case *c, struct lc_actor *actor, const json_t **reply, const char *verb,
                                   const char *format, ...);
/* Fails the case unless the result is refused and the actor still answers hello afterwards. */
void lc_call_expect_refusal(struct lc_case *c, struct lc_actor *actor, const char *verb, const char *format, ...);
/* Returns any outcome, a crash included. */
enum lc_outcome lc_call_any_outcome(struct lc_case *c, struct lc_actor *actor, const json_t **reply, const char *verb,
                                    const char *format, ...);

/* The two halves of a call. lc_wait_reply() fails the case unless the result is ok. */
void lc_send_request(struct lc_case *c, struct lc_actor *actor, const char *verb, const char *format, ...);
const json_t *lc_wait_reply(struct lc_case *c, struct lc_actor *actor);
enum lc_outcome lc_wait_any_reply(struct lc_case *c, struct lc_actor *actor, const json_t **reply);

pid_t lc_actor_pid(struct lc_actor *actor);
bool lc_actor_is_running(struct lc_actor *actor);
/* Fails the case unless the process answers hello. */
void lc_check_alive(struct lc_case *c, struct lc_actor *actor);
/* Kills the process with SIGKILL and waits until it has ended. */
void lc_kill(struct lc_case *c, struct lc_actor *actor);
/* Closes the process's input. Fails the case unless it then exits by itself. */
void lc_stop(struct lc_case *c, struct lc_actor *actor);

/* Fields of replies. A missing field, or one of another type, ends the case with the verdict "broken". */
uint64_t lc_field_u64(struct lc_case *c, const json_t *reply, const char *field);
const char *lc_field_string(struct lc_case *c, const json_t *reply, const char *field);
struct lc_desc lc_field_desc(struct lc_case *c, const json_t *reply, const char *field);
/* Values of requests: new references, for "{s:o}". */
json_t *lc_desc_json(const struct lc_desc *desc);
json_t *lc_number(uint64_t value); /* a string of digits above 2^53 */

/* ---------------------------------------------------------------- the implementation sends, the suite reads */

/* Opens a sender over this case's provider; returns the description of its first map. */
struct lc_desc lc_open_sender(struct lc_case *c, struct lc_actor *sender, uint32_t sender_id);
/* The same with a number of expected receivers (0: unknown), if the adapter has the option. */
struct lc_desc lc_open_sender_for(struct lc_case *c, struct lc_actor *sender, uint32_t sender_id, int receivers);
/* The same with a first map of `page_size` bytes; skips the case if the adapter has no such option. */
struct lc_desc lc_open_sender_sized(struct lc_case *c, struct lc_actor *sender, uint32_t sender_id, uint64_t page_size);
/* Sends a message through the implementation, which plays a sender or a client. */
void lc_send_message(struct lc_case *c, struct lc_actor *sender, uint32_t tag, uint64_t length, uint64_t seed);

/* Opens the oracle's reader on a channel that `writer` writes, checks the page and joins it. Closed with the case. */
struct lc_reader *lc_read_channel(struct lc_case *c, struct lc_actor *writer, const struct lc_desc *desc);
/* The same, joining the page or not: the first page of a broadcast was joined on the client's behalf (TCP-2). */
struct lc_reader *lc_open_reader(struct lc_case *c, struct lc_actor *writer, const struct lc_desc *desc, bool join);
/* Waits two seconds for the next message; fails the case on a timeout or a finding. */
void lc_next_message(struct lc_case *c, struct lc_reader *reader, struct lc_message *message);
/* Waits for the next message; fails the case unless it has these fields and the payload of that seed. */
void lc_expect_message(struct lc_case *c, struct lc_reader *reader, uint32_t tag, uint32_t sender, uint32_t flags,
                       uint64_t length, uint64_t seed);
/* Fails the case if there is a further message now. */
void lc_expect_no_message(struct lc_case *c, struct lc_reader *reader);

/* ---------------------------------------------------------------- the suite sends, the implementation reads */

/* Creates a zeroed map over this case's provider. Removed with the case. */
struct lc_map *lc_new_map(struct lc_case *c, uint64_t size);
/* Opens the oracle's writer on a new map of `size` bytes; 0: LC_PAGE_DEFAULT. */
struct lc_writer *lc_new_channel(struct lc_case *c, uint64_t size, uint32_t sender);
/* Opens the actor as a receiver of the channel whose first page has this description. */
void lc_open_receiver(struct lc_case *c, struct lc_actor *receiver, const struct lc_desc *desc);
/* Starts an adapter of the tested implementation and opens it as a receiver. */
struct lc_actor *lc_spawn_receiver(struct lc_case *c, const struct lc_desc *desc);
/*
 * The next three receive one message through the implementation, which plays a receiver or a client.
 *
 * Fails the case unless the message has these fields and the payload of that seed.
 */
void lc_expect_recv(struct lc_case *c, struct lc_actor *receiver, uint32_t tag, uint32_t sender, uint32_t flags,
                    uint64_t length, uint64_t seed);
/* Fails the case unless there is no message within 50 ms. */
void lc_expect_recv_timeout(struct lc_case *c, struct lc_actor *receiver);
/* Fails the case unless the message is refused and the receiver still answers hello afterwards. */
void lc_expect_recv_refused(struct lc_case *c, struct lc_actor *receiver);
/* Fails the case unless the channel has ended with EXITING. Waits `timeout_ms` for the end. */
void lc_expect_recv_exiting(struct lc_case *c, struct lc_actor *receiver, int timeout_ms);

/* Returns true if the reply to a drain has messages of this sender. */
bool lc_has_drained(const json_t *reply, uint32_t sender);
/* Fails the case unless the reply to a drain has so many messages of this sender, with this digest. */
void lc_check_drained(struct lc_case *c, const json_t *reply, uint32_t sender, uint64_t count, uint32_t digest);

/* ---------------------------------------------------------------- brokers and clients */

/* Opens a broker that listens; returns its port. `broadcast` receives the description of the broadcast; may be null. */
uint16_t lc_open_broker(struct lc_case *c, struct lc_actor *broker, struct lc_desc *broadcast);
/* The same with more arguments for broker.open, whose reference is stolen. Returns 0 with "listen": false. */
uint16_t lc_open_broker_with(struct lc_case *c, struct lc_actor *broker, struct lc_desc *broadcast, json_t *more);
/* Connects the implementation's client; returns its client id. */
uint32_t lc_connect_client(struct lc_case *c, struct lc_actor *client, uint16_t port);

/* A client that the suite plays itself: the handshake of TCP-2 and two channels. */
struct lc_raw_client {
    int socket; /* -1 after the handshake, when the broker has closed the connection */
    uint32_t id;
    struct lc_writer *out;
    struct lc_reader *in; /* on the broadcast, from its first page on */
};
/* Performs the handshake, checks each frame, and opens the broadcast. Not over memfd. */
struct lc_raw_client *lc_raw_client_connect(struct lc_case *c, struct lc_actor *broker, uint16_t port);
/* Connects to a broker and reads its hello. Returns the socket, which the caller owns. `broadcast` may be null. */
int lc_raw_connect(struct lc_case *c, uint16_t port, struct lc_desc *broadcast);
/* Reads a frame; fails the case unless it is a response of this kind (POST-3). */
void lc_expect_response(struct lc_case *c, int socket, enum lc_response kind, int timeout_ms,
                        struct lc_tcp_message *response);
/* Waits for the next message of `sender` on the broadcast, and checks it; skips the messages of other senders. */
void lc_raw_client_expect(struct lc_case *c, struct lc_raw_client *client, uint32_t tag, uint32_t sender,
                          uint32_t flags, uint64_t length, uint64_t seed);
/* Sends on the client's channel; turns the page first if the message does not fit. */
void lc_raw_client_send(struct lc_case *c, struct lc_raw_client *client, uint32_t tag, uint64_t length, uint64_t seed);
/* Sends NEW_SHM_CLIENT with this description on the client's channel. */
void lc_raw_client_add_channel(struct lc_raw_client *client, const struct lc_desc *desc);
/* Sends CLIENT_EXIT with the id `names` on the client's channel. */
void lc_raw_client_exit(struct lc_raw_client *client, uint32_t names);

/* ---------------------------------------------------------------- concurrency */

/* Forks a helper process that runs `body` and exits; it is killed with the case. */
pid_t lc_fork_helper(struct lc_case *c, void (*body)(struct lc_case *c, void *argument), void *argument);
/* Waits for its end; ends the case unless it exits with 0. */
void lc_wait_helper(struct lc_case *c, pid_t helper);
/*
 * A thread that overwrites each of the fields in turn with `wrong` for an instant, and then restores it, until
 * lc_flip_stop(). All fields have the same value and `bytes` bytes (2, 4 or 8). `fields` must live that long.
 */
struct lc_flip;
struct lc_flip *lc_flip_start(struct lc_case *c, void *const *fields, size_t count, size_t bytes, uint64_t wrong);
void lc_flip_stop(struct lc_flip *flip);
/* Calls `condition` until it returns true, for at most `timeout_ms`, and yields in between. Returns its last value. */
bool lc_wait_until(bool (*condition)(void *argument), void *argument, int timeout_ms);
/* Conditions: the page has been joined, or left, at least once. */
bool lc_is_joined(void *page);
bool lc_is_left(void *page);

#endif
