/* A scenario: what one YAML file asks for, typed, checked and complete.
 *
 * The file becomes a tree (node.h); one table (keys.c) says which keys there are, and from it come the check, the
 * defaults, the words of `perdure describe scenario` and the JSON Schema. Every key of the file is either in the struct
 * below or a fault. What depends on data, plugins or devices is for the plan to check; scenario_node says where a key
 * stands, so that its faults have a line too.
 *
 * Paths of data and plugins are resolved against the folder of the file, output.folder against the working directory,
 * "~/" is $HOME. Optional texts and paths are NULL where nothing was said. */
#ifndef PERDURE_SCENARIO_SCENARIO_H
#define PERDURE_SCENARIO_SCENARIO_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "scenario/faults.h"
#include "scenario/node.h"

enum { SCENARIO_FORMAT = 1, SCENARIO_CELLS = 10000 };

struct int_list {
    const int64_t *at;
    int64_t count;
};
struct real_list {
    const double *at;
    int64_t count;
};
struct version_floor { /* ">=8.0" is {{8, 0, 0}, 2}; nothing asked: count 0 */
    int64_t part[3];
    int64_t count;
};

/* ---- data ---- */
enum data_set {
    DATA_DIGITS,
    DATA_MNIST,
    DATA_FASHION_MNIST,
    DATA_CIFAR10,
    DATA_CIFAR100,
    DATA_CSV,
    DATA_IDX,
    DATA_NPY,
    DATA_SYNTHETIC
};
enum normalize { NORMALIZE_NONE, NORMALIZE_UNIT, NORMALIZE_STANDARD, NORMALIZE_GIVEN };
enum csv_label { LABEL_FIRST, LABEL_LAST };
enum cifar_labels { LABELS_FINE, LABELS_COARSE };
enum augmentation_kind { AUGMENT_CROP, AUGMENT_FLIP };

struct augmentation {
    enum augmentation_kind kind;
    int64_t pad; /* CROP: zeros that are put around a row before a window of its own size is cut out */
};
struct augmentation_list {
    const struct augmentation *at;
    int64_t count;
};

struct data_options {
    enum data_set set;
    const char *root; /* NULL: $PERDURE_DATA, then $XDG_DATA_HOME/perdure; the sets shipped need none */
    enum normalize normalize;
    struct real_list mean, std; /* NORMALIZE_GIVEN: of one length, one value or one a channel; std > 0 */
    struct {                    /* DATA_CSV */
        const char *train, *test;
        int64_t test_every; /* rows whose index mod n is n - 1 are the test set; 0: `test` is the test set */
        enum csv_label label;
        bool header;
        struct int_list shape; /* of one row; count 0: [columns - 1] */
    } csv;
    struct { /* DATA_IDX */
        const char *train_images, *train_labels, *test_images, *test_labels;
    } idx;
    struct { /* DATA_NPY */
        const char *train, *train_labels, *test, *test_labels;
    } npy;
    struct { /* DATA_CIFAR100 */
        enum cifar_labels labels;
    } cifar;
    struct { /* DATA_SYNTHETIC: made, not read; the same whatever the seed of the run */
        int64_t classes, train_rows, test_rows;
        struct int_list shape;
    } synthetic;
    int64_t pad;                      /* black pixels around every picture; 0: none */
    struct augmentation_list augment; /* of the training rows, in this order, drawn anew for every batch */
    double validation;                /* share of each task's training rows that is held out, 0 to below 1 */
};

/* ---- stream ---- */
enum split_by { SPLIT_CLASS, SPLIT_PERMUTATION, SPLIT_ROTATION };
enum split_order { ORDER_GIVEN, ORDER_SHUFFLED, ORDER_LISTED };
enum scenario_kind { TASK_IL, DOMAIN_IL, CLASS_IL, TASK_FREE };
enum head_kind { HEAD_SINGLE, HEAD_MULTI };
enum active_classes { ACTIVE_ALL, ACTIVE_SEEN, ACTIVE_TASK };
enum boundaries { BOUNDARIES_KNOWN, BOUNDARIES_BLURRY, BOUNDARIES_UNKNOWN };

