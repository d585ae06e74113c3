/* See search.h. What is tried follows from the file alone, so that shards and later runs have the same trials. */
#include "scenario/search.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "scenario/axis.h"

enum { SEARCH_DRAWS = 20 }; /* times the trials: combinations that came before are drawn anew */

/* ---- space: {optimizer.lr: {log: [1e-4, 0.1]}, training.batch: {int: [16, 256]}, ewc.lambda: [1, 10]} ---- */

static const char *const range_words[] = {"log", "uniform", "int", NULL};
enum range_kind { RANGE_LOG, RANGE_UNIFORM, RANGE_INT, RANGE_LIST };

struct range {
    enum range_kind kind;
    double low, high;
};

static enum range_kind range_kind_of(const node *n)
{
    for (int i = 0; n->kind == NODE_MAP && n->count == 1 && range_words[i] != NULL; i++) {
        if (strcmp(n->first->key, range_words[i]) == 0) {
            return (enum range_kind)i;
        }
    }
    return RANGE_LIST;
}

static void range_fill(struct check *c, const node *n, const char *path, struct range *out)
{
    static const struct row rows[] = {{.key = "log", .type = ROW_REAL, .above = true, .max = 1e300},
                                      {.key = "uniform", .type = ROW_REAL, .min = -1e300, .max = 1e300},
                                      {.key = "int", .type = ROW_INT, .min = -1e9, .max = 1e9}};
    const node *bounds = n->first;
    const char *here = row_path(c, path, bounds->key);
    int64_t low = 0;
    int64_t high = 0;
    out->kind = range_kind_of(n);
    if (bounds->kind != NODE_LIST || bounds->count != 2) {
        row_refuse(c, bounds, here, "two numbers that rise, as [0.001, 0.1]");
        return;
    }
    const struct row *row = &rows[out->kind];
    const char *first = row_path_index(c, here, 0);
    const char *second = row_path_index(c, here, 1);
    bool good = row->type == ROW_INT
                    ? value_int(c, bounds->first, first, row, &low) && value_int(c, bounds->last, second, row, &high)
                    : value_real(c, bounds->first, first, row, &out->low) &&
                          value_real(c, bounds->last, second, row, &out->high);
    if (row->type == ROW_INT) {
        out->low = (double)low;
        out->high = (double)high;
    }
    if (good && out->low >= out->high) {
        faults_add(c->faults, bounds->last, second, "found %s behind %.15g; expected numbers that rise",
                   node_shown(bounds->last), out->low);
    }
}

static void space_fill(struct check *c, const node *n, const char *path, void *out)
{
    if (n->kind != NODE_MAP || n->count == 0 || n->count > AXES_FILE) {
        row_refuse(c, n, path, special_space.expects);
        return;
    }
    for (const node *entry = n->first; entry != NULL; entry = entry->next) {
        const char *here = row_path(c, path, entry->key);
        struct range unused = {0};
        if (strchr(entry->key, '.') == NULL) {
            continue; /* no key that varies, which is told where the methods are known */
        }
        if (range_kind_of(entry) != RANGE_LIST) {
            range_fill(c, entry, here, &unused);
        } else if (entry->kind == NODE_LIST) {
            axis_values_check(c, entry, here);
        } else {
            row_refuse_word(c, entry, here,
                            "a list of values, {log: [0.0001, 0.1]}, {uniform: [0, 1]} or {int: [16, 256]}",
                            range_words);
        }
    }
    *(const node **)out = n;
}
#define RANGE_SCHEMA(word, type)                                                                                     \
    "{\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"" word "\"], \"properties\": {\"" word \
    "\": {\"type\": \"array\", \"minItems\": 2, \"maxItems\": 2, \"items\": {\"type\": \"" type "\"}}}}"
#define SPACE_SCHEMA                                                                                    \
    "{\"type\": \"object\", \"minProperties\": 1, \"maxProperties\": 32,"                               \
    " \"propertyNames\": {\"pattern\": \"^[^.]+[.].\"}, \"additionalProperties\": {\"oneOf\": ["        \
    "{\"type\": \"array\", \"minItems\": 1, \"maxItems\": 1000, \"uniqueItems\": true}, " RANGE_SCHEMA( \
        "log", "number") ", " RANGE_SCHEMA("uniform", "number") ", " RANGE_SCHEMA("int", "integer") "]}}"
