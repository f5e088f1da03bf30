/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Judges a slot, from one copy of its header. Nothing of it is believed before it was compared with the map's size. */
#include <errno.h>
#include <inttypes.h>

#include "oracle/page_check.h"

struct lc_message lc_message_copy(const struct lc_map *map, uint64_t offset) {
    const uint8_t *slot = map->base + offset;
    return (struct lc_message){
        .tag = lc_get32(slot, LC_MSG_TAG),
        .sender = lc_get32(slot, LC_MSG_SENDER),
        .broker = lc_get32(slot, LC_MSG_BROKER),
        .flags = lc_get32(slot, LC_MSG_FLAGS),
        .id = lc_get64(slot, LC_MSG_ID),
        .length = lc_get64(slot, LC_MSG_LEN),
        .padded = lc_get64(slot, LC_MSG_PADDED),
        .offset = offset,
        .payload = slot + LC_MSG_HEADER,
    };
}

/* Behind the slot; meaningful once check_lengths() has passed. */
static uint64_t end_of(const struct lc_message *message) {
    return message->offset + LC_MSG_HEADER + message->padded;
}

static bool is_end(const struct lc_message *message) {
    return message->tag == LC_TAG_END_OF_PAGE;
}

static int check_id(const struct lc_reader *reader, const struct lc_message *message, struct lc_finding *finding) {
    uint64_t wanted = reader->last_id + 1;
    if (message->id == wanted) {
        return 0;
    }
    return lc_find(finding, "MSG-4", message->offset + LC_MSG_ID, "message_id %" PRIu64 "|%" PRIu64, wanted,
                   message->id);
}

static int check_lengths(const struct lc_reader *reader, const struct lc_message *message, struct lc_finding *finding) {
    uint64_t behind = reader->map.size - message->offset - LC_MSG_HEADER;
    if (message->padded > behind) {
        return lc_find(finding, "MSG-5", message->offset + LC_MSG_PADDED,
                       "buf_len_padded of at most %" PRIu64 ", all that the map has left|%" PRIu64, behind,
                       message->padded);
    }
    if (message->length > message->padded) {
        return lc_find(finding, "MSG-5", message->offset + LC_MSG_LEN,
                       "buf_len of at most buf_len_padded, %" PRIu64 "|%" PRIu64, message->padded, message->length);
    }
    return 0;
}

/* ---------------------------------------------------------------- tags */

/* What a broker does not forward it may still say itself. */
static bool stays_behind(const struct lc_reader *reader, const struct lc_message *message) {
    bool reserved = lc_tag_name(message->tag) != NULL;
    return reader->is_broadcast && reserved && message->sender != lc_get32(reader->map.base, LC_PAGE_SENDER_ID);
}

static int check_tag(const struct lc_reader *reader, const struct lc_message *message, struct lc_finding *finding) {
    uint64_t at = message->offset + LC_MSG_TAG;
    if (message->tag == LC_TAG_UNSET || message->tag == LC_TAG_UNINITIALIZED) {
        return lc_find(finding, "SEND-3", at, "a message, as current_msg_id says|%s", lc_tag_name(message->tag));
    }
    if (stays_behind(reader, message)) {
        return lc_find(finding, "BROKER-4", at, "no %s forwarded|one from %" PRIu32, lc_tag_name(message->tag),
                       message->sender);
    }
    if (lc_tag_is_internal(message->tag) && !is_end(message)) {
        return lc_find(finding, "MSG-2", at, "no message with the tag %s|one", lc_tag_name(message->tag));
    }
    if (message->tag == LC_TAG_EXITING && message->length != 0) {
        return lc_find(finding, "RECV-3", message->offset + LC_MSG_LEN, "EXITING without payload|%" PRIu64 " bytes",
                       message->length);
    }
    return 0;
}

static int check_sender(const struct lc_reader *reader, const struct lc_message *message, struct lc_finding *finding) {
    uint32_t own = lc_get32(reader->map.base, LC_PAGE_SENDER_ID);
    if (message->sender == own || reader->is_broadcast || reader->ignore_header) {
        return 0;
    }
    return lc_find(finding, "SEND-4", message->offset + LC_MSG_SENDER, "sender %" PRIu32 ", the page's|%" PRIu32, own,
                   message->sender);
}

/* ---------------------------------------------------------------- padding and room */

