/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls every function of pdr_tensor_api on inputs small enough to know the results by hand, before task 0. The test of
 * the host's tensor table: a run with this strategy ends well, or says which function was wrong.
 */
#include "check.h"
#include "tiny.h"

TINY_WITHOUT_PARAMS
TINY_EMPTY_LIFE

/* The inputs: a = [1 2 3; 4 5 6], v = [1 2 3], i = [2 0]. */
static const int64_t two_three[] = {2, 3}, three[] = {3}, two[] = {2};

static pdr_tensor *matrix(const pdr_host *h, pdr_scope *s)
{
    return h->tensor->from(s, PDR_F32, two_three, 2, (const float[]){1, 2, 3, 4, 5, 6});
}
static pdr_tensor *vector(const pdr_host *h, pdr_scope *s)
{
    return h->tensor->from(s, PDR_F32, three, 1, (const float[]){1, 2, 3});
}
static pdr_tensor *places(const pdr_host *h, pdr_scope *s)
{
    return h->tensor->from(s, PDR_I64, two, 1, (const int64_t[]){2, 0});
}

static pdr_status making(const pdr_host *h, pdr_scope *s)
{
    const pdr_tensor_api *T = h->tensor;
    pdr_tensor *a = matrix(h, s);
    float f[6];
    uint8_t bytes[3];

    IS("from", a, 1, 2, 3, 4, 5, 6);
    CHECK("rank", T->rank(a) == 2 && T->rank(NULL) == -1);
    CHECK("size", T->size(a, 0) == 2 && T->size(a, -1) == 3 && T->size(a, PDR_ALL) == 6);
    CHECK("size", T->size(NULL, 0) == -1 && T->size(a, 2) == -1);
    CHECK("dtype", T->dtype(a) == PDR_F32 && T->dtype(NULL) == 0);
    CHECK("read", T->read(a, PDR_F32, f, sizeof f) == PDR_OK && f[5] == 6.0f);
    CHECK("read", T->read(a, PDR_F32, f, sizeof f - 4) == PDR_EINVALID);
    CHECK("read", T->read(NULL, PDR_F32, f, sizeof f) == PDR_EINVALID);

    IS("from", T->from(s, PDR_F64, NULL, 0, (const double[]){2.5}), 2.5);
    IS("from", T->from(s, PDR_U8, three, 1, (const uint8_t[]){0, 7, 255}), 0, 7, 255);
    IS("from", T->from(s, PDR_I32, two, 1, (const int32_t[]){-1, 3}), -1, 3);
    IS("from", T->from(s, PDR_BOOL, two, 1, (const uint8_t[]){0, 1}), 0, 1);
    IS("full", T->full(s, PDR_I64, two, 1, 3), 3, 3);
    CHECK("full", T->rank(pdr_scalar(h, s, 4)) == 0 && pdr_number(h, pdr_scalar(h, s, 4)) == 4);
    const int64_t none = 0;
    CHECK("full", T->size(T->full(s, PDR_F32, &none, 1, 0), 0) == 0);
    IS("arange", T->arange(s, 5, 3), 5, 6, 7);
    CHECK("arange", T->dtype(T->arange(s, 0, 1)) == PDR_I64);

    pdr_tensor *real = T->from(s, PDR_F32, three, 1, (const float[]){1.9f, -1.9f, 0});
    IS("cast", T->cast(s, real, PDR_I64), 1, -1, 0);
    IS("cast", T->cast(s, real, PDR_BOOL), 1, 1, 0);
    IS("cast", T->cast(s, T->full(s, PDR_F32, two, 1, 1.5), PDR_BF16), 1.5, 1.5);
    CHECK("cast", T->dtype(T->cast(s, real, PDR_F16)) == PDR_F16);
    CHECK("read", T->read(T->arange(s, 1, 3), PDR_U8, bytes, 3) == PDR_OK && bytes[2] == 3);
    return PDR_OK;
}

