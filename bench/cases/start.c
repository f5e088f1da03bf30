/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The time from the start of a program to the first message in a second one, measured by hyperfine: the baseline, the
 * subject, and the baseline again, each many times. start_once.h describes the programs.
 */
#include <fcntl.h>
#include <jansson.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cases/cases.h"
#include "cases/hyperfine.h"
#include "kit/pair.h"
#include "kit/stats.h"
#include "subjects/subjects.h"

enum { BEFORE, SUBJECT, AFTER, PARTS, TEXT = 640 };

/* The percentiles of start times that are reported: p50, p90, max. */
static const double start_percentiles[] = {50, 90, 100};

/* The path is quoted, because hyperfine splits commands as a shell does. */
static void write_command(char *text, const char *self, const char *what) {
    snprintf(text, TEXT, "'%.500s' start-once %.80s --cpus %d,%d", self, what, pair_cores.a, pair_cores.b);
}

/* Allows both cores: the worker is pinned to one, and the programs that it times inherit that. */
static void unpin(void) {
    cpu_set_t both;
    CPU_ZERO(&both);
    CPU_SET(pair_cores.a, &both);
    CPU_SET(pair_cores.b, &both);
    sched_setaffinity(0, sizeof both, &both);
}

/* Replaces this process by hyperfine, with its output in `log`. */
static void exec_hyperfine(const struct benchmark *benchmark, const char *self, const char *json, const char *log) {
    char known[SUBJECT_NAME_SIZE], commands[2][TEXT], named[80], name[80], runs[24], export[540];
    subject_name(benchmark->subject, known);
    snprintf(named, sizeof named, "--subject %s", known);
    snprintf(name, sizeof name, "start/%s", known);
    snprintf(runs, sizeof runs, "--runs=%u", benchmark->settings->starts);
    snprintf(export, sizeof export, "--export-json=%s", json);
    write_command(commands[0], self, "--baseline");
    write_command(commands[1], self, named);
    int out = open(log, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    unpin();
    /* clang-format off */
    const char *const arguments[] = {
        "hyperfine", hyperfine_has_no_shell() ? "--shell=none" : "--shell=sh", "--style=basic", "--warmup=3", runs,
        export,
        "-n", "start/baseline-before", "-n", name, "-n", "start/baseline-after",
        commands[0], commands[1], commands[0], NULL};
    /* clang-format on */
    execvp("hyperfine", (char *const *)arguments);
    _exit(127);
}

/* Reads the first line of hyperfine's output that starts with "Error", or the last line if there is none. */
static void read_error(const char *log, char *error, size_t size) {
    char line[160];
    FILE *file = fopen(log, "r");
    snprintf(error, size, "no output");
    while (file != NULL && strncmp(error, "Error", 5) != 0 && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] != '\0') {
            snprintf(error, size, "%.90s", line);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

static bool run_hyperfine(const struct benchmark *benchmark, const char *json, const char *log, struct outcome *out) {
    char self[512], error[100];
    int status = -1;
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0) {
        outcome_fail(out, "failed: the path of this program is unknown");
        return false;
    }
    self[length] = '\0';
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        pair_die_with(parent);
        exec_hyperfine(benchmark, self, json, log);
    }
    if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return true;
    }
    read_error(log, error, sizeof error);
    outcome_fail(out, "failed: hyperfine: %s", error);
    return false;
}

static bool take_times(const json_t *result, struct times *times) {
    const json_t *list = json_object_get(result, "times");
    struct samples samples;
    if (json_array_size(list) == 0 || samples_init(&samples, json_array_size(list)) != 0) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        samples_add(&samples, (uint64_t)(json_number_value(json_array_get(list, i)) * 1e9));
    }
    samples_sort(&samples);
    times->count = sizeof start_percentiles / sizeof start_percentiles[0];
    for (unsigned i = 0; i < times->count; i++) {
        times->ns[i] = samples_percentile(&samples, start_percentiles[i]);
    }
    samples_fini(&samples);
    return true;
}

static void read_results(const char *json, struct outcome *out) {
    json_t *root = json_load_file(json, 0, NULL);
    const json_t *results = json_object_get(root, "results");
    if (json_array_size(results) != PARTS || !take_times(json_array_get(results, BEFORE), &out->own_baseline[0]) ||
        !take_times(json_array_get(results, SUBJECT), &out->times) ||
        !take_times(json_array_get(results, AFTER), &out->own_baseline[1])) {
        outcome_fail(out, "failed: hyperfine's JSON does not have the expected results");
    }
    json_decref(root);
}

void start_measure(const struct benchmark *benchmark, struct outcome *out) {
    char json[512], log[512];
    snprintf(json, sizeof json, "%s/hyperfine.part", benchmark->settings->scratch);
    snprintf(log, sizeof log, "%s/hyperfine.log", benchmark->settings->scratch);
    if (hyperfine_version()[0] == '\0') {
        outcome_fail(out, "failed: hyperfine is not installed");
    } else if (run_hyperfine(benchmark, json, log, out)) {
        read_results(json, out);
    }
    unlink(log);
}
