/* The digest of a cell: it must change with whatever can change a number of the result, or a changed scenario would be
 * taken for finished; and with nothing else, or finished cells would be trained again. */
#include "fixture.h"

#define METHODS "methods:\n  - name: a\n  - name: b\n    strategies: [replay: {capacity: 20}]\n"
#define SGD "optimizer: {type: sgd, lr: 0.1}\n"
#define BASE HEAD CPU SGD "output: {folder: out}\n" METHODS

static void digest_of(const char *yaml, const char *set, int method, int64_t seed, char hex[SHA256_HEX])
{
    planned p = planned_with(yaml, &set, set ? 1 : 0);
    if (p.code)
        faults_print(&p.faults);
    if (p.code)
        fail_msg("%s: %s", set, p.error.text);
    plan_cell_digest(p.plan, method, seed, hex);
    planned_free(&p);
}

static bool same(const char *yaml, const char *set, int method, int64_t seed)
{
    char base[SHA256_HEX], other[SHA256_HEX];
    digest_of(BASE, NULL, 1, 0, base);
    digest_of(yaml, set, method, seed, other);
    return !strcmp(base, other);
}

static void equal_plans_have_one(void **state)
{
    (void)state;
    assert_true(same(BASE, NULL, 1, 0));
    assert_true(same(HEAD "# a comment\n" CPU SGD METHODS, NULL, 1, 0));
    assert_true(same(BASE, "training.executor=planned", 1, 0)); /* as auto has it */
}

static void it_changes_with_what_changes_numbers(void **state)
{
    (void)state;
    const char *sets[] = {"optimizer.lr=0.0123",
                          "training.batch=17",
                          "training.executor=autograd",
                          "training.epochs=2",
                          "network.hidden=[7]",
                          "network.hidden=[]",
                          "data.normalize=standard",
                          "data.normalize={mean: [1], std: [2]}",
                          "data.pad=1",
                          "stream.split.tasks=2",
                          "stream.split.order=shuffled",
                          "stream.scenario=task-il",
                          "stream.scenario=domain-il",
                          "stream.active=seen",
                          "stream.active=task",
                          "optimizer.momentum=0.5",
                          "optimizer.weight_decay=0.1",
                          "optimizer={type: adam, lr: 0.1}",
                          "device.threads=2",
                          "device.deterministic=false",
                          "evaluation.matrix.untrained=false",
                          "methods[1].train_on=all",
                          "methods[1].strategies[0].replay.capacity=21"};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (same(BASE, sets[i], 1, 0))
            fail_msg("the digest does not change with %s", sets[i]);
    assert_false(same(BASE, NULL, 1, 1));
    assert_false(same(BASE, NULL, 0, 0));
}

static void it_changes_with_the_lists_of_an_order(void **state)
{
    (void)state;
    const char *orders[] = {"[[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]", "[[1, 0], [2, 3], [4, 5], [6, 7], [8, 9]]",
                            "[[2, 3], [0, 1], [4, 5], [6, 7], [8, 9]]", "[[0, 1, 2, 3], [4, 5], [6, 7], [8, 9]]"};
    char hex[4][SHA256_HEX];
    for (int i = 0; i < 4; i++) {
        char *yaml = SAID("perdure: 1\nname: t\ndata: {set: digits}\nstream: {split: {by: class, order: %s}, scenario: "
                          "class-il}\n" CPU METHODS,
                          orders[i]);
        digest_of(yaml, NULL, 1, 0, hex[i]);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(hex[i], hex[j]);
    }
}

static void it_changes_with_every_parameter_and_the_object(void **state)
{
    (void)state;
    const char *more[] = {"policy: fifo", "batch: 3",   "blend: share",     "weight: 2",
                          "online: true", "fill: task", "every_epoch: true"};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        char *yaml = SAID(
            HEAD CPU SGD "methods:\n  - name: a\n  - name: b\n    strategies: [replay: {capacity: 20, %s}]\n", more[i]);
        if (same(yaml, NULL, 1, 0))
            fail_msg("the digest does not change with %s", more[i]);
    }
    char *command = SAID("cp '%s/lib/perdure/plugins/1/replay.so' '%s/' && printf x >> '%s/replay.so'",
                         getenv("PERDURE_BUILD_DIR"), folder, folder);
    char base[SHA256_HEX], other[SHA256_HEX];
    digest_of(BASE, NULL, 1, 0, base);
    assert_int_equal(system(command), 0);
    setenv("PERDURE_PLUGIN_PATH", folder, 1);
    digest_of(BASE, NULL, 1, 0, other);
    unsetenv("PERDURE_PLUGIN_PATH");
    assert_string_not_equal(base, other);
}

