/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* llmp recv: prints what the clients of a broker say. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/options.h"

struct settings {
    llmp_client_options client;
    uint32_t count;     /* 0: all */
    int64_t timeout_ns; /* 0: for the broker the usual, for a message without end */
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

/* The page is writable by others, and what was found to be text must still be text when it is printed: so, a copy. */
static int print_json(const llmp_message *message) {
    void *copy = malloc(message->length + 1);
    if (!copy) {
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

/* Whoever reads the output may end before we do: that is his right (1). A stop is no error either (-EINTR). */
static int output_failed(void) {
    int error = errno;
    bool stopped = error == EINTR && llmp_cmd_stopped();
    if (error != EPIPE && !stopped) {
        return error ? -error : -EIO;
    }
    clearerr(stdout); /* or the end of the program would take it for a failure */
    return stopped ? -EINTR : 1;
}

static int flush_output(void) {
    errno = 0;
    return fflush(stdout) == 0 ? 0 : output_failed();
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
    return ferror(stdout) ? output_failed() : 0;
}

/* ------------------------------------------------------------------ receiving */

/* Output is flushed when there is a pause, not for each message. */
static int next_message(const struct settings *settings, llmp_client *client, llmp_message *message) {
    int rc = llmp_client_recv(client, message, LLMP_NOWAIT);
    if (rc != -EAGAIN) {
        return rc;
    }
    rc = flush_output();
    if (rc != 0) {
        return rc;
    }
    int64_t end = settings->timeout_ns ? llmp_cmd_now() + settings->timeout_ns : INT64_MAX;
    for (;;) {
        int64_t left = end - llmp_cmd_now();
        if (left <= 0 || llmp_cmd_stopped()) {
            return left <= 0 ? -ETIMEDOUT : -EINTR;
        }
        rc = llmp_client_recv(client, message, llmp_cmd_slice(left));
        if (rc != -ETIMEDOUT) {
            return rc;
        }
    }
}

/* Why it ended: 1 when nobody reads the output any more, or a code. */
static int print_messages(const struct settings *settings, llmp_client *client, uint32_t *printed) {
    llmp_message message;
    while (settings->count == 0 || *printed < settings->count) {
        if (llmp_cmd_stopped()) {
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

static int conclude(const char *who, const struct settings *settings, int rc, uint32_t printed) {
    bool wanting = settings->count > printed;
    switch (rc) {
    case -EINTR:
    case 0:
    case 1: return LLMP_CMD_OK;
    case -LLMP_E_CLOSED: return LLMP_CMD_OK;
    case -ETIMEDOUT:
        if (wanting) {
            llmp_cmd_complain(who, "%u of %u messages came, then none for %g s", (unsigned)printed,
                              (unsigned)settings->count, (double)settings->timeout_ns / 1e9);
        }
        return wanting ? LLMP_CMD_FAILED : LLMP_CMD_OK;
    default: llmp_cmd_complain(who, "%s", llmp_strerror(rc)); return LLMP_CMD_FAILED;
    }
}

static int run(const char *who, const struct settings *settings) {
    int64_t connect_ns = settings->timeout_ns ? settings->timeout_ns : LLMP_CMD_CONNECT;
    uint32_t printed = 0;
    llmp_client *client;
    llmp_cmd_catch_stop(NULL, NULL);
    int rc = llmp_cmd_connect(who, &settings->client, connect_ns, &client);
    if (rc < 0) {
        return rc == -EINTR ? LLMP_CMD_OK : LLMP_CMD_FAILED;
    }
    rc = print_messages(settings, client, &printed);
    int end = conclude(who, settings, rc, printed);
    if (end == LLMP_CMD_OK && rc != 1) {
        end = llmp_cmd_finish_output(who, stdout);
    }
    llmp_client_free(client, LLMP_CMD_LINGER);
    return end;
}

int llmp_cmd_recv(int argc, char **argv) {
    struct settings settings = {0};
    const struct llmp_cmd_option options[] = {
        {"port", "N", "the broker's port", llmp_cmd_parse_port, &settings.client.port, true},
        {"host", "ADDRESS", "the broker's address [127.0.0.1]", llmp_cmd_parse_text, &settings.client.host, false},
        {"count", "K", "end after that many messages", llmp_cmd_parse_count, &settings.count, false},
        {"provider", "NAME", "how to get shared memory: the broker's own", llmp_cmd_parse_provider,
         &settings.client.sender.provider, false},
        {"timeout", "S", "seconds to wait for the broker [10] and for a message [without end]", llmp_cmd_parse_seconds,
         &settings.timeout_ns, false},
        {"raw", NULL, "print payloads as they are, with nothing between them", NULL, &settings.raw, false},
        {"json", NULL, "print an object a message, sender, tag and flags included", NULL, &settings.json, false},
        {0},
    };
    const struct llmp_cmd_usage usage = {
        .subcommand = argv[0],
        .summary = "Prints the payload of each message of the broker's clients, a line each.",
        .details =
            "It starts with the oldest message that the broker still has, and ends when the broker says that it\n"
            "ends, after --count messages, or when none comes for --timeout seconds, which is a failure if\n"
            "--count is not reached. A broker that was killed says nothing: then only --timeout ends it.",
        .options = options,
    };
    int rc;
    if (!llmp_cmd_options_parse(&usage, argc, argv, &rc)) {
        return rc;
    }
    if (settings.raw && settings.json) {
        llmp_cmd_complain(argv[0], "--raw and --json exclude each other");
        return LLMP_CMD_USAGE;
    }
    return run(argv[0], &settings);
}
