/* See inside.h. A host whose functions are those of the real one, but for one call that fails as a function of that kind does:
 * with the words in its scope or, where it has none, left with the host.
 *
 * Calls that cannot fail (release, size, count, log ...) pass by uncounted, and so do those in a scope that has failed, where
 * nothing runs any more. */
#include <stdio.h>
#include <string.h>

#include "conform/inside.h"
#include "plugin/host.h"

#define WORDS "refused on purpose"

static struct {
    const pdr_host *host;
    uint64_t at;
    outcome *out;
    const enum hook *running;
    uint64_t known[PLACES]; /* places so far: hook and address */
} calls;

void calls_begin(uint64_t refuse_at, outcome *out, const enum hook *running)
{
    calls.at = refuse_at;
    calls.out = out;
    calls.running = running;
    memset(calls.known, 0, sizeof calls.known);
}

/* The first call from a place of the plugin's code in a hook. Open addressing: as many places as a strategy has fit in. */
static void place_note(const void *from)
{
    const uint64_t place = ((uint64_t)(uintptr_t)from << 5 | (uint64_t)*calls.running) + 1;
    uint64_t at = place * 0x9e3779b97f4a7c15u >> 52;
    if (calls.out->places >= PLACES / 2)
        return;
    while (calls.known[at % PLACES] && calls.known[at % PLACES] != place)
        at++;
    if (calls.known[at % PLACES])
        return;
    calls.known[at % PLACES] = place;
    calls.out->place[calls.out->places++] = calls.out->calls;
}

static bool call_due(const char *name, const void *from)
{
    outcome *out = calls.out;
    out->calls++;
    place_note(from);
    if (out->calls != calls.at)
        return false;
    snprintf(out->call, sizeof out->call, "%s", name);
    snprintf(out->call_hook, sizeof out->call_hook, "%s", hook_names[*calls.running]);
    return true;
}

/* Of a function with a scope. */
static bool scoped_due(pdr_scope *s, const char *name, const void *from)
{
    if (!s || host_engine()->tensor->status(s) != PDR_OK || !call_due(name, from))
        return false;
    scope_fail(s, PDR_ENOMEM, WORDS " (%s)", name);
    return true;
}

/* Of one without. */
static bool plain_due(const char *name, const void *from)
{
    if (!call_due(name, from))
        return false;
    host_fail(host_running(), PDR_ENOMEM, WORDS " (%s)", name);
    return true;
}

static bool shelf_due(pdr_state *s, const char *name, const void *from)
{
    if (!s || s->failed || !call_due(name, from))
        return false;
    shelf_fail(s, PDR_ENOMEM, WORDS " (%s)", name);
    return true;
}

