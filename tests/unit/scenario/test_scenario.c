/* Whole scenarios: every key typed, what follows from others, faults all listed, --set. */
#include "base/alloc.h"
#include "fixture.h"
#include "scenario/set.h"

static const char *const full =
    "perdure: 1\n"
    "name: full.1\n"
    "seeds: {first: 3, count: 4}\n"
    "data:\n"
    "  set: csv\n"
    "  root: /sets\n"
    "  normalize: {mean: [0.5], std: [2]}\n"
    "  train: a/train.csv.gz\n"
    "  test_every: 5\n"
    "  label: first\n"
    "  header: true\n"
    "  shape: [1, 8, 8]\n"
    "stream:\n"
    "  split: {by: class, order: [[0, 1], [2], [3, 4]]}\n"
    "  scenario: task-il\n"
    "  head: single\n"
    "network: {type: mlp, hidden: []}\n"
    "optimizer: {type: adamw, lr: 1e-4, betas: [0.8, 0.99], epsilon: 1e-6}\n"
    "training: {batch: 10, epochs: 3}\n"
    "device:\n"
    "  type: cuda:2\n"
    "  require: {name: H200, capability: \">=8.0\", memory: 16 GiB, driver: \">= 580.65.06\"}\n"
    "  deterministic: false\n"
    "  threads: 4\n"
    "methods:\n"
    "  - name: none\n"
    "  - {name: joint, train_on: all}\n"
    "  - name: both+1\n"
    "    strategies:\n"
    "      - replay: {capacity: 7}\n"
    "      - ewc\n"
    "      - {plugin: ../mine.so, with: {alpha: 0.5}}\n"
    "      - {plugin: /abs/other.so}\n"
    "      - si:\n"
    "evaluation: {matrix: {untrained: false}, metrics: [bwt.gem, acc.macro], error: ci95}\n"
    "output: {folder: \"out/{name}/{name}\"}\n";

static void every_key_is_typed(void **state)
{
    (void)state;
    struct reading r = read_good(full);
    const struct scenario *s = r.s;
    assert_int_equal(s->format, 1);
    assert_string_equal(s->name, "full.1");
    assert_int_equal(s->seeds.count, 4);
    assert_int_equal(s->seeds.at[3], 6);
    assert_int_equal(s->data.set, DATA_CSV);
    assert_string_equal(s->data.root, "/sets");
    assert_int_equal(s->data.normalize, NORMALIZE_GIVEN);
    assert_true(s->data.mean.count == 1 && s->data.mean.at[0] == 0.5 && s->data.std.at[0] == 2);
    assert_string_equal(s->data.csv.train, "/tmp/a/train.csv.gz");
    assert_null(s->data.csv.test);
    assert_int_equal(s->data.csv.test_every, 5);
    assert_int_equal(s->data.csv.label, LABEL_FIRST);
    assert_true(s->data.csv.header);
    assert_int_equal(s->data.csv.shape.count, 3);
    assert_int_equal(s->stream.split.order, ORDER_LISTED);
    assert_int_equal(s->stream.split.tasks, 3);
    assert_int_equal(s->stream.split.groups[2].at[1], 4);
    assert_int_equal(s->stream.scenario, TASK_IL);
    assert_int_equal(s->stream.head, HEAD_SINGLE);
    assert_int_equal(s->stream.active, ACTIVE_TASK);
    assert_int_equal(s->network.hidden.count, 0);
    assert_int_equal(s->optimizer.common.type, OPTIMIZER_ADAMW);
    assert_true(s->optimizer.common.lr == 1e-4 && s->optimizer.common.beta1 == 0.8 &&
                s->optimizer.common.beta2 == 0.99);
    assert_true(s->optimizer.common.epsilon == 1e-6 && s->optimizer.common.weight_decay == 0.01 &&
                s->optimizer.common.momentum == 0);
    assert_true(s->training.batch == 10 && s->training.epochs == 3);
    assert_true(s->device.type == DEVICE_CUDA && s->device.number == 2);
    assert_string_equal(s->device.require.name, "H200");
    assert_true(s->device.require.capability.count == 2 && s->device.require.capability.part[0] == 8);
    assert_true(s->device.require.driver.count == 3 && s->device.require.driver.part[2] == 6);
    assert_true(s->device.require.memory == INT64_C(16) << 30);
    assert_false(s->device.deterministic);
    assert_int_equal(s->device.threads, 4);
    assert_false(s->evaluation.matrix.untrained);
    assert_int_equal(s->evaluation.metrics.count, 2);
    assert_int_equal(s->evaluation.metrics.at[0], METRIC_BWT_GEM);
    assert_int_equal(s->evaluation.error, ERROR_CI95);
    assert_string_equal(s->output.folder, "out/full.1/full.1");
    assert_string_equal(s->bytes, full);
    reading_free(&r);
}

