/* Keys of data and stream that may take several forms: normalize, augment, the order of the tasks, and their boundaries. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "scenario/row.h"
#include "scenario/scenario.h"

/* ---- normalize: unit or {mean: [..], std: [..]} ---- */

static const char *const normalize_words[] = {"none", "unit", "standard", NULL};
static const struct row moment_rows[] = {{.key = "mean",
                                          .help = "taken from every value, one or one a channel",
                                          .type = ROW_REALS,
                                          .offset = offsetof(struct data_options, mean)},
                                         {.key = "std",
                                          .help = "what is left is divided by this",
                                          .type = ROW_REALS,
                                          .offset = offsetof(struct data_options, std),
                                          .above = true,
                                          .max = 1e300},
                                         {.type = ROW_NONE}};

static void normalize_fill(struct check *c, const node *n, const char *path, void *out)
{
    struct data_options *data = CONTAINER(out, data_options, normalize);
    int32_t word = 0;
    if (n->kind != NODE_MAP) {
        if (value_choice(c, n, path, normalize_words, special_normalize.expects, &word)) {
            data->normalize = (enum normalize)word;
        }
        return;
    }
    row_fill_section(c, moment_rows, n, n, path, data);
    data->normalize = NORMALIZE_GIVEN;
    const node *mean = node_find(n, "mean");
    const node *std = node_find(n, "std");
    if (mean != NULL && std != NULL && mean->kind == NODE_LIST && std->kind == NODE_LIST &&
        (mean->count != std->count || mean->count == 0)) {
        faults_add(c->faults, std, row_path(c, path, "std"),
                   "found %zu values beside %zu of mean; expected as many of both, at least one", std->count,
                   mean->count);
    }
}
const struct special special_normalize = {
    "one of none, unit, standard or {mean: [..], std: [..]}", normalize_fill,
    "{\"oneOf\": [{\"enum\": [\"none\", \"unit\", \"standard\"]},"
    " {\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"mean\", \"std\"], \"properties\":"
    " {\"mean\": {\"type\": \"array\", \"minItems\": 1, \"items\": {\"type\": \"number\"}},"
    " \"std\": {\"type\": \"array\", \"minItems\": 1, \"items\": {\"type\": \"number\", \"exclusiveMinimum\": 0}}}}]}",
    0};

/* ---- order: given, shuffled or [[0, 1], [2, 3]] ---- */

static const char *const order_words[] = {"given", "shuffled", NULL};
static const struct row label_row = {.key = "label", .type = ROW_INT, .min = 0, .max = 1e9};

struct label_place {
    int64_t label;
    size_t task;
    const node *at;
};

static int label_compare(const void *a, const void *b)
{
    const struct label_place *x = a;
    const struct label_place *y = b;
    if (x->label != y->label) {
        return x->label < y->label ? -1 : 1;
    }
    return (x->task > y->task) - (x->task < y->task);
}

static void order_refuse_repeated(struct check *c, const char *path, struct label_place *places, size_t count)
{
    qsort(places, count, sizeof *places, label_compare);
    for (size_t i = 1; i < count; i++) {
        if (places[i].label == places[i - 1].label) {
            faults_add(c->faults, places[i].at, row_path_index(c, path, places[i].task),
                       "found label %lld, which task %zu has too; expected every label once",
                       (long long)places[i].label, places[i - 1].task + 1);
        }
    }
}

static bool order_fill_task(struct check *c, const node *n, const char *path, struct int_list *task)
{
    if (n->kind != NODE_LIST || n->count == 0) {
        row_refuse(c, n, path, "a list of at least one label");
        return false;
    }
    int64_t *at = arena_take(c->arena, n->count, sizeof *at);
    bool good = true;
    size_t i = 0;
    for (const node *entry = n->first; entry != NULL; entry = entry->next, i++) {
        good = value_int(c, entry, row_path_index(c, path, i), &label_row, &at[i]) && good;
    }
    *task = (struct int_list){at, (int64_t)n->count};
    return good;
}

static void order_fill_list(struct check *c, const node *n, const char *path, struct stream_options *stream)
{
    struct int_list *groups = arena_take(c->arena, n->count, sizeof *groups);
    bool good = true;
    size_t i = 0;
    size_t labels = 0;
    for (const node *task = n->first; task != NULL; task = task->next, i++) {
        good = order_fill_task(c, task, row_path_index(c, path, i), &groups[i]) && good;
        labels += task->count;
    }
    stream->split.order = ORDER_LISTED;
    stream->split.groups = groups;
    if (!good) {
        return;
    }
    struct label_place *places = alloc_zero(labels, sizeof *places);
    size_t count = 0;
    i = 0;
    for (const node *task = n->first; task != NULL; task = task->next, i++) {
        size_t j = 0;
        for (const node *entry = task->first; entry != NULL; entry = entry->next, j++) {
            places[count++] = (struct label_place){groups[i].at[j], i, entry};
        }
    }
    order_refuse_repeated(c, path, places, count);
    free(places);
}

