/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/report/spec.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parser {
    struct lc_spec *spec;
    char *section;
    struct lc_requirement *open; /* the requirement whose paragraph has not ended, or null */
    regex_t first_line;
};

static char *copy_match(const char *line, regmatch_t match) {
    return strndup(line + match.rm_so, (size_t)(match.rm_eo - match.rm_so));
}

static void append(char **text, const char *more) {
    char *joined = NULL;
    if (asprintf(&joined, "%s%s%s", *text, **text != '\0' && *more != '\0' ? " " : "", more) >= 0) {
        free(*text);
        *text = joined;
    }
}

static void begin_requirement(struct parser *parser, const char *line, const regmatch_t match[4]) {
    struct lc_spec *spec = parser->spec;
    struct lc_requirement *grown = realloc(spec->all, (spec->count + 1) * sizeof *grown);
    if (grown == NULL) {
        return;
    }
    spec->all = grown;
    parser->open = &grown[spec->count++];
    *parser->open =
        (struct lc_requirement){copy_match(line, match[1]), copy_match(line, match[2]), copy_match(line, match[3]),
                                strdup(parser->section != NULL ? parser->section : "")};
}

static void parse_line(struct parser *parser, const char *line) {
    regmatch_t match[4];
    if (strncmp(line, "## ", 3) == 0) {
        free(parser->section);
        parser->section = strdup(line + 3);
        parser->open = NULL;
    } else if (regexec(&parser->first_line, line, 4, match, 0) == 0) {
        begin_requirement(parser, line, match);
    } else if (line[0] == '\0' || line[0] == '#' || line[0] == '|') {
        parser->open = NULL;
    } else if (parser->open != NULL) {
        append(&parser->open->text, line);
    }
}

bool lc_spec_load(struct lc_spec *spec, const char *path) {
    struct parser parser = {.spec = spec};
    char *line = NULL;
    size_t room = 0;
    memset(spec, 0, sizeof *spec);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    regcomp(&parser.first_line, "^\\*\\*([A-Z0-9]+-[0-9]+) \\((MUST|SHOULD|MAY)\\)\\*\\* *(.*)$", REG_EXTENDED);
    while (getline(&line, &room, file) >= 0) {
        line[strcspn(line, "\r\n")] = '\0';
        parse_line(&parser, line);
    }
    spec->path = strdup(path);
    regfree(&parser.first_line);
    free(parser.section);
    free(line);
    (void)fclose(file);
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
