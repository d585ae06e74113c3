/* Optimizers on a shelf: averages, counts of updates and births, to the bit. All of them are looked at before the first is
 * laid: an optimizer that they do not fit stays as it was. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "plugin/host.h"

static const char *const AVERAGES[] = {"momentum", "first", "second"};
enum { AVERAGE_COUNT = 3 };

/* KEY holds count and kind; the parts of network i stand under KEY/i/PART. */
static char *key_of(const char *key, int64_t i, const char *part)
{
    return alloc_format("%s/%lld/%s", key ? key : "", (long long)i, part);
}

static const char *kind_name(int64_t kind)
{
    return kind == ENGINE_SGD ? "sgd" : kind == ENGINE_ADAM ? "adam" : kind == ENGINE_ADAMW ? "adamw" : "unknown";
}

/* ---- put ---- */

static void part_put(pdr_state *s, const char *key, int64_t i, const pdr_optim *o)
{
    const struct engine *e = host_engine();
    char *steps = key_of(key, i, "steps"), *births = key_of(key, i, "births");
    uint64_t blocks = (uint64_t)e->model->block_count(o->models[i]);
    host_state_api.put_bytes(s, steps, e->optimizer_steps(o->parts[i]), sizeof(int64_t));
    host_state_api.put_bytes(s, births, e->optimizer_births(o->parts[i]), blocks * sizeof(int64_t));
    for (int k = 0; k < AVERAGE_COUNT; k++) {
        char *name = key_of(key, i, AVERAGES[k]);
        host_state_api.put_tensor(s, name, e->optimizer_state(o->parts[i], AVERAGES[k]));
        free(name);
    }
    free(steps);
    free(births);
}

void state_put_optim(pdr_state *s, const char *key, const pdr_optim *o)
{
    if (!o)
        return;
    host_state_api.put_bytes(s, key, (const int64_t[]){o->count, o->kind}, 2 * sizeof(int64_t));
    for (int64_t i = 0; i < o->count; i++)
        part_put(s, key, i, o);
}

/* ---- get ---- */

static bool sizes_agree(pdr_state *s, const char *name, uint64_t has, uint64_t wants)
{
    if (has != wants)
        shelf_fail(s, PDR_EINVALID, "state: %s has %llu bytes; the optimizer has %llu", name, (unsigned long long)has,
                   (unsigned long long)wants);
    return has == wants;
}

static uint64_t saved_bytes(const pdr_state *s, const char *name)
{
    const shelf_entry *entry = shelf_find(s, name);
    return entry ? entry->count : 0;
}

/* A part of the shelf as bytes, whatever it was laid as; *bytes 0: the optimizer has none of it. */
typedef struct place {
    char *name;
    void *at;           /* numbers on the host, */
    pdr_tensor *tensor; /* or the averages */
    uint64_t bytes;
} place;

enum { PLACES = AVERAGE_COUNT + 2 };

static void places_of(const char *key, int64_t i, const pdr_optim *o, place places[PLACES])
{
    const struct engine *e = host_engine();
    places[0] = (place){key_of(key, i, "steps"), e->optimizer_steps(o->parts[i]), NULL, sizeof(int64_t)};
    places[1] = (place){key_of(key, i, "births"), e->optimizer_births(o->parts[i]), NULL,
                        (uint64_t)e->model->block_count(o->models[i]) * sizeof(int64_t)};
    for (int k = 0; k < AVERAGE_COUNT; k++) {
        pdr_tensor *t = e->optimizer_state(o->parts[i], AVERAGES[k]);
        places[k + 2] = (place){key_of(key, i, AVERAGES[k]), NULL, t,
                                t ? (uint64_t)e->tensor->size(t, PDR_ALL) * sizeof(float) : 0};
    }
}

static void place_lay(pdr_state *s, const place *p)
{
    const struct engine *e = host_engine();
    if (p->at)
        host_state_api.get_bytes(s, p->name, p->at, p->bytes);
    if (!p->tensor)
        return;
    pdr_scope *scope = e->tensor->open(NULL, PDR_NO_GRAD);
    pdr_tensor *saved = host_state_api.get_tensor(s, p->name);
    if (e->tensor->copy(scope, p->tensor, saved) != PDR_OK)
        shelf_fail(s, PDR_EENGINE, "state: %s cannot be laid into an optimizer", p->name);
    e->tensor->release(saved);
    e->tensor->close(scope);
}

/* Looks at the parts of network i, or, with `lay`, lays them. */
static void part_get(pdr_state *s, const char *key, int64_t i, const pdr_optim *o, bool lay)
{
    place places[PLACES];
    places_of(key, i, o, places);
    for (int k = 0; k < PLACES; k++) {
        if (lay)
            place_lay(s, &places[k]);
        else
            sizes_agree(s, places[k].name, saved_bytes(s, places[k].name), places[k].bytes);
        free(places[k].name);
    }
}

static void head_check(pdr_state *s, const char *key, const pdr_optim *o)
{
    int64_t head[2] = {0, -1};
    if (host_state_api.get_bytes(s, key, head, sizeof head) != sizeof head)
        shelf_fail(s, PDR_EINVALID, "state: %s holds no optimizer; expected one", key);
    else if (head[0] != o->count)
        shelf_fail(s, PDR_EINVALID, "state: %s has an optimizer of %lld networks; expected one of %lld", key,
                   (long long)head[0], (long long)o->count);
    else if (head[1] != (int64_t)o->kind)
        shelf_fail(s, PDR_EINVALID, "state: %s has the averages of %s; expected those of %s", key, kind_name(head[1]),
                   kind_name(o->kind));
}

pdr_status state_get_optim(pdr_state *s, const char *key, pdr_optim *into)
{
    if (s->failed)
        return s->failed;
    if (!key || !shelf_find(s, key))
        return PDR_ENOTFOUND;
    if (!into)
        return PDR_EINVALID;
    head_check(s, key, into);
    for (int lay = 0; lay < 2; lay++)
        for (int64_t i = 0; i < into->count && !s->failed; i++)
            part_get(s, key, i, into, lay);
    return s->failed;
}
