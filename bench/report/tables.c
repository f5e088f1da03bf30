/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The tables at the end, and what to make of them. */
#include "report/tables.h"

#include <stdio.h>
#include <string.h>

#include "kit/stats.h"
#include "report/progress.h"

enum { COLUMNS_MAX = 16, COLUMN_WIDTH = 15, PROBLEMS_TOLD = 12 };

/* One table: all rows of a kind; a line for each provider, a column for each payload. `time` is which of the times. */
struct table {
    const struct family *family;
    unsigned time;
    const char *title;
};

static const struct table tables[] = {
    {&family_stream, 0, "one-way stream: time a message"},
    {&family_stream_batch, 0, "one-way stream, published in batches"},
    {&family_stream_noadapt, 0, "one-way stream, reader never coalesces"},
    {&family_pingpong, 0, "one-way latency: median"},
    {&family_pingpong, 2, "one-way latency: 99th percentile"},
    {&family_broker_latency, 0, "through the broker: median latency"},
    {&family_broker_stream, 0, "through the broker: time a message"},
    {&family_map, 0, "a map: to create"},
    {&family_map, 1, "a map: to open"},
    {&family_map, 2, "a map: to close"},
    {&family_start, 0, "from process start to first message: median"},
};

static const struct repetition *find(const struct run *run, const struct family *family,
                                     const llmp_shmem_provider *provider, size_t payload) {
    for (unsigned i = 0; i < run->done; i++) {
        const struct benchmark *benchmark = &run->plan.benchmarks[i];
        if (benchmark->family == family && benchmark->provider == provider && benchmark->payload == payload) {
            return &run->kept[i];
        }
    }
    return NULL;
}

static unsigned list_payloads(const struct run *run, const struct family *family, size_t list[COLUMNS_MAX]) {
    unsigned count = 0;
    for (unsigned i = 0; i < run->done; i++) {
        const struct benchmark *benchmark = &run->plan.benchmarks[i];
        bool known = benchmark->family != family;
        for (unsigned k = 0; k < count; k++) {
            known |= list[k] == benchmark->payload;
        }
        if (!known && count < COLUMNS_MAX) {
            list[count++] = benchmark->payload;
        }
    }
    return count;
}

static unsigned list_providers(const struct run *run, const llmp_shmem_provider *list[PROVIDERS_MAX]) {
    unsigned count = 0;
    for (unsigned i = 0; i < run->done; i++) {
        bool known = false;
        for (unsigned k = 0; k < count; k++) {
            known |= list[k] == run->plan.benchmarks[i].provider;
        }
        if (!known && count < PROVIDERS_MAX) {
            list[count++] = run->plan.benchmarks[i].provider;
        }
    }
    return count;
}

static bool usable(const struct repetition *repetition, unsigned time) {
    return repetition != NULL && repetition->verdict != VERDICT_FAILED && time < repetition->outcome.times.count;
}

/* "9.8 ns 0.71", or what is wrong with it. A star: not ok, but measured. */
static void print_cell(const struct repetition *repetition, const struct table *table) {
    char text[48] = "-", figure[24];
    if (repetition != NULL && !usable(repetition, table->time)) {
        snprintf(text, sizeof text, "FAILED");
    } else if (repetition != NULL) {
        struct times baseline = baselines_min(&repetition->baseline[0], &repetition->baseline[1]);
        double ns = repetition->outcome.times.ns[table->time];
        format_ns(ns, figure, sizeof figure);
        snprintf(text, sizeof text, "%s %.2f%s", figure,
                 table->time < baseline.count ? efficiency(baseline.ns[table->time], ns) : 0,
                 repetition->verdict == VERDICT_OK ? "" : "*");
    }
    printf("%*s", COLUMN_WIDTH, text);
}

static void print_table(const struct run *run, const struct table *table) {
    size_t payloads[COLUMNS_MAX];
    const llmp_shmem_provider *providers[PROVIDERS_MAX];
    unsigned columns = list_payloads(run, table->family, payloads);
    unsigned lines = list_providers(run, providers);
    char bytes[24];
    if (columns == 0) {
        return;
    }
    printf("%s\n  %-8s", table->title, "");
    for (unsigned c = 0; c < columns; c++) {
        printf("%*s", COLUMN_WIDTH, format_bytes(payloads[c], bytes, sizeof bytes));
    }
    for (unsigned i = 0; i < lines; i++) {
        printf("\n  %-8s", llmp_shmem_provider_name(providers[i]));
        for (unsigned c = 0; c < columns; c++) {
            print_cell(find(run, table->family, providers[i], payloads[c]), table);
        }
    }
    printf("\n\n");
}

