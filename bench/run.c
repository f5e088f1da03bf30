/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A whole run. */
#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "baselines/baseline.h"
#include "cases/families.h"
#include "kit/pair.h"
#include "kit/sync.h"
#include "llmp/llmp.h"
#include "report/csv.h"
#include "report/environment.h"
#include "report/progress.h"
#include "report/results.h"
#include "report/tables.h"
#include "runner/job.h"
#include "runner/measure.h"

enum { EXIT_NOT_OK = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };

/* The context of the callbacks of benchmark_measure(). */
struct stage {
    struct results *results;
    unsigned index;
    bool memcpy_written[PAYLOADS];
};

static void on_begin(void *context, unsigned number) {
    const struct stage *stage = context;
    progress_benchmark(stage->index, number);
}

static void on_end(void *context, const struct benchmark *benchmark, const struct repetition *repetition,
                   unsigned number) {
    struct stage *stage = context;
    results_repetition(stage->results, benchmark, repetition, number);
}

/* memcpy() is measured with every baseline, but summary.csv has one line of it per payload. */
static void write_memcpy(struct stage *stage, const struct benchmark *benchmark, const struct repetition *kept) {
    for (int i = 0; kept->facts[0].memcpy_ns > 0 && i < PAYLOADS; i++) {
        if (payload_sizes[i] == benchmark->payload && !stage->memcpy_written[i]) {
            stage->memcpy_written[i] = true;
            csv_memcpy(stage->results->summary, benchmark->payload, &kept->facts[0]);
        }
    }
}

static void measure_all(struct record *record, struct results *results) {
    struct stage stage = {.results = results};
    struct measure_watch watch = {.begin = on_begin, .end = on_end, .context = &stage};
    for (; record->done < record->plan.count; record->done++) {
        const struct benchmark *benchmark = &record->plan.benchmarks[record->done];
        struct repetition *kept = &record->kept[record->done];
        stage.index = record->done;
        if (jobs_interrupted() || !benchmark_measure(benchmark, &watch, kept)) {
            record->interrupted = true;
            return;
        }
        results_benchmark(results, benchmark, kept);
        write_memcpy(&stage, benchmark, kept);
        record->ok += kept->verdict == VERDICT_OK ? 1 : 0;
        record->failed += kept->verdict == VERDICT_FAILED ? 1 : 0;
        progress_done(record->done, kept);
    }
}

/*
 * Selects the subjects that work on this machine, unless the user has named some: of those, one that does not work is
 * kept as a failed benchmark instead of being left out.
 */
static void choose_subjects(struct options *options) {
    char name[SUBJECT_NAME_SIZE];
    unsigned count;
    const struct subject *all = subjects_all(&count);
    for (unsigned i = 0; !options->subjects_given && i < count; i++) {
        int rc = all[i].check(&all[i]);
        if (rc == 0) {
            options->subjects[options->subject_count++] = &all[i];
        } else {
            fprintf(stderr, "llmp-bench: %s is left out: %s\n", subject_name(&all[i], name), all[i].error_text(rc));
        }
    }
}

static int choose_cores(const struct options *options) {
    cores_pick(&pair_cores);
    if (options->cpus_given && cores_set(&pair_cores, options->cpus[0], options->cpus[1]) != 0) {
        fprintf(stderr, "llmp-bench: this process may not run on cores %d and %d\n", options->cpus[0],
                options->cpus[1]);
        return -1;
    }
    if (cores_shared) {
        fprintf(stderr, "llmp-bench: only one core: both processes share it and are not pinned, and figures mean "
                        "little\n");
    }
    return 0;
}

/* Runs the plot script with its output on stderr, with no signal blocked. Returns true if it succeeded. */
static bool draw(const char *script, const char *folder) {
    int status;
    pid_t runner = getpid();
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        pair_die_with(runner);
        dup2(STDERR_FILENO, STDOUT_FILENO);
        execl(script, script, folder, (char *)NULL);
        fprintf(stderr, "llmp-bench: %s: %s\n", script, strerror(errno));
        _exit(127);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool draw_plots(const struct options *options, const struct results *results) {
    const char *script = options->plot != NULL ? options->plot : "./plot/draw";
    if (strcmp(script, "none") == 0 || (options->plot == NULL && access(script, X_OK) != 0)) {
        return true;
    }
    progress_say("drawing the plots");
    bool drawn = draw(script, results->folder);
    progress_say(NULL);
    if (!drawn) {
        fprintf(stderr, "llmp-bench: no plots; draw them later with %s %s\n", script, results->folder);
    }
    return drawn;
}

static int finish(struct record *record, const struct options *options, struct results *results, json_t *environment) {
    environment_finish(environment, record->done, record->ok, record->interrupted);
    results_json(results, "environment.json", environment);
    results_close(results);
    progress_say(NULL);
    bool drawn = record->interrupted || draw_plots(options, results);
    record->interrupted |= jobs_interrupted(); /* during the drawing: all benchmarks have been measured */
    tables_print(record, results->folder);
    if (record->interrupted) {
        return EXIT_INTERRUPTED;
    }
    bool good = options->strict ? record->ok == record->plan.count : record->failed == 0;
    return good && drawn ? 0 : EXIT_NOT_OK;
}

static int run_plan(struct record *record, const struct options *options, struct settings *settings, int argc,
                    char **argv) {
    struct results results;
    time_t start = time(NULL);
    if (results_open(&results, options->results, start) != 0) {
        return EXIT_NOT_OK;
    }
    settings->scratch = results.folder;
    json_t *environment = environment_new(argc, argv, options, settings, start);
    results_json(&results, "environment.json", environment);
    baselines_init();
    jobs_init();
    jobs_on_tick(progress_tick);
    progress_init(&record->plan);
    measure_all(record, &results);
    int status = finish(record, options, &results, environment);
    json_decref(environment);
    settings->scratch = NULL;
    return status;
}

static int run_options(struct options *options, int argc, char **argv) {
    struct settings settings;
    struct record record = {0};
    if (choose_cores(options) != 0) {
        return EXIT_USAGE;
    }
    choose_subjects(options);
    settings_init(&settings, options);
    if (plan_init(&record.plan, options, &settings) != 0 || record.plan.count == 0) {
        fprintf(stderr, "llmp-bench: there is nothing to measure\n");
        plan_fini(&record.plan);
        return EXIT_NOT_OK;
    }
    record.kept = calloc(record.plan.count, sizeof *record.kept);
    int status = record.kept != NULL ? run_plan(&record, options, &settings, argc, argv) : EXIT_NOT_OK;
    free(record.kept);
    plan_fini(&record.plan);
    return status;
}

int run_main(int argc, char **argv) {
    struct options options;
    int status = options_parse(&options, argc, argv, stderr);
    if (status != 0) {
        return status;
    }
    if (options.help) {
        options_help(stdout);
    } else if (options.list) {
        options_list(stdout);
    } else if (options.version) {
        puts(llmp_version());
    } else {
        status = run_options(&options, argc, argv);
    }
    return status;
}