static const char *const forms =
    "perdure: 1\n"
    "data:\n"
    "  set: synthetic\n"
    "  classes: 4\n"
    "  train_rows: 100\n"
    "  test_rows: 20\n"
    "  shape: [3, 8, 8]\n"
    "  augment: [{crop: 4}, flip]\n"
    "  validation: 0.25\n"
    "stream: {split: {by: rotation, tasks: 3, order: shuffled, degrees: 90}, scenario: domain-il, boundaries: known}\n"
    "network:\n"
    "  type: layers\n"
    "  layers: [{conv: 8}, batch_norm, {max_pool: 2}, {average_pool: {kernel: 3, stride: 1}}, leaky_relu, {dropout: "
    "0.5},\n"
    "           {conv: {channels: 4, kernel: 5, stride: 2, padding: 0}}, flatten, {linear: {units: 9}}, {leaky_relu: "
    "0.2}]\n"
    "optimizer: {type: sgd, schedule: {step: {at: [2, 4], factor: 0.5}}, reset_per_task: true}\n"
    "training: {iterations: 20, gradient_clip: 1.5, hook_limit: 0.5, executor: autograd}\n"
    "device: {precision: fp32}\n"
    "methods: [{name: a, train_on: all-so-far}]\n"
    "evaluation: {matrix: {rows: last, tasks: seen}}\n";

static void data_and_stream_in_every_form(void **state)
{
    (void)state;
    struct reading r = read_good(forms);
    const struct data_options *data = &r.s->data;
    assert_true(data->synthetic.classes == 4 && data->synthetic.train_rows == 100 && data->synthetic.test_rows == 20);
    assert_true(data->synthetic.shape.count == 3 && data->synthetic.shape.at[2] == 8);
    assert_true(data->augment.count == 2 && data->augment.at[0].kind == AUGMENT_CROP && data->augment.at[0].pad == 4);
    assert_true(data->augment.at[1].kind == AUGMENT_FLIP && data->validation == 0.25);
    const struct stream_options *stream = &r.s->stream;
    assert_true(stream->split.by == SPLIT_ROTATION && stream->split.tasks == 3);
    assert_true(stream->split.order == ORDER_SHUFFLED && stream->split.degrees == 90);
    assert_int_equal(stream->boundaries, BOUNDARIES_KNOWN);
    assert_true(r.s->evaluation.matrix.rows == ROWS_LAST && r.s->evaluation.matrix.tasks == TASKS_SEEN);
    assert_int_equal(r.s->device.precision, PRECISION_FP32);
    assert_int_equal(r.s->methods.at[0].train_on, TRAIN_ALL_SO_FAR);
    reading_free(&r);
}

static void streams_in_every_form(void **state)
{
    (void)state;
    const struct {
        const char *words;
        enum boundaries boundaries;
        double share;
    } cases[] = {{"scenario: class-il", BOUNDARIES_KNOWN, 0},
                 {"scenario: task-free", BOUNDARIES_UNKNOWN, 0},
                 {"scenario: task-free, boundaries: unknown", BOUNDARIES_UNKNOWN, 0},
                 {"scenario: task-free, boundaries: {blurry: {share: 0.5}}", BOUNDARIES_BLURRY, 0.5},
                 {"scenario: domain-il, boundaries: {blurry: {share: 0.25}}", BOUNDARIES_BLURRY, 0.25}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char words[512];
        snprintf(words, sizeof words, SMALL "stream: {%s}\nevaluation: {anytime: {batches: 7, rows: 9}}\n",
                 cases[i].words);
        struct reading r = read_good(words);
        assert_int_equal(r.s->stream.boundaries, cases[i].boundaries);
        assert_true(r.s->stream.share == cases[i].share);
        assert_true(r.s->stream.head == HEAD_SINGLE && r.s->stream.active == ACTIVE_ALL);
        assert_true(r.s->evaluation.anytime.batches == 7 && r.s->evaluation.anytime.rows == 9);
        assert_int_equal(r.s->evaluation.metrics.count, METRIC_COUNT);
        reading_free(&r);
    }
    struct reading r = read_good(SMALL);
    assert_true(r.s->evaluation.anytime.batches == 0 && r.s->evaluation.anytime.rows == 0);
    assert_int_equal(r.s->evaluation.metrics.count, METRIC_ACC_ANYTIME); /* all that the matrix alone has */
    reading_free(&r);
}