struct stream_options {
    struct {
        enum split_by by;
        int64_t tasks; /* with ORDER_LISTED: how many groups there are */
        enum split_order order;
        const struct int_list *groups; /* ORDER_LISTED: the labels of each task; no label twice, no task empty */
        bool identity;                 /* SPLIT_PERMUTATION: the first task's rows are as they lie in the data */
        double degrees;                /* SPLIT_ROTATION: angles go from 0 to below this */
    } split;
    enum scenario_kind scenario;
    enum boundaries boundaries; /* follows from `scenario` unless said */
    double share;               /* BLURRY: of each class's training rows, that the other tasks get; else 0 */
    enum head_kind head;        /* follows from `scenario` unless said */
    enum active_classes active; /* the same */
};

/* ---- network, optimizer, training: the first two also as plugins hand them over, see below ---- */
enum network_type { NETWORK_MLP, NETWORK_CNN, NETWORK_RESNET18, NETWORK_RESNET32, NETWORK_LAYERS };
enum layer_kind {
    LAYER_LINEAR,
    LAYER_CONV,
    LAYER_BATCH_NORM,
    LAYER_RELU,
    LAYER_LEAKY_RELU,
    LAYER_TANH,
    LAYER_SIGMOID,
    LAYER_MAX_POOL,
    LAYER_AVERAGE_POOL,
    LAYER_FLATTEN,
    LAYER_DROPOUT
};
struct layer_options { /* keys that a kind does not have are 0 */
    enum layer_kind kind;
    int64_t size; /* LINEAR: units; CONV: channels */
    int64_t kernel, stride, padding;
    double rate; /* LEAKY_RELU: slope below 0; DROPOUT: share of the values that is set to 0 */
};
struct layer_list {
    const struct layer_options *at;
    int64_t count;
};
struct network_options {
    enum network_type type;
    struct int_list hidden;   /* MLP, CNN: units of the hidden layers; may be empty */
    struct int_list channels; /* CNN: of the convolutions */
    int64_t kernel;           /* CNN */
    bool batch_norm;          /* CNN */
    int64_t width;            /* RESNET18, RESNET32: channels of the first stage */
    struct layer_list layers; /* LAYERS: all but the head */
    const char *weights;      /* a file that the cell's own network begins with; NULL: drawn. Never of a plugin's */
};

enum optimizer_type { OPTIMIZER_SGD, OPTIMIZER_ADAM, OPTIMIZER_ADAMW };
struct optimizer_options { /* keys that a type does not have are 0 */
    enum optimizer_type type;
    double lr, momentum, weight_decay;
    double beta1, beta2, epsilon;
};

enum schedule_type { SCHEDULE_CONSTANT, SCHEDULE_STEP, SCHEDULE_COSINE };
struct schedule_options { /* of the learning rate within a task; it begins anew with every task */
    enum schedule_type type;
    struct int_list
        at;        /* STEP: where the rate is multiplied: after so many epochs, or iterations where these are given */
    double factor; /* STEP */
    double to;     /* COSINE: the rate that it ends with */
};
struct training_optimizer_options {
    struct optimizer_options common;
    struct schedule_options schedule;
    bool reset_per_task; /* momentum and averages are forgotten before every task but the first */
};

enum executor_choice { EXECUTOR_AUTO, EXECUTOR_PLANNED, EXECUTOR_AUTOGRAD };
struct training_options {
    int64_t batch;
    int64_t epochs, iterations; /* of a task; one of them is 0 */
    double gradient_clip;       /* the greatest L2 norm of the gradient; 0: none */
    double hook_limit;          /* seconds that one call of a strategy may take; 0: any */
    enum executor_choice executor;
};

