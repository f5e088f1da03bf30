/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The self-test: statistics, judgement, CSV, command line, and that damaged messages are noticed. */
#include "selftest.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cases/channel.h"
#include "kit/cores.h"
#include "kit/pair.h"
#include "kit/stats.h"
#include "report/csv.h"
#include "runner/job.h"
#include "runner/judge.h"
#include "runner/plan.h"

static int cases, failures;

static void check(const char *what, bool good) {
    printf("%sok %d - %s\n", good ? "" : "not ", ++cases, what);
    failures += !good;
}

static bool near(double a, double b) {
    return a - b < 1e-9 && b - a < 1e-9;
}

static void test_percentiles(void) {
    struct samples samples;
    double out[PERCENTILES];
    samples_init(&samples, 1000);
    check("no samples, no percentiles", samples_summarize(&samples, 0, 1, out) != 0);
    for (uint64_t i = 1000; i > 0; i--) {
        samples_add(&samples, i);
    }
    check("samples know when they are full", samples_full(&samples));
    samples_summarize(&samples, 0, 1, out);
    check("percentiles of 1 to 1000 are their ranks",
          near(out[0], 500) && near(out[1], 900) && near(out[2], 990) && near(out[3], 999) && near(out[4], 1000));
    samples_summarize(&samples, 20, 2, out);
    check("overhead is subtracted before the round trip is halved", near(out[0], 240) && near(out[4], 490));
    samples.count = 1;
    samples_summarize(&samples, 5000, 2, out);
    check("no time is negative", near(out[0], 0));
    samples.count = 0;
    samples_add(&samples, (uint64_t)1 << 40);
    check("a sample that does not fit is kept as the largest", near(samples_percentile(&samples, 50), UINT32_MAX));
    samples_fini(&samples);
}

static void test_means(void) {
    double odd[] = {9, 1, 5}, even[] = {4, 1, 2, 3}, ratios[] = {0.5, 2, 1};
    check("median of an odd and of an even count", near(median_of(odd, 3), 5) && near(median_of(even, 4), 2.5));
    check("the geometric mean of a half and its double is 1", near(geometric_mean(ratios, 3), 1));
    check("means of nothing are 0", near(median_of(odd, 0), 0) && near(geometric_mean(odd, 0), 0));
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
    check("times have three figures", shows_ns(9.876, "9.88 ns") && shows_ns(99.97, "100 ns") &&
                                          shows_ns(999.4, "999 ns") && shows_ns(999.6, "1.00 us") &&
                                          shows_ns(1234567, "1.23 ms") && shows_ns(5e9, "5.00 s"));
    check("bytes use binary units when they are whole", shows_bytes(64, "64 B") && shows_bytes(4096, "4 KiB") &&
                                                            shows_bytes(1048576, "1 MiB") &&
                                                            shows_bytes(1500, "1500 B"));
}

static void test_ratio(void) {
    struct times one = {.count = 2, .ns = {100, 10}}, other = {.count = 2, .ns = {80, 20}}, none = {0};
    struct times better = baselines_min(&one, &other);
    check("the baseline is the better of two readings, time by time",
          better.count == 2 && near(better.ns[0], 80) && near(better.ns[1], 10));
    check("a ratio is 1 at the baseline and smaller when worse, for times too",
          near(efficiency(5, 5), 1) && near(efficiency(5, 10), 0.5) && near(efficiency(0, 10), 0));
    check("spread counts the leading times only",
          near(baselines_spread(&one, &other, 1), 0.25) && near(baselines_spread(&one, &other, 2), 1));
    check("without baselines nothing disagrees", near(baselines_spread(&none, &other, 2), 0));
}

static struct repetition repetition_of(double before, double value, double after, const char *failure,
                                       const char *busy) {
    struct repetition repetition = {.baseline = {{1, {before}}, {1, {after}}}, .outcome = {.times = {1, {value}}}};
    if (failure != NULL) {
        outcome_fail(&repetition.outcome, "%s", failure);
    }
    repetition_judge(&repetition, &family_stream, busy);
    return repetition;
}

static void test_verdicts(void) {
    struct repetition fine = repetition_of(10, 20, 12, NULL, ""), apart = repetition_of(10, 20, 13, NULL, NULL);
    struct repetition busy = repetition_of(10, 20, 10, NULL, "busy: x"),
                      bad = repetition_of(10, 20, 10, "corrupt: a, b", "busy");
    check("baselines within 25 % settle a row", fine.verdict == VERDICT_OK && strcmp(fine.why, "ok") == 0);
    check("baselines further apart do not",
          apart.verdict == VERDICT_NOT_CONVERGED && strcmp(apart.why, "not converged") == 0);
    check("busy cores are told", busy.verdict == VERDICT_BUSY && strcmp(busy.why, "busy: x") == 0);
    check("a failure is told first, without commas",
          bad.verdict == VERDICT_FAILED && strcmp(bad.why, "corrupt: a; b") == 0);
    struct repetition max_tries[] = {busy, repetition_of(10, 20, 20, NULL, NULL), apart, fine};
    check("a settled attempt is kept", retries_select(max_tries, 4) == 3);
    check("else the one whose baselines agree best", retries_select(max_tries, 3) == 2);
    max_tries[1] = bad;
    check("a failure is never hidden by another attempt", retries_select(max_tries, 4) == 1);
    struct repetition repeats[] = {repetition_of(10, 40, 10, NULL, NULL), repetition_of(10, 11, 10, NULL, NULL),
                                   repetition_of(10, 20, 10, NULL, NULL)};
    check("of repetitions the median ratio is kept", repetitions_median(repeats, 3) == 2);
}

