/* Keys that may take several forms: each is one function that fills it and adds its own faults. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "scenario/row.h"
#include "scenario/scenario.h"

#define LARGEST 9223372036854775807.0

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
const struct special special_format = {"1, the format of this file", format_fill, "{\"const\": 1}", 0};

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
    " \"count\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 10000}}}]}",
    0};

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
    "{\"type\": \"string\", \"pattern\": \"^(auto|cpu|cuda(:(0|[1-9][0-9]{0,3}))?)$\"}", 0};

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
const struct special special_version = {"the lowest version, as \">=8.0\"", version_fill,
                                        "{\"type\": \"string\", \"pattern\": \"^>= *[0-9]{1,9}([.][0-9]{1,9}){0,2}$\"}",
                                        0};

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
    "{\"type\": \"string\", \"pattern\": \"^(0|[1-9][0-9]*)([.][0-9]+)? *(B|[KMGT]i?B)$\"}", 0};

/* ---- capacity: 1000, {per_class: 100} or {bytes: 64 MiB} ---- */

#define SAMPLES_MOST 1e12
static const struct row per_class_rows[] = {{.key = "per_class",
                                             .help = "of each class of each task",
                                             .type = ROW_INT,
                                             .offset = offsetof(struct memory_options, per_class),
                                             .min = 1,
                                             .max = SAMPLES_MOST},
                                            {.type = ROW_NONE}};

static const struct row bytes_rows[] = {{.key = "bytes",
                                         .help = "of all rows with their extra",
                                         .type = ROW_SPECIAL,
                                         .offset = offsetof(struct memory_options, bytes),
                                         .special = &special_bytes},
                                        {.type = ROW_NONE}};

static const struct row capacity_row = {.key = "capacity", .type = ROW_INT, .min = 1, .max = SAMPLES_MOST};

static void capacity_fill(struct check *c, const node *n, const char *path, void *out)
{
    struct memory_options *options = CONTAINER(out, memory_options, capacity);
    if (n->kind == NODE_MAP && node_find(n, "bytes") != NULL) {
        row_fill_section(c, bytes_rows, n, n, path, options);
        const node *bytes = node_find(n, "bytes");
        if (bytes->kind == NODE_TEXT && bytes_parse(bytes->text, &options->bytes) && options->bytes < 1) {
            row_refuse(c, bytes, row_path(c, path, "bytes"), "a size above 0");
        }
    } else if (n->kind == NODE_MAP) {
        row_fill_section(c, per_class_rows, n, n, path, options);
    } else if (n->kind == NODE_TEXT) {
        value_int(c, n, path, &capacity_row, &options->capacity);
    } else {
        row_refuse(c, n, path, special_capacity.expects);
    }
}
const struct special special_capacity = {
    "a whole number from 1 to 1000000000000, {per_class: 100} or {bytes: 64 MiB}", capacity_fill,
    "{\"oneOf\": [{\"type\": \"integer\", \"minimum\": 1, \"maximum\": 1000000000000},"
    " {\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"per_class\"], \"properties\":"
    " {\"per_class\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 1000000000000}}},"
    " {\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"bytes\"], \"properties\":"
    " {\"bytes\": {\"type\": \"string\", \"pattern\": \"^(0|[1-9][0-9]*)([.][0-9]+)? *(B|[KMGT]i?B)$\"}}}]}",
    0};

/* ---- where: ram, disk, device or {disk: /a/folder} ---- */

static const char *const where_words[] = {"ram", "disk", "device", NULL};

/* From the root or from home: the folder of the scenario is not known any more where the memory is opened. */
static void where_fill_folder(struct check *c, const node *n, const char *path, struct memory_options *options)
{
    const char *folder = NULL;
    const char *here = row_path(c, path, "disk");
    if (n->kind != NODE_TEXT || (n->text[0] != '/' && strncmp(n->text, "~/", 2) != 0)) {
        row_refuse(c, n, here, "a folder from the root or from home, as /scratch/memories or ~/memories");
    } else if (value_path(c, n, here, &folder)) {
        options->where = MEMORY_DISK;
        options->folder = folder;
    }
}

static void where_fill(struct check *c, const node *n, const char *path, void *out)
{
    int32_t word = MEMORY_RAM;
    struct memory_options *options = CONTAINER(out, memory_options, where);
    if (n->kind == NODE_MAP && n->count == 1 && strcmp(n->first->key, "disk") == 0) {
        where_fill_folder(c, n->first, path, options);
    } else if (value_choice(c, n, path, where_words, special_where.expects, &word)) {
        options->where = (enum memory_where)word;
    }
}
const struct special special_where = {
    "ram, disk, device or {disk: /a/folder}", where_fill,
    "{\"oneOf\": [{\"enum\": [\"ram\", \"disk\", \"device\"]},"
    " {\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"disk\"], \"properties\":"
    " {\"disk\": {\"type\": \"string\", \"pattern\": \"^(/|~/)\"}}}]}",
    0};
