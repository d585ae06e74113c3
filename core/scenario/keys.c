/* Every key that a scenario has in format 1 of this build, in one table: what is not here is an unknown key. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "scenario/grid.h"
#include "scenario/row.h"
#include "scenario/scenario.h"
#include "scenario/search.h"
#include "scenario/variant.h"

#define ROW_END          \
    {                    \
        .type = ROW_NONE \
    }
#define AT(type, member) .offset = offsetof(struct type, member)
#define ONLY(choice) (1u << (choice))

/* All that int64_t can hold; as a double it is 2^63. */
#define LARGEST 9223372036854775807.0

/* ---- words of the choices, in the order of their enums ---- */
static const char *const data_sets[] = {"digits", "mnist", "fashion-mnist", "cifar10",   "cifar100",
                                        "csv",    "idx",   "npy",           "synthetic", NULL};
static const char *const data_sets_later[] = {"ctr", NULL};
static const char *const cifar_labelings[] = {"fine", "coarse", NULL};
static const char *const normalizes[] = {"none", "unit", "standard", "given", NULL};
static const char *const csv_labels[] = {"first", "last", NULL};
static const char *const split_bys[] = {"class", "permutation", "rotation", NULL};
static const char *const split_bys_later[] = {"column", "file", "time", NULL};
static const char *const angle_orders[] = {"given", "shuffled", NULL};
static const char *const split_orders[] = {"given", "shuffled", "listed", NULL};
static const char *const scenario_kinds[] = {"task-il", "domain-il", "class-il", "task-free", NULL};
static const char *const boundaries_kinds[] = {"known", "blurry", "unknown", NULL};
static const char *const head_kinds[] = {"single", "multi", NULL};
static const char *const actives[] = {"all", "seen", "task", NULL};
static const char *const network_types[] = {"mlp", "cnn", "resnet18", "resnet32", "layers", NULL};
static const char *const network_summaries[] = {
    "layers of units with ReLU between; key: hidden",
    "convolutions with ReLU and max-pool, then layers of units; keys: channels, kernel, batch_norm, hidden",
    "residual network for 32x32, four stages of two blocks; key: width (20: the slim one)",
    "residual network for 32x32, three stages of five blocks; key: width", "a list of layers of your own; key: layers"};
static const char *const network_types_later[] = {"two-tower", "ctr", "torchscript", NULL};
static const char *const optimizer_types[] = {"sgd", "adam", "adamw", NULL};
static const char *const device_types[] = {"auto", "cpu", "cuda", NULL};
static const char *const executors[] = {"auto", "planned", "autograd", NULL};
static const char *const precisions[] = {"fp32", NULL};
static const char *const precisions_later[] = {"tf32", "bf16", "fp16", NULL};
static const char *const train_ons[] = {"task", "all", "all-so-far", NULL};
static const char *const rows_measured[] = {"each-task", "last", NULL};
static const char *const tasks_measured[] = {"all", "seen", NULL};
static const char *const metrics[] = {
    "acc.macro", "acc.pooled",  "aia.icarl",   "bwt.gem",    "fwt.gem", "forgetting.chaudhry", "forgetting.first_last",
    "a.diaz",    "acc.anytime", "min.delange", "wc.delange", NULL};
static const char *const error_kinds[] = {"sem", "sd", "ci95", NULL};
static const char *const memory_policies[] = {"reservoir", "class-balanced", "fifo", "value", "none", NULL};
static const char *const memory_wheres[] = {"ram", "disk", "device", NULL};

/* A row reads best as the few lines that it is. */
/* clang-format off */

