/* examples/strategies in whole cells, each against loops that share nothing with it (tests/strategies/slow_*.c), and what each
 * promises beside that. */
#include "agree.h"
#include "pieces.h"

#define THREE "split: {by: class, order: [[0, 1], [2], [3]]}, scenario: class-il"
#define ADAM "set: {optimizer.type: adam, optimizer.lr: 0.02}, "

/* `with`: the strategy's parameters in YAML. */
static const char *method(const char *name, const char *with)
{
    return SAID("{plugin: %s/tests/strategies/%s.so, with: {%s}}", getenv("PERDURE_BUILD_DIR"), name, with);
}

static void same_matrix(const cell_result *a, const cell_result *b)
{
    const size_t places = (size_t)((a->accuracy->tasks + 1) * a->accuracy->tasks) * sizeof(int64_t);
    assert_memory_equal(a->accuracy->count, b->accuracy->count, places);
    assert_memory_equal(a->accuracy->right, b->accuracy->right, places);
}

/* Measured behind every step, too. */
static cell_result *trained_watched(const char *keys, const char *streams, const char *strategies)
{
    return sole_trained(
        tiny_plan(streams, SAID("evaluation: {anytime: {batches: 1}}\nmethods: [{name: a, %sstrategies: [%s]}]\n", keys,
                                strategies)));
}

/* ---- mas ---- */

static void mas_is_the_sum_of_slopes(void **state)
{
    (void)state;
    const char *streams[] = {TWO_TASKS "class-il", TWO_TASKS "task-il", TWO_TASKS "task-il, head: single",
                             TWO_TASKS "domain-il", THREE};
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        agree(streams[i], method("mas", "lambda: 0.5"), method("slow_mas", "lambda: 0.5"), 1e-4);
    agree_with(ADAM, THREE, method("mas", "lambda: 0.5"), method("slow_mas", "lambda: 0.5"), 1e-3);
    differ_with("", THREE, method("mas", "lambda: 0.5"), method("slow_mas", "lambda: 0.25"), 0.01); /* the half shows */
}

/* ---- er-ace ---- */

static void ace_has_a_softmax_for_fresh_rows_and_one_for_old(void **state)
{
    (void)state;
    const char *all =
        "capacity: 100, policy: reservoir, batch: 100"; /* every row is kept, and every step draws them all */
    const char *streams[] = {TWO_TASKS "class-il", TWO_TASKS "task-il", THREE};
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        agree(streams[i], method("er-ace", all), method("slow_ace", ""), 1e-4);
    /* The same rows with one softmax for all: plain replay. */
    differ_with("", THREE, method("er-ace", all), SAID("replay: {%s, online: true, blend: add}", all), 0.01);
    agree_with(ADAM, THREE, method("er-ace", all), method("slow_ace", ""), 1e-3);
}

/* ---- packnet ---- */

static void packnet_equals(const char *keys, const char *streams, const char *with)
{
    cell_result *fast = trained_watched(keys, streams, method("packnet", with)),
                *slow = trained_watched(keys, streams, method("slow_packnet", with));
    cell_result *plain = trained_with(keys, streams, "");
    assert_int_equal(fast->parameter_count, slow->parameter_count);
    assert_memory_equal(fast->parameters, slow->parameters, (size_t)fast->parameter_count * sizeof(float));
    assert_string_not_equal(fast->weights_sha256, plain->weights_sha256);
    same_matrix(fast, slow);
    curves_equal(fast->anytime, slow->anytime);
    cell_result_close(fast);
    cell_result_close(slow);
    cell_result_close(plain);
}

