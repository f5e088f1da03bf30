/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* llmp recv: prints the messages of a broker's clients. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/options.h"

struct settings {
    llmp_client_options client;
    uint32_t count;     /* 0: all */
    int64_t timeout_ns; /* 0: LLMP_CMD_CONNECT for the broker, no timeout for messages */
    bool raw, json;
};

/* ------------------------------------------------------------------ printing */

static void print_hex(const unsigned char *bytes, size_t length) {
    putchar('"');
    for (size_t i = 0; i < length; i++) {
        printf("%02x", bytes[i]);
    }
    putchar('"');
}

/* Prints a copy of the payload: another process can change the page after the check for UTF-8 and before the output. */
static int print_json(const llmp_message *message) {
    void *copy = malloc(message->length + 1);
    if (copy == NULL) {
        return -ENOMEM;
    }
    memcpy(copy, message->payload, message->length);
    printf("{\"sender\":%u,\"tag\":%u,\"flags\":%u,\"length\":%zu,", (unsigned)message->sender, (unsigned)message->tag,
           (unsigned)message->flags, message->length);
    fputs("\"payload\":", stdout);
    if (!llmp_cmd_json_string(stdout, copy, message->length)) {
        fputs("null,\"payload_hex\":", stdout);
        print_hex(copy, message->length);
    }
    fputs("}\n", stdout);
    free(copy);
    return 0;
}

/*
 * Returns the code for failed output: 1 if the reader closed the pipe, which is no error, -EINTR after a stop request,
 * or the error.
 */
static int output_error(void) {
    int error = errno;
    bool stopped = error == EINTR && llmp_cmd_stop_requested();
    if (error != EPIPE && !stopped) {
        return error != 0 ? -error : -EIO;
    }
    clearerr(stdout); /* main() must not report it as a failure */
    return stopped ? -EINTR : 1;
}

static int flush_output(void) {
    errno = 0;
    return fflush(stdout) == 0 ? 0 : output_error();
}

static int print_message(const struct settings *settings, const llmp_message *message) {
    errno = 0;
    if (settings->json) {
        int rc = print_json(message);
        if (rc < 0) {
            return rc;
        }
    } else {
        fwrite(message->payload, 1, message->length, stdout);
        if (!settings->raw) {
            putchar('\n');
        }
    }
    return ferror(stdout) != 0 ? output_error() : 0;
}

/* ------------------------------------------------------------------ receiving */

/* Flushes the output before it waits, so not once per message. */
static int next_message(const struct settings *settings, llmp_client *client, llmp_message *message) {
    int rc = llmp_client_recv(client, message, LLMP_NOWAIT);
    if (rc != -EAGAIN) {
        return rc;
    }
    rc = flush_output();
    if (rc != 0) {
        return rc;
    }
    int64_t end = settings->timeout_ns > 0 ? llmp_cmd_now() + settings->timeout_ns : INT64_MAX;
    for (;;) {
        int64_t left = end - llmp_cmd_now();
        if (left <= 0 || llmp_cmd_stop_requested()) {
            return left <= 0 ? -ETIMEDOUT : -EINTR;
        }
        rc = llmp_client_recv(client, message, llmp_cmd_limit_timeout(left));
        if (rc != -ETIMEDOUT) {
            return rc;
        }
    }
}

/* Returns 0 after --count messages, 1 if the reader of the output closed the pipe, or a negative code. */
static int print_messages(const struct settings *settings, llmp_client *client, uint32_t *printed) {
    llmp_message message;
    while (settings->count == 0 || *printed < settings->count) {
        if (llmp_cmd_stop_requested()) {
            return -EINTR;
        }
        int rc = next_message(settings, client, &message);
        if (rc == 0) {
            rc = print_message(settings, &message);
        }
        if (rc != 0) {
            return rc;
        }
        ++*printed;
    }
    return 0;
}

/* Reports an error. Returns the exit code. */
static int report_end(const char *subcommand, const struct settings *settings, int rc, uint32_t printed) {
    bool incomplete = settings->count > printed;
    switch (rc) {
    case -EINTR:
    case 0:
    case 1: return LLMP_CMD_OK;
    case -LLMP_E_CLOSED: return LLMP_CMD_OK;
    case -ETIMEDOUT:
        if (incomplete) {
            llmp_cmd_report(subcommand, "received %u of %u messages, then none for %g s", (unsigned)printed,
                            (unsigned)settings->count, (double)settings->timeout_ns / 1e9);
        }
        return incomplete ? LLMP_CMD_FAILED : LLMP_CMD_OK;
    default: llmp_cmd_report(subcommand, "%s", llmp_strerror(rc)); return LLMP_CMD_FAILED;
    }
}

static int run(const char *subcommand, const struct settings *settings) {
    int64_t connect_ns = settings->timeout_ns > 0 ? settings->timeout_ns : LLMP_CMD_CONNECT;
    uint32_t printed = 0;
    llmp_client *client;
    llmp_cmd_catch_stop(NULL, NULL);
    int rc = llmp_cmd_connect(subcommand, &settings->client, connect_ns, &client);
    if (rc < 0) {
        return rc == -EINTR ? LLMP_CMD_OK : LLMP_CMD_FAILED;
    }
    rc = print_messages(settings, client, &printed);
    int exit_code = report_end(subcommand, settings, rc, printed);
    if (exit_code == LLMP_CMD_OK && rc != 1) {
        exit_code = llmp_cmd_finish_output(subcommand, stdout);
    }
    (void)llmp_client_free(client, LLMP_CMD_LINGER);
    return exit_code;
}

int llmp_cmd_recv(int argc, char **argv) {
    struct settings settings = {0};
    const struct llmp_cmd_option options[] = {
        {"port", "N", "the broker's port", llmp_cmd_parse_port, &settings.client.port, true},
        {"host", "ADDRESS", "the broker's address [127.0.0.1]", llmp_cmd_parse_text, &settings.client.host, false},
        {"count", "K", "exit after K messages", llmp_cmd_parse_count, &settings.count, false},
        {"provider", "NAME", "provider of shared memory, the same as the broker's", llmp_cmd_parse_provider,
         &settings.client.sender.provider, false},
        {"timeout", "S", "timeout in seconds for the broker [10] and for each message [none]", llmp_cmd_parse_seconds,
         &settings.timeout_ns, false},
        {"raw", NULL, "print payloads without newlines between them", NULL, &settings.raw, false},
        {"json", NULL, "print one JSON object per message, with sender, tag and flags", NULL, &settings.json, false},
        {0},
    };
    const struct llmp_cmd_usage usage = {
        .subcommand = argv[0],
        .summary = "Prints the payload of each message of the broker's clients on a line.",
        .details =
            "It starts with the oldest message that the broker still has. It exits when the broker ends, after\n"
            "--count messages, or when no message arrives for --timeout seconds, which is a failure if --count is\n"
            "not reached. If the broker was killed, it exits only after --timeout.",
        .options = options,
    };
    int exit_code;
    if (!llmp_cmd_options_parse(&usage, argc, argv, &exit_code)) {
        return exit_code;
    }
    if (settings.raw && settings.json) {
        llmp_cmd_report(argv[0], "--raw and --json cannot be combined");
        return LLMP_CMD_USAGE;
    }
    return run(argv[0], &settings);
}
