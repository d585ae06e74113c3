// Small products by oneDNN's microkernels, where product_processor() says that oneDNN is the faster library: a call takes
// 50 ns, and [20, 784] by [784, 100] 17 us in the place of 38 by MKL's sgemm. They take matrices row by row alone, so the
// narrow operand, or the narrow result, is turned in a buffer that is kept. A kernel is made once a shape, in 0.1 ms.
#include <ATen/Parallel.h>
#include <ATen/native/CPUBlas.h>

#include <vector>

#include "engine/inside.hpp"
#include "engine/product.hpp"
extern "C" {
#include "engine/planned.h"
}

#ifdef CPUBLAS_BRGEMM_F32F32F32

// out [m, n] = a [m, k] b [k, n] + (add ? out : 0), each row by row.
static void multiply(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb,
                     bool add, float *out, int64_t ldo)
{
    at::native::cpublas::brgemm(m, n, k, lda, ldb, ldo, add, a, b, out);
}

static bool multiplies()
{
    const float a[6] = {1, 2, 3, 4, 5, 6}, b[6] = {1, 3, -1, 2, 0, 1}, want[4] = {0, 11, 0, 29};
    float c[4] = {1, 1, 1, 1};
    try {
        multiply(2, 2, 3, a, 3, b, 2, true, c, 2);
    } catch (...) {
        return false;
    }
    return c[0] == want[0] && c[1] == want[1] && c[2] == want[2] && c[3] == want[3];
}

// [rows, n] turned into [n, rows].
static const float *turned(std::vector<float> &room, const float *in, int64_t ld, int64_t rows, int64_t n)
{
    if (room.size() < (size_t)(rows * n))
        room.resize((size_t)(rows * n));
    rows_turn(room.data(), rows, in, ld, rows, n, false);
    return room.data();
}

// c [n, m] row by row = x [n, k] w' + beta c, w [m, k]: w is turned, or where that is less to copy x and the result are.
static void by_weight(const planned_product &p, std::vector<float> *room)
{
    if (p.k * p.m <= p.n * (p.k + p.m)) {
        multiply(p.n, p.m, p.k, p.b, p.ldb, turned(room[0], p.a, p.lda, p.m, p.k), p.m, p.beta != 0, p.c, p.ldc);
        return;
    }
    room[1].resize((size_t)(p.m * p.n));
    multiply(p.m, p.n, p.k, p.a, p.lda, turned(room[0], p.b, p.ldb, p.n, p.k), p.n, false, room[1].data(), p.n);
    rows_turn(p.c, p.ldc, room[1].data(), p.n, p.m, p.n, p.beta != 0);
}

bool planned_multiply_small(pdr_scope *s, const planned_product *p)
{
    static const bool works = product_processor() && multiplies();
    static thread_local std::vector<float> room[2];
    if (at::get_num_threads() > 1 && p->m * p->n * p->k >= product_large)
        return false; // this is one thread's work
    if (!works || (p->beta != 0 && p->beta != 1) || (p->turned_a && p->turned_b))
        return false;
    ENGINE_WRITE(s, "product", ENGINE_IN(), [&] {
        if (p->turned_a)
            by_weight(*p, room);
        else
            multiply(p->n, p->m, p->k, p->turned_b ? turned(room[0], p->b, p->ldb, p->k, p->n) : p->b,
                     p->turned_b ? p->k : p->ldb, p->a, p->lda, p->beta != 0, p->c, p->ldc);
    }());
    return true;
}

#else

bool planned_multiply_small(pdr_scope *, const planned_product *) { return false; }

#endif