/* Names of files need not be UTF-8: what JSON cannot hold must not drop out of the digest. */
static void it_changes_with_paths_that_are_no_text(void **state)
{
    (void)state;
    char hex[2][SHA256_HEX];
    const char *bytes[] = {"x\xff", "x\xfe"};
    planned p =
        planned_well("perdure: 1\nname: t\ndata: {set: csv, train: t.csv, test: u.csv, label: last}\n"
                     "stream: {split: {by: class, tasks: 2}, scenario: class-il}\n" CPU "methods: [{name: a}]\n");
    for (int i = 0; i < 2; i++) {
        p.scenario->data.csv.train = bytes[i];
        plan_cell_digest(p.plan, 0, 0, hex[i]);
    }
    assert_string_not_equal(hex[0], hex[1]);
    json_t *cell = plan_cell_json(p.plan, 0, 0);
    assert_string_equal(json_string_value(json_object_get(json_object_get(cell, "data"), "train")), "x\\xfe");
    json_decref(cell);
    planned_free(&p);
}

static void it_does_not_change_with_the_rest(void **state)
{
    (void)state;
    const char *sets[] = {"output.folder=elsewhere",
                          "output.checkpoint=none",
                          "output.tensorboard=false",
                          "output.metrics_port=9464",
                          "output.checkpoint={every: {minutes: 0.5}, keep: {days: 3}}",
                          "name=another",
                          "evaluation.metrics=[acc.macro]",
                          "evaluation.error=sd",
                          "seeds=[0, 1, 2, 3]",
                          "methods[0].train_on=all",
                          "evaluation.baseline=a",
                          "evaluation.expect=[{method: b, metric: acc.macro, is: 0.5, source: x}]"};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (!same(BASE, sets[i], 1, 0))
            fail_msg("the digest changes with %s", sets[i]);
    const char *fewer = HEAD CPU SGD "methods:\n  - name: b\n    strategies: [replay: {capacity: 20}]\n";
    assert_true(same(fewer, NULL, 0, 0)); /* without the other method */
    const char *spelled = HEAD CPU "optimizer: {type: sgd, lr: 0.1, momentum: 0}\nmethods:\n  - name: a\n  - name: b\n"
                                   "    strategies: [replay: {capacity: 20, blend: join, weight: 1}]\n";
    assert_true(same(spelled, NULL, 1, 0)); /* defaults that are spelled out */
}

/* Weights from elsewhere count by their bytes, not by where they lie; and each method has those that it begins with. */
static void it_changes_with_the_weights_of_a_file(void **state)
{
    (void)state;
    char hex[4][SHA256_HEX];
    error e = {0};
    const char *sets[] = {"network.weights=w1", "network.weights=w2", "network.weights=w3",
                          "methods[1].set.network.weights=w1"};
    for (int i = 0; i < 3; i++)
        assert_int_equal(file_write(SAID("%s/w%d", folder, i + 1), i == 2 ? "other" : "same", i == 2 ? 5 : 4, &e), 0);
    for (int i = 0; i < 4; i++)
        digest_of(BASE, sets[i], 1, 0, hex[i]);
    assert_string_equal(hex[0], hex[1]);
    assert_string_not_equal(hex[0], hex[2]);
    assert_string_equal(hex[0], hex[3]);
    assert_false(same(BASE, sets[0], 1, 0));
    char without[2][SHA256_HEX];
    digest_of(BASE, NULL, 0, 0, without[0]);
    digest_of(BASE, sets[3], 0, 0, without[1]);
    assert_string_equal(without[0], without[1]); /* the other method's own */
    planned p = planned_from(HEAD CPU SGD "network:\n  weights: none.safetensors\n" METHODS);
    assert_int_equal(p.code, EXIT_NO_INPUT);
    assert_non_null(strstr(p.error.text, "s.yaml:8:12: network.weights: "));
    assert_non_null(strstr(p.error.text, "none.safetensors: found no file to read; expected one: No such file"));
    planned_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_plans_have_one),
        cmocka_unit_test(it_changes_with_what_changes_numbers),
        cmocka_unit_test(it_changes_with_the_lists_of_an_order),
        cmocka_unit_test(it_changes_with_every_parameter_and_the_object),
        cmocka_unit_test(it_changes_with_paths_that_are_no_text),
        cmocka_unit_test(it_changes_with_the_weights_of_a_file),
        cmocka_unit_test(it_does_not_change_with_the_rest),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