static pdr_status elementwise(const pdr_host *h, pdr_scope *s)
{
    const pdr_tensor_api *T = h->tensor;
    pdr_tensor *a = matrix(h, s), *v = vector(h, s);
    pdr_tensor *w = T->from(s, PDR_F32, three, 1, (const float[]){-1, 0, 4});

    IS("clone", T->clone(s, v), 1, 2, 3);
    IS("detach", T->detach(s, v), 1, 2, 3);
    IS("leaf", T->leaf(s, v), 1, 2, 3);
    IS("exp", T->exp(s, w), 0.36787944, 1, 54.59815);
    IS("log", T->log(s, w), (double)NAN, -HUGE_VAL, 1.3862944);
    IS("sqrt", T->sqrt(s, w), (double)NAN, 0, 2);
    IS("square", T->square(s, w), 1, 0, 16);
    IS("abs", T->abs(s, w), 1, 0, 4);
    IS("sigmoid", T->sigmoid(s, w), 0.26894142, 0.5, 0.98201379);
    IS("nonzero", T->nonzero(s, w), 0, 2);
    CHECK("nonzero", T->rank(T->nonzero(s, w)) == 1 && T->dtype(T->nonzero(s, w)) == PDR_I64);

    IS("add", T->add(s, a, v), 2, 4, 6, 5, 7, 9);
    IS("sub", T->sub(s, v, w), 2, 2, -1);
    IS("mul", T->mul(s, v, w), -1, 0, 12);
    IS("div", T->div(s, w, v), -1, 0, 1.3333333);
    IS("div", T->div(s, T->arange(s, 1, 2), T->full(s, PDR_I64, NULL, 0, 2)), 0.5, 1);
    IS("maximum", T->maximum(s, v, w), 1, 2, 4);
    IS("equal", T->equal(s, v, T->full(s, PDR_F32, NULL, 0, 2)), 0, 1, 0);
    CHECK("equal", T->dtype(T->equal(s, v, w)) == PDR_BOOL);
    IS("less", T->less(s, v, w), 0, 0, 1);
    IS("matmul", T->matmul(s, a, T->transpose(s, a, 0, 1)), 14, 32, 32, 77);
    IS("matmul", T->matmul(s, a, v), 14, 32);
    IS("dot", T->dot(s, v, w), 11);

    IS("affine", T->affine(s, v, 2, -1), 1, 3, 5);
    IS("clamp", T->clamp(s, w, -0.5, HUGE_VAL), -0.5, 0, 4);
    IS("clamp", T->clamp(s, w, -HUGE_VAL, 1), -1, 0, 1);
    IS("where", T->where(s, T->less(s, w, v), v, w), 1, 2, 4);
    IS("where", T->where(s, T->less(s, w, v), v, pdr_scalar(h, s, 9)), 1, 2, 9);
    return PDR_OK;
}

static pdr_status folds(const pdr_host *h, pdr_scope *s)
{
    const pdr_tensor_api *T = h->tensor;
    pdr_tensor *a = matrix(h, s), *v = vector(h, s);

    IS("sum", T->sum(s, a, PDR_ALL, 0), 21);
    IS("sum", T->sum(s, a, 0, 0), 5, 7, 9);
    IS("sum", T->sum(s, T->less(s, v, pdr_scalar(h, s, 3)), PDR_ALL, 0), 2);
    CHECK("sum", T->rank(T->sum(s, a, 0, 1)) == 2 && T->rank(T->sum(s, a, 0, 0)) == 1);
    IS("mean", T->mean(s, a, -1, 0), 2, 5);
    IS("mean", T->mean(s, a, PDR_ALL, 0), 3.5);
    IS("mean", T->mean(s, T->slice(s, v, 0, 0, 0), PDR_ALL, 0), (double)NAN);
    IS("max", T->max(s, a, 0, 0), 4, 5, 6);
    IS("max", T->max(s, a, PDR_ALL, 0), 6);
    IS("argmax", T->argmax(s, a, 1, 0), 2, 2);
    IS("argmax", T->argmax(s, a, PDR_ALL, 0), 5);
    CHECK("argmax", T->rank(T->argmax(s, a, 1, 1)) == 2 && T->size(T->argmax(s, a, 1, 1), 1) == 1);
    IS("softmax", T->softmax(s, v, 0, 0), 0.09003057, 0.24472847, 0.66524096);
    IS("log_softmax", T->log_softmax(s, v, 0, 0), -2.40760596, -1.40760596, -0.40760596);
    IS("softmax", T->softmax(s, T->full(s, PDR_F32, two_three, 2, 7), PDR_ALL, 0), 1. / 6, 1. / 6, 1. / 6, 1. / 6,
       1. / 6, 1. / 6);
    return PDR_OK;
}

