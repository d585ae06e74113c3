/* See grid.h. A grid's value takes the place of whatever the file says of its key: of the section that all share, of the
 * method's `set` or of the strategy's parameters. A method's own grid goes before the file's, key by key. */
#include "scenario/grid.h"

#include <stdlib.h>
#include <string.h>

#include "scenario/axis.h"

/* ---- grid: {optimizer.lr: [0.1, 0.01], ewc.lambda: [1, 10]} ---- */

static void grid_fill(struct check *c, const node *n, const char *path, void *out)
{
    if (n->kind != NODE_MAP) {
        row_refuse(c, n, path, special_grid.expects);
        return;
    }
    if (n->count > AXES_FILE) {
        faults_add(c->faults, n, path, "found %zu keys; expected at most %d", n->count, (int)AXES_FILE);
        return;
    }
    for (const node *entry = n->first; entry != NULL; entry = entry->next) {
        if (strchr(entry->key, '.') !=
            NULL) { /* else it is no key that varies, which is told where the methods are known */
            axis_values_check(c, entry, row_path(c, path, entry->key));
        }
    }
    *(const node **)out = n;
}
const struct special special_grid = {
    "a map of lists of values, as {optimizer.lr: [0.1, 0.01], ewc.lambda: [1, 10]}", grid_fill,
    "{\"type\": \"object\", \"maxProperties\": 32, \"propertyNames\": {\"pattern\": \"^[^.]+[.].\"},"
    " \"additionalProperties\": {\"type\": \"array\", \"minItems\": 1, \"maxItems\": 1000, \"uniqueItems\": true}}",
    0};

/* ---- the axes of a method ---- */

/* In the file's order; what the method's own grid says of a key of the file's stands in its place. */
static struct axes axes_of(struct check *c, const struct scenario *s, const struct method_options *m)
{
    struct axes all = {.count = 0};
    struct axes own = {.count = 0};
    axes_take(c, m, s->grid, "grid", &all);
    axes_take(c, m, m->grid, row_path(c, m->place, "grid"), &own);
    for (size_t i = 0; i < own.count; i++) {
        size_t at = 0;
        while (at < all.count && strcmp(all.at[at].entry->key, own.at[i].entry->key) != 0) {
            at++;
        }
        all.at[at] = own.at[i];
        all.count += at == all.count;
    }
    axes_name(c, all.at, all.count);
    return all;
}

static void grid_check(struct check *c, const node *grid, const char *path, const struct method_options *methods,
                       size_t count)
{
    for (const node *entry = grid == NULL ? NULL : grid->first; entry != NULL; entry = entry->next) {
        struct axis axis;
        bool met = false;
        for (size_t i = 0; i < count && !met; i++) {
            met = axis_meet(c, &methods[i], entry, path, &axis);
        }
        if (!met) {
            axis_refuse(c, methods, count, entry, path);
        }
    }
}

/* ---- variants ---- */

static bool grid_fits(struct check *c, const struct scenario *s, const struct axes *axes)
{
    size_t cells = 0;
    const node *at = s->grid;
    for (size_t i = 0; i < s->methods.count; i++) {
        at = at == NULL ? s->methods.at[i].grid : at;
        cells += axes_variants(&axes[i]);
    }
    size_t seeds = s->seeds.count > 0 ? (size_t)s->seeds.count : 1;
    if (cells <= SCENARIO_CELLS && cells * seeds <= SCENARIO_CELLS) {
        return true;
    }
    const char *path = s->grid != NULL ? "grid" : "methods";
    if (cells > SCENARIO_CELLS) {
        faults_add(c->faults, at, path, "found more than %d variants; expected at most %d cells (variants x seeds)",
                   (int)SCENARIO_CELLS, (int)SCENARIO_CELLS);
    } else {
        faults_add(c->faults, at, path, "found %zu variants x %zu seeds = %zu cells; expected at most %d", cells, seeds,
                   cells * seeds, (int)SCENARIO_CELLS);
    }
    return false;
}

static void methods_expand(struct check *c, struct scenario *s, const struct axes *axes)
{
    size_t all = 0;
    for (size_t i = 0; i < s->methods.count; i++) {
        all += axes_variants(&axes[i]);
    }
    struct method_options *out = arena_take(c->arena, all, sizeof *out);
    size_t made = 0;
    for (size_t i = 0; i < s->methods.count; i++) {
        const struct method_options *m = &s->methods.at[i];
        size_t variants = axes_variants(&axes[i]);
        if (axes[i].count == 0) {
            out[made] = *m;
        } else {
            axes_product(c, m, &axes[i], variants, &out[made]);
        }
        made += variants;
    }
    s->methods = (struct method_list){out, made};
}

/* Beside methods without a name nothing can be said: their own faults are told. */
static bool grid_is_there(const struct scenario *s)
{
    bool any = s->grid != NULL;
    bool named = s->methods.count > 0 && s->methods.count <= SCENARIO_CELLS;
    for (size_t i = 0; i < s->methods.count; i++) {
        any = any || s->methods.at[i].grid != NULL;
        named = named && s->methods.at[i].name != NULL && s->methods.at[i].place != NULL;
    }
    return any && named;
}

static bool map_is_whole(const node *map)
{
    bool whole = true;
    for (const node *entry = map == NULL ? NULL : map->first; entry != NULL; entry = entry->next) {
        whole = whole && axis_is_whole(entry);
    }
    return whole;
}

/* Where a key has no values, which is told, there are no variants. */
static bool grid_is_whole(const struct scenario *s)
{
    bool whole = map_is_whole(s->grid);
    for (size_t i = 0; i < s->methods.count; i++) {
        whole = whole && map_is_whole(s->methods.at[i].grid);
    }
    return whole;
}

void grid_expand(struct check *c, struct scenario *s)
{
    size_t kept = c->faults->count;
    size_t before = kept + c->faults->dropped;
    if (!grid_is_there(s)) {
        return;
    }
    grid_check(c, s->grid, "grid", s->methods.at, s->methods.count);
    for (size_t i = 0; i < s->methods.count; i++) {
        const struct method_options *m = &s->methods.at[i];
        grid_check(c, m->grid, row_path(c, m->place, "grid"), m, 1);
    }
    if (c->faults->count + c->faults->dropped > before || !grid_is_whole(s)) {
        return;
    }
    struct axes *axes = alloc_zero(s->methods.count, sizeof *axes);
    for (size_t i = 0; i < s->methods.count; i++) {
        axes[i] = axes_of(c, s, &s->methods.at[i]);
        axes_check(c, &axes[i]);
        faults_merge(c->faults, kept);
    }
    if (c->faults->count == kept && grid_fits(c, s, axes)) {
        methods_expand(c, s, axes);
    }
    free(axes);
}
