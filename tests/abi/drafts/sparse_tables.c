/* SPDX-License-Identifier: Apache-2.0
 *
 * Can a strategy that protects the embedding tables of a recommender be written against 1.0? Synaptic intelligence (Zenke et al.
 * 2017, arXiv 1703.04200) row by row: a step credits the rows that it touched, and only their penalty is added.
 *
 * It can, with extension("perdure.tables/1") on both sides: the host's has the rows, and the plugin's own answer says before
 * training that it knows of them. No slot of 1.0 is missing. Found on the way: PDR_STRATEGY gives the descriptor no extension(), so
 * such a plugin writes its descriptor itself; model->fisher is of [P] alone, so an EWC of tables needs a fisher in the extension; and
 * the path integral of few rows is pick, add and place, as no in-place function adds into rows by index.
 */
#include <perdure/sugar.h>
#include <perdure/tables.h>

enum { MOST = 64 }; /* tables */

typedef struct {
    double c, damping;
} config;
typedef struct {
    pdr_tensor *path, *importance, *anchor; /* [rows, width]; importance NULL in the first task */
    pdr_tensor *index, *before;             /* [k], [k, width]: of the update that runs */
} table;
typedef struct {
    const pdr_host *host;
    config config;
    const pdr_tables_api *tables;
    int64_t count;
    table at[MOST];
} strategy;

#define KEY(name, kind, member) .key = name, .type = PDR_PARAM_##kind, .offset = offsetof(config, member)
static const pdr_param params[] = {{KEY("c", REAL, c), .help = "strength of the penalty", .fallback = "1", .max = 1e9},
                                   {KEY("damping", REAL, damping), .help = "bounds the importance of what hardly moved",
                                    .fallback = "0.1", .min = 1e-9, .max = 1e6},
                                   {.key = NULL}};

static pdr_status create(const pdr_host *host, const void *filled, void **self)
{
    strategy *made = (strategy *)calloc(1, sizeof *made);
    if (!made)
        return PDR_ENOMEM;
    made->host = host;
    memcpy(&made->config, filled, sizeof made->config);
    *self = made;
    return PDR_OK;
}

static void destroy(void *p)
{
    strategy *self = (strategy *)p;
    for (int64_t i = 0; self && i < self->count; i++) {
        table *t = &self->at[i];
        pdr_tensor *kept[] = {t->path, t->importance, t->anchor, t->index, t->before};
        for (int32_t k = 0; k < PDR_COUNT(kept); k++)
            self->host->tensor->release(kept[k]);
    }
    free(self);
}

static pdr_status before_run(void *p, int64_t task_count)
{
    strategy *self = (strategy *)p;
    (void)task_count;
    self->tables = (const pdr_tables_api *)self->host->extension(self->host, PDR_TABLES);
    if (!self->tables)
        return pdr_failf(self->host, PDR_EUNSUPPORTED, "found no " PDR_TABLES "; expected a host that has tables");
    return PDR_OK;
}

static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *ops = self->host->tensor;
    self->count = self->tables->count(t->model);
    if (self->count < 1 || self->count > MOST)
        return pdr_failf(self->host, PDR_EINVALID, "found %lld tables; expected 1 to %d", (long long)self->count, MOST);
    for (int64_t i = 0; i < self->count; i++) {
        pdr_tensor *rows = self->tables->rows(t->scope, t->model, i, NULL);
        pdr_hold(self->host, &self->at[i].anchor, rows);
        pdr_hold(self->host, &self->at[i].path, ops->affine(t->scope, rows, 0, 0));
    }
    return ops->status(t->scope);
}

static pdr_status after_loss(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *ops = self->host->tensor;
    pdr_status bad = PDR_OK;
    for (int64_t i = 0; !bad && i < self->count && self->at[i].importance; i++) {
        char name[32];
        pdr_tensor *index = self->tables->touched(s->scope, s, i);
        (void)snprintf(name, sizeof name, "table-%lld", (long long)i);
        pdr_hold(self->host, &self->at[i].index, index);
        bad = self->tables->add_penalty(s, i, ops->pick(s->scope, self->at[i].importance, 0, index),
                                        ops->pick(s->scope, self->at[i].anchor, 0, index), 2 * self->config.c, name);
    }
    return bad ? bad : ops->status(s->scope);
}

static pdr_status before_update(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    for (int64_t i = 0; i < self->count; i++) {
        pdr_tensor *index = self->tables->touched(s->scope, s, i);
        pdr_hold(self->host, &self->at[i].index, index);
        pdr_hold(self->host, &self->at[i].before, self->tables->rows(s->scope, s->task->model, i, index));
    }
    return self->host->tensor->status(s->scope);
}

