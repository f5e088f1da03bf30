/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The summary of a run: tables, the ranking of the subjects, and problems. */
#include "report/tables.h"

#include <stdio.h>
#include <string.h>

#include "cases/families.h"
#include "kit/format.h"
#include "kit/stats.h"
#include "report/progress.h"
#include "subjects/subjects.h"

enum { COLUMNS_MAX = 16, COLUMN_WIDTH = 15, NAME_WIDTH = 12, PROBLEMS_MAX = 12 };

/* Subjects whose times differ by less than this from the fastest one share the first place. */
static const double TIE = 1.05;

/* A table: one of the times of a family, with a line per subject and a column per payload. */
struct table {
    const struct family *family;
    unsigned time;
    const char *title;
};

static const struct table tables[] = {
    {&family_stream, 0, "one-way stream: time per message"},
    {&family_stream_batch, 0, "one-way stream, published in batches"},
    {&family_stream_noadapt, 0, "one-way stream, receiver never coalesces"},
    {&family_pingpong, 0, "one-way latency: median"},
    {&family_pingpong, 2, "one-way latency: 99th percentile"},
    {&family_broker_latency, 0, "through the broker: median latency"},
    {&family_broker_stream, 0, "through the broker: time per message"},
    {&family_map, 0, "creating a map"},
    {&family_map, 1, "opening a map"},
    {&family_map, 2, "closing a map"},
    {&family_start, 0, "from process start to first message: median"},
};

/* A line of the ranking: which table decides, and by what. */
static const struct {
    const char *title;
    const struct table *table;
    bool by_efficiency; /* false: by time */
} rankings[] = {
    {"throughput", &tables[0], true},     {"latency", &tables[3], true},       {"through a broker", &tables[6], true},
    {"creating maps", &tables[7], false}, {"starting up", &tables[10], false},
};

static const struct repetition *find(const struct record *record, const struct family *family,
                                     const struct subject *subject, size_t payload) {
    for (unsigned i = 0; i < record->done; i++) {
        const struct benchmark *benchmark = &record->plan.benchmarks[i];
        if (benchmark->family == family && benchmark->subject == subject && benchmark->payload == payload) {
            return &record->kept[i];
        }
    }
    return NULL;
}

/* Lists the payloads at which a family was measured. Returns how many. */
static unsigned list_payloads(const struct record *record, const struct family *family, size_t list[COLUMNS_MAX]) {
    unsigned count = 0;
    for (unsigned i = 0; i < record->done; i++) {
        const struct benchmark *benchmark = &record->plan.benchmarks[i];
        bool skip = benchmark->family != family;
        for (unsigned k = 0; k < count; k++) {
            skip |= list[k] == benchmark->payload;
        }
        if (!skip && count < COLUMNS_MAX) {
            list[count++] = benchmark->payload;
        }
    }
    return count;
}

/* Lists the subjects that were measured, in any family if `family` is null. Returns how many. */
static unsigned list_subjects(const struct record *record, const struct family *family,
                              const struct subject *list[SUBJECTS_MAX]) {
    unsigned count = 0;
    for (unsigned i = 0; i < record->done; i++) {
        const struct benchmark *benchmark = &record->plan.benchmarks[i];
        bool skip = family != NULL && benchmark->family != family;
        for (unsigned k = 0; k < count; k++) {
            skip |= list[k] == benchmark->subject;
        }
        if (!skip && count < SUBJECTS_MAX) {
            list[count++] = benchmark->subject;
        }
    }
    return count;
}

static bool has_time(const struct repetition *kept, unsigned time) {
    return kept != NULL && kept->verdict != VERDICT_FAILED && time < kept->outcome.times.count;
}

/* Prints time and efficiency, "9.80 ns 0.71", with a star if the benchmark is in doubt; or FAILED. */
static void print_cell(const struct repetition *kept, const struct table *table) {
    char text[48] = "-", figure[24];
    if (has_time(kept, table->time)) {
        struct times baseline = baselines_min(&kept->baseline[0], &kept->baseline[1]);
        double ns = kept->outcome.times.ns[table->time];
        double ratio = table->time < baseline.count ? efficiency(baseline.ns[table->time], ns) : 0;
        snprintf(text, sizeof text, "%s %.2f%s", format_ns(ns, figure, sizeof figure), ratio,
                 kept->verdict == VERDICT_OK ? "" : "*");
    } else if (kept != NULL) {
        snprintf(text, sizeof text, "FAILED");
    }
    printf("%*s", COLUMN_WIDTH, text);
}

static void print_table(const struct record *record, const struct table *table) {
    size_t payloads[COLUMNS_MAX];
    const struct subject *subjects[SUBJECTS_MAX];
    unsigned columns = list_payloads(record, table->family, payloads);
    unsigned lines = list_subjects(record, table->family, subjects);
    char bytes[24], name[SUBJECT_NAME_SIZE];
    if (columns == 0) {
        return;
    }
    printf("%s\n  %-*s", table->title, NAME_WIDTH, "");
    for (unsigned c = 0; c < columns; c++) {
        printf("%*s", COLUMN_WIDTH, format_bytes(payloads[c], bytes, sizeof bytes));
    }
    for (unsigned i = 0; i < lines; i++) {
        printf("\n  %-*s", NAME_WIDTH, subject_name(subjects[i], name));
        for (unsigned c = 0; c < columns; c++) {
            print_cell(find(record, table->family, subjects[i], payloads[c]), table);
        }
    }
    printf("\n\n");
}