static void learning_in_every_form(void **state)
{
    (void)state;
    struct reading r = read_good(forms);
    const struct training_optimizer_options *o = &r.s->optimizer;
    assert_true(o->schedule.type == SCHEDULE_STEP && o->schedule.at.count == 2 && o->schedule.at.at[1] == 4);
    assert_true(o->schedule.factor == 0.5 && o->reset_per_task);
    assert_true(r.s->training.iterations == 20 && r.s->training.epochs == 0 && r.s->training.gradient_clip == 1.5);
    assert_true(r.s->training.hook_limit == 0.5);
    assert_int_equal(r.s->training.executor, EXECUTOR_AUTOGRAD);
    reading_free(&r);
    r = read_good(SMALL "optimizer: {lr: 0.1, schedule: {cosine: {to: 0.01}}}\ntraining: {epochs: 2}\n");
    assert_true(r.s->optimizer.schedule.type == SCHEDULE_COSINE && r.s->optimizer.schedule.to == 0.01);
    assert_true(r.s->training.epochs == 2 && r.s->training.iterations == 0 && r.s->training.gradient_clip == 0);
    reading_free(&r);
}

static void checkpoints_in_every_form(void **state)
{
    (void)state;
    static const struct {
        const char *said;
        struct checkpoint_options is;
    } forms_of[] = {
        {"", {true, CHECKPOINT_TASK, 0, 0, 2, 0, 0}},
        {"output: {checkpoint: none}\n", {false, CHECKPOINT_TASK, 0, 0, 0, 0, 0}},
        {"output: {checkpoint: {}}\n", {true, CHECKPOINT_TASK, 0, 0, 2, 0, 0}},
        {"output: {checkpoint: {every: {batches: 500}}}\n", {true, CHECKPOINT_BATCHES, 500, 0, 2, 0, 0}},
        {"output: {checkpoint: {every: {minutes: 0.5}, keep: 7}}\n", {true, CHECKPOINT_MINUTES, 0, 0.5, 7, 0, 0}},
        {"output: {checkpoint: {keep: {weekly: 3, days: 9}}}\n", {true, CHECKPOINT_TASK, 0, 0, 2, 3, 9}},
        {"output: {checkpoint: {every: task, keep: {last: 1}}}\n", {true, CHECKPOINT_TASK, 0, 0, 1, 0, 0}},
    };
    for (size_t i = 0; i < sizeof forms_of / sizeof *forms_of; i++) {
        char *yaml = alloc_format(SMALL "%s", forms_of[i].said);
        struct reading r = read_good(yaml);
        const struct checkpoint_options *is = &r.s->output.checkpoint, *want = &forms_of[i].is;
        assert_true(is->on == want->on && is->every == want->every && is->batches == want->batches);
        assert_true(is->minutes == want->minutes && is->last == want->last && is->weekly == want->weekly);
        assert_int_equal(is->days, want->days);
        reading_free(&r);
        free(yaml);
    }
}

static void traces_in_every_form(void **state)
{
    (void)state;
    static const struct {
        const char *said;
        bool tensorboard;
        struct metrics_options is;
    } forms_of[] = {
        {"", true, {0, NULL}},
        {"output: {tensorboard: false, metrics_port: none}\n", false, {0, NULL}},
        {"output: {metrics_port: 9464}\n", true, {9464, NULL}},
        {"output: {metrics_port: /tmp/a.prom}\n", true, {0, "/tmp/a.prom"}},
        {"output: {metrics_port: \"runs/a b.prom\"}\n", true, {0, "runs/a b.prom"}}, /* from the working directory */
    };
    for (size_t i = 0; i < sizeof forms_of / sizeof *forms_of; i++) {
        char *yaml = alloc_format(SMALL "%s", forms_of[i].said);
        struct reading r = read_good(yaml);
        const struct output_options *is = &r.s->output;
        assert_int_equal(is->tensorboard, forms_of[i].tensorboard);
        assert_int_equal(is->metrics.port, forms_of[i].is.port);
        assert_int_equal(!is->metrics.file, !forms_of[i].is.file);
        if (is->metrics.file)
            assert_string_equal(is->metrics.file, forms_of[i].is.file);
        reading_free(&r);
        free(yaml);
    }
}

