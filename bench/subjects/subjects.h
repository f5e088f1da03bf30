/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The subjects of this build. */
#ifndef LLMP_BENCH_SUBJECTS_H
#define LLMP_BENCH_SUBJECTS_H

#include "subjects/subject.h"

enum { SUBJECTS_MAX = 32, SUBJECT_NAME_SIZE = 64 };

/* Returns the subjects, and sets `count`. The array and its order are the same at each call. */
const struct subject *subjects_all(unsigned *count);

/* Fills `name` with "implementation/transport" and returns it. */
const char *subject_name(const struct subject *subject, char name[SUBJECT_NAME_SIZE]);

/* Returns true if `text` is the subject's full name, its implementation, or its transport. */
bool subject_matches(const struct subject *subject, const char *text);

/* Returns the subject with that full name, or null. */
const struct subject *subject_find(const char *name);

#endif
