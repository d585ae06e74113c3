// Products of large matrices on a CPU where oneDNN is the faster of the two libraries that libtorch_cpu holds.
//
// MKL gives AMD's processors its kernels for AVX2, also those that have AVX-512, which oneDNN uses (Zen 5, one thread:
// [128, 784] by [784, 400] takes 380 us in the place of 790). Which of them multiplies follows from processor, threads and
// sizes alone and is never tried out by the clock, so that the same seed gives the same bits.
#ifndef PERDURE_ENGINE_PRODUCT_HPP
#define PERDURE_ENGINE_PRODUCT_HPP
#include <ATen/core/Tensor.h>

// oneDNN multiplies large matrices in this process. To be asked when threads and determinism are set.
bool product_by_onednn();

// oneDNN is the faster one for [m, k] by [k, n] here; `turned`: b is the transpose of what lies in memory row by row, as a
// linear layer's weight is, which oneDNN copies first.
bool product_suits(int64_t m, int64_t k, int64_t n, bool turned);

// oneDNN is the faster one on this processor, whatever the number of threads: for whoever calls it without the 10 us.
bool product_processor();

constexpr int64_t product_large = 1500000; // multiplications: from here on several threads pay, and 10 us do

// c [m, n] = a [m, k] b [k, n] + beta c, where product_suits(): f32 on the CPU, in any order of memory. Nothing is recorded.
void product_into(const at::Tensor &c, const at::Tensor &a, const at::Tensor &b, float beta);

// As a.matmul(b) and at::linear(), recorded where graphs are: by oneDNN where that suits, else by LibTorch's choice.
at::Tensor product_matmul(const at::Tensor &a, const at::Tensor &b);
at::Tensor product_linear(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias);

#endif
