/* invoke(): schemas, overloads, defaults, and words for what it refuses. */
#include "fixture.h"

#define TENSOR(t)                              \
    {                                          \
        .kind = PDR_V_TENSOR, .as.tensor = (t) \
    }
#define INT(v)                         \
    {                                  \
        .kind = PDR_V_INT, .as.i = (v) \
    }
#define REAL(v)                         \
    {                                   \
        .kind = PDR_V_REAL, .as.r = (v) \
    }
#define NONE               \
    {                      \
        .kind = PDR_V_NONE \
    }
#define ARGS(...) (const pdr_value[]){__VA_ARGS__}, (int32_t)(sizeof((pdr_value[]){__VA_ARGS__}) / sizeof(pdr_value))

static void calls(void **state)
{
    pdr_scope *s = *state;
    pdr_tensor *a = FLOATS(s, SHAPE(2, 2), 0, 3, 4, 0), *b = FLOATS(s, SHAPE(1, 2), 0, 0);
    pdr_value out[3];
    assert_int_equal(T->invoke(s, "aten::cdist", ARGS(TENSOR(a), TENSOR(b)), out, 1),
                     PDR_OK); /* p and compute_mode left out */
    EXPECT(s, out[0].as.tensor, 3, 4);
    assert_int_equal(
        T->invoke(s, "aten::norm.ScalarOpt_dim",
                  ARGS(TENSOR(a), INT(2), {.kind = PDR_V_INTS, .count = 1, .as.ints = (const int64_t[]){1}}), out, 3),
        PDR_OK);
    EXPECT(s, out[0].as.tensor, 3, 4);
    assert_int_equal(out[1].kind, PDR_V_NONE);
    assert_int_equal(
        T->invoke(s, "aten::sum.dim_IntList",
                  ARGS(TENSOR(a), INT(0), {.kind = PDR_V_BOOL, .as.i = 0}, {.kind = PDR_V_DTYPE, .as.i = PDR_F64}), out,
                  1),
        PDR_OK);
    assert_int_equal(T->dtype(out[0].as.tensor), PDR_F64);
    EXPECT(s, out[0].as.tensor, 4, 3);
    pdr_tensor *both[] = {a, a};
    assert_int_equal(T->invoke(s, "aten::stack", ARGS({.kind = PDR_V_TENSORS, .count = 2, .as.tensors = both}), out, 1),
                     PDR_OK);
    assert_int_equal(T->rank(out[0].as.tensor), 3);
    assert_int_equal(T->invoke(s, "aten::unbind.int", ARGS(TENSOR(a)), out, 1), PDR_OK);
    assert_int_equal(out[0].kind, PDR_V_TENSORS);
    assert_int_equal(out[0].count, 2);
    EXPECT(s, out[0].as.tensors[1], 4, 0);
    assert_int_equal(T->invoke(s, "aten::topk", ARGS(TENSOR(a), INT(1)), out, 2), PDR_OK);
    EXPECT(s, out[1].as.tensor, 1, 0);
    assert_int_equal(T->invoke(s, "aten::add_.Tensor", ARGS(TENSOR(a), TENSOR(a)), NULL, 0), PDR_OK);
    EXPECT(s, a, 0, 6, 8, 0);
    assert_int_equal(T->invoke(s, "aten::is_nonzero", ARGS(TENSOR(T->full(s, PDR_F32, NULL, 0, 2))), out, 1), PDR_OK);
    assert_true(out[0].kind == PDR_V_BOOL && out[0].as.i == 1);
    assert_int_equal(T->invoke(s, "aten::linspace", ARGS(REAL(0), INT(1), INT(3)), out, 1), PDR_OK);
    EXPECT(s, out[0].as.tensor, 0, 0.5, 1);
    assert_int_equal(T->invoke(s, "aten::clamp", ARGS(TENSOR(a), NONE, REAL(7)), out, 1), PDR_OK);
    EXPECT(s, out[0].as.tensor, 0, 6, 7, 0);
    assert_int_equal(T->invoke(s, "aten::div.Tensor_mode",
                               ARGS(TENSOR(a), TENSOR(a), {.kind = PDR_V_TEXT, .as.text = "floor"}), out, 1),
                     PDR_OK);
    assert_int_equal(T->invoke(s, "aten::index.Tensor",
                               ARGS(TENSOR(a), {.kind = PDR_V_TENSORS,
                                                .count = 2,
                                                .as.tensors = (pdr_tensor *[]){NULL, LONGS(s, SHAPE(1), 1)}}),
                               out, 1),
                     PDR_OK);
    EXPECT(s, out[0].as.tensor, 6, 0);
}

static void refused(pdr_scope *s, const char *op, const pdr_value *args, int32_t count, pdr_status code,
                    const char *words)
{
    pdr_value out[1];
    assert_int_equal(T->invoke(s, op, args, count, out, 1), code);
    if (!strstr(E->scope_message(s), words))
        print_error("%s\n", E->scope_message(s));
    assert_non_null(strstr(E->scope_message(s), words));
    assert_ptr_equal(strstr(E->scope_message(s), op), E->scope_message(s)); /* the operator stands in front */
    E->scope_clear(s, PDR_NO_GRAD);
}

static void refusals(void **state)
{
    pdr_scope *s = *state, *mine = T->open(NULL, PDR_NO_GRAD);
    pdr_tensor *a = FLOATS(mine, SHAPE(2), 1, 2);
    refused(s, "aten::cdsit", ARGS(TENSOR(a)), PDR_ENOTFOUND, "no operator of this name");
    refused(s, "aten::norm.nonsense", ARGS(TENSOR(a)), PDR_ENOTFOUND, "aten::norm.ScalarOpt_dim");
    refused(s, "aten::mul.Tensor", ARGS(TENSOR(a), REAL(2)), PDR_EINVALID,
            "argument other is a real; the schema says Tensor");
    refused(s, "aten::topk", ARGS(TENSOR(a), REAL(2)), PDR_EINVALID, "argument k is a real; the schema says");
    refused(s, "aten::topk", ARGS(TENSOR(a)), PDR_EINVALID, "argument k is missing");
    refused(s, "aten::topk", ARGS(TENSOR(a), INT(1)), PDR_EINVALID, "room for 1 results");
    refused(s, "aten::exp", ARGS(TENSOR(a), INT(1)), PDR_EINVALID, "2 arguments; the schema has 1");
    refused(s, "aten::sum", ARGS(TENSOR(a), INT(6)), PDR_EINVALID, "argument dtype is an integer; the schema says");
    refused(s, "aten::randn", ARGS(INT(2)), PDR_EUNSUPPORTED, "draw from a stream");
    refused(s, "aten::dropout", ARGS(TENSOR(a), REAL(0.5), {.kind = PDR_V_BOOL, .as.i = 1}), PDR_EUNSUPPORTED,
            "draw from a stream");
    refused(s, "aten::bernoulli", ARGS(TENSOR(a)), PDR_EUNSUPPORTED, "draw from a stream");
    refused(s, "aten::matmul", ARGS(TENSOR(a), TENSOR(FLOATS(mine, SHAPE(3), 1, 2, 3))), PDR_EENGINE, "size");
    refused(s, "aten::exp", ARGS(TENSOR(NULL)), PDR_EINVALID, "argument 1 is a tensor that is NULL");
    T->close(mine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {WITH_SCOPE(calls), WITH_SCOPE(refusals)};
    return cmocka_run_group_tests(tests, engine_setup, NULL);
}
