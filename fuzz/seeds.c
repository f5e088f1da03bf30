/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Creates the first inputs of the fuzzers from real sessions: pages that a sender and a client wrote, frames that a
 * broker and its peers exchange. `seeds FOLDER` writes FOLDER/TARGET/seed-NAME.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "channel/page.h"
#include "channel/sender.h"
#include "llmp/llmp.h"
#include "net/handshake.h"
#include "platform/platform.h"
#include "rig/bundle.h"
#include "rig/frames.h"
#include "rig/maps.h"

struct bytes {
    uint8_t at[32768];
    size_t length;
};

static const char *folder;

static void add(struct bytes *bytes, const void *from, size_t length) {
    if (length <= sizeof bytes->at - bytes->length) {
        memcpy(bytes->at + bytes->length, from, length);
        bytes->length += length;
    }
}

static void add_u8(struct bytes *bytes, unsigned value) {
    uint8_t byte = (uint8_t)value;
    add(bytes, &byte, 1);
}

static void write_seed(const char *target, const char *name, const struct bytes *bytes) {
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, target);
    (void)mkdir(path, 0777);
    (void)snprintf(path, sizeof path, "%s/%s/seed-%s", folder, target, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes->at, 1, bytes->length, file) != bytes->length || fclose(file) != 0) {
        (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(1);
    }
}

/* Writes the seed NAME-NUMBER. */
static void write_numbered(const char *target, const char *name, unsigned number, const struct bytes *bytes) {
    char numbered[32];
    (void)snprintf(numbered, sizeof numbered, "%s-%u", name, number);
    write_seed(target, numbered, bytes);
}

/* ---------------------------------------------------------------- pages */

/* Replaces segment ids, which another run does not have, by the number of the page. */
static void replace_ids(uint8_t *page, size_t size) {
    for (size_t i = 0; i + LLMP_SHMEM_ID_SIZE <= size; i++) {
        char id[LLMP_SHMEM_ID_SIZE] = {0};
        memcpy(id, page + i, sizeof id - 1);
        int segment = id[0] >= '1' && id[0] <= '9' ? fuzz_maps_find(id) : -1;
        if (segment >= 0 && strlen(id) == 9) {
            memset(page + i, 0, sizeof id);
            (void)snprintf((char *)page + i, sizeof id, "%d", segment + 1);
        }
    }
}

/* Writes all segments as one input. */
static void write_pages(const char *name, const uint8_t options[FUZZ_BUNDLE_OPTIONS]) {
    struct bytes seed = {.length = 0};
    add(&seed, options, FUZZ_BUNDLE_OPTIONS);
    for (int i = 0; i < FUZZ_BUNDLE_PAGES && fuzz_maps_size(i) != 0; i++) {
        static uint8_t page[FUZZ_SEGMENT_MAX];
        size_t size = fuzz_maps_size(i);
        memcpy(page, fuzz_maps_bytes(i), size);
        replace_ids(page, size);
        add_u8(&seed, (unsigned)size & 0xff);
        add_u8(&seed, (unsigned)(size >> 8));
        add(&seed, page, size);
    }
    write_seed("page", name, &seed);
    write_seed("broker", name, &seed);
}

static void begin(void) {
    fuzz_platform_begin();
    fuzz_maps_begin(1);
}

static llmp_sender *new_sender(void) {
    llmp_sender_options options = {
        .provider = &fuzz_maps, .page_size = 512, .page_policy = LLMP_PAGES_KEEP, .sender_id = 1};
    llmp_sender *sender;
    if (llmp_sender_new(&options, &sender) != 0) {
        exit(1);
    }
    return sender;
}

static void seed_channel(const char *name, size_t length, uint32_t count, bool ends, uint8_t flags) {
    static const uint8_t payload[1024] = {1, 2, 3};
    const uint8_t header[FUZZ_BUNDLE_OPTIONS] = {flags, 1, 2, 128, 0, 16, 3};
    begin();
    llmp_sender *sender = new_sender();
    for (uint32_t i = 0; i < count; i++) {
        (void)llmp_send(sender, 7 + i, i % 8, payload, length + i, LLMP_NOWAIT);
    }
    if (ends) {
        (void)llmp_sender_exit(sender, LLMP_NOWAIT);
    }
    write_pages(name, header);
    (void)llmp_sender_free(sender, LLMP_NOWAIT);
}