/* ---- data ---- */
static const struct row data_rows[] = {
    {.key = "set", .help = "the data set", .type = ROW_CHOICE, AT(data_options, set), .choices = data_sets,
     .later = data_sets_later, .sample = "digits"},
    {.key = "root", .help = "folder of the sets: a set lies in root/SET/", .type = ROW_PATH, AT(data_options, root),
     .optional = true, .absent = "$PERDURE_DATA, then $XDG_DATA_HOME/perdure"},
    {.key = "normalize", .help = "unit: to 0..1, bytes / 255, other numbers by least and greatest of the training rows; "
                                 "standard: by their mean and SD; mean and std: after unit for bytes, in the data's own "
                                 "units for other numbers (csv: always)", .type = ROW_SPECIAL,
     AT(data_options, normalize), .fallback = "unit", .special = &special_normalize},
    {.key = "train", .help = "file of the training rows", .type = ROW_PATH, AT(data_options, csv.train),
     .only = ONLY(DATA_CSV), .sample = "train.csv"},
    {.key = "test", .help = "file of the test rows; or test_every", .type = ROW_PATH, AT(data_options, csv.test),
     .only = ONLY(DATA_CSV), .optional = true, .absent = "test_every"},
    {.key = "test_every", .help = "rows whose index mod n is n - 1 are the test set; or test", .type = ROW_INT,
     AT(data_options, csv.test_every), .only = ONLY(DATA_CSV), .optional = true, .absent = "test", .min = 2,
     .max = LARGEST, .unit = "rows"},
    {.key = "label", .help = "the column that holds the class", .type = ROW_CHOICE, AT(data_options, csv.label),
     .only = ONLY(DATA_CSV), .fallback = "last", .choices = csv_labels},
    {.key = "header", .help = "whether the first line names the columns", .type = ROW_BOOL,
     AT(data_options, csv.header),
     .only = ONLY(DATA_CSV), .fallback = "false"},
    {.key = "shape", .help = "of one row without its label, as [1, 8, 8]", .type = ROW_INTS,
     AT(data_options, csv.shape),
     .only = ONLY(DATA_CSV), .optional = true, .absent = "the columns less one", .min = 1, .max = LARGEST},
    {.key = "train_images", .help = "idx file, packed (.gz) or not", .type = ROW_PATH,
     AT(data_options, idx.train_images), .only = ONLY(DATA_IDX), .sample = "train-images-idx3-ubyte"},
    {.key = "train_labels", .help = "idx file", .type = ROW_PATH, AT(data_options, idx.train_labels),
     .only = ONLY(DATA_IDX), .sample = "train-labels-idx1-ubyte"},
    {.key = "test_images", .help = "idx file", .type = ROW_PATH, AT(data_options, idx.test_images),
     .only = ONLY(DATA_IDX), .sample = "t10k-images-idx3-ubyte"},
    {.key = "test_labels", .help = "idx file", .type = ROW_PATH, AT(data_options, idx.test_labels),
     .only = ONLY(DATA_IDX), .sample = "t10k-labels-idx1-ubyte"},
    {.key = "train", .help = "npy file of the training rows, packed (.gz) or not", .type = ROW_PATH,
     AT(data_options, npy.train), .only = ONLY(DATA_NPY), .sample = "train.npy"},
    {.key = "train_labels", .help = "npy file", .type = ROW_PATH, AT(data_options, npy.train_labels),
     .only = ONLY(DATA_NPY), .sample = "train-labels.npy"},
    {.key = "test", .help = "npy file", .type = ROW_PATH, AT(data_options, npy.test), .only = ONLY(DATA_NPY),
     .sample = "test.npy"},
    {.key = "test_labels", .help = "npy file", .type = ROW_PATH, AT(data_options, npy.test_labels),
     .only = ONLY(DATA_NPY), .sample = "test-labels.npy"},
    {.key = "labels", .help = "the 100 classes, or the 20 that they fall into", .type = ROW_CHOICE,
     AT(data_options, cifar.labels), .only = ONLY(DATA_CIFAR100), .fallback = "fine", .choices = cifar_labelings},
    {.key = "classes", .help = "how many are made", .type = ROW_INT, AT(data_options, synthetic.classes),
     .only = ONLY(DATA_SYNTHETIC), .fallback = "10", .min = 1, .max = 100000, .unit = "classes"},
    {.key = "train_rows", .help = "made for training", .type = ROW_INT, AT(data_options, synthetic.train_rows),
     .only = ONLY(DATA_SYNTHETIC), .fallback = "6000", .min = 1, .max = 1e9, .unit = "rows"},
    {.key = "test_rows", .help = "made for testing", .type = ROW_INT, AT(data_options, synthetic.test_rows),
     .only = ONLY(DATA_SYNTHETIC), .fallback = "1000", .min = 1, .max = 1e9, .unit = "rows"},
    {.key = "shape", .help = "of one row, of bytes", .type = ROW_INTS, AT(data_options, synthetic.shape),
     .only = ONLY(DATA_SYNTHETIC), .fallback = "[1, 28, 28]", .min = 1, .max = 1e6},
    {.key = "pad", .help = "black put around every picture, before it is normalised, permuted or turned: 2 makes 28x28 32x32",
     .type = ROW_INT, AT(data_options, pad), .fallback = "0", .max = 1024, .unit = "pixels"},
    {.key = "augment", .help = "of the training rows, drawn anew for every batch", .type = ROW_SPECIAL,
     AT(data_options, augment), .fallback = "[]", .special = &special_augment},
    {.key = "validation", .help = "share of each task's training rows that is held out", .type = ROW_REAL,
     AT(data_options, validation), .fallback = "0", .max = 0.9},
    ROW_END};

