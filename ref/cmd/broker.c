/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* llmp broker: forwards messages between all clients that connect to its port. */
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
    const char *subcommand;
    const llmp_shmem_provider *provider;
    unsigned long long lost_messages;
};

/* Reports at 1, 2, 4, 8 … lost messages, because there can be millions. */
static void report_lost(struct reporter *reporter, uint32_t client, int rc) {
    reporter->lost_messages++;
    if ((reporter->lost_messages & (reporter->lost_messages - 1)) == 0) {
        llmp_cmd_report(reporter->subcommand, "messages lost so far: %llu, the last one of client %u: %s",
                        reporter->lost_messages, client, llmp_strerror(rc));
    }
}

/* " (3 times)", or nothing for one event. */
struct times {
    char text[40];
};

static struct times times_of(const llmp_broker_event *event) {
    struct times times = {""};
    if (event->count > 1) {
        snprintf(times.text, sizeof times.text, " (%llu times)", (unsigned long long)event->count);
    }
    return times;
}

/* A channel that a client named, or a TCP peer, whose id is 0. */
static void report_refused(const char *subcommand, const llmp_broker_event *event) {
    const char *reason = llmp_strerror(event->code);
    if (event->client != 0) {
        llmp_cmd_report(subcommand, "channel named by client %u refused: %s%s", (unsigned)event->client, reason,
                        times_of(event).text);
    } else {
        llmp_cmd_report(subcommand, "connection refused: %s%s", reason, times_of(event).text);
    }
}

static void on_event(void *context, const llmp_broker_event *event) {
    struct reporter *reporter = context;
    const char *subcommand = reporter->subcommand;
    unsigned client = event->client;
    switch (event->type) {
    case LLMP_EVENT_CLIENT_JOINED: llmp_cmd_report(subcommand, "client %u joined", client); break;
    case LLMP_EVENT_CLIENT_LEFT: llmp_cmd_report(subcommand, "client %u left", client); break;
    case LLMP_EVENT_CLIENT_REMOVED:
        llmp_cmd_report(subcommand, "client %u removed: %s", client, llmp_strerror(event->code));
        break;
    case LLMP_EVENT_PEER_REFUSED: report_refused(subcommand, event); break;
    case LLMP_EVENT_MESSAGE_LOST: report_lost(reporter, client, event->code); break;
    case LLMP_EVENT_OVERRUN:
        llmp_cmd_report(subcommand, "a page was evicted before all clients had read it: one reads too slowly%s",
                        times_of(event).text);
        break;
    case LLMP_EVENT_SHORTAGE:
        llmp_cmd_report(subcommand, "waiting: %s", llmp_shmem_provider_explain(reporter->provider, event->code));
        break;
    default: break;
    }
}

static void stop_broker(void *broker) {
    llmp_broker_stop(broker);
}

static int report_listen_error(const char *subcommand, const struct settings *settings, int rc) {
    struct llmp_cmd_address address = llmp_cmd_address_of(settings->host, settings->port);
    const char *hint = rc == -EADDRINUSE ? "; --port 0 picks a free one" : "";
    llmp_cmd_report(subcommand, "cannot listen on %s: %s%s", address.text, llmp_strerror(rc), hint);
    return LLMP_CMD_FAILED;
}

/* Scripts wait for the line "listening on", so it is flushed at once, and printed only after signals are caught. */
static int serve(const char *subcommand, const struct settings *settings, llmp_broker *broker) {
    int port = llmp_broker_listen(broker, settings->host, settings->port);
    if (port < 0) {
        return report_listen_error(subcommand, settings, port);
    }
    llmp_cmd_catch_stop(stop_broker, broker);
    printf("listening on %s\n", llmp_cmd_address_of(settings->host, (uint16_t)port).text);
    int exit_code = llmp_cmd_finish_output(subcommand, stdout);
    if (exit_code == LLMP_CMD_OK) {
        (void)llmp_broker_run(broker);
    }
    return exit_code;
}

static int run(const char *subcommand, struct settings *settings) {
    llmp_broker *broker;
    struct reporter reporter = {.subcommand = subcommand, .provider = settings->broker.provider};
    if (!settings->quiet) {
        settings->broker.on_event = on_event;
        settings->broker.event_context = &reporter;
    }
    int rc = llmp_broker_new(&settings->broker, &broker);
    if (rc < 0) {
        llmp_cmd_report(subcommand, "cannot start: %s", llmp_shmem_provider_explain(settings->broker.provider, rc));
        return LLMP_CMD_FAILED;
    }
    int exit_code = serve(subcommand, settings, broker);
    llmp_cmd_catch_stop(NULL, NULL); /* the signal handler must not use the broker after it is freed */
    llmp_broker_free(broker, LLMP_CMD_LINGER);
    return exit_code;
}

int llmp_cmd_broker(int argc, char **argv) {
    struct settings settings = {0};
    const struct llmp_cmd_option options[] = {
        {"port", "N", "TCP port to listen on; 0 picks a free one", llmp_cmd_parse_any_port, &settings.port, true},
        {"host", "ADDRESS", "address to listen on [127.0.0.1]", llmp_cmd_parse_text, &settings.host, false},
        {"provider", "NAME", "provider of shared memory, see 'llmp providers'", llmp_cmd_parse_provider,
         &settings.broker.provider, false},
        {"history", "N|all", "pages kept for clients that join late [as many as fit in 64 MiB]", llmp_cmd_parse_history,
         &settings.broker.history, false},
        {"exit-after", "N", "exit when N clients have joined and all have left", llmp_cmd_parse_count,
         &settings.broker.exit_after, false},
        {"quiet", NULL, "do not report clients on stderr", NULL, &settings.quiet, false},
        {0},
    };
    const struct llmp_cmd_usage usage = {
        .subcommand = argv[0],
        .summary = "Forwards each client's messages to all clients, until SIGINT or SIGTERM.",
        .details = "Prints 'listening on ADDRESS:PORT' when clients can connect. All clients must use its provider.",
        .options = options,
    };
    int exit_code;
    return llmp_cmd_options_parse(&usage, argc, argv, &exit_code) ? run(argv[0], &settings) : exit_code;
}