/* path[rows] += g (w before - w after) */
static pdr_status after_update(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *ops = self->host->tensor;
    for (int64_t i = 0; i < self->count; i++) {
        table *t = &self->at[i];
        pdr_tensor *now = self->tables->rows(s->scope, s->task->model, i, t->index);
        pdr_tensor *credit =
            ops->mul(s->scope, self->tables->gradient(s->scope, s, i), ops->sub(s->scope, t->before, now));
        (void)ops->place(s->scope, t->path, t->index,
                         ops->add(s->scope, ops->pick(s->scope, t->path, 0, t->index), credit));
    }
    return ops->status(s->scope);
}

static pdr_status after_task(void *p, const pdr_task *task)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *ops = self->host->tensor;
    pdr_scope *s = task->scope;
    for (int64_t i = 0; i < self->count; i++) {
        table *t = &self->at[i];
        pdr_tensor *way = ops->sub(s, self->tables->rows(s, task->model, i, NULL), t->anchor);
        pdr_tensor *earned = ops->div(s, t->path, ops->affine(s, ops->square(s, way), 1, self->config.damping));
        earned = t->importance ? ops->add(s, t->importance, earned) : earned;
        pdr_hold(self->host, &t->importance, ops->clamp(s, earned, 0, HUGE_VAL));
    }
    return ops->status(s);
}

static void key_of(char *out, size_t room, const char *what, int64_t i)
{
    (void)snprintf(out, room, "%s-%lld", what, (long long)i);
}

static pdr_status save(void *p, pdr_state *out)
{
    const strategy *self = (const strategy *)p;
    const pdr_state_api *shelf = self->host->state;
    char key[48];
    shelf->put_bytes(out, "count", &self->count, sizeof self->count);
    for (int64_t i = 0; i < self->count; i++) {
        key_of(key, sizeof key, "path", i), shelf->put_tensor(out, key, self->at[i].path);
        key_of(key, sizeof key, "anchor", i), shelf->put_tensor(out, key, self->at[i].anchor);
        key_of(key, sizeof key, "importance", i), shelf->put_tensor(out, key, self->at[i].importance);
    }
    return PDR_OK;
}

static pdr_status load(void *p, pdr_state *in, uint32_t version)
{
    strategy *self = (strategy *)p;
    const pdr_state_api *shelf = self->host->state;
    char key[48];
    (void)version;
    int64_t count = 0;
    (void)shelf->get_bytes(in, "count", &count, sizeof count);
    if (count < 0 || count > MOST)
        return pdr_failf(self->host, PDR_EINVALID, "found %lld tables; expected 0 to %d", (long long)count, MOST);
    self->count = count;
    for (int64_t i = 0; i < self->count; i++) {
        key_of(key, sizeof key, "path", i), self->at[i].path = shelf->get_tensor(in, key);
        key_of(key, sizeof key, "anchor", i), self->at[i].anchor = shelf->get_tensor(in, key);
        key_of(key, sizeof key, "importance", i), self->at[i].importance = shelf->get_tensor(in, key);
    }
    return PDR_OK;
}

/* Before training the plan asks, and knows that tables are looked after. */
static const void *extension(const char *id)
{
    static const uint32_t knows = 1;
    return id && !strcmp(id, PDR_TABLES) ? &knows : NULL;
}

static const pdr_hooks hooks = {PDR_HOOKS,
                                .before_run = before_run,
                                .before_task = before_task,
                                .after_loss = after_loss,
                                .before_update = before_update,
                                .after_update = after_update,
                                .after_task = after_task,
                                .save = save,
                                .load = load};

static const pdr_plugin descriptor = {.abi_version = PDR_ABI_VERSION,
                                      .struct_size = sizeof(pdr_plugin),
                                      .name = "sparse_tables",
                                      .version = "1.0",
                                      .summary = "Synaptic intelligence of the rows of embedding tables",
                                      .paper = "Zenke et al. 2017, arXiv 1703.04200",
                                      .params = params,
                                      .param_size = sizeof(pdr_param),
                                      .config_size = sizeof(config),
                                      .state_version = 1,
                                      .flags = PDR_NEEDS_BOUNDARIES | PDR_USES_GRADIENT,
                                      .hooks = &hooks,
                                      .create = create,
                                      .destroy = destroy,
                                      .extension = extension};
PDR_EXPORT const pdr_plugin *perdure_plugin(void) { return &descriptor; }
