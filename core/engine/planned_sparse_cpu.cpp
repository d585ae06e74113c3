// Which vectors the sparse products may use.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>

extern "C" {
#include "engine/planned_sparse.h"
}

int sparse_lanes(void)
{
#if defined(__x86_64__)
    static const int lanes = [] {
        const std::string held_to = at::get_cpu_capability();
        if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
            return 0;
        if (held_to == "AVX512" && __builtin_cpu_supports("avx512f"))
            return 16;
        return held_to == "AVX512" || held_to == "AVX2" ? 8 : 0;
    }();
    return at::get_num_threads() == 1 ? lanes : 0;
#else
    return 0;
#endif
}
