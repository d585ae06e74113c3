/* The outline of a network: its layers and blocks, and no numbers yet. Nothing of LibTorch is needed for it, so that
 * `perdure` can refuse a network that does not fit the data before a cell starts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "engine/draft.h"

static const struct network_kind {
    const char *name;
    void (*draft)(draft *d);
} KINDS[] = {{"mlp", mlp_draft},
             {"cnn", cnn_draft},
             {"resnet18", resnet18_draft},
             {"resnet32", resnet32_draft},
             {"layers", listed_draft}};

static const struct network_kind *kind_named(const char *name)
{
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
        if (name && strcmp(KINDS[i].name, name) == 0)
            return &KINDS[i];
    return NULL;
}

/* ---- heads ---- */

int64_t heads_count(const pdr_model *m) { return (m->blocks.count - m->head) / 2; }

int heads_add(pdr_model *m, int64_t columns, error *e)
{
    char name[40] = "head", full[64];
    if (m->grows)
        snprintf(name, sizeof name, "head.%lld", (long long)heads_count(m));
    snprintf(full, sizeof full, "%s.weight", name);
    model_block weight = {.about = {.kind = PDR_HEAD_WEIGHT,
                                    .rank = 2,
                                    .shape = {columns, m->depth},
                                    .first_column = m->columns,
                                    .columns = columns,
                                    .name = full},
                          .fan_in = m->depth};
    model_block bias = weight;
    int code = part_add(&m->blocks, &weight, e);
    snprintf(full, sizeof full, "%s.bias", name);
    bias.about.kind = PDR_HEAD_BIAS;
    bias.about.rank = 1;
    bias.about.shape[1] = 0;
    code = code ? code : part_add(&m->blocks, &bias, e);
    m->columns += code ? 0 : columns;
    return code;
}

/* ---- the whole ---- */

static int check_network(const engine_network *n, error *e)
{
    if (!kind_named(n->kind))
        return error_set(e, EXIT_SCENARIO,
                         "network: found kind \"%s\"; expected mlp, cnn, resnet18, resnet32 or layers",
                         n->kind ? n->kind : "");
    int64_t inputs = 1;
    bool sizes = (n->outputs > 0 || (n->grows && n->outputs == 0)) && n->rank >= 0 && n->hidden_count >= 0;
    for (int64_t i = 0; sizes && i < n->hidden_count; i++)
        sizes = n->hidden[i] > 0;
    for (int64_t i = 0; sizes && i < n->rank; i++)
        sizes = n->shape[i] > 0 && !__builtin_mul_overflow(inputs, n->shape[i], &inputs);
    return sizes ? 0 : error_set(e, EXIT_SCENARIO, "network: found a size below 1; expected 1 or more everywhere");
}

static int lay_out(pdr_model *m, const engine_network *n, error *e)
{
    m->grows = n->grows;
    m->inputs = 1;
    for (int64_t i = 0; i < n->rank; i++)
        m->inputs *= n->shape[i];
    draft d = {.m = m, .asked = n, .number = -1, .e = e};
    kind_named(n->kind)->draft(&d);
    draft_flatten(&d);
    m->depth = d.shape.at[0];
    m->head = m->blocks.count;
    return d.code || !n->outputs ? d.code : heads_add(m, n->outputs, e);
}

void outline_free(pdr_model *m)
{
    part_clear(&m->blocks);
    part_clear(&m->buffers);
    free(m->layers);
    free(m->recipe);
    free(m);
}

int outline_make(const engine_network *n, pdr_model **out, error *e)
{
    *out = NULL;
    int code = check_network(n, e);
    if (code)
        return code;
    pdr_model *m = alloc_zero(1, sizeof *m);
    m->kind = kind_named(n->kind)->name;
    m->reached = -1;
    code = lay_out(m, n, e);
    if (code)
        outline_free(m);
    else
        *out = m;
    return code;
}

int engine_network_check(const engine_network *n, error *e)
{
    pdr_model *m = NULL;
    int code = outline_make(n, &m, e);
    if (!code)
        outline_free(m);
    return code;
}