#define LAYERS "network.type: mlp, network.hidden: [7, 5]"
static void packnet_keeps_the_largest(void **state)
{
    (void)state;
    const char *four = "split: {by: class, tasks: 4}, scenario: task-il", *single = TWO_TASKS "task-il, head: single";
    const char *momentum = "set: {" LAYERS ", optimizer.momentum: 0.9, optimizer.weight_decay: 0.01}, ";
    packnet_equals("", TWO_TASKS "task-il", "prune: 0.5, after: 1");
    packnet_equals("", TWO_TASKS "task-il", "prune: 0.3, after: 0");
    packnet_equals("set: {" LAYERS "}, ", four, "prune: 0.6, after: 1");
    packnet_equals(momentum, four, "prune: 0.75, after: 1");
    packnet_equals(ADAM, single, "prune: 0.5, after: 2");
}

/* What it is for: nothing that a task has learned is lost, to the last row, nor while others are learned. */
static void packnet_forgets_nothing(void **state)
{
    (void)state;
    cell_result *r = sole_trained(planned_well(SAID(
        "perdure: 1\nname: t\ndata: {set: synthetic, classes: 8, train_rows: 160, test_rows: 240, shape: [1, 3, 3]}\n"
        "stream: {split: {by: class, tasks: 4}, scenario: task-il}\nnetwork: {type: mlp, hidden: [24, 16]}\n"
        "optimizer: {type: adam, lr: 0.01}\ntraining: {batch: 8, epochs: 3}\n" CPU
        "evaluation: {anytime: {batches: 1}}\nmethods: [{name: a, strategies: [%s]}]\n",
        method("packnet", "prune: 0.5, after: 2"))));
    for (int64_t after = 2; after <= r->accuracy->tasks; after++)
        for (int64_t task = 1; task < after; task++)
            assert_true(matrix_at(r->accuracy, after, task) == matrix_at(r->accuracy, task, task));
    for (int64_t i = 0; i < r->anytime->count; i++)
        for (int64_t task = 1; task < r->anytime->at[i].task; task++)
            assert_true(curve_at(r->anytime, i, task) == matrix_at(r->accuracy, task, task));
    cell_result_close(r);
}

/* ---- bic ---- */

static cell_result *bic_trained(const char *classes, const char *scenario, const char *strategies)
{
    return sole_trained(planned_well(SAID(
        "perdure: 1\nname: t\ndata: {set: synthetic, classes: %s, train_rows: 60, test_rows: 24, shape: [1, 3, 3], "
        "validation: 0.2}\nstream: {%s}\nnetwork: {type: mlp, hidden: [6]}\noptimizer: {type: sgd, lr: 0.1}\n"
        "training: {batch: 6, epochs: 3}\n" CPU "methods: [{name: a, strategies: [%s]}]\n",
        classes, scenario, strategies)));
}

static void bic_fits_two_numbers(void **state)
{
    (void)state;
    const char *rooms =
                   "memory: {capacity: 100, policy: class-balanced}, held: {capacity: 100, policy: class-balanced}",
               *room = "memory: {capacity: 100, policy: class-balanced}";
    const char *streams[] = {"split: {by: class, tasks: 3}, scenario: class-il, active: seen",
                             "split: {by: class, order: [[0, 1, 2], [3], [4, 5]]}, scenario: class-il, active: all"};
    const char *with[] = {"steps: 60, lr: 0.05", "steps: 60, lr: 0.05, temperature: 3", "steps: 0"};
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 3; j++) {
            cell_result *fast = bic_trained("6", streams[i], method("bic", SAID("%s, %s", rooms, with[j]))),
                        *slow = bic_trained("6", streams[i], method("slow_bic", SAID("%s, %s", room, with[j]))),
                        *start = bic_trained("6", streams[i], "");
            double distance = apart(fast, slow, start);
            if (!(distance <= 1e-4))
                fail_msg("%s, %s: %g apart", streams[i], with[j], distance);
            same_matrix(fast, slow);
            assert_int_equal(fast->warnings, 0);
            cell_result_close(fast);
            cell_result_close(slow);
            cell_result_close(start);
        }
}

