/* Keys that may take several forms: each is one function that fills it and adds its own faults. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "scenario/row.h"
#include "scenario/scenario.h"

#define LARGEST 9223372036854775807.0
#define CONTAINER(pointer, type, member) ((struct type *)(void *)((char *)(pointer)-offsetof(struct type, member)))

/* ---- perdure: 1 ---- */

static void format_fill(struct check *c, const node *n, const char *path, void *out)
{
    int64_t format = 0;
    if (n->kind != NODE_TEXT || n->quoted || !number_int(n->text, &format) || format != SCENARIO_FORMAT) {
        row_refuse(c, n, path, "1, as this build reads format 1");
        return;
    }
    *(int64_t *)out = format;
}
const struct special special_format = {"1, the format of this file", format_fill, "{\"const\": 1}"};

/* ---- seeds: [0, 1] or {first: 0, count: 2} ---- */

struct seed_range {
    int64_t first, count;
};
static const struct row seed_rows[] = {{.key = "first",
                                        .help = "the first seed",
                                        .type = ROW_INT,
                                        .offset = offsetof(struct seed_range, first),
                                        .fallback = "0",
                                        .min = 0,
                                        .max = LARGEST},
                                       {.key = "count",
                                        .help = "how many",
                                        .type = ROW_INT,
                                        .offset = offsetof(struct seed_range, count),
                                        .min = 1,
                                        .max = SCENARIO_CELLS},
                                       {.type = ROW_NONE}};
static const struct row seed_row = {.key = "seed", .type = ROW_INT, .min = 0, .max = LARGEST};

static void seeds_fill_range(struct check *c, const node *n, const char *path, struct int_list *seeds)
{
    struct seed_range range = {0};
    row_fill_section(c, seed_rows, n, n, path, &range);
    if (range.count < 1) {
        return;
    }
    if (range.first > INT64_MAX - range.count) {
        row_refuse(c, node_find(n, "first"), row_path(c, path, "first"), "first + count up to 9223372036854775807");
        return;
    }
    int64_t *at = arena_take(c->arena, (size_t)range.count, sizeof *at);
    for (int64_t i = 0; i < range.count; i++) {
        at[i] = range.first + i;
    }
    *seeds = (struct int_list){at, range.count};
}

static int seeds_compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void seeds_refuse_repeated(struct check *c, const node *n, const char *path, const struct int_list *seeds)
{
    size_t count = (size_t)seeds->count;
    int64_t *sorted = alloc_zero(count, sizeof *sorted);
    memcpy(sorted, seeds->at, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, seeds_compare);
    for (size_t i = 1; i < count; i++) {
        if (sorted[i] == sorted[i - 1] && (i < 2 || sorted[i] != sorted[i - 2])) {
            faults_add(c->faults, n, path, "found seed %lld more than once; expected no seed twice",
                       (long long)sorted[i]);
        }
    }
    free(sorted);
}

static void seeds_fill_list(struct check *c, const node *n, const char *path, struct int_list *seeds)
{
    if (n->count == 0 || n->count > SCENARIO_CELLS) {
        faults_add(c->faults, n, path, "found %zu seeds; expected 1 to %d", n->count, (int)SCENARIO_CELLS);
        return;
    }
    int64_t *at = arena_take(c->arena, n->count, sizeof *at);
    bool good = true;
    size_t i = 0;
    for (const node *entry = n->first; entry != NULL; entry = entry->next, i++) {
        good = value_int(c, entry, row_path_index(c, path, i), &seed_row, &at[i]) && good;
    }
    *seeds = (struct int_list){at, (int64_t)n->count};
    if (good) {
        seeds_refuse_repeated(c, n, path, seeds);
    }
}

static void seeds_fill(struct check *c, const node *n, const char *path, void *out)
{
    if (n->kind == NODE_MAP) {
        seeds_fill_range(c, n, path, out);
    } else if (n->kind == NODE_LIST) {
        seeds_fill_list(c, n, path, out);
    } else {
        row_refuse(c, n, path, special_seeds.expects);
    }
}
const struct special special_seeds = {
    "a list of seeds, as [0, 1], or {first: 0, count: 2}", seeds_fill,
    "{\"oneOf\": [{\"type\": \"array\", \"minItems\": 1, \"maxItems\": 10000, \"uniqueItems\": true, \"items\":"
    " {\"type\": \"integer\", \"minimum\": 0, \"maximum\": 9223372036854775807}},"
    " {\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"count\"], \"properties\":"
    " {\"first\": {\"type\": \"integer\", \"minimum\": 0, \"default\": 0},"
    " \"count\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 10000}}}]}"};

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
    " \"std\": {\"type\": \"array\", \"minItems\": 1, \"items\": {\"type\": \"number\", \"exclusiveMinimum\": 0}}}}]}"};

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
                       (long long)places[i].label, places[i - 1].task);
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
    " {\"type\": \"integer\", \"minimum\": 0, \"maximum\": 1000000000}}}]}"};

