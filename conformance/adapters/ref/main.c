/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * llmp-adapter-ref: performs the requests of the conformance suite (conformance/ADAPTER.md) with this project's library.
 *
 * Each line of JSON on standard input is a request and gets one line on standard output; at the end of input it exits.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "roles.h"

#define LINE_MAX_BYTES ((size_t)1 << 20)

static const struct verb *find_verb(const char *name) {
    if (strcmp(name, verb_hello.name) == 0) {
        return &verb_hello;
    }
    for (size_t i = 0; roles[i] != NULL; i++) {
        for (const struct verb *verb = roles[i]->verbs; verb->name != NULL; verb++) {
            if (strcmp(name, verb->name) == 0) {
                return verb;
            }
        }
    }
    return NULL;
}

/* Reads a line without its line feed. A line that is too long is returned as empty, which is not a request. */
static bool read_line(char *line, size_t *length) {
    size_t count = 0;
    int byte;
    while ((byte = getchar()) != EOF && byte != '\n') {
        if (count < LINE_MAX_BYTES) {
            line[count] = (char)byte;
        }
        count++;
    }
    *length = count <= LINE_MAX_BYTES ? count : 0;
    return byte != EOF;
}

static bool write_line(json_t *answer) {
    bool good = answer != NULL && json_dumpf(answer, stdout, JSON_COMPACT) == 0 && putchar('\n') != EOF;
    json_decref(answer);
    return fflush(stdout) == 0 && good;
}

int main(void) {
    char *line = malloc(LINE_MAX_BYTES);
    size_t length;
    bool good = line != NULL;
    (void)signal(SIGPIPE, SIG_IGN); /* a suite that has ended is handled as the end of input */
    while (good && read_line(line, &length)) {
        good = write_line(call_answer(line, length, find_verb));
    }
    for (size_t i = 0; roles[i] != NULL; i++) {
        roles[i]->fini();
    }
    free(line);
    return good ? 0 : 1;
}
