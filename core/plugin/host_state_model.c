/* Networks on a shelf: parameters and running means, laid into what has their form. The network in training and its snapshots
 * come back as a snapshot of it, with fewer heads where they had fewer then; a network of build() and its snapshots are
 * built again as they were. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "plugin/host.h"

/* KEY alone holds the parameters; what else belongs to the network stands under KEY/PART. */
static char *key_of(const char *key, const char *part) { return alloc_format("%s/%s", key ? key : "", part); }

enum { TRAINED = 't', FROZEN = 'f' }; /* in front of a recipe */

/* ---- put ---- */

static void recipe_put(pdr_state *s, const char *key, const pdr_model *m)
{
    const struct engine *e = host_engine();
    const char *recipe = e->model_recipe(m);
    char *name = key_of(key, "built");
    char *kept = recipe ? alloc_format("%c%s", e->model_frozen(m) ? FROZEN : TRAINED, recipe) : NULL;
    host_state_api.put_bytes(s, name, kept, kept ? strlen(kept) + 1 : 0);
    free(kept);
    free(name);
}

static void dropout_put(pdr_state *s, const char *key, pdr_model *m)
{
    const random_stream *r = host_engine()->model_stream(m);
    char *name = key_of(key, "dropout");
    host_state_api.put_bytes(s, name, (const uint64_t[]){r->key, r->drawn}, 2 * sizeof(uint64_t));
    free(name);
}

static void buffers_put(pdr_state *s, const char *key, pdr_model *m)
{
    char *name = key_of(key, "buffers");
    host_state_api.put_tensor(s, name, host_engine()->model_buffers(m));
    free(name);
}

/* KEY/gates/NUMBER/LAYER/WHO: the mask. */
static void gates_put(pdr_state *s, const char *key, const pdr_model *m)
{
    const struct engine *e = host_engine();
    for (int64_t i = 0; i < e->gate_count(m); i++) {
        const char *who = NULL;
        int64_t layer = 0;
        const pdr_tensor *mask = e->gate_at(m, i, &who, &layer);
        char *name = alloc_format("%s/gates/%lld/%lld/%s", key ? key : "", (long long)i, (long long)layer, who);
        host_state_api.put_tensor(s, name, mask);
        free(name);
    }
}

void state_put_model(pdr_state *s, const char *key, const pdr_model *m)
{
    pdr_model *one = (pdr_model *)(uintptr_t)m;
    if (!m)
        return;
    host_state_api.put_tensor(s, key, host_engine()->model->flat_params(one));
    recipe_put(s, key, m);
    buffers_put(s, key, one);
    dropout_put(s, key, one);
    gates_put(s, key, m);
}

/* ---- get ---- */

/* `saved` [n] into the tensor that the network has for it. */
static void values_lay(pdr_state *s, const char *key, pdr_tensor *into, const pdr_tensor *saved)
{
    const struct engine *e = host_engine();
    pdr_scope *scope = e->tensor->open(NULL, PDR_NO_GRAD);
    int64_t has = e->tensor->size(saved, PDR_ALL), wants = e->tensor->size(into, PDR_ALL);
    if (has != wants)
        shelf_fail(s, PDR_EINVALID, "state: %s has %lld numbers; the network has %lld", key, (long long)has,
                   (long long)wants);
    else if (e->tensor->copy(scope, into, saved) != PDR_OK)
        shelf_fail(s, PDR_EENGINE, "state: %s cannot be laid into a network", key);
    e->tensor->close(scope);
}

static void buffers_lay(pdr_state *s, const char *key, pdr_model *m)
{
    const struct engine *e = host_engine();
    char *name = key_of(key, "buffers");
    pdr_tensor *saved = s->failed ? NULL : host_state_api.get_tensor(s, name);
    if (saved)
        values_lay(s, name, e->model_buffers(m), saved);
    else if (e->model_buffers(m))
        shelf_fail(s, PDR_EINVALID, "state: %s is not there; the network has running means", name);
    e->tensor->release(saved);
    free(name);
}