static pdr_status shapes(const pdr_host *h, pdr_scope *s)
{
    const pdr_tensor_api *T = h->tensor;
    pdr_tensor *a = matrix(h, s), *v = vector(h, s), *i = places(h, s), *where = NULL;
    pdr_tensor *both[] = {v, T->slice(s, v, 0, 0, 1)}, *rows[] = {a, a};

    CHECK("reshape", T->size(T->reshape(s, a, (const int64_t[]){3, -1}, 2), 1) == 2);
    IS("reshape", T->reshape(s, a, (const int64_t[]){-1}, 1), 1, 2, 3, 4, 5, 6);
    IS("transpose", T->transpose(s, a, 0, 1), 1, 4, 2, 5, 3, 6);
    IS("slice", T->slice(s, a, 1, 1, 2), 2, 3, 5, 6);
    IS("slice", T->slice(s, a, 0, 1, 1), 4, 5, 6);
    CHECK("slice", T->size(T->slice(s, v, 0, 3, 0), 0) == 0);
    IS("pick", T->pick(s, a, 1, i), 3, 1, 6, 4);
    IS("pick", T->pick(s, v, 0, i), 3, 1);
    IS("gather", T->gather(s, a, 1, T->reshape(s, i, (const int64_t[]){2, 1}, 2)), 3, 4);
    IS("cat", T->cat(s, both, 2, 0), 1, 2, 3, 1);
    CHECK("cat", T->size(T->cat(s, rows, 2, 1), 1) == 6);
    IS("one_hot", T->one_hot(s, T->from(s, PDR_I64, two, 1, (const int64_t[]){1, -1}), 3), 0, 1, 0, 0, 0, 0);
    IS("top", T->top(s, v, 2, 0, 1, &where), 3, 2);
    IS("top", where, 2, 1);
    IS("top", T->top(s, v, 3, 0, 0, NULL), 1, 2, 3);
    return PDR_OK;
}

static pdr_status losses(const pdr_host *h, pdr_scope *s)
{
    const pdr_tensor_api *T = h->tensor;
    pdr_tensor *z = T->reshape(s, vector(h, s), (const int64_t[]){1, 3}, 2), *zs[] = {z, z};
    pdr_tensor *y = T->from(s, PDR_I64, two, 1, (const int64_t[]){0, -1});
    pdr_tensor *b = T->from(s, PDR_F32, two, 1, (const float[]){0, 2});
    pdr_tensor *on = T->from(s, PDR_F32, two, 1, (const float[]){1, 0.25f});

    IS("cross_entropy", T->cross_entropy(s, T->cat(s, zs, 2, 0), y), 2.40760596, 0);
    IS("bce", T->bce(s, b, on), 0.69314718, 1.62692801);
    /* Equal logits at T = 2: 4 x entropy of softmax([.5 1 1.5]) = 4 x 1.0247; with two of three columns: target
     * softmax([.5 1]) = [.37754067 .62245933], log softmax = [-1.68026776 -1.18026776 ...]. */
    IS("distill", T->distill(s, z, z, 2),
       4 * (0.18632372 * 1.68026968 + 0.30719589 * 1.18026968 + 0.50648039 * 0.68026968));
    IS("distill", T->distill(s, z, T->slice(s, z, 1, 0, 2), 2),
       4 * (0.37754067 * 1.68026968 + 0.62245933 * 1.18026968));
    return PDR_OK;
}

static pdr_status in_place(const pdr_host *h, pdr_scope *s)
{
    const pdr_tensor_api *T = h->tensor;
    pdr_tensor *v = vector(h, s), *i = places(h, s), *kept = T->keep(h, T->clone(s, v)), *more = T->keep(h, kept);
    pdr_tensor *pair = T->from(s, PDR_F32, two, 1, (const float[]){10, 20});

    CHECK("keep", kept && more && T->keep(h, NULL) == NULL);
    T->release(NULL);
    CHECK("copy", T->copy(s, kept, T->affine(s, v, 2, 0)) == PDR_OK);
    IS("copy", kept, 2, 4, 6);
    IS("keep", more, 2, 4, 6); /* the same values */
    IS("clone", v, 1, 2, 3);
    CHECK("copy", T->copy(s, T->slice(s, kept, 0, 0, 2), pdr_scalar(h, s, 5)) == PDR_OK);
    IS("slice", kept, 5, 5, 6); /* a view */
    CHECK("blend", T->blend(s, kept, 0.5, v, 2) == PDR_OK);
    IS("blend", kept, 4.5, 6.5, 9);
    CHECK("scale", T->scale(s, kept, pdr_scalar(h, s, 2)) == PDR_OK);
    IS("scale", kept, 9, 13, 18);
    CHECK("add_product", T->add_product(s, kept, v, v, -1) == PDR_OK);
    IS("add_product", kept, 8, 9, 9);
    CHECK("place", T->place(s, kept, i, pair) == PDR_OK);
    IS("place", kept, 20, 9, 10);
    CHECK("reshape", T->copy(s, T->reshape(s, kept, (const int64_t[]){1, 3}, 2), v) == PDR_OK);
    IS("reshape", kept, 1, 2, 3); /* a view, too */
    T->release(kept);
    IS("release", more, 1, 2, 3); /* the other owner still holds them */
    T->release(more);
    return PDR_OK;
}

