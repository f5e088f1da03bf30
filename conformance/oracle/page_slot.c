/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Lengths come first: no other check trusts a field that was not compared with the size of the map. */
#include "oracle/page_slot.h"

#include <inttypes.h>

/* Returns the end of the slot; valid only after check_lengths() has returned 0. */
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
    return lc_finding_set(finding, "MSG-4", message->offset + LC_MSG_ID, LC_TEXT("message_id %" PRIu64, wanted),
                          LC_TEXT("%" PRIu64, message->id));
}

static int check_lengths(const struct lc_reader *reader, const struct lc_message *message, struct lc_finding *finding) {
    uint64_t rest = reader->map.size - message->offset - LC_MSG_HEADER;
    if (message->padded > rest) {
        return lc_finding_set(finding, "MSG-5", message->offset + LC_MSG_PADDED,
                              LC_TEXT("buf_len_padded of at most %" PRIu64 ", the rest of the map", rest),
                              LC_TEXT("%" PRIu64, message->padded));
    }
    if (message->length > message->padded) {
        return lc_finding_set(finding, "MSG-5", message->offset + LC_MSG_LEN,
                              LC_TEXT("buf_len of at most buf_len_padded, %" PRIu64, message->padded),
                              LC_TEXT("%" PRIu64, message->length));
    }
    return 0;
}

/* ---------------------------------------------------------------- tags */

/* Returns true for a protocol message of a client, which a broker must not forward. The broker may send its own. */
static bool must_not_be_forwarded(const struct lc_reader *reader, const struct lc_message *message) {
    bool reserved = lc_tag_name(message->tag) != NULL;
    return reader->is_broadcast && reserved && message->sender != lc_get32(reader->map.base, LC_PAGE_SENDER_ID);
}

static int check_tag(const struct lc_reader *reader, const struct lc_message *message, struct lc_finding *finding) {
    uint64_t at = message->offset + LC_MSG_TAG;
    const char *name = lc_tag_name(message->tag);
    if (message->tag == LC_TAG_UNSET || message->tag == LC_TAG_UNINITIALIZED) {
        return lc_finding_set(finding, "SEND-3", at, "a complete message, because current_msg_id includes it",
                              LC_TEXT("tag %s", name));
    }
    if (must_not_be_forwarded(reader, message)) {
        return lc_finding_set(finding, "BROKER-4", at, LC_TEXT("no forwarded %s", name),
                              LC_TEXT("one from sender %" PRIu32, message->sender));
    }
    if (lc_tag_is_internal(message->tag) && !is_end(message)) {
        return lc_finding_set(finding, "MSG-2", at, LC_TEXT("no message with tag %s", name), "one");
    }
    if (message->tag == LC_TAG_EXITING && message->length != 0) {
        return lc_finding_set(finding, "RECV-3", message->offset + LC_MSG_LEN, "EXITING without payload",
                              LC_TEXT("%" PRIu64 " bytes", message->length));
    }
    return 0;
}

static int check_sender(const struct lc_reader *reader, const struct lc_message *message, struct lc_finding *finding) {
    uint32_t own = lc_get32(reader->map.base, LC_PAGE_SENDER_ID);
    if (message->sender == own || reader->is_broadcast || reader->ignore_header) {
        return 0;
    }
    return lc_finding_set(finding, "SEND-4", message->offset + LC_MSG_SENDER,
                          LC_TEXT("sender %" PRIu32 ", the page's sender_id", own),
                          LC_TEXT("%" PRIu32, message->sender));
}

/* ---------------------------------------------------------------- padding and room */

static int check_end_lengths(const struct lc_message *message, uint64_t current, struct lc_finding *finding) {
    if (message->length != LC_EOP_PAYLOAD || message->padded != LC_EOP_PAYLOAD) {
        return lc_finding_set(finding, "EOP-2", message->offset + LC_MSG_LEN,
                              "END_OF_PAGE with buf_len 32 and buf_len_padded 32",
                              LC_TEXT("%" PRIu64 " and %" PRIu64, message->length, message->padded));
    }
    if (current != message->id) {
        return lc_finding_set(finding, "EOP-2", LC_PAGE_CURRENT_MSG_ID,
                              LC_TEXT("END_OF_PAGE as the last message, %" PRIu64, message->id),
                              LC_TEXT("current_msg_id %" PRIu64, current));
    }
    return 0;
}

static int check_forwarded_padding(const struct lc_message *message, uint64_t shortest, struct lc_finding *finding) {
    if (message->padded >= shortest && message->padded <= shortest + LC_LINE && end_of(message) % LC_LINE == 0) {
        return 0;
    }
    return lc_finding_set(finding, "BROKER-7", message->offset + LC_MSG_PADDED,
                          LC_TEXT("buf_len_padded %" PRIu64 " or %" PRIu64, shortest, shortest + LC_LINE),
                          LC_TEXT("%" PRIu64, message->padded));
}

static int check_padding(const struct lc_reader *reader, const struct lc_message *message, struct lc_finding *finding) {
    uint64_t wanted = lc_padded(message->offset, message->length);
    if (reader->is_broadcast) {
        return check_forwarded_padding(message, wanted, finding);
    }
    if (message->padded == wanted) {
        return 0;
    }
    return lc_finding_set(finding, "MSG-1", message->offset + LC_MSG_PADDED, LC_TEXT("buf_len_padded %" PRIu64, wanted),
                          LC_TEXT("%" PRIu64, message->padded));
}

/* EXITING may take the room, because END_OF_PAGE does not follow. */
static int check_room(const struct lc_reader *reader, const struct lc_message *message, struct lc_finding *finding) {
    uint64_t left = reader->map.size - end_of(message);
    if (left >= LC_EOP_ROOM || message->tag == LC_TAG_EXITING) {
        return 0;
    }
    return lc_finding_set(finding, "SEND-1", message->offset, "128 bytes after the message, for END_OF_PAGE",
                          LC_TEXT("%" PRIu64, left));
}

/* ---------------------------------------------------------------- the page header */

/* No message can be allocated after END_OF_PAGE; after any other message one may be, which size_used includes. */
static int check_used(const struct lc_reader *reader, const struct lc_message *message, struct lc_finding *finding) {
    uint64_t used = lc_get64(reader->map.base, LC_PAGE_SIZE_USED);
    uint64_t before = message->offset - LC_PAGE_HEADER;
    uint64_t min = is_end(message) ? before + LC_EOP_ROOM : before + LC_MSG_HEADER + message->padded;
    if (used == min || (used > min && !is_end(message))) {
        return 0;
    }
    return lc_finding_set(finding, "PAGE-6", LC_PAGE_SIZE_USED,
                          LC_TEXT("size_used %" PRIu64 "%s", min, is_end(message) ? "" : " or more"),
                          LC_TEXT("%" PRIu64, used));
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
    return lc_finding_set(finding, "EOP-3", LC_PAGE_MAX_ALLOC,
                          LC_TEXT("max_alloc_size of at least %" PRIu64 ", the largest slot so far", min),
                          LC_TEXT("%" PRIu64, seen));
}

static int check_header(const struct lc_reader *reader, const struct lc_message *message, struct lc_finding *finding) {
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
    return rc != 0 ? rc : check_header(reader, message, finding);
}
