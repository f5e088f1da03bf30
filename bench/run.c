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
#include "cases/hyperfine.h"
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

/* What the callbacks of measure_row() need. */
struct stage {
    struct results *results;
    unsigned index;
    size_t memcpy_done[PAYLOADS];
};

static void on_begin(void *context, unsigned number) {
    const struct stage *stage = context;
    progress_benchmark(stage->index, number);
}

static void on_repetition(void *context, const struct benchmark *benchmark, const struct repetition *repetition,
                          unsigned number) {
    struct stage *stage = context;
    results_repetition(stage->results, benchmark, repetition, number);
}

/* Copying is measured with every baseline; summary.csv gets it once a payload. */
static void write_memcpy(struct stage *stage, const struct benchmark *benchmark, const struct repetition *repetition) {
    for (int i = 0; repetition->facts[0].memcpy_ns > 0 && i < PAYLOADS; i++) {
        if (payload_sizes[i] == benchmark->payload && stage->memcpy_done[i] == 0) {
            stage->memcpy_done[i] = 1;
            csv_memcpy(stage->results->summary, benchmark->payload, &repetition->facts[0]);
        }
    }
}

static void measure_all(struct run *run, struct results *results) {
    struct stage stage = {.results = results};
    struct measure_watch watch = {.begin = on_begin, .end = on_repetition, .context = &stage};
    for (; run->done < run->plan.count; run->done++) {
        const struct benchmark *benchmark = &run->plan.benchmarks[run->done];
        struct repetition *kept = &run->kept[run->done];
        stage.index = run->done;
        if (jobs_interrupted() || !benchmark_measure(benchmark, &watch, kept)) {
            run->interrupted = true;
            return;
        }
        results_benchmark(results, benchmark, kept);
        write_memcpy(&stage, benchmark, kept);
        run->ok += kept->verdict == VERDICT_OK;
        run->failed += kept->verdict == VERDICT_FAILED;
        progress_done(run->done, kept);
    }
}

/* Without names: what works here. With names: what was named, as a row that fails says more than one that is missing. */
static void choose_providers(struct options *options) {
    const llmp_shmem_provider *known[PROVIDERS_MAX];
    unsigned count = options->providers_given ? 0 : providers_known(known);
    for (unsigned i = 0; i < count; i++) {
        int rc = llmp_shmem_provider_check(known[i]);
        if (rc == 0) {
            options->providers[options->provider_count++] = known[i];
        } else {
            fprintf(stderr, "llmp-bench: %s is left out: %s\n", llmp_shmem_provider_name(known[i]), llmp_strerror(rc));
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
        fprintf(stderr, "llmp-bench: one core only: both processes share it, unpinned, and figures mean little\n");
    }
    return 0;
}

/* What plot/draw says goes to our stderr. It is not pinned and has nothing to hurry for. */
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

static int finish(struct run *run, const struct options *options, struct results *results, json_t *environment) {
    environment_finish(environment, run->done, run->ok, run->interrupted);
    results_json(results, "environment.json", environment);
    results_close(results);
    progress_say(NULL);
    bool drawn = run->interrupted || draw_plots(options, results);
    run->interrupted |= jobs_interrupted(); /* while it drew: all rows are there all the same */
    tables_print(run, results->folder);
    if (run->interrupted) {
        return EXIT_INTERRUPTED;
    }
    bool good = options->strict ? run->ok == run->plan.count : run->failed == 0;
    return good && drawn ? 0 : EXIT_NOT_OK;
}

static int run_plan(struct run *run, const struct options *options, struct settings *settings, int argc, char **argv) {
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
    progress_init(&run->plan);
    measure_all(run, &results);
    int status = finish(run, options, &results, environment);
    json_decref(environment);
    settings->scratch = NULL;
    return status;
}

int run_main(int argc, char **argv) {
    struct options options;
    struct settings settings;
    struct run run = {0};
    int status = options_parse(&options, argc, argv, stderr);
    if (status != 0) {
        return status;
    }
    if (options.help || options.list || options.version) {
        options.help ? options_help(stdout) : options.list ? options_list(stdout) : (void)puts(llmp_version());
        return 0;
    }
    if (choose_cores(&options) != 0) {
        return EXIT_USAGE;
    }
    choose_providers(&options);
    settings_init(&settings, &options);
    if (plan_init(&run.plan, &options, &settings) != 0 || run.plan.count == 0) {
        fprintf(stderr, "llmp-bench: there is nothing to measure\n");
        return EXIT_NOT_OK;
    }
    run.kept = calloc(run.plan.count, sizeof *run.kept);
    status = run.kept != NULL ? run_plan(&run, &options, &settings, argc, argv) : EXIT_NOT_OK;
    free(run.kept);
    plan_fini(&run.plan);
    return status;
}
