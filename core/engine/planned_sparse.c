/* When the first layer's products are sparse, and their lists; see planned_sparse.h. */
#include "engine/planned_sparse.h"
#include "engine/wide.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { FLAGS = 8 }; /* looked at together */

struct planned_sparse {
    bool ran;
    int lanes;
    int64_t rows, inputs, units; /* of the last forward */
    float background;
    uint8_t *flags;      /* of the numbers of a row; 0 behind them */
    sparse_entry *by[2]; /* row by row, input by input */
    uint32_t *begin[2];  /* where each list begins, and the last one ends */
    float *memory;       /* the tile's, unaligned */
    int64_t held[6];     /* elements of each of these */
};

/* ---- whether it pays ---- */

enum { SAMPLE = 256, FEWEST_ROWS = 32, LARGEST = INT32_MAX / SPARSE_TILE };

/* Places all over x: in even steps they would fall on the same few columns. */
static int64_t place(int64_t i, int64_t count)
{
    const uint64_t spread = (uint64_t)(i + 1) * 0x9e3779b97f4a7c15u;
    return (int64_t)((spread >> 20) % (uint64_t)count);
}

/* A vote: what is left over is the majority if there is one. */
static float candidate(const float *x, int64_t count)
{
    float left = 0;
    int64_t votes = 0;
    for (int64_t i = 0; i < SAMPLE; i++) {
        const float v = x[place(i, count)];
        if (!votes)
            left = v;
        votes += v == left ? 1 : -1;
        votes = votes < 0 ? 0 : votes; /* what is no number is not equal to itself */
    }
    return left;
}

bool sparse_background(const float *x, int64_t count, float *background)
{
    if (count < 1)
        return false;
    const float c = candidate(x, count);
    int64_t same = 0;
    for (int64_t i = 0; i < SAMPLE; i++)
        same += x[place(i, count)] == c;
    *background = c;
    return isfinite(c) && 2 * same > SAMPLE;
}

/* Measured against the faster of the dense products (Zen 5, oneDNN), whose multiply-add is the unit: an entry takes 2 for each
 * unit forward and 2 back, a weight 12 since it is turned twice, a number of the input 25 to be looked at twice. The sparse
 * ones have to be ahead by 15 %. */
int64_t sparse_most(int64_t rows, int64_t inputs, int64_t units)
{
    if (rows < FEWEST_ROWS || rows > LARGEST || inputs < SPARSE_TILE || inputs > LARGEST || units < 1 ||
        rows * inputs > INT32_MAX)
        return 0;
    const int64_t dense = 2 * rows * units * 85 / 100, fixed = 12 * units + 25 * rows;
    return dense > fixed ? (int64_t)((double)(dense - fixed) * (double)inputs / (double)(4 * units)) : 0;
}

/* ---- memory ---- */

static void grow(void **at, int64_t *held, int64_t count, size_t size)
{
    if (*held >= count)
        return;
    *held = count;
    free(*at);
    *at = alloc_zero((size_t)count, size);
}

static void buffers_take(planned_sparse *z, const sparse_layer *l, int64_t most)
{
    const int64_t longer = l->rows > l->inputs ? l->rows : l->inputs;
    grow((void **)&z->flags, &z->held[0], l->inputs + FLAGS, sizeof *z->flags);
    for (int k = 0; k < 2; k++) {
        grow((void **)&z->by[k], &z->held[1 + k], most + l->inputs, sizeof *z->by[k]);
        grow((void **)&z->begin[k], &z->held[3 + k], longer + 2, sizeof *z->begin[k]);
    }
    grow((void **)&z->memory, &z->held[5], (longer + 1) * SPARSE_TILE, sizeof *z->memory);
}

static float *tile(const planned_sparse *z)
{
    const uintptr_t line = 64, at = (uintptr_t)z->memory;
    return z->memory + ((at + line - 1) / line * line - at) / sizeof *z->memory;
}

void sparse_free(planned_sparse *z)
{
    if (!z)
        return;
    for (int k = 0; k < 2; k++) {
        free(z->by[k]);
        free(z->begin[k]);
    }
    free(z->flags);
    free(z->memory);
    free(z);
}

/* ---- lists ---- */

WIDE static void flag(uint8_t *restrict flags, const float *restrict x, int64_t count, float c)
{
    for (int64_t i = 0; i < count; i++)
        flags[i] = x[i] != c;
}

/* Eight flags at a time, and from one that is set to the next: a branch for each number would be guessed wrong at every edge,
 * which takes longer than all else. The first of them is the lowest byte (x86-64). */
