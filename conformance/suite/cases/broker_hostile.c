/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A broker with clients that lie. Each costs itself only: another one sends and receives on (SPEC.md, BROKER-13, -14). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "suite/cases/sections.h"

enum { TAG = 0xB4D };

struct scene {
    struct lc_actor *broker;
    uint16_t port;
    struct lc_raw_client *good, *bad;
    uint64_t count; /* messages of the good one so far */
};

static struct scene open_scene(struct lc_case *c) {
    struct scene scene = {.broker = lc_spawn(c, "broker")};
    scene.port = lc_open_broker(c, scene.broker, NULL);
    scene.good = lc_raw_client_connect(c, scene.broker, scene.port);
    scene.bad = lc_raw_client_connect(c, scene.broker, scene.port);
    return scene;
}

/* The good client is served; what it finds of the bad one's before its own message is left aside. */
static void good_is_served(struct lc_case *c, struct scene *scene) {
    uint64_t seed = scene->count++;
    if (!lc_writer_fits(scene->good->out, 70)) {
        lc_writer_turn_page(scene->good->out, lc_new_map(c, LC_PAGE_DEFAULT));
    }
    lc_writer_send(scene->good->out, TAG, 0, 70, seed);
    struct lc_message message;
    do {
        lc_next_message(c, scene->good->in, &message);
        lc_check(c, message.tag != LC_TAG_EXITING, "a broker that goes on", "EXITING");
    } while (message.sender != scene->good->id);
    lc_check_u64(c, "digest of the good client's message", lc_payload_digest(70, seed),
                 lc_crc(0, message.payload, (size_t)message.length));
}

static void still_serves(struct lc_case *c, struct scene *scene) {
    for (int i = 0; i < 5; i++) {
        good_is_served(c, scene);
    }
    lc_check_alive(c, scene->broker);
    scene->bad = lc_raw_client_connect(c, scene->broker, scene->port);
}

/* ---------------------------------------------------------------- pages */

/* The bad client's next message has this value in a 64-bit field. */
static void field_lies(struct lc_case *c, struct scene *scene, size_t field, uint64_t value) {
    uint64_t slot = lc_writer_prepare(scene->bad->out, TAG, 0, 100, 3);
    lc_put64(scene->bad->out->map->base, slot + field, value);
    lc_note(c, "field at %d of a client's message: 0x%llx", (int)field, (unsigned long long)value);
    lc_writer_commit(scene->bad->out);
    still_serves(c, scene);
}

static void lengths(struct lc_case *c) {
    static const uint64_t values[] = {UINT64_MAX, UINT64_C(1) << 63, LC_PAGE_DEFAULT, UINT64_C(64) << 20,
                                      105,        UINT64_MAX - 119};
    struct scene scene = open_scene(c);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        field_lies(c, &scene, LC_MSG_LEN, values[i]);
        field_lies(c, &scene, LC_MSG_PADDED, values[i]);
    }
}

static void ids(struct lc_case *c) {
    struct scene scene = open_scene(c);
    field_lies(c, &scene, LC_MSG_ID, 0);
    field_lies(c, &scene, LC_MSG_ID, UINT64_MAX);
    lc_set_current_msg_id(scene.bad->out->map->base, 1000);
    still_serves(c, &scene);
}

static void marked(struct lc_case *c, struct scene *scene, uint32_t tag, uint64_t length) {
    lc_note(c, "a client sends tag 0x%08x with %d bytes", tag, (int)length);
    lc_writer_send(scene->bad->out, tag, 0, length, 1);
    still_serves(c, scene);
}

static void unset(struct lc_case *c) {
    struct scene scene = open_scene(c);
    marked(c, &scene, LC_TAG_UNSET, 100);
    marked(c, &scene, LC_TAG_UNSET, 0);
    marked(c, &scene, LC_TAG_UNINITIALIZED, 100);
}

static void exiting_with_payload(struct lc_case *c) {
    struct scene scene = open_scene(c);
    marked(c, &scene, LC_TAG_EXITING, 8);
}

