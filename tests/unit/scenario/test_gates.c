/* evaluation.expect: what each form fills, and that what `describe` shows of it can be taken as it is. The refusals stand in
 * tests/messages/scenario/expect*.yaml. */
#include <stdint.h>

#include "base/alloc.h"
#include "fixture.h"

#define METHODS "perdure: 1\ndata: {set: digits}\nmethods: [{name: finetune}, {name: joint, train_on: all}]\n"

static void both_forms_fill_what_they_say(void **state)
{
    (void)state;
    struct reading r =
        read_good(METHODS "evaluation:\n  expect:\n"
                          "    - {method: joint, metric: acc.macro, is: 0.979, sem: 0.0004, n: 20, "
                          "within: 0.01, source: a table}\n"
                          "    - {method: finetune, metric: acc.macro, is: 0, source: a table}\n"
                          "    - {method: finetune, metric: bwt.gem, between: [-1, -0.5], source: a script}\n"
                          "    - {method: finetune, metric: a.diaz, is: 0.4, within: 0, source: x}\n");
    const struct gate_list *gates = &r.s->evaluation.expect;
    assert_int_equal(gates->count, 4);
    const struct gate_options *g = gates->at;
    assert_string_equal(g[0].method, "joint");
    assert_int_equal(g[0].metric, METRIC_ACC_MACRO);
    assert_false(g[0].ranged);
    assert_true(g[0].is == 0.979 && g[0].sem == 0.0004 && g[0].n == 20 && g[0].within == 0.01);
    assert_string_equal(g[0].source, "a table");
    assert_int_equal(g[0].at->line, 6);
    assert_false(g[1].ranged);
    assert_true(g[1].is == 0 && g[1].sem == 0 && g[1].n == 0 && g[1].within == 0.015);
    assert_int_equal(g[2].metric, METRIC_BWT_GEM);
    assert_true(g[2].ranged && g[2].low == -1 && g[2].high == -0.5);
    assert_true(g[3].within == 0); /* said, and no default */
    reading_free(&r);
}

static void without_it_there_are_none(void **state)
{
    (void)state;
    const char *none[] = {METHODS, METHODS "evaluation: {expect: []}\n"};
    for (size_t i = 0; i < 2; i++) {
        struct reading r = read_good(none[i]);
        assert_int_equal(r.s->evaluation.expect.count, 0);
        reading_free(&r);
    }
}

static void set_changes_one_value_of_a_gate(void **state)
{
    (void)state;
    const char *gate = METHODS "evaluation: {expect: [{method: finetune, metric: acc.macro, is: 0.2, source: x}]}\n";
    const char *good[] = {"evaluation.expect[0].is=0.3"}, *bad[] = {"evaluation.expect[0].method=fine"};
    struct reading r = read_with(gate, good, 1);
    assert_int_equal(r.code, 0);
    assert_true(r.s->evaluation.expect.at[0].is == 0.3);
    reading_free(&r);
    r = read_with(gate, bad, 1);
    assert_int_equal(r.faults.count, 1);
    check_line(&r.faults, 0,
               "--set evaluation.expect[0].method: found fine; expected a method of this "
               "file: finetune, joint");
    reading_free(&r);
}

static void a_baseline_is_a_method_of_the_file(void **state)
{
    (void)state;
    struct reading r = read_good(METHODS);
    assert_null(r.s->evaluation.baseline);
    reading_free(&r);
    r = read_good(METHODS "evaluation: {baseline: joint}\n");
    assert_string_equal(r.s->evaluation.baseline, "joint");
    reading_free(&r);
    const char *good[] = {"evaluation.baseline=finetune"}, *bad[] = {"evaluation.baseline=ewc@lambda=10"};
    r = read_with(METHODS "evaluation: {baseline: joint}\n", good, 1);
    assert_int_equal(r.code, 0);
    assert_string_equal(r.s->evaluation.baseline, "finetune");
    reading_free(&r);
    r = read_with(METHODS, bad, 1);
    assert_int_equal(r.faults.count, 1);
    check_line(&r.faults, 0,
               "--set evaluation.baseline: found ewc@lambda=10; expected a method of this file: finetune, joint");
    reading_free(&r);
}

/* A method whose own name is at fault may be the one that is meant: one fault is told, not two. */
static void a_fault_of_a_method_is_told_once(void **state)
{
    (void)state;
    check_fault(
        "perdure: 1\ndata: {set: digits}\nmethods: [{name: \"\"}]\n"
        "evaluation: {expect: [{method: finetune, metric: acc.macro, is: 0.2, source: x}]}\n",
        "x.yaml:3:18: methods[0].name: found \"\"; expected a name of letters, digits, ., _, + and -, at most 100, "
        "that begins with a letter or digit");
}

static void many_gates_are_refused_as_a_whole(void **state)
{
    (void)state;
    text words = {0};
    text_addf(&words, METHODS "evaluation:\n  expect:\n");
    for (int i = 0; i <= SCENARIO_CELLS; i++)
        text_addf(&words, "    - {method: joint, metric: acc.macro, is: 0, source: x}\n");
    check_fault(words.at, "x.yaml:6:5: evaluation.expect: found 10001 gates; expected at most 10000");
    text_free(&words);
}

/* The lines that describe shows behind "#" are a gate when the "#" is taken away. */
static void describe_shows_a_gate(void **state)
{
    (void)state;
    text words = {0};
    scenario_describe(&words);
    char *at = strstr(words.at, "  # expect:");
    char *end = strstr(words.at, "\noutput:");
    assert_true(at != NULL && end != NULL && at < end);
    for (char *line = at; line != NULL && line < end; line = strchr(line, '\n'), line += line != NULL ? 1 : 0)
        memmove(line + 2, line + 4, strcspn(line + 4, "\n")), memset(line + strcspn(line, "\n") - 2, ' ', 2);
    struct reading r = read_good(words.at);
    assert_int_equal(r.s->evaluation.expect.count, 1);
    assert_string_equal(r.s->evaluation.expect.at[0].method, "finetune");
    reading_free(&r);
    text_free(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_fill_what_they_say),      cmocka_unit_test(without_it_there_are_none),
        cmocka_unit_test(set_changes_one_value_of_a_gate),    cmocka_unit_test(a_fault_of_a_method_is_told_once),
        cmocka_unit_test(many_gates_are_refused_as_a_whole),  cmocka_unit_test(describe_shows_a_gate),
        cmocka_unit_test(a_baseline_is_a_method_of_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