static void data_after(struct check *c, const node *n, const char *path, void *out)
{
    const struct data_options *data = out;
    if (n == NULL || data->set != DATA_CSV) {
        return;
    }
    const node *test = node_find(n, "test");
    const node *every = node_find(n, "test_every");
    if (test == NULL && every == NULL) {
        faults_add(c->faults, n, path, "found neither test nor test_every; expected one of them");
    } else if (test != NULL && every != NULL) {
        faults_add_at_key(c->faults, every, row_path(c, path, "test_every"),
                          "found test and test_every; expected one of them");
    }
}

/* ---- stream ---- */
static const struct row split_rows[] = {
    {.key = "by", .help = "what sets the tasks apart", .type = ROW_CHOICE, AT(stream_options, split.by),
     .fallback = "class", .choices = split_bys, .later = split_bys_later},
    {.key = "tasks", .help = "how many; by class, the classes are divided evenly", .type = ROW_INT,
     AT(stream_options, split.tasks),
     .fallback = "5", .min = 1, .max = 10000, .unit = "tasks"},
    {.key = "order", .help = "of the classes; shuffled: by the seed; or the labels of every task", .type = ROW_SPECIAL,
     AT(stream_options, split.order), .only = ONLY(SPLIT_CLASS), .fallback = "given", .special = &special_order},
    {.key = "identity", .help = "whether the first task's rows stay as they lie in the data", .type = ROW_BOOL,
     AT(stream_options, split.identity), .only = ONLY(SPLIT_PERMUTATION), .fallback = "false"},
    {.key = "order", .help = "given: angles evenly apart, from 0; shuffled: drawn by the seed", .type = ROW_CHOICE,
     AT(stream_options, split.order), .only = ONLY(SPLIT_ROTATION), .fallback = "given", .choices = angle_orders},
    {.key = "degrees", .help = "angles are below this", .type = ROW_REAL, AT(stream_options, split.degrees),
     .only = ONLY(SPLIT_ROTATION), .fallback = "180", .above = true, .max = 360, .unit = "degrees"},
    ROW_END};

static void split_after(struct check *c, const node *n, const char *path, void *out)
{
    struct stream_options *stream = out;
    const node *order = node_find(n, "order");
    const node *tasks = node_find(n, "tasks");
    if (order == NULL || order->kind != NODE_LIST) {
        return;
    }
    if (tasks == NULL) {
        stream->split.tasks = (int64_t)order->count;
    } else if (stream->split.tasks > 0 && (size_t)stream->split.tasks != order->count) {
        faults_add(c->faults, tasks, row_path(c, path, "tasks"),
                   "found %s; expected %zu, as order lists the labels of %zu tasks (or no tasks key)",
                   node_shown(tasks), order->count, order->count);
    }
}

static const struct row stream_rows[] = {
    {.key = "split", .help = "how the rows become tasks", .type = ROW_SECTION, .rows = split_rows,
     .after = split_after},
    {.key = "scenario", .help = "what is known of the task when predicting; task-free: nothing, nor when training", .type = ROW_CHOICE,
     AT(stream_options, scenario), .fallback = "class-il", .choices = scenario_kinds},
    {.key = "boundaries", .help = "whether strategies are told where a task ends; blurry: tasks exchange a share of each class's training rows",
     .type = ROW_SPECIAL, AT(stream_options, boundaries), .optional = true, .absent = "unknown in task-free, else known",
     .special = &special_boundaries},
    {.key = "head", .help = "one set of outputs for all tasks, or one a task", .type = ROW_CHOICE,
     AT(stream_options, head), .optional = true, .absent = "multi in task-il, else single", .choices = head_kinds},
    {.key = "active", .help = "classes that compete in the training loss", .type = ROW_CHOICE,
     AT(stream_options, active), .optional = true, .absent = "task in task-il, else all", .choices = actives},
    ROW_END};

