// Handles that outlive a scope, and what may be asked of any handle.
//
// An inference tensor may never enter a graph, so one that leaves its scope is copied into an ordinary one.
#include <c10/core/InferenceMode.h>

#include <cstring>
#include <new>

#include "engine/inside.hpp"

static pdr_tensor *free_handles; // released ones; a handle's memory is never given back, see inside.hpp

static bool refill()
{
    auto *chunk = new (std::nothrow) handle_chunk();
    if (!chunk)
        return false;
    for (auto &t : chunk->at) {
        t.what = HANDLE_FREE;
        t.next = free_handles;
        free_handles = &t;
    }
    return true;
}

static pdr_tensor *new_handle(uint32_t what, at::Tensor value, engine_owner *owner)
{
    if (!free_handles && !refill())
        return nullptr;
    pdr_tensor *t = free_handles;
    free_handles = t->next;
    t->what = what;
    t->value = std::move(value);
    t->owner = owner;
    t->given = 0;
    return t;
}

static void free_handle(pdr_tensor *t)
{
    t->value.reset();
    t->what = HANDLE_FREE;
    t->next = free_handles;
    free_handles = t;
}

static at::Tensor ordinary(const at::Tensor &t)
{
    if (!t.is_inference())
        return t;
    c10::InferenceMode off(false);
    return t.clone();
}

engine_owner *engine_owner_of(const pdr_host *h) { return h ? static_cast<engine_owner *>(h->impl) : nullptr; }

pdr_tensor *engine_keep(const pdr_host *h, const pdr_tensor *t)
{
    if (!t || !engine_alive(t))
        return nullptr;
    try {
        engine_owner *owner = engine_owner_of(h);
        pdr_tensor *kept = new_handle(HANDLE_KEPT, ordinary(t->value).detach(), owner);
        if (kept && owner)
            owner->kept++;
        return kept;
    } catch (...) { // no memory for the copy of an inference tensor
        return nullptr;
    }
}

void engine_release(pdr_tensor *owned)
{
    if (!owned || owned->what != HANDLE_KEPT)
        return;
    if (owned->owner)
        owned->owner->kept--;
    free_handle(owned);
}

pdr_tensor *engine_adopt(pdr_scope *into, const pdr_tensor *t)
{
    return ENGINE_TRY(into, "adopt", ENGINE_IN(t), into->mode == ENGINE_INFERENCE ? t->value : ordinary(t->value));
}

pdr_tensor *engine_lend(pdr_scope *s, const pdr_tensor *t, bool leaf)
{
    if (!engine_ready(s, "a buffer", ENGINE_IN(t)))
        return nullptr;
    at::Tensor value;
    if (!engine_attempt(s, "a buffer", true, [&] { value = t->value.detach().requires_grad_(leaf); }))
        return nullptr;
    pdr_tensor *lent = new_handle(HANDLE_LENT, std::move(value), nullptr);
    if (!lent)
        engine_fail(s, PDR_ENOMEM, "a buffer: no memory for its handle");
    return lent;
}

void engine_take_back(pdr_tensor *lent)
{
    if (lent && lent->what == HANDLE_LENT)
        free_handle(lent);
}

void engine_replace(pdr_tensor *lent, const pdr_tensor *t) { lent->value = t->value; }

void engine_written(pdr_tensor *t) { t->value.unsafeGetTensorImpl()->bump_version(); }

void engine_record(pdr_tensor *lent, bool record) { lent->value.set_requires_grad(record); }

void engine_forget(pdr_tensor *temporary)
{
    if (!temporary || temporary->what != HANDLE_TEMPORARY)
        return;
    temporary->value.reset();
    temporary->what = HANDLE_FREE;
}

float *engine_floats(const pdr_tensor *t)
{
    if (!t || !engine_alive(t))
        return nullptr;
    const at::Tensor &v = t->value;
    bool plain = v.device().is_cpu() && v.scalar_type() == at::kFloat && v.is_contiguous();
    return plain ? static_cast<float *>(v.mutable_data_ptr()) : nullptr;
}

int32_t engine_rank(const pdr_tensor *t) { return t && engine_alive(t) ? (int32_t)t->value.dim() : -1; }

int64_t engine_size(const pdr_tensor *t, int32_t dim)
{
    if (!t || !engine_alive(t))
        return -1;
    if (dim == PDR_ALL)
        return t->value.numel();
    int64_t rank = t->value.dim(), d = dim < 0 ? dim + rank : dim;
    return d >= 0 && d < rank ? t->value.sizes()[(size_t)d] : -1;
}

pdr_dtype engine_dtype_of(const pdr_tensor *t)
{
    return t && engine_alive(t) ? engine_dtype(t->value.scalar_type()) : 0;
}

pdr_status engine_read(const pdr_tensor *t, pdr_dtype d, void *out, uint64_t bytes)
{
    if (!t || !out || !engine_alive(t))
        return PDR_EINVALID;
    try {
        c10::InferenceMode inference(true); // what is read leaves no graph
        at::Tensor v = t->value.to(at::kCPU, engine_scalar_type(d)).contiguous();
        if (v.nbytes() != bytes)
            return PDR_EINVALID;
        if (bytes)
            memcpy(out, v.const_data_ptr(), bytes);
        return PDR_OK;
    } catch (...) {
        char words[64];
        return engine_words(words, sizeof words);
    }
}