/* The messages of the protocol that only clients send. */
static void seed_client(void) {
    const uint8_t header[FUZZ_BUNDLE_OPTIONS] = {0};
    const uint32_t id[2] = {3, 0};
    void *payload;
    begin();
    llmp_sender *other = new_sender();
    llmp_sender *sender = new_sender();
    llmp_shmem_desc desc = llmp_sender_describe(other);
    (void)llmp_sender_alloc(sender, LLMP_EOP_PAYLOAD, LLMP_NOWAIT, &payload);
    memset(payload, 0, LLMP_EOP_PAYLOAD);
    memcpy(payload, &desc.size, sizeof(uint64_t));
    memcpy((uint8_t *)payload + sizeof(uint64_t), desc.id.bytes, sizeof desc.id.bytes);
    (void)llmp_sender_commit_as(sender, 1, LLMP_TAG_NEW_SHM_CLIENT, 0);
    (void)llmp_sender_alloc(sender, 0, LLMP_NOWAIT, &payload);
    (void)llmp_sender_commit_as(sender, 1, LLMP_TAG_SLOW_RECEIVER, 0);
    (void)llmp_sender_alloc(sender, sizeof id, LLMP_NOWAIT, &payload);
    memcpy(payload, id, sizeof id);
    (void)llmp_sender_commit_as(sender, 1, LLMP_TAG_CLIENT_EXIT, 0);
    write_pages("client", header);
    (void)llmp_sender_free(sender, LLMP_NOWAIT);
    (void)llmp_sender_free(other, LLMP_NOWAIT);
}

/* ---------------------------------------------------------------- frames and messages */

static const llmp_shmem_desc page_one = {.size = 512, .id = {"1"}};

static struct bytes encode_request(enum llmp_request_kind kind) {
    struct llmp_request request = {.kind = kind, .id = 3, .desc = page_one, .text = llmp_span_of_text("h\xc3\xb6st")};
    struct bytes bytes;
    bytes.length = (size_t)llmp_request_encode(&request, bytes.at, sizeof bytes.at);
    return bytes;
}

static struct bytes encode_response(enum llmp_response_kind kind) {
    struct llmp_response response = {.kind = kind, .id = 3, .desc = page_one, .text = llmp_span_of_text("h\xc3\xb6st")};
    struct bytes bytes;
    bytes.length = (size_t)llmp_response_encode(&response, bytes.at, sizeof bytes.at);
    return bytes;
}

static void add_frame(struct bytes *bytes, const struct bytes *body) {
    uint8_t head[FUZZ_FRAME_HEAD];
    fuzz_frame_head(head, body->length);
    add(bytes, head, sizeof head);
    add(bytes, body->at, body->length);
}

static void seed_message(const struct bytes *body, unsigned type, const char *name, unsigned kind) {
    struct bytes seed = {.length = 0};
    add_u8(&seed, type);
    add(&seed, body->at, body->length);
    write_numbered("postcard", name, kind, &seed);
}

/* A text near the maximal length: truncated within a character, it would not be UTF-8. */
static void seed_long_text(size_t length, const char *name) {
    struct bytes seed = {.length = 0};
    add_u8(&seed, 2);
    for (size_t i = 0; i + 3 <= length; i += 3) {
        add(&seed, "\xe2\x82\xac", 3);
    }
    write_seed("postcard", name, &seed);
}

/* A stream of all messages that arrives in pieces of three bytes and ends with a hang-up. */
static void seed_frames(void) {
    struct bytes stream = {.length = 0};
    add(&stream, "\x01\x05\x04\x03\x03\x00\x01", 7);
    for (unsigned kind = 0; kind < LLMP_REQUEST_KINDS; kind++) {
        struct bytes body = encode_request((enum llmp_request_kind)kind);
        add_frame(&stream, &body);
        seed_message(&body, 0, "request", kind);
    }
    for (unsigned kind = 0; kind < LLMP_RESPONSE_KINDS; kind++) {
        struct bytes body = encode_response((enum llmp_response_kind)kind);
        add_frame(&stream, &body);
        seed_message(&body, 1, "response", kind);
    }
    write_seed("frame", "stream", &stream);
}

