/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The self-test: statistics, judgement, CSV, command line, and that damaged messages are detected. */
#include "selftest.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cases/cases.h"
#include "kit/cores.h"
#include "kit/format.h"
#include "kit/pair.h"
#include "kit/stats.h"
#include "report/csv.h"
#include "runner/job.h"
#include "runner/judge.h"
#include "runner/plan.h"

static int checks, failures;

static void check(const char *what, bool good) {
    printf("%sok %d - %s\n", good ? "" : "not ", ++checks, what);
    failures += good ? 0 : 1;
}

static bool near(double a, double b) {
    return a - b < 1e-9 && b - a < 1e-9;
}

static void test_percentiles(void) {
    struct samples samples;
    double out[PERCENTILES];
    samples_init(&samples, 1000);
    check("without samples there are no percentiles", samples_summarize(&samples, 0, 1, out) != 0);
    for (uint64_t i = 1000; i > 0; i--) {
        samples_add(&samples, i);
    }
    check("samples_full() is true at the capacity", samples_full(&samples));
    samples_summarize(&samples, 0, 1, out);
    check("the percentiles of 1 to 1000 are their ranks",
          near(out[0], 500) && near(out[1], 900) && near(out[2], 990) && near(out[3], 999) && near(out[4], 1000));
    samples_summarize(&samples, 20, 2, out);
    check("overhead is subtracted before the round trip is halved", near(out[0], 240) && near(out[4], 490));
    samples.count = 1;
    samples_summarize(&samples, 5000, 2, out);
    check("a time is never negative", near(out[0], 0));
    samples.count = 0;
    samples_add(&samples, (uint64_t)1 << 40);
    check("a sample that does not fit into 32 bits is stored as the largest",
          near(samples_percentile(&samples, 50), UINT32_MAX));
    samples_fini(&samples);
}

static void test_means(void) {
    double odd[] = {9, 1, 5}, even[] = {4, 1, 2, 3}, ratios[] = {0.5, 2, 1};
    check("the median of an odd and of an even count", near(median_of(odd, 3), 5) && near(median_of(even, 4), 2.5));
    check("the geometric mean of a half and its double is 1", near(geometric_mean(ratios, 3), 1));
    check("the means of no values are 0", near(median_of(odd, 0), 0) && near(geometric_mean(odd, 0), 0));
}

static bool shows_ns(double ns, const char *text) {
    char out[32];
    return strcmp(format_ns(ns, out, sizeof out), text) == 0;
}

static bool shows_bytes(uint64_t bytes, const char *text) {
    char out[32];
    return strcmp(format_bytes(bytes, out, sizeof out), text) == 0;
}

static void test_figures(void) {
    check("times have three significant figures", shows_ns(9.876, "9.88 ns") && shows_ns(99.97, "100 ns") &&
                                                      shows_ns(999.4, "999 ns") && shows_ns(999.6, "1.00 us") &&
                                                      shows_ns(1234567, "1.23 ms") && shows_ns(5e9, "5.00 s"));
    check("bytes use the largest binary unit that divides them",
          shows_bytes(64, "64 B") && shows_bytes(4096, "4 KiB") && shows_bytes(1048576, "1 MiB") &&
              shows_bytes(1500, "1500 B"));
}

static void test_efficiency(void) {
    struct times one = {.count = 2, .ns = {100, 10}}, other = {.count = 2, .ns = {80, 20}}, none = {0};
    struct times min = baselines_min(&one, &other);
    check("the baseline is the faster of two readings, time by time",
          min.count == 2 && near(min.ns[0], 80) && near(min.ns[1], 10));
    check("efficiency is 1 at the baseline and smaller when slower",
          near(efficiency(5, 5), 1) && near(efficiency(5, 10), 0.5) && near(efficiency(0, 10), 0));
    check("the spread of two readings counts the first times only",
          near(baselines_spread(&one, &other, 1), 0.25) && near(baselines_spread(&one, &other, 2), 1));
    check("without baselines there is no spread", near(baselines_spread(&none, &other, 2), 0));
}

static struct repetition repetition_of(double before, double value, double after, const char *error, const char *busy) {
    struct repetition repetition = {.baseline = {{1, {before}}, {1, {after}}}, .outcome = {.times = {1, {value}}}};
    if (error != NULL) {
        outcome_fail(&repetition.outcome, "%s", error);
    }
    repetition_judge(&repetition, &family_stream, busy);
    return repetition;
}

static bool has_status(const struct repetition *repetition, enum verdict verdict, const char *status) {
    return repetition->verdict == verdict && strcmp(repetition->status, status) == 0;
}

