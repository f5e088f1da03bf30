/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* llmp send: a message a line. */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/lines.h"
#include "cmd/options.h"

/* Between two tries to get a message into a channel that is full. */
#define FULL_PAUSE_NS 100000

struct settings {
    llmp_client_options client;
    uint32_t tag;
    int64_t timeout_ns;
    int64_t linger_ns;
};

/*
 * A client that does not read holds up the broker, and with it everybody, itself included. So what the others say is
 * read, and thrown away. An error here is no reason to stop sending, unless it is the end of the broker.
 */
static int read_others(llmp_client *client) {
    llmp_message ignored;
    int rc;
    do {
        rc = llmp_client_recv(client, &ignored, LLMP_NOWAIT);
    } while (rc == 0);
    return rc == -LLMP_E_CLOSED ? rc : 0;
}

static void pause_sending(void) {
    nanosleep(&(struct timespec){.tv_nsec = FULL_PAUSE_NS}, NULL);
}

/* Reading on while the channel is full: the broker may be waiting for just that. */
static int send_line(const struct settings *settings, llmp_client *client, const char *line, size_t length) {
    int64_t end = 0;
    for (;;) {
        int rc = read_others(client);
        if (rc == 0) {
            rc = llmp_client_send(client, settings->tag, 0, line, length, LLMP_NOWAIT);
        }
        if (rc != -EAGAIN) {
            return rc;
        }
        if (end == 0) {
            end = llmp_cmd_now() + settings->timeout_ns;
        } else if (llmp_cmd_now() > end) {
            return -ETIMEDOUT;
        }
        pause_sending();
    }
}

static int complain_send(const char *who, int rc, const struct settings *settings) {
    if (rc == -LLMP_E_CLOSED) {
        llmp_cmd_complain(who, "the broker ended before all was sent");
    } else if (rc == -ETIMEDOUT) {
        llmp_cmd_complain(who, "the broker took nothing for %g s", (double)settings->timeout_ns / 1e9);
    } else {
        llmp_cmd_complain(who, "cannot send: %s", llmp_shmem_provider_explain(settings->client.sender.provider, rc));
    }
    return LLMP_CMD_FAILED;
}

/* Returns the exit code. */
static int send_lines(const char *who, const struct settings *settings, llmp_client *client,
                      struct llmp_cmd_lines *lines) {
    const char *line;
    size_t length;
    while (!llmp_cmd_stopped()) {
        int rc = llmp_cmd_lines_next(lines, llmp_cmd_slice(LLMP_FOREVER), &line, &length);
        if (rc == 0) {
            return LLMP_CMD_OK;
        }
        if (rc < 0 && rc != -EAGAIN) {
            llmp_cmd_complain(who, "cannot read standard input: %s", llmp_strerror(rc));
            return LLMP_CMD_FAILED;
        }
        rc = rc > 0 ? send_line(settings, client, line, length) : read_others(client);
        if (rc < 0) {
            return complain_send(who, rc, settings);
        }
    }
    return LLMP_CMD_OK;
}

/* Ends when the broker has mapped all that was said: from then on it does not need this process any more. */
static int leave(const char *who, const struct settings *settings, llmp_client *client) {
    int rc = llmp_client_free(client, settings->linger_ns);
    if (rc < 0) {
        llmp_cmd_complain(who, "messages may be lost: the broker did not take all within %g s (--linger)",
                          (double)settings->linger_ns / 1e9);
    }
    return rc < 0 ? LLMP_CMD_FAILED : LLMP_CMD_OK;
}

static int run(const char *who, const struct settings *settings) {
    struct llmp_cmd_lines lines;
    llmp_client *client;
    llmp_cmd_catch_stop(NULL, NULL);
    int rc = llmp_cmd_connect(who, &settings->client, settings->timeout_ns, &client);
    if (rc < 0) {
        return LLMP_CMD_FAILED; /* after a stop too: nothing was sent */
    }
    llmp_cmd_lines_init(&lines, STDIN_FILENO);
    rc = send_lines(who, settings, client, &lines);
    llmp_cmd_lines_fini(&lines);
    if (rc != LLMP_CMD_OK) { /* that was said already */
        llmp_client_free(client, LLMP_CMD_LINGER);
        return rc;
    }
    return leave(who, settings, client);
}

int llmp_cmd_send(int argc, char **argv) {
    struct settings settings = {.timeout_ns = LLMP_CMD_CONNECT, .linger_ns = LLMP_SECONDS(10)};
    const struct llmp_cmd_option options[] = {
        {"port", "N", "the broker's port", llmp_cmd_parse_port, &settings.client.port, true},
        {"host", "ADDRESS", "the broker's address [127.0.0.1]", llmp_cmd_parse_text, &settings.client.host, false},
        {"tag", "T", "the messages' tag: a number, or 0x and digits [0]", llmp_cmd_parse_tag, &settings.tag, false},
        {"provider", "NAME", "how to get shared memory: the broker's own", llmp_cmd_parse_provider,
         &settings.client.sender.provider, false},
        {"timeout", "S", "seconds to wait for the broker, to come or to read on [10]", llmp_cmd_parse_seconds,
         &settings.timeout_ns, false},
        {"linger", "S", "seconds to wait at the end until the broker has it all [10]", llmp_cmd_parse_seconds,
         &settings.linger_ns, false},
        {0},
    };
    const struct llmp_cmd_usage usage = {
        .subcommand = argv[0],
        .summary = "Sends each line of standard input, without its newline, as a message.",
        .options = options,
    };
    int rc;
    return llmp_cmd_options_parse(&usage, argc, argv, &rc) ? run(argv[0], &settings) : rc;
}
