/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* llmp send: sends each line of standard input as a message. */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/lines.h"
#include "cmd/options.h"

/* Time between two attempts to send on a channel that is full, in nanoseconds. */
#define FULL_PAUSE_NS 100000

struct settings {
    llmp_client_options client;
    uint32_t tag;
    int64_t timeout_ns;
    int64_t linger_ns;
};

/*
 * Receives and discards the other clients' messages, because a client that does not read blocks the broker, and so
 * every client. Returns -LLMP_E_CLOSED if the broker ended; any other error of receiving does not prevent sending, so
 * 0.
 */
static int discard_received(llmp_client *client) {
    llmp_message ignored;
    int rc;
    do {
        rc = llmp_client_recv(client, &ignored, LLMP_NOWAIT);
    } while (rc == 0);
    return rc == -LLMP_E_CLOSED ? rc : 0;
}

static void pause_sending(long ns) {
    nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

/* Receives while the channel is full or memory is short, because the broker may be waiting for this client to read. */
static int send_line(const struct settings *settings, llmp_client *client, const char *line, size_t length) {
    int64_t end = 0;
    for (;;) {
        int rc = discard_received(client);
        if (rc == 0) {
            rc = llmp_client_send(client, settings->tag, 0, line, length, LLMP_NOWAIT);
        }
        if (rc != -EAGAIN && !llmp_cmd_is_shortage(rc)) {
            return rc;
        }
        if (end == 0) {
            end = llmp_cmd_now() + settings->timeout_ns;
        } else if (llmp_cmd_now() > end) {
            return rc == -EAGAIN ? -ETIMEDOUT : rc;
        }
        pause_sending(rc == -EAGAIN ? FULL_PAUSE_NS : LLMP_CMD_SHORTAGE_PAUSE);
    }
}

static int report_send_error(const char *subcommand, int rc, const struct settings *settings) {
    if (rc == -LLMP_E_CLOSED) {
        llmp_cmd_report(subcommand, "the broker ended before all lines were sent");
    } else if (rc == -ETIMEDOUT) {
        llmp_cmd_report(subcommand, "the broker read nothing for %g s", (double)settings->timeout_ns / 1e9);
    } else {
        llmp_cmd_report(subcommand, "cannot send: %s",
                        llmp_shmem_provider_explain(settings->client.sender.provider, rc));
    }
    return LLMP_CMD_FAILED;
}

/* Returns the exit code. */
static int send_lines(const char *subcommand, const struct settings *settings, llmp_client *client,
                      struct llmp_cmd_lines *lines) {
    const char *line;
    size_t length;
    while (!llmp_cmd_stop_requested()) {
        int rc = llmp_cmd_lines_next(lines, llmp_cmd_limit_timeout(LLMP_FOREVER), &line, &length);
        if (rc == 0) {
            return LLMP_CMD_OK;
        }
        if (rc < 0 && rc != -EAGAIN) {
            llmp_cmd_report(subcommand, "cannot read standard input: %s", llmp_strerror(rc));
            return LLMP_CMD_FAILED;
        }
        rc = rc > 0 ? send_line(settings, client, line, length) : discard_received(client);
        if (rc < 0) {
            return report_send_error(subcommand, rc, settings);
        }
    }
    return LLMP_CMD_OK;
}

/* Waits until the broker has mapped everything that was sent, because only then this process may exit. */
static int disconnect(const char *subcommand, const struct settings *settings, llmp_client *client) {
    int rc = llmp_client_free(client, settings->linger_ns);
    if (rc < 0) {
        llmp_cmd_report(subcommand, "messages may be lost: the broker did not read all within %g s (--linger)",
                        (double)settings->linger_ns / 1e9);
    }
    return rc < 0 ? LLMP_CMD_FAILED : LLMP_CMD_OK;
}

static int run(const char *subcommand, const struct settings *settings) {
    struct llmp_cmd_lines lines;
    llmp_client *client;
    llmp_cmd_catch_stop(NULL, NULL);
    int rc = llmp_cmd_connect(subcommand, &settings->client, settings->timeout_ns, &client);
    if (rc < 0) {
        return LLMP_CMD_FAILED; /* also after a stop request, because nothing was sent */
    }
    llmp_cmd_lines_init(&lines, STDIN_FILENO);
    int exit_code = send_lines(subcommand, settings, client, &lines);
    llmp_cmd_lines_fini(&lines);
    if (exit_code != LLMP_CMD_OK) { /* the error is reported already */
        (void)llmp_client_free(client, LLMP_CMD_LINGER);
        return exit_code;
    }
    return disconnect(subcommand, settings, client);
}

int llmp_cmd_send(int argc, char **argv) {
    struct settings settings = {.timeout_ns = LLMP_CMD_CONNECT, .linger_ns = LLMP_SECONDS(10)};
    const struct llmp_cmd_option options[] = {
        {"port", "N", "the broker's port", llmp_cmd_parse_port, &settings.client.port, true},
        {"host", "ADDRESS", "the broker's address [127.0.0.1]", llmp_cmd_parse_text, &settings.client.host, false},
        {"tag", "T", "tag of the messages: a number, or 0x and hexadecimal digits [0]", llmp_cmd_parse_tag,
         &settings.tag, false},
        {"provider", "NAME", "provider of shared memory, the same as the broker's", llmp_cmd_parse_provider,
         &settings.client.sender.provider, false},
        {"timeout", "S", "timeout in seconds for the broker to answer, or to read [10]", llmp_cmd_parse_seconds,
         &settings.timeout_ns, false},
        {"linger", "S", "timeout in seconds at the end for the broker to read everything [10]", llmp_cmd_parse_seconds,
         &settings.linger_ns, false},
        {0},
    };
    const struct llmp_cmd_usage usage = {
        .subcommand = argv[0],
        .summary = "Sends each line of standard input, without its newline, as a message.",
        .options = options,
    };
    int exit_code;
    return llmp_cmd_options_parse(&usage, argc, argv, &exit_code) ? run(argv[0], &settings) : exit_code;
}
