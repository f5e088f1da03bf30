/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The atomics of the benchmark: words that two processes share.
 *
 * Every word has one writer. word_publish() (release) makes all that its process wrote before visible to whoever reads
 * the new value with word_observe() (acquire). A comment at each use names the word and its partner.
 */
#ifndef LLMP_BENCH_SYNC_H
#define LLMP_BENCH_SYNC_H

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Two lines each: processors fetch lines in pairs, and a neighbour's traffic must not count. */
#define SHARED_ALIGN 128

struct shared_word {
    _Alignas(SHARED_ALIGN) _Atomic uint64_t value;
};

static inline uint64_t word_observe(struct shared_word *word) {
    return atomic_load_explicit(&word->value, memory_order_acquire);
}

static inline void word_publish(struct shared_word *word, uint64_t value) {
    atomic_store_explicit(&word->value, value, memory_order_release);
}

/* Set by cores_pick(): both processes run on one core, so whoever waits has to give way. */
extern bool cores_shared;

/* One turn of a loop that waits for a cache line: as fast as can be where the other side has a core of its own. */
static inline void spin_turn(void) {
    if (cores_shared) {
        sched_yield();
    }
}

#if defined(__x86_64__) || defined(__i386__)
#define CPU_PAUSE() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define CPU_PAUSE() __asm__ volatile("yield")
#else
#define CPU_PAUSE() atomic_signal_fence(memory_order_seq_cst)
#endif

/* One turn of a loop that looks rarely, so that the line it polls stays with its writer meanwhile. */
static inline void lazy_turn(void) {
    for (int i = 0; i < 10; i++) {
        CPU_PAUSE();
    }
    spin_turn();
}

/* Waits until the word has reached `value`, looking all the time. */
static inline void word_await(struct shared_word *word, uint64_t value) {
    while (word_observe(word) < value) {
        spin_turn();
    }
}

#endif