const struct special special_space = {
    "a map of 1 to 32 keys, each with a list of values, {log: [0.0001, 0.1]}, {uniform: [0, 1]} or {int: [16, 256]}",
    space_fill, SPACE_SCHEMA, 0};

/* ---- search: {kind: random, trials: 20, space: {..}} ---- */

#define LARGEST 9223372036854775807.0
#define AT(member) .offset = offsetof(struct search_options, member)
static const char *const search_kinds[] = {"grid", "random", NULL};
/* In the order of enum metric_name: those that are functions of a matrix, as there is one of the validation rows. */
static const char *const search_metrics[] = {
    "acc.macro", "acc.pooled", "aia.icarl", "bwt.gem", "fwt.gem", "forgetting.chaudhry", "forgetting.first_last",
    "a.diaz",    NULL};

/* clang-format off */
static const struct row search_rows[] = {
    {.key = "kind", .help = "all combinations, or so many of them", .type = ROW_CHOICE, AT(kind), .choices = search_kinds,
     .sample = "random"},
    {.key = "trials", .help = "of every method", .type = ROW_INT, AT(trials), .only = 1u << SEARCH_RANDOM, .min = 1,
     .max = SCENARIO_CELLS},
    {.key = "seed", .help = "of the draws", .type = ROW_INT, AT(seed), .only = 1u << SEARCH_RANDOM, .fallback = "0", .max = LARGEST},
    {.key = "space", .help = "what is tried", .type = ROW_SPECIAL, AT(space), .special = &special_space},
    {.key = "metric", .help = "by which the best is chosen", .type = ROW_CHOICE, AT(metric), .fallback = "acc.macro",
     .choices = search_metrics},
    {.key = "seeds", .help = "of every trial", .type = ROW_SPECIAL, AT(seeds), .optional = true,
     .absent = "the first of the scenario's", .special = &special_seeds},
    {.type = ROW_NONE}};
/* clang-format on */

static void search_fill(struct check *c, const node *n, const char *path, void *out)
{
    struct search_options *search = out;
    size_t before = c->faults->count + c->faults->dropped;
    if (n->kind != NODE_MAP) {
        row_refuse(c, n, path, special_search.expects);
        return;
    }
    row_fill_section(c, search_rows, n, n, path, search);
    search->on = c->faults->count + c->faults->dropped == before;
}
#define SEARCH_COMMON                                                                                                 \
    "\"space\": " SPACE_SCHEMA ", \"metric\": {\"enum\": [\"acc.macro\", \"acc.pooled\", \"aia.icarl\", \"bwt.gem\"," \
    " \"fwt.gem\", \"forgetting.chaudhry\", \"forgetting.first_last\", \"a.diaz\"]}, \"seeds\": {}"
const struct special special_search = {
    "a map, as {kind: random, trials: 20, space: {optimizer.lr: {log: [0.0001, 0.1]}}} or {kind: grid, space:"
    " {ewc.lambda: [1, 10]}}, with seed, metric (acc.macro) and seeds of the trials",
    search_fill,
    "{\"oneOf\": [{\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"kind\", \"space\"],"
    " \"properties\": {\"kind\": {\"const\": \"grid\"}, " SEARCH_COMMON "}},"
    " {\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"kind\", \"space\", \"trials\"],"
    " \"properties\": {\"kind\": {\"const\": \"random\"}, \"trials\": {\"type\": \"integer\", \"minimum\": 1,"
    " \"maximum\": 10000}, \"seed\": {\"type\": \"integer\", \"minimum\": 0}, " SEARCH_COMMON "}}]}",
    0};

const char *search_kind_name(enum search_kind v) { return search_kinds[v]; }

/* ---- drawing ---- */