static void check_layer(const struct layer_options *found, struct layer_options expected)
{
    assert_int_equal(found->kind, expected.kind);
    assert_int_equal(found->size, expected.size);
    assert_int_equal(found->kernel, expected.kernel);
    assert_int_equal(found->stride, expected.stride);
    assert_int_equal(found->padding, expected.padding);
    assert_true(found->rate == expected.rate);
}

static void layers_and_their_sizes(void **state)
{
    (void)state;
    static const struct layer_options expected[] = {
        {.kind = LAYER_CONV, .size = 8, .kernel = 3, .stride = 1, .padding = 1},
        {.kind = LAYER_BATCH_NORM},
        {.kind = LAYER_MAX_POOL, .kernel = 2, .stride = 2},
        {.kind = LAYER_AVERAGE_POOL, .kernel = 3, .stride = 1},
        {.kind = LAYER_LEAKY_RELU, .rate = 0.01},
        {.kind = LAYER_DROPOUT, .rate = 0.5},
        {.kind = LAYER_CONV, .size = 4, .kernel = 5, .stride = 2},
        {.kind = LAYER_FLATTEN},
        {.kind = LAYER_LINEAR, .size = 9},
        {.kind = LAYER_LEAKY_RELU, .rate = 0.2}};
    struct reading r = read_good(forms);
    assert_int_equal(r.s->network.type, NETWORK_LAYERS);
    assert_int_equal(r.s->network.layers.count, 10);
    for (int i = 0; i < 10; i++) {
        check_layer(&r.s->network.layers.at[i], expected[i]);
    }
    reading_free(&r);
}

static void networks_and_their_keys(void **state)
{
    (void)state;
    struct reading r = read_good(SMALL "network: {type: cnn, channels: [8, 16], kernel: 5, batch_norm: true}\n");
    const struct network_options *n = &r.s->network;
    assert_true(n->type == NETWORK_CNN && n->channels.at[1] == 16 && n->kernel == 5 && n->batch_norm);
    assert_true(n->hidden.count == 1 && n->hidden.at[0] == 128);
    reading_free(&r);
    r = read_good(SMALL "network: {type: resnet18, width: 20}\n");
    assert_true(r.s->network.type == NETWORK_RESNET18 && r.s->network.width == 20 && r.s->network.hidden.count == 0);
    reading_free(&r);
    r = read_good(SMALL "network: {type: resnet32}\n");
    assert_int_equal(r.s->network.width, 16);
    reading_free(&r);
}

static void sets_and_their_keys(void **state)
{
    (void)state;
    struct reading r = read_good("perdure: 1\nmethods: [{name: a}]\n"
                                 "data: {set: npy, train: a.npy, train_labels: b, test: /c, test_labels: d.npy.gz}\n"
                                 "stream: {split: {by: permutation, identity: true}}\n");
    assert_string_equal(r.s->data.npy.train, "/tmp/a.npy");
    assert_string_equal(r.s->data.npy.train_labels, "/tmp/b");
    assert_string_equal(r.s->data.npy.test, "/c");
    assert_string_equal(r.s->data.npy.test_labels, "/tmp/d.npy.gz");
    assert_null(r.s->data.csv.train);
    assert_true(r.s->stream.split.by == SPLIT_PERMUTATION && r.s->stream.split.identity);
    reading_free(&r);
    r = read_good("perdure: 1\nmethods: [{name: a}]\ndata: {set: cifar100, labels: coarse, normalize: standard}\n");
    assert_true(r.s->data.set == DATA_CIFAR100 && r.s->data.cifar.labels == LABELS_COARSE);
    reading_free(&r);
}

