/* A network while it is put together: constructors of the kinds append layers, and the draft checks each against the shape
 * that it gets. The first fault stays; what is appended after it changes nothing. */
#ifndef PERDURE_ENGINE_DRAFT_H
#define PERDURE_ENGINE_DRAFT_H
#include "engine/model.h"

typedef struct draft {
    pdr_model *m;
    const engine_network *asked;
    layer_shape shape, shortcut; /* of what the next layer gets */
    bool aside;                  /* the next layers work on the shortcut */
    int64_t number;              /* of the layer in network.layers that is read; -1: none */
    error *e;
    int code;
} draft;

/* A convolution without its name; padding: rows and columns of zeros on each side. */
typedef struct draft_window {
    int64_t kernel, stride, padding;
} draft_window;

void draft_linear(draft *d, int64_t units, const char *name); /* flattens first */
void draft_conv(draft *d, int64_t channels, draft_window w, bool bias, const char *name);
void draft_norm(draft *d, const char *name);
void draft_pool(draft *d, int kind, draft_window w);
void draft_plain(draft *d, int kind, double rate); /* what leaves the shape as it is */
void draft_flatten(draft *d);
void draft_mean(draft *d); /* global average pool */
void draft_save(draft *d);
void draft_add(draft *d);
void draft_subsample(draft *d, int64_t channels, int64_t stride);
/* Whether `fits`; else the draft's error: "found WORDS; expected EXPECTED". */
bool draft_expect(draft *d, bool fits, const char *expected, const char *found, ...)
    __attribute__((format(printf, 4, 5)));
/* The rows as one map or several; 78 for rows that are none. */
bool draft_maps(draft *d);
void draft_hidden(draft *d); /* mlp.c: hidden[] with ReLU between */

/* Kinds: mlp.c, cnn.c, resnet.c, listed.c. */
void mlp_draft(draft *d);
void cnn_draft(draft *d);
void resnet18_draft(draft *d);
void resnet32_draft(draft *d);
void listed_draft(draft *d);

#endif
