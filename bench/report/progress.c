/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The live line, and plain lines. */
#include "report/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kit/clock.h"
#include "kit/format.h"
#include "subjects/subjects.h"

static const struct plan *plan;
static bool live;
static unsigned now_index, now_repetition;
static double seconds_all, seconds_done; /* by the plan */
static uint64_t began;
static char last[240]; /* the result of the last benchmark */

bool progress_colours(int descriptor) {
    const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");
    return isatty(descriptor) && (no == NULL || no[0] == '\0') && (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

void progress_init(const struct plan *whole) {
    const char *terminal = getenv("TERM");
    plan = whole;
    live = isatty(STDERR_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0;
    began = clock_now();
    for (unsigned i = 0; i < plan->count; i++) {
        seconds_all += benchmark_seconds(&plan->benchmarks[i]);
    }
}

static const char *name_benchmark(const struct benchmark *benchmark, char *text, size_t size) {
    char bytes[32], subject[SUBJECT_NAME_SIZE];
    bool has_variant = strcmp(benchmark->family->variant, "default") != 0;
    snprintf(text, size, "%s%s%s %s %s", benchmark->family->case_name, has_variant ? " " : "",
             has_variant ? benchmark->family->variant : "", subject_name(benchmark->subject, subject),
             format_bytes(benchmark->payload, bytes, sizeof bytes));
    return text;
}

/* Returns the time that the plan leaves, scaled up by how much longer than planned the run has taken so far. */
static int seconds_left(void) {
    double passed = (double)(clock_now() - began) / 1e9;
    double pace = seconds_done > 3 ? passed / seconds_done : 1;
    double here = plan->count > 0 ? benchmark_seconds(&plan->benchmarks[now_index]) : 0;
    double left = (seconds_all - seconds_done) * (pace > 1 ? pace : 1);
    return (int)(left > here / 2 ? left + 0.5 : here / 2);
}

static int terminal_width(void) {
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

static void show(const char *text) {
    fprintf(stderr, "\r\033[K%.*s", terminal_width() - 1, text);
    fflush(stderr);
}

void progress_tick(void) {
    char name[120], again[32] = "", text[480];
    if (!live || plan == NULL) {
        return;
    }
    int left = seconds_left();
    if (now_repetition > 1) {
        snprintf(again, sizeof again, " (repetition %u)", now_repetition);
    }
    snprintf(text, sizeof text, "[%u/%u] %d:%02d left  %s%s%s%s", now_index + 1, plan->count, left / 60, left % 60,
             name_benchmark(&plan->benchmarks[now_index], name, sizeof name), again,
             last[0] != '\0' ? "  | last: " : "", last);
    show(text);
}

void progress_benchmark(unsigned index, unsigned number) {
    now_index = index;
    now_repetition = number;
    progress_tick();
}

/* Sets `last` to the benchmark's name, first time and efficiency. */
static void describe(const struct benchmark *benchmark, const struct repetition *kept) {
    char figure[32], name[120];
    name_benchmark(benchmark, name, sizeof name);
    if (kept->verdict == VERDICT_FAILED) {
        snprintf(last, sizeof last, "%s: failed", name);
        return;
    }
    snprintf(last, sizeof last, "%s: %s, efficiency %.2f%s", name,
             format_ns(kept->outcome.times.ns[0], figure, sizeof figure), repetition_efficiency(kept),
             kept->verdict == VERDICT_OK ? "" : " (in doubt)");
}

/* A benchmark that is not ok gets a line of its own, also on a terminal. */
void progress_done(unsigned index, const struct repetition *kept) {
    const struct benchmark *benchmark = &plan->benchmarks[index];
    bool ok = kept->verdict == VERDICT_OK;
    seconds_done += benchmark_seconds(benchmark);
    describe(benchmark, kept);
    if (live && ok) {
        return;
    }
    const char *red = progress_colours(STDERR_FILENO) ? "\033[31m" : "";
    const char *plain = red[0] != '\0' ? "\033[0m" : "";
    fprintf(stderr, "%s[%u/%u] %s", live ? "\r\033[K" : "", index + 1, plan->count, last);
    if (!ok) {
        fprintf(stderr, "  %s%s%s", red, kept->status, plain);
    }
    fputc('\n', stderr);
}

void progress_say(const char *what) {
    if (live) {
        show(what != NULL ? what : "");
    }
}
