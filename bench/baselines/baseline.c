/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The baselines that need no slots, and the job that takes a reading. */
#include "baselines/baseline.h"

#include "kit/clock.h"
#include "kit/pair.h"
#include "kit/stats.h"
#include "kit/sync.h"

enum { LINE_ROUNDS = 5, LINE_TURNS = 3000 };

static unsigned char *arena;

void baselines_init(void) {
    arena = pair_alloc(ARENA_BYTES);
}

void arena_touch(unsigned char *memory, size_t bytes) {
    for (size_t i = 0; i < bytes; i += 4096) {
        volatile unsigned char *byte = memory + i;
        (void)*byte;
    }
}

struct line {
    struct shared_word ping; /* written by A, read by B */
    struct shared_word pong; /* written by B, read by A */
};

static int line_back(void *context) {
    struct line *line = context;
    for (uint64_t i = 1; i <= (uint64_t)LINE_ROUNDS * LINE_TURNS; i++) {
        word_await(&line->ping, i);   /* pairs with word_publish(ping) in line_round() */
        word_publish(&line->pong, i); /* pairs with word_await(pong) in line_round() */
    }
    return 0;
}

static double line_round(struct line *line, uint64_t first) {
    uint64_t start = clock_now();
    for (uint64_t i = first; i < first + LINE_TURNS; i++) {
        word_publish(&line->ping, i); /* pairs with word_await(ping) in line_back() */
        word_await(&line->pong, i);   /* pairs with word_publish(pong) in line_back() */
    }
    return (double)(clock_now() - start) / (2.0 * LINE_TURNS);
}

double baseline_line(void) {
    double rounds[LINE_ROUNDS];
    struct line *line = pair_alloc(sizeof *line);
    pid_t peer = pair_fork(line_back, line);
    if (peer < 0) {
        return 0;
    }
    for (uint64_t i = 0; i < LINE_ROUNDS; i++) {
        rounds[i] = line_round(line, 1 + i * LINE_TURNS);
    }
    pair_join(peer, 1000);
    pair_release(line, sizeof *line);
    return median_of(rounds, LINE_ROUNDS);
}

static double memcpy_round(unsigned char *to, const unsigned char *from, size_t bytes, unsigned copies) {
    uint64_t start = clock_now();
    for (unsigned i = 0; i < copies; i++) {
        memcpy(to, from, bytes);
        __asm__ volatile("" : : "r"(to), "r"(from) : "memory"); /* every copy is really made */
    }
    return (double)(clock_now() - start) / copies;
}

static double baseline_memcpy(size_t bytes) {
    enum { ROUNDS = 9 };
    double rounds[ROUNDS];
    unsigned copies = (unsigned)(((size_t)1 << 20) / bytes);
    for (int i = 0; i < ROUNDS; i++) {
        rounds[i] = memcpy_round(arena, arena + ARENA_BYTES / 2, bytes, copies ? copies : 1);
    }
    return median_of(rounds, ROUNDS);
}

void baseline_measure(const void *context, struct outcome *out) {
    const struct baseline_job *job = context;
    out->baseline.line_ns = baseline_line();
    if (out->baseline.line_ns <= 0) {
        outcome_fail(out, "failed: no cache line came back");
    }
    if (job->family == BASELINE_STREAM) {
        baseline_stream(job, arena, out);
    } else if (job->family == BASELINE_PINGPONG || job->family == BASELINE_RELAY) {
        baseline_pingpong(job, arena, out);
    }
    if (job->family != BASELINE_OWN) {
        out->baseline.memcpy_ns = baseline_memcpy(job->payload);
    }
}
