/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Google Benchmark from C: the few functions of it that this program uses, with C linkage. gbench.cc implements them;
 * it is the only C++ here, and the only file that uses the library's classes.
 *
 *     static void copy(gbench_state *state, void *context)
 *     {
 *         while (gbench_keep_running(state)) { … }
 *     }
 *     gbench_register("copy/64", copy, context, &options);
 *     gbench_run(report, out, "copy.json");
 *
 * Not thread-safe, because the library's registry is not.
 */
#ifndef LLMP_BENCH_GBENCH_H
#define LLMP_BENCH_GBENCH_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The running benchmark (benchmark::State). */
typedef struct gbench_state gbench_state;

/* A benchmark: does its work once for each gbench_keep_running() that returns true. */
typedef void (*gbench_fn)(gbench_state *state, void *context);

typedef struct gbench_options {
    bool manual_time;   /* each iteration passes its time to gbench_set_seconds(); false: the wall clock is used */
    double min_seconds; /* minimum duration; 0: the library's default, or --benchmark_min_time */
} gbench_options;

/* The result of one benchmark. */
typedef struct gbench_result {
    const char *name;
    double ns; /* per iteration */
    int64_t iterations;
    const char *error; /* null on success */
} gbench_result;
typedef void (*gbench_report_fn)(void *context, const gbench_result *result);

/* Registers a benchmark. `name` is copied; `context` must live until the run is over. `options` may be null. */
void gbench_register(const char *name, gbench_fn function, void *context, const gbench_options *options);

/* Removes all benchmarks from the registry. */
void gbench_clear(void);

/*
 * Runs all registered benchmarks without printing, calls `report` for each, and writes the library's own JSON to
 * `json_path` unless it is null.
 */
void gbench_run(gbench_report_fn report, void *context, const char *json_path);

/* Runs the registered benchmarks as a Google Benchmark program with these arguments does. Returns an exit status. */
int gbench_main(int argc, char **argv);

/* For use within a benchmark. */
bool gbench_keep_running(gbench_state *state);
void gbench_set_seconds(gbench_state *state, double seconds);
void gbench_set_bytes(gbench_state *state, uint64_t bytes);
uint64_t gbench_iterations(const gbench_state *state);

/* Marks the benchmark as failed; gbench_keep_running() returns false from now on. */
void gbench_fail(gbench_state *state, const char *error);

#ifdef __cplusplus
}
#endif
#endif