/* ---- network, optimizer, training, memory ---- */
#define NETWORK_ROWS                                                                                                   \
    {.key = "type", .help = "the kind of network", .type = ROW_CHOICE, AT(network_options, type), .fallback = "mlp",   \
     .choices = network_types, .later = network_types_later},                                                          \
    {.key = "hidden", .help = "units of the hidden layers, with ReLU; may be empty", .type = ROW_INTS,                 \
     AT(network_options, hidden), .only = ONLY(NETWORK_MLP), .fallback = "[400, 400]", .min = 1, .max = 1e6,           \
     .unit = "units"},                                                                                                 \
    {.key = "channels", .help = "of the convolutions, each with ReLU and a 2x2 max-pool where the map still has 2 pixels",\
     .type = ROW_INTS, AT(network_options, channels), .only = ONLY(NETWORK_CNN), .fallback = "[32, 64]", .min = 1, .max = 1e5,\
     .unit = "channels"},                                                                                              \
    {.key = "kernel", .help = "side of the convolutions", .type = ROW_SPECIAL, AT(network_options, kernel),            \
     .only = ONLY(NETWORK_CNN), .fallback = "3", .special = &special_kernel, .unit = "pixels"},                        \
    {.key = "batch_norm", .help = "behind every convolution", .type = ROW_BOOL, AT(network_options, batch_norm),       \
     .only = ONLY(NETWORK_CNN), .fallback = "false"},                                                                  \
    {.key = "hidden", .help = "units of the layers behind the convolutions, with ReLU; may be empty", .type = ROW_INTS,\
     AT(network_options, hidden), .only = ONLY(NETWORK_CNN), .fallback = "[128]", .min = 1, .max = 1e6,                \
     .unit = "units"},                                                                                                 \
    {.key = "width", .help = "channels of the first stage; 20 is the slim one", .type = ROW_INT,                       \
     AT(network_options, width), .only = ONLY(NETWORK_RESNET18), .fallback = "64", .min = 1, .max = 4096,              \
     .unit = "channels"},                                                                                              \
    {.key = "width", .help = "channels of the first stage", .type = ROW_INT, AT(network_options, width),               \
     .only = ONLY(NETWORK_RESNET32), .fallback = "16", .min = 1, .max = 4096, .unit = "channels"},                     \
    {.key = "layers", .help = "all but the head, which is added",                                                      \
     .type = ROW_SPECIAL, AT(network_options, layers), .only = ONLY(NETWORK_LAYERS), .special = &special_layers,       \
     .sample = "[{linear: 128}, relu]"}

const struct row network_rows[] = {NETWORK_ROWS, ROW_END};
const struct row own_network_rows[] = {
    NETWORK_ROWS,
    {.key = "weights", .help = "safetensors file of any program: what has the name and shape of a weight is taken over",
     .type = ROW_PATH, AT(network_options, weights), .optional = true, .absent = "all are drawn by the seed"},
    ROW_END};

/* In a struct that holds optimizer_options first, these offsets are right as well. */
#define OPTIMIZER_ROWS                                                                                                 \
    {.key = "type", .help = "as torch.optim", .type = ROW_CHOICE, AT(optimizer_options, type), .fallback = "adam",     \
     .choices = optimizer_types},                                                                                      \
    {.key = "lr", .help = "learning rate", .type = ROW_REAL, AT(optimizer_options, lr), .fallback = "0.001",           \
     .above = true, .max = 1e6},                                                                                       \
    {.key = "momentum", .help = "share of the last step that is kept", .type = ROW_REAL,                               \
     AT(optimizer_options, momentum), .only = ONLY(OPTIMIZER_SGD), .fallback = "0", .max = 1},                         \
    {.key = "betas", .help = "decay of the averages of gradient and square, below 1", .type = ROW_SPECIAL,             \
     AT(optimizer_options, beta1), .only = ONLY(OPTIMIZER_ADAM) | ONLY(OPTIMIZER_ADAMW), .fallback = "[0.9, 0.999]",   \
     .special = &special_betas},                                                                                       \
    {.key = "epsilon", .help = "added to the root of the squares", .type = ROW_REAL, AT(optimizer_options, epsilon),   \
     .only = ONLY(OPTIMIZER_ADAM) | ONLY(OPTIMIZER_ADAMW), .fallback = "1e-8", .above = true, .max = 1},               \
    {.key = "weight_decay", .help = "added to the gradient, times the weight", .type = ROW_REAL,                       \
     AT(optimizer_options, weight_decay), .only = ONLY(OPTIMIZER_SGD) | ONLY(OPTIMIZER_ADAM), .fallback = "0",         \
     .max = 1e6},                                                                                                      \
    {.key = "weight_decay", .help = "taken from the weight itself, times lr", .type = ROW_REAL,                        \
     AT(optimizer_options, weight_decay), .only = ONLY(OPTIMIZER_ADAMW), .fallback = "0.01", .max = 1e6}

_Static_assert(offsetof(struct training_optimizer_options, common) == 0, "OPTIMIZER_ROWS fill it, too");
const struct row optimizer_rows[] = {OPTIMIZER_ROWS, ROW_END};
const struct row training_optimizer_rows[] = {
    OPTIMIZER_ROWS,
    {.key = "schedule", .help = "of the learning rate within a task",
     .type = ROW_SPECIAL, AT(training_optimizer_options, schedule), .fallback = "constant",
     .special = &special_schedule},
    {.key = "reset_per_task", .help = "forget momentum and averages before every task", .type = ROW_BOOL,
     AT(training_optimizer_options, reset_per_task), .fallback = "false"},
    ROW_END};