static void methods_and_their_strategies(void **state)
{
    (void)state;
    struct reading r = read_good(full);
    const struct method_list *methods = &r.s->methods;
    assert_int_equal(methods->count, 3);
    assert_int_equal(methods->at[0].strategy_count, 0);
    assert_int_equal(methods->at[0].train_on, TRAIN_TASK);
    assert_int_equal(methods->at[1].train_on, TRAIN_ALL);
    assert_string_equal(methods->at[2].name, "both+1");
    assert_int_equal(methods->at[2].line, 28);
    assert_int_equal(methods->at[2].column, 5);
    const struct strategy_entry *entries = methods->at[2].strategies;
    assert_int_equal(methods->at[2].strategy_count, 5);
    assert_string_equal(entries[0].name, "replay");
    assert_null(entries[0].plugin);
    assert_string_equal(node_find(entries[0].parameters, "capacity")->text, "7");
    assert_string_equal(entries[0].path, "methods[2].strategies[0].replay");
    assert_int_equal(entries[0].line, 30);
    assert_string_equal(entries[1].name, "ewc");
    assert_null(entries[1].parameters);
    assert_null(entries[2].name);
    assert_string_equal(entries[2].plugin, "/tmp/../mine.so");
    assert_string_equal(node_find(entries[2].parameters, "alpha")->text, "0.5");
    assert_string_equal(entries[2].path, "methods[2].strategies[2].with");
    assert_string_equal(entries[3].plugin, "/abs/other.so");
    assert_string_equal(entries[4].name, "si");
    assert_null(entries[4].parameters);
    assert_int_equal(scenario_node(r.s, "methods[2].strategies[0].replay.capacity")->line, 30);
    assert_int_equal(scenario_node(r.s, "stream.split.tasks")->line, 14); /* not said: its section */
    assert_ptr_equal(scenario_node(r.s, "nowhere.at[1].all"), r.s->root);
    reading_free(&r);
}

static void defaults_are_those_of_describe(void **state)
{
    (void)state;
    struct reading r = read_good(SMALL);
    const struct scenario *s = r.s;
    assert_int_equal(s->seeds.count, 1);
    assert_int_equal(s->seeds.at[0], 0);
    assert_null(s->data.root);
    assert_int_equal(s->data.normalize, NORMALIZE_UNIT);
    assert_int_equal(s->stream.split.tasks, 5);
    assert_int_equal(s->stream.scenario, CLASS_IL);
    assert_int_equal(s->stream.head, HEAD_SINGLE);
    assert_int_equal(s->stream.active, ACTIVE_ALL);
    assert_true(s->network.hidden.count == 2 && s->network.hidden.at[1] == 400);
    assert_int_equal(s->optimizer.common.type, OPTIMIZER_ADAM);
    assert_true(s->optimizer.common.beta2 == 0.999 && s->optimizer.common.epsilon == 1e-8 &&
                s->optimizer.common.weight_decay == 0);
    assert_int_equal(s->training.batch, 128);
    assert_true(s->optimizer.schedule.type == SCHEDULE_CONSTANT && !s->optimizer.reset_per_task);
    assert_true(s->training.epochs == 1 && s->training.iterations == 0 && s->training.gradient_clip == 0);
    assert_true(s->training.hook_limit == 3600);
    assert_int_equal(s->training.executor, EXECUTOR_AUTO);
    assert_true(s->data.augment.count == 0 && s->data.validation == 0 && s->network.type == NETWORK_MLP);
    assert_true(s->evaluation.matrix.rows == ROWS_EACH_TASK && s->evaluation.matrix.tasks == TASKS_ALL);
    assert_true(s->device.type == DEVICE_AUTO && s->device.number == -1 && s->device.deterministic);
    assert_true(s->device.require.memory == 0 && s->device.require.capability.count == 0);
    assert_true(s->evaluation.matrix.untrained);
    assert_int_equal(s->evaluation.metrics.count, METRIC_ACC_ANYTIME);
    char *folder = alloc_format("runs/%s", s->name);
    assert_string_equal(s->output.folder, folder);
    assert_true(strncmp(s->name, "perdure-scenario-", 17) == 0);
    free(folder);
    reading_free(&r);
}

