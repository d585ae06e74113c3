/* The first layer of a planned step where most of its input is one and the same number, as the background of images is.
 *
 * x = c + s with s sparse, so that x W' = s W' + c (sum of each row of W), and the gradient g' x = g' s + c (sum of g). Both
 * products go over the entries of s alone, 64 units at a time: these units' part of W, and of g, is copied to where it lies
 * unit by unit and stays in the second-level cache. The sums run over all of W and of g, so that what is not finite there
 * makes the result not finite, as it does with 0 * infinity in the dense product. */
#ifndef PERDURE_ENGINE_PLANNED_SPARSE_H
#define PERDURE_ENGINE_PLANNED_SPARSE_H
#include <stdbool.h>
#include <stdint.h>

enum { SPARSE_TILE = 64 }; /* units of one pass */

/* A number of s: which row of the tile it is multiplied by, in floats from its beginning. */
typedef struct sparse_entry {
    uint32_t at;
    float value;
} sparse_entry;

/* What the loops read: a list a row (forward) or an input (weights), from begin[i] to begin[i + 1]. */
typedef struct sparse_lists {
    int64_t rows, inputs, units;
    float background; /* c */
    const sparse_entry *entries;
    const uint32_t *begin;
    float *tile; /* scratch, on a line of the cache: [inputs, 64] forward, [rows, 64] for the weights */
} sparse_lists;

/* ---- planned_sparse_loops.h, compiled for vectors of 256 and of 512 bits; x86-64 only ---- */
/* out [rows, units] = x weight' + bias. */
void sparse_forward_256(const sparse_lists *l, const float *weight, const float *bias, float *out);
void sparse_forward_512(const sparse_lists *l, const float *weight, const float *bias, float *out);
/* to [units, inputs] = g' x; what was there is not read. */
void sparse_weights_256(const sparse_lists *l, const float *g, float *to);
void sparse_weights_512(const sparse_lists *l, const float *g, float *to);

/* ---- planned_sparse_cpu.cpp ---- */
/* Numbers in a vector of this processor, 16 or 8; 0: it has none that pays, or an operation runs on several threads, which
 * the dense product makes use of. LibTorch's own choice is kept to (ATEN_CPU_CAPABILITY). */
int sparse_lanes(void);

/* ---- planned_sparse.c ---- */
typedef struct planned_sparse planned_sparse; /* buffers, and what the last forward found */
typedef struct sparse_layer {
    int64_t rows, inputs, units;
    const float *in; /* [rows, inputs] */
} sparse_layer;

/* out [rows, units] = in weight' + bias; false: the dense product costs less, or is more exact beside a background that is far greater
 * than the rest, and nothing was written. `*at` is made when it is needed first. The choice follows from sizes and numbers alone. */
bool sparse_forward(planned_sparse **at, const sparse_layer *l, const float *weight, const float *bias, float *out);
/* to = g' in of the last forward, see above; false: that was dense, and this is too. */
bool sparse_weights(planned_sparse *z, const float *g, float *to);
bool sparse_ran(const planned_sparse *z); /* the last forward; NULL: false */
void sparse_free(planned_sparse *z);      /* NULL: nothing */

/* The number that more than half of a sample of x are, compared as numbers; false: there is none, or it is not finite. */
bool sparse_background(const float *x, int64_t count, float *background);
/* So many entries are the most with which sparse products cost less than dense ones; below 1: none do. */
int64_t sparse_most(int64_t rows, int64_t inputs, int64_t units);

#endif
