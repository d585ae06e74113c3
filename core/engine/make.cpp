// Tensors out of nothing: on the device of the run, in the dtype that the ABI names.
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include <cstring>

#include "engine/ops.hpp"

at::ScalarType engine_scalar_type(pdr_dtype d)
{
    switch (d) {
    case PDR_F32: return at::kFloat;
    case PDR_F64: return at::kDouble;
    case PDR_F16: return at::kHalf;
    case PDR_BF16: return at::kBFloat16;
    case PDR_I64: return at::kLong;
    case PDR_I32: return at::kInt;
    case PDR_U8: return at::kByte;
    case PDR_BOOL: return at::kBool;
    default: ENGINE_CHECK(false, PDR_EINVALID, "dtype ", d, " is none of the ABI's");
    }
}

pdr_dtype engine_dtype(at::ScalarType t)
{
    for (pdr_dtype d = PDR_F32; d <= PDR_BOOL; d++)
        if (engine_scalar_type(d) == t)
            return d;
    return 0;
}

static at::IntArrayRef shape_of(const int64_t *shape, int32_t rank)
{
    ENGINE_CHECK(rank >= 0 && (shape || rank == 0), PDR_EINVALID, "a shape of rank ", rank);
    return {shape, (size_t)rank};
}

static at::TensorOptions on_cpu(pdr_dtype d) { return at::TensorOptions(at::kCPU).dtype(engine_scalar_type(d)); }

pdr_tensor *engine_blank(pdr_scope *s, pdr_dtype d, const int64_t *shape, int32_t rank, void **bytes)
{
    pdr_tensor *t = ENGINE_TRY(s, "blank", {}, at::empty(shape_of(shape, rank), on_cpu(d)));
    if (bytes)
        *bytes = t ? t->value.mutable_data_ptr() : nullptr;
    return t;
}

pdr_tensor *engine_from(pdr_scope *s, pdr_dtype d, const int64_t *shape, int32_t rank, const void *data)
{
    void *bytes = nullptr;
    pdr_tensor *t = engine_blank(s, d, shape, rank, &bytes);
    if (!t || (!data && t->value.nbytes()))
        return nullptr;
    if (t->value.nbytes())
        memcpy(bytes, data, t->value.nbytes());
    return engine_to_device(s, t);
}

pdr_tensor *engine_full(pdr_scope *s, pdr_dtype d, const int64_t *shape, int32_t rank, double value)
{
    return ENGINE_TRY(s, "full", {}, at::full(shape_of(shape, rank), value, on_cpu(d).device(engine_device())));
}

pdr_tensor *engine_arange(pdr_scope *s, int64_t first, int64_t count)
{
    return ENGINE_TRY(s, "arange", {}, at::arange(first, first + count, on_cpu(PDR_I64).device(engine_device())));
}

pdr_tensor *engine_to_device(pdr_scope *s, const pdr_tensor *t)
{
    return ENGINE_TRY(s, "to_device", ENGINE_IN(t), t->value.to(engine_device()));
}

const void *engine_bytes(pdr_scope *s, const pdr_tensor *t, pdr_dtype d)
{
    pdr_tensor *c =
        ENGINE_TRY(s, "bytes", ENGINE_IN(t), t->value.detach().to(at::kCPU, engine_scalar_type(d)).contiguous());
    return c ? c->value.const_data_ptr() : nullptr;
}
