/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/report/text.h"

#include <stdlib.h>
#include <string.h>

static const json_t *results_of(const json_t *run) {
    return json_object_get(run, "results");
}

/* ---------------------------------------------------------------- TAP */

void lc_report_tap_result(FILE *out, size_t number, const json_t *result) {
    char line[600];
    bool failure = lc_status_is_failure(lc_result_string(result, "status"));
    bool warning = lc_result_is(result, "warning"), skipped = lc_result_is(result, "skipped");
    lc_result_one_line(result, line, sizeof line);
    fprintf(out, "%s %zu - %s", failure || warning ? "not ok" : "ok", number, lc_result_string(result, "id"));
    fprintf(out, "%s%s\n", skipped ? " # SKIP " : warning ? " # TODO " : "", skipped || warning ? line : "");
    if (failure) {
        lc_result_explain(out, result, "#   ");
    }
}

void lc_report_tap(FILE *out, const json_t *run) {
    size_t at;
    json_t *result;
    fprintf(out, "TAP version 13\n1..%zu\n", json_array_size(results_of(run)));
    json_array_foreach(results_of(run), at, result) {
        lc_report_tap_result(out, at + 1, result);
    }
}

/* ---------------------------------------------------------------- JUnit */

static void put_xml(FILE *out, const char *text) {
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        switch (byte) {
        case '&': fputs("&amp;", out); break;
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '"': fputs("&quot;", out); break;
        default: fputc(byte < ' ' && byte != '\n' && byte != '\t' ? '?' : byte, out);
        }
    }
}

static void put_attribute(FILE *out, const char *name, const char *value) {
    fprintf(out, " %s=\"", name);
    put_xml(out, value);
    fputc('"', out);
}

static void junit_details(FILE *out, const json_t *result) {
    char *details = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&details, &length);
    if (memory != NULL) {
        lc_result_explain(memory, result, "");
        (void)fclose(memory);
        put_xml(out, details);
    }
    free(details);
}

static void junit_case(FILE *out, const json_t *run, const json_t *result) {
    char line[600];
    bool failure = lc_status_is_failure(lc_result_string(result, "status"));
    bool skipped = lc_result_is(result, "skipped");
    lc_result_one_line(result, line, sizeof line);
    fputs("    <testcase", out);
    put_attribute(out, "classname", lc_result_string(json_object_get(run, "hello"), "name"));
    put_attribute(out, "name", lc_result_string(result, "id"));
    fprintf(out, " time=\"%.3f\">", json_real_value(json_object_get(result, "seconds")));
    if (failure || skipped) {
        fputs(failure ? "<failure" : "<skipped", out);
        put_attribute(out, "message", line);
        fputc('>', out);
        if (failure) {
            junit_details(out, result);
        }
        fputs(failure ? "</failure>" : "</skipped>", out);
    }
    fputs("</testcase>\n", out);
}

static void junit_open(FILE *out, const char *section) {
    fputs("  <testsuite", out);
    put_attribute(out, "name", section);
    fputs(">\n", out);
}

void lc_report_junit(FILE *out, const json_t *run) {
    const char *section = "";
    size_t at;
    json_t *result;
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", out);
    json_array_foreach(results_of(run), at, result) {
        if (strcmp(section, lc_result_string(result, "section")) != 0) {
            fputs(*section != '\0' ? "  </testsuite>\n" : "", out);
            section = lc_result_string(result, "section");
            junit_open(out, section);
        }
        junit_case(out, run, result);
    }
    fputs(*section != '\0' ? "  </testsuite>\n</testsuites>\n" : "</testsuites>\n", out);
}

/* ---------------------------------------------------------------- Markdown */

static void markdown_sections(FILE *out, const json_t *results) {
    size_t size = json_array_size(results);
    fputs("| section | passed | failed | skipped |\n|---|---|---|---|\n", out);
    for (size_t from = 0, to; from < size; from = to) {
        const char *section = lc_result_string(json_array_get(results, from), "section");
        json_t *part = json_array();
        for (to = from; to < size; to++) {
            if (strcmp(section, lc_result_string(json_array_get(results, to), "section")) != 0) {
                break;
            }
            json_array_append(part, json_array_get(results, to));
        }
        struct lc_totals totals = lc_count(part);
        fprintf(out, "| %s | %u | %u | %u |\n", section, totals.passed, totals.failed, totals.skipped);
        json_decref(part);
    }
}

/* Lists all results with this status in one line each; failures with all details. */
static void markdown_list(FILE *out, const json_t *results, const char *status, const char *heading) {
    size_t at;
    json_t *result;
    bool first = true;
    char line[600];
    json_array_foreach(results, at, result) {
        if (lc_result_is(result, status)) {
            lc_result_one_line(result, line, sizeof line);
            fprintf(out, "%s%s%s- **%s** %s\n", first ? "\n## " : "", first ? heading : "", first ? "\n\n" : "",
                    lc_result_string(result, "id"), line);
            first = false;
            if (lc_status_is_failure(status)) {
                fputc('\n', out);
                lc_result_explain(out, result, "        ");
                fputc('\n', out);
            }
        }
    }
}

void lc_report_markdown(FILE *out, const json_t *run) {
    const json_t *hello = json_object_get(run, "hello"), *results = results_of(run);
    struct lc_totals totals = lc_count(results);
    fprintf(out, "# Conformance of %s to the LLMP specification\n\n%s, tested by llmp-conformance %s.\n\n",
            lc_result_string(hello, "name"), lc_result_string(hello, "implementation"), lc_result_string(run, "suite"));
    fprintf(out,
            "**%u passed, %u failed, %u skipped**; %u of the passed cases are expected failures (xfail), %u cases of a "
            "SHOULD or MAY failed and are not counted (warnings).\n\n",
            totals.passed, totals.failed, totals.skipped, totals.xfail, totals.warnings);
    markdown_sections(out, results);
    markdown_list(out, results, "failed", "Failed");
    markdown_list(out, results, "xpass", "Passed, but listed as failing (xpass)");
    markdown_list(out, results, "warning", "Warnings: failed, but not a MUST");
    markdown_list(out, results, "xfail", "Expected failures (xfail)");
    markdown_list(out, results, "skipped", "Skipped");
}