static void slow_receiver(struct lc_case *c) {
    struct scene scene = open_scene(c);
    marked(c, &scene, LC_TAG_SLOW_RECEIVER, 0);
    marked(c, &scene, LC_TAG_SLOW_RECEIVER, 100);
}

static void exits_of_any_length(struct lc_case *c) {
    struct scene scene = open_scene(c);
    marked(c, &scene, LC_TAG_CLIENT_EXIT, 0);
    marked(c, &scene, LC_TAG_CLIENT_EXIT, 4);
    marked(c, &scene, LC_TAG_CLIENT_EXIT, 100);
}

static void short_end(struct lc_case *c) {
    struct scene scene = open_scene(c);
    marked(c, &scene, LC_TAG_END_OF_PAGE, 0);
    marked(c, &scene, LC_TAG_END_OF_PAGE, 31);
}

/* ---------------------------------------------------------------- descriptions */

static size_t bad_descs(struct lc_case *c, struct lc_desc descs[8]) {
    struct lc_map *no_page = lc_new_map(c, LC_PAGE_DEFAULT);
    struct lc_map *page = lc_new_map(c, LC_PAGE_DEFAULT);
    struct lc_writer writer;
    lc_writer_start(&writer, page, 0);
    descs[0] = lc_desc_of(LC_PAGE_DEFAULT, "2000000000");
    descs[1] = lc_desc_of(LC_PAGE_DEFAULT, "abc");
    descs[2] = lc_desc_of(LC_PAGE_DEFAULT, "");
    descs[3] = no_page->desc;
    descs[4] = page->desc;
    descs[4].size *= 2;
    descs[5] = page->desc;
    descs[5].size = 20;
    descs[6] = page->desc;
    memset(descs[6].id, '9', sizeof descs[6].id);
    return 7;
}

static void ends(struct lc_case *c) {
    struct scene scene = open_scene(c);
    struct lc_desc descs[8];
    size_t count = bad_descs(c, descs);
    for (size_t i = 0; i < count; i++) {
        lc_note(c, "a client's END_OF_PAGE names %s of %llu bytes", lc_desc_show(&descs[i]),
                (unsigned long long)descs[i].size);
        lc_writer_end_page(scene.bad->out, &descs[i]);
        still_serves(c, &scene);
    }
    lc_writer_end_page(scene.bad->out, &scene.bad->out->map->desc);
    still_serves(c, &scene);
}

static void new_clients(struct lc_case *c) {
    struct scene scene = open_scene(c);
    struct lc_desc descs[8];
    size_t count = bad_descs(c, descs);
    for (size_t i = 0; i < count; i++) {
        uint8_t payload[LC_EOP_PAYLOAD];
        lc_eop_payload(payload, &descs[i]);
        lc_note(c, "NEW_SHM_CLIENT names %s of %llu bytes", lc_desc_show(&descs[i]), (unsigned long long)descs[i].size);
        lc_writer_prepare_bytes(scene.bad->out, LC_TAG_NEW_SHM_CLIENT, 0, payload, sizeof payload);
        lc_writer_commit(scene.bad->out);
        still_serves(c, &scene);
    }
    marked(c, &scene, LC_TAG_NEW_SHM_CLIENT, 0);
    marked(c, &scene, LC_TAG_NEW_SHM_CLIENT, 31);
}

/* Whether the broker has a map of this segment no more. */
struct mapping {
    pid_t pid;
    char mark[64]; /* what its line in /proc/<pid>/maps ends with, or has as inode */
};

static bool is_unmapped(void *argument) {
    const struct mapping *mapping = argument;
    char path[64];
    char line[512];
    snprintf(path, sizeof path, "/proc/%d/maps", (int)mapping->pid);
    FILE *maps = fopen(path, "re");
    bool found = false;
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        found = found || strstr(line, mapping->mark) != NULL;
    }
    if (maps != NULL) {
        fclose(maps);
    }
    return !found;
}

static struct mapping mapping_of(struct lc_case *c, struct lc_actor *broker, const struct lc_map *map) {
    struct mapping mapping = {.pid = lc_actor_pid(broker)};
    const char *id = (const char *)map->desc.id;
    bool sysv = lc_provider(c) == LC_SYSV;
    snprintf(mapping.mark, sizeof mapping.mark, "%s%s%s", sysv ? " " : "", id, sysv ? " " : "\n");
    return mapping;
}