/*
 * How much slower than the best provider this one is over a table's payloads: 1 is best everywhere. Rows are compared
 * by their ratio to the baseline, because the machine's own speed may have changed between them; 0 when one is missing.
 */
static double standing(const struct run *run, const struct table *table, const llmp_shmem_provider *provider,
                       bool by_ratio) {
    size_t payloads[COLUMNS_MAX];
    double values[COLUMNS_MAX];
    unsigned columns = list_payloads(run, table->family, payloads);
    for (unsigned c = 0; c < columns; c++) {
        const struct repetition *repetition = find(run, table->family, provider, payloads[c]);
        if (!usable(repetition, table->time)) {
            return 0;
        }
        values[c] = by_ratio ? 1 / repetition_efficiency(repetition) : repetition->outcome.times.ns[table->time];
    }
    return geometric_mean(values, columns);
}

/* "posix (memfd 3 %, sysv 12 % slower)"; providers within 5 % of the best share the first place. */
static void print_pick(const struct run *run, const struct table *table, const char *what, bool by_ratio) {
    const llmp_shmem_provider *providers[PROVIDERS_MAX];
    unsigned count = list_providers(run, providers);
    double marks[PROVIDERS_MAX], best = 0;
    for (unsigned i = 0; i < count; i++) {
        marks[i] = standing(run, table, providers[i], by_ratio);
        best = marks[i] > 0 && (best <= 0 || marks[i] < best) ? marks[i] : best;
    }
    if (best <= 0) {
        return;
    }
    const char *join = "";
    printf("  %-22s", what);
    for (unsigned i = 0; i < count; i++) {
        if (marks[i] > 0 && marks[i] <= 1.05 * best) {
            printf("%s%s", join, llmp_shmem_provider_name(providers[i]));
            join = " or ";
        }
    }
    join = "  (";
    for (unsigned i = 0; i < count; i++) {
        if (marks[i] > 1.05 * best) {
            printf("%s%s takes %.2f times as long", join, llmp_shmem_provider_name(providers[i]), marks[i] / best);
            join = "; ";
        }
    }
    printf("%s\n", strcmp(join, "; ") == 0 ? ")" : "");
}

static void print_picks(const struct run *run) {
    const llmp_shmem_provider *providers[PROVIDERS_MAX];
    if (list_providers(run, providers) < 2) {
        return;
    }
    printf("which provider to pick, by these numbers:\n");
    print_pick(run, &tables[0], "throughput", true);
    print_pick(run, &tables[3], "latency", true);
    print_pick(run, &tables[6], "through a broker", true);
    print_pick(run, &tables[7], "making maps", false);
    print_pick(run, &tables[10], "starting up", false);
    printf("\n");
}

/* All of them when there are few; the folder has the rest. */
static void print_problems(const struct run *run) {
    const char *red = progress_colours(1) ? "\033[31m" : "";
    const char *plain = red[0] != '\0' ? "\033[0m" : "";
    unsigned told = 0, busy = 0;
    for (unsigned i = 0; i < run->done; i++) {
        const struct benchmark *benchmark = &run->plan.benchmarks[i];
        busy += run->kept[i].verdict == VERDICT_BUSY;
        if (run->kept[i].verdict != VERDICT_OK && told++ < PROBLEMS_TOLD) {
            printf("%snot ok%s  %s %s, %s, %zu bytes: %s\n", red, plain, benchmark->family->case_name,
                   benchmark->family->variant, llmp_shmem_provider_name(benchmark->provider), benchmark->payload,
                   run->kept[i].why);
        }
    }
    if (told > PROBLEMS_TOLD) {
        printf("... and %u more; summary.csv has them all\n", told - PROBLEMS_TOLD);
    }
    if (busy > 0) {
        printf("Other programs used the two cores. End them and measure again, or use --cpus.\n");
    }
}

void tables_print(const struct run *run, const char *folder) {
    if (run->done > 0) {
        printf("\nEach figure with its ratio to the baseline beside it: 1 is as fast as these two cores can.\n\n");
    }
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        print_table(run, &tables[i]);
    }
    print_picks(run);
    print_problems(run);
    printf("%u of %u rows ok%s; results in %s\n", run->ok, run->plan.count, run->interrupted ? ", interrupted" : "",
           folder);
    fflush(stdout);
}
