/* The network of a method as the engine asks for it, but for the rows and the columns, which the data decide. */
#include "plan/network.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "plan/plan.h"

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

/* The engine's words begin with the key path, as "network.layers[2]: found ...". */
static int network_refuse(const struct scenario *s, const struct method_options *m, size_t number, const error *why,
                          error *e)
{
    const char *words = strstr(why->text, ": ");
    char *path = alloc_format("%.*s", words ? (int)(words - why->text) : 0, why->text);
    words = words ? words + 2 : why->text;
    char *own = NULL;
    for (const node *n = m->set ? m->set->first : NULL; n && !own; n = n->next)
        own = strncmp(n->key, "network.", 8) ? NULL : alloc_format("methods[%zu].set", number);
    int code = own ? scenario_error(s, own, EXIT_SCENARIO, e, "%s: %s", path, words)
                   : scenario_error(s, path, EXIT_SCENARIO, e, "%s", words);
    free(own);
    free(path);
    return code;
}

int plan_networks_check(const plan *p, const int64_t *shape, int64_t rank, error *e)
{
    for (int i = 0; i < p->method_count; i++) {
        engine_network network = p->methods[i].network;
        error why = {0};
        network.shape = shape;
        network.rank = rank;
        network.outputs = 1; /* a head fits whatever comes before it */
        if (engine_network_check(&network, &why))
            return network_refuse(p->scenario, p->methods[i].options, (size_t)i, &why, e);
    }
    return 0;
}
