// Products of matrices: by oneDNN where that is the faster library (product.hpp, planned_small.cpp), others by the sgemm that
// LibTorch itself calls, without its dispatcher (2 to 5 us a product, which is most of a product of 20 rows). LibTorch's
// wheels show it; where a build does not, its own tensors multiply.
#include <ATen/ops/addmm.h>
#include <ATen/ops/from_blob.h>
#include <dlfcn.h>

#include "engine/inside.hpp"
#include "engine/product.hpp"
extern "C" {
#include "engine/planned.h"
}

// Whole numbers are passed as 64 bits: of a little-endian one a BLAS of 32 bits reads the low half.
using sgemm = void (*)(const char *, const char *, const int64_t *, const int64_t *, const int64_t *, const float *,
                       const float *, const int64_t *, const float *, const int64_t *, const float *, float *,
                       const int64_t *);

static void call(sgemm f, const planned_product &p)
{
    const float one = 1;
    f(p.turned_a ? "T" : "N", p.turned_b ? "T" : "N", &p.m, &p.n, &p.k, &one, p.a, &p.lda, p.b, &p.ldb, &p.beta, p.c,
      &p.ldc);
}

// Whatever is found under the name multiplies [2, 3] by [3, 2] as it should, or is left alone.
static bool multiplies(sgemm f)
{
    const float a[6] = {1, 2, 3, 4, 5, 6}, b[6] = {1, -1, 2, 0, 3, 1}, want[4] = {9, 11, 15, 19};
    float c[4] = {1, 1, 1, 1};
    call(f, {false, false, 2, 2, 3, a, 2, b, 3, 1, c, 2});
    for (int i = 0; i < 4; i++)
        if (c[i] != want[i])
            return false;
    return true;
}

static sgemm find()
{
    const uint16_t probe = 1;
    void *torch = *(const uint8_t *)&probe ? dlopen("libtorch_cpu.so", RTLD_NOW | RTLD_NOLOAD) : nullptr;
    void *at = torch ? dlsym(torch, "sgemm_") : nullptr;
    sgemm f = reinterpret_cast<sgemm>(at);
    return f && multiplies(f) ? f : nullptr;
}

// [rows, columns] of op(x), turned once more: LibTorch counts row by row.
static at::Tensor matrix(const float *x, int64_t rows, int64_t columns, int64_t ld, bool turned)
{
    at::TensorOptions floats(at::kFloat);
    return turned ? at::from_blob(const_cast<float *>(x), {columns, rows}, {1, ld}, floats)
                  : at::from_blob(const_cast<float *>(x), {columns, rows}, {ld, 1}, floats);
}

static void multiply_by_onednn(pdr_scope *s, const planned_product *p)
{
    ENGINE_WRITE(s, "product", ENGINE_IN(),
                 product_into(matrix(p->c, p->m, p->n, p->ldc, false), matrix(p->b, p->k, p->n, p->ldb, p->turned_b),
                              matrix(p->a, p->m, p->k, p->lda, p->turned_a), p->beta));
}

void planned_multiply(pdr_scope *s, const planned_product *p)
{
    static const sgemm found = find();
    if (!s || s->code)
        return;
    if (p->ldc == p->m && product_suits(p->n, p->k, p->m, p->turned_a))
        multiply_by_onednn(s, p);
    else if (planned_multiply_small(s, p))
        return;
    else if (found)
        call(found, *p);
    else
        planned_multiply_by_tensors(s, p);
}

void planned_multiply_by_tensors(pdr_scope *s, const planned_product *p)
{
    ENGINE_WRITE(s, "product", ENGINE_IN(), [&] {
        at::Tensor c = matrix(p->c, p->m, p->n, p->ldc, false);
        at::addmm_out(c, c, matrix(p->b, p->k, p->n, p->ldb, p->turned_b),
                      matrix(p->a, p->m, p->k, p->lda, p->turned_a), p->beta, 1);
    }());
}
