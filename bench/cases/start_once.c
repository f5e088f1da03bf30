/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Two programs that start, pass one message, and end. Kept short, because everything here is part of the measured time.
 */
#include "cases/start_once.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit/pair.h"
#include "subjects/subjects.h"

enum { FIRST = 1, PAYLOAD = 8, EXIT_USAGE = 2, EXEC_FAILED = 127 };
static const uint64_t SEED = 1;

static int fail(const char *what, const char *error) {
    fprintf(stderr, "llmp-bench start-once: %s: %s\n", what, error);
    return 1;
}

/* Runs this program again with `arguments`, on the other core. Returns its exit status. */
static int run_peer(const char *const arguments[]) {
    int status;
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        pair_die_with(parent);
        cores_pin(pair_cores.b);
        execv("/proc/self/exe", (char *const *)arguments);
        _exit(EXEC_FAILED);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        return 1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int start_baseline(void) {
    int ends[2];
    char end[16];
    if (pipe(ends) != 0 || write(ends[1], "1", 1) != 1) {
        return 1;
    }
    snprintf(end, sizeof end, "%d", ends[0]);
    const char *const arguments[] = {"llmp-bench", "start-peer", "--baseline", end, NULL};
    return run_peer(arguments);
}

/* Sends the first message and starts the receiver. */
static int send_first(const char *name, const struct channel_ops *ops, struct channel *channel, struct sender *sender) {
    struct outcome out = {0};
    struct payload payload;
    char address[CHANNEL_ADDRESS_SIZE];
    if (payload_init(&payload, PAYLOAD, SEED) != 0) {
        return fail(name, "no memory");
    }
    int status;
    if (ops->loops->send_one(sender, PHASE_TIMED, &payload, FIRST, &out)) {
        ops->address(channel, address);
        const char *const arguments[] = {"llmp-bench", "start-peer", name, address, NULL};
        status = run_peer(arguments);
    } else {
        status = fail(name, out.error);
    }
    payload_fini(&payload);
    return status;
}

static int start_channel(const char *name) {
    const struct subject *subject = subject_find(name);
    if (subject == NULL || subject->channel == NULL || subject->channel->address == NULL) {
        return fail(name, "no such subject, or it has no addresses");
    }
    const struct channel_ops *ops = subject->channel;
    struct channel_options options = {.payload = PAYLOAD};
    struct channel *channel = NULL;
    struct sender *sender = NULL;
    int rc = ops->create(subject, &options, &channel);
    if (rc != 0) {
        return fail(name, subject->error_text(rc));
    }
    rc = ops->open_sender(channel, &sender);
    int status = rc == 0 ? send_first(name, ops, channel, sender) : fail(name, subject->error_text(rc));
    if (rc == 0) {
        ops->close_sender(channel, sender, 0);
    }
    ops->destroy(channel);
    return status;
}

int start_once_main(int argc, char **argv) {
    const char *name = NULL;
    pair_die_with(getppid());
    for (int i = 2; i < argc; i++) {
        int a, b;
        if (strcmp(argv[i], "--subject") == 0 && i + 1 < argc) {
            name = argv[++i];
        } else if (strcmp(argv[i], "--cpus") == 0 && i + 1 < argc && sscanf(argv[i + 1], "%d,%d", &a, &b) == 2) {
            i++;
            if (cores_set(&pair_cores, a, b) == 0) {
                cores_pin(a);
            }
        } else if (strcmp(argv[i], "--baseline") != 0) {
            fprintf(stderr, "usage: llmp-bench start-once --subject NAME | --baseline  [--cpus A,B]\n");
            return EXIT_USAGE;
        }
    }
    return name != NULL ? start_channel(name) : start_baseline();
}

static int receive_baseline(const char *descriptor) {
    char byte;
    int end;
    return sscanf(descriptor, "%d", &end) == 1 && read(end, &byte, 1) == 1 && byte == '1' ? 0 : 1;
}

static int receive_channel(const char *name, const char *address) {
    const struct subject *subject = subject_find(name);
    struct receiver *receiver = NULL;
    struct outcome out = {0};
    struct payload payload;
    if (subject == NULL || payload_init(&payload, PAYLOAD, SEED) != 0) {
        return EXIT_USAGE;
    }
    int rc = subject->channel->open_address(subject, address, &receiver);
    if (rc != 0) {
        payload_fini(&payload);
        return fail(name, subject->error_text(rc));
    }
    bool received = subject->channel->loops->receive_one(receiver, &payload, FIRST, &out);
    subject->channel->close_receiver(receiver);
    payload_fini(&payload);
    return received ? 0 : fail(name, out.error);
}

int start_peer_main(int argc, char **argv) {
    pair_die_with(getppid());
    if (argc != 4) {
        return EXIT_USAGE;
    }
    return strcmp(argv[2], "--baseline") == 0 ? receive_baseline(argv[3]) : receive_channel(argv[2], argv[3]);
}