/* ---- betas: [0.9, 0.999] ---- */

static void betas_fill(struct check *c, const node *n, const char *path, void *out)
{
    struct optimizer_options *optimizer = CONTAINER(out, optimizer_options, beta1);
    double *const into[2] = {&optimizer->beta1, &optimizer->beta2};
    if (n->kind != NODE_LIST || n->count != 2) {
        row_refuse(c, n, path, special_betas.expects);
        return;
    }
    size_t i = 0;
    for (const node *entry = n->first; entry != NULL && i < 2; entry = entry->next, i++) {
        double value = 0;
        if (entry->kind != NODE_TEXT || entry->quoted || !number_real(entry->text, &value) || value < 0 || value >= 1) {
            row_refuse(c, entry, row_path_index(c, path, i), "a number from 0 to below 1");
        }
        *into[i] = value;
    }
}
const struct special special_betas = {"two numbers from 0 to below 1, as [0.9, 0.999]", betas_fill,
                                      "{\"type\": \"array\", \"minItems\": 2, \"maxItems\": 2, \"items\":"
                                      " {\"type\": \"number\", \"minimum\": 0, \"exclusiveMaximum\": 1}}"};

/* ---- device.type: auto, cpu, cuda or cuda:N ---- */

static const char *const device_words[] = {"auto", "cpu", "cuda", NULL};

static void device_fill(struct check *c, const node *n, const char *path, void *out)
{
    struct device_options *device = CONTAINER(out, device_options, type);
    int32_t word = 0;
    device->number = -1;
    if (n->kind == NODE_TEXT && strncmp(n->text, "cuda:", 5) == 0) {
        int64_t number = -1;
        if (!number_int(n->text + 5, &number) || number < 0 || number > 1023) {
            row_refuse(c, n, path, "cuda:N with N from 0 to 1023");
        }
        device->type = DEVICE_CUDA;
        device->number = number;
    } else if (value_choice(c, n, path, device_words, special_device.expects, &word)) {
        device->type = (enum device_type)word;
    }
}
const struct special special_device = {
    "one of auto, cpu, cuda, cuda:N", device_fill,
    "{\"type\": \"string\", \"pattern\": \"^(auto|cpu|cuda(:(0|[1-9][0-9]{0,3}))?)$\"}"};

/* ---- ">=8.0" ---- */

/* Up to three numbers with points between them. */
static bool version_parse(const char *s, struct version_floor *out)
{
    if (strncmp(s, ">=", 2) != 0) {
        return false;
    }
    s += 2;
    s += strspn(s, " ");
    for (out->count = 0; out->count < 3;) {
        size_t digits = strspn(s, "0123456789");
        if (digits == 0 || digits > 9) {
            return false;
        }
        out->part[out->count++] = strtoll(s, NULL, 10);
        s += digits;
        if (*s != '.') {
            break;
        }
        s++;
    }
    return *s == '\0';
}

static void version_fill(struct check *c, const node *n, const char *path, void *out)
{
    struct version_floor version = {0};
    if (n->kind != NODE_TEXT || !version_parse(n->text, &version)) {
        row_refuse(c, n, path, special_version.expects);
        return;
    }
    *(struct version_floor *)out = version;
}
const struct special special_version = {
    "the lowest version, as \">=8.0\"", version_fill,
    "{\"type\": \"string\", \"pattern\": \"^>= *[0-9]{1,9}([.][0-9]{1,9}){0,2}$\"}"};

/* ---- 16 GiB ---- */

static bool bytes_parse(const char *s, int64_t *out)
{
    static const struct {
        const char *unit;
        int64_t bytes;
    } units[] = {{"B", 1},     {"KiB", 1 << 10}, {"MiB", 1 << 20},   {"GiB", 1 << 30},     {"TiB", 1LL << 40},
                 {"KB", 1000}, {"MB", 1000000},  {"GB", 1000000000}, {"TB", 1000000000000}};
    size_t digits = strspn(s, "0123456789.");
    char number[32];
    double value = 0;
    if (digits == 0 || digits >= sizeof number) {
        return false;
    }
    memcpy(number, s, digits);
    number[digits] = '\0';
    s += digits;
    s += strspn(s, " ");
    for (size_t i = 0; number_real(number, &value) && i < sizeof units / sizeof *units; i++) {
        if (strcmp(s, units[i].unit) == 0 && value * (double)units[i].bytes < 9e18) {
            *out = (int64_t)(value * (double)units[i].bytes);
            return true;
        }
    }
    return false;
}

