/* What a method alone sets: laid over the sections of the file, value by value. */
#include "fixture.h"

#define TOP "perdure: 1\ndata: {set: digits}\n"
#define ONE(set) "methods:\n  - name: a\n    set: " set "\n"

static void a_value_takes_the_place_of_the_files(void **state)
{
    (void)state;
    struct reading r = read_good(TOP "network: {hidden: [7]}\noptimizer: {type: sgd, lr: 0.1, momentum: 0.9}\n"
                                     "training: {batch: 10, gradient_clip: 2}\n"
                                     "methods:\n  - {name: a, set: {optimizer.lr: 0.5, training.gradient_clip: none}}\n"
                                     "  - {name: b, set: {network.hidden: []}}\n  - {name: c}\n");
    const struct method_options *m = r.s->methods.at;
    assert_true(m[0].optimizer.common.lr == 0.5 && m[0].optimizer.common.momentum == 0.9);
    assert_true(m[0].training.gradient_clip == 0 && m[0].training.batch == 10 && m[0].training.epochs == 1);
    assert_true(m[0].network.hidden.count == 1 && m[0].network.hidden.at[0] == 7);
    assert_int_equal(m[1].network.hidden.count, 0);
    assert_true(m[1].optimizer.common.lr == 0.1);
    assert_true(m[2].optimizer.common.lr == 0.1 && m[2].network.hidden.count == 1 && m[2].training.gradient_clip == 2);
    assert_true(r.s->optimizer.common.lr == 0.1 && r.s->training.gradient_clip == 2);
    reading_free(&r);
}

static void epochs_and_iterations_replace_each_other(void **state)
{
    (void)state;
    struct reading r = read_good(TOP "training: {iterations: 5}\n" ONE("{training.epochs: 2}"));
    assert_true(r.s->methods.at[0].training.epochs == 2 && r.s->methods.at[0].training.iterations == 0);
    reading_free(&r);
    r = read_good(TOP "training: {epochs: 5}\n" ONE("{training.iterations: 3}"));
    assert_true(r.s->methods.at[0].training.epochs == 0 && r.s->methods.at[0].training.iterations == 3);
    reading_free(&r);
    r = read_good(TOP ONE("{training.batch: 3}"));
    assert_true(r.s->methods.at[0].training.epochs == 1 && r.s->methods.at[0].training.iterations == 0);
    reading_free(&r);
}

/* As if the file had said that type from the start: its own defaults, what both have as the file has it, nothing else. */
static void another_type_has_its_own_keys(void **state)
{
    (void)state;
    struct reading r = read_good(TOP "optimizer: {type: sgd, momentum: 0.9}\nnetwork: {type: cnn, channels: [4]}\n"
                                     "methods:\n  - {name: a, set: {optimizer.type: adamw, network.type: mlp}}\n"
                                     "  - {name: b, set: {network.type: layers, network.layers: [relu]}}\n");
    const struct method_options *m = r.s->methods.at;
    assert_true(m[0].optimizer.common.momentum == 0 && m[0].optimizer.common.beta2 == 0.999);
    assert_true(m[0].optimizer.common.weight_decay == 0.01);
    assert_true(m[0].network.channels.count == 0 && m[0].network.kernel == 0 && m[0].network.hidden.count == 2);
    assert_true(m[1].network.type == NETWORK_LAYERS && m[1].network.layers.count == 1);
    assert_true(m[1].network.hidden.count == 0 && m[1].network.channels.count == 0);
    assert_true(r.s->network.channels.count == 1 && r.s->network.hidden.at[0] == 128);
    reading_free(&r);
    r = read_good(TOP "optimizer: {type: adamw, betas: [0.5, 0.6], weight_decay: 0.3}\nnetwork: {hidden: [9]}\n" ONE(
        "{optimizer.type: adam, network.type: cnn}"));
    m = r.s->methods.at;
    assert_true(m[0].optimizer.common.beta1 == 0.5 && m[0].optimizer.common.weight_decay == 0.3);
    assert_true(m[0].network.hidden.at[0] == 9 && m[0].network.channels.count == 2);
    reading_free(&r);
}

