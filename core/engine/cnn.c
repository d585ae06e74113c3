/* A small convolutional network: convolutions that keep the size of their maps, each halved by a max pool, then as mlp. */
#include <stdio.h>

#include "engine/draft.h"

static void stage_draft(draft *d, int64_t i, int64_t kernel)
{
    char name[40];
    snprintf(name, sizeof name, "conv.%lld", (long long)i);
    draft_conv(d, d->asked->channels[i], (draft_window){kernel, 1, kernel / 2}, true, name);
    snprintf(name, sizeof name, "norm.%lld", (long long)i);
    if (d->asked->batch_norm && !d->code)
        draft_norm(d, name);
    draft_plain(d, ENGINE_RELU, 0);
    if (d->shape.at[1] >= 2 && d->shape.at[2] >= 2)
        draft_pool(d, ENGINE_MAX_POOL, (draft_window){2, 2, 0});
}

void cnn_draft(draft *d)
{
    const engine_network *n = d->asked;
    int64_t kernel = n->kernel ? n->kernel : 3;
    if (!draft_maps(d) ||
        !draft_expect(d, n->channel_count > 0, "1 or more", "%lld convolutions", (long long)n->channel_count) ||
        !draft_expect(d, kernel > 0 && kernel % 2 == 1, "an odd one, so that maps keep their size", "a kernel of %lld",
                      (long long)kernel))
        return;
    for (int64_t i = 0; i < n->channel_count && !d->code; i++)
        stage_draft(d, i, kernel);
    draft_flatten(d);
    draft_hidden(d);
}
