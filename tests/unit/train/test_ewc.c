/* plugins/ewc in whole cells: against loops that share nothing with it, and its kinds of terms against one another. */
#include "agree.h"

#define TWO(kind) TWO_TASKS kind

static void loops_come_to_the_same_weights(void **state)
{
    (void)state;
    const char *streams[] = {TWO("class-il"), TWO("task-il"), TWO("task-il, head: single"), TWO("domain-il"),
                             TWO("class-il, active: seen")};
    const char *slow = SAID("{plugin: %s, with: {lambda: 5}}", tiny("slow_ewc"));
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        agree(streams[i], "{ewc: {lambda: 5}}", slow, 1e-4);
}

/* The third and fourth task hold several terms at once; with a head a task they are of different lengths. */
static void merged_is_separate(void **state)
{
    (void)state;
    agree("split: {by: class, order: [[0, 1], [2], [3]]}, scenario: class-il", "{ewc: {lambda: 5, terms: merged}}",
          "{ewc: {lambda: 5, terms: separate}}", 1e-4);
    agree("split: {by: class, order: [[0, 1], [2], [3]]}, scenario: class-il",
          "{ewc: {lambda: 5, terms: merged, decay: 0.5}}", "{ewc: {lambda: 5, terms: separate, decay: 0.5}}", 1e-4);
    agree("split: {by: class, order: [[0, 1], [2, 3]]}, scenario: task-il, active: all",
          "{ewc: {lambda: 5, terms: merged}}", "{ewc: {lambda: 5, terms: separate}}", 1e-4);
}

/* With two tasks there is one term, and online is the same but for its decay, which is then a smaller lambda. */
static void online_fades(void **state)
{
    (void)state;
    agree(TWO("class-il"), "{ewc: {lambda: 5, terms: online}}", "{ewc: {lambda: 5}}", 0);
    agree(TWO("class-il"), "{ewc: {lambda: 10, terms: online, decay: 0.5}}", "{ewc: {lambda: 5}}", 1e-6);
}

static void every_fisher_holds(void **state)
{
    (void)state;
    const char *kinds[] = {"exact-n, limit: 6", "sample", "empirical", "batched"};
    cell_result *start = trained(TWO("class-il"), ""), *exact = trained(TWO("class-il"), "{ewc: {lambda: 5}}");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        cell_result *one = trained(TWO("class-il"), SAID("{ewc: {lambda: 5, fisher: %s}}", kinds[i]));
        assert_true(apart(one, exact, start) > 1e-3); /* each is another estimate */
        assert_int_equal(one->warnings, 0);
        cell_result_close(one);
    }
    agree(TWO("class-il"), "{ewc: {lambda: 5, fisher: exact-n, limit: 12}}", "{ewc: {lambda: 5}}", 0); /* all rows */
    agree(TWO("class-il"), "{ewc: {lambda: 5, fisher: exact-n}}", "{ewc: {lambda: 5}}", 0);            /* 500 of 12 */
    cell_result_close(start);
    cell_result_close(exact);
}

static void too_many_terms_are_refused_before_the_first_step(void **state)
{
    (void)state;
    planned p =
        planned_well("perdure: 1\ndata: {set: synthetic, classes: 66, train_rows: 66, test_rows: 66, shape: [2]}\n"
                     "stream: {split: {tasks: 66}}\nnetwork: {hidden: []}\n" CPU
                     "methods: [{name: a, strategies: [ewc: {lambda: 1, terms: separate}]}]\n");
    dataset *d = data_of(&p);
    cell_result *r = NULL;
    error e = {0};
    assert_int_equal(train_cell(p.plan, 0, 3, d, NULL, &r, &e), EXIT_FAILED);
    assert_string_equal(e.text,
                        "strategy ewc, hook before_run: found terms: separate with 66 tasks; expected at most 65: "
                        "merged is the same in one term");
    dataset_close(d);
    planned_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loops_come_to_the_same_weights),
        cmocka_unit_test(merged_is_separate),
        cmocka_unit_test(online_fades),
        cmocka_unit_test(every_fisher_holds),
        cmocka_unit_test(too_many_terms_are_refused_before_the_first_step),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
