/* Networks of a strategy's own, and optimizers over them: what a generator, a critic or an autoencoder is made of. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "plugin/host.h"
#include "plugin/options.h"

/* ---- networks ---- */

/* What was asked for in one line, "OUTPUTS RANK SIZE ... YAML", so that a checkpoint can build it again. */
static char *recipe_write(const char *network_yaml, const int64_t *shape, int64_t rank, int64_t outputs)
{
    text out = {0};
    text_addf(&out, "%lld %lld ", (long long)outputs, (long long)rank);
    for (int64_t i = 0; i < rank; i++)
        text_addf(&out, "%lld ", (long long)shape[i]);
    text_addf(&out, "%s", network_yaml);
    return out.at;
}

static pdr_model *network_make(strategy *s, const char *network_yaml, const int64_t *shape, int64_t rank,
                               int64_t outputs, random_stream *r)
{
    const struct engine *e = host_engine();
    struct network_options options;
    pdr_model *m = NULL;
    error why = {0};
    arena *a = arena_open();
    if (!network_options_parse(network_yaml, "network", &options, a, &why)) {
        engine_network network = network_of(&options, a);
        network.shape = shape;
        network.rank = rank;
        network.outputs = outputs;
        e->model_build(&network, r, &m, &why);
    }
    if (why.code)
        host_fail(s, why.code == EXIT_SCENARIO ? PDR_EINVALID : PDR_ENOMEM, "build: %s", why.text);
    if (m) {
        char *recipe = recipe_write(network_yaml, shape, rank, outputs);
        e->model_claim(&s->host, m, recipe);
        free(recipe);
    }
    arena_close(a);
    return m;
}

static pdr_model *host_build(const pdr_host *h, const char *network_yaml, const int64_t *shape, int64_t rank,
                             int64_t outputs)
{
    strategy *s = host_strategy(h);
    if (network_yaml && (shape || !rank))
        return network_make(s, network_yaml, shape, rank, outputs, host_stream_next(s, "host.network"));
    host_fail(s, PDR_EINVALID, "build: found no %s; expected one", network_yaml ? "shape" : "network");
    return NULL;
}

static int64_t recipe_number(const char **at)
{
    char *end = NULL;
    int64_t n = strtoll(*at, &end, 10);
    *at = *end ? end + 1 : end;
    return n;
}

pdr_model *host_build_again(strategy *s, const char *recipe)
{
    int64_t outputs = recipe_number(&recipe), rank = recipe_number(&recipe), room = (int64_t)strlen(recipe);
    int64_t *shape = alloc_zero((size_t)(rank > 0 ? rank : 0) + 1, sizeof *shape);
    for (int64_t i = 0; i < rank && i < room; i++)
        shape[i] = recipe_number(&recipe);
    random_stream any = random_open(0, "", "", 0); /* its values come from the checkpoint */
    pdr_model *m = network_make(s, recipe, shape, rank, outputs, &any);
    free(shape);
    return m;
}

/* An optimizer that holds it; NULL: none does. */
static const strategy *holder_of(const host_session *session, const pdr_model *m)
{
    for (int i = 0; i < session->count; i++)
        for (int64_t j = 0; j < session->strategies[i].optim_count; j++)
            for (int64_t k = 0; k < session->strategies[i].optims[j]->count; k++)
                if (session->strategies[i].optims[j]->models[k] == m)
                    return &session->strategies[i];
    return NULL;
}

static void host_discard(pdr_model *owned)
{
    strategy *s = host_running();
    if (owned && s && owned == s->session->model)
        host_fail(s, PDR_EINVALID,
                  "discard: found the network in training; expected a snapshot or a network of build()");
    else if (owned && s && holder_of(s->session, owned))
        host_fail(s, PDR_EINVALID, "discard: found a network that an optimizer holds; expected drop_optimizer() first");
    else
        host_engine()->model->discard(owned);
}

/* ---- optimizers ---- */

static void optim_free(pdr_optim *o)
{
    for (int64_t i = 0; i < o->count; i++)
        host_engine()->optimizer_close(o->parts[i]);
    free((void *)o->parts);
    free((void *)o->models);
    free(o);
}