static void what_follows_from_the_scenario(void **state)
{
    (void)state;
    struct reading r = read_good(SMALL "stream: {scenario: task-il}\n");
    assert_true(r.s->stream.head == HEAD_MULTI && r.s->stream.active == ACTIVE_TASK);
    reading_free(&r);
    r = read_good(SMALL "stream: {scenario: domain-il, active: seen}\n");
    assert_true(r.s->stream.head == HEAD_SINGLE && r.s->stream.active == ACTIVE_SEEN);
    reading_free(&r);
    check_fault(SMALL "stream: {scenario: class-il, head: multi}\n",
                "x.yaml:4:36: stream.head: found multi; expected single with scenario class-il");
}

static void all_faults_in_the_order_of_the_file(void **state)
{
    (void)state;
    struct reading r = read_text("perdure: 1\n"
                                 "training: {batch: 0, epoch: 2}\n"
                                 "data: {set: mnst}\n"
                                 "methods:\n"
                                 "  - {name: a, strategies: [replay, 5]}\n"
                                 "optimizer: {lr: fast}\n");
    assert_int_equal(r.code, EXIT_SCENARIO);
    check_line(&r.faults, 0, "x.yaml:2:19: training.batch: found 0; expected a whole number from 1 to 1000000000");
    check_line(
        &r.faults, 1,
        "x.yaml:2:22: training.epoch: found an unknown key; expected one of batch, epochs, iterations, gradient_clip, "
        "hook_limit, executor");
    assert_string_equal(r.faults.at[1].hint, "did you mean \"epochs\"?");
    check_line(&r.faults, 2,
               "x.yaml:3:13: data.set: found mnst; expected one of digits, mnist, fashion-mnist, cifar10, cifar100, "
               "csv, idx, npy, synthetic");
    check_line(&r.faults, 3, "x.yaml:5:36: methods[0].strategies[1]: found 5; expected the name of a strategy");
    check_line(&r.faults, 4, "x.yaml:6:17: optimizer.lr: found fast; expected a number above 0, at most 1000000");
    assert_int_equal(r.faults.count, 5);
    assert_int_equal(r.error.code, 0);
    reading_free(&r);
}

static void faults_beyond_a_thousand_are_counted(void **state)
{
    (void)state;
    text yaml = {0};
    text_addf(&yaml, "%s", SMALL);
    for (int i = 0; i < 20000; i++) {
        text_addf(&yaml, "k%d: 1\n", i);
    }
    struct reading r = read_text(yaml.at);
    assert_int_equal(r.faults.count, FAULTS_KEPT);
    assert_int_equal(r.faults.count + r.faults.dropped, 20000);
    reading_free(&r);
    text_free(&yaml);
}

static void set_lays_values_over_the_file(void **state)
{
    (void)state;
    static const char *const sets[] = {"optimizer.lr=0.5",
                                       "optimizer.type=sgd",
                                       "device={type: cpu}",
                                       "methods[1]={name: second}",
                                       "network.hidden=[3, 4]",
                                       "name=x=y",
                                       "name=other",
                                       "methods[0].strategies=[replay]",
                                       "methods[0].strategies[0].replay.capacity=5",
                                       "seeds[0]=9"};
    struct reading r = read_with(SMALL "optimizer: {lr: 0.1}\nseeds: [1, 2]\n", sets, 10);
    assert_int_equal(r.code, 0);
    assert_true(r.s->optimizer.common.lr == 0.5 && r.s->optimizer.common.type == OPTIMIZER_SGD);
    assert_int_equal(r.s->device.type, DEVICE_CPU);
    assert_int_equal(r.s->methods.count, 2);
    assert_string_equal(r.s->methods.at[1].name, "second");
    assert_int_equal(r.s->network.hidden.at[1], 4);
    assert_string_equal(r.s->name, "other");
    assert_int_equal(r.s->seeds.at[0], 9);
    assert_string_equal(r.s->methods.at[0].strategies[0].name, "replay");
    assert_string_equal(node_find(r.s->methods.at[0].strategies[0].parameters, "capacity")->text, "5");
    reading_free(&r);
}

static void check_set(const char *set, int code, const char *expected)
{
    struct reading r = read_with(SMALL, &set, 1);
    assert_int_equal(r.code, code);
    if (code == EXIT_SCENARIO) {
        check_line(&r.faults, 0, expected);
        assert_int_equal(r.faults.count, 1);
    } else {
        assert_string_equal(r.error.text, expected);
    }
    reading_free(&r);
}