const struct row training_rows[] = {
    {.key = "batch", .help = "fresh rows a step", .type = ROW_INT, AT(training_options, batch), .fallback = "128",
     .min = 1, .max = 1e9, .unit = "rows"},
    {.key = "epochs", .help = "passes over the rows of a task; or iterations", .type = ROW_INT,
     AT(training_options, epochs), .optional = true, .absent = "1, where no iterations are said", .min = 1, .max = 1e9},
    {.key = "iterations", .help = "steps of a task, and of all tasks at once so many times their number; or epochs",
     .type = ROW_INT, AT(training_options, iterations), .optional = true, .absent = "epochs", .min = 1, .max = 1e12,
     .unit = "steps"},
    {.key = "gradient_clip", .help = "the greatest L2 norm of a step's gradient", .type = ROW_SPECIAL,
     AT(training_options, gradient_clip), .fallback = "none", .special = &special_clip},
    {.key = "hook_limit", .help = "the longest that one call of a strategy may take; changes no result",
     .type = ROW_SPECIAL, AT(training_options, hook_limit), .fallback = "3600", .special = &special_limit,
     .unit = "seconds"},
    {.key = "executor", .help = "how a step runs; planned: without a graph through the network, faster; auto: planned where "
     "it can be, and the plan says why", .type = ROW_CHOICE, AT(training_options, executor), .fallback = "auto",
     .choices = executors},
    ROW_END};

void training_after(struct check *c, const node *n, const char *path, void *out)
{
    struct training_options *training = out;
    const node *iterations = node_find(n, "iterations");
    if (iterations != NULL && node_find(n, "epochs") != NULL) {
        faults_add_at_key(c->faults, iterations, row_path(c, path, "iterations"),
                          "found epochs and iterations; expected one of them");
    }
    if (iterations == NULL && node_find(n, "epochs") == NULL) {
        training->epochs = 1;
    }
}

const struct row memory_rows[] = {
    {.key = "capacity", .help = "the most samples that are kept, in all or of each class of each task, or their bytes",
     .type = ROW_SPECIAL, AT(memory_options, capacity), .sample = "1000", .special = &special_capacity},
    {.key = "policy", .help = "which samples stay when it is full", .type = ROW_CHOICE, AT(memory_options, policy),
     .fallback = "reservoir", .choices = memory_policies},
    {.key = "where", .help = "where the samples lie; on disk: in the cell's folder, or below one of its own; device: on the GPU",
     .type = ROW_SPECIAL, AT(memory_options, where), .fallback = "ram", .special = &special_where},
    ROW_END};

/* ---- device ---- */
static const struct row require_rows[] = {
    {.key = "name", .help = "part of the GPU's name", .type = ROW_TEXT, AT(device_options, require.name),
     .optional = true, .absent = "any"},
    {.key = "capability", .help = "compute capability, as \">=8.0\"", .type = ROW_SPECIAL,
     AT(device_options, require.capability), .optional = true, .absent = "any", .special = &special_version},
    {.key = "memory", .help = "of the GPU, as 16 GiB", .type = ROW_SPECIAL, AT(device_options, require.memory),
     .optional = true, .absent = "any", .unit = "bytes", .special = &special_bytes},
    {.key = "driver", .help = "NVIDIA driver, as \">=580\"", .type = ROW_SPECIAL, AT(device_options, require.driver),
     .optional = true, .absent = "any", .special = &special_version},
    ROW_END};

static const struct row device_rows[] = {
    {.key = "type", .help = "auto says in one line what it took", .type = ROW_SPECIAL, AT(device_options, type),
     .fallback = "auto", .special = &special_device},
    {.key = "require", .help = "refuse another GPU than this, and do not fall back", .type = ROW_SECTION,
     .rows = require_rows},
    {.key = "precision", .help = "of the arithmetic", .type = ROW_CHOICE, AT(device_options, precision),
     .fallback = "fp32", .choices = precisions, .later = precisions_later},
    {.key = "deterministic", .help = "the same seed gives the same bits", .type = ROW_BOOL,
     AT(device_options, deterministic), .fallback = "true"},
    {.key = "threads", .help = "of one cell; a whole run uses jobs x threads cores", .type = ROW_INT,
     AT(device_options, threads), .fallback = "1", .min = 1, .max = 1024, .unit = "threads"},
    {.key = "graph", .help = "capture the training step as a CUDA graph", .type = ROW_LATER},
    {.key = "memory_share", .help = "the most of the GPU's memory that a process may take", .type = ROW_LATER},
    ROW_END};

