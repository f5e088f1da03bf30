/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/kit/case_internal.h"

#include <stdarg.h>
#include <stdio.h>

void lc_note(struct lc_case *c, const char *what, ...) {
    unsigned at = atomic_load(&c->shared->notes_used);
    va_list values;
    va_start(values, what);
    vsnprintf(c->shared->notes[at % LC_NOTES], LC_NOTE_BYTES, what, values);
    va_end(values);
    atomic_store(&c->shared->notes_used, at + 1);
}

json_t *lc_notes(const struct lc_shared *shared) {
    json_t *list = json_array();
    unsigned used = atomic_load(&shared->notes_used);
    for (unsigned i = used > LC_NOTES ? used - LC_NOTES : 0; i < used; i++) {
        json_array_append_new(list, json_string(shared->notes[i % LC_NOTES]));
    }
    return list;
}
