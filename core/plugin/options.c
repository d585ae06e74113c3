/* From the words of a scenario to what the engine takes: for the cell's own network and optimizer and for those that
 * strategies make. */
#include "plugin/options.h"

static const engine_layer_kind layer_kinds[] = {[LAYER_LINEAR] = ENGINE_LINEAR,
                                                [LAYER_CONV] = ENGINE_CONV,
                                                [LAYER_BATCH_NORM] = ENGINE_BATCH_NORM,
                                                [LAYER_RELU] = ENGINE_RELU,
                                                [LAYER_LEAKY_RELU] = ENGINE_LEAKY_RELU,
                                                [LAYER_TANH] = ENGINE_TANH,
                                                [LAYER_SIGMOID] = ENGINE_SIGMOID,
                                                [LAYER_MAX_POOL] = ENGINE_MAX_POOL,
                                                [LAYER_AVERAGE_POOL] = ENGINE_AVERAGE_POOL,
                                                [LAYER_FLATTEN] = ENGINE_FLATTEN,
                                                [LAYER_DROPOUT] = ENGINE_DROPOUT};

engine_network network_of(const struct network_options *o, arena *a)
{
    engine_layer *layers = arena_take(a, (size_t)o->layers.count + 1, sizeof *layers);
    for (int64_t i = 0; i < o->layers.count; i++) {
        const struct layer_options *l = &o->layers.at[i];
        layers[i] = (engine_layer){layer_kinds[l->kind], l->size, l->kernel, l->stride, l->padding, l->rate};
    }
    return (engine_network){.kind = network_type_name(o->type),
                            .hidden = o->hidden.at,
                            .hidden_count = o->hidden.count,
                            .channels = o->channels.at,
                            .channel_count = o->channels.count,
                            .kernel = o->kernel,
                            .batch_norm = o->batch_norm,
                            .width = o->width,
                            .layers = layers,
                            .layer_count = o->layers.count};
}

engine_optimizer_options optimizer_of(const struct optimizer_options *o)
{
    static const engine_optimizer_kind kinds[] = {
        [OPTIMIZER_SGD] = ENGINE_SGD, [OPTIMIZER_ADAM] = ENGINE_ADAM, [OPTIMIZER_ADAMW] = ENGINE_ADAMW};
    return (engine_optimizer_options){.kind = kinds[o->type],
                                      .momentum = o->momentum,
                                      .weight_decay = o->weight_decay,
                                      .beta1 = o->beta1,
                                      .beta2 = o->beta2,
                                      .epsilon = o->epsilon};
}