/* ---- methods ---- */
static const struct row method_rows[] = {
    {.key = "name", .help = "of the row in the table, and of its folder", .type = ROW_TEXT, AT(method_options, name),
     .letters = "._+-", .sample = "finetune"},
    {.key = "strategies", .help = "compose in this order: NAME, {NAME: {KEY: VALUE}} or {plugin: PATH, with: {..}}",
     .type = ROW_SPECIAL, AT(method_options, strategies), .fallback = "[]", .special = &special_strategies},
    {.key = "train_on", .help = "task by task, once on all, or task by task on all tasks up to it", .type = ROW_CHOICE,
     AT(method_options, train_on), .fallback = "task", .choices = train_ons},
    {.key = "set", .help = "what this method alone changes",
     .type = ROW_SPECIAL, AT(method_options, set), .optional = true, .absent = "nothing", .special = &special_set},
    {.key = "grid", .help = "values that this method alone is tried with, key by key in the place of the file's grid",
     .type = ROW_SPECIAL, AT(method_options, grid), .optional = true, .absent = "nothing", .special = &special_grid},
    ROW_END};

static void method_after(struct check *c, const node *n, const char *path, void *out)
{
    (void)c;
    struct method_options *method = out;
    method->place = path;
    method->at = n;
    method->line = n->line;
    method->column = n->column;
}

/* ---- evaluation, output ---- */
static const struct row matrix_rows[] = {
    {.key = "rows", .help = "after each task, or after the last one alone", .type = ROW_CHOICE,
     AT(evaluation_options, matrix.rows), .fallback = "each-task", .choices = rows_measured},
    {.key = "tasks", .help = "measured in a row: all, or those trained on so far", .type = ROW_CHOICE,
     AT(evaluation_options, matrix.tasks), .fallback = "all", .choices = tasks_measured},
    {.key = "untrained", .help = "a first row, before any training; fwt.gem needs it", .type = ROW_BOOL,
     AT(evaluation_options, matrix.untrained), .fallback = "true"},
    ROW_END};

static const struct row gate_rows[] = {
    {.key = "method", .help = "a method of this file, or a variant", .type = ROW_TEXT, AT(gate_options, method),
     .letters = "@=,._+-",
     .sample = "finetune"},
    {.key = "metric", .help = "one of evaluation.metrics", .type = ROW_CHOICE, AT(gate_options, metric),
     .choices = metrics, .sample = "acc.macro"},
    {.key = "is", .help = "the published mean, as a share and not in percent", .type = ROW_REAL, AT(gate_options, is),
     .optional = true, .absent = "between", .min = -1, .max = 1, .sample = "0.2"},
    {.key = "sem", .help = "its standard error", .type = ROW_REAL, AT(gate_options, sem), .optional = true,
     .absent = "not published", .above = true, .max = 1},
    {.key = "n", .help = "how many seeds it is the mean of", .type = ROW_INT, AT(gate_options, n), .optional = true,
     .absent = "not published", .min = 1, .max = 1e9, .unit = "seeds"},
    {.key = "within", .help = "how far off it may be, or 2.5 combined SEM where these are more",
     .type = ROW_REAL, AT(gate_options, within), .optional = true, .absent = "0.015 with is", .min = 0, .max = 2},
    {.key = "between", .help = "the range that holds, both ends with it; or is", .type = ROW_SPECIAL,
     AT(gate_options, low), .optional = true, .absent = "is", .special = &special_between},
    {.key = "source", .help = "where the figure stands: paper and table, or the script that gave it",
     .type = ROW_TEXT, AT(gate_options, source), .sample = "\"chance\""},
    ROW_END};

static const struct row anytime_rows[] = {
    {.key = "batches", .help = "steps from one to the next; also behind the last step of every task", .type = ROW_INT,
     AT(evaluation_options, anytime.batches), .optional = true, .absent = "none within a task", .min = 1, .max = 1e12,
     .unit = "steps"},
    {.key = "rows", .help = "the most test rows of a task, drawn once by the seed", .type = ROW_INT,
     AT(evaluation_options, anytime.rows), .optional = true, .absent = "all", .min = 1, .max = 1e9, .unit = "rows"},
    ROW_END};

static const struct row evaluation_rows[] = {
    {.key = "matrix", .help = "accuracies after every task (rows) on every task (columns)", .type = ROW_SECTION,
     .rows = matrix_rows},
    {.key = "anytime", .help = "accuracies on the tasks so far while a task is trained", .type = ROW_SECTION,
     .rows = anytime_rows, .rules = "{\"dependencies\": {\"rows\": [\"batches\"]}}"},
    {.key = "metrics", .help = "computed from the matrix and, three of them, from anytime, with which these stand in the default too; "
                                "`perdure list metrics` defines them", .type = ROW_CHOICES,
     AT(evaluation_options, metrics),
     .fallback = "[acc.macro, acc.pooled, aia.icarl, bwt.gem, fwt.gem, forgetting.chaudhry, forgetting.first_last, "
                 "a.diaz]",
     .choices = metrics},
    {.key = "error", .help = "over the seeds: of the mean, standard deviation, 95 % interval", .type = ROW_CHOICE,
     AT(evaluation_options, error), .fallback = "sem", .choices = error_kinds},
    {.key = "baseline", .help = "the method that the others are tested against, seed by seed (paired t-test, Holm's correction)",
     .type = ROW_TEXT, AT(evaluation_options, baseline), .optional = true, .absent = "no tests"},
    {.key = "expect", .help = "two-sided gates of a reproduction; a run whose means lie outside of one ends with 1",
     .type = ROW_ENTRIES, AT(evaluation_options, expect), .fallback = "[]", .rows = gate_rows,
     .size = sizeof(struct gate_options), .after = gate_after,
     .rules = "{\"oneOf\": [{\"required\": [\"is\"]}, {\"required\": [\"between\"]}],"
              " \"dependencies\": {\"sem\": [\"is\"], \"n\": [\"is\"], \"within\": [\"is\"]}}"},
    ROW_END};