#define TENSOR(t)                                    \
    {                                                \
        .kind = PDR_V_TENSOR, .as = {.tensor = (t) } \
    }
#define INT(n)                               \
    {                                        \
        .kind = PDR_V_INT, .as = {.i = (n) } \
    }
#define REAL(n)                               \
    {                                         \
        .kind = PDR_V_REAL, .as = {.r = (n) } \
    }

static pdr_status invocations(const pdr_host *h, pdr_scope *s)
{
    const pdr_tensor_api *T = h->tensor;
    pdr_tensor *a = matrix(h, s), *v = vector(h, s), *parts[] = {v, v};
    pdr_value out[2], none = {.kind = PDR_V_NONE, .count = 0, .as = {.i = 0}};

    const pdr_value distance[] = {TENSOR(a), TENSOR(a)}; /* p and compute_mode left out */
    CHECK("invoke aten::cdist", T->invoke(s, "aten::cdist", distance, 2, out, 1) == PDR_OK);
    IS("invoke aten::cdist", out[0].as.tensor, 0, 5.19615242, 5.19615242, 0);

    const pdr_value sum[] = {TENSOR(v), TENSOR(v), INT(3)}; /* an int where a number is expected */
    CHECK("invoke aten::add.Tensor", T->invoke(s, "aten::add.Tensor", sum, 3, out, 1) == PDR_OK);
    IS("invoke aten::add.Tensor", out[0].as.tensor, 4, 8, 12);

    const int64_t over[] = {1};
    const pdr_value norm[] = {TENSOR(a),
                              REAL(2),
                              {.kind = PDR_V_INTS, .count = 1, .as = {.ints = over}},
                              {.kind = PDR_V_BOOL, .as = {.i = 1}}};
    CHECK("invoke aten::norm", T->invoke(s, "aten::norm.ScalarOpt_dim", norm, 4, out, 1) == PDR_OK);
    IS("invoke aten::norm", out[0].as.tensor, 3.74165739, 8.77496439);
    CHECK("invoke aten::norm", T->rank(out[0].as.tensor) == 2);

    const pdr_value stack[] = {{.kind = PDR_V_TENSORS, .count = 2, .as = {.tensors = parts}}, INT(1)};
    CHECK("invoke aten::stack", T->invoke(s, "aten::stack", stack, 2, out, 1) == PDR_OK);
    IS("invoke aten::stack", out[0].as.tensor, 1, 1, 2, 2, 3, 3);

    const pdr_value below[] = {TENSOR(v), none, REAL(1.5)};
    CHECK("invoke aten::clamp", T->invoke(s, "aten::clamp", below, 3, out, 1) == PDR_OK);
    IS("invoke aten::clamp", out[0].as.tensor, 1, 1.5, 1.5);

    const pdr_value to[] = {TENSOR(v), {.kind = PDR_V_DTYPE, .as = {.i = PDR_I64}}};
    CHECK("invoke aten::to.dtype", T->invoke(s, "aten::to.dtype", to, 2, out, 1) == PDR_OK);
    CHECK("invoke aten::to.dtype", T->dtype(out[0].as.tensor) == PDR_I64);

    const pdr_value einsum[] = {{.kind = PDR_V_TEXT, .as = {.text = "i,i->"}},
                                {.kind = PDR_V_TENSORS, .count = 2, .as = {.tensors = parts}}};
    CHECK("invoke aten::einsum", T->invoke(s, "aten::einsum", einsum, 2, out, 1) == PDR_OK);
    IS("invoke aten::einsum", out[0].as.tensor, 14);

    const pdr_value top[] = {TENSOR(v), INT(1)}; /* two results */
    CHECK("invoke aten::topk", T->invoke(s, "aten::topk", top, 2, out, 2) == PDR_OK);
    IS("invoke aten::topk", out[0].as.tensor, 3);
    IS("invoke aten::topk", out[1].as.tensor, 2);

    const pdr_value split[] = {TENSOR(a), INT(0)}; /* a list of tensors */
    CHECK("invoke aten::unbind.int", T->invoke(s, "aten::unbind.int", split, 2, out, 1) == PDR_OK);
    CHECK("invoke aten::unbind.int", out[0].kind == PDR_V_TENSORS && out[0].count == 2);
    IS("invoke aten::unbind.int", out[0].as.tensors[1], 4, 5, 6);

    const pdr_value same[] = {TENSOR(v), TENSOR(v)};
    CHECK("invoke aten::equal", T->invoke(s, "aten::equal", same, 2, out, 2) == PDR_OK);
    CHECK("invoke aten::equal", out[0].kind == PDR_V_BOOL && out[0].as.i == 1 && out[1].kind == PDR_V_NONE);

    pdr_tensor *kept = T->keep(h, T->clone(s, v)); /* an operator in place, on what may be written */
    const pdr_value add[] = {TENSOR(kept), TENSOR(v)};
    CHECK("invoke aten::add_.Tensor", T->invoke(s, "aten::add_.Tensor", add, 2, out, 1) == PDR_OK);
    IS("invoke aten::add_.Tensor", kept, 2, 4, 6);
    T->release(kept);
    return PDR_OK;
}

