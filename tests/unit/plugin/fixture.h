/* A session as a cell has it: the real engine, rows of a data set, a small network; and guests, strategies without hooks
 * of their own, through whose hosts a test calls the tables. */
#ifndef PERDURE_TESTS_PLUGIN_FIXTURE_H
#define PERDURE_TESTS_PLUGIN_FIXTURE_H
#include "folder.h"

#include <math.h>

#include "plugin/host.h"

#define DIGITS "{set: digits}"

/* Tests of memories are built once a place where rows may lie, and for a device. */
#ifndef WHERE
#define WHERE "ram"
#endif
#ifndef DEVICE
#define DEVICE "cpu"
#endif
#define KEPT(options) "{" options ", where: " WHERE "}"

static const struct engine *E;
static const pdr_tensor_api *T;

static inline int engine_begin(void **state)
{
    error e = {0};
    const engine_options options = {DEVICE, 1, true};
    if (engine_load(&E, &e) || E->open(&options, NULL, &e)) {
        print_error("%s\n", e.text);
        return -1;
    }
    T = E->tensor;
    return folder_begin(state);
}

/* ---- guests ---- */

static inline pdr_status guest_create(const pdr_host *host, const void *config, void **self)
{
    (void)config;
    *self = (void *)(uintptr_t)host;
    return PDR_OK;
}
static inline void guest_destroy(void *self) { (void)self; }
static const pdr_hooks guest_hooks = {.struct_size = sizeof(pdr_hooks)};
static const pdr_plugin guest_descriptor = {.abi_version = PDR_ABI_VERSION,
                                            .struct_size = sizeof(pdr_plugin),
                                            .name = "guest",
                                            .version = "1.0",
                                            .summary = "a test's way in",
                                            .flags = PDR_DIFFERENTIATES_MODEL,
                                            .hooks = &guest_hooks,
                                            .create = guest_create,
                                            .destroy = guest_destroy};
static const plugin guest = {.descriptor = &guest_descriptor};

/* ---- a session ---- */

enum { GUESTS = 3 };

typedef struct house {
    struct scenario *scenario;
    dataset *data;
    stream *stream;
    pdr_model *model;
    host_session session;
    strategy strategies[GUESTS];
    host_task task; /* the first of the stream */
    int64_t *labels;
    text said; /* every note and point, one a line */
} house;

static inline void house_note(void *self, pdr_level level, const char *line)
{
    text_addf(self, "%d %s\n", (int)level, line);
}
static inline void house_point(void *self, const char *name, double value) { text_addf(self, "%s=%g\n", name, value); }

static inline void house_read(house *h, const char *data)
{
    error e = {0};
    faults f;
    char *yaml = SAID("perdure: 1\ndata: %s\nstream: {split: {by: class, tasks: 5}, scenario: class-il}\n"
                      "methods: [{name: a}]\n",
                      data);
    char *path = written("s.yaml", yaml);
    faults_begin(&f, path);
    if (scenario_read(path, NULL, 0, &h->scenario, &f, &e) || dataset_open(h->scenario, &h->data, &e) ||
        stream_open(h->scenario, h->data, 3, &h->stream, &e)) {
        faults_print(&f);
        fail_msg("%s", e.text);
    }
    faults_free(&f);
}

static inline void house_task(house *h)
{
    const stream_task *t = &h->stream->tasks[0];
    h->labels = alloc_zero((size_t)t->train_count, sizeof *h->labels);
    for (int64_t i = 0; i < t->train_count; i++)
        h->labels[i] = h->stream->column_of[h->data->train.label[t->train[i]]];
    engine_mask all = {.count = h->stream->columns, .columns = h->stream->columns};
    h->task = (host_task){.task = {.struct_size = sizeof(pdr_task),
                                   .row_count = t->train_count,
                                   .class_count = t->class_count,
                                   .classes = t->columns,
                                   .seen_before = t->seen_before,
                                   .seen = t->seen,
                                   .columns = h->stream->columns,
                                   .shape = h->data->shape,
                                   .rank = h->data->rank,
                                   .model = h->model},
                          .rows = t->train,
                          .labels = h->labels,
                          .fresh = all,
                          .any = all,
                          .session = &h->session};
}

static inline house *house_open(const char *data, int64_t seed)
{
    house *h = alloc_zero(1, sizeof *h);
    error e = {0};
    static const int64_t hidden = 4;
    house_read(h, data);
    engine_network network = {.kind = "mlp",
                              .hidden = &hidden,
                              .hidden_count = 1,
                              .shape = h->data->shape,
                              .rank = h->data->rank,
                              .outputs = h->stream->columns};
    random_stream r = random_open((uint64_t)seed, "weights", "", 0);
    assert_int_equal(E->model_build(&network, &r, &h->model, &e), 0);
    h->session = (host_session){.engine = E,
                                .data = h->data,
                                .stream = h->stream,
                                .seed = (uint64_t)seed,
                                .model = h->model,
                                .strategies = h->strategies,
                                .listener = {.self = &h->said, .note = house_note, .point = house_point}};
    house_task(h);
    host_begin(&h->session);
    return h;
}

static inline void house_close(house *h)
{
    host_end(&h->session);
    E->model->discard(h->model);
    free(h->task.mingled);
    free(h->labels);
    stream_close(h->stream);
    dataset_close(h->data);
    scenario_free(h->scenario);
    text_free(&h->said);
    free(h);
}

/* Strategy i of the session; `name` stays with the caller. */
static inline strategy *invited(house *h, int i, const plugin *p, const char *name, const void *config)
{
    error e = {0};
    if (host_create(&h->session, i, p, name, config, &e))
        fail_msg("%s", e.text);
    return &h->strategies[i];
}

/* The scope of a hook of the current task. */
static inline pdr_scope *enter(strategy *s, const char *moment)
{
    house *h = (house *)(void *)((char *)s->session - offsetof(house, session));
    s->session->task = &h->task;
    return h->task.task.scope = host_enter(s, moment, PDR_NO_GRAD);
}

static inline void leave(strategy *s)
{
    error e = {0};
    if (host_leave(s, PDR_OK, &e))
        fail_msg("%s", e.text);
}

/* The hook fails with these words at the end; the strategy may go on, as none does outside of a test. */
static inline void leave_with(strategy *s, const char *words)
{
    error e = {0};
    assert_int_equal(host_leave(s, PDR_OK, &e), EXIT_FAILED);
    const char *found = strstr(e.text, ": ");
    assert_string_equal(found ? found + 2 : e.text, words);
    s->failed = 0;
}

static inline const plugin *opened(const char *path)
{
    const plugin *p;
    error e = {0};
    if (plugin_open(path, &p, &e))
        fail_msg("%s", e.text);
    return p;
}

/* A struct filled by the plugin's own table, from YAML such as "{capacity: 3}". */
static inline void *filled(const plugin *p, const char *yaml, arena *a)
{
    faults f;
    faults_begin(&f, "test");
    void *config = arena_take(a, 1, p->descriptor->config_size + 1);
    const node *n = node_parse(yaml, strlen(yaml), NULL, a, &f);
    if (param_fill(&p->parameters, n, n, "", ".", config, a, &f))
        fail_msg("the parameters of the test are wrong");
    faults_free(&f);
    return config;
}

static inline pdr_tensor *longs(pdr_scope *s, int64_t n, const int64_t *at) { return T->from(s, PDR_I64, &n, 1, at); }

#define LONGS(s, ...) \
    longs(s, (int64_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[]){__VA_ARGS__})

#endif
