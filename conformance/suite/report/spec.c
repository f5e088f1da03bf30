/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/report/spec.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the reader is in the middle of. */
struct reading {
    struct lc_spec *spec;
    char *section;
    struct lc_requirement *open; /* the paragraph that goes on, or null */
    regex_t first_line;
};

static char *part(const char *line, regmatch_t match) {
    return strndup(line + match.rm_so, (size_t)(match.rm_eo - match.rm_so));
}

static void append(char **text, const char *more) {
    char *joined = NULL;
    if (asprintf(&joined, "%s%s%s", *text, **text && *more ? " " : "", more) >= 0) {
        free(*text);
        *text = joined;
    }
}

static void begin(struct reading *reading, const char *line, const regmatch_t match[4]) {
    struct lc_spec *spec = reading->spec;
    struct lc_requirement *grown = realloc(spec->all, (spec->count + 1) * sizeof *grown);
    if (!grown) {
        return;
    }
    spec->all = grown;
    reading->open = &grown[spec->count++];
    *reading->open = (struct lc_requirement){part(line, match[1]), part(line, match[2]), part(line, match[3]),
                                             strdup(reading->section ? reading->section : "")};
}

static void take_line(struct reading *reading, const char *line) {
    regmatch_t match[4];
    if (strncmp(line, "## ", 3) == 0) {
        free(reading->section);
        reading->section = strdup(line + 3);
        reading->open = NULL;
    } else if (regexec(&reading->first_line, line, 4, match, 0) == 0) {
        begin(reading, line, match);
    } else if (line[0] == '\0' || line[0] == '#' || line[0] == '|') {
        reading->open = NULL;
    } else if (reading->open) {
        append(&reading->open->text, line);
    }
}

bool lc_spec_load(struct lc_spec *spec, const char *path) {
    struct reading reading = {.spec = spec};
    char *line = NULL;
    size_t room = 0;
    memset(spec, 0, sizeof *spec);
    FILE *file = fopen(path, "re");
    if (!file) {
        return false;
    }
    regcomp(&reading.first_line, "^\\*\\*([A-Z0-9]+-[0-9]+) \\((MUST|SHOULD|MAY)\\)\\*\\* *(.*)$", REG_EXTENDED);
    while (getline(&line, &room, file) >= 0) {
        line[strcspn(line, "\r\n")] = '\0';
        take_line(&reading, line);
    }
    spec->path = strdup(path);
    regfree(&reading.first_line);
    free(reading.section);
    free(line);
    fclose(file);
    errno = 0;
    return spec->count > 0;
}

const struct lc_requirement *lc_spec_find(const struct lc_spec *spec, const char *id) {
    for (size_t i = 0; i < spec->count; i++) {
        if (strcmp(spec->all[i].id, id) == 0) {
            return &spec->all[i];
        }
    }
    return NULL;
}

void lc_spec_free(struct lc_spec *spec) {
    for (size_t i = 0; i < spec->count; i++) {
        free(spec->all[i].id);
        free(spec->all[i].level);
        free(spec->all[i].text);
        free(spec->all[i].section);
    }
    free(spec->all);
    free(spec->path);
    memset(spec, 0, sizeof *spec);
}
