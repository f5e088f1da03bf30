/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Connecting a client to its broker, and reporting an error with a hint. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "cmd/cmd.h"

void llmp_cmd_report(const char *subcommand, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "llmp %s: ", subcommand);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

struct llmp_cmd_address llmp_cmd_address_of(const char *host, uint16_t port) {
    struct llmp_cmd_address address;
    const char *name = host != NULL ? host : "127.0.0.1";
    bool v6 = strchr(name, ':') != NULL;
    snprintf(address.text, sizeof address.text, "%s%.280s%s:%u", v6 ? "[" : "", name, v6 ? "]" : "", (unsigned)port);
    return address;
}

int64_t llmp_cmd_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void report_connect_error(const char *subcommand, const llmp_client_options *options, int64_t timeout_ns,
                                 int rc) {
    struct llmp_cmd_address address = llmp_cmd_address_of(options->host, options->port);
    const llmp_shmem_provider *provider = options->sender.provider;
    provider = provider != NULL ? provider : llmp_shmem_provider_default();
    if (rc == -ETIMEDOUT) {
        llmp_cmd_report(subcommand, "no broker answered at %s within %g s; 'llmp broker --port %u' starts one",
                        address.text, (double)timeout_ns / 1e9, (unsigned)options->port);
    } else if (rc == -LLMP_E_REFUSED) {
        llmp_cmd_report(subcommand, "the broker at %s refused this client; does it use another --provider than %s?",
                        address.text, llmp_shmem_provider_name(provider));
    } else {
        llmp_cmd_report(subcommand, "cannot connect to the broker at %s: %s", address.text,
                        llmp_shmem_provider_explain(provider, rc));
    }
}

bool llmp_cmd_is_shortage(int rc) {
    return rc == -ENOSPC || rc == -ENOMEM || rc == -EMFILE || rc == -ENFILE;
}

/*
 * Connects for at most a second at a time, because llmp_client_connect() does not return when a signal arrives. Other
 * processes may free the memory that this one needs.
 */
int llmp_cmd_connect(const char *subcommand, const llmp_client_options *options, int64_t timeout_ns,
                     llmp_client **out) {
    int64_t deadline = llmp_cmd_now() + timeout_ns, left = timeout_ns;
    int rc;
    do {
        rc = llmp_client_connect(options, left < LLMP_SECONDS(1) ? left : LLMP_SECONDS(1), out);
        if (llmp_cmd_is_shortage(rc)) {
            nanosleep(&(struct timespec){.tv_nsec = LLMP_CMD_SHORTAGE_PAUSE}, NULL);
        }
        left = deadline - llmp_cmd_now();
    } while ((rc == -ETIMEDOUT || llmp_cmd_is_shortage(rc)) && left > 0 && !llmp_cmd_stop_requested());
    if (rc < 0 && llmp_cmd_stop_requested()) {
        return -EINTR;
    }
    if (rc < 0) {
        report_connect_error(subcommand, options, timeout_ns, rc);
    }
    return rc;
}