static void bytes_fill(struct check *c, const node *n, const char *path, void *out)
{
    if (n->kind != NODE_TEXT || !bytes_parse(n->text, out)) {
        row_refuse(c, n, path, special_bytes.expects);
    }
}
const struct special special_bytes = {
    "a size with its unit (B, KiB, MiB, GiB, TiB, KB, MB, GB, TB), as 16 GiB", bytes_fill,
    "{\"type\": \"string\", \"pattern\": \"^(0|[1-9][0-9]*)([.][0-9]+)? *(B|[KMGT]i?B)$\"}"};

/* ---- strategies: [replay, {replay: {..}}, {plugin: PATH, with: {..}}] ---- */

static void strategy_fill_parameters(struct check *c, const node *n, struct strategy_entry *entry)
{
    if (n->kind == NODE_MAP) {
        entry->parameters = n;
    } else if (!node_is_nothing(n)) {
        row_refuse(c, n, entry->path, "a map of parameters");
    }
}

static void strategy_fill_plugin(struct check *c, const node *n, const char *path, struct strategy_entry *entry)
{
    static const char *const keys[] = {"plugin", "with"};
    value_path(c, node_find(n, "plugin"), row_path(c, path, "plugin"), &entry->plugin);
    entry->path = row_path(c, path, "with");
    for (const node *at = n->first; at != NULL; at = at->next) {
        if (strcmp(at->key, "with") == 0) {
            strategy_fill_parameters(c, at, entry);
        } else if (strcmp(at->key, "plugin") != 0) {
            faults_add_at_key(c->faults, at, row_path(c, path, at->key),
                              "found an unknown key; expected one of plugin, with");
            const char *nearest = text_nearest(at->key, keys, 2);
            faults_hint(c->faults, nearest != NULL ? "did you mean \"%s\"?" : "parameters go below \"with\"", nearest);
        }
    }
}

static void strategy_fill_named(struct check *c, const node *n, const char *path, struct strategy_entry *entry)
{
    if (n->count != 1) {
        faults_add(c->faults, n, path, "found %zu keys; expected one strategy an entry, as {replay: {capacity: 1000}}",
                   n->count);
        if (n->count > 1) { /* the usual slip: {name: replay, capacity: 10}, or a "-" forgotten */
            faults_hint(c->faults,
                        "parameters stand below the name of the strategy, and every strategy behind a \"-\"");
        }
        return;
    }
    entry->name = n->first->key;
    entry->path = row_path(c, path, entry->name);
    strategy_fill_parameters(c, n->first, entry);
}

static void strategy_fill(struct check *c, const node *n, const char *path, struct strategy_entry *entry)
{
    size_t before = c->faults->count;
    *entry = (struct strategy_entry){.at = n, .path = path, .line = n->line, .column = n->column};
    if (n->kind == NODE_TEXT && !node_is_nothing(n)) {
        if (value_text(c, n, path, "the name of a strategy", &entry->name)) {
            entry->path = row_path(c, path, entry->name);
        }
    } else if (n->kind == NODE_MAP && node_find(n, "plugin") != NULL) {
        strategy_fill_plugin(c, n, path, entry);
    } else if (n->kind == NODE_MAP) {
        strategy_fill_named(c, n, path, entry);
    } else {
        row_refuse(c, n, path, "a strategy, as replay or {replay: {capacity: 1000}}");
    }
    if (entry->name != NULL && !value_named(entry->name, "._+-")) {
        row_refuse(c, n, path, "the name of a strategy; a path goes below plugin, as {plugin: ./mine.so}");
    }
    if (c->faults->count > before) { /* not to be looked up: what would be missing is told already */
        entry->name = entry->plugin = NULL;
    }
}

static void strategies_fill(struct check *c, const node *n, const char *path, void *out)
{
    struct method_options *method = CONTAINER(out, method_options, strategies);
    if (n->kind != NODE_LIST) {
        row_refuse(c, n, path, special_strategies.expects);
        return;
    }
    struct strategy_entry *entries = arena_take(c->arena, n->count, sizeof *entries);
    size_t i = 0;
    for (const node *entry = n->first; entry != NULL; entry = entry->next, i++) {
        strategy_fill(c, entry, row_path_index(c, path, i), &entries[i]);
    }
    method->strategies = entries;
    method->strategy_count = n->count;
}
const struct special special_strategies = {
    "a list of strategies, as [{replay: {capacity: 1000}}]", strategies_fill,
    "{\"type\": \"array\", \"items\": {\"oneOf\": [{\"type\": \"string\"},"
    " {\"type\": \"object\", \"required\": [\"plugin\"], \"additionalProperties\": false, \"properties\":"
    " {\"plugin\": {\"type\": \"string\", \"minLength\": 1}, \"with\": {\"type\": [\"object\", \"null\"]}}},"
    " {\"type\": \"object\", \"not\": {\"required\": [\"plugin\"]}, \"minProperties\": 1, \"maxProperties\": 1,"
    " \"additionalProperties\": {\"type\": [\"object\", \"null\"]}}]}}"};