static void bic_says_what_it_needs(void **state)
{
    (void)state;
    cell_result *r = NULL;
    error e = {0};
    planned p = tiny_plan(TWO_TASKS "class-il", SAID("methods: [{name: a, strategies: [%s]}]\n",
                                                     method("bic", "memory: {capacity: 8}, held: {capacity: 8}")));
    assert_int_equal(cell_tried(&p, 0, 3, NULL, &r, &e), EXIT_FAILED);
    assert_string_equal(e.text,
                        "strategy bic, hook before_task, task 1, step 0: found no held-out rows; expected class-il and "
                        "data.validation above 0");
    planned_free(&p);
}

/* ---- gdumb ---- */

/* A task's network depends on what is in the memory alone: not on the optimizer of the scenario, its epochs, or the network
 * of before. (With weight decay the loop moves even what has no gradient.) */
static void gdumb_learns_from_scratch(void **state)
{
    (void)state;
    const char *dumb = method("gdumb", "capacity: 100, policy: class-balanced, passes: 4, batch: 5");
    cell_result *one = trained_with("", THREE, dumb);
    cell_result *other = trained_with("set: {optimizer.weight_decay: 0.2, training.epochs: 5}, ", THREE, dumb);
    cell_result *plain = trained_with("", THREE, "");
    assert_string_equal(one->weights_sha256, other->weights_sha256);
    assert_string_not_equal(one->weights_sha256, plain->weights_sha256);
    cell_result_close(one);
    cell_result_close(other);
    cell_result_close(plain);
}

static void gdumb_learns_at_the_end_of_a_task(void **state)
{
    (void)state;
    cell_result *r = trained_watched("set: {optimizer.lr: 0.5}, ", THREE, method("gdumb", "capacity: 100, passes: 20"));
    int64_t seen = 0;
    for (int64_t i = 0; i < r->anytime->count; i++)
        for (int64_t task = 1; !r->anytime->at[i].ended && task < r->anytime->at[i].task; task++, seen++)
            assert_true(curve_at(r->anytime, i, task) == matrix_at(r->accuracy, r->anytime->at[i].task - 1, task));
    assert_true(seen > 5);
    cell_result_close(r);
}

/* ---- all ---- */

static void stopped_anywhere_they_go_on(void **state)
{
    (void)state;
    const struct {
        const char *name, *with, *scenario;
    } all[] = {{"mas", "lambda: 0.5", "class-il"},
               {"gdumb", "capacity: 12, passes: 3, batch: 4", "class-il"},
               {"er-ace", "capacity: 12, batch: 5", "class-il"},
               {"packnet", "after: 2", "task-il"},
               {"bic", "memory: {capacity: 12}, held: {capacity: 6}, steps: 5", "class-il"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        print_message("%s\n", all[i].name);
        all_go_on(
            planned_well(SAID("perdure: 1\nname: t\ndata: {set: synthetic, classes: 4, train_rows: 40, test_rows: 12, "
                              "shape: [1, 4, 5], validation: 0.2}\nstream: {" TWO_TASKS "%s}\n"
                              "network: {type: mlp, hidden: [8, 6]}\noptimizer: {type: sgd, lr: 0.1}\n"
                              "training: {batch: 5, epochs: 3}\n" CPU "methods: [{name: a, strategies: [%s]}]\n",
                              all[i].scenario, method(all[i].name, all[i].with))),
            4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mas_is_the_sum_of_slopes),
        cmocka_unit_test(ace_has_a_softmax_for_fresh_rows_and_one_for_old),
        cmocka_unit_test(packnet_keeps_the_largest),
        cmocka_unit_test(packnet_forgets_nothing),
        cmocka_unit_test(bic_fits_two_numbers),
        cmocka_unit_test(bic_says_what_it_needs),
        cmocka_unit_test(gdumb_learns_from_scratch),
        cmocka_unit_test(gdumb_learns_at_the_end_of_a_task),
        cmocka_unit_test(stopped_anywhere_they_go_on),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
