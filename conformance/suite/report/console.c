/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Standard output while cases run: a line a section and the whole story of every failure, or TAP. */
#include "suite/report/result.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct lc_console {
    FILE *out; /* a copy of standard output, which cmocka's own report does not reach */
    bool tap, verbose, colour, progress;
    unsigned shown, planned;
    const char *section;
    struct lc_totals totals; /* of the section */
};

struct lc_console *lc_console_new(const struct lc_options *options) {
    struct lc_console *console = calloc(1, sizeof *console);
    int copy = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (!console || copy < 0 || !(console->out = fdopen(copy, "w"))) {
        free(console);
        return NULL;
    }
    const char *no_colour = getenv("NO_COLOR");
    setvbuf(console->out, NULL, _IOLBF, 0);
    console->tap = options->tap;
    console->verbose = options->verbose;
    console->colour = isatty(copy) && !(no_colour && *no_colour);
    console->progress = isatty(STDERR_FILENO);
    return console;
}

void lc_console_free(struct lc_console *console) {
    if (console) {
        fclose(console->out);
        free(console);
    }
}

/* ---------------------------------------------------------------- pieces */

static const char *colour(const struct lc_console *console, const char *code) {
    return console->colour ? code : "";
}

static void clear_progress(const struct lc_console *console) {
    if (console->progress) {
        fputs("\r\033[K", stderr);
    }
}

void lc_console_print(struct lc_console *console, const char *format, ...) {
    va_list arguments;
    clear_progress(console);
    fputs(console->tap ? "# " : "", console->out);
    va_start(arguments, format);
    vfprintf(console->out, format, arguments);
    va_end(arguments);
    fputc('\n', console->out);
}

void lc_console_explain(struct lc_console *console, const json_t *result) {
    lc_result_explain(console->out, result, console->tap ? "#   " : "    ");
}

void lc_console_begin(struct lc_console *console, const struct lc_plan *plan) {
    const char *what = json_string_value(json_object_get(plan->impl->hello, "implementation"));
    console->planned += (unsigned)plan->count;
    lc_console_print(console, "%s (%s)%s%s: %zu cases", lc_impl_name(plan->impl), what ? what : "?",
                     plan->peer == plan->impl ? "" : " with ", plan->peer == plan->impl ? "" : lc_impl_name(plan->peer),
                     plan->count);
}

void lc_console_section(struct lc_console *console, const char *name) {
    console->section = name;
    console->totals = (struct lc_totals){0};
}

void lc_console_progress(struct lc_console *console, const struct lc_planned *planned) {
    if (console->progress) {
        fprintf(stderr, "\r\033[K%u/%u %s", console->shown + 1, console->planned, planned->id);
    }
}

/* ---------------------------------------------------------------- results */

static void tap_result(struct lc_console *console, const json_t *result, const char *line) {
    bool skipped = lc_result_is(result, "skipped"), advice = lc_result_is(result, "advice");
    bool bad = lc_status_is_failure(lc_result_string(result, "status"));
    fprintf(console->out, "%s %u - %s%s%s\n", bad || advice ? "not ok" : "ok", console->shown,
            lc_result_string(result, "id"),
            skipped  ? " # SKIP "
            : advice ? " # TODO "
                     : "",
            skipped || advice ? line : "");
    if (bad) {
        lc_result_explain(console->out, result, "#   ");
    }
}

static const char *word_for(const json_t *result) {
    const char *status = lc_result_string(result, "status");
    return strcmp(status, "passed") == 0     ? "ok"
           : strcmp(status, "skipped") == 0  ? "skip"
           : strcmp(status, "failed") == 0   ? "FAIL"
           : strcmp(status, "advice") == 0   ? "advice"
           : strcmp(status, "expected") == 0 ? "expected"
                                             : "UNEXPECTED";
}

static void result_for_people(struct lc_console *console, const json_t *result, const char *line) {
    bool bad = lc_status_is_failure(lc_result_string(result, "status"));
    bool advice = lc_result_is(result, "advice"), plain = lc_result_is(result, "passed");
    if (!bad && !advice && !console->verbose) {
        return;
    }
    const char *code = bad ? "\033[31m" : advice ? "\033[33m" : plain ? "\033[32m" : "\033[36m";
    clear_progress(console);
    fprintf(console->out, "  %s%-8s%s %s%s%s\n", colour(console, code), word_for(result), colour(console, "\033[0m"),
            lc_result_string(result, "id"), plain || bad ? "" : ": ", plain || bad ? "" : line);
    if (bad) {
        lc_result_explain(console->out, result, "           ");
    }
}

static void add(struct lc_totals *totals, const json_t *result) {
    bool expected = lc_result_is(result, "expected");
    totals->passed += lc_result_is(result, "passed") || expected;
    totals->failed += lc_status_is_failure(lc_result_string(result, "status"));
    totals->skipped += lc_result_is(result, "skipped");
    totals->expected += expected;
    totals->advice += lc_result_is(result, "advice");
}

void lc_console_result(struct lc_console *console, const json_t *result) {
    char line[600];
    lc_result_one_line(result, line, sizeof line);
    console->shown++;
    add(&console->totals, result);
    if (console->tap) {
        tap_result(console, result, line);
    } else {
        result_for_people(console, result, line);
    }
}

/* ---------------------------------------------------------------- sums */

static void put_count(FILE *out, unsigned count, const char *what) {
    if (count) {
        fprintf(out, ", %u %s", count, what);
    }
}

void lc_console_section_end(struct lc_console *console) {
    const struct lc_totals *totals = &console->totals;
    clear_progress(console);
    if (console->tap) {
        return;
    }
    bool bad = totals->failed > 0;
    fprintf(console->out, "%s%-5s%s %-18s %3u passed", colour(console, bad ? "\033[31m" : "\033[32m"),
            bad ? "FAIL" : "ok", colour(console, "\033[0m"), console->section, totals->passed);
    put_count(console->out, totals->failed, "failed");
    put_count(console->out, totals->skipped, "skipped");
    put_count(console->out, totals->expected, "of the passed expected to fail");
    put_count(console->out, totals->advice, "failed below MUST");
    fputc('\n', console->out);
}

void lc_console_end(struct lc_console *console, const struct lc_totals *totals) {
    if (console->tap) {
        fprintf(console->out, "1..%u\n", console->shown);
    }
    if (totals->expected) {
        lc_console_print(console, "%u of the passed failed as expected-failures lists them", totals->expected);
    }
    if (totals->advice) {
        lc_console_print(console, "%u cases of a SHOULD or MAY failed and are in no count (--strict counts SHOULD)",
                         totals->advice);
    }
    if (totals->unexpected) {
        lc_console_print(console, "%u of the failed passed, although they are listed in expected-failures",
                         totals->unexpected);
    }
    lc_console_print(console, "%u passed, %u failed, %u skipped", totals->passed, totals->failed, totals->skipped);
}