/* Makes an error in a scope of its own, and looks that it is the right one and that nothing runs there any more. What
 * LibTorch refuses before the host does is as good: PDR_EENGINE. */
static int as_expected(pdr_status got, pdr_status code)
{
    return got == code || (code == PDR_EINVALID && got == PDR_EENGINE);
}

#define REFUSED(name, code, call)                                                                                  \
    do {                                                                                                           \
        pdr_scope *s = T->open(h, PDR_NO_GRAD);                                                                    \
        (void)(call);                                                                                              \
        pdr_status first = T->status(s);                                                                           \
        int runs = T->full(s, PDR_F32, NULL, 0, 1) != NULL;                                                        \
        pdr_status last = T->close(s);                                                                             \
        if (!as_expected(first, code) || last != first)                                                            \
            return pdr_failf(h, PDR_ERROR, "%s: status %d, at close %d instead of %d (line %d)", name, (int)first, \
                             (int)last, (int)(code), __LINE__);                                                    \
        if (runs)                                                                                                  \
            return check_failed(h, __LINE__, name, "a scope with an error still computes");                        \
    } while (0)

static pdr_status refusals(const pdr_host *h, pdr_scope *outer)
{
    const pdr_tensor_api *T = h->tensor;
    pdr_tensor *a = matrix(h, outer), *v = vector(h, outer);
    pdr_value out[1];
    const pdr_value one[] = {TENSOR(v)}, text[] = {{.kind = PDR_V_TEXT, .as = {.text = "no"}}, TENSOR(v)};
    const pdr_value both[] = {TENSOR(v), TENSOR(v)}, top[] = {TENSOR(v), INT(1)};

    REFUSED("slice", PDR_EINVALID, T->slice(s, v, 0, 2, 2));
    REFUSED("slice", PDR_EINVALID, T->slice(s, v, 0, -1, 1));
    REFUSED("slice", PDR_EINVALID, T->slice(s, v, 1, 0, 1));
    REFUSED("cat", PDR_EINVALID, T->cat(s, &v, 0, 0));
    REFUSED("top", PDR_EINVALID, T->top(s, v, 4, 0, 1, NULL));
    REFUSED("from", PDR_EINVALID, T->from(s, 99, three, 1, "abc"));
    REFUSED("full", PDR_EINVALID, T->full(s, PDR_F32, (const int64_t[]){-2}, 1, 0));
    REFUSED("invoke", PDR_ENOTFOUND, T->invoke(s, "aten::no_such_operator", one, 1, out, 1));
    REFUSED("invoke", PDR_ENOTFOUND, T->invoke(s, "aten::add", both, 2, out, 1));
    REFUSED("invoke", PDR_EINVALID, T->invoke(s, "aten::cdist", text, 2, out, 1));
    REFUSED("invoke", PDR_EINVALID, T->invoke(s, "aten::topk", top, 2, out, 1));
    REFUSED("invoke", PDR_EUNSUPPORTED, T->invoke(s, "aten::bernoulli", one, 1, out, 1));
    REFUSED("invoke", PDR_EUNSUPPORTED, T->invoke(s, "aten::randn_like", one, 1, out, 1));

    pdr_scope *s = T->open(h, PDR_NO_GRAD); /* a shape that does not fit: whichever code, but an error */
    CHECK("matmul", T->matmul(s, a, a) == NULL && T->status(s) < 0);
    CHECK("close", T->close(s) < 0);

    s = T->open(h, PDR_NO_GRAD); /* NULL in gives NULL out, and is no error */
    CHECK("add", T->add(s, NULL, v) == NULL && T->exp(s, NULL) == NULL && T->sum(s, NULL, PDR_ALL, 0) == NULL);
    CHECK("close", T->close(s) == PDR_OK);

    CHECK("status", T->status(outer) == PDR_OK && T->status(NULL) == PDR_EINVALID);
    CHECK("close", T->close(NULL) == PDR_OK);
    return PDR_OK;
}

