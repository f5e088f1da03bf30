/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Declarations that the files of the llmp command share. The command uses the public API only. */
#ifndef LLMP_CMD_CMD_H
#define LLMP_CMD_CMD_H

#include <stdio.h>

#include "llmp/llmp.h"

enum llmp_cmd_exit_code { LLMP_CMD_OK = 0, LLMP_CMD_FAILED = 1, LLMP_CMD_USAGE = 2 };

/* Time that a command waits at its end until its peers have mapped what it sent, in nanoseconds. */
#define LLMP_CMD_LINGER LLMP_SECONDS(1)

/* Timeout of connecting to a broker without --timeout, in nanoseconds. */
#define LLMP_CMD_CONNECT LLMP_SECONDS(10)

/* The subcommands: argv[0] is the subcommand's name. Each returns an exit code. */
int llmp_cmd_providers(int argc, char **argv);
int llmp_cmd_broker(int argc, char **argv);
int llmp_cmd_send(int argc, char **argv);
int llmp_cmd_recv(int argc, char **argv);

/* Prints "llmp SUBCOMMAND: …" and a newline to stderr. */
__attribute__((format(printf, 2, 3))) void llmp_cmd_report(const char *subcommand, const char *format, ...);

/* "127.0.0.1:1337", "[::1]:1337" */
struct llmp_cmd_address {
    char text[300];
};

/* Formats an address. `host` may be null: 127.0.0.1. A host name longer than 280 bytes is cut. */
struct llmp_cmd_address llmp_cmd_address_of(const char *host, uint16_t port);

/*
 * Makes SIGINT and SIGTERM set a flag and call `wake` (may be null) from the signal handler, so that the program can
 * end in an orderly way. A second signal terminates the process at once. A later call replaces `wake`.
 */
void llmp_cmd_catch_stop(void (*wake)(void *context), void *context);

/* Returns true if SIGINT or SIGTERM arrived. */
bool llmp_cmd_stop_requested(void);

/* Returns `timeout_ns`, limited to the interval in which a caller has to check llmp_cmd_stop_requested(). */
int64_t llmp_cmd_limit_timeout(int64_t timeout_ns);

/* Returns true if the code means that memory or descriptors are lacking, which may change. */
bool llmp_cmd_is_shortage(int rc);

/* Time between two attempts during a shortage, in nanoseconds. */
#define LLMP_CMD_SHORTAGE_PAUSE 10000000

/* Returns monotonic nanoseconds. */
int64_t llmp_cmd_now(void);

/*
 * Connects to a broker. Returns 0 or a negative code, and reports an error itself; -EINTR after a stop request, which
 * is not reported. `out` receives the client; the caller frees it.
 */
int llmp_cmd_connect(const char *subcommand, const llmp_client_options *options, int64_t timeout_ns, llmp_client **out);

/* Writes bytes as a JSON string. Returns false, and writes nothing, if they are not UTF-8. */
bool llmp_cmd_json_string(FILE *out, const void *bytes, size_t length);

/*
 * Flushes `out` and reports an error. Returns an exit code: a closed pipe is no failure, because its reader may end
 * first.
 */
int llmp_cmd_finish_output(const char *subcommand, FILE *out);

#endif
