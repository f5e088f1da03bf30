/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The folder of a run. */
#include "report/results.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/csv.h"

static void make_name(char *name, size_t size, time_t start) {
    char when[32], host[48] = "host";
    struct tm utc;
    gmtime_r(&start, &utc);
    strftime(when, sizeof when, "%Y%m%dT%H%M%SZ", &utc);
    gethostname(host, sizeof host - 1);
    host[sizeof host - 1] = '\0';
    for (char *c = host; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c) && *c != '-' && *c != '.') {
            *c = '-';
        }
    }
    snprintf(name, size, "%s-%s", when, host);
}

static int make_folders(const char *path) {
    char part[400];
    snprintf(part, sizeof part, "%s", path);
    for (char *c = part + 1; *c != '\0'; c++) {
        if (*c == '/') {
            *c = '\0';
            mkdir(part, 0777);
            *c = '/';
        }
    }
    return mkdir(part, 0777);
}

static FILE *open_file(const struct results *results, const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", results->folder, name);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        fprintf(stderr, "llmp-bench: %s: %s\n", path, strerror(errno));
    }
    return file;
}

/* Appends a number to the name if another run started within the same second. */
static int make_run_folder(struct results *results) {
    size_t length = strlen(results->name);
    for (int i = 2; i < 100; i++) {
        snprintf(results->folder, sizeof results->folder, "%s/%s", results->parent, results->name);
        if (make_folders(results->folder) == 0) {
            return 0;
        }
        if (errno != EEXIST) {
            break;
        }
        snprintf(results->name + length, sizeof results->name - length, "-%d", i);
    }
    fprintf(stderr, "llmp-bench: %s: %s\n", results->folder, strerror(errno));
    return -1;
}

int results_open(struct results *results, const char *parent, time_t start) {
    memset(results, 0, sizeof *results);
    snprintf(results->parent, sizeof results->parent, "%s", parent);
    make_name(results->name, sizeof results->name - 8, start);
    if (make_run_folder(results) != 0) {
        return -1;
    }
    results->summary = open_file(results, "summary.csv");
    results->repetitions = open_file(results, "repetitions.jsonl");
    if (results->summary == NULL || results->repetitions == NULL) {
        return -1;
    }
    fputs(CSV_HEADER, results->summary);
    fflush(results->summary);
    return 0;
}

void results_benchmark(struct results *results, const struct benchmark *benchmark, const struct repetition *kept) {
    csv_benchmark(results->summary, benchmark, kept);
}

/*
 * Moves a JSON file of a worker into `collected`: appends its list `list`, and keeps everything else of the first file.
 */
static void collect(const struct results *results, json_t **collected, const char *file, const char *list) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", results->folder, file);
    json_t *part = json_load_file(path, 0, NULL);
    if (part != NULL && *collected == NULL) {
        *collected = json_incref(part);
    } else if (part != NULL) {
        json_array_extend(json_object_get(*collected, list), json_object_get(part, list));
    }
    json_decref(part);
    unlink(path);
}

static json_t *times_json(const struct times *times) {
    json_t *list = json_array();
    for (unsigned i = 0; i < times->count; i++) {
        json_array_append_new(list, json_real(times->ns[i]));
    }
    return list;
}

static json_t *usage_json(const struct usage *usage) {
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "wall_ns", (json_int_t)usage->wall_ns, "run_delay_ns",
                     (json_int_t)usage->run_delay_ns, "preempted", (json_int_t)usage->preempted, "slept",
                     (json_int_t)usage->slept, "page_faults", (json_int_t)usage->faults);
}

static json_t *baseline_json(const struct times *times, const struct baseline_facts *facts) {
    return json_pack("{s:o, s:I, s:i, s:i, s:b, s:f, s:f}", "ns", times_json(times), "window",
                     (json_int_t)facts->window, "write_batch", (int)facts->write_batch, "read_batch",
                     (int)facts->read_batch, "inlined_copy", facts->inlined, "line_ns", facts->line_ns, "memcpy_ns",
                     facts->memcpy_ns);
}

static json_t *channel_json(const struct channel_facts *facts) {
    return json_pack("{s:I, s:I, s:I, s:I}", "messages", (json_int_t)facts->messages, "pages_created",
                     (json_int_t)facts->pages_created, "maps_opened", (json_int_t)facts->maps_opened, "window",
                     (json_int_t)facts->window);
}

static json_t *header_json(const struct benchmark *benchmark, const struct repetition *repetition, unsigned number) {
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:i, s:s, s:f}", "case", benchmark->family->case_name, "implementation",
                     benchmark->subject->implementation, "transport", benchmark->subject->transport, "variant",
                     benchmark->family->variant, "payload_bytes", (json_int_t)benchmark->payload, "repetition",
                     (int)number, "status", repetition->status, "baseline_spread", repetition->spread);
}

static json_t *repetition_json(const struct benchmark *benchmark, const struct repetition *repetition,
                               unsigned number) {
    const struct outcome *outcome = &repetition->outcome;
    json_t *object = header_json(benchmark, repetition, number);
    json_object_set_new(object, "ns", times_json(&outcome->times));
    json_object_set_new(object, "baseline_before", baseline_json(&repetition->baseline[0], &repetition->facts[0]));
    json_object_set_new(object, "baseline_after", baseline_json(&repetition->baseline[1], &repetition->facts[1]));
    json_object_set_new(object, "side_a", usage_json(&outcome->usage[0]));
    json_object_set_new(object, "side_b", usage_json(&outcome->usage[1]));
    json_object_set_new(object, "channel", channel_json(&outcome->channel));
    return object;
}

void results_repetition(struct results *results, const struct benchmark *benchmark, const struct repetition *repetition,
                        unsigned number) {
    json_t *object = repetition_json(benchmark, repetition, number);
    if (object != NULL) {
        json_dumpf(object, results->repetitions, JSON_COMPACT | JSON_REAL_PRECISION(6));
        fputc('\n', results->repetitions);
        fflush(results->repetitions);
    }
    json_decref(object);
    collect(results, &results->benchmark, "gbench.part", "benchmarks");
    collect(results, &results->hyperfine, "hyperfine.part", "results");
}

void results_json(const struct results *results, const char *file, const json_t *object) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", results->folder, file);
    if (json_dump_file(object, path, JSON_INDENT(2)) != 0) {
        fprintf(stderr, "llmp-bench: %s cannot be written\n", path);
    }
}

/* Replaces the symbolic link in one step, so that `latest` always exists. */
static void point_latest(const struct results *results) {
    char link[400], fresh[400];
    snprintf(link, sizeof link, "%s/latest", results->parent);
    snprintf(fresh, sizeof fresh, "%s/.latest.%d", results->parent, (int)getpid());
    if (symlink(results->name, fresh) != 0 || rename(fresh, link) != 0) {
        fprintf(stderr, "llmp-bench: %s: %s\n", link, strerror(errno));
        unlink(fresh);
    }
}

void results_close(struct results *results) {
    if (results->benchmark != NULL) {
        /* Without the folder of the program, because results are published. */
        json_object_set_new(json_object_get(results->benchmark, "context"), "executable", json_string("llmp-bench"));
        results_json(results, "google-benchmark.json", results->benchmark);
    }
    if (results->hyperfine != NULL) {
        results_json(results, "hyperfine.json", results->hyperfine);
    }
    json_decref(results->benchmark);
    json_decref(results->hyperfine);
    fclose(results->summary);
    fclose(results->repetitions);
    point_latest(results);
}
