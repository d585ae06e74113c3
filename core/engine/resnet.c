/* Residual networks for images of 32x32 (He et al. 2016, "Deep Residual Learning for Image Recognition", 1512.03385).
 *
 * resnet18 is the ImageNet network with a 3x3 stem and without its max pool, as continual learning has used it since GEM
 * (Lopez-Paz and Ranzato 2017; width 20 is their slim one); shortcuts that change shape are 1x1 convolutions (option B).
 * resnet32 is the CIFAR network of the paper's section 4.2, with the shortcuts of option A: every second pixel, zeros for
 * the new channels, no parameters. */
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "engine/draft.h"

typedef struct resnet {
    int64_t width;
    int stages, blocks;
    bool option_a;
} resnet;

/* Layers PREFIX.first and the one after it. */
static void conv_norm(draft *d, int64_t channels, draft_window w, const char *prefix, int first)
{
    char *conv = alloc_format("%s.%d", prefix, first), *norm = alloc_format("%s.%d", prefix, first + 1);
    draft_conv(d, channels, w, false, conv);
    if (!d->code)
        draft_norm(d, norm);
    free(conv);
    free(norm);
}

static void shortcut(draft *d, const resnet *r, int64_t channels, int64_t stride, const char *block)
{
    char name[80];
    snprintf(name, sizeof name, "%s.shortcut", block);
    d->aside = true;
    if (r->option_a)
        draft_subsample(d, channels, stride);
    else
        conv_norm(d, channels, (draft_window){1, stride, 0}, name, 0);
    d->aside = false;
}

static void block_draft(draft *d, const resnet *r, int64_t channels, int64_t stride, const char *name)
{
    bool changes = stride != 1 || d->shape.at[0] != channels;
    draft_save(d);
    conv_norm(d, channels, (draft_window){3, stride, 1}, name, 0);
    draft_plain(d, ENGINE_RELU, 0);
    conv_norm(d, channels, (draft_window){3, 1, 1}, name, 2);
    if (changes && !d->code)
        shortcut(d, r, channels, stride, name);
    draft_add(d);
    draft_plain(d, ENGINE_RELU, 0);
}

static void resnet_draft(draft *d, const resnet *r)
{
    if (!draft_maps(d) ||
        !draft_expect(d, r->width > 0 && r->width < INT32_MAX, "1 or more", "a width of %lld", (long long)r->width))
        return;
    conv_norm(d, r->width, (draft_window){3, 1, 1}, "stem", 0);
    draft_plain(d, ENGINE_RELU, 0);
    for (int i = 0; i < r->stages; i++)
        for (int j = 0; j < r->blocks && !d->code; j++) {
            char name[40];
            snprintf(name, sizeof name, "stage.%d.%d", i, j);
            block_draft(d, r, r->width << i, i && !j ? 2 : 1, name);
        }
    draft_mean(d);
}

void resnet18_draft(draft *d) { resnet_draft(d, &(resnet){d->asked->width ? d->asked->width : 64, 4, 2, false}); }

void resnet32_draft(draft *d) { resnet_draft(d, &(resnet){d->asked->width ? d->asked->width : 16, 3, 5, true}); }