static void order_fill(struct check *c, const node *n, const char *path, void *out)
{
    struct stream_options *stream = CONTAINER(out, stream_options, split.order);
    int32_t word = 0;
    if (n->kind == NODE_LIST && n->count > 0) {
        order_fill_list(c, n, path, stream);
    } else if (value_choice(c, n, path, order_words, special_order.expects, &word)) {
        stream->split.order = (enum split_order)word;
    }
}
const struct special special_order = {
    "one of given, shuffled or a list of the labels of every task, as [[0, 1], [2, 3]]", order_fill,
    "{\"oneOf\": [{\"enum\": [\"given\", \"shuffled\"]}, {\"type\": \"array\", \"minItems\": 1, \"items\":"
    " {\"type\": \"array\", \"minItems\": 1, \"uniqueItems\": true, \"items\":"
    " {\"type\": \"integer\", \"minimum\": 0, \"maximum\": 1000000000}}}]}",
    0};

/* ---- boundaries: known, unknown, {blurry: {share: 0.1}} ---- */

static const char *const boundaries_words[] = {"known", "unknown", "blurry", NULL};
static const struct row share_rows[] = {{.key = "share",
                                         .help = "of each class's training rows, dealt to the other tasks",
                                         .type = ROW_REAL,
                                         .offset = offsetof(struct stream_options, share),
                                         .above = true,
                                         .max = 0.9,
                                         .sample = "0.1"},
                                        {.type = ROW_NONE}};

static void boundaries_fill(struct check *c, const node *n, const char *path, void *out)
{
    struct stream_options *stream = CONTAINER(out, stream_options, boundaries);
    bool map = n->kind == NODE_MAP && n->count == 1 && strcmp(n->first->key, "blurry") == 0;
    const char *word = n->kind == NODE_TEXT ? n->text : "";
    if (map) {
        stream->boundaries = BOUNDARIES_BLURRY;
        row_fill_section(c, share_rows, n->first, n->first, row_path(c, path, "blurry"), stream);
    } else if (strcmp(word, "known") == 0 || strcmp(word, "unknown") == 0) {
        stream->boundaries = *word == 'k' ? BOUNDARIES_KNOWN : BOUNDARIES_UNKNOWN;
    } else {
        row_refuse_word(c, n, path, special_boundaries.expects, boundaries_words);
    }
}
const struct special special_boundaries = {
    "known, unknown or {blurry: {share: 0.1}}", boundaries_fill,
    "{\"oneOf\": [{\"enum\": [\"known\", \"unknown\"]}, {\"type\": \"object\", \"additionalProperties\": false,"
    " \"required\": [\"blurry\"], \"properties\": {\"blurry\": {\"type\": \"object\", \"additionalProperties\": false,"
    " \"required\": [\"share\"], \"properties\": {\"share\":"
    " {\"type\": \"number\", \"exclusiveMinimum\": 0, \"maximum\": 0.9}}}}}]}",
    0};

/* ---- augment: [{crop: 4}, flip] ---- */

static const char *const augment_words[] = {"crop", "flip", NULL};
static const struct row pad_row = {.key = "crop", .type = ROW_INT, .min = 1, .max = 1024};

static void augment_fill_one(struct check *c, const node *n, const char *path, struct augmentation *out)
{
    if (n->kind == NODE_TEXT && strcmp(n->text, "flip") == 0) {
        out->kind = AUGMENT_FLIP;
    } else if (n->kind == NODE_MAP && n->count == 1 && strcmp(n->first->key, "crop") == 0) {
        out->kind = AUGMENT_CROP;
        value_int(c, n->first, row_path(c, path, "crop"), &pad_row, &out->pad);
    } else {
        row_refuse_word(c, n, path, "{crop: N}, with N zeros put around, or flip", augment_words);
    }
}

static void augment_fill(struct check *c, const node *n, const char *path, void *out)
{
    if (n->kind != NODE_LIST) {
        row_refuse(c, n, path, special_augment.expects);
        return;
    }
    struct augmentation *at = arena_take(c->arena, n->count, sizeof *at);
    size_t i = 0;
    for (const node *entry = n->first; entry != NULL; entry = entry->next, i++) {
        augment_fill_one(c, entry, row_path_index(c, path, i), &at[i]);
    }
    *(struct augmentation_list *)out = (struct augmentation_list){at, (int64_t)n->count};
}
const struct special special_augment = {
    "a list of some of {crop: N}, flip", augment_fill,
    "{\"type\": \"array\", \"items\": {\"oneOf\": [{\"const\": \"flip\"}, {\"type\": \"object\","
    " \"additionalProperties\": false, \"required\": [\"crop\"], \"properties\":"
    " {\"crop\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 1024}}}]}}",
    0};

const char *augmentation_name(enum augmentation_kind v) { return augment_words[v]; }
