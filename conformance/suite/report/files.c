/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which files a run leaves where. */
#include "suite/report/files.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifndef LC_VERSION
#define LC_VERSION "unknown"
#endif

static const char usual_folder[] = "build/conformance";

json_t *lc_report_run(const struct lc_impl *impl, json_t *results) {
    struct lc_totals totals = lc_count(results);
    json_t *counts =
        json_pack("{s:i, s:i, s:i, s:i, s:i}", "passed", (int)totals.passed, "failed", (int)totals.failed, "skipped",
                  (int)totals.skipped, "expected", (int)totals.expected, "advice", (int)totals.advice);
    return json_pack("{s:i, s:s, s:s, s:O?, s:o, s:o}", "version", LC_RESULTS_VERSION, "suite", LC_VERSION, "given",
                     impl->folder ? impl->folder : impl->command, "hello", impl->hello, "totals", counts, "results",
                     results);
}

/* ---------------------------------------------------------------- writing */

static bool complain(const char *path) {
    fprintf(stderr, "llmp-conformance: %s: %s\n", path, strerror(errno));
    return false;
}

static bool make_folder(const char *path) {
    char *copy = strdup(path);
    bool good = copy != NULL;
    for (char *at = copy ? copy + 1 : NULL; good && at; *at++ = '/') {
        at = strchr(at, '/');
        if (!at) {
            break;
        }
        *at = '\0';
        good = mkdir(copy, 0777) == 0 || errno == EEXIST;
    }
    good = good && (mkdir(copy, 0777) == 0 || errno == EEXIST);
    free(copy);
    return good || complain(path);
}

/* New memory; null without any left, which the next call of fopen() then says. */
static char *path_of(const char *folder, const char *name) {
    char *path = NULL;
    return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

static bool write_json(const char *folder, const json_t *run) {
    char *path = path_of(folder, "results.json");
    bool good = path && json_dump_file(run, path, JSON_INDENT(2) | JSON_PRESERVE_ORDER) == 0;
    if (!good) {
        complain(path ? path : folder);
    }
    free(path);
    return good;
}

static bool write_with(const char *folder, const char *name, const json_t *run,
                       void (*report)(FILE *out, const json_t *run)) {
    char *path = path_of(folder, name);
    FILE *file = path ? fopen(path, "we") : NULL;
    bool good = file != NULL;
    if (file) {
        report(file, run);
        good = fclose(file) == 0;
    }
    if (!good) {
        complain(path ? path : folder);
    }
    free(path);
    return good;
}

static bool write_matrix(const char *folder, const struct lc_spec *spec, const json_t *runs) {
    char *path = path_of(folder, "matrix.html");
    FILE *file = path ? fopen(path, "we") : NULL;
    bool good = file != NULL;
    if (file) {
        lc_report_matrix(file, spec, runs);
        good = fclose(file) == 0;
    }
    if (!good) {
        complain(path ? path : folder);
    }
    free(path);
    return good;
}

/* The matrix links to the requirements: they stand beside it. */
static bool copy_spec(const char *folder, const struct lc_spec *spec) {
    char bytes[4096];
    size_t length;
    char *path = path_of(folder, "SPEC.md");
    FILE *from = fopen(spec->path, "re"), *to = path ? fopen(path, "we") : NULL;
    while (from && to && (length = fread(bytes, 1, sizeof bytes, from)) > 0) {
        fwrite(bytes, 1, length, to);
    }
    bool good = from && to;
    if (from) {
        fclose(from);
    }
    if (to) {
        good = fclose(to) == 0 && good;
    }
    if (!good) {
        complain(path ? path : folder);
    }
    free(path);
    return good;
}

static bool write_run(const char *folder, const json_t *run) {
    return make_folder(folder) && write_json(folder, run) && write_with(folder, "results.tap", run, lc_report_tap) &&
           write_with(folder, "junit.xml", run, lc_report_junit) &&
           write_with(folder, "report.md", run, lc_report_markdown);
}

/* ---------------------------------------------------------------- where */

/* One implementation: DIR itself, else DIR/NAME; without DIR always the usual folder and the name. */
static bool write_each(const struct lc_options *options, const json_t *runs) {
    const char *base = options->report ? options->report : usual_folder;
    bool named = !options->report || json_array_size(runs) > 1;
    bool good = true;
    size_t at;
    json_t *run;
    json_array_foreach(runs, at, run) {
        const char *name = lc_result_string(json_object_get(run, "hello"), "name");
        char *folder = named ? path_of(base, *name ? name : "absent") : strdup(base);
        good = good && folder && write_run(folder, run);
        free(folder);
    }
    return good;
}

bool lc_report_write_all(const struct lc_options *options, const struct lc_spec *spec, const json_t *runs,
                         struct lc_console *console) {
    const char *base = options->report ? options->report : usual_folder;
    if (!options->report && options->filter) {
        return true; /* a look at a few cases is no report on an implementation, and overwrites none */
    }
    if (!make_folder(base) || !write_each(options, runs) || !write_matrix(base, spec, runs) || !copy_spec(base, spec)) {
        return false;
    }
    lc_console_print(console, "reports: %s", base);
    return true;
}
