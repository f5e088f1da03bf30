/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Writing summary.csv. */
#include "report/csv.h"

#include <string.h>

/* One line before it is written. Empty texts are empty fields. */
struct line {
    const char *impl;
    const char *provider;
    const struct metric *metric;
    char value[40];
    char ratio[40];
    char placement[40];
    const char *ok;
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

static void write_line(FILE *file, const struct row *row, const struct line *line) {
    char payload[32];
    snprintf(payload, sizeof payload, "%zu", row->payload);
    const char *const fields[] = {
        row->kind->case_name, line->impl,         line->provider, row->kind->variant, payload, line->metric->name,
        line->value,          line->metric->unit, line->ratio,    line->placement,    line->ok};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (i > 0) {
            fputc(',', file);
        }
        csv_field(file, fields[i]);
    }
    fputc('\n', file);
}

static void write_ref(FILE *file, const struct row *row, const struct attempt *attempt, const struct metric *metric,
                      const struct times *floor, struct line *line) {
    const struct times *times = &attempt->outcome.times;
    line->impl = "ref";
    line->ok = attempt->why;
    line->value[0] = line->ratio[0] = '\0';
    if (attempt->verdict != VERDICT_FAILED && metric->time < times->count) {
        csv_number(metric_value(metric, times, row->payload), line->value, sizeof line->value);
    }
    if (line->value[0] != '\0' && metric->time < floor->count) {
        csv_number(floor_ratio(floor->ns[metric->time], times->ns[metric->time]), line->ratio, sizeof line->ratio);
    }
    write_line(file, row, line);
}

static void write_floor(FILE *file, const struct row *row, const struct metric *metric, const struct times *floor,
                        struct line *line) {
    line->impl = "floor";
    line->ok = "ok";
    csv_number(metric_value(metric, floor, row->payload), line->value, sizeof line->value);
    snprintf(line->ratio, sizeof line->ratio, "1.000");
    write_line(file, row, line);
}

void csv_row(FILE *file, const struct row *row, const struct attempt *attempt) {
    struct times floor = floors_better(&attempt->floor[0], &attempt->floor[1]);
    struct line line = {.provider = llmp_shmem_provider_name(row->provider)};
    if (attempt_placement(attempt) > 0) {
        csv_number(attempt_placement(attempt), line.placement, sizeof line.placement);
    }
    for (unsigned i = 0; i < row->kind->metric_count; i++) {
        line.metric = &row->kind->metrics[i];
        write_ref(file, row, attempt, line.metric, &floor, &line);
        if (line.metric->time < floor.count) {
            write_floor(file, row, line.metric, &floor, &line);
        }
    }
    fflush(file);
}

void csv_memcpy(FILE *file, size_t payload, const struct floor_facts *facts) {
    static const struct metric metric = {"bytes_per_s", "B/s", METRIC_BYTES_PER_SECOND, 0};
    static const struct kind kind = {.case_name = "stream", .variant = "memcpy"};
    struct row row = {.kind = &kind, .payload = payload};
    struct times times = {.count = 1, .ns = {facts->memcpy_ns}};
    struct line line = {.provider = "none", .metric = &metric};
    csv_number(facts->line_ns, line.placement, sizeof line.placement);
    write_floor(file, &row, &metric, &times, &line);
    fflush(file);
}
