/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Receiving many messages with one call. */
#include "channel/receiver_slot.h"
#include "channel/receiver_state.h"

/* END_OF_PAGE and EXITING: the single call handles them. */
static bool ends_batch(const struct llmp_slot *head) {
    return head->tag == LLMP_TAG_END_OF_PAGE || head->tag == LLMP_TAG_EXITING;
}

/*
 * Appends the messages that the last poll found to the first one. Stops before END_OF_PAGE, because following it would
 * leave the page that the views of this batch point into, and before a slot that fails its check. The next call reads
 * that slot again, and reports the error.
 */
static size_t read_known(llmp_receiver *receiver, llmp_message *messages, size_t max) {
    size_t count = 1;
    while (count < max && receiver->last_id != receiver->known_id) {
        struct llmp_slot *slot;
        struct llmp_slot head;
        size_t size;
        if (check_slot(receiver, &slot, &head, &size) != 0 || ends_batch(&head)) {
            break;
        }
        take_slot(receiver, slot, &head, size, &messages[count++]);
    }
    receiver->messages += count - 1;
    return count;
}

int64_t llmp_recv_many(llmp_receiver *receiver, llmp_message *messages, size_t max, int64_t timeout_ns) {
    if (max == 0) {
        return 0;
    }
    int rc = llmp_recv(receiver, &messages[0], timeout_ns);
    return rc == 0 ? (int64_t)read_known(receiver, messages, max) : rc;
}
