/* Flat buffers as plain numbers, and hooks called one by one. */
#ifndef PERDURE_TESTS_PLUGIN_NUMBERS_H
#define PERDURE_TESTS_PLUGIN_NUMBERS_H
#include "fixture.h"

static inline const plugin *shipped(const char *name)
{
    const plugin *p;
    error e = {0};
    if (plugin_find(name, &p, &e))
        fail_msg("%s", e.text);
    return p;
}

static inline void saved_by(strategy *s, pdr_state *shelf)
{
    *shelf = (pdr_state){.owner = s};
    enter(s, "save");
    assert_int_equal(s->plugin->hooks.save(s->self, shelf), PDR_OK);
    leave(s);
    assert_int_equal(shelf->failed, 0);
}

static inline void loaded_by(strategy *s, pdr_state *shelf)
{
    shelf->owner = s;
    enter(s, "load");
    assert_int_equal(s->plugin->hooks.load(s->self, shelf, s->plugin->descriptor->state_version), PDR_OK);
    leave(s);
}

static inline void same_shelves(const pdr_state *a, const pdr_state *b)
{
    assert_int_equal(a->count, b->count);
    for (int64_t i = 0; i < a->count; i++) {
        assert_string_equal(a->entries[i].key, b->entries[i].key);
        assert_int_equal(a->entries[i].count, b->entries[i].count);
        assert_memory_equal(a->entries[i].bytes, b->entries[i].bytes, a->entries[i].count);
    }
}

static inline int64_t flat_size(const house *h) { return T->size(E->model->flat_params(h->model), 0); }

static inline void flat_write(pdr_tensor *flat, const float *at)
{
    pdr_scope *s = E->tensor->open(NULL, PDR_NO_GRAD);
    int64_t n = T->size(flat, 0);
    T->copy(s, flat, T->from(s, PDR_F32, &n, 1, at));
    assert_int_equal(T->close(s), PDR_OK);
}

/* To be freed. */
static inline float *flat_read(const pdr_tensor *flat)
{
    int64_t n = T->size(flat, 0);
    float *at = alloc_zero((size_t)n, sizeof *at);
    assert_int_equal(T->read(flat, PDR_F32, at, (uint64_t)n * sizeof *at), PDR_OK);
    return at;
}

/* A hook of a task or of a step, by its name. */
#define TASK_HOOK(s, house, hook)                                                          \
    do {                                                                                   \
        enter(s, #hook);                                                                   \
        assert_int_equal((s)->plugin->hooks.hook((s)->self, &(house)->task.task), PDR_OK); \
        leave(s);                                                                          \
    } while (0)
#define STEP_HOOK(s, at, hook)                                                     \
    do {                                                                           \
        (at)->step.scope = enter(s, #hook);                                        \
        assert_int_equal((s)->plugin->hooks.hook((s)->self, &(at)->step), PDR_OK); \
        leave(s);                                                                  \
    } while (0)

#endif