/* ---- device ---- */
enum device_type { DEVICE_AUTO, DEVICE_CPU, DEVICE_CUDA };
enum precision { PRECISION_FP32 };
struct device_options {
    enum device_type type;
    int64_t number; /* cuda:N; -1: none named */
    struct {
        const char *name;                        /* part of the device's name; NULL: any */
        struct version_floor capability, driver; /* at least */
        int64_t memory;                          /* bytes, at least; 0: any */
    } require;
    enum precision precision;
    bool deterministic;
    int64_t threads;
};

/* ---- methods ---- */
enum train_on { TRAIN_TASK, TRAIN_ALL, TRAIN_ALL_SO_FAR };
struct strategy_entry {
    const char *name;       /* of a strategy on the search path; NULL: a plugin by path */
    const char *plugin;     /* path of the .so, resolved; NULL: by name */
    const node *parameters; /* a map; NULL: none given */
    const node *at;         /* the entry, for faults */
    const char *place;      /* of the entry, for faults: "methods[1].strategies[0]" */
    const char *path;       /* of its parameters: "methods[1].strategies[0].replay" */
    int line, column;       /* of `at` */
};
struct choice {            /* what a variant has of one key of a grid, or of the space of a search */
    const char *key;       /* as the grid says it: "ewc.lambda" */
    const node *value;     /* in the grid */
    const node *entry;     /* that holds it, for faults */
    const char *from, *to; /* where checks of the variant meet it, and where it stands: "grid.ewc.lambda" */
    size_t index;          /* in the entry's list; CHOICE_DRAWN: out of a range */
};
#define CHOICE_DRAWN SIZE_MAX
struct method_options {
    /* [A-Za-z0-9._+-]+, no two alike: the name of a folder. Of a variant: BASE@KEY=VALUE,KEY=VALUE */
    const char *name;
    const char *base;             /* of a variant: the name of the method in the file; NULL: it is that method */
    const struct choice *choices; /* of a variant */
    size_t choice_count;
    enum train_on train_on;
    const struct strategy_entry *strategies;
    size_t strategy_count;
    struct network_options network; /* the scenario's, with what `set` says of them */
    struct training_optimizer_options optimizer;
    struct training_options training;
    const node *set;   /* a map; NULL: nothing. Of a variant: with what the grid says */
    const node *grid;  /* its own; a map of lists; NULL: none */
    const char *place; /* of its entry in the file, for faults: "methods[1]" */
    const node *at;
    int line, column;
};
struct method_list {
    const struct method_options *at;
    size_t count;
};

/* ---- evaluation, search, output ---- */
enum metric_name { /* bits of evaluation.metrics, in this order */
                   METRIC_ACC_MACRO,
                   METRIC_ACC_POOLED,
                   METRIC_AIA_ICARL,
                   METRIC_BWT_GEM,
                   METRIC_FWT_GEM,
                   METRIC_FORGETTING_CHAUDHRY,
                   METRIC_FORGETTING_FIRST_LAST,
                   METRIC_A_DIAZ,
                   METRIC_ACC_ANYTIME, /* this and those behind it need evaluation.anytime */
                   METRIC_MIN_DELANGE,
                   METRIC_WC_DELANGE,
                   METRIC_COUNT
};
enum error_kind { ERROR_SEM, ERROR_SD, ERROR_CI95 };
enum matrix_rows { ROWS_EACH_TASK, ROWS_LAST };
enum matrix_tasks { TASKS_ALL, TASKS_SEEN };
struct gate_options { /* of a reproduction: what is published of a method, or the range that it gives */
    const char *method;
    enum metric_name metric;
    bool ranged;        /* low and high were said (`between`); else `is`, `sem`, `n` and `within` */
    double is, sem;     /* the published mean and its standard error; sem 0: not published */
    int64_t n;          /* seeds behind it; 0: not published */
    double within;      /* the least that the band reaches to either side */
    double low, high;   /* low < high */
    const char *source; /* where the figure stands */
    const node *at;     /* the entry, for faults */
};
struct gate_list {
    const struct gate_options *at;
    size_t count;
};
struct evaluation_options {
    struct {
        enum matrix_rows rows;
        enum matrix_tasks tasks;
        bool untrained;
    } matrix;
    struct {             /* evaluations within a task */
        int64_t batches; /* so many steps apart; 0: none */
        int64_t rows;    /* the most test rows of a task; 0: all */
    } anytime;
    struct int_list metrics; /* metric_name, in the order given, none twice */
    enum error_kind error;
    const char *baseline;    /* a method of the file; NULL: none */
    struct gate_list expect; /* no method and metric twice */
};

