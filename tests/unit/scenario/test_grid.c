/* Grids: which methods get variants, what they are called, and that they are what a method with those values would be. */
#include "fixture.h"
#include "scenario/variant.h"

#define TOP "perdure: 1\ndata: {set: digits}\n"
#define METHODS                                                          \
    "methods:\n  - name: finetune\n"                                     \
    "  - {name: ewc, strategies: [{ewc: {lambda: 3, fisher: exact}}]}\n" \
    "  - {name: both, strategies: [replay, {replay: {capacity: 9}}, {plugin: ../mine.so}]}\n"

static void check_names(const struct scenario *s, const char *const *names, size_t count)
{
    assert_int_equal(s->methods.count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(s->methods.at[i].name, names[i]);
}

static void a_strategys_key_makes_variants_of_who_has_it(void **state)
{
    (void)state;
    struct reading r = read_good(TOP "grid: {ewc.lambda: [1, 10]}\n" METHODS);
    static const char *const names[] = {"finetune", "ewc@lambda=1", "ewc@lambda=10", "both"};
    check_names(r.s, names, 4);
    const struct method_options *ten = &r.s->methods.at[2];
    assert_string_equal(ten->base, "ewc");
    assert_null(r.s->methods.at[0].base);
    assert_string_equal(node_yaml(ten->strategies[0].parameters, r.s->arena), "{lambda: 10, fisher: exact}");
    assert_string_equal(ten->strategies[0].path, "methods[1].strategies[0].ewc");
    json_t *set = variant_set_json(ten), *said = json_pack("{s:i}", "ewc.lambda", 10);
    assert_true(json_equal(set, said));
    assert_null(variant_set_json(&r.s->methods.at[0]));
    json_decref(set);
    json_decref(said);
    reading_free(&r);
}

static void a_section_key_makes_variants_of_all(void **state)
{
    (void)state;
    struct reading r =
        read_good(TOP "optimizer: {lr: 7}\ngrid: {optimizer.lr: [0.1, 1e-2], training.batch: [8]}\n" METHODS);
    static const char *const names[] = {"finetune@lr=0.1,batch=8", "finetune@lr=1e-2,batch=8", "ewc@lr=0.1,batch=8",
                                        "ewc@lr=1e-2,batch=8",     "both@lr=0.1,batch=8",      "both@lr=1e-2,batch=8"};
    check_names(r.s, names, 6);
    assert_true(r.s->methods.at[1].optimizer.common.lr == 0.01 && r.s->methods.at[1].training.batch == 8);
    assert_true(r.s->methods.at[4].optimizer.common.lr == 0.1 && r.s->optimizer.common.lr == 7);
    reading_free(&r);
}

/* The last key varies fastest; a method's own grid stands in the place of the file's, key by key. */
static void a_methods_own_grid_goes_before(void **state)
{
    (void)state;
    struct reading r = read_good(TOP "grid: {optimizer.lr: [1, 2]}\nmethods:\n  - {name: a, grid: {optimizer.lr: [3], "
                                     "network.hidden: [[], [4, 5]]}}\n  - {name: b, set: {optimizer.lr: 9}}\n");
    static const char *const names[] = {"a@lr=3,hidden=d7986b3b", "a@lr=3,hidden=4-5", "b@lr=1", "b@lr=2"};
    assert_int_equal(r.s->methods.count, 4);
    assert_int_equal(strlen(r.s->methods.at[0].name), strlen(names[0])); /* nothing to write: a digest */
    assert_string_equal(r.s->methods.at[1].name, names[1]);
    assert_int_equal(r.s->methods.at[0].network.hidden.count, 0);
    assert_int_equal(r.s->methods.at[1].network.hidden.at[1], 5);
    assert_true(r.s->methods.at[3].optimizer.common.lr == 2);
    reading_free(&r);
}

static void keys_of_one_end_keep_what_tells_them_apart(void **state)
{
    (void)state;
    struct reading r = read_good(TOP "grid: {ewc.lambda: [1], si.lambda: [2], optimizer.lr: [3]}\n"
                                     "methods: [{name: m, strategies: [ewc, si]}]\n");
    assert_string_equal(r.s->methods.at[0].name, "m@ewc.lambda=1,si.lambda=2,lr=3");
    reading_free(&r);
}

static void strategies_by_number_path_and_below(void **state)
{
    (void)state;
    struct reading r =
        read_good(TOP "grid: {replay.capacity: [1], \"replay#2.capacity\": [2], mine.net.hidden: [[3]]}\n" METHODS);
    const struct method_options *m = &r.s->methods.at[2];
    assert_string_equal(m->name, "both@replay.capacity=1,replay-2.capacity=2,hidden=3");
    assert_string_equal(node_yaml(m->strategies[0].parameters, r.s->arena), "{capacity: 1}");
    assert_string_equal(node_yaml(m->strategies[1].parameters, r.s->arena), "{capacity: 2}");
    assert_string_equal(node_yaml(m->strategies[2].parameters, r.s->arena), "{net: {hidden: [3]}}");
    reading_free(&r);
}

static void names_are_folders(void **state)
{
    (void)state;
    struct reading r = read_good(TOP "grid: {mine.a: [\"x/y z\", \"x y/z\"], mine.b: [\"../p\"]}\n" METHODS);
    for (size_t i = 2; i < 4; i++) {
        const char *name = r.s->methods.at[i].name;
        assert_null(strchr(name, '/'));
        assert_null(strchr(name, ' '));
        assert_non_null(strstr(name, ",b=..-p"));
    }
    assert_string_not_equal(r.s->methods.at[2].name, r.s->methods.at[3].name); /* alike but for letters: digests */
    reading_free(&r);
}

/* --set lays a whole key of a grid, whatever points it has. */
static void set_reaches_into_a_grid(void **state)
{
    (void)state;
    static const char *const sets[] = {"grid.ewc.lambda=[1, 2]", "methods[0].grid.optimizer.lr=[5]",
                                       "grid.ewc.lambda[1]=4"};
    struct reading r = read_with(TOP METHODS, sets, 3);
    assert_int_equal(r.code, 0);
    static const char *const names[] = {"finetune@lr=5", "ewc@lambda=1", "ewc@lambda=4", "both"};
    check_names(r.s, names, 4);
    reading_free(&r);
}

static void a_gate_may_name_a_variant(void **state)
{
    (void)state;
    struct reading r =
        read_good(TOP "grid: {ewc.lambda: [1, 2]}\n" METHODS
                      "evaluation: {expect: [{method: \"ewc@lambda=2\", metric: acc.macro, is: 0.5, source: s}]}\n");
    assert_string_equal(r.s->evaluation.expect.at[0].method, "ewc@lambda=2");
    reading_free(&r);
}

/* A value that is wrong in many variants is told once, where it stands. */
static void faults_are_told_once_and_at_the_value(void **state)
{
    (void)state;
    check_fault(TOP "grid: {optimizer.lr: [0.1, 0], training.batch: [1, 2, 3]}\n" METHODS,
                "x.yaml:3:28: grid.optimizer.lr[1]: found 0; expected a number above 0, at most 1000000");
    check_fault(TOP "grid: {network.hidden: [[1], [2, 0]]}\n" METHODS,
                "x.yaml:3:34: grid.network.hidden[1][1]: found 0; expected a whole number from 1 to 1000000");
}

static void a_part_beside_its_whole_is_refused(void **state)
{
    (void)state;
    check_fault(TOP "grid: {ewc.net: [a, b], ewc.net.hidden: [[1]]}\nmethods: [{name: a, strategies: [ewc]}, {name: b, "
                    "strategies: [ewc]}]\n",
                "x.yaml:3:25: grid.ewc.net.hidden: found a part of ewc.net, which varies too; expected one of them");
}

static void too_many_are_refused(void **state)
{
    (void)state;
#define LONG "a-parameter-of-a-name-that-is-as-long-as-nobody-would-have-it-but-somebody-might-try-it-all-the-same"
    struct reading r = read_text(TOP "grid: {ewc." LONG ": [1], ewc.an-other-" LONG ": [2]}\n" METHODS);
    assert_int_equal(r.faults.count, 1);
    assert_non_null(strstr(r.faults.at[0].text, "found a variant whose name has "));
    reading_free(&r);
    check_fault(TOP "seeds: {count: 5000}\ngrid: {optimizer.lr: [1, 2, 3]}\nmethods: [{name: a}]\n",
                "x.yaml:4:7: grid: found 3 variants x 5000 seeds = 15000 cells; expected at most 10000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_strategys_key_makes_variants_of_who_has_it),
        cmocka_unit_test(a_section_key_makes_variants_of_all),
        cmocka_unit_test(a_methods_own_grid_goes_before),
        cmocka_unit_test(keys_of_one_end_keep_what_tells_them_apart),
        cmocka_unit_test(strategies_by_number_path_and_below),
        cmocka_unit_test(names_are_folders),
        cmocka_unit_test(set_reaches_into_a_grid),
        cmocka_unit_test(a_gate_may_name_a_variant),
        cmocka_unit_test(faults_are_told_once_and_at_the_value),
        cmocka_unit_test(a_part_beside_its_whole_is_refused),
        cmocka_unit_test(too_many_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