static void test_verdicts(void) {
    struct repetition fine = repetition_of(10, 20, 12, NULL, ""), apart = repetition_of(10, 20, 13, NULL, NULL);
    struct repetition busy = repetition_of(10, 20, 10, NULL, "busy: x");
    struct repetition bad = repetition_of(10, 20, 10, "corrupt: a, b", "busy");
    check("baselines within 25 % have converged", has_status(&fine, VERDICT_OK, "ok"));
    check("baselines further apart have not", has_status(&apart, VERDICT_NOT_CONVERGED, "not converged"));
    check("busy cores are the status", has_status(&busy, VERDICT_BUSY, "busy: x"));
    check("a failure is the status even on busy cores, without commas",
          has_status(&bad, VERDICT_FAILED, "corrupt: a; b"));
    struct repetition tries[] = {busy, repetition_of(10, 20, 20, NULL, NULL), apart, fine};
    check("a try that has converged is selected", tries_select(tries, 4) == 3);
    check("if there is none, the one with the smallest spread", tries_select(tries, 3) == 2);
    tries[1] = bad;
    check("a failure is never hidden by another try", tries_select(tries, 4) == 1);
    struct repetition repetitions[] = {repetition_of(10, 40, 10, NULL, NULL), repetition_of(10, 11, 10, NULL, NULL),
                                       repetition_of(10, 20, 10, NULL, NULL)};
    check("of several repetitions the median efficiency is selected", repetitions_median(repetitions, 3) == 2);
}

static void test_metrics(void) {
    struct times times = {1, {500}};
    check("rates are derived from the time per message",
          near(metric_value(&family_stream.metrics[1], &times, 64), 2e6) &&
              near(metric_value(&family_stream.metrics[2], &times, 64), 128e6));
}

/* Reads what was written to a file, and closes it. */
static void read_back(FILE *file, char *text, size_t size) {
    rewind(file);
    size_t length = fread(text, 1, size - 1, file);
    text[length] = '\0';
    fclose(file);
}

static void test_csv(void) {
    char text[1024];
    FILE *file = tmpfile();
    csv_field(file, "plain");
    csv_field(file, "a,b");
    csv_field(file, "say \"hi\"");
    read_back(file, text, sizeof text);
    check("fields with commas and quotes are quoted", strcmp(text, "plain\"a,b\"\"say \"\"hi\"\"\"") == 0);
    check("numbers have no exponent", strcmp(csv_number(6.5e12, text, sizeof text), "6500000000000") == 0 &&
                                          strcmp(csv_number(0.5, text, sizeof text), "0.500") == 0);
    struct benchmark benchmark = {&family_stream, subject_find("ref/posix"), 64, NULL};
    struct repetition bad = repetition_of(10, 20, 10, "failed: why", NULL);
    const char expected[] = "stream,ref,posix,default,64,ns_per_msg,,ns,10.000,,,failed: why\n";
    file = tmpfile();
    csv_benchmark(file, &benchmark, &bad);
    read_back(file, text, sizeof text);
    check("a failed benchmark has its reason and no value", strncmp(text, expected, sizeof expected - 1) == 0);
}

static int parse(struct options *options, const char *a, const char *b) {
    char words[3][32] = {"llmp-bench", "", ""};
    snprintf(words[1], sizeof words[1], "%s", a);
    snprintf(words[2], sizeof words[2], "%s", b);
    char *argv[] = {words[0], words[1], words[2], NULL};
    FILE *nowhere = tmpfile();
    int rc = options_parse(options, b[0] != '\0' ? 3 : 2, argv, nowhere);
    fclose(nowhere);
    return rc;
}

static unsigned count_ref(void) {
    unsigned count, of_ref = 0;
    const struct subject *all = subjects_all(&count);
    for (unsigned i = 0; i < count; i++) {
        of_ref += strcmp(all[i].implementation, "ref") == 0 ? 1 : 0;
    }
    return of_ref;
}

