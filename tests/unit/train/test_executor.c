/* Whole cells by both executors: the same scenario comes to the same weights, within 1e-6 after the first step and 1e-4 after a
 * hundred, whatever strategies, networks and optimizers do on the way. */
#include "fixture.h"

/* The method by one of them; `set`: more keys of it, with a comma in front. */
#define METHOD(executor) \
    "{name: " executor ", set: {training.iterations: %d, training.executor: " executor "%s}, strategies: [%s]}"
#define BOTH "methods: [" METHOD("planned") ", " METHOD("autograd") "]\n"

typedef struct kind {
    const char *name, *set, *strategies;
} kind;

static double apart(const cell_result *a, const cell_result *b)
{
    double difference = 0, size = 0;
    assert_int_equal(a->parameter_count, b->parameter_count);
    for (int64_t i = 0; i < a->parameter_count; i++) {
        double d = (double)a->parameters[i] - (double)b->parameters[i];
        difference += d * d;
        size += (double)b->parameters[i] * (double)b->parameters[i];
    }
    return sqrt(difference / size);
}

static const char *methods(const kind *k, int iterations)
{
    return SAID(BOTH, iterations, k->set, k->strategies, iterations, k->set, k->strategies);
}

/* Of the two methods of a plan. */
static void agree(planned p, const kind *k, double within)
{
    assert_string_equal(p.plan->methods[0].executor, "planned");
    assert_string_equal(p.plan->methods[1].executor, "autograd");
    cell_result *a = cell_trained(&p, 0, 3, NULL), *b = cell_trained(&p, 1, 3, NULL);
    double distance = apart(a, b);
    if (!(distance <= within))
        fail_msg("%s: %g apart; expected at most %g", k->name, distance, within);
    /* iCaRL's means are so near to one another after two steps that a rounding decides between them */
    const bool decided = !strstr(k->strategies, "icarl");
    for (int64_t after = 1; decided && after <= a->accuracy->tasks; after++)
        for (int64_t on = 1; on <= a->accuracy->tasks; on++)
            if (fabs(matrix_at(a->accuracy, after, on) - matrix_at(b->accuracy, after, on)) > 1e-9)
                fail_msg("%s: %g apart, and accuracy %g and %g on task %d after %d", k->name, distance,
                         matrix_at(a->accuracy, after, on), matrix_at(b->accuracy, after, on), (int)on, (int)after);
    cell_result_close(a);
    cell_result_close(b);
    planned_free(&p);
}

/* Two tasks: 2 steps in all, and 100. */
static void kinds_agree(const char *streams, const kind *kinds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        agree(tiny_plan(streams, methods(&kinds[i], 1)), &kinds[i], 2e-6);
        agree(tiny_plan(streams, methods(&kinds[i], 50)), &kinds[i], 1e-4);
    }
}
#define AGREE(streams, kinds) kinds_agree(streams, kinds, sizeof(kinds) / sizeof *(kinds))

static void optimizers(void **state)
{
    (void)state;
    static const kind kinds[] = {
        {"sgd", "", ""},
        {"momentum and decay", ", optimizer.momentum: 0.9, optimizer.weight_decay: 0.001", ""},
        {"adam", ", optimizer.type: adam, optimizer.lr: 0.001", ""},
        {"adamw", ", optimizer.type: adamw, optimizer.lr: 0.001", ""},
        {"clipped", ", training.gradient_clip: 0.05", ""},
        {"clipped and pulled", ", training.gradient_clip: 0.05", "ewc: {lambda: 10}"},
    };
    AGREE(TWO_TASKS "class-il", kinds);
    AGREE(TWO_TASKS "task-il, head: multi", kinds);
}

static void strategies(void **state)
{
    (void)state;
    static const kind kinds[] = {
        {"replay", "", "replay: {capacity: 5}"},
        {"replay, share", "", "replay: {capacity: 5, blend: share, weight: 2}"},
        {"replay, add", "", "replay: {capacity: 5, blend: add, weight: 0.5}"},
        {"replay per task", "", "replay: {capacity: 5, blend: per-task}"},
        {"replay online", "", "replay: {capacity: 5, online: true, every_epoch: true, batch: 3}"},
        {"several parts", "", "replay: {capacity: 5}, replay: {capacity: 4, blend: add}, lwf: {}"},
        {"der", "", "replay: {capacity: 6, every_epoch: true, online: true, alpha: 0.5, beta: 0.5}"},
        {"ewc", "", "ewc: {lambda: 10}"},
        {"si", "", "si: {c: 1}"},
        {"lwf", "", "lwf: {}"},
        {"all together", "", "ewc: {lambda: 10}, si: {c: 0.1}, replay: {capacity: 5}, lwf: {}"},
    };
    static const kind classes[] = {{"icarl", "", "icarl: {capacity: 6}"},
                                   {"icarl and si", "", "icarl: {capacity: 6}, si: {c: 1}"}};
    AGREE(TWO_TASKS "class-il", kinds);
    AGREE(TWO_TASKS "class-il", classes);
    AGREE(TWO_TASKS "class-il, active: task", kinds);
    AGREE(TWO_TASKS "task-il, head: multi", kinds);
}