/*
 * Returns the cost of a subject over all payloads of a table, relative to other subjects; smaller is better.
 * Efficiencies are compared where the speed of the machine may have changed between two benchmarks. 0 if a benchmark
 * has no figures.
 */
static double cost_of(const struct record *record, const struct table *table, const struct subject *subject,
                      bool by_efficiency) {
    size_t payloads[COLUMNS_MAX];
    double values[COLUMNS_MAX];
    unsigned columns = list_payloads(record, table->family, payloads);
    for (unsigned c = 0; c < columns; c++) {
        const struct repetition *kept = find(record, table->family, subject, payloads[c]);
        if (!has_time(kept, table->time)) {
            return 0;
        }
        double ratio = by_efficiency ? repetition_efficiency(kept) : 1 / kept->outcome.times.ns[table->time];
        if (ratio <= 0) {
            return 0;
        }
        values[c] = 1 / ratio;
    }
    return geometric_mean(values, columns);
}

/* Prints "ref/posix  (ref/memfd takes 1.03 times as long; ref/sysv takes 1.12 times as long)". */
static void print_ranking(const char *title, const struct subject *const subjects[], const double costs[],
                          unsigned count, double min) {
    char name[SUBJECT_NAME_SIZE];
    const char *join = "";
    printf("  %-18s", title);
    for (unsigned i = 0; i < count; i++) {
        if (costs[i] > 0 && costs[i] <= TIE * min) {
            printf("%s%s", join, subject_name(subjects[i], name));
            join = " or ";
        }
    }
    join = "  (";
    for (unsigned i = 0; i < count; i++) {
        if (costs[i] > TIE * min) {
            printf("%s%s takes %.2f times as long", join, subject_name(subjects[i], name), costs[i] / min);
            join = "; ";
        }
    }
    printf("%s\n", strcmp(join, "; ") == 0 ? ")" : "");
}

static void print_rankings(const struct record *record) {
    const struct subject *subjects[SUBJECTS_MAX];
    unsigned count = list_subjects(record, NULL, subjects);
    if (count < 2) {
        return;
    }
    printf("fastest subject in this run:\n");
    for (size_t r = 0; r < sizeof rankings / sizeof rankings[0]; r++) {
        double costs[SUBJECTS_MAX], min = 0;
        for (unsigned i = 0; i < count; i++) {
            costs[i] = cost_of(record, rankings[r].table, subjects[i], rankings[r].by_efficiency);
            min = costs[i] > 0 && (min <= 0 || costs[i] < min) ? costs[i] : min;
        }
        if (min > 0) {
            print_ranking(rankings[r].title, subjects, costs, count, min);
        }
    }
    printf("\n");
}

static void print_problem(const struct benchmark *benchmark, const struct repetition *kept) {
    char name[SUBJECT_NAME_SIZE];
    const char *red = progress_colours(1) ? "\033[31m" : "";
    const char *plain = red[0] != '\0' ? "\033[0m" : "";
    printf("%snot ok%s  %s %s, %s, %zu bytes: %s\n", red, plain, benchmark->family->case_name,
           benchmark->family->variant, subject_name(benchmark->subject, name), benchmark->payload, kept->status);
}

/* Prints the first PROBLEMS_MAX benchmarks that are not ok. */
static void print_problems(const struct record *record) {
    unsigned problems = 0, busy = 0;
    for (unsigned i = 0; i < record->done; i++) {
        busy += record->kept[i].verdict == VERDICT_BUSY ? 1 : 0;
        if (record->kept[i].verdict != VERDICT_OK && problems++ < PROBLEMS_MAX) {
            print_problem(&record->plan.benchmarks[i], &record->kept[i]);
        }
    }
    if (problems > PROBLEMS_MAX) {
        printf("... and %u more; summary.csv has all of them\n", problems - PROBLEMS_MAX);
    }
    if (busy > 0) {
        printf("Other programs used the two cores. End them and measure again, or choose other cores with --cpus.\n");
    }
}

void tables_print(const struct record *record, const char *folder) {
    if (record->done > 0) {
        printf("\nEach time is followed by its efficiency (baseline time / measured time): 1.00 is as fast as the "
               "baseline,\nwhich moves the same data on the same two cores without a protocol. Higher is better. "
               "A star: in doubt, see below.\n\n");
    }
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        print_table(record, &tables[i]);
    }
    print_rankings(record);
    print_problems(record);
    printf("%u of %u benchmarks ok%s; results in %s\n", record->ok, record->plan.count,
           record->interrupted ? ", interrupted" : "", folder);
    fflush(stdout);
}