/* A number as the file could have it: four digits tell settings apart, and names stay short. */
static const node *number_node(struct check *c, const node *entry, const struct range *range, double value)
{
    node *out = arena_take(c->arena, 1, sizeof *out);
    *out = (node){.kind = NODE_TEXT, .line = entry->line, .column = entry->column, .origin = entry->origin};
    double rounded = strtod(arena_format(c->arena, "%.4g", value), NULL);
    bool within = rounded >= range->low && rounded <= range->high;
    out->text = range->kind == RANGE_INT ? arena_format(c->arena, "%.0f", value)
                : within                 ? arena_format(c->arena, "%.4g", value)
                                         : arena_format(c->arena, "%.17g", value);
    return out;
}

static const node *value_drawn(struct check *c, const node *entry, random_stream *random, size_t *index)
{
    struct range range = {.kind = range_kind_of(entry)};
    *index = CHOICE_DRAWN;
    if (range.kind == RANGE_LIST) {
        const node *value = entry->first;
        *index = (size_t)random_below(random, (int64_t)entry->count);
        for (size_t i = 0; i < *index; i++) {
            value = value->next;
        }
        return value;
    }
    range_fill(c, entry, "", &range);
    double span = range.high - range.low;
    double value = range.kind == RANGE_INT ? range.low + (double)random_below(random, (int64_t)span + 1)
                   : range.kind == RANGE_LOG
                       ? exp(log(range.low) + random_unit(random) * (log(range.high) - log(range.low)))
                       : range.low + random_unit(random) * span;
    return number_node(c, entry, &range, value);
}

/* The number and the key alone decide a value, so that methods have the same in the same trial. */
static struct method_options trial_draw(struct check *c, const struct search_options *search,
                                        const struct method_options *base, const struct axes *axes, int64_t number)
{
    const node *values[AXES_MOST];
    size_t index[AXES_MOST];
    for (size_t i = 0; i < axes->count; i++) {
        random_stream random = random_open((uint64_t)search->seed, "search", axes->at[i].entry->key, number);
        values[i] = value_drawn(c, axes->at[i].entry, &random, &index[i]);
    }
    return variant_of(c, base, axes->at, axes->count, values, index);
}

static size_t trials_draw(struct check *c, const struct search_options *search, const struct method_options *base,
                          const struct axes *axes, struct method_options *out)
{
    size_t count = 0;
    for (int64_t i = 0; i < search->trials * SEARCH_DRAWS && count < (size_t)search->trials; i++) {
        bool known = false;
        out[count] = trial_draw(c, search, base, axes, i);
        for (size_t j = 0; j < count && !known; j++) {
            known = strcmp(out[j].name, out[count].name) == 0;
        }
        if (!known) {
            variant_check_name(c, &out[count++]);
        }
    }
    return count;
}

/* ---- beside the rest of the file ---- */

static bool search_has_grid(const struct scenario *s)
{
    bool grid = s->grid != NULL;
    for (size_t i = 0; i < s->methods.count; i++) {
        grid = grid || s->methods.at[i].grid != NULL;
    }
    return grid;
}

static void search_check_kind(struct check *c, const struct search_options *search)
{
    for (const node *entry = search->space->first; search->kind == SEARCH_GRID && entry != NULL; entry = entry->next) {
        if (entry->kind != NODE_LIST) {
            faults_add(c->faults, entry, row_path(c, "search.space", entry->key),
                       "found a range; expected a list of values, as kind: grid tries them all");
        }
    }
}

/* The metric must be there in the matrix of every method that is tried. */
static void search_check_metric(struct check *c, const node *root, const struct scenario *s,
                                const struct method_options *m)
{
    const node *search = node_find(root, "search");
    const node *said = node_find(search, "metric");
    if (said != NULL && m->train_on == TRAIN_ALL && s->search.metric != METRIC_ACC_MACRO &&
        s->search.metric != METRIC_ACC_POOLED) {
        faults_add(c->faults, said, "search.metric",
                   "found %s of %s, which trains once on all tasks; expected acc.macro or acc.pooled", said->text,
                   m->base == NULL ? m->name : m->base);
    }
}