static void what_a_step_gives_out(void **state)
{
    (void)state;
    static const char *const things[] = {"logits", "features", "rows", "loss", "again", "share"};
    for (size_t i = 0; i < sizeof things / sizeof *things; i++) {
        const kind k[] = {
            {things[i], "", SAID("{plugin: %s, with: {on: %s}}", tiny("terms"), things[i])},
            {things[i], "",
             SAID("replay: {capacity: 5, blend: add}, {plugin: %s, with: {on: %s}}", tiny("terms"), things[i])},
            {things[i], "",
             SAID("{plugin: %s, with: {factor: 0.5, moment: before_task}}, {plugin: %s, with: {on: %s}}", tiny("gate"),
                  tiny("terms"), things[i])}};
        AGREE(TWO_TASKS "class-il", k);
        AGREE(TWO_TASKS "task-il, head: multi", k);
    }
}

/* It would reach no parameter, and nobody would know. */
static void a_graph_without_the_flag_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *on, *words;
    } cases[] = {{"forward", "forward in a [grad] scope: the strategy lacks the flag PDR_DIFFERENTIATES_MODEL"},
                 {"gradient", "gradient: the strategy lacks the flag PDR_DIFFERENTIATES_MODEL"},
                 {"given", "found a tensor that leaf() did not make"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const kind k = {"", "", SAID("{plugin: %s, with: {on: %s}}", tiny("terms"), cases[i].on)};
        for (int by = 0; by < 2; by++) { /* by both executors the same */
            planned p = tiny_plan(TWO_TASKS "class-il", methods(&k, 2));
            cell_result *r = NULL;
            error e = {0};
            assert_int_equal(cell_tried(&p, by, 3, NULL, &r, &e), EXIT_FAILED);
            if (!strstr(e.text, cases[i].words))
                fail_msg("%s", e.text);
            planned_free(&p);
        }
    }
}

static void networks(void **state)
{
    (void)state;
    static const kind kinds[] = {
        {"cnn", ", network.type: cnn, network.channels: [3, 4], network.hidden: [6]", "replay: {capacity: 5}"},
        {"cnn with batch norm", ", network.type: cnn, network.channels: [3], network.batch_norm: true", ""},
        {"dropout", ", network.type: layers, network.layers: [{linear: 6}, relu, {dropout: 0.3}]",
         "replay: {capacity: 5}"},
        {"a list",
         ", network.type: layers, network.layers: [{conv: 2}, batch_norm, tanh, {max_pool: 2}, {dropout: 0.2}, "
         "flatten, "
         "{linear: 5}, "
         "sigmoid]",
         "ewc: {lambda: 10}"},
        {"genreplay", "", "genreplay: {}"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        agree(picture_plan("", "split: {by: rotation, tasks: 1}, scenario: domain-il", methods(&kinds[i], 1)),
              &kinds[i], 1e-6);
        agree(picture_plan("", "split: {by: rotation, tasks: 2}, scenario: domain-il", methods(&kinds[i], 20)),
              &kinds[i], 1e-4);
    }
}

/* Slowly: at a rate of 0.01 autograd itself, with weights that differ in their last bit, is 4e-3 away from itself after 20 steps. */
#define IMAGES                                                                                                    \
    "perdure: 1\nname: t\ndata: {set: synthetic, classes: 4, train_rows: 64, test_rows: 8, shape: [1, 16, 16]}\n" \
    "stream: {split: {by: class, tasks: %d}, scenario: class-il}\n" CPU                                           \
    "network: {type: resnet32, width: 2}\noptimizer: {type: sgd, lr: 0.0001}\ntraining: {batch: 16}\n%s"
static void a_residual_network(void **state)
{
    (void)state;
    const kind k = {"resnet32", "", ""};
    agree(planned_well(SAID(IMAGES, 1, methods(&k, 1))), &k, 1e-6);
    agree(planned_well(SAID(IMAGES, 2, methods(&k, 10))), &k, 1e-4);
}

/* Columns that tasks share have two masks in a batch with rehearsed rows, and two losses. */
static void columns_that_tasks_share(void **state)
{
    (void)state;
    static const kind kinds[] = {{"replay", "", "replay: {capacity: 5}"},
                                 {"add", "", "replay: {capacity: 5, blend: add}"}};
    AGREE("split: {by: class, tasks: 2}, scenario: domain-il", kinds);
    AGREE("split: {by: class, tasks: 2}, scenario: class-il, active: seen", kinds);
}

/* What stops a cell is told in the same words. */
static void a_loss_that_is_not_finite(void **state)
{
    (void)state;
    error e[2] = {{0}};
    const kind k = {"", ", optimizer.lr: 1e6, optimizer.weight_decay: 1e6", ""};
    for (int by = 0; by < 2; by++) {
        planned p = tiny_plan(TWO_TASKS "class-il", methods(&k, 20));
        cell_result *r = NULL;
        assert_int_equal(cell_tried(&p, by, 3, NULL, &r, &e[by]), EXIT_FAILED);
        planned_free(&p);
    }
    assert_non_null(strstr(e[0].text, "expected a finite one"));
    assert_string_equal(e[0].text, e[1].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(optimizers),
        cmocka_unit_test(strategies),
        cmocka_unit_test(what_a_step_gives_out),
        cmocka_unit_test(a_graph_without_the_flag_is_refused),
        cmocka_unit_test(networks),
        cmocka_unit_test(a_residual_network),
        cmocka_unit_test(columns_that_tasks_share),
        cmocka_unit_test(a_loss_that_is_not_finite),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
