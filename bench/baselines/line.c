/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A cache line from core to core, and memcpy() within one core. */
#include "baselines/line.h"

#include "baselines/slots.h"
#include "kit/clock.h"
#include "kit/pair.h"
#include "kit/stats.h"
#include "kit/sync.h"

enum { LINE_ROUNDS = 5, LINE_TURNS = 3000, MEMCPY_ROUNDS = 9, MEMCPY_BYTES = 1 << 20 };

struct line {
    struct shared_word ping; /* written by A, read by B */
    struct shared_word pong; /* written by B, read by A */
};

static int answer_line(void *context) {
    struct line *line = context;
    for (uint64_t i = 1; i <= (uint64_t)LINE_ROUNDS * LINE_TURNS; i++) {
        word_await(&line->ping, i);   /* pairs with word_publish(ping) in time_line_round() */
        word_publish(&line->pong, i); /* pairs with word_await(pong) in time_line_round() */
    }
    return 0;
}

static double time_line_round(struct line *line, uint64_t first) {
    uint64_t start = clock_now();
    for (uint64_t i = first; i < first + LINE_TURNS; i++) {
        word_publish(&line->ping, i); /* pairs with word_await(ping) in answer_line() */
        word_await(&line->pong, i);   /* pairs with word_publish(pong) in answer_line() */
    }
    return (double)(clock_now() - start) / (2.0 * LINE_TURNS);
}

double baseline_line(void) {
    double rounds[LINE_ROUNDS];
    struct line *line = pair_alloc(sizeof *line);
    pid_t peer = pair_fork(answer_line, line);
    if (peer < 0) {
        return 0;
    }
    for (uint64_t i = 0; i < LINE_ROUNDS; i++) {
        rounds[i] = time_line_round(line, 1 + i * LINE_TURNS);
    }
    pair_join(peer, 1000);
    pair_release(line, sizeof *line);
    return median_of(rounds, LINE_ROUNDS);
}

static double time_memcpy_round(unsigned char *to, const unsigned char *from, size_t bytes, unsigned copies) {
    uint64_t start = clock_now();
    for (unsigned i = 0; i < copies; i++) {
        memcpy(to, from, bytes);
        __asm__ volatile("" : : "r"(to), "r"(from) : "memory"); /* keeps the compiler from removing the copy */
    }
    return (double)(clock_now() - start) / copies;
}

double baseline_memcpy(unsigned char *arena, size_t bytes) {
    double rounds[MEMCPY_ROUNDS];
    unsigned copies = bytes < MEMCPY_BYTES ? (unsigned)(MEMCPY_BYTES / bytes) : 1;
    for (int i = 0; i < MEMCPY_ROUNDS; i++) {
        rounds[i] = time_memcpy_round(arena, arena + ARENA_BYTES / 2, bytes, copies);
    }
    return median_of(rounds, MEMCPY_ROUNDS);
}
