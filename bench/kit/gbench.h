/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Google Benchmark from C: the few calls of it that this program needs, with C linkage. gbench.cc, behind it, is the only
 * C++ here, and the only file that knows the library's classes.
 *
 *     static void copy(gbench_state *state, void *context)
 *     {
 *         while (gbench_keep_running(state)) { … }
 *     }
 *     gbench_register("copy/64", copy, context, &options);
 *     gbench_run(report, out, "copy.json");
 *
 * Not thread-safe, as the library's registry is not.
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
    bool manual_time;   /* time is what gbench_set_seconds() says, once an iteration; else the wall clock */
    double min_seconds; /* repeat for so long; 0: the library's default, or --benchmark_min_time */
} gbench_options;

/* One finished benchmark. */
typedef struct gbench_result {
    const char *name;
    double ns; /* an iteration */
    int64_t iterations;
    const char *error; /* null when it worked */
} gbench_result;
typedef void (*gbench_report_fn)(void *context, const gbench_result *result);

/* `name` is copied; `context` has to live until the run is over. `options` may be null. */
void gbench_register(const char *name, gbench_fn function, void *context, const gbench_options *options);

/* Forgets all that was registered. */
void gbench_clear(void);

/* Runs all that is registered, silently, and writes the library's own JSON to `json_path` (null: nowhere). */
void gbench_run(gbench_report_fn report, void *context, const char *json_path);

/* Runs what is registered as a Google Benchmark program with these arguments does. Returns an exit status. */
int gbench_main(int argc, char **argv);

/* Inside a benchmark. */
bool gbench_keep_running(gbench_state *state);
void gbench_set_seconds(gbench_state *state, double seconds);
void gbench_set_bytes(gbench_state *state, uint64_t bytes);
uint64_t gbench_iterations(const gbench_state *state);

/* Ends the benchmark as failed. Return from it soon; gbench_keep_running() is false from here on. */
void gbench_fail(gbench_state *state, const char *why);

#ifdef __cplusplus
}
#endif
#endif
