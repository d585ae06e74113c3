/* What a search chose, taken out of a record again: the plan is then the one that was run. */
#include "../plan/fixture.h"
#include "run/search.h"

#define SEARCHED                                                                       \
    "perdure: 1\nname: t\ndata: {set: digits, validation: 0.1}\ndevice: {type: cpu}\n" \
    "search: {kind: grid, space: {optimizer.lr: [0.1, 0.2]}}\nmethods: [{name: a}, {name: b}]\n"

static json_t *chosen_of(const char *method, const char *trial)
{
    return json_pack("{s:[{s:s, s:s}]}", "chosen", "method", method, "trial", trial);
}

static void a_chosen_trial_takes_its_methods_place(void **state)
{
    (void)state;
    planned p = planned_well(SEARCHED);
    char before[SHA256_HEX], after[SHA256_HEX], trial[SHA256_HEX];
    json_t *search = chosen_of("b", "b@lr=0.2"), *cell;
    assert_int_equal(p.plan->method_count, 2);
    assert_int_equal(p.plan->trial_count, 4);
    assert_true(p.plan->methods[0].open && p.plan->methods[1].open && p.plan->methods[5].trial);
    plan_cell_digest(p.plan, 1, 0, before);
    plan_cell_digest(p.plan, 5, 0, trial);
    assert_int_equal(trials_recall(p.plan, search, &p.error), 0);
    plan_cell_digest(p.plan, 1, 0, after);
    assert_string_not_equal(before, after);
    assert_string_not_equal(trial, after); /* one of them sees test rows */
    assert_true(p.plan->methods[0].open && !p.plan->methods[1].open && !p.plan->methods[1].trial);
    assert_string_equal(p.plan->methods[1].name, "b");
    cell = plan_cell_json(p.plan, 1, 0);
    assert_true(json_real_value(json_object_get(json_object_get(cell, "optimizer"), "lr")) == 0.2);
    assert_null(json_object_get(json_object_get(cell, "method"), "trial"));
    json_decref(cell);
    json_decref(search);
    planned_free(&p);
}

static void what_the_plan_does_not_have_is_refused(void **state)
{
    (void)state;
    planned p = planned_well(SEARCHED);
    json_t *other = chosen_of("b", "a@lr=0.2"), *none = chosen_of("c", "c@lr=0.2");
    assert_int_equal(trials_recall(p.plan, other, &p.error), EXIT_DATA);
    assert_string_equal(p.error.text, "search.chosen[0]: found trial a@lr=0.2 of method b; expected one of the plan's");
    assert_int_equal(trials_recall(p.plan, none, &p.error), EXIT_DATA);
    json_decref(other);
    json_decref(none);
    planned_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chosen_trial_takes_its_methods_place),
        cmocka_unit_test(what_the_plan_does_not_have_is_refused),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
