/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The atomics of the benchmarks: words that two processes share.
 *
 * Every word has one writer. word_publish() is a release store: a process that reads the new value with word_observe(),
 * an acquire load, also sees everything that the writer wrote before. A comment at each use names the word and its
 * partner.
 */
#ifndef LLMP_BENCH_SYNC_H
#define LLMP_BENCH_SYNC_H

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Two cache lines per word: processors prefetch lines in pairs, and traffic on a neighbour must not be measured. */
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

/*
 * True if both processes run on one core, so that a process that waits must yield. Set by cores_pick() and cores_set().
 */
extern bool cores_shared;

/* One turn of a loop that polls a cache line as fast as possible; yields if the other process needs this core. */
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

/* One turn of a loop that polls rarely, so that the polled cache line stays with its writer in between. */
static inline void lazy_turn(void) {
    for (int i = 0; i < 10; i++) {
        CPU_PAUSE();
    }
    spin_turn();
}

/* Polls until the word is at least `value`. */
static inline void word_await(struct shared_word *word, uint64_t value) {
    while (word_observe(word) < value) {
        spin_turn();
    }
}

#endif
