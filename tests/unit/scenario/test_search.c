/* What a search tries: the same for all who read the file, within its ranges, paired between methods. */
#include "fixture.h"

#define TOP "perdure: 1\nseeds: [7, 8]\ndata: {set: digits, validation: 0.1}\n"
#define METHODS "methods:\n  - name: a\n  - {name: ewc, strategies: [ewc]}\n"

static void a_grid_tries_all(void **state)
{
    (void)state;
    struct reading r = read_good(TOP "search: {kind: grid, space: {ewc.lambda: [1, 2, 3]}}\n" METHODS);
    assert_true(r.s->search.on);
    assert_int_equal(r.s->methods.count, 2);
    assert_int_equal(r.s->search.tried.count, 3);
    assert_string_equal(r.s->search.tried.at[2].name, "ewc@lambda=3");
    assert_string_equal(r.s->search.tried.at[2].base, "ewc");
    assert_int_equal(r.s->search.metric, METRIC_ACC_MACRO);
    assert_true(r.s->search.seeds.count == 1 && r.s->search.seeds.at[0] == 7);
    reading_free(&r);
}

#define RANDOM(trials, more)                                                                                       \
    "search: {kind: random, trials: " trials more ", seeds: [1, 2], metric: bwt.gem, space: {optimizer.lr: {log: " \
    "[1e-4, 0.1]}, training.batch: {int: [16, 18]}, optimizer.weight_decay: {uniform: [0, 0.5]}}}\n"

static void draws_are_within_and_paired(void **state)
{
    (void)state;
    struct reading r = read_good(TOP RANDOM("20", "") METHODS), again = read_good(TOP RANDOM("20", "") METHODS),
                   other = read_good(TOP RANDOM("20", ", seed: 1") METHODS);
    const struct method_list *tried = &r.s->search.tried;
    bool low = false, high = false;
    assert_int_equal(tried->count, 40);
    assert_int_equal(r.s->search.metric, METRIC_BWT_GEM);
    for (size_t i = 0; i < 40; i++) {
        const struct method_options *m = &tried->at[i];
        assert_true(m->optimizer.common.lr >= 1e-4 && m->optimizer.common.lr <= 0.1);
        assert_true(m->training.batch >= 16 && m->training.batch <= 18);
        assert_true(m->optimizer.common.weight_decay >= 0 && m->optimizer.common.weight_decay <= 0.5);
        assert_string_equal(m->base, i < 20 ? "a" : "ewc");
        assert_true(m->optimizer.common.lr == tried->at[i % 20].optimizer.common.lr);
        assert_string_equal(m->name, again.s->search.tried.at[i].name);
        low = low || m->optimizer.common.lr < 1e-3;
        high = high || m->optimizer.common.lr > 1e-2;
    }
    assert_true(low && high); /* by the logarithm: not all near the upper end */
    assert_string_not_equal(tried->at[0].name, other.s->search.tried.at[0].name);
    reading_free(&r);
    reading_free(&again);
    reading_free(&other);
}

/* More trials keep those that were there. */
static void more_trials_add_to_the_first(void **state)
{
    (void)state;
    struct reading few = read_good(TOP RANDOM("3", "") METHODS), more = read_good(TOP RANDOM("5", "") METHODS);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(few.s->search.tried.at[i].name, more.s->search.tried.at[i].name);
    reading_free(&few);
    reading_free(&more);
}

static void no_combination_is_tried_twice(void **state)
{
    (void)state;
    struct reading r =
        read_good(TOP "search: {kind: random, trials: 50, space: {optimizer.lr: [1, 2, 3]}}\nmethods: [{name: a}]\n");
    assert_int_equal(r.s->search.tried.count, 3);
    reading_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_grid_tries_all),
        cmocka_unit_test(draws_are_within_and_paired),
        cmocka_unit_test(more_trials_add_to_the_first),
        cmocka_unit_test(no_combination_is_tried_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