static void search_check(struct check *c, const node *root, const struct scenario *s)
{
    const node *at = node_find(root, "search");
    const node *said = node_find(at, "metric");
    if (search_has_grid(s)) {
        faults_add_at_key(c->faults, at, "search", "found a search beside a grid; expected one of them");
        faults_hint(c->faults, "a search with kind: grid chooses among the combinations; a grid shows them all");
    }
    if (!(s->data.validation > 0)) {
        faults_add_at_key(c->faults, at, "search",
                          "found a search without validation rows; expected data.validation above 0");
        faults_hint(
            c->faults,
            "trials are judged on rows held out of training, as data: {validation: 0.1}, and never on the test rows");
    }
    if (said != NULL) {
        metric_check(c, said, "search.metric", node_find(node_find(root, "evaluation"), "matrix"));
    }
    search_check_kind(c, &s->search);
    for (const node *entry = s->search.space->first; entry != NULL; entry = entry->next) {
        struct axis axis;
        bool met = false;
        for (size_t i = 0; i < s->methods.count && !met; i++) {
            met = axis_meet(c, &s->methods.at[i], entry, "search.space", &axis);
        }
        if (!met) {
            axis_refuse(c, s->methods.at, s->methods.count, entry, "search.space");
        }
    }
}

static size_t axes_trials(const struct search_options *search, const struct axes *axes)
{
    return axes->count == 0 ? 0 : search->kind == SEARCH_RANDOM ? (size_t)search->trials : axes_variants(axes);
}

static struct axes search_axes(struct check *c, const struct scenario *s, size_t method)
{
    struct axes axes = {.count = 0};
    axes_take(c, &s->methods.at[method], s->search.space, "search.space", &axes);
    axes_name(c, axes.at, axes.count);
    return axes;
}

static bool search_fits(struct check *c, const node *root, const struct scenario *s, size_t trials)
{
    size_t seeds = (size_t)s->search.seeds.count;
    if (trials <= SCENARIO_CELLS && trials * seeds <= SCENARIO_CELLS) {
        return true;
    }
    faults_add_at_key(c->faults, node_find(root, "search"), "search",
                      "found %s%zu trials x %zu seed%s; expected at most %d cells",
                      trials > SCENARIO_CELLS ? "more than " : "", trials > SCENARIO_CELLS ? SCENARIO_CELLS : trials,
                      seeds, seeds == 1 ? "" : "s", (int)SCENARIO_CELLS);
    return false;
}

static void trials_make(struct check *c, struct scenario *s, size_t most)
{
    struct method_options *out = arena_take(c->arena, most + 1, sizeof *out);
    size_t made = 0;
    for (size_t i = 0; i < s->methods.count; i++) {
        struct axes axes = search_axes(c, s, i);
        size_t count = axes_trials(&s->search, &axes);
        if (count > 0 && s->search.kind == SEARCH_RANDOM) {
            made += trials_draw(c, &s->search, &s->methods.at[i], &axes, out + made);
        } else if (count > 0) {
            axes_product(c, &s->methods.at[i], &axes, count, out + made);
            made += count;
        }
    }
    s->search.tried = (struct method_list){out, made};
}

void search_expand(struct check *c, const node *root, struct scenario *s)
{
    size_t before = c->faults->count;
    size_t trials = 0;
    bool named = true;
    for (size_t i = 0; i < s->methods.count; i++) {
        named = named && s->methods.at[i].name != NULL && s->methods.at[i].place != NULL;
    }
    if (!s->search.on || !named) {
        return;
    }
    if (s->search.seeds.count == 0 && s->seeds.count > 0) {
        s->search.seeds = (struct int_list){s->seeds.at, 1};
    }
    search_check(c, root, s);
    for (size_t i = 0; i < s->methods.count && trials <= SCENARIO_CELLS; i++) {
        struct axes axes = search_axes(c, s, i);
        axes_check(c, &axes);
        trials += axes_trials(&s->search, &axes);
        if (axes.count > 0) {
            search_check_metric(c, root, s, &s->methods.at[i]);
        }
    }
    faults_merge(c->faults, before);
    if (c->faults->count == before && search_fits(c, root, s, trials)) {
        trials_make(c, s, trials);
    }
}
