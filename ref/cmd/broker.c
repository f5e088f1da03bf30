/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* llmp broker: joins the channels of all clients that come to its port. */
#include <errno.h>

#include "cmd/cmd.h"
#include "cmd/options.h"

struct settings {
    const char *host;
    uint16_t port;
    bool quiet;
    llmp_broker_options broker;
};

struct reporter {
    const char *who;
    unsigned long long lost; /* messages */
};

/* Not a line a message: there can be millions. */
static void complain_lost(struct reporter *reporter, uint32_t client, int rc) {
    reporter->lost++;
    if ((reporter->lost & (reporter->lost - 1)) == 0) {
        llmp_cmd_complain(reporter->who, "messages lost so far: %llu, this one of client %u: %s", reporter->lost,
                          client, llmp_strerror(rc));
    }
}

static void on_event(void *context, const llmp_broker_event *event) {
    struct reporter *reporter = context;
    const char *who = reporter->who;
    unsigned client = event->client;
    int rc = event->code;
    switch (event->type) {
    case LLMP_EVENT_CLIENT_JOINED: llmp_cmd_complain(who, "client %u joined", client); break;
    case LLMP_EVENT_CLIENT_LEFT: llmp_cmd_complain(who, "client %u left", client); break;
    case LLMP_EVENT_CLIENT_REMOVED: llmp_cmd_complain(who, "client %u removed: %s", client, llmp_strerror(rc)); break;
    case LLMP_EVENT_PEER_REFUSED: llmp_cmd_complain(who, "connection refused: %s", llmp_strerror(rc)); break;
    case LLMP_EVENT_MESSAGE_LOST: complain_lost(reporter, client, rc); break;
    case LLMP_EVENT_OVERRUN: llmp_cmd_complain(who, "a client reads too slowly: a page was given up unread"); break;
    default: break;
    }
}

static void stop_broker(void *broker) {
    llmp_broker_stop(broker);
}

static int complain_listen(const char *who, const struct settings *settings, int rc) {
    struct llmp_cmd_address at = llmp_cmd_address_of(settings->host, settings->port);
    const char *hint = rc == -EADDRINUSE ? "; --port 0 picks a free one" : "";
    llmp_cmd_complain(who, "cannot listen on %s: %s%s", at.text, llmp_strerror(rc), hint);
    return LLMP_CMD_FAILED;
}

/* The line is what scripts wait for, so it goes out at once, and only when a stop is already caught. */
static int serve(const char *who, const struct settings *settings, llmp_broker *broker) {
    int port = llmp_broker_listen(broker, settings->host, settings->port);
    if (port < 0) {
        return complain_listen(who, settings, port);
    }
    llmp_cmd_catch_stop(stop_broker, broker);
    printf("listening on %s\n", llmp_cmd_address_of(settings->host, (uint16_t)port).text);
    int rc = llmp_cmd_finish_output(who, stdout);
    if (rc != LLMP_CMD_OK) {
        return rc;
    }
    (void)llmp_broker_run(broker);
    return LLMP_CMD_OK;
}

static int run(const char *who, struct settings *settings) {
    llmp_broker *broker;
    struct reporter reporter = {.who = who};
    if (!settings->quiet) {
        settings->broker.on_event = on_event;
        settings->broker.event_context = &reporter;
    }
    int rc = llmp_broker_new(&settings->broker, &broker);
    if (rc < 0) {
        llmp_cmd_complain(who, "cannot start: %s", llmp_shmem_provider_explain(settings->broker.provider, rc));
        return LLMP_CMD_FAILED;
    }
    rc = serve(who, settings, broker);
    llmp_cmd_catch_stop(NULL, NULL); /* a signal must not reach the broker that is about to go */
    llmp_broker_free(broker, LLMP_CMD_LINGER);
    return rc;
}

int llmp_cmd_broker(int argc, char **argv) {
    struct settings settings = {0};
    const struct llmp_cmd_option options[] = {
        {"port", "N", "the TCP port where clients come; 0 picks a free one", llmp_cmd_parse_any_port, &settings.port,
         true},
        {"host", "ADDRESS", "where to listen [127.0.0.1]", llmp_cmd_parse_text, &settings.host, false},
        {"provider", "NAME", "how to get shared memory: see 'llmp providers'", llmp_cmd_parse_provider,
         &settings.broker.provider, false},
        {"history", "N|all", "pages kept for clients that come late [as many as fit in 64 MiB]", llmp_cmd_parse_history,
         &settings.broker.history, false},
        {"exit-after", "N", "end when that many clients came and all went", llmp_cmd_parse_count,
         &settings.broker.exit_after, false},
        {"quiet", NULL, "do not report clients on stderr", NULL, &settings.quiet, false},
        {0},
    };
    const struct llmp_cmd_usage usage = {
        .subcommand = argv[0],
        .summary = "Passes each client's messages on to all clients, until SIGINT or SIGTERM.",
        .details = "It prints 'listening on ADDRESS:PORT' when clients can come. All clients have to use its provider.",
        .options = options,
    };
    int rc;
    return llmp_cmd_options_parse(&usage, argc, argv, &rc) ? run(argv[0], &settings) : rc;
}