/* Does autograd record? In a [no-grad] scope a result is a leaf, in a [grad] scope that of a leaf() is not. */
static pdr_status modes(const pdr_host *h, pdr_scope *s)
{
    const pdr_tensor_api *T = h->tensor;
    pdr_scope *quiet = T->open(h, PDR_NO_GRAD);
    pdr_tensor *x = T->leaf(s, vector(h, s)), *recorded = T->square(s, x), *plain = T->square(quiet, x);
    pdr_value out[3];
    const pdr_value r[] = {TENSOR(recorded)}, p[] = {TENSOR(plain)}, d[] = {TENSOR(T->detach(s, recorded))};
    CHECK("open", T->invoke(s, "aten::is_leaf", r, 1, &out[0], 1) == PDR_OK && out[0].as.i == 0);
    CHECK("open", T->invoke(s, "aten::is_leaf", p, 1, &out[1], 1) == PDR_OK && out[1].as.i == 1);
    CHECK("detach", T->invoke(s, "aten::is_leaf", d, 1, &out[2], 1) == PDR_OK && out[2].as.i == 1);
    IS("square", recorded, 1, 4, 9); /* what records can be read */
    CHECK("close", T->close(quiet) == PDR_OK);
    return PDR_OK;
}

static pdr_status before_task(void *p, const pdr_task *t)
{
    const pdr_host *h = ((strategy *)p)->host;
    pdr_status wrong;
    if (t->index)
        return PDR_OK;
    CHECK("close", h->tensor->close(t->scope) == PDR_EINVALID); /* the hook's own scope is the host's */
    if ((wrong = check_in_scope(h, "making", PDR_NO_GRAD, making)))
        return wrong;
    if ((wrong = check_in_scope(h, "elementwise", PDR_NO_GRAD, elementwise)))
        return wrong;
    if ((wrong = check_in_scope(h, "elementwise [grad]", PDR_GRAD, elementwise)))
        return wrong;
    if ((wrong = check_in_scope(h, "folds", PDR_NO_GRAD, folds)))
        return wrong;
    if ((wrong = check_in_scope(h, "shapes", PDR_NO_GRAD, shapes)))
        return wrong;
    if ((wrong = check_in_scope(h, "losses", PDR_NO_GRAD, losses)))
        return wrong;
    if ((wrong = check_in_scope(h, "in place", PDR_NO_GRAD, in_place)))
        return wrong;
    if ((wrong = check_in_scope(h, "in place [grad]", PDR_GRAD, in_place)))
        return wrong;
    if ((wrong = check_in_scope(h, "invoke", PDR_NO_GRAD, invocations)))
        return wrong;
    if ((wrong = check_in_scope(h, "refusals", PDR_NO_GRAD, refusals)))
        return wrong;
    if ((wrong = check_in_scope(h, "modes", PDR_GRAD, modes)))
        return wrong;
    h->log(h, PDR_INFO, "exercise_tensor: all functions as expected");
    return PDR_OK;
}

static const pdr_hooks hooks = {PDR_HOOKS, .before_task = before_task};
PDR_STRATEGY("exercise_tensor", "1.0", "checks every function of the tensor table", NULL, PDR_GRAPH_SAFE)
