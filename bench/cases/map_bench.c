/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Creating, opening and closing maps, of which one operation is timed. */
#include "cases/map_bench.h"

#include <stdbool.h>
#include <stdlib.h>

#include "kit/clock.h"
#include "kit/payload.h"

const char *const map_op_names[MAP_OPS] = {"create", "open", "close"};

/* Sets the time of an iteration: the interval without the cost of the clock. */
static void set_interval(gbench_state *state, uint64_t start, uint64_t end) {
    double ns = (double)(end - start) - clock_cost_ns();
    gbench_set_seconds(state, (ns > 1 ? ns : 1) / 1e9);
}

/* Creates and closes a map, and times one of the two. Returns false on failure. */
static bool create_and_close(gbench_state *state, const struct map_bench *bench, struct map_handle *map) {
    uint64_t start = clock_now();
    int rc = bench->ops->create(bench->context, bench->size, map);
    uint64_t created = clock_now();
    if (rc != 0) {
        gbench_fail(state, bench->ops->error_name(rc));
        return false;
    }
    uint64_t closing = clock_now();
    bench->ops->close(map);
    uint64_t closed = clock_now();
    if (bench->op == MAP_CREATE) {
        set_interval(state, start, created);
    } else {
        set_interval(state, closing, closed);
    }
    return true;
}

static bool open_once(gbench_state *state, const struct map_bench *bench, const struct map_handle *original,
                      struct map_handle *map) {
    uint64_t start = clock_now();
    int rc = bench->ops->open(bench->context, original, map);
    uint64_t opened = clock_now();
    if (rc != 0) {
        gbench_fail(state, bench->ops->error_name(rc));
        return false;
    }
    set_interval(state, start, opened);
    bench->ops->close(map);
    return true;
}

static void run_opens(gbench_state *state, const struct map_bench *bench, struct map_handle *original,
                      struct map_handle *map) {
    int rc = bench->ops->create(bench->context, bench->size, original);
    if (rc != 0) {
        gbench_fail(state, bench->ops->error_name(rc));
        return;
    }
    while (gbench_keep_running(state)) {
        if (!open_once(state, bench, original, map)) {
            break;
        }
    }
    bench->ops->close(original);
}

static void run_op(gbench_state *state, const struct map_bench *bench, struct map_handle *original,
                   struct map_handle *map) {
    if (bench->op == MAP_OPEN) {
        run_opens(state, bench, original, map);
        return;
    }
    while (gbench_keep_running(state)) {
        if (!create_and_close(state, bench, map)) {
            return;
        }
    }
}

void map_bench_run(gbench_state *state, void *context) {
    struct map_handle *original = payload_buffer(MAP_HANDLE_SIZE);
    struct map_handle *map = payload_buffer(MAP_HANDLE_SIZE);
    if (original == NULL || map == NULL) {
        gbench_fail(state, "no memory");
    } else {
        run_op(state, context, original, map);
    }
    free(original);
    free(map);
}