static void a_schedule_is_laid_whole(void **state)
{
    (void)state;
    struct reading r = read_good(TOP "optimizer: {lr: 1, schedule: {cosine: {to: 0.5}}}\n"
                                     "methods:\n  - {name: a, set: {optimizer.schedule: cosine}}\n"
                                     "  - {name: b, set: {optimizer.schedule: {step: {at: [2]}}}}\n");
    assert_true(r.s->methods.at[0].optimizer.schedule.to == 0);
    const struct schedule_options *step = &r.s->methods.at[1].optimizer.schedule;
    assert_true(step->type == SCHEDULE_STEP && step->at.at[0] == 2 && step->factor == 0.1 && step->to == 0);
    assert_true(r.s->optimizer.schedule.to == 0.5);
    reading_free(&r);
}

/* Faults of `set` stand where it says them; those of the section are told there, once. */
static void faults_are_told_once_and_where_they_stand(void **state)
{
    (void)state;
    check_fault(TOP "optimizer: {lr: 0}\n" ONE("{optimizer.type: sgd}"),
                "x.yaml:3:17: optimizer.lr: found 0; expected a number above 0, at most 1000000");
    check_fault(TOP "optimizer: {type: sgd, lrr: 1}\n" ONE("{optimizer.type: adam}"),
                "x.yaml:3:24: optimizer.lrr: found an unknown key; expected one of type, lr, momentum, weight_decay, "
                "schedule, reset_per_task");
    check_fault(TOP "network: 5\n" ONE("{network.hidden: [3]}"),
                "x.yaml:3:10: network: found 5; expected a map of keys");
    check_fault(TOP "network: {type: cnn}\n" ONE("{network.type: layers}"),
                "x.yaml:6:10: methods[0].set.network.layers: found nothing; expected a list of layers, as [{conv: 32}, "
                "relu, {max_pool: 2}, {linear: 128}, relu]");
    check_fault(TOP ONE("{network.type: mpl}"), "x.yaml:5:25: methods[0].set.network.type: found mpl; expected one of "
                                                "mlp, cnn, resnet18, resnet32, layers");
}

static void set_of_the_command_line(void **state)
{
    (void)state;
    static const char *const sets[] = {
        "methods[0].set.optimizer.lr=0.5", "methods[0].set.optimizer.schedule.step.at=[3]",
        "methods[0].set.training.epochs=4", "data.augment[0]=flip", "data.augment[1].crop=2"};
    struct reading r = read_with(TOP ONE("{optimizer.lr: 0.1}"), sets, 5);
    assert_int_equal(r.code, 0);
    const struct method_options *m = r.s->methods.at;
    assert_true(m->optimizer.common.lr == 0.5 && m->training.epochs == 4);
    assert_true(m->optimizer.schedule.type == SCHEDULE_STEP && m->optimizer.schedule.at.at[0] == 3);
    assert_true(r.s->data.augment.count == 2 && r.s->data.augment.at[1].pad == 2);
    reading_free(&r);
    const char *bad = "methods[0].set.optimizer.lr=fast";
    r = read_with(TOP ONE("{}"), &bad, 1);
    check_line(&r.faults, 0,
               "--set methods[0].set.optimizer.lr: found fast; expected a number above 0, at most 1000000");
    assert_int_equal(r.faults.count, 1);
    reading_free(&r);
}

/* A list of 20,000 and 5,000 methods that lay something beside it: the list is read once. */
static void long_lists_are_not_read_again(void **state)
{
    (void)state;
    text yaml = {0};
    text_addf(&yaml, TOP "network: {type: mlp, hidden: [1");
    for (int i = 1; i < 20000; i++) {
        text_addf(&yaml, ",1");
    }
    text_addf(&yaml, "]}\nmethods:\n");
    for (int i = 0; i < 5000; i++) {
        text_addf(&yaml, "  - {name: m%d, set: {network.type: cnn}}\n", i);
    }
    struct reading r = read_good(yaml.at);
    assert_ptr_equal(r.s->methods.at[4999].network.hidden.at, r.s->network.hidden.at);
    assert_int_equal(r.s->methods.at[4999].network.hidden.count, 20000);
    reading_free(&r);
    text_free(&yaml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_takes_the_place_of_the_files),
        cmocka_unit_test(epochs_and_iterations_replace_each_other),
        cmocka_unit_test(another_type_has_its_own_keys),
        cmocka_unit_test(a_schedule_is_laid_whole),
        cmocka_unit_test(faults_are_told_once_and_where_they_stand),
        cmocka_unit_test(set_of_the_command_line),
        cmocka_unit_test(long_lists_are_not_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