#define FROM __builtin_return_address(0)
#define SCOPED(table, name, type, fail, parameters, arguments)                                      \
    static type on_##table##_##name parameters                                                      \
    {                                                                                               \
        return scoped_due(s, #table "->" #name, FROM) ? (fail) : calls.host->table->name arguments; \
    }
#define PLAIN(table, name, type, fail, parameters, arguments)                                   \
    static type on_##table##_##name parameters                                                  \
    {                                                                                           \
        return plain_due(#table "->" #name, FROM) ? (fail) : calls.host->table->name arguments; \
    }
#define TENSOR(name, parameters, arguments) SCOPED(tensor, name, pdr_tensor *, NULL, parameters, arguments)
#define WRITE(name, parameters, arguments) SCOPED(tensor, name, pdr_status, PDR_ENOMEM, parameters, arguments)
#define MAP(name) TENSOR(name, (pdr_scope * s, const pdr_tensor *a), (s, a))
#define ZIP(name) TENSOR(name, (pdr_scope * s, const pdr_tensor *a, const pdr_tensor *b), (s, a, b))
#define FOLD(name) \
    TENSOR(name, (pdr_scope * s, const pdr_tensor *a, int32_t dim, int32_t keep_dim), (s, a, dim, keep_dim))

/* clang-format off */

/* ---- tensors ---- */

PLAIN(tensor, open, pdr_scope *, NULL, (const pdr_host *h, pdr_grad mode), (h, mode))
PLAIN(tensor, keep, pdr_tensor *, NULL, (const pdr_host *h, const pdr_tensor *t), (h, t))
PLAIN(tensor, read, pdr_status, PDR_ENOMEM, (const pdr_tensor *t, pdr_dtype d, void *out, uint64_t bytes), (t, d, out, bytes))
TENSOR(from, (pdr_scope *s, pdr_dtype d, const int64_t *shape, int32_t rank, const void *data), (s, d, shape, rank, data))
TENSOR(full, (pdr_scope *s, pdr_dtype d, const int64_t *shape, int32_t rank, double value), (s, d, shape, rank, value))
TENSOR(arange, (pdr_scope *s, int64_t first, int64_t count), (s, first, count))
TENSOR(cast, (pdr_scope *s, const pdr_tensor *a, pdr_dtype d), (s, a, d))
MAP(clone) MAP(detach) MAP(leaf) MAP(exp) MAP(log) MAP(sqrt) MAP(square) MAP(abs) MAP(sigmoid) MAP(nonzero)
ZIP(add) ZIP(sub) ZIP(mul) ZIP(div) ZIP(maximum) ZIP(equal) ZIP(less) ZIP(matmul) ZIP(dot)
TENSOR(affine, (pdr_scope *s, const pdr_tensor *a, double scale, double shift), (s, a, scale, shift))
TENSOR(clamp, (pdr_scope *s, const pdr_tensor *a, double low, double high), (s, a, low, high))
TENSOR(where, (pdr_scope *s, const pdr_tensor *m, const pdr_tensor *a, const pdr_tensor *b), (s, m, a, b))
FOLD(sum) FOLD(mean) FOLD(max) FOLD(argmax) FOLD(softmax) FOLD(log_softmax)
TENSOR(reshape, (pdr_scope *s, const pdr_tensor *a, const int64_t *shape, int32_t rank), (s, a, shape, rank))
TENSOR(transpose, (pdr_scope *s, const pdr_tensor *a, int32_t dim, int32_t other), (s, a, dim, other))
TENSOR(slice, (pdr_scope *s, const pdr_tensor *a, int32_t dim, int64_t first, int64_t count), (s, a, dim, first, count))
TENSOR(pick, (pdr_scope *s, const pdr_tensor *a, int32_t dim, const pdr_tensor *index), (s, a, dim, index))
TENSOR(gather, (pdr_scope *s, const pdr_tensor *a, int32_t dim, const pdr_tensor *index), (s, a, dim, index))
TENSOR(cat, (pdr_scope *s, pdr_tensor *const *parts, int32_t count, int32_t dim), (s, parts, count, dim))
TENSOR(one_hot, (pdr_scope *s, const pdr_tensor *y, int64_t columns), (s, y, columns))
TENSOR(top, (pdr_scope *s, const pdr_tensor *a, int64_t k, int32_t dim, int32_t largest, pdr_tensor **index), (s, a, k, dim, largest, index))
ZIP(cross_entropy) ZIP(bce)
TENSOR(distill, (pdr_scope *s, const pdr_tensor *z, const pdr_tensor *q, double temperature), (s, z, q, temperature))
WRITE(copy, (pdr_scope *s, pdr_tensor *into, const pdr_tensor *a), (s, into, a))
WRITE(blend, (pdr_scope *s, pdr_tensor *into, double keep, const pdr_tensor *a, double share), (s, into, keep, a, share))
WRITE(scale, (pdr_scope *s, pdr_tensor *into, const pdr_tensor *a), (s, into, a))
WRITE(add_product, (pdr_scope *s, pdr_tensor *into, const pdr_tensor *a, const pdr_tensor *b, double weight), (s, into, a, b, weight))
WRITE(place, (pdr_scope *s, pdr_tensor *into, const pdr_tensor *index, const pdr_tensor *rows), (s, into, index, rows))
WRITE(invoke, (pdr_scope *s, const char *op, const pdr_value *args, int32_t count, pdr_value *results, int32_t room), (s, op, args, count, results, room))

/* ---- models ---- */

#define MODEL(name, parameters, arguments) SCOPED(model, name, pdr_tensor *, NULL, parameters, arguments)
MODEL(forward, (pdr_scope *s, pdr_model *m, const pdr_tensor *x, pdr_mode mode), (s, m, x, mode))
MODEL(features, (pdr_scope *s, pdr_model *m, const pdr_tensor *x, pdr_mode mode), (s, m, x, mode))
MODEL(loss, (pdr_scope *s, const pdr_task *t, const pdr_tensor *logits, const pdr_tensor *y), (s, t, logits, y))
MODEL(gradient, (pdr_scope *s, pdr_model *m, const pdr_tensor *loss), (s, m, loss))
MODEL(derivative, (pdr_scope *s, const pdr_tensor *sum, const pdr_tensor *leaf), (s, sum, leaf))
MODEL(fisher, (pdr_scope *s, pdr_model *m, const pdr_task *t, const char *mode, int64_t limit), (s, m, t, mode, limit))
SCOPED(model, gate, pdr_status, PDR_ENOMEM, (pdr_scope *s, pdr_model *m, int64_t layer, const pdr_tensor *mask), (s, m, layer, mask))
SCOPED(model, descend, pdr_status, PDR_ENOMEM, (pdr_scope *s, pdr_optim *o, const pdr_tensor *loss), (s, o, loss))
PLAIN(model, snapshot, pdr_model *, NULL, (const pdr_host *h, const pdr_model *m), (h, m))
PLAIN(model, assign, pdr_status, PDR_ENOMEM, (pdr_model *into, const pdr_model *m), (into, m))
PLAIN(model, build, pdr_model *, NULL, (const pdr_host *h, const char *yaml, const int64_t *shape, int64_t rank, int64_t outputs), (h, yaml, shape, rank, outputs))
PLAIN(model, optimizer, pdr_optim *, NULL, (const pdr_host *h, pdr_model *const *models, int64_t count, const char *yaml), (h, models, count, yaml))

/* ---- step, data, memories, random streams ---- */

PLAIN(step, rehearse, pdr_status, PDR_ENOMEM, (const pdr_step *s, const pdr_tensor *x, const pdr_tensor *y, pdr_blend blend, double weight, int64_t *first), (s, x, y, blend, weight, first))
PLAIN(step, add_loss, pdr_status, PDR_ENOMEM, (const pdr_step *s, const pdr_tensor *term, pdr_blend blend, double weight, const char *name), (s, term, blend, weight, name))
PLAIN(step, add_penalty, pdr_status, PDR_ENOMEM, (const pdr_step *s, const pdr_tensor *importance, const pdr_tensor *anchor, double weight, const char *name), (s, importance, anchor, weight, name))
SCOPED(data, rows, pdr_status, PDR_ENOMEM, (pdr_scope *s, const pdr_task *t, const pdr_tensor *index, pdr_tensor **x, pdr_tensor **y), (s, t, index, x, y))
SCOPED(data, augment, pdr_tensor *, NULL, (pdr_scope *s, const pdr_tensor *x), (s, x))
PLAIN(data, mingle, pdr_status, PDR_ENOMEM, (const pdr_task *t, pdr_memory *m), (t, m))
PLAIN(memory, open, pdr_memory *, NULL, (const pdr_host *h, const char *name, const char *yaml), (h, name, yaml))
SCOPED(memory, offer, pdr_status, PDR_ENOMEM, (pdr_scope *s, pdr_memory *m, const pdr_tensor *x, const pdr_tensor *y, const pdr_tensor *value, const pdr_tensor *extra), (s, m, x, y, value, extra))
SCOPED(memory, put, pdr_status, PDR_ENOMEM, (pdr_scope *s, pdr_memory *m, const pdr_tensor *slots, const pdr_tensor *x, const pdr_tensor *y, const pdr_tensor *value, const pdr_tensor *extra), (s, m, slots, x, y, value, extra))
SCOPED(memory, retain, pdr_status, PDR_ENOMEM, (pdr_scope *s, pdr_memory *m, int64_t column, const pdr_tensor *slots), (s, m, column, slots))
SCOPED(memory, find, pdr_tensor *, NULL, (pdr_scope *s, pdr_memory *m, int64_t column), (s, m, column))
SCOPED(memory, sample, pdr_tensor *, NULL, (pdr_scope *s, pdr_memory *m, int64_t n), (s, m, n))
SCOPED(memory, fetch, pdr_status, PDR_ENOMEM, (pdr_scope *s, pdr_memory *m, const pdr_tensor *slots, pdr_tensor **x, pdr_tensor **y, pdr_tensor **value, pdr_tensor **extra), (s, m, slots, x, y, value, extra))
PLAIN(rng, stream, pdr_rng *, NULL, (const pdr_host *h, const char *name, int64_t number), (h, name, number))
SCOPED(rng, units, pdr_tensor *, NULL, (pdr_scope *s, pdr_rng *r, const int64_t *shape, int32_t rank), (s, r, shape, rank))
SCOPED(rng, normals, pdr_tensor *, NULL, (pdr_scope *s, pdr_rng *r, const int64_t *shape, int32_t rank), (s, r, shape, rank))
SCOPED(rng, permutation, pdr_tensor *, NULL, (pdr_scope *s, pdr_rng *r, int64_t n), (s, r, n))

/* ---- the shelf of a checkpoint, which keeps the first error ---- */

#define PUT(name, parameters, arguments)                         \
    static void on_state_##name parameters                          \
    {                                                            \
        if (!shelf_due(s, "state->" #name, FROM))                \
            calls.host->state->name arguments;                   \
    }
#define GET(name, type, fail, parameters, arguments)             \
    static type on_state_##name parameters                          \
    {                                                            \
        return shelf_due(s, "state->" #name, FROM) ? (fail) : calls.host->state->name arguments; \
    }
PUT(put_tensor, (pdr_state *s, const char *key, const pdr_tensor *t), (s, key, t))
PUT(put_model, (pdr_state *s, const char *key, const pdr_model *m), (s, key, m))
PUT(put_optim, (pdr_state *s, const char *key, const pdr_optim *o), (s, key, o))
PUT(put_bytes, (pdr_state *s, const char *key, const void *p, uint64_t n), (s, key, p, n))
GET(get_tensor, pdr_tensor *, NULL, (pdr_state *s, const char *key), (s, key))
GET(get_model, pdr_model *, NULL, (pdr_state *s, const char *key), (s, key))
GET(get_optim, pdr_status, PDR_ENOMEM, (pdr_state *s, const char *key, pdr_optim *into), (s, key, into))
GET(get_bytes, uint64_t, 0, (pdr_state *s, const char *key, void *p, uint64_t room), (s, key, p, room))

/* ---- the tables: the real ones, with these in the place of those that can fail ---- */

#define TENSOR_SLOTS(S) S(open) S(keep) S(read) S(from) S(full) S(arange) S(cast) \
    S(clone) S(detach) S(leaf) S(exp) S(log) S(sqrt) S(square) S(abs) S(sigmoid) S(nonzero) \
    S(add) S(sub) S(mul) S(div) S(maximum) S(equal) S(less) S(matmul) S(dot) S(affine) S(clamp) S(where) \
    S(sum) S(mean) S(max) S(argmax) S(softmax) S(log_softmax) S(reshape) S(transpose) S(slice) S(pick) S(gather) S(cat) \
    S(one_hot) S(top) S(cross_entropy) S(bce) S(distill) S(copy) S(blend) S(scale) S(add_product) S(place) S(invoke)
#define MODEL_SLOTS(S) S(forward) S(features) S(loss) S(gradient) S(derivative) S(fisher) S(gate) S(descend) S(snapshot) \
    S(assign) S(build) S(optimizer)
#define STEP_SLOTS(S) S(rehearse) S(add_loss) S(add_penalty)
#define DATA_SLOTS(S) S(rows) S(augment) S(mingle)
#define MEMORY_SLOTS(S) S(open) S(offer) S(put) S(retain) S(find) S(sample) S(fetch)
#define RNG_SLOTS(S) S(stream) S(units) S(normals) S(permutation)
#define STATE_SLOTS(S) S(put_tensor) S(put_model) S(put_optim) S(put_bytes) S(get_tensor) S(get_model) S(get_optim) S(get_bytes)
/* clang-format on */

#define TENSOR_SLOT(name) tables.tensor.name = on_tensor_##name;
#define MODEL_SLOT(name) tables.model.name = on_model_##name;
#define STEP_SLOT(name) tables.step.name = on_step_##name;
#define DATA_SLOT(name) tables.data.name = on_data_##name;
#define MEMORY_SLOT(name) tables.memory.name = on_memory_##name;
#define RNG_SLOT(name) tables.rng.name = on_rng_##name;
#define STATE_SLOT(name) tables.state.name = on_state_##name;

                                                                static struct {
    pdr_tensor_api tensor;
    pdr_model_api model;
    pdr_step_api step;
    pdr_data_api data;
    pdr_memory_api memory;
    pdr_rng_api rng;
    pdr_state_api state;
} tables;

static pdr_status on_fail(const pdr_host *h, pdr_status code, const char *why)
{
    calls.out->said = true;
    return calls.host->fail(h, code, why);
}

void calls_between(const pdr_host *real, pdr_host *out)
{
    calls.host = real;
    tables.tensor = *real->tensor;
    tables.model = *real->model;
    tables.step = *real->step;
    tables.data = *real->data;
    tables.memory = *real->memory;
    tables.rng = *real->rng;
    tables.state = *real->state;
    TENSOR_SLOTS(TENSOR_SLOT)
    MODEL_SLOTS(MODEL_SLOT)
    STEP_SLOTS(STEP_SLOT)
    DATA_SLOTS(DATA_SLOT)
    MEMORY_SLOTS(MEMORY_SLOT)
    RNG_SLOTS(RNG_SLOT)
    STATE_SLOTS(STATE_SLOT)
    *out = *real;
    out->fail = on_fail;
    out->tensor = &tables.tensor;
    out->model = &tables.model;
    out->step = &tables.step;
    out->data = &tables.data;
    out->memory = &tables.memory;
    out->rng = &tables.rng;
    out->state = &tables.state;
}