static void test_metrics(void) {
    struct times times = {1, {500}};
    check("rates follow from the time of a message",
          near(metric_value(&family_stream.metrics[1], &times, 64), 2e6) &&
              near(metric_value(&family_stream.metrics[2], &times, 64), 128e6));
}

/* What `write` puts into a file. */
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
    struct benchmark benchmark = {&family_stream, llmp_shmem_provider_find("posix"), 64, NULL};
    struct repetition bad = repetition_of(10, 20, 10, "failed: why", NULL);
    file = tmpfile();
    csv_benchmark(file, &benchmark, &bad);
    read_back(file, text, sizeof text);
    check("a failed row has its reason and no value",
          strncmp(text, "stream,ref,posix,default,64,ns_per_msg,,ns,10.000,,,failed: why\n", 63) == 0);
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

static void test_options(void) {
    struct options options;
    struct settings settings = {0};
    struct plan plan;
    check("unknown names are wrong usage",
          parse(&options, "--providers", "sysv,nosuch") == 2 && parse(&options, "--payloads", "63") == 2 &&
              parse(&options, "--cases", "stream,,map") == 2 && parse(&options, "--nosuch", "") == 2 &&
              parse(&options, "word", "") == 2);
    check("numbers are checked", parse(&options, "--repeat", "0") == 2 && parse(&options, "--repeat", "3x") == 2 &&
                                     parse(&options, "--cpus", "0") == 2);
    check("names are taken once, sizes in order", parse(&options, "--payloads", "1024,64,1024") == 0 &&
                                                      options.payload_count == 2 && options.payloads[0] == 64);
    check("one case is one case", parse(&options, "--cases", "map") == 0 && options.cases[3] && !options.cases[0]);
    parse(&options, "--providers", "sysv,posix");
    check("a full plan has every payload of every provider",
          plan_init(&plan, &options, &settings) == 0 &&
              plan.count == 2 * (PAYLOADS + 2 + PAYLOADS + 6 + MAP_SIZES + 1));
    plan_fini(&plan);
}

/* Every single bit of a message matters, and so does its number. */
static void test_payload(void) {
    struct payload payload;
    bool all = true;
    payload_init(&payload, 256, 42);
    payload_stamp(&payload, 7);
    check("a payload is itself, and no other number",
          payload_is(&payload, payload.words, 256, 7) && !payload_is(&payload, payload.words, 256, 8));
    for (size_t bit = 0; bit < (size_t)256 * 8; bit++) {
        payload.words[bit / 64] ^= (uint64_t)1 << bit % 64;
        all &= !payload_is(&payload, payload.words, 256, 7);
        payload.words[bit / 64] ^= (uint64_t)1 << bit % 64;
    }
    check("any flipped bit is noticed", all);
    payload_fini(&payload);
}

static void test_load(void) {
    int which;
    struct core_ticks from = {.busy = {100, 100}, .idle = {0, 0}}, to = {.busy = {101, 105}, .idle = {9, 5}};
    check("load is the busier core's share", near(core_ticks_load(&from, &to, &which), 0.5) && which == 1);
    char why[STATUS_SIZE];
    struct usage usage[2] = {{.wall_ns = 1000, .run_delay_ns = 20}, {.wall_ns = 1000, .run_delay_ns = 200}};
    check("waiting for its core makes a row busy", usage_disturbed(usage, why, sizeof why) && why[0] == 'b');
    usage[1].run_delay_ns = 0;
    check("a moment of it does not", !usage_disturbed(usage, why, sizeof why));
}

static void stream_job(const void *benchmark, struct outcome *out) {
    stream_measure(benchmark, out);
}

/* Between real processes: a row is fine as it is, and corrupt when one bit of one message changes on its way. */
static void test_corruption(const llmp_shmem_provider *provider) {
    struct settings settings = {.seed = 9, .warm_ns = 2000000, .timed_ns = 5000000};
    struct benchmark benchmark = {&family_stream, provider, 64, &settings};
    struct outcome out;
    char text[96];
    job_run(stream_job, &benchmark, 30, &out);
    snprintf(text, sizeof text, "%s: an undamaged stream is ok", llmp_shmem_provider_name(provider));
    check(text, out.why[0] == '\0' && out.times.count == 1 && out.times.ns[0] > 0);
    settings.flip_at = 1000;
    job_run(stream_job, &benchmark, 30, &out);
    snprintf(text, sizeof text, "%s: one flipped bit makes the row corrupt", llmp_shmem_provider_name(provider));
    check(text, strcmp(out.why, "corrupt: wrong content or order at message 1000") == 0);
    if (out.why[0] != '\0') {
        printf("# %s\n", out.why);
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
    check("a crash costs one row and says so", strncmp(out.why, "failed: killed by signal 9", 26) == 0);
    job_run(hang, NULL, 0.2, &out);
    check("a hang too", strncmp(out.why, "failed: no end within", 21) == 0);
}

int selftest_main(void) {
    const llmp_shmem_provider *known[PROVIDERS_MAX];
    unsigned count = providers_known(known);
    cores_pick(&pair_cores);
    jobs_init();
    test_percentiles();
    test_means();
    test_figures();
    test_ratio();
    test_verdicts();
    test_metrics();
    test_csv();
    test_options();
    test_payload();
    test_load();
    test_jobs();
    for (unsigned i = 0; i < count; i++) {
        if (llmp_shmem_provider_check(known[i]) == 0) {
            test_corruption(known[i]);
        }
    }
    printf("1..%d\n", cases);
    return failures > 0;
}