static void faults_of_set_name_it(void **state)
{
    (void)state;
    check_set("optimizer.lr=fast", EXIT_SCENARIO,
              "--set optimizer.lr: found fast; expected a number above 0, at most 1000000");
    check_set("optimizer={lr: 0}", EXIT_SCENARIO,
              "--set optimizer: optimizer.lr: found 0; expected a number above 0, at most 1000000");
    check_set(
        "optimiser.lr=1", EXIT_SCENARIO,
        "--set optimiser.lr: optimiser: found an unknown key; expected one of perdure, name, seeds, data, stream, "
        "network, optimizer, training, device, methods, grid, evaluation, search, output");
    check_set("training.batch=", EXIT_SCENARIO,
              "--set training.batch: found nothing; expected a whole number from 1 to 1000000000");
    check_set("training.batch=[1", EXIT_SCENARIO,
              "--set training.batch: found \"[\" that is not closed; expected \",\" or \"]\" behind each entry");
    check_set("methods[4].name=x", EXIT_SCENARIO,
              "--set methods[4].name: found index 4; expected one of the 1 entries of a list");
    check_set("lr", EXIT_USAGE, "--set lr: found no \"=\"; expected KEY=VALUE, as optimizer.lr=0.1");
    check_set("=1", EXIT_USAGE, "--set =1: found no key path; expected KEY=VALUE, as optimizer.lr=0.1");
    check_set("a..b=1", EXIT_USAGE, "--set a..b=1: found no key path; expected KEY=VALUE, as optimizer.lr=0.1");
    check_set("a[x]=1", EXIT_USAGE, "--set a[x]=1: found no key path; expected a number in [ ] behind a key");
    check_set("[0]=1", EXIT_USAGE, "--set [0]=1: found no key path; expected a number in [ ] behind a key");
    check_set("a.=1", EXIT_USAGE, "--set a.=1: found no key path; expected KEY=VALUE, as optimizer.lr=0.1");
    check_set("a[0]b=1", EXIT_USAGE, "--set a[0]b=1: found no key path; expected \".\" or \"[\" behind \"]\"");
}

static void subtrees_of_plugins(void **state)
{
    (void)state;
    arena *a = arena_open();
    struct memory_options memory;
    struct network_options network;
    struct optimizer_options optimizer;
    error e = {0};
    assert_int_equal(memory_options_parse("{capacity: 5, policy: fifo}", "replay: memory", &memory, a, &e), 0);
    assert_true(memory.capacity == 5 && memory.per_class == 0 && memory.policy == MEMORY_FIFO &&
                memory.where == MEMORY_RAM);
    assert_int_equal(memory_options_parse("{capacity: {per_class: 7}, policy: value}", "replay", &memory, a, &e), 0);
    assert_true(memory.capacity == 0 && memory.per_class == 7 && memory.policy == MEMORY_VALUE);
    assert_int_equal(memory_options_parse("{capacity: {bytes: 1.5 KiB}, where: disk}", "replay", &memory, a, &e), 0);
    assert_true(memory.capacity == 0 && memory.bytes == 1536 && memory.where == MEMORY_DISK && !memory.folder);
    assert_int_equal(memory_options_parse("{capacity: 5, where: {disk: /a/b}}", "replay", &memory, a, &e), 0);
    assert_true(memory.where == MEMORY_DISK && !strcmp(memory.folder, "/a/b"));
    assert_int_equal(memory_options_parse("{capacity: 5, where: device}", "replay", &memory, a, &e), 0);
    assert_true(memory.where == MEMORY_DEVICE && !memory.folder && !strcmp(memory_where_name(memory.where), "device"));
    assert_int_equal(network_options_parse("{hidden: [2]}", "vae", &network, a, &e), 0);
    assert_true(network.hidden.count == 1 && network.hidden.at[0] == 2);
    assert_int_equal(network_options_parse("", "vae", &network, a, &e), 0);
    assert_int_equal(network.hidden.count, 2);
    assert_int_equal(optimizer_options_parse("{type: sgd, momentum: 0.9}", "vae", &optimizer, a, &e), 0);
    assert_true(optimizer.momentum == 0.9);
    assert_int_equal(memory_options_parse("{capacty: 5}", "replay: memory", &memory, a, &e), EXIT_SCENARIO);
    assert_string_equal(e.text,
                        "replay: memory: capacity: found nothing; expected a whole number from 1 to 1000000000000, "
                        "{per_class: 100} or {bytes: 64 MiB}");
    error f = {0};
    assert_int_equal(optimizer_options_parse("[", "vae: optimizer", &optimizer, a, &f), EXIT_SCENARIO);
    assert_true(strncmp(f.text, "vae: optimizer: found", 21) == 0);
    arena_close(a);
}

