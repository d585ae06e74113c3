// Views, selections and joins: one LibTorch expression a slot.
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/topk.h>

#include "engine/ops.hpp"

static const at::Tensor &value(const pdr_tensor *t) { return t->value; }

// LibTorch takes indices as int64 or int32 by operator; the ABI takes any integer.
static at::Tensor as_index(const pdr_tensor *t)
{
    ENGINE_CHECK(c10::isIntegralType(t->value.scalar_type(), false), PDR_EINVALID,
                 "an index must be of an integer type");
    return t->value.to(at::kLong);
}

pdr_tensor *engine_reshape(pdr_scope *s, const pdr_tensor *a, const int64_t *shape, int32_t rank)
{
    if (rank < 0 || (rank > 0 && !shape))
        engine_fail(s, PDR_EINVALID, "reshape: a shape of rank %d", rank);
    return ENGINE_TRY(s, "reshape", ENGINE_IN(a), value(a).reshape(at::IntArrayRef(shape, (size_t)rank)));
}

pdr_tensor *engine_transpose(pdr_scope *s, const pdr_tensor *a, int32_t dim, int32_t other)
{
    return ENGINE_TRY(s, "transpose", ENGINE_IN(a), value(a).transpose(dim, other));
}

pdr_tensor *engine_slice(pdr_scope *s, const pdr_tensor *a, int32_t dim, int64_t first, int64_t count)
{
    return ENGINE_TRY(s, "slice", ENGINE_IN(a), [&] {
        int64_t size = value(a).size(dim);
        ENGINE_CHECK(first >= 0 && count >= 0 && first <= size && count <= size - first, PDR_EINVALID, "elements ",
                     first, " to ", first + count - 1, " of a dimension of ", size);
        return value(a).narrow(dim, first, count);
    }());
}

pdr_tensor *engine_pick(pdr_scope *s, const pdr_tensor *a, int32_t dim, const pdr_tensor *index)
{
    return ENGINE_TRY(s, "pick", ENGINE_IN(a, index), at::index_select(value(a), dim, as_index(index)));
}

pdr_tensor *engine_gather(pdr_scope *s, const pdr_tensor *a, int32_t dim, const pdr_tensor *index)
{
    return ENGINE_TRY(s, "gather", ENGINE_IN(a, index), at::gather(value(a), dim, as_index(index)));
}

pdr_tensor *engine_cat(pdr_scope *s, pdr_tensor *const *parts, int32_t count, int32_t dim)
{
    return ENGINE_TRY(s, "cat", {}, [&] {
        ENGINE_CHECK(parts && count > 0, PDR_EINVALID, count, " parts");
        std::vector<at::Tensor> list;
        for (int32_t i = 0; i < count; i++) {
            ENGINE_CHECK(parts[i] && engine_alive(parts[i]), PDR_EINVALID, "part ", i, " is NULL or was released");
            list.push_back(parts[i]->value);
        }
        return at::cat(list, dim);
    }());
}

pdr_tensor *engine_one_hot(pdr_scope *s, const pdr_tensor *y, int64_t columns)
{
    return ENGINE_TRY(
        s, "one_hot", ENGINE_IN(y),
        as_index(y).unsqueeze(-1).eq(at::arange(columns, value(y).options().dtype(at::kLong))).to(at::kFloat));
}

pdr_tensor *engine_top(pdr_scope *s, const pdr_tensor *a, int64_t k, int32_t dim, int32_t largest, pdr_tensor **index)
{
    at::Tensor where;
    if (index)
        *index = nullptr;
    pdr_tensor *top = ENGINE_TRY(s, "top", ENGINE_IN(a), [&] {
        int64_t size = value(a).size(dim);
        ENGINE_CHECK(k >= 0 && k <= size, PDR_EINVALID, k, " of a dimension of ", size);
        auto [values, places] = at::topk(value(a), k, dim, largest != 0, true);
        where = places;
        return values;
    }());
    if (top && index)
        *index = engine_hold(s, std::move(where));
    return top;
}
