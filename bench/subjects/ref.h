/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The subject "ref": this project's library, over each provider whose maps a second process can open. */
#ifndef LLMP_BENCH_REF_H
#define LLMP_BENCH_REF_H

#include "llmp/llmp.h"
#include "subjects/subject.h"

/* Fills `list` with the subjects, at most `max`. Returns how many. */
unsigned ref_subjects(struct subject *list, unsigned max);

extern const struct channel_ops ref_channel_ops;
extern const struct broker_ops ref_broker_ops;
extern const struct map_ops ref_map_ops;

/* Returns the provider that is the transport of a subject. */
static inline const llmp_shmem_provider *ref_provider(const struct subject *subject) {
    return subject->context;
}

/* If `rc` is 0, sets a message to the one that the library has returned. Returns `rc`. */
static inline int ref_set_message(struct message *message, const llmp_message *received, int rc) {
    if (rc == 0) {
        *message = (struct message){received->tag, received->length, received->payload};
    }
    return rc;
}

/* Returns true if only processes that inherit this subject's maps can open them (memfd). */
bool ref_needs_inheritance(const struct subject *subject);

/*
 * Returns the options of a sender: the defaults. Maps that can only be inherited must exist before the fork; for those,
 * all pages are created at once, in the largest size that pages can grow to behind messages of `payload` bytes (EOP-4).
 */
llmp_sender_options ref_sender_options(const struct subject *subject, size_t payload);

#endif
