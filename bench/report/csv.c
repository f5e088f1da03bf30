/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Writing summary.csv. */
#include "report/csv.h"

#include <string.h>

/* One line before it is written. An empty text is an empty field. */
struct line {
    const char *implementation;
    const char *transport;
    const struct metric *metric;
    char value[40];
    char baseline[40];
    char efficiency[40];
    char placement[40];
    const char *status;
};

void csv_field(FILE *file, const char *text) {
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, file);
        return;
    }
    fputc('"', file);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"') {
            fputc('"', file);
        }
        fputc(*c, file);
    }
    fputc('"', file);
}

const char *csv_number(double value, char *text, size_t size) {
    snprintf(text, size, "%.*f", value < 1000 ? 3 : value < 1e6 ? 1 : 0, value);
    return text;
}

static void write_line(FILE *file, const struct benchmark *benchmark, const struct line *line) {
    char payload[32];
    snprintf(payload, sizeof payload, "%zu", benchmark->payload);
    const char *const fields[] = {benchmark->family->case_name,
                                  line->implementation,
                                  line->transport,
                                  benchmark->family->variant,
                                  payload,
                                  line->metric->name,
                                  line->value,
                                  line->metric->unit,
                                  line->baseline,
                                  line->efficiency,
                                  line->placement,
                                  line->status};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (i > 0) {
            fputc(',', file);
        }
        csv_field(file, fields[i]);
    }
    fputc('\n', file);
}

/* Sets value, baseline and efficiency of the line's metric, as far as they are known; the others become empty. */
static void set_figures(struct line *line, const struct benchmark *benchmark, const struct repetition *repetition) {
    const struct metric *metric = line->metric;
    const struct times *times = &repetition->outcome.times;
    struct times baseline = baselines_min(&repetition->baseline[0], &repetition->baseline[1]);
    bool measured = repetition->verdict != VERDICT_FAILED && metric->time < times->count;
    bool compared = metric->time < baseline.count;
    line->value[0] = line->baseline[0] = line->efficiency[0] = '\0';
    if (measured) {
        csv_number(metric_value(metric, times, benchmark->payload), line->value, sizeof line->value);
    }
    if (compared) {
        csv_number(metric_value(metric, &baseline, benchmark->payload), line->baseline, sizeof line->baseline);
    }
    if (measured && compared) {
        csv_number(efficiency(baseline.ns[metric->time], times->ns[metric->time]), line->efficiency,
                   sizeof line->efficiency);
    }
}

void csv_benchmark(FILE *file, const struct benchmark *benchmark, const struct repetition *repetition) {
    struct line line = {.implementation = benchmark->subject->implementation,
                        .transport = benchmark->subject->transport,
                        .status = repetition->status};
    if (repetition_placement(repetition) > 0) {
        csv_number(repetition_placement(repetition), line.placement, sizeof line.placement);
    }
    for (unsigned i = 0; i < benchmark->family->metric_count; i++) {
        line.metric = &benchmark->family->metrics[i];
        set_figures(&line, benchmark, repetition);
        write_line(file, benchmark, &line);
    }
    fflush(file);
}

void csv_memcpy(FILE *file, size_t payload, const struct baseline_facts *facts) {
    static const struct metric metric = {"bytes_per_s", "B/s", METRIC_BYTES_PER_SECOND, 0};
    static const struct family family = {.case_name = "stream", .variant = "memcpy"};
    struct benchmark benchmark = {.family = &family, .payload = payload};
    struct times times = {.count = 1, .ns = {facts->memcpy_ns}};
    struct line line = {.implementation = "libc", .transport = "none", .metric = &metric, .status = "ok"};
    csv_number(metric_value(&metric, &times, payload), line.value, sizeof line.value);
    csv_number(facts->line_ns, line.placement, sizeof line.placement);
    write_line(file, &benchmark, &line);
    fflush(file);
}
