/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Every atomic access of the project goes through here. A caller names its partner in a comment ("A1 pairs with R1"),
 * and orders on the variable itself: no bare fences, which ThreadSanitizer cannot follow.
 *
 * Relaxed loads serve a second purpose: a field of a shared page that a peer may be changing is read exactly once, and
 * the compiler cannot read it again behind the check.
 */
#ifndef LLMP_OS_ATOMIC_H
#define LLMP_OS_ATOMIC_H

#define llmp_load_acquire(where) __atomic_load_n((where), __ATOMIC_ACQUIRE)
#define llmp_load_relaxed(where) __atomic_load_n((where), __ATOMIC_RELAXED)
#define llmp_store_release(where, value) __atomic_store_n((where), (value), __ATOMIC_RELEASE)
#define llmp_store_relaxed(where, value) __atomic_store_n((where), (value), __ATOMIC_RELAXED)
#define llmp_add_release(where, value) __atomic_fetch_add((where), (value), __ATOMIC_RELEASE)

/*
 * Starts to load the line that `where` lies on; never faults. The empty assembly keeps gcc from taking a function that
 * does nothing but this for one without effect, and leaving its calls out.
 */
static inline void llmp_prefetch(const void *where) {
    __builtin_prefetch(where);
    __asm__ volatile("");
}

/*
 * The same, for writing: takes the line away from whoever has it. gcc and clang leave it at a load for reading unless
 * they may assume the instruction; processors that lack it ignore it.
 */
static inline void llmp_prefetch_write(const void *where) {
#if defined(__x86_64__)
    __asm__ volatile("prefetchw %0" : : "m"(*(const unsigned char *)where));
#else
    __builtin_prefetch(where, 1);
    __asm__ volatile("");
#endif
}

#if defined(__x86_64__) || defined(__i386__)
#define llmp_cpu_relax() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define llmp_cpu_relax() __asm__ volatile("yield")
#else
#define llmp_cpu_relax() ((void)0)
#endif

#endif
