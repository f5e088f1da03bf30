/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/report/console.h"
#include "suite/report/text.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct lc_console {
    FILE *out; /* a copy of standard output, which is not redirected with cmocka's own report */
    bool tap, verbose, colour, progress;
    unsigned shown, planned;
    const char *section;
    struct lc_totals totals; /* of the section */
};

struct lc_console *lc_console_new(bool tap, bool verbose) {
    struct lc_console *console = calloc(1, sizeof *console);
    int copy = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (console == NULL || copy < 0 || (console->out = fdopen(copy, "w")) == NULL) {
        free(console);
        return NULL;
    }
    const char *no_colour = getenv("NO_COLOR");
    (void)setvbuf(console->out, NULL, _IOLBF, 0);
    console->tap = tap;
    console->verbose = verbose;
    console->colour = isatty(copy) != 0 && (no_colour == NULL || *no_colour == '\0');
    console->progress = isatty(STDERR_FILENO) != 0;
    return console;
}

void lc_console_free(struct lc_console *console) {
    if (console != NULL) {
        (void)fclose(console->out);
        free(console);
    }
}

/* ---------------------------------------------------------------- lines */

static const char *colour(const struct lc_console *console, const char *code) {
    return console->colour ? code : "";
}

static void clear_progress(const struct lc_console *console) {
    if (console->progress) {
        fputs("\r\033[K", stderr);
    }
}

void lc_console_print(struct lc_console *console, const char *format, ...) {
    va_list values;
    clear_progress(console);
    fputs(console->tap ? "# " : "", console->out);
    va_start(values, format);
    vfprintf(console->out, format, values);
    va_end(values);
    fputc('\n', console->out);
}

void lc_console_explain(struct lc_console *console, const json_t *result) {
    lc_result_explain(console->out, result, console->tap ? "#   " : "    ");
}

void lc_console_begin(struct lc_console *console, const char *name, const char *implementation, const char *peer,
                      size_t cases) {
    console->planned += (unsigned)cases;
    lc_console_print(console, "%s (%s)%s%s: %zu cases", name, implementation, peer != NULL ? " with " : "",
                     peer != NULL ? peer : "", cases);
}

void lc_console_section(struct lc_console *console, const char *name) {
    console->section = name;
    console->totals = (struct lc_totals){0};
}

void lc_console_progress(struct lc_console *console, const char *id) {
    if (console->progress) {
        fprintf(stderr, "\r\033[K%u/%u %s", console->shown + 1, console->planned, id);
    }
}

/* ---------------------------------------------------------------- results */

static const char *label_of(const json_t *result) {
    const char *status = lc_result_string(result, "status");
    return strcmp(status, "passed") == 0    ? "ok"
           : strcmp(status, "skipped") == 0 ? "skip"
           : strcmp(status, "failed") == 0  ? "FAIL"
           : strcmp(status, "xpass") == 0   ? "XPASS"
                                            : status;
}

static void put_result(struct lc_console *console, const json_t *result) {
    char line[600];
    bool failure = lc_status_is_failure(lc_result_string(result, "status"));
    bool warning = lc_result_is(result, "warning"), passed = lc_result_is(result, "passed");
    if (!failure && !warning && !console->verbose) {
        return;
    }
    const char *code = failure ? "\033[31m" : warning ? "\033[33m" : passed ? "\033[32m" : "\033[36m";
    lc_result_one_line(result, line, sizeof line);
    clear_progress(console);
    fprintf(console->out, "  %s%-8s%s %s%s%s\n", colour(console, code), label_of(result), colour(console, "\033[0m"),
            lc_result_string(result, "id"), passed || failure ? "" : ": ", passed || failure ? "" : line);
    if (failure) {
        lc_result_explain(console->out, result, "           ");
    }
}

void lc_console_result(struct lc_console *console, const json_t *result) {
    console->shown++;
    lc_totals_add(&console->totals, result);
    if (console->tap) {
        lc_report_tap_result(console->out, console->shown, result);
    } else {
        put_result(console, result);
    }
}

/* ---------------------------------------------------------------- totals */

static void put_count(FILE *out, unsigned count, const char *what) {
    if (count > 0) {
        fprintf(out, ", %u %s", count, what);
    }
}

void lc_console_section_end(struct lc_console *console) {
    const struct lc_totals *totals = &console->totals;
    clear_progress(console);
    if (console->tap) {
        return;
    }
    bool failed = totals->failed > 0;
    fprintf(console->out, "%s%-5s%s %-18s %3u passed", colour(console, failed ? "\033[31m" : "\033[32m"),
            failed ? "FAIL" : "ok", colour(console, "\033[0m"), console->section, totals->passed);
    put_count(console->out, totals->failed, "failed");
    put_count(console->out, totals->skipped, "skipped");
    put_count(console->out, totals->xfail, "xfail");
    put_count(console->out, totals->warnings, "warnings");
    fputc('\n', console->out);
}

void lc_console_end(struct lc_console *console, const struct lc_totals *totals) {
    if (console->tap) {
        fprintf(console->out, "1..%u\n", console->shown);
    }
    if (totals->xfail > 0) {
        lc_console_print(console, "xfail: %u of the passed cases failed, as expected-failures lists them",
                         totals->xfail);
    }
    if (totals->warnings > 0) {
        lc_console_print(console,
                         "warnings: %u cases of a SHOULD or MAY failed and are not counted (--strict counts SHOULD)",
                         totals->warnings);
    }
    if (totals->xpass > 0) {
        lc_console_print(console, "xpass: %u of the failed cases passed, but expected-failures lists them",
                         totals->xpass);
    }
    lc_console_print(console, "%u passed, %u failed, %u skipped", totals->passed, totals->failed, totals->skipped);
}
