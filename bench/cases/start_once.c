/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Two processes that start, pass one message, and end. Kept short: every call here is part of what is timed. */
#include "cases/start_once.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cases/channel.h"
#include "kit/pair.h"

enum { FIRST = 1, PAYLOAD = 8 };
static const uint64_t SEED = 1;

static int complain(const char *what, int rc) {
    fprintf(stderr, "llmp-bench start-once: %s: %s\n", what, llmp_strerror(rc));
    return 1;
}

/* The child replaces itself with this program, run with `arguments`. */
static int run_peer(const char *const arguments[]) {
    int status;
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        pair_die_with(parent);
        cores_pin(pair_cores.b);
        execv("/proc/self/exe", (char *const *)arguments);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        return 1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int once_baseline(void) {
    int ends[2];
    char end[16];
    if (pipe(ends) != 0 || write(ends[1], "1", 1) != 1) {
        return 1;
    }
    snprintf(end, sizeof end, "%d", ends[0]);
    const char *const arguments[] = {"llmp-bench", "start-peer", "--baseline", end, NULL};
    return run_peer(arguments);
}

static int once_channel(const char *provider_name) {
    llmp_sender_options options = {.provider = llmp_shmem_provider_find(provider_name)};
    llmp_sender *sender = NULL;
    struct payload payload;
    struct outcome out = {0};
    char size[32];
    int rc = options.provider == NULL ? -LLMP_E_NO_PROVIDER : llmp_sender_new(&options, &sender);
    if (rc != 0) {
        return complain(provider_name, rc);
    }
    payload_init(&payload, PAYLOAD, SEED);
    payload_stamp(&payload, FIRST);
    int status = 1;
    if (row_send(sender, TAG_TIMED, &payload, &out) == 0) {
        llmp_shmem_desc desc = llmp_sender_describe(sender);
        snprintf(size, sizeof size, "%zu", desc.size);
        const char *const arguments[] = {"llmp-bench", "start-peer", provider_name, size, desc.id.bytes, NULL};
        status = run_peer(arguments);
    }
    llmp_sender_free(sender, LLMP_NOWAIT);
    payload_fini(&payload);
    return status;
}

int start_once_main(int argc, char **argv) {
    const char *provider = NULL;
    pair_die_with(getppid());
    for (int i = 2; i < argc; i++) {
        int a, b;
        if (strcmp(argv[i], "--provider") == 0 && i + 1 < argc) {
            provider = argv[++i];
        } else if (strcmp(argv[i], "--cpus") == 0 && i + 1 < argc && sscanf(argv[i + 1], "%d,%d", &a, &b) == 2) {
            i++;
            if (cores_set(&pair_cores, a, b) == 0) {
                cores_pin(a);
            }
        } else if (strcmp(argv[i], "--baseline") != 0) {
            fprintf(stderr, "usage: llmp-bench start-once --provider NAME | --baseline  [--cpus A,B]\n");
            return 2;
        }
    }
    return provider != NULL ? once_channel(provider) : once_baseline();
}

static int peer_baseline(const char *descriptor) {
    char byte;
    int end;
    return sscanf(descriptor, "%d", &end) == 1 && read(end, &byte, 1) == 1 && byte == '1' ? 0 : 1;
}

static int peer_channel(const char *provider_name, const char *size, const char *id) {
    llmp_receiver_options options = {.provider = llmp_shmem_provider_find(provider_name)};
    llmp_receiver *receiver = NULL;
    llmp_message message;
    llmp_shmem_desc desc;
    struct payload payload;
    struct outcome out = {0};
    if (sscanf(size, "%zu", &desc.size) != 1 || llmp_shmem_id_set(&desc.id, id) != 0) {
        return 2;
    }
    int rc = llmp_receiver_new(&desc, &options, &receiver);
    if (rc != 0) {
        return complain(provider_name, rc);
    }
    payload_init(&payload, PAYLOAD, SEED);
    bool good = row_receive(receiver, &message, &out) == 0 && row_check(&payload, &message, FIRST, &out);
    llmp_receiver_free(receiver);
    payload_fini(&payload);
    return good ? 0 : 1;
}

int start_peer_main(int argc, char **argv) {
    pair_die_with(getppid());
    if (argc == 4 && strcmp(argv[2], "--baseline") == 0) {
        return peer_baseline(argv[3]);
    }
    return argc == 5 ? peer_channel(argv[2], argv[3], argv[4]) : 2;
}