static const struct row output_rows[] = {
    {.key = "folder", .help = "of the run, from the working directory; {name} is replaced", .type = ROW_TEXT,
     AT(output_options, folder), .fallback = "\"runs/{name}\""},
    {.key = "checkpoint", .help = "how often the state is saved, and how many are kept", .type = ROW_SPECIAL,
     AT(output_options, checkpoint), .fallback = "{every: task, keep: 2}", .special = &special_checkpoint},
    {.key = "tensorboard", .help = "an event file for TensorBoard in every cell's folder; changes no result", .type = ROW_BOOL,
     AT(output_options, tensorboard), .fallback = "true"},
    {.key = "metrics_port", .help = "Prometheus metrics of the run while it runs: a port of 127.0.0.1, or a textfile",
     .type = ROW_SPECIAL, AT(output_options, metrics), .fallback = "none", .special = &special_metrics},
    ROW_END};

/* ---- the whole ---- */
const struct row scenario_rows[] = {
    {.key = "perdure", .help = "format of this file", .type = ROW_SPECIAL, AT(scenario, format), .sample = "1",
     .special = &special_format},
    {.key = "name", .help = "of the run", .type = ROW_TEXT, AT(scenario, name), .optional = true,
     .absent = "the file's name, or its folder's when it is called scenario", .letters = "._-"},
    {.key = "seeds", .help = "one cell a method and seed; the same seed pairs the methods", .type = ROW_SPECIAL,
     AT(scenario, seeds), .fallback = "[0]", .special = &special_seeds},
    {.key = "data", .help = "what is learned", .type = ROW_SECTION, AT(scenario, data), .rows = data_rows,
     .after = data_after},
    {.key = "stream", .help = "how it comes", .type = ROW_SECTION, AT(scenario, stream), .rows = stream_rows,
     .after = stream_after,
     .rules = "{\"allOf\": [{\"if\": {\"required\": [\"head\"], \"properties\": {\"head\": {\"const\": \"multi\"}}}, \"then\":"
              " {\"required\": [\"scenario\"], \"properties\": {\"scenario\": {\"const\": \"task-il\"}}}},"
              " {\"if\": {\"required\": [\"boundaries\"], \"properties\": {\"boundaries\": {\"const\": \"unknown\"}}}, \"then\":"
              " {\"required\": [\"scenario\"], \"properties\": {\"scenario\": {\"const\": \"task-free\"}}}},"
              " {\"if\": {\"required\": [\"boundaries\"], \"properties\": {\"boundaries\": {\"const\": \"known\"}}}, \"then\":"
              " {\"properties\": {\"scenario\": {\"not\": {\"const\": \"task-free\"}}}}},"
              " {\"if\": {\"required\": [\"boundaries\"], \"properties\": {\"boundaries\": {\"type\": \"object\"}}}, \"then\":"
              " {\"properties\": {\"scenario\": {\"not\": {\"const\": \"task-il\"}}}}}]}"},
    {.key = "network", .help = "what learns", .type = ROW_SECTION, AT(scenario, network), .rows = own_network_rows},
    {.key = "optimizer", .help = "how it learns", .type = ROW_SECTION, AT(scenario, optimizer),
     .rows = training_optimizer_rows, .after = optimizer_after},
    {.key = "training", .help = "how long", .type = ROW_SECTION, AT(scenario, training), .rows = training_rows,
     .after = training_after, .rules = "{\"not\": {\"required\": [\"epochs\", \"iterations\"]}}"},
    {.key = "device", .help = "where", .type = ROW_SECTION, AT(scenario, device), .rows = device_rows},
    {.key = "methods", .help = "the rows of the comparison", .type = ROW_ENTRIES, AT(scenario, methods),
     .rows = method_rows, .size = sizeof(struct method_options), .after = method_after},
    {.key = "grid", .help = "every combination of values becomes a variant of every method that has the key: any key of a "
                            "method's `set`, and STRATEGY.PARAMETER",
     .type = ROW_SPECIAL, AT(scenario, grid), .optional = true, .absent = "no variants", .special = &special_grid},
    {.key = "evaluation", .help = "what is measured", .type = ROW_SECTION, AT(scenario, evaluation),
     .rows = evaluation_rows, .after = evaluation_after},
    {.key = "search", .help = "tries settings of every method on validation rows alone; the best of each is then run on "
                              "the seeds and measured on the test rows",
     .type = ROW_SPECIAL, AT(scenario, search), .optional = true, .absent = "no search", .special = &special_search},
    {.key = "output", .help = "where it goes", .type = ROW_SECTION, AT(scenario, output), .rows = output_rows},
    ROW_END};

