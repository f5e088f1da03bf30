/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/report/files.h"
#include "suite/report/matrix.h"
#include "suite/report/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifndef LC_VERSION
#define LC_VERSION "unknown"
#endif

static const char default_folder[] = "build/conformance";

json_t *lc_report_run(const char *impl, json_t *hello, json_t *results) {
    struct lc_totals totals = lc_count(results);
    json_t *counts =
        json_pack("{s:i, s:i, s:i, s:i, s:i}", "passed", (int)totals.passed, "failed", (int)totals.failed, "skipped",
                  (int)totals.skipped, "xfail", (int)totals.xfail, "warnings", (int)totals.warnings);
    return json_pack("{s:i, s:s, s:s, s:O?, s:o, s:o}", "version", LC_RESULTS_VERSION, "suite", LC_VERSION, "impl",
                     impl, "hello", hello, "totals", counts, "results", results);
}

/* ---------------------------------------------------------------- folders and files */

static bool print_error(const char *path) {
    fprintf(stderr, "llmp-conformance: %s: %s\n", path, strerror(errno));
    return false;
}

static bool make_one(const char *path) {
    return mkdir(path, 0777) == 0 || errno == EEXIST;
}

static bool make_folder(const char *path) {
    char *copy = strdup(path);
    bool made = copy != NULL;
    for (char *at = copy; made && (at = strchr(at + 1, '/')) != NULL; *at = '/') {
        *at = '\0';
        made = make_one(copy);
    }
    made = made && make_one(copy);
    free(copy);
    return made || print_error(path);
}

/* Returns null without memory. */
static char *path_of(const char *folder, const char *name) {
    char *path = NULL;
    return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

struct output {
    char *path;
    FILE *file; /* null if the file cannot be opened */
};

static struct output open_output(const char *folder, const char *name) {
    struct output output = {.path = path_of(folder, name)};
    output.file = output.path != NULL ? fopen(output.path, "we") : NULL;
    return output;
}

/* Returns false after an error, which is printed. */
static bool close_output(struct output *output) {
    bool written = output->file != NULL && fclose(output->file) == 0;
    if (!written) {
        (void)print_error(output->path != NULL ? output->path : "a report");
    }
    free(output->path);
    return written;
}

/* ---------------------------------------------------------------- reports */

static void put_json(FILE *out, const json_t *run) {
    json_dumpf(run, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
}

static bool write_report(const char *folder, const char *name, const json_t *run,
                         void (*report)(FILE *out, const json_t *run)) {
    struct output output = open_output(folder, name);
    if (output.file != NULL) {
        report(output.file, run);
    }
    return close_output(&output);
}

static bool write_matrix(const char *folder, const struct lc_spec *spec, const json_t *runs) {
    struct output output = open_output(folder, "matrix.html");
    if (output.file != NULL) {
        lc_report_matrix(output.file, spec, runs);
    }
    return close_output(&output);
}

/* matrix.html links to the requirements in SPEC.md. */
static bool copy_spec(const char *folder, const struct lc_spec *spec) {
    char bytes[4096];
    size_t length;
    FILE *from = fopen(spec->path, "re");
    if (from == NULL) {
        return print_error(spec->path);
    }
    struct output output = open_output(folder, "SPEC.md");
    while (output.file != NULL && (length = fread(bytes, 1, sizeof bytes, from)) > 0) {
        fwrite(bytes, 1, length, output.file);
    }
    (void)fclose(from);
    return close_output(&output);
}

static bool write_run(const char *folder, const json_t *run) {
    return make_folder(folder) && write_report(folder, "results.json", run, put_json) &&
           write_report(folder, "results.tap", run, lc_report_tap) &&
           write_report(folder, "junit.xml", run, lc_report_junit) &&
           write_report(folder, "report.md", run, lc_report_markdown);
}

static bool write_runs(const char *base, bool by_name, const json_t *runs) {
    bool written = true;
    size_t at;
    json_t *run;
    json_array_foreach(runs, at, run) {
        const char *name = lc_result_string(json_object_get(run, "hello"), "name");
        char *folder = by_name ? path_of(base, *name != '\0' ? name : "absent") : strdup(base);
        written = written && folder != NULL && write_run(folder, run);
        free(folder);
    }
    return written;
}

bool lc_report_write_all(const char *folder, const struct lc_spec *spec, const json_t *runs,
                         struct lc_console *console) {
    const char *base = folder != NULL ? folder : default_folder;
    bool by_name = folder == NULL || json_array_size(runs) > 1;
    if (!make_folder(base) || !write_runs(base, by_name, runs) || !write_matrix(base, spec, runs) ||
        !copy_spec(base, spec)) {
        return false;
    }
    lc_console_print(console, "reports: %s", base);
    return true;
}
