/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Building environment.json. */
#include "report/environment.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cases/hyperfine.h"
#include "kit/clock.h"
#include "kit/pair.h"
#include "kit/sync.h"
#include "llmp/llmp.h"
#include "report/machine.h"

static json_t *utc(time_t when) {
    char text[32];
    struct tm parts;
    gmtime_r(&when, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return json_string(text);
}

/* The command line; of the program only its name, because its folder is of no use to others. */
static json_t *arguments(int argc, char **argv) {
    json_t *list = json_array();
    for (int i = 0; i < argc; i++) {
        const char *slash = i == 0 ? strrchr(argv[0], '/') : NULL;
        json_array_append_new(list, json_string(slash != NULL ? slash + 1 : argv[i]));
    }
    return list;
}

/* Reads the file "flags" that the build writes next to bin/: compiler and command lines. */
static json_t *build_lines(void) {
    char path[600], line[1024];
    json_t *list = json_array();
    ssize_t length = readlink("/proc/self/exe", path, 500);
    path[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return list;
    }
    snprintf(slash, sizeof path - (size_t)(slash - path), "/../flags");
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        json_array_append_new(list, json_string(line));
    }
    if (file != NULL) {
        fclose(file);
    }
    return list;
}

static json_t *build(void) {
    return json_pack("{s:s, s:o, s:o, s:o}", "compiler", __VERSION__, "flags", build_lines(), "commit",
                     machine_run("git rev-parse HEAD 2>/dev/null"), "changed_files",
                     machine_run("git rev-parse HEAD >/dev/null 2>&1 && git status --porcelain 2>/dev/null | wc -l"));
}

static json_t *settings_json(const struct options *options, const struct settings *settings) {
    char name[SUBJECT_NAME_SIZE];
    json_t *list = json_array();
    for (unsigned i = 0; i < options->subject_count; i++) {
        json_array_append_new(list, json_string(subject_name(options->subjects[i], name)));
    }
    return json_pack("{s:o, s:b, s:I, s:i, s:i, s:f, s:f, s:f, s:f, s:f, s:f, s:i}", "subjects", list, "quick",
                     options->quick, "seed", (json_int_t)settings->seed, "repeat", (int)settings->repeat, "max_tries",
                     (int)settings->max_tries, "retry_budget_s", settings->retry_budget_s, "warm_ms",
                     (double)settings->warm_ns / 1e6, "timed_ms", (double)settings->timed_ns / 1e6, "baseline_scan_ms",
                     (double)settings->baseline_scan_ns / 1e6, "baseline_ms", (double)settings->baseline_ns / 1e6,
                     "map_ms", settings->map_seconds * 1e3, "starts", (int)settings->starts);
}

static json_t *pinning(void) {
    if (cores_shared) {
        return json_pack("{s:b, s:s}", "pinned", 0, "note",
                         "only one core: both processes share it and are not pinned");
    }
    return json_pack("{s:b, s:i, s:i}", "pinned", 1, "side_a", pair_cores.a, "side_b", pair_cores.b);
}

static json_t *tools(void) {
    return json_pack("{s:s, s:o, s:f}", "hyperfine",
                     hyperfine_version()[0] != '\0' ? hyperfine_version() : "not installed", "gnuplot",
                     machine_run("gnuplot --version 2>/dev/null"), "clock_cost_ns", clock_cost_ns());
}

json_t *environment_new(int argc, char **argv, const struct options *options, const struct settings *settings,
                        time_t start) {
    char host[64] = "";
    gethostname(host, sizeof host - 1);
    return json_pack("{s:i, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "format", RESULTS_FORMAT,
                     "started", utc(start), "host", host, "llmp_version", llmp_version(), "command_line",
                     arguments(argc, argv), "settings", settings_json(options, settings), "cores", pinning(), "cpu",
                     machine_cpu(), "memory", machine_memory(), "kernel", machine_kernel(), "build", build(), "tools",
                     tools(), "load_before", machine_load());
}

void environment_finish(json_t *environment, unsigned benchmarks, unsigned benchmarks_ok, bool interrupted) {
    json_object_set_new(environment, "load_after", machine_load());
    json_object_set_new(environment, "ended", utc(time(NULL)));
    json_object_set_new(environment, "benchmarks", json_integer(benchmarks));
    json_object_set_new(environment, "benchmarks_ok", json_integer(benchmarks_ok));
    json_object_set_new(environment, "interrupted", json_boolean(interrupted));
}