enum search_kind { SEARCH_GRID, SEARCH_RANDOM };
struct search_options { /* all 0 where none is wanted */
    bool on;
    enum search_kind kind;
    int64_t trials; /* RANDOM: of a method, at most; GRID: 0, all combinations */
    int64_t seed;   /* RANDOM: of the draws */
    const node *space;
    enum metric_name metric;  /* of the validation matrix */
    struct int_list seeds;    /* of every trial; those of the scenario's first where none are said */
    struct method_list tried; /* the trials, method by method: variants whose `base` is the method */
};

enum checkpoint_every { CHECKPOINT_TASK, CHECKPOINT_BATCHES, CHECKPOINT_MINUTES };
struct checkpoint_options { /* all 0 where none are wanted; no part of a cell's plan */
    bool on;
    enum checkpoint_every every;
    int64_t batches; /* BATCHES: so many steps apart */
    double minutes;  /* MINUTES */
    int64_t last;    /* how many of the newest are kept, at least 1 */
    int64_t weekly;  /* and of so many weeks the newest */
    int64_t days;    /* and all of so many days */
};
struct metrics_options { /* where Prometheus finds the run's metrics; both 0: nowhere. No part of a cell's plan */
    int64_t port;        /* of 127.0.0.1 */
    const char *file;    /* NAME.prom, relative to the working directory */
};
struct output_options {
    const char *folder; /* "{name}" replaced; relative to the working directory */
    struct checkpoint_options checkpoint;
    bool tensorboard; /* no part of a cell's plan */
    struct metrics_options metrics;
};

struct scenario {
    int64_t format;
    const char *name;
    struct int_list seeds;
    struct data_options data;
    struct stream_options stream;
    struct network_options network;
    struct training_optimizer_options optimizer;
    struct training_options training;
    struct device_options device;
    const node *grid;           /* of all methods; a map of lists; NULL: none */
    struct method_list methods; /* variants in the place of the methods that have some */
    struct evaluation_options evaluation;
    struct search_options search;
    struct output_options output;

    const char *file;   /* as given */
    const char *folder; /* the file's, which data and plugin paths are relative to */
    const char *bytes;  /* the file as it was read, without --set; byte_count bytes and a NUL */
    size_t byte_count;
    const char *const *sets; /* [set_count]: the texts of --set that were laid over it, in their order */
    size_t set_count;
    const node *root; /* the tree, with --set laid in */
    arena *arena;     /* all of the above lives here */
};

/* Reads and checks a scenario. `sets`: texts "key.path=value" of --set, laid over the file in this order.
 * 0: *out is owned by the caller, scenario_free. 78: faults were added to `f` (begun by the caller with the file's
 * name; print them with faults_print), `e` is untouched, *out is NULL. Any other code: `e` says why (64: a --set
 * without
 * "="; 66, 74: the file). */
int scenario_read(const char *path, const char *const *sets, size_t set_count, struct scenario **out, faults *f,
                  error *e);
/* The same for whoever can find more faults in it: where the file could be read at all, *out is there with 78 too, filled
 * as far as it is good (a strategy whose entry is not has neither name nor plugin). */
