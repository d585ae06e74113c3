/* A network as a list of layers. Blocks are named by the layer's number in the list: "layers.3.weight". */
#include <stdio.h>
#include <string.h>

#include "engine/draft.h"

/* Rows of rank 1 as they are, others as maps. */
static void input_draft(draft *d)
{
    if (d->asked->rank == 1)
        d->m->input = d->shape = (layer_shape){1, {d->m->inputs}};
    else
        draft_maps(d);
}

static void window_draft(draft *d, const engine_layer *l, const char *name)
{
    draft_window w = {l->kernel, l->stride, l->padding};
    if (l->kind == ENGINE_CONV) {
        w.kernel = w.kernel ? w.kernel : 3;
        w.stride = w.stride ? w.stride : 1;
        draft_conv(d, l->size, w, true, name);
        return;
    }
    w.kernel = w.kernel ? w.kernel : 2;
    w.stride = w.stride ? w.stride : w.kernel;
    draft_pool(d, (int)l->kind, w);
}

static void layer_draft(draft *d, const engine_layer *l)
{
    char name[40];
    snprintf(name, sizeof name, "layers.%lld", (long long)d->number);
    switch (l->kind) {
    case ENGINE_LINEAR: draft_linear(d, l->size, name); break;
    case ENGINE_CONV:
    case ENGINE_MAX_POOL:
    case ENGINE_AVERAGE_POOL: window_draft(d, l, name); break;
    case ENGINE_BATCH_NORM: draft_norm(d, name); break;
    case ENGINE_RELU:
    case ENGINE_TANH:
    case ENGINE_SIGMOID: draft_plain(d, (int)l->kind, 0); break;
    case ENGINE_LEAKY_RELU: draft_plain(d, (int)l->kind, l->rate); break;
    case ENGINE_FLATTEN: draft_flatten(d); break;
    case ENGINE_DROPOUT:
        if (draft_expect(d, l->rate >= 0 && l->rate < 1, "0 or more and below 1", "a rate of %g", l->rate))
            draft_plain(d, (int)l->kind, l->rate);
        break;
    default: draft_expect(d, false, "one of engine_layer_kind", "a layer of kind %d", (int)l->kind);
    }
}

void listed_draft(draft *d)
{
    input_draft(d);
    for (int64_t i = 0; i < d->asked->layer_count && !d->code; i++) {
        d->number = i;
        layer_draft(d, &d->asked->layers[i]);
    }
    d->number = -1;
}
