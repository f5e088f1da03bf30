/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the parts of the llmp command share. It stands on the public API alone. */
#ifndef LLMP_CMD_CMD_H
#define LLMP_CMD_CMD_H

#include <stdio.h>

#include "llmp/llmp.h"

/* Exit codes. */
enum llmp_cmd_code { LLMP_CMD_OK = 0, LLMP_CMD_FAILED = 1, LLMP_CMD_USAGE = 2 };

/* How long a program that ends waits for the other side to have taken what it said, in nanoseconds. */
#define LLMP_CMD_LINGER LLMP_SECONDS(1)

/* How long the wait for a broker is where --timeout does not say. */
#define LLMP_CMD_CONNECT LLMP_SECONDS(10)

/* The subcommands: argv[0] is the subcommand's name. Each returns the exit code. */
int llmp_cmd_providers(int argc, char **argv);
int llmp_cmd_broker(int argc, char **argv);
int llmp_cmd_send(int argc, char **argv);
int llmp_cmd_recv(int argc, char **argv);

/* "llmp SUBCOMMAND: …" on stderr, with a newline. */
__attribute__((format(printf, 2, 3))) void llmp_cmd_complain(const char *subcommand, const char *format, ...);

/* "127.0.0.1:1337", "[::1]:1337" */
struct llmp_cmd_address {
    char text[300];
};
struct llmp_cmd_address llmp_cmd_address_of(const char *host, uint16_t port);

/*
 * From now on SIGINT and SIGTERM end the program cleanly: they set a flag, and call `wake` (may be null) from within
 * the signal handler. A second one ends it at once.
 */
void llmp_cmd_catch_stop(void (*wake)(void *context), void *context);
bool llmp_cmd_stopped(void);

/* A wait of at most `ns`, cut so that a stop is noticed soon. */
int64_t llmp_cmd_slice(int64_t ns);

/* Monotonic nanoseconds. */
int64_t llmp_cmd_now(void);

/* Connects; complains itself. -EINTR, and no complaint, after a stop. */
int llmp_cmd_connect(const char *subcommand, const llmp_client_options *options, int64_t timeout_ns, llmp_client **out);

/* Bytes as a JSON string, if they are UTF-8; false, and nothing written, if not. */
bool llmp_cmd_json_string(FILE *out, const void *bytes, size_t length);

/* Flushes; a reader that went is no failure, a full disk is. */
int llmp_cmd_finish_output(const char *subcommand, FILE *out);

#endif
