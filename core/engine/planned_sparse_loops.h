/* The two products of planned_sparse.h in vectors of LANES numbers; NAMED() says what the functions are called. Included once
 * for each width: gcc takes a vector that is wider than the processor's apart through memory, which is ten times slower. */
#include <string.h>

#include "engine/planned_sparse.h"

#define INLINE static inline __attribute__((always_inline)) /* so that PARTS is known, and sums stay in registers */
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#define PICK(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define UNROLL _Pragma("GCC unroll 16")
#define PICK(a, b, ...) __builtin_shuffle(a, b, (whole){__VA_ARGS__})
typedef int32_t whole __attribute__((vector_size(4 * LANES)));
#endif
typedef float vector __attribute__((vector_size(4 * LANES), aligned(4)));
enum { MOST = SPARSE_TILE / LANES }; /* vectors in a row of the tile */

#define AT(p) (*(const vector *)(p))
#define PUT(p, v) (*(vector *)(p) = (v))

/* ---- a square, turned ---- */

#if LANES == 8
#define LOW(a, b) PICK(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define HIGH(a, b) PICK(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#define LOW_PAIRS(a, b) PICK(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
#define HIGH_PAIRS(a, b) PICK(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
#define EVEN_FOURS(a, b) PICK(a, b, 0, 1, 2, 3, 8, 9, 10, 11)
#define ODD_FOURS(a, b) PICK(a, b, 4, 5, 6, 7, 12, 13, 14, 15)
#else
#define LOW(a, b) PICK(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define HIGH(a, b) PICK(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define LOW_PAIRS(a, b) PICK(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define HIGH_PAIRS(a, b) PICK(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
#define EVEN_FOURS(a, b) PICK(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
#define ODD_FOURS(a, b) PICK(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31)
#endif

/* Squares of 4 numbers inside of the vectors: afterwards a[4 q + j] holds columns j, j + 4, ... of rows 4 q to 4 q + 3. */
INLINE void turn_fours(vector *a)
{
    UNROLL for (int i = 0; i < LANES; i += 4)
    {
        const vector p = LOW(a[i], a[i + 1]), q = HIGH(a[i], a[i + 1]), r = LOW(a[i + 2], a[i + 3]),
                     s = HIGH(a[i + 2], a[i + 3]);
        a[i] = LOW_PAIRS(p, r);
        a[i + 1] = HIGH_PAIRS(p, r);
        a[i + 2] = LOW_PAIRS(q, s);
        a[i + 3] = HIGH_PAIRS(q, s);
    }
}

INLINE void turn(vector *a)
{
    turn_fours(a);
#if LANES == 8
    UNROLL for (int j = 0; j < 4; j++)
    {
        const vector p = a[j], q = a[4 + j];
        a[j] = EVEN_FOURS(p, q);
        a[4 + j] = ODD_FOURS(p, q);
    }
#else
    UNROLL for (int j = 0; j < 4; j++)
    {
        const vector even = EVEN_FOURS(a[j], a[4 + j]), odd = ODD_FOURS(a[j], a[4 + j]),
                     more_even = EVEN_FOURS(a[8 + j], a[12 + j]), more_odd = ODD_FOURS(a[8 + j], a[12 + j]);
        a[j] = EVEN_FOURS(even, more_even);
        a[4 + j] = EVEN_FOURS(odd, more_odd);
        a[8 + j] = ODD_FOURS(even, more_even);
        a[12 + j] = ODD_FOURS(odd, more_odd);
    }
#endif
}

/* ---- a list ---- */

INLINE void add(vector *sum, const float *row, float by, const int parts)
{
    UNROLL for (int v = 0; v < parts; v++) sum[v] += by * AT(row + LANES * v);
}

/* sum = start + the list's entries times their rows of the tile. Where a row is few vectors the sums are two, so that one
 * addition need not wait for the one before. */
INLINE void list_sum(vector *sum, const float *start, const sparse_lists *l, int64_t i, const int parts)
{
    const sparse_entry *e = l->entries + l->begin[i], *end = l->entries + l->begin[i + 1];
    vector more[MOST];
    UNROLL for (int v = 0; v < parts; v++)
    {
        sum[v] = AT(start + LANES * v);
        more[v] = (vector){0};
    }
    for (; end - e >= 2; e += 2) {
        add(sum, l->tile + e[0].at, e[0].value, parts);
        add(MOST == 8 ? sum : more, l->tile + e[1].at, e[1].value, parts);
    }
    if (e < end)
        add(sum, l->tile + e->at, e->value, parts);
    if (MOST < 8)
        UNROLL for (int v = 0; v < parts; v++) sum[v] += more[v];
}

/* What every sum begins with: `plain` or 0, and the background times the sums of the tile's rows. */
INLINE void start_of(const sparse_lists *l, int64_t tile_rows, const float *plain, int64_t units, float *start)
{
    vector sum[MOST];
    UNROLL for (int v = 0; v < MOST; v++) sum[v] = (vector){0};
    for (int64_t i = 0; i < tile_rows; i++)
        add(sum, l->tile + i * SPARSE_TILE, 1, MOST);
    memset(start, 0, SPARSE_TILE * sizeof *start);
    if (plain)
        memcpy(start, plain, (size_t)units * sizeof *start);
    UNROLL for (int v = 0; v < MOST; v++) PUT(start + LANES * v, AT(start + LANES * v) + l->background * sum[v]);
}

/* ---- forward ---- */

