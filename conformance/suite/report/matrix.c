/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/report/matrix.h"
#include "suite/report/html.h"

#include <string.h>

/* The states of a result and of a cell, the worst last. */
enum state { NOT_RUN, SKIPPED, PASSED, XFAIL, WARNING, FAILED };

static const char *const classes[] = {"none", "none", "pass", "known", "known", "fail"};
static const char *const symbols[] = {"·", "–", "✓", "≈", "!", "✗"};
static const char *const words[] = {
    "not run", "skipped", "passed", "expected failure", "warning: failed, but not a MUST", "failed"};

static enum state state_of(const json_t *result) {
    const char *status = lc_result_string(result, "status");
    return strcmp(status, "passed") == 0    ? PASSED
           : strcmp(status, "skipped") == 0 ? SKIPPED
           : strcmp(status, "xfail") == 0   ? XFAIL
           : strcmp(status, "warning") == 0 ? WARNING
                                            : FAILED;
}

static const char *name_of(const json_t *run) {
    const char *name = lc_result_string(json_object_get(run, "hello"), "name");
    return *name != '\0' ? name : lc_result_string(run, "impl");
}

/* ---------------------------------------------------------------- cells */

static void put_result(FILE *out, const json_t *result) {
    char line[600];
    enum state state = state_of(result);
    fprintf(out, "<li>%s ", symbols[state]);
    lc_html_text(out, lc_result_string(result, "id"));
    fputs(" <span class=\"dim\">", out);
    lc_html_text(out, lc_result_string(result, "title"));
    fputs("</span>", out);
    if (state != PASSED) {
        lc_result_one_line(result, line, sizeof line);
        fputs("<pre>", out);
        lc_html_text(out, line);
        lc_html_text(out, *lc_result_string(result, "page") != '\0' ? "\n\n" : "");
        lc_html_text(out, lc_result_string(result, "page"));
        fputs("</pre>", out);
    }
    if (state == XFAIL) {
        fputs("<span class=\"dim\">expected to fail: ", out);
        lc_html_text(out, lc_result_string(result, "reason"));
        fputs("</span>", out);
    }
    fputs("</li>\n", out);
}

/* Returns the results whose `field` has that value, and whose peer is `peer` unless that is null. */
static json_t *choose(const json_t *run, const char *field, const char *value, const char *peer) {
    json_t *chosen = json_array(), *result;
    size_t at;
    json_array_foreach(json_object_get(run, "results"), at, result) {
        if (strcmp(lc_result_string(result, field), value) == 0 &&
            (peer == NULL || strcmp(lc_result_string(result, "peer"), peer) == 0)) {
            json_array_append(chosen, result);
        }
    }
    return chosen;
}

/* The reference to `results` is stolen. */
static void put_cell(FILE *out, json_t *results) {
    enum state worst = NOT_RUN;
    unsigned counts[FAILED + 1] = {0};
    size_t at;
    json_t *result;
    json_array_foreach(results, at, result) {
        enum state state = state_of(result);
        counts[state]++;
        worst = state > worst ? state : worst;
    }
    fprintf(out, "<td class=\"%s\">", classes[worst]);
    if (worst == NOT_RUN) {
        fprintf(out, "<span title=\"%s\">%s</span></td>\n", words[worst], symbols[worst]);
        json_decref(results);
        return;
    }
    fprintf(out, "<details><summary title=\"%s\">%s %u/%zu</summary><ul>\n", words[worst], symbols[worst],
            counts[PASSED], json_array_size(results));
    json_array_foreach(results, at, result) {
        put_result(out, result);
    }
    fputs("</ul></details></td>\n", out);
    json_decref(results);
}

/* ---------------------------------------------------------------- the table of requirements */

static void put_head(FILE *out, const json_t *runs) {
    size_t at;
    json_t *run;
    fputs("<table>\n<thead><tr><th>id</th><th>level</th><th>requirement</th>", out);
    json_array_foreach(runs, at, run) {
        fputs("<th>", out);
        lc_html_text(out, name_of(run));
        fputs("</th>", out);
    }
    fputs("</tr></thead>\n<tbody>\n", out);
}

static void put_section(FILE *out, const char *heading, size_t columns) {
    fprintf(out, "<tr class=\"section\"><th colspan=\"%zu\">", columns + 3);
    lc_html_text(out, heading);
    fputs("</th></tr>\n", out);
}