static void files_that_are_none(void **state)
{
    (void)state;
    struct scenario *s = NULL;
    faults f;
    error e = {0};
    faults_begin(&f, "/nowhere/x.yaml");
    assert_int_equal(scenario_read("/nowhere/x.yaml", NULL, 0, &s, &f, &e), EXIT_NO_INPUT);
    assert_int_equal(f.count, 0);
    assert_null(s);
    assert_non_null(strstr(e.text, "/nowhere/x.yaml: found no file"));
    faults_free(&f);
    scenario_free(NULL);
}

static void words_of_the_program_are_read_like_a_file(void **state)
{
    (void)state;
    static const char *const words = "perdure: 1\nname: own\ndata: {set: digits}\nmethods: [{name: a}]\n",
                             *const sets[] = {"optimizer.lr=0.5"};
    struct scenario *s = NULL;
    error e = {0};
    faults f;
    faults_begin(&f, "(own)");
    assert_int_equal(scenario_take_faulty(words, "(own)", sets, 1, &s, &f, &e), 0);
    assert_string_equal(s->name, "own");
    assert_string_equal(s->folder, ".");
    assert_string_equal(s->bytes, words);
    assert_true(s->optimizer.common.lr == 0.5);
    scenario_free(s);
    assert_int_equal(scenario_take_faulty("perdure: 2\n", "(own)", NULL, 0, &s, &f, &e), EXIT_SCENARIO);
    assert_true(f.count > 0);
    scenario_free(s);
    faults_free(&f);
}

static void choices_are_spelled_as_in_the_file(void **state)
{
    (void)state;
    assert_string_equal(data_set_name(DATA_FASHION_MNIST), "fashion-mnist");
    assert_string_equal(scenario_kind_name(DOMAIN_IL), "domain-il");
    assert_string_equal(optimizer_type_name(OPTIMIZER_ADAMW), "adamw");
    assert_string_equal(metric_name_text(METRIC_A_DIAZ), "a.diaz");
    assert_string_equal(metric_name_text(METRIC_FORGETTING_FIRST_LAST), "forgetting.first_last");
    assert_string_equal(error_kind_name(ERROR_CI95), "ci95");
    assert_string_equal(memory_policy_name(MEMORY_CLASS_BALANCED), "class-balanced");
    assert_string_equal(split_order_name(ORDER_SHUFFLED), "shuffled");
    assert_string_equal(normalize_name(NORMALIZE_STANDARD), "standard");
    assert_string_equal(device_type_name(DEVICE_CUDA), "cuda");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_typed),
        cmocka_unit_test(data_and_stream_in_every_form),
        cmocka_unit_test(streams_in_every_form),
        cmocka_unit_test(learning_in_every_form),
        cmocka_unit_test(checkpoints_in_every_form),
        cmocka_unit_test(traces_in_every_form),
        cmocka_unit_test(layers_and_their_sizes),
        cmocka_unit_test(networks_and_their_keys),
        cmocka_unit_test(sets_and_their_keys),
        cmocka_unit_test(methods_and_their_strategies),
        cmocka_unit_test(defaults_are_those_of_describe),
        cmocka_unit_test(what_follows_from_the_scenario),
        cmocka_unit_test(all_faults_in_the_order_of_the_file),
        cmocka_unit_test(faults_beyond_a_thousand_are_counted),
        cmocka_unit_test(set_lays_values_over_the_file),
        cmocka_unit_test(faults_of_set_name_it),
        cmocka_unit_test(subtrees_of_plugins),
        cmocka_unit_test(files_that_are_none),
        cmocka_unit_test(words_of_the_program_are_read_like_a_file),
        cmocka_unit_test(choices_are_spelled_as_in_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