static int check_end_lengths(const struct lc_message *message, uint64_t current, struct lc_finding *finding) {
    if (message->length != LC_EOP_PAYLOAD || message->padded != LC_EOP_PAYLOAD) {
        return lc_find(finding, "EOP-2", message->offset + LC_MSG_LEN,
                       "END_OF_PAGE with buf_len and buf_len_padded 32|%" PRIu64 " and %" PRIu64, message->length,
                       message->padded);
    }
    if (current != message->id) {
        return lc_find(finding, "EOP-2", LC_PAGE_CURRENT_MSG_ID,
                       "no message behind END_OF_PAGE, which is %" PRIu64 "|current_msg_id %" PRIu64, message->id,
                       current);
    }
    return 0;
}

static int check_forwarded_padding(const struct lc_message *message, uint64_t shortest, struct lc_finding *finding) {
    if (message->padded >= shortest && message->padded <= shortest + LC_LINE && end_of(message) % LC_LINE == 0) {
        return 0;
    }
    return lc_find(finding, "BROKER-7", message->offset + LC_MSG_PADDED,
                   "buf_len_padded %" PRIu64 " or one line more|%" PRIu64, shortest, message->padded);
}

static int check_padding(const struct lc_reader *reader, const struct lc_message *message, struct lc_finding *finding) {
    uint64_t wanted = lc_padded(message->offset, message->length);
    if (reader->is_broadcast) {
        return check_forwarded_padding(message, wanted, finding);
    }
    if (message->padded == wanted) {
        return 0;
    }
    return lc_find(finding, "MSG-1", message->offset + LC_MSG_PADDED, "buf_len_padded %" PRIu64 "|%" PRIu64, wanted,
                   message->padded);
}

static int check_room(const struct lc_reader *reader, const struct lc_message *message, struct lc_finding *finding) {
    uint64_t left = reader->map.size - end_of(message);
    if (left >= LC_EOP_ROOM) {
        return 0;
    }
    return lc_find(finding, "SEND-1", message->offset, "room for END_OF_PAGE behind it, 128 bytes|%" PRIu64, left);
}

/* ---------------------------------------------------------------- what the page header has to say of it by now */

/* Behind END_OF_PAGE nothing is allocated any more; before it something may be. */
static int check_used(const struct lc_reader *reader, const struct lc_message *message, struct lc_finding *finding) {
    uint64_t used = lc_get64(reader->map.base, LC_PAGE_SIZE_USED);
    uint64_t before = message->offset - LC_PAGE_HEADER;
    uint64_t min = is_end(message) ? before + LC_EOP_ROOM : before + LC_MSG_HEADER + message->padded;
    if (used == min || (used > min && !is_end(message))) {
        return 0;
    }
    return lc_find(finding, "PAGE-6", LC_PAGE_SIZE_USED, "size_used %" PRIu64 "%s|%" PRIu64, min,
                   is_end(message) ? "" : " or more", used);
}

static int check_max_alloc(const struct lc_reader *reader, const struct lc_message *message,
                           struct lc_finding *finding) {
    uint64_t seen = lc_get64(reader->map.base, LC_PAGE_MAX_ALLOC);
    uint64_t min = LC_MSG_HEADER + message->padded;
    if (is_end(message)) {
        min = 0;
    }
    if (min < reader->max_alloc) {
        min = reader->max_alloc;
    }
    if (seen >= min) {
        return 0;
    }
    return lc_find(finding, "EOP-3", LC_PAGE_MAX_ALLOC,
                   "max_alloc_size of at least %" PRIu64 ", which was sent|%" PRIu64, min, seen);
}

static int check_figures(const struct lc_reader *reader, const struct lc_message *message, struct lc_finding *finding) {
    if (reader->ignore_header) {
        return 0;
    }
    int rc = check_used(reader, message, finding);
    return rc != 0 ? rc : check_max_alloc(reader, message, finding);
}

int lc_check_message(const struct lc_reader *reader, const struct lc_message *message, uint64_t current,
                     struct lc_finding *finding) {
    int rc = check_id(reader, message, finding);
    rc = rc != 0 ? rc : check_lengths(reader, message, finding);
    rc = rc != 0 ? rc : check_tag(reader, message, finding);
    rc = rc != 0 ? rc : check_sender(reader, message, finding);
    if (rc == 0 && is_end(message)) {
        rc = check_end_lengths(message, current, finding);
    } else if (rc == 0) {
        rc = check_padding(reader, message, finding);
        rc = rc != 0 ? rc : check_room(reader, message, finding);
    }
    return rc != 0 ? rc : check_figures(reader, message, finding);
}
