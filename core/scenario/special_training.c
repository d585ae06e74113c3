/* Keys of optimizer and training that may take several forms: betas, schedule, gradient_clip,
 * hook_limit. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "scenario/row.h"
#include "scenario/scenario.h"

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
                                      " {\"type\": \"number\", \"minimum\": 0, \"exclusiveMaximum\": 1}}",
                                      2 * sizeof(double)};

/* ---- schedule: constant, cosine, {cosine: {to: 0}}, {step: {at: [20, 30], factor: 0.1}} ---- */

static const char *const schedule_words[] = {"constant", "step", "cosine", NULL};
static const struct row step_rows[] = {{.key = "at",
                                        .help = "epochs after which the rate is multiplied, or iterations",
                                        .type = ROW_INTS,
                                        .offset = offsetof(struct schedule_options, at),
                                        .min = 1,
                                        .max = 1e12},
                                       {.key = "factor",
                                        .help = "that it is multiplied by",
                                        .type = ROW_REAL,
                                        .offset = offsetof(struct schedule_options, factor),
                                        .fallback = "0.1",
                                        .above = true,
                                        .max = 1},
                                       {.type = ROW_NONE}};
static const struct row cosine_rows[] = {{.key = "to",
                                          .help = "the rate at the end of a task",
                                          .type = ROW_REAL,
                                          .offset = offsetof(struct schedule_options, to),
                                          .fallback = "0",
                                          .max = 1e6},
                                         {.type = ROW_NONE}};

static void step_check(struct check *c, const node *at, const char *path, const struct schedule_options *schedule)
{
    if (at == NULL || at->kind != NODE_LIST) {
        return;
    }
    if (at->count == 0) {
        row_refuse(c, at, path, "at least one number");
    }
    size_t i = 0;
    for (const node *entry = at->first; entry != NULL; entry = entry->next, i++) {
        if (i > 0 && schedule->at.at[i] <= schedule->at.at[i - 1]) {
            faults_add(c->faults, entry, row_path_index(c, path, i), "found %s behind %lld; expected numbers that rise",
                       node_shown(entry), (long long)schedule->at.at[i - 1]);
            return;
        }
    }
}

static void schedule_fill_map(struct check *c, const node *n, const char *path, struct schedule_options *schedule)
{
    const char *here = row_path(c, path, n->first->key);
    if (schedule->type == SCHEDULE_STEP) {
        size_t before = c->faults->count;
        row_fill_section(c, step_rows, n->first, n->first, here, schedule);
        if (c->faults->count == before) {
            step_check(c, node_find(n->first, "at"), row_path(c, here, "at"), schedule);
        }
    } else if (schedule->type == SCHEDULE_COSINE) {
        row_fill_section(c, cosine_rows, n->first, n->first, here, schedule);
    } else {
        row_refuse_word(c, n, path, special_schedule.expects, schedule_words);
    }
}

static void schedule_fill(struct check *c, const node *n, const char *path, void *out)
{
    struct schedule_options *schedule = out;
    *schedule = (struct schedule_options){0}; /* a method may lay one over the file's */
    bool map = n->kind == NODE_MAP && n->count == 1;
    const char *said = n->kind == NODE_TEXT ? n->text : map ? n->first->key : "";
    for (int i = 0; schedule_words[i] != NULL; i++) {
        if (strcmp(said, schedule_words[i]) == 0 && (map || i != SCHEDULE_STEP)) {
            schedule->type = (enum schedule_type)i;
            if (map) {
                schedule_fill_map(c, n, path, schedule);
            }
            return;
        }
    }
    row_refuse_word(c, n, path, special_schedule.expects, schedule_words);
}
const struct special special_schedule = {
    "constant, cosine, {cosine: {to: 0}} or {step: {at: [20, 30], factor: 0.1}}", schedule_fill,
    "{\"oneOf\": [{\"enum\": [\"constant\", \"cosine\"]},"
    " {\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"cosine\"], \"properties\": {\"cosine\":"
    " {\"type\": \"object\", \"additionalProperties\": false, \"properties\":"
    " {\"to\": {\"type\": \"number\", \"minimum\": 0, \"maximum\": 1000000, \"default\": 0}}}}},"
    " {\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"step\"], \"properties\": {\"step\":"
    " {\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"at\"], \"properties\":"
    " {\"at\": {\"type\": \"array\", \"minItems\": 1, \"items\": {\"type\": \"integer\", \"minimum\": 1}},"
    " \"factor\": {\"type\": \"number\", \"exclusiveMinimum\": 0, \"maximum\": 1, \"default\": 0.1}}}}}]}",
    0};

const char *schedule_type_name(enum schedule_type v) { return schedule_words[v]; }

/* ---- gradient_clip: none or a norm; hook_limit: none or seconds ---- */

static void none_or_fill(struct check *c, const node *n, const char *path, double most, const char *expects, void *out)
{
    static const char *const words[] = {"none", NULL};
    double value = 0;
    bool none = n->kind == NODE_TEXT && strcmp(n->text, "none") == 0;
    if (!none && (n->kind != NODE_TEXT || n->quoted || !number_real(n->text, &value) || value <= 0 || value > most)) {
        row_refuse_word(c, n, path, expects, words);
        return;
    }
    *(double *)out = value;
}

static void clip_fill(struct check *c, const node *n, const char *path, void *out)
{
    none_or_fill(c, n, path, 1e12, special_clip.expects, out);
}
const struct special special_clip = {
    "none, or a number above 0, at most 1e12", clip_fill,
    "{\"oneOf\": [{\"const\": \"none\"}, {\"type\": \"number\", \"exclusiveMinimum\": 0, \"maximum\": 1e12}]}", 0};

static void limit_fill(struct check *c, const node *n, const char *path, void *out)
{
    none_or_fill(c, n, path, 1e9, special_limit.expects, out);
}
const struct special special_limit = {
    "none, or a number above 0, at most 1e9", limit_fill,
    "{\"oneOf\": [{\"const\": \"none\"}, {\"type\": \"number\", \"exclusiveMinimum\": 0, \"maximum\": 1e9}]}", 0};