/* The square of weights that begins at unit u, input k; units that there are none of are 0. */
INLINE void square_read(const float *weight, int64_t inputs, int64_t units, vector *a)
{
    UNROLL for (int i = 0; i < LANES; i++) a[i] = i < units ? AT(weight + i * inputs) : (vector){0};
}

/* tile [inputs, 64] = weight' of `units` units. */
INLINE void weights_turn(const sparse_lists *l, const float *weight, int64_t units)
{
    vector a[LANES];
    int64_t k = 0;
    for (; k + LANES <= l->inputs; k += LANES)
        for (int64_t u = 0; u < SPARSE_TILE; u += LANES) {
            if (u + LANES <= units)
                square_read(weight + u * l->inputs + k, l->inputs, LANES, a);
            else
                square_read(weight + u * l->inputs + k, l->inputs, units - u, a);
            turn(a);
            UNROLL for (int i = 0; i < LANES; i++) PUT(l->tile + (k + i) * SPARSE_TILE + u, a[i]);
        }
    for (; k < l->inputs; k++)
        for (int64_t u = 0; u < SPARSE_TILE; u++)
            l->tile[k * SPARSE_TILE + u] = u < units ? weight[u * l->inputs + k] : 0;
}

INLINE void rows_sum_lists(const sparse_lists *l, const float *start, float *out, int64_t units, const int parts)
{
    for (int64_t r = 0; r < l->rows; r++) {
        vector sum[MOST];
        float row[SPARSE_TILE];
        list_sum(sum, start, l, r, parts);
        float *to = units == parts * LANES ? out + r * l->units : row;
        UNROLL for (int v = 0; v < parts; v++) PUT(to + LANES * v, sum[v]);
        if (to == row)
            memcpy(out + r * l->units, row, (size_t)units * sizeof *row);
    }
}

/* `parts` as a number that is known: what is left over of a layer's units is short. */
#define BY_PARTS(units, CALL)                    \
    do {                                         \
        if (4 * (units) <= SPARSE_TILE)          \
            CALL(MOST / 4);                      \
        else if (2 * (units) <= SPARSE_TILE)     \
            CALL(MOST / 2);                      \
        else if (4 * (units) <= 3 * SPARSE_TILE) \
            CALL(3 * MOST / 4);                  \
        else                                     \
            CALL(MOST);                          \
    } while (0)

void NAMED(sparse_forward)(const sparse_lists *l, const float *weight, const float *bias, float *out)
{
    for (int64_t u = 0; u < l->units; u += SPARSE_TILE) {
        const int64_t units = l->units - u < SPARSE_TILE ? l->units - u : SPARSE_TILE;
        float start[SPARSE_TILE];
        weights_turn(l, weight + u * l->inputs, units);
        start_of(l, l->inputs, bias + u, units, start);
#define ROWS(parts) rows_sum_lists(l, start, out + u, units, parts)
        BY_PARTS(units, ROWS);
    }
}

/* ---- the weights' gradient ---- */

/* tile [rows, 64]: `units` of g. */
INLINE void gradient_copy(const sparse_lists *l, const float *g, int64_t units)
{
    for (int64_t r = 0; r < l->rows; r++) {
        float *row = l->tile + r * SPARSE_TILE;
        memcpy(row, g + r * l->units, (size_t)units * sizeof *row);
        memset(row + units, 0, (size_t)(SPARSE_TILE - units) * sizeof *row);
    }
}

/* block [LANES inputs, 64], to those of `units` units. */
INLINE void square_write(const float *block, int64_t inputs, int64_t units, float *to)
{
    for (int64_t u = 0; u < units; u += LANES) {
        vector a[LANES];
        UNROLL for (int i = 0; i < LANES; i++) a[i] = AT(block + i * SPARSE_TILE + u);
        turn(a);
        UNROLL for (int i = 0; i < LANES; i++) if (u + i < units) PUT(to + (u + i) * inputs, a[i]);
    }
}

INLINE void tail_write(const float *block, int64_t inputs, int64_t units, int64_t left, float *to)
{
    for (int64_t u = 0; u < units; u++)
        for (int64_t i = 0; i < left; i++)
            to[u * inputs + i] = block[i * SPARSE_TILE + u];
}

INLINE void inputs_sum_lists(const sparse_lists *l, const float *start, int64_t units, const int parts, float *to)
{
    for (int64_t k = 0; k < l->inputs; k += LANES) {
        const int64_t left = l->inputs - k;
        float block[LANES * SPARSE_TILE];
        for (int64_t i = 0; i < LANES && i < left; i++) {
            vector sum[MOST];
            list_sum(sum, start, l, k + i, parts);
            UNROLL for (int v = 0; v < parts; v++) PUT(block + i * SPARSE_TILE + LANES * v, sum[v]);
        }
        if (left >= LANES)
            square_write(block, l->inputs, units, to + k);
        else
            tail_write(block, l->inputs, units, left, to + k);
    }
}

void NAMED(sparse_weights)(const sparse_lists *l, const float *g, float *to)
{
    for (int64_t u = 0; u < l->units; u += SPARSE_TILE) {
        const int64_t units = l->units - u < SPARSE_TILE ? l->units - u : SPARSE_TILE;
        float start[SPARSE_TILE];
        gradient_copy(l, g + u, units);
        start_of(l, l->rows, NULL, units, start);
#define INPUTS(parts) inputs_sum_lists(l, start, units, parts, to + u * l->inputs)
        BY_PARTS(units, INPUTS);
    }
}
