/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/runner/expected.h"
#include "suite/report/result.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char first_comment[] = "# Cases that are known to fail, and why (ADAPTER.md). It is an error if one "
                                    "passes, unless its id starts with ~.\n";

/* ---------------------------------------------------------------- reading */

static void add_comment(struct lc_expected *expected, const char *line) {
    char *joined = NULL;
    if (asprintf(&joined, "%s%s\n", expected->comments != NULL ? expected->comments : "", line) >= 0) {
        free(expected->comments);
        expected->comments = joined;
    }
}

static bool add(struct lc_expected *expected, const char *id, const char *reason, bool sometimes) {
    struct lc_expectation *grown = realloc(expected->all, (expected->count + 1) * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    expected->all = grown;
    grown[expected->count++] = (struct lc_expectation){strdup(id), strdup(reason), sometimes};
    return true;
}

static bool listed(const struct lc_expected *expected, const char *id) {
    for (size_t i = 0; i < expected->count; i++) {
        if (strcmp(expected->all[i].id, id) == 0) {
            return true;
        }
    }
    return false;
}

/* Returns what is wrong with the line, or null. */
static const char *parse_line(struct lc_expected *expected, char *line) {
    line[strcspn(line, "\r\n")] = '\0';
    line += strspn(line, " \t");
    if (line[0] == '#') {
        add_comment(expected, line);
        return NULL;
    }
    if (line[0] == '\0') {
        return NULL;
    }
    size_t length = strcspn(line, " \t");
    char *reason = line + length + strspn(line + length, " \t");
    line[length] = '\0';
    bool sometimes = line[0] == '~';
    const char *id = line + (sometimes ? 1 : 0);
    if (!lc_case_exists(id)) {
        return "is not a case of this suite";
    }
    if (reason == line + length) {
        return "has no reason";
    }
    return listed(expected, id) ? "is listed twice" : add(expected, id, reason, sometimes) ? NULL : "out of memory";
}

bool lc_expected_load(struct lc_expected *expected, const char *path, char error[300]) {
    char *line = NULL;
    size_t room = 0;
    const char *problem = NULL;
    memset(expected, 0, sizeof *expected);
    expected->path = path != NULL ? strdup(path) : NULL;
    FILE *file = path != NULL ? fopen(path, "re") : NULL;
    if (file == NULL && path != NULL && errno != ENOENT) {
        snprintf(error, 300, "%.200s: %s", path, strerror(errno));
        return false;
    }
    for (int number = 1; file != NULL && problem == NULL && getline(&line, &room, file) >= 0; number++) {
        problem = parse_line(expected, line);
        if (problem != NULL) {
            snprintf(error, 300, "%.150s:%d: %.80s %s", path, number, line + strspn(line, " \t"), problem);
        }
    }
    free(line);
    if (file != NULL) {
        (void)fclose(file);
    }
    return problem == NULL;
}

void lc_expected_free(struct lc_expected *expected) {
    for (size_t i = 0; i < expected->count; i++) {
        free(expected->all[i].id);
        free(expected->all[i].reason);
    }
    free(expected->all);
    free(expected->comments);
    free(expected->path);
    memset(expected, 0, sizeof *expected);
}

/* A line without a provider applies to all of them, but not to a case with another implementation on the other side. */
static bool covers(const struct lc_expectation *expectation, const char *id) {
    size_t length = strlen(expectation->id);
    if (strncmp(expectation->id, id, length) != 0) {
        return false;
    }
    return id[length] == '\0' || (id[length] == '@' && strchr(id, '+') == NULL);
}

const struct lc_expectation *lc_expected_find(const struct lc_expected *expected, const char *id) {
    const struct lc_expectation *found = NULL;
    for (size_t i = 0; i < expected->count; i++) {
        bool exact = strcmp(expected->all[i].id, id) == 0;
        if (exact || (found == NULL && covers(&expected->all[i], id))) {
            found = &expected->all[i];
        }
    }
    return found;
}

/* ---------------------------------------------------------------- writing */

/* Returns true if the plan ran the case; a skipped case did not run. */
static bool did_run(const struct lc_plan *plan, const struct lc_expectation *expectation) {
    for (size_t i = 0; i < plan->count; i++) {
        if (covers(expectation, plan->all[i].id) && !lc_result_is(plan->all[i].result, "skipped")) {
            return true;
        }
    }
    return false;
}

static void write_kept(FILE *file, const struct lc_expected *expected, const struct lc_plan *plan) {
    for (size_t i = 0; i < expected->count; i++) {
        const struct lc_expectation *one = &expected->all[i];
        if (one->sometimes || !did_run(plan, one)) {
            fprintf(file, "%s%s %s\n", one->sometimes ? "~" : "", one->id, one->reason);
        }
    }
}

static void write_failed(FILE *file, const struct lc_expected *expected, const struct lc_plan *plan) {
    for (size_t i = 0; i < plan->count; i++) {
        const json_t *result = plan->all[i].result;
        const struct lc_expectation *known = lc_expected_find(expected, plan->all[i].id);
        bool kept = known != NULL && known->sometimes;
        char line[400];
        if (lc_result_verdict_is(result, "fail") && !kept) {
            lc_result_one_line(result, line, sizeof line);
            fprintf(file, "%s %s\n", plan->all[i].id, known != NULL ? known->reason : line);
        }
    }
}

bool lc_expected_write(const struct lc_expected *expected, const struct lc_plan *plan) {
    FILE *file = fopen(expected->path, "we");
    if (file == NULL) {
        return false;
    }
    fputs(expected->comments != NULL ? expected->comments : first_comment, file);
    write_failed(file, expected, plan);
    write_kept(file, expected, plan);
    return fclose(file) == 0;
}