static struct lc_writer *add_channel(struct lc_case *c, struct scene *scene, uint64_t size) {
    struct lc_writer *other = lc_new_channel(c, size, 9);
    uint8_t payload[LC_EOP_PAYLOAD];
    lc_eop_payload(payload, &other->map->desc);
    lc_writer_prepare_bytes(scene->bad->out, LC_TAG_NEW_SHM_CLIENT, 0, payload, sizeof payload);
    lc_writer_commit(scene->bad->out);
    lc_check(c, lc_wait_until(lc_is_joined, other->map->base, 5000), "that the broker joins a channel", "it does not");
    return other;
}

/*
 * A message that reaches up to the end of its map, from a page's first slot, where padding is another than in the slot
 * that it is copied to: nothing behind the map may be touched. Maps are laid out downwards, so behind this one stands the
 * one before, and nothing once that client went.
 */
static void to_the_end_of_the_map(struct lc_case *c) {
    enum { SIZE = 1 << 18 };
    struct scene scene = open_scene(c);
    good_is_served(c, &scene);
    struct lc_writer *before = add_channel(c, &scene, SIZE);
    struct lc_writer *last = add_channel(c, &scene, SIZE);
    struct mapping mapping = mapping_of(c, scene.broker, before->map);
    lc_writer_send(before, LC_TAG_EXITING, 0, 0, 0);
    lc_check(c, lc_wait_until(is_unmapped, &mapping, 5000), "that the page of a client that went is unmapped",
             "it stays");
    lc_writer_send(last, TAG, 0, last->map->size - last->offset - LC_MSG_HEADER, 3);
    still_serves(c, &scene);
}

/* A page full to its last byte, each message as it should be; current_msg_id promises one more, behind the segment. */
static void fill_and_one_more(struct lc_writer *writer) {
    enum { LENGTH = 60000 };
    while (lc_writer_fits(writer, LENGTH)) {
        lc_writer_send(writer, TAG, 0, LENGTH, 1);
    }
    lc_writer_send(writer, TAG, 0, writer->map->size - writer->offset - LC_MSG_HEADER, 1);
    lc_set_current_msg_id(writer->map->base, writer->next_id);
}

/* A channel whose description claims more than its segment has, or less. */
static void claims(struct lc_case *c) {
    struct scene scene = open_scene(c);
    static const uint64_t sizes[] = {4 * LC_PAGE_DEFAULT, LC_PAGE_DEFAULT / 2};
    for (size_t i = 0; i < 2; i++) {
        struct lc_writer *other = lc_new_channel(c, 0, 9);
        struct lc_desc desc = other->map->desc;
        desc.size = sizes[i];
        uint8_t payload[LC_EOP_PAYLOAD];
        lc_eop_payload(payload, &desc);
        lc_note(c, "NEW_SHM_CLIENT claims %llu bytes of 1 MiB", (unsigned long long)sizes[i]);
        lc_writer_prepare_bytes(scene.bad->out, LC_TAG_NEW_SHM_CLIENT, 0, payload, sizeof payload);
        lc_writer_commit(scene.bad->out);
        good_is_served(c, &scene);
        fill_and_one_more(other);
        still_serves(c, &scene);
    }
}

/* ---------------------------------------------------------------- while it reads, and on its own page */

static void field_flips(struct lc_case *c) {
    struct scene scene = open_scene(c);
    for (int round = 0; round < 10; round++) {
        struct lc_writer *out = scene.bad->out;
        uint64_t slot = lc_writer_prepare(out, TAG, 0, 100, 3);
        void *field = out->map->base + slot + (round % 2 == 0 ? LC_MSG_LEN : LC_MSG_PADDED);
        struct lc_flip *flip = lc_flip_start(c, &field, 1, 8, UINT64_C(64) << 20);
        lc_writer_commit(out);
        for (int i = 0; i < 50; i++) {
            good_is_served(c, &scene);
        }
        lc_flip_stop(flip);
        still_serves(c, &scene);
    }
}