static const char *models_fault(pdr_model *const *models, int64_t count)
{
    if (!models || count < 1)
        return "found no networks; expected one or more";
    for (int64_t i = 0; i < count; i++) {
        if (!models[i])
            return "found NULL among the networks; expected all of them";
        if (host_engine()->model_frozen(models[i]))
            return "found a snapshot, which is frozen; expected networks of build(), or the one in training";
        for (int64_t j = 0; j < i; j++)
            if (models[i] == models[j])
                return "found a network twice; expected each once";
    }
    return NULL;
}

static pdr_optim *optim_make(strategy *s, pdr_model *const *models, int64_t count,
                             const struct optimizer_options *options)
{
    const engine_optimizer_options asked = optimizer_of(options);
    pdr_optim *o = alloc_zero(1, sizeof *o);
    *o = (pdr_optim){.owner = s, .kind = asked.kind, .lr = options->lr};
    o->models = alloc_zero((size_t)count, sizeof(pdr_model *));
    o->parts = alloc_zero((size_t)count, sizeof(engine_optimizer *));
    for (int64_t i = 0; i < count; i++) {
        o->models[i] = models[i];
        o->parts[i] = host_engine()->optimizer_open(models[i], &asked);
        o->count++;
        if (o->parts[i])
            continue;
        host_fail(s, PDR_ENOMEM, "optimizer: found no memory for its averages");
        optim_free(o);
        return NULL;
    }
    s->optims = alloc_again(s->optims, (size_t)s->optim_count + 1, sizeof(pdr_optim *));
    return s->optims[s->optim_count++] = o;
}

static pdr_optim *host_optimizer(const pdr_host *h, pdr_model *const *models, int64_t count, const char *optimizer_yaml)
{
    strategy *s = host_strategy(h);
    struct optimizer_options options;
    pdr_optim *o = NULL;
    error why = {0};
    arena *a = arena_open();
    for (int64_t i = 0; models && i < count; i++)
        if (models[i] && models[i] == s->session->model)
            host_acts(s, "an optimizer over the network in training");
    const char *fault = optimizer_yaml ? models_fault(models, count) : "found no options; expected them";
    if (fault)
        host_fail(s, PDR_EINVALID, "optimizer: %s", fault);
    else if (optimizer_options_parse(optimizer_yaml, "optimizer", &options, a, &why))
        host_fail(s, PDR_EINVALID, "%s", why.text);
    else
        o = optim_make(s, models, count, &options);
    arena_close(a);
    return o;
}

/* In a step the host differentiates and updates the network in training itself. */
static bool training_is_at_rest(const host_session *session)
{
    return !strcmp(session->moment, "before_task") || !strcmp(session->moment, "after_task");
}

static pdr_status host_descend(pdr_scope *s, pdr_optim *o, const pdr_tensor *loss)
{
    if (!o || !loss)
        return PDR_EINVALID;
    const host_session *session = o->owner->session;
    for (int64_t i = 0; i < o->count; i++)
        if (o->models[i] == session->model && !training_is_at_rest(session))
            return scope_fail(s, PDR_EINVALID,
                              "descend: found the network in training among the optimizer's in hook %s; expected that "
                              "in before_task and after_task only",
                              session->moment);
    return host_engine()->descend(s, o->parts, o->count, o->lr, loss);
}

static void host_drop_optimizer(pdr_optim *owned)
{
    strategy *s = host_running();
    if (!owned)
        return;
    for (int64_t i = 0; s && i < s->optim_count; i++) {
        if (s->optims[i] != owned)
            continue;
        s->optims[i] = s->optims[--s->optim_count];
        optim_free(owned);
        return;
    }
    host_fail(s, PDR_EINVALID, "drop_optimizer: found none of this strategy's optimizers; expected one, once");
}

void host_optims_close(strategy *s)
{
    while (s->optim_count)
        optim_free(s->optims[--s->optim_count]);
    free((void *)s->optims);
    s->optims = NULL;
}

void host_build_fill(pdr_model_api *table)
{
    table->build = host_build;
    table->discard = host_discard;
    table->optimizer = host_optimizer;
    table->descend = host_descend;
    table->drop_optimizer = host_drop_optimizer;
}