/* A peer that sends one request of each kind. The targets describe the layout of their inputs. */
static void seed_requests(void) {
    for (unsigned kind = 0; kind < LLMP_REQUEST_KINDS; kind++) {
        struct bytes seed = {.length = 0};
        struct bytes frame = {.length = 0};
        struct bytes body = encode_request((enum llmp_request_kind)kind);
        add_frame(&frame, &body);
        add(&seed, "\x00\x00\x00\x07", 4);
        add_u8(&seed, 1);
        add_u8(&seed, (unsigned)frame.length);
        add(&seed, frame.at, frame.length);
        add(&seed, "\x07\x05\x07", 3);
        write_numbered("handshake", "peer", kind, &seed);
    }
    /* No descriptor is left for a second peer while the first one is silent; another peer when the broker is freed. */
    struct bytes starved = {.length = 0};
    add(&starved, "\x14\x00\x00\x07\x87\x02\xc6\x00\x00\x07", 10);
    write_seed("handshake", "starved", &starved);
}

/* A client that is accepted. */
static void seed_client_handshake(void) {
    struct bytes client = {.length = 0};
    struct bytes hello = encode_response(LLMP_RESPONSE_BROKER_CONNECT_HELLO);
    struct bytes accepted = encode_response(LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED);
    add(&client, "\x08\x00", 2);
    add_frame(&client, &hello);
    add_frame(&client, &accepted);
    write_seed("connect", "welcome", &client);
}

/* ---------------------------------------------------------------- ids and operations */

static void seed_ids(void) {
    static const char *const texts[] = {"0", "7", "2147483647", "2147483648", "007", "/libafl_1_abc", "/", "/a/b", "x"};
    for (unsigned i = 0; i < 4 * sizeof texts / sizeof texts[0]; i++) {
        struct bytes seed = {.length = 0};
        add_u8(&seed, i % 4);
        add_u8(&seed, i % 7);
        add(&seed, texts[i / 4], strlen(texts[i / 4]));
        write_numbered("description", "text", i, &seed);
    }
    for (unsigned provider = 0; provider < 4; provider++) {
        struct bytes seed = {.length = 0};
        add_u8(&seed, 64 + provider);
        add_u8(&seed, 0);
        write_numbered("description", "own", provider, &seed);
    }
}

/* Sends and receives, and uses every other operation in between, over several pages. */
static void seed_operations(void) {
    for (unsigned options = 0; options < 16; options++) {
        struct bytes seed = {.length = 0};
        add_u8(&seed, options * 17);
        add_u8(&seed, options * 11);
        add_u8(&seed, options);
        for (unsigned i = 0; i < 40; i++) {
            add_u8(&seed, i % 3 == 0 ? 9 : i % 5 == 0 ? i % 16 : 1);
            add_u8(&seed, i % 3 == 0 ? i : 40 * (i % 6));
        }
        write_numbered("channel", "mixed", options, &seed);
    }
    /* Allocates 100 bytes, shrinks them to 10, commits, flushes, and audits the page. */
    struct bytes shrink = {.length = 0};
    add(&shrink, "\0\0\0\x03\x64\x05\x0a\x07\0\x0a\0\x0f\0", 13);
    write_seed("channel", "shrink", &shrink);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        (void)fprintf(stderr, "usage: seeds FOLDER\n");
        return 2;
    }
    folder = argv[1];
    (void)mkdir(folder, 0777);
    seed_channel("empty", 0, 0, false, 0);
    seed_channel("few", 0, 4, false, 2);
    seed_channel("batch", 0, 6, false, 0);
    seed_channel("ends", 30, 5, true, 4);
    seed_channel("turns", 60, 12, false, 8);
    seed_channel("grows", 300, 4, true, 32);
    seed_client();
    seed_frames();
    seed_long_text(1020, "text-short");
    seed_long_text(1040, "text-long");
    seed_requests();
    seed_client_handshake();
    seed_ids();
    seed_operations();
    return 0;
}