static void test_options(void) {
    struct options options;
    struct settings settings = {0};
    struct plan plan;
    check("unknown names are wrong usage",
          parse(&options, "--subjects", "sysv,nosuch") == 2 && parse(&options, "--payloads", "63") == 2 &&
              parse(&options, "--cases", "stream,,map") == 2 && parse(&options, "--nosuch", "") == 2 &&
              parse(&options, "word", "") == 2);
    check("numbers are checked", parse(&options, "--repeat", "0") == 2 && parse(&options, "--repeat", "3x") == 2 &&
                                     parse(&options, "--cpus", "0") == 2);
    check("payloads are used once, in ascending order", parse(&options, "--payloads", "1024,64,1024") == 0 &&
                                                            options.payload_count == 2 && options.payloads[0] == 64);
    check("--cases selects no other case",
          parse(&options, "--cases", "map") == 0 && options.cases[3] && !options.cases[0]);
    check("subjects are named by implementation, transport or both, and used once",
          parse(&options, "--subjects", "ref/posix,posix,ref") == 0 && options.subject_count == count_ref() &&
              strcmp(options.subjects[0]->transport, "posix") == 0);
    parse(&options, "--subjects", "sysv,posix");
    check("a full plan has every payload of every subject",
          plan_init(&plan, &options, &settings) == 0 &&
              plan.count == 2 * (PAYLOADS + 2 + PAYLOADS + 6 + MAP_SIZES + 1));
    plan_fini(&plan);
}

static void test_payload(void) {
    struct payload payload;
    bool all = true;
    payload_init(&payload, 256, 42);
    payload_stamp(&payload, 7);
    check("a payload is accepted for its own number only",
          payload_is(&payload, payload.words, 256, 7) && !payload_is(&payload, payload.words, 256, 8));
    for (size_t bit = 0; bit < (size_t)256 * 8; bit++) {
        payload.words[bit / 64] ^= (uint64_t)1 << bit % 64;
        all &= !payload_is(&payload, payload.words, 256, 7);
        payload.words[bit / 64] ^= (uint64_t)1 << bit % 64;
    }
    check("any flipped bit is detected", all);
    payload_fini(&payload);
}

static void test_load(void) {
    int which;
    struct core_ticks from = {.busy = {100, 100}, .idle = {0, 0}}, to = {.busy = {101, 105}, .idle = {9, 5}};
    check("the load is that of the busier core", near(core_ticks_load(&from, &to, &which), 0.5) && which == 1);
    char status[STATUS_SIZE];
    struct usage usage[2] = {{.wall_ns = 1000, .run_delay_ns = 20}, {.wall_ns = 1000, .run_delay_ns = 200}};
    check("a side that waited for its core makes a benchmark busy",
          usage_disturbed(usage, status, sizeof status) && status[0] == 'b');
    usage[1].run_delay_ns = 0;
    check("a short wait does not", !usage_disturbed(usage, status, sizeof status));
}

static void stream_job(const void *benchmark, struct outcome *out) {
    stream_measure(benchmark, out);
}

/* Between real processes: a stream is ok, and corrupt if one bit of one message changes in transit. */
static void test_corruption(const struct subject *subject) {
    struct settings settings = {.seed = 9, .warm_ns = 2000000, .timed_ns = 5000000};
    struct benchmark benchmark = {&family_stream, subject, 64, &settings};
    struct outcome out;
    char name[SUBJECT_NAME_SIZE], text[128];
    subject_name(subject, name);
    job_run(stream_job, &benchmark, 30, &out);
    snprintf(text, sizeof text, "%s: an undamaged stream is ok", name);
    check(text, outcome_ok(&out) && out.times.count == 1 && out.times.ns[0] > 0);
    settings.flip_at = 1000;
    job_run(stream_job, &benchmark, 30, &out);
    snprintf(text, sizeof text, "%s: a stream with one flipped bit is corrupt", name);
    check(text, strcmp(out.error, "corrupt: wrong content or order at message 1000") == 0);
    if (!outcome_ok(&out)) {
        printf("# %s\n", out.error);
    }
}

static void crash(const void *context, struct outcome *out) {
    (void)context;
    (void)out;
    raise(SIGKILL);
}

static void hang(const void *context, struct outcome *out) {
    (void)context;
    (void)out;
    for (;;) {
        pause();
    }
}

static void test_jobs(void) {
    struct outcome out;
    job_run(crash, NULL, 5, &out);
    check("a crash of a worker becomes an error", strncmp(out.error, "failed: killed by signal 9", 26) == 0);
    job_run(hang, NULL, 0.2, &out);
    check("so does a hang", strncmp(out.error, "failed: no end within", 21) == 0);
}

int selftest_main(void) {
    unsigned count;
    const struct subject *all = subjects_all(&count);
    cores_pick(&pair_cores);
    jobs_init();
    test_percentiles();
    test_means();
    test_figures();
    test_efficiency();
    test_verdicts();
    test_metrics();
    test_csv();
    test_options();
    test_payload();
    test_load();
    test_jobs();
    for (unsigned i = 0; i < count; i++) {
        if (all[i].channel != NULL && all[i].check(&all[i]) == 0) {
            test_corruption(&all[i]);
        }
    }
    printf("1..%d\n", checks);
    return failures > 0 ? 1 : 0;
}