static void dropout_lay(pdr_state *s, const char *key, pdr_model *m)
{
    uint64_t stood[2];
    char *name = key_of(key, "dropout");
    random_stream *r = host_engine()->model_stream(m);
    if (host_state_api.get_bytes(s, name, stood, sizeof stood) == sizeof stood) {
        r->key = stood[0];
        random_seek(r, stood[1]);
    } else {
        shelf_fail(s, PDR_EINVALID, "state: %s is not there, or has another length", name);
    }
    free(name);
}

static void gate_lay(pdr_state *s, const char *name, const char *place, pdr_model *m)
{
    const struct engine *e = host_engine();
    char *who = NULL;
    int64_t layer = strtoll(place, &who, 10);
    pdr_scope *scope = e->tensor->open(NULL, PDR_NO_GRAD);
    pdr_tensor *mask = host_state_api.get_tensor(s, name);
    if (e->model_gate(scope, m, *who ? who + 1 : who, layer, mask) != PDR_OK)
        shelf_fail(s, PDR_EINVALID, "state: %s: %s", name, e->scope_message(scope));
    e->tensor->release(mask);
    e->tensor->close(scope);
}

/* A snapshot of the network in training has that one's gates of now until it gets its own. */
static void gates_lay(pdr_state *s, const char *key, pdr_model *m)
{
    const struct engine *e = host_engine();
    e->gates_clear(m);
    for (int64_t i = 0; !s->failed; i++) {
        char *place = alloc_format("%s/gates/%lld/", key ? key : "", (long long)i);
        const shelf_entry *entry = shelf_find_under(s, place);
        if (entry)
            gate_lay(s, entry->key, entry->key + strlen(place), m);
        free(place);
        if (!entry)
            return;
    }
}

static pdr_model *training_form(pdr_state *s, const pdr_tensor *saved)
{
    const struct engine *e = host_engine();
    pdr_model *m = e->model->snapshot(&s->owner->host, s->owner->session->model);
    if (e->tensor->size(saved, PDR_ALL) < e->model_size(m))
        e->model_cut(m, e->tensor->size(saved, PDR_ALL)); /* where it cannot, the sizes tell */
    return m;
}

/* A network whose layers and blocks are those of the saved one. */
static pdr_model *form_of(pdr_state *s, const char *key, const pdr_tensor *saved, bool *freeze)
{
    char *name = key_of(key, "built");
    uint64_t length = host_state_api.get_bytes(s, name, NULL, 0);
    char *kept = length ? alloc_zero(length + 1, 1) : NULL; /* a file need not have the NUL */
    if (kept)
        host_state_api.get_bytes(s, name, kept, length);
    free(name);
    *freeze = kept && kept[0] == FROZEN;
    pdr_model *m = kept ? host_build_again(s->owner, kept + 1) : training_form(s, saved);
    free(kept);
    return m;
}

/* A snapshot in the place of the network that it is of. */
static pdr_model *frozen(pdr_state *s, pdr_model *m)
{
    const struct engine *e = host_engine();
    pdr_model *copy = e->model->snapshot(&s->owner->host, m);
    if (!copy)
        shelf_fail(s, PDR_ENOMEM, "state: found no memory for a network");
    e->model->discard(m);
    return copy;
}

pdr_model *state_get_model(pdr_state *s, const char *key)
{
    const struct engine *e = host_engine();
    bool freeze = false;
    pdr_tensor *saved = host_state_api.get_tensor(s, key);
    pdr_model *m = saved ? form_of(s, key, saved, &freeze) : NULL;
    if (saved && !m)
        shelf_fail(s, PDR_ENOMEM, "state: %s cannot be built again", key);
    if (m) {
        values_lay(s, key, e->model->flat_params(m), saved);
        buffers_lay(s, key, m);
        gates_lay(s, key, m);
    }
    e->tensor->release(saved);
    if (m && freeze && !s->failed)
        m = frozen(s, m);
    if (m && !s->failed)
        dropout_lay(s, key, m);
    if (m && s->failed) {
        e->model->discard(m);
        m = NULL;
    }
    return m;
}