/* clang-format on */

static void scenario_check_names(struct check *c, const struct scenario *s)
{
    for (size_t i = 0; i < s->methods.count; i++) {
        const struct method_options *one = &s->methods.at[i];
        for (size_t j = 0; one->name != NULL && j < i; j++) {
            const struct method_options *before = &s->methods.at[j];
            if (before->name != NULL && strcmp(before->name, one->name) == 0) {
                faults_add(c->faults, node_find(one->at, "name"), row_path(c, row_path_index(c, "methods", i), "name"),
                           "found %s again; expected another name than that of the method on line %d",
                           text_quoted(one->name), before->line);
                break;
            }
        }
    }
}

static void scenario_settle_methods(struct check *c, const node *n, struct scenario *s,
                                    const struct method_list *methods)
{
    for (size_t i = 0; i < methods->count; i++) {
        struct method_options *m = (struct method_options *)(uintptr_t)&methods->at[i];
        m->network = s->network;
        m->optimizer = s->optimizer;
        m->training = s->training;
        size_t before = c->faults->count;
        if (m->set != NULL && (m->base == NULL || before < FAULTS_SHOWN)) {
            method_settle(c, n, m, row_path(c, m->place, "set"));
            variant_faults(m, c->faults, before);
        }
    }
}

void scenario_after(struct check *c, const node *n, const char *path, void *out)
{
    (void)path;
    struct scenario *s = out;
    const node *methods = node_find(n, "methods");
    if (methods != NULL && methods->kind == NODE_LIST && methods->count == 0) {
        row_refuse(c, methods, "methods", "at least one method");
    }
    if (s->methods.count > SCENARIO_CELLS) {
        faults_add(c->faults, methods, "methods", "found %zu methods; expected at most %d", s->methods.count,
                   (int)SCENARIO_CELLS);
        return;
    }
    scenario_check_names(c, s);
    size_t bases = s->methods.count;
    grid_expand(c, s);
    search_expand(c, n, s);
    scenario_settle_methods(c, n, s, &s->methods);
    scenario_settle_methods(c, n, s, &s->search.tried);
    expect_after(c, n, s);
    task_free_after(c, n, s);
    baseline_after(c, n, s);
    int64_t cells = s->seeds.count * (int64_t)s->methods.count;
    if (s->seeds.count <= SCENARIO_CELLS && cells > SCENARIO_CELLS && s->methods.count == bases) {
        faults_add(c->faults, methods, "methods", "found %zu methods x %lld seeds = %lld cells; expected at most %d",
                   s->methods.count, (long long)s->seeds.count, (long long)cells, (int)SCENARIO_CELLS);
    }
}

/* ---- words ---- */
#define NAME_OF(function, type, words) \
    const char *function(enum type v) { return words[v]; }
NAME_OF(data_set_name, data_set, data_sets)
NAME_OF(normalize_name, normalize, normalizes)
NAME_OF(split_by_name, split_by, split_bys)
NAME_OF(split_order_name, split_order, split_orders)
NAME_OF(scenario_kind_name, scenario_kind, scenario_kinds)
NAME_OF(boundaries_name, boundaries, boundaries_kinds)
NAME_OF(cifar_labels_name, cifar_labels, cifar_labelings)
NAME_OF(precision_name, precision, precisions)
NAME_OF(matrix_rows_name, matrix_rows, rows_measured)
NAME_OF(matrix_tasks_name, matrix_tasks, tasks_measured)
NAME_OF(head_kind_name, head_kind, head_kinds)
NAME_OF(active_classes_name, active_classes, actives)
NAME_OF(network_type_summary, network_type, network_summaries)
NAME_OF(network_type_name, network_type, network_types)
NAME_OF(optimizer_type_name, optimizer_type, optimizer_types)
NAME_OF(device_type_name, device_type, device_types)
NAME_OF(train_on_name, train_on, train_ons)
NAME_OF(metric_name_text, metric_name, metrics)
NAME_OF(error_kind_name, error_kind, error_kinds)
NAME_OF(memory_policy_name, memory_policy, memory_policies)
NAME_OF(memory_where_name, memory_where, memory_wheres)