struct reading {
    struct lc_actor *broker;
    void *page;
};

static bool was_read_or_died(void *argument) {
    const struct reading *reading = argument;
    return lc_get16(reading->page, LC_PAGE_LEFT) != 0 || !lc_adapter_alive(lc_actor_adapter(reading->broker));
}

/* A message and the end of its page; waits until the broker has read both. */
static void have_it_read(struct lc_case *c, struct lc_actor *broker, struct lc_raw_client *client, uint64_t length) {
    struct reading reading = {broker, client->out->map->base};
    lc_writer_send(client->out, TAG, 0, length, 1);
    lc_writer_turn_page(client->out, lc_new_map(c, LC_PAGE_DEFAULT));
    lc_check(c, lc_wait_until(was_read_or_died, &reading, 5000), "a broker that reads on", "the page is not left");
    lc_check_alive(c, broker);
}

static void broadcast_header(struct lc_case *c) {
    static const size_t fields[] = {LC_PAGE_SIZE_USED, LC_PAGE_SIZE_TOTAL, LC_PAGE_MAX_ALLOC, LC_PAGE_MAGIC,
                                    LC_PAGE_CURRENT_MSG_ID};
    static const uint64_t values[] = {0, UINT64_MAX, UINT64_C(1) << 40};
    struct lc_actor *broker = lc_spawn(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    struct lc_raw_client *client = lc_raw_client_connect(c, broker, port);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
            lc_note(c, "the broadcast page's field at %d set to 0x%llx", (int)fields[i], (unsigned long long)values[v]);
            lc_put64(client->in->map.base, fields[i], values[v]);
            have_it_read(c, broker, client, 10);
        }
    }
    for (int i = 0; i < 10; i++) { /* enough for the broadcast's page to be turned */
        have_it_read(c, broker, client, 300000);
    }
    int socket = lc_raw_connect(c, port, NULL); /* what is on the page now is nobody's business, but it still answers */
    close(socket);
}

const struct lc_case_def lc_broker_hostile_cases[] = {
    {"BROKER-13/lengths", "lengths beyond slot and map", "broker", LC_NAMED_PROVIDERS, lengths, 60, false},
    {"BROKER-13/ids", "message ids that are not the next", "broker", LC_NAMED_PROVIDERS, ids, 0, false},
    {"BROKER-13/unset", "UNSET and UNINITIALIZED", "broker", LC_NAMED_PROVIDERS, unset, 0, false},
    {"BROKER-13/exiting-with-payload", "EXITING with 8 bytes", "broker", LC_NAMED_PROVIDERS, exiting_with_payload, 0,
     false},
    {"BROKER-13/slow-receiver", "SLOW_RECEIVER, with a payload too", "broker", LC_NAMED_PROVIDERS, slow_receiver, 0,
     false},
    {"BROKER-13/client-exit", "CLIENT_EXIT of any length", "broker", LC_NAMED_PROVIDERS, exits_of_any_length, 0, false},
    {"BROKER-13/short-end", "END_OF_PAGE of 0 and 31 bytes", "broker", LC_NAMED_PROVIDERS, short_end, 0, false},
    {"BROKER-13/ends", "END_OF_PAGE to what is no page, and to itself", "broker", LC_NAMED_PROVIDERS, ends, 60, false},
    {"BROKER-13/new-clients", "NEW_SHM_CLIENT to what is no page", "broker", LC_NAMED_PROVIDERS, new_clients, 60,
     false},
    {"BROKER-13/end-of-map", "a message up to the map's end", "broker", LC_NAMED_PROVIDERS, to_the_end_of_the_map, 0,
     false},
    {"BROKER-13/claims", "descriptions that claim more or less, and a message behind", "broker", LC_NAMED_PROVIDERS,
     claims, 0, false},
    {"BROKER-13/flips", "lengths that change while they are read", "broker", LC_NAMED_PROVIDERS, field_flips, 60,
     false},
    {"BROKER-14/header", "the broadcast page's header written over", "broker", LC_NAMED_PROVIDERS, broadcast_header, 60,
     false},
    {0},
};
