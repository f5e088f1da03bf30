/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The list of all subjects, and their names. */
#include "subjects/subjects.h"

#include <stdio.h>
#include <string.h>

#include "subjects/ref.h"

/* One function per implementation: fills `list` with its subjects, at most `max`, and returns how many. */
static unsigned (*const implementations[])(struct subject *list, unsigned max) = {
    ref_subjects,
};

const struct subject *subjects_all(unsigned *count) {
    static struct subject all[SUBJECTS_MAX];
    unsigned filled = 0;
    for (size_t i = 0; i < sizeof implementations / sizeof implementations[0]; i++) {
        filled += implementations[i](all + filled, SUBJECTS_MAX - filled);
    }
    *count = filled;
    return all;
}

const char *subject_name(const struct subject *subject, char name[SUBJECT_NAME_SIZE]) {
    snprintf(name, SUBJECT_NAME_SIZE, "%s/%s", subject->implementation, subject->transport);
    return name;
}

bool subject_matches(const struct subject *subject, const char *text) {
    char name[SUBJECT_NAME_SIZE];
    return strcmp(text, subject->implementation) == 0 || strcmp(text, subject->transport) == 0 ||
           strcmp(text, subject_name(subject, name)) == 0;
}

const struct subject *subject_find(const char *name) {
    char known[SUBJECT_NAME_SIZE];
    unsigned count;
    const struct subject *all = subjects_all(&count);
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(subject_name(&all[i], known), name) == 0) {
            return &all[i];
        }
    }
    return NULL;
}
