// Writing in place: never recorded in a graph, so that parameters may be written.
#include "engine/ops.hpp"

pdr_status engine_copy(pdr_scope *s, pdr_tensor *into, const pdr_tensor *a)
{
    return ENGINE_WRITE(s, "copy", ENGINE_IN(into, a), into->value.copy_(a->value));
}

pdr_status engine_blend(pdr_scope *s, pdr_tensor *into, double keep, const pdr_tensor *a, double share)
{
    return ENGINE_WRITE(s, "blend", ENGINE_IN(into, a), [&] {
        if (keep == 0)
            into->value.zero_(); // and not NaN times 0
        else if (keep != 1)
            into->value.mul_(keep);
        into->value.add_(a->value, share);
    }());
}

pdr_status engine_scale(pdr_scope *s, pdr_tensor *into, const pdr_tensor *a)
{
    return ENGINE_WRITE(s, "scale", ENGINE_IN(into, a), into->value.mul_(a->value));
}

pdr_status engine_add_product(pdr_scope *s, pdr_tensor *into, const pdr_tensor *a, const pdr_tensor *b, double weight)
{
    return ENGINE_WRITE(s, "add_product", ENGINE_IN(into, a, b), into->value.addcmul_(a->value, b->value, weight));
}

pdr_status engine_place(pdr_scope *s, pdr_tensor *into, const pdr_tensor *index, const pdr_tensor *rows)
{
    return ENGINE_WRITE(s, "place", ENGINE_IN(into, index, rows),
                        into->value.index_copy_(0, index->value.to(at::kLong), rows->value));
}
