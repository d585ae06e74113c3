/* A loop twice, for AVX2 and for any x86-64, chosen when the engine is loaded. Both give the same bits: element by element, and no
 * multiply-add (-ffp-contract=off). */
#ifndef PERDURE_ENGINE_WIDE_H
#define PERDURE_ENGINE_WIDE_H

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

/* The same of a function that other files call: clang 14 gives its clones a name that those do not find. */
#ifdef __clang__
#define WIDE_SHOWN
#else
#define WIDE_SHOWN WIDE
#endif

#endif
