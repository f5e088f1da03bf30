/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * All atomic accesses of the project. A caller names the partner of each in a comment ("A1 pairs with R1") and orders
 * on the variable itself: there are no bare fences, which ThreadSanitizer cannot follow.
 *
 * Relaxed loads have a second purpose: a field of a shared page, which a peer may be changing, is read exactly once.
 * The compiler cannot read it again after the check.
 */
#ifndef LLMP_OS_ATOMIC_H
#define LLMP_OS_ATOMIC_H

#define llmp_load_acquire(where) __atomic_load_n((where), __ATOMIC_ACQUIRE)
#define llmp_load_relaxed(where) __atomic_load_n((where), __ATOMIC_RELAXED)
#define llmp_store_release(where, value) __atomic_store_n((where), (value), __ATOMIC_RELEASE)
#define llmp_store_relaxed(where, value) __atomic_store_n((where), (value), __ATOMIC_RELAXED)
#define llmp_add_release(where, value) __atomic_fetch_add((where), (value), __ATOMIC_RELEASE)

/*
 * Prefetches the cache line of `where` for reading; never faults. The empty assembly statement keeps gcc from removing
 * calls of a function that contains nothing but a prefetch, because it would otherwise have no effect.
 */
static inline void llmp_prefetch(const void *where) {
    __builtin_prefetch(where);
    __asm__ volatile("");
}

/*
 * Prefetches the cache line of `where` for writing: takes its ownership from the core that has it. On x86-64 gcc and
 * clang emit a prefetch for reading unless they may assume `prefetchw`; processors without the instruction ignore it.
 */
static inline void llmp_prefetch_write(const void *where) {
#if defined(__x86_64__)
    __asm__ volatile("prefetchw %0" : : "m"(*(const unsigned char *)where));
#else
    __builtin_prefetch(where, 1);
    __asm__ volatile("");
#endif
}

/* Tells the processor that this is a spin loop. */
#if defined(__x86_64__) || defined(__i386__)
#define llmp_cpu_relax() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define llmp_cpu_relax() __asm__ volatile("yield")
#else
#define llmp_cpu_relax() ((void)0)
#endif

#endif