int scenario_read_faulty(const char *path, const char *const *sets, size_t set_count, struct scenario **out, faults *f,
                         error *e);
/* And out of words that the program has: `name` stands where a file's name would. */
int scenario_take_faulty(const char *words, const char *name, const char *const *sets, size_t set_count,
                         struct scenario **out, faults *f, error *e);
void scenario_free(struct scenario *s);
/* Where a key stands: the node at `path`, else of the section nearest to it that the file has. Never NULL. */
const node *scenario_node(const struct scenario *s, const char *path);
/* An error at a key, in the words of a fault, for whoever stops at the first one: "FILE:LINE:COL: key.path: ...", or
 * "--set KEY: ..." where the value came from there. Returns the code. */
int scenario_error(const struct scenario *s, const char *path, int code, error *e, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The subtrees that plugins hand over as YAML: checked by the same rows as the scenario's. `what` names the source in
 * the error's words ("ewc: network"). Lists live in `a`. 78 and the first fault in `e`. */
enum memory_policy { MEMORY_RESERVOIR, MEMORY_CLASS_BALANCED, MEMORY_FIFO, MEMORY_VALUE, MEMORY_NONE };
enum memory_where { MEMORY_RAM, MEMORY_DISK, MEMORY_DEVICE };
struct memory_options {
    int64_t capacity;  /* samples; 0 with per_class or bytes */
    int64_t per_class; /* samples of each class of each task; 0: capacity or bytes is for all together */
    int64_t bytes;     /* of all rows with their extra; 0: samples are counted */
    enum memory_policy policy;
    enum memory_where where;
    const char *folder; /* with MEMORY_DISK: below it each memory has one of its own; NULL: the cell's */
};
int memory_options_parse(const char *yaml, const char *what, struct memory_options *out, arena *a, error *e);
int network_options_parse(const char *yaml, const char *what, struct network_options *out, arena *a, error *e);
int optimizer_options_parse(const char *yaml, const char *what, struct optimizer_options *out, arena *a, error *e);

/* The words of the choices as the file spells them. */
const char *data_set_name(enum data_set v);
const char *normalize_name(enum normalize v);
const char *split_by_name(enum split_by v);
const char *split_order_name(enum split_order v);
const char *scenario_kind_name(enum scenario_kind v);
const char *boundaries_name(enum boundaries v);
const char *head_kind_name(enum head_kind v);
const char *active_classes_name(enum active_classes v);
const char *network_type_name(enum network_type v);
const char *network_type_summary(enum network_type v); /* one line, for `perdure list networks` */
const char *layer_kind_name(enum layer_kind v);
const char *optimizer_type_name(enum optimizer_type v);
const char *schedule_type_name(enum schedule_type v);
const char *cifar_labels_name(enum cifar_labels v);
const char *augmentation_name(enum augmentation_kind v);
const char *precision_name(enum precision v);
const char *matrix_rows_name(enum matrix_rows v);
const char *matrix_tasks_name(enum matrix_tasks v);
const char *device_type_name(enum device_type v); /* without the number */
const char *train_on_name(enum train_on v);
const char *metric_name_text(enum metric_name v);
const char *error_kind_name(enum error_kind v);
const char *search_kind_name(enum search_kind v);
const char *checkpoint_every_name(enum checkpoint_every v);
const char *memory_policy_name(enum memory_policy v);
const char *memory_where_name(enum memory_where v);

/* `perdure describe scenario`: every key with type, default, range, unit and help, in the form of a scenario file. */
void scenario_describe(text *out);
/* The same table as JSON Schema draft-07, owned by the caller. */
char *scenario_schema_json(void);
/* The same of the section `network` with one type: no other type's keys stand in it. False: there is no such type. */
bool network_type_find(const char *name, enum network_type *out);
void network_describe(enum network_type type, text *out);
char *network_schema_json(enum network_type type);

#endif