static uint32_t row_list(const uint8_t *flags, const float *x, int64_t count, float c, sparse_entry *entries)
{
    uint32_t n = 0;
    for (int64_t i = 0; i < count; i += FLAGS) {
        uint64_t set;
        memcpy(&set, flags + i, sizeof set);
        for (; set; set &= set - 1) {
            const int64_t k = i + __builtin_ctzll(set) / 8;
            entries[n++] = (sparse_entry){(uint32_t)(k * SPARSE_TILE), x[k] - c};
        }
    }
    return n;
}

/* A list a row; false: there are more than `most`. */
static bool rows_list(planned_sparse *z, const sparse_layer *l, int64_t most)
{
    uint32_t *begin = z->begin[0];
    memset(z->flags + l->inputs, 0, FLAGS);
    begin[0] = 0;
    for (int64_t r = 0; r < l->rows; r++) {
        const float *x = l->in + r * l->inputs;
        flag(z->flags, x, l->inputs, z->background);
        begin[r + 1] = begin[r] + row_list(z->flags, x, l->inputs, z->background, z->by[0] + begin[r]);
        if (begin[r + 1] > most)
            return false;
    }
    return true;
}

/* What is left of a number beside a background that is far greater (-999 for what is missing) has lost its last digits, which
 * the dense product keeps: a quarter of the entries may be smaller than an eighth of it. */
static bool digits_stay(const planned_sparse *z)
{
    const uint32_t count = z->begin[0][z->rows];
    const float c = z->background;
    uint32_t small = 0;
    for (uint32_t i = 0; i < count && c != 0; i++)
        small += 8 * fabsf(z->by[0][i].value + c) < fabsf(c);
    return small <= count / 4;
}

/* The same entries, a list an input: counted, and put where those before them end. */
static void inputs_list(planned_sparse *z)
{
    const uint32_t *rows = z->begin[0];
    uint32_t *begin = z->begin[1];
    memset(begin, 0, (size_t)(z->inputs + 2) * sizeof *begin);
    for (uint32_t i = 0; i < rows[z->rows]; i++)
        begin[z->by[0][i].at / SPARSE_TILE + 2]++;
    for (int64_t k = 2; k <= z->inputs; k++)
        begin[k] += begin[k - 1];
    for (int64_t r = 0; r < z->rows; r++)
        for (uint32_t i = rows[r]; i < rows[r + 1]; i++) {
            const sparse_entry e = z->by[0][i];
            z->by[1][begin[e.at / SPARSE_TILE + 1]++] = (sparse_entry){(uint32_t)(r * SPARSE_TILE), e.value};
        }
}

/* ---- products ---- */

static sparse_lists lists_of(const planned_sparse *z, int by)
{
    return (sparse_lists){z->rows, z->inputs, z->units, z->background, z->by[by], z->begin[by], tile(z)};
}

static void forward_by(int lanes, const sparse_lists *l, const float *weight, const float *bias, float *out)
{
#if defined(__x86_64__)
    (lanes == 16 ? sparse_forward_512 : sparse_forward_256)(l, weight, bias, out);
#else
    (void)lanes, (void)l, (void)weight, (void)bias, (void)out; /* sparse_lanes() is 0 */
#endif
}

static void weights_by(int lanes, const sparse_lists *l, const float *g, float *to)
{
#if defined(__x86_64__)
    (lanes == 16 ? sparse_weights_512 : sparse_weights_256)(l, g, to);
#else
    (void)lanes, (void)l, (void)g, (void)to;
#endif
}

bool sparse_forward(planned_sparse **at, const sparse_layer *l, const float *weight, const float *bias, float *out)
{
    const int64_t most = sparse_most(l->rows, l->inputs, l->units);
    const int lanes = sparse_lanes();
    float c;
    if (*at)
        (*at)->ran = false;
    if (most < 1 || !lanes || !sparse_background(l->in, l->rows * l->inputs, &c))
        return false;
    planned_sparse *z = *at = *at ? *at : alloc_zero(1, sizeof **at);
    z->lanes = lanes;
    z->background = c;
    z->rows = l->rows;
    z->inputs = l->inputs;
    z->units = l->units;
    buffers_take(z, l, most);
    z->ran = rows_list(z, l, most) && digits_stay(z);
    if (z->ran) {
        const sparse_lists lists = lists_of(z, 0);
        forward_by(lanes, &lists, weight, bias, out);
    }
    return z->ran;
}

bool sparse_weights(planned_sparse *z, const float *g, float *to)
{
    if (!sparse_ran(z))
        return false;
    inputs_list(z);
    const sparse_lists lists = lists_of(z, 1);
    weights_by(z->lanes, &lists, g, to);
    return true;
}

bool sparse_ran(const planned_sparse *z) { return z && z->ran; }