static void put_row(FILE *out, const struct lc_requirement *requirement, const json_t *runs) {
    size_t at;
    json_t *run;
    fprintf(out, "<tr id=\"%s\"><td class=\"id\"><a href=\"SPEC.md#%s\">%s</a></td><td>%s</td><td class=\"sentence\">",
            requirement->id, requirement->id, requirement->id, requirement->level);
    lc_html_sentence(out, requirement->text);
    fputs("</td>\n", out);
    json_array_foreach(runs, at, run) {
        put_cell(out, choose(run, "requirement", requirement->id, NULL));
    }
    fputs("</tr>\n", out);
}

static void put_requirements(FILE *out, const struct lc_spec *spec, const json_t *runs) {
    const char *heading = "";
    fputs("<h2>Requirements</h2>\n", out);
    put_head(out, runs);
    for (size_t i = 0; i < spec->count; i++) {
        if (strcmp(heading, spec->all[i].section) != 0) {
            heading = spec->all[i].section;
            put_section(out, heading, json_array_size(runs));
        }
        put_row(out, &spec->all[i], runs);
    }
    fputs("</tbody>\n</table>\n", out);
}

/* ---------------------------------------------------------------- totals and pairs */

static void put_totals_row(FILE *out, const json_t *run) {
    const json_t *hello = json_object_get(run, "hello");
    struct lc_totals totals = lc_count(json_object_get(run, "results"));
    fputs("<tr><td class=\"id\">", out);
    lc_html_text(out, name_of(run));
    fputs("</td><td>", out);
    lc_html_text(out, hello != NULL ? lc_result_string(hello, "implementation") : "could not run here");
    fprintf(out, "</td><td class=\"%s\">%u</td><td>%u</td><td class=\"%s\">%u</td><td>%u</td><td>%u</td></tr>\n",
            totals.passed > 0 ? "pass" : "none", totals.passed, totals.xfail, totals.failed > 0 ? "fail" : "none",
            totals.failed, totals.warnings, totals.skipped);
}

static void put_totals(FILE *out, const json_t *runs) {
    size_t at;
    json_t *run;
    fputs("<h2>Implementations</h2>\n<table class=\"small\">\n<thead><tr><th>name</th><th>implementation</th>"
          "<th>passed</th><th>of these expected failures</th><th>failed</th><th>warnings</th><th>skipped</th></tr>"
          "</thead>\n<tbody>\n",
          out);
    json_array_foreach(runs, at, run) {
        put_totals_row(out, run);
    }
    fputs("</tbody>\n</table>\n", out);
}

static void put_pairs(FILE *out, const json_t *runs) {
    size_t at, other;
    json_t *run, *peer;
    fputs("<h2>Broker and client</h2>\n<p class=\"dim\">Row: the broker. Column: its clients.</p>\n"
          "<table class=\"small\">\n<thead><tr><th></th>",
          out);
    json_array_foreach(runs, at, run) {
        fputs("<th>", out);
        lc_html_text(out, name_of(run));
        fputs("</th>", out);
    }
    fputs("</tr></thead>\n<tbody>\n", out);
    json_array_foreach(runs, at, run) {
        fputs("<tr><td class=\"id\">", out);
        lc_html_text(out, name_of(run));
        fputs("</td>\n", out);
        json_array_foreach(runs, other, peer) {
            put_cell(out, choose(run, "section", "matrix", name_of(peer)));
        }
        fputs("</tr>\n", out);
    }
    fputs("</tbody>\n</table>\n", out);
}

static void put_legend(FILE *out) {
    fputs("<p class=\"dim\">", out);
    for (int i = FAILED; i >= NOT_RUN; i--) {
        fprintf(out, "%s %s%s", symbols[i], words[i], i == NOT_RUN ? "" : ", ");
    }
    fputs(". Each cell shows how many of its cases passed. Click to list them.</p>\n", out);
}

void lc_report_matrix(FILE *out, const struct lc_spec *spec, const json_t *runs) {
    lc_html_begin(out, "LLMP implementations against the specification");
    put_legend(out);
    put_totals(out, runs);
    put_pairs(out, runs);
    put_requirements(out, spec, runs);
    lc_html_end(out);
}
