/* The host side of the plugin ABI: what a strategy's calls reach.
 *
 * A session is one cell: engine, data, model, seed, and the strategies that run in it. Its tables are filled from the
 * rooms above: tensor and model calls go straight to the engine, rows and memories to data and memory. The loop (core/train)
 * owns the moments below; their public part comes first, so that a plugin's pointer is the host's pointer. */
#ifndef PERDURE_PLUGIN_HOST_H
#define PERDURE_PLUGIN_HOST_H
#include <perdure/perdure.h>
#include <perdure/pictures.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/arrays.h"
#include "base/error.h"
#include "base/picture.h"
#include "data/data.h"
#include "engine/engine.h"
#include "memory/memory.h"
#include "plugin/mark.h"
#include "plugin/plugin.h"

#if PDR_VISIBLE_MINOR != PDR_ABI_MINOR
#error "a host sees every member of its headers: expected PDR_VISIBLE_MINOR=PDR_ABI_MINOR"
#endif

struct host_session;

/* A task as plugins see it, and its rows as only the host does. */
typedef struct host_task {
    pdr_task task;         /* first */
    const int64_t *rows;   /* [row_count + held_out] places in data->train */
    const int64_t *labels; /* [row_count + held_out] columns */
    engine_mask fresh;     /* the columns that compete for rows of this task */
    engine_mask any; /* for rows of whatever task: by task the run of the label, or all where tasks share columns */
    pdr_memory **mingled; /* what mingle() named, each once */
    int64_t mingled_count;
    struct host_session *session;
} host_task;

/* What hooks queued for this step. Tensors live in the step's own scope. */
typedef struct host_part {        /* rehearse() */
    const struct strategy *owner; /* of mingled rows: their memory's */
    pdr_tensor *x, *y;            /* y NULL: without labels */
    int64_t first, count, labelled;
    pdr_blend blend;
    double weight;
    bool mingled; /* by mingle(), not by rehearse() */
} host_part;
typedef struct host_term { /* add_loss() */
    const struct strategy *owner;
    pdr_tensor *value;
    pdr_blend blend;
    double weight;
} host_term;

enum { HOST_QUEUE = 64 };   /* parts, terms and penalties a step, each */
enum { HOST_MINGLED = 32 }; /* memories a task; each is a part of the step */

typedef struct host_step {
    pdr_step step; /* first */
    struct host_session *session;
    pdr_scope *scope; /* lives as long as the step */
    int64_t rows;     /* of x, with the parts queued so far */
    host_part parts[HOST_QUEUE];
    host_term terms[HOST_QUEUE];
    engine_penalty penalties[HOST_QUEUE];
    const struct strategy *penalty_owner[HOST_QUEUE];
    int64_t part_count, term_count, penalty_count;
    bool penalties_applied; /* they are in the flat gradient already */
} host_step;

/* One strategy of a method, alive. */
typedef struct strategy {
    engine_owner owner; /* first: host.impl points here */
    const plugin *plugin;
    const char *name; /* unique in the method */
    char marked[64];  /* the same as the mark has it: cut, zeros behind */
    void *self;
    pdr_host host;
    pdr_scope *scope; /* of the hook that is running */
    struct host_session *session;
    pdr_status failed; /* by host->fail or a table function without a scope; 0: not */
    char failure[1024];
    pdr_memory **memories;
    int64_t memory_count;
    pdr_rng **streams;
    int64_t stream_count;
    pdr_optim **optims;
    int64_t optim_count;
    int64_t scopes_left; /* opened in a hook and not closed, so far */
    bool needs_gradient; /* PDR_USES_GRADIENT */
    bool differentiates; /* PDR_DIFFERENTIATES_MODEL */
} strategy;

/* Self-checks against results that are silently wrong: what they found, once for each kind and strategy. */
typedef enum host_check {
    HOST_ZERO_PENALTY,
    HOST_EMPTY_MEMORY,
    HOST_UNTRAINED_HEAD,
    HOST_LABEL_OUTSIDE,
    HOST_METRIC_NOT_FINITE
} host_check;
typedef struct host_finding {
    host_check check;
    char strategy[128]; /* "": of none */
    char hook[32];
    int64_t task, step, count; /* where it was first; how often it came in all */
    char words[256];
} host_finding;

/* Whom the session tells; each may be NULL. */
typedef struct host_listener {
    void *self;
    void (*note)(void *self, pdr_level level, const char *line);
    void (*point)(void *self, const char *name, double value);
    int (*picture)(void *self, const char *name, const picture *p, error *e); /* to be kept under that name */
} host_listener;

/* The rows of the batch that is being put together, host_room.c. Its tensor lives in the step's scope. */
typedef struct host_room {
    pdr_tensor *x; /* [rows, ...]; NULL: there is none */
    float *at;
    int64_t rows, used;
} host_room;

/* fisher() of all rows of the first task with the values that the network had at its end: known once, it need not be computed
 * again for the same values. Labels that are drawn make another one each time and stand in no list. */
typedef struct host_fishers {
    bool keeps;    /* those that are computed now become known */
    float *values; /* [count] of the network, parameters and behind them buffers; NULL: nothing is known; owned */
    int64_t count;
    struct host_fisher_known {
        int32_t mode;
        float *importance; /* [parameters]; owned */
    } * at;
    int64_t known;
} host_fishers;

typedef struct host_session {
    const struct engine *engine;
    const dataset *data;
    const stream *stream; /* how its tasks show the rows */
    uint64_t seed;
    pdr_model *model;   /* the network in training */
    int64_t batch;      /* fresh rows a step */
    const char *device; /* of the run: "cpu" or "cuda:N"; NULL: nobody says */
    const char *folder; /* of the cell, where what it keeps lies; NULL: it keeps nothing */
    strategy *strategies;
    int count;
    const char *moment;    /* name of the hook that is running, eg. "before_batch"; "" between hooks */
    const host_task *task; /* the task that is current; NULL before the first */
    host_room room;        /* from the fresh rows of a step until it is put together */
    int64_t step;          /* that runs, else that ran last: from 1, of the whole cell; 0: none yet */
    host_mark *mark;       /* whoever looks on from outside reads it; NULL: nobody does */
    host_listener listener;
    pthread_mutex_t lock; /* of the listener: log() may be called from any thread */
    const arrays *saved;  /* of the checkpoint that the cell goes on from, until host_loaded(); else NULL */
    int64_t warnings;
    host_finding *findings;
    int64_t finding_count;
    pdr_tensor_api tensor; /* the tables that every host of the session points to */
    pdr_model_api model_api;
    struct host_metric { /* metric_of(): read when the step is over */
        char name[128];
        const struct strategy *owner;
        const char *moment;
        pdr_tensor *value;
    } * metrics;
    int64_t metric_count;
    char acted[192]; /* the first call of a strategy that is more than watching, in words; "": none was made yet */
    host_fishers fishers;
} host_session;

/* Fills the tables; `session` was zeroed and given engine, data, seed, model and listener by the caller. */
void host_begin(host_session *session);
/* Creates strategy i (the caller made room in session->strategies). 69 with the plugin's own words. */
int host_create(host_session *session, int i, const plugin *p, const char *name, const void *config, error *e);
/* Destroys in reverse order, closes what is left open and notes what was kept and not released. */
void host_end(host_session *session);

/* ---- host_save.c: what a checkpoint holds of the strategies (rule 21) ---- */
/* Between two steps. Borrows rows of memories, which must stay as they are until `into` is written. 1 with the plugin's own
 * words, 74 where rows cannot be written to disk. */
int host_save(host_session *session, arrays *into, error *e);
/* To go on: session->saved is set before host_create, so that memories come back as they are opened; host_load after it;
 * host_loaded after before_run, from when on the streams stand where they stood. 65, 1. */
int host_load(host_session *session, const arrays *from, error *e);
int host_loaded(host_session *session, const arrays *from, error *e);

/* A strategy's call that is more than watching (PDR_IDLE_FIRST_TASK): the first is kept in session->acted. */
void host_acts(const strategy *s, const char *call);

/* ---- host_fisher.c: what is known of fisher() ---- */
enum { HOST_FISHER_MODES = 16 };
/* The network's values as they are now are those it is of. */
void host_fishers_begin(host_session *session, bool keeps);
void host_fishers_end(host_session *session); /* nothing is known any more */
bool host_network_is(const host_session *session, const float *values,
                     int64_t count);                                     /* to the bit, and without gates */
float *host_network_values(const host_session *session, int64_t *count); /* owned; NULL: cannot be read */

/* Around one hook of one strategy: opens its scope in `mode`, and afterwards gives 0 or the error of the hook, however it
 * was told: by its status, by host->fail, or left behind in its scope. */
pdr_scope *host_enter(strategy *s, const char *moment, int32_t mode);
int host_leave(strategy *s, pdr_status status, error *e);
/* What the host goes over to, outside of hooks: for the mark. */
void host_doing(const host_session *session, enum host_phase phase);

void host_note(host_session *session, pdr_level level, const char *who, const char *line);
/* A self-check found something: said as a warning where it is the first of its kind and strategy, and counted. `s` NULL:
 * no strategy is to blame. */
void host_found(host_session *session, host_check check, const strategy *s, const char *hook, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
const char *host_check_name(host_check check); /* as result.json has it: "zero_penalty" */
void host_flush_metrics(host_session *session);

/* A CPU tensor [n, ...] for rows of the data's shape, to be filled. */
pdr_tensor *host_blank_rows(const host_session *session, pdr_scope *s, pdr_dtype d, int64_t n, void **at);

/* ---- host_room.c: fresh rows and those of memories in one buffer ---- */
/* [fresh, ...] in scope `s`, the step's, with room for so many rows behind them; *x: where they are to be written. */
pdr_tensor *host_room_open(host_session *session, pdr_scope *s, int64_t fresh, int64_t more, void **x);
/* [n, ...] of that room, to be filled; NULL, and no error: there is none, or no such stretch is left. */
pdr_tensor *host_room_take(host_session *session, pdr_scope *s, int64_t n, void **x);
/* All rows of the step in its scope, where its parts lie in their places; NULL: they do not. */
pdr_tensor *host_room_batch(host_step *h);
void host_room_close(host_session *session); /* the step is put together */

/* x augmented as the scenario says, drawn from `r`; without augmentation x itself, in scope `s`. */
pdr_tensor *host_augment(host_session *session, pdr_scope *s, random_stream *r, const pdr_tensor *x);

/* The shape of one row of a tensor that was offered to a memory. */
enum { HOST_ROW_RANK = 4 };
struct row_form {
    pdr_dtype dtype;
    int32_t rank; /* of a row */
    int64_t shape[HOST_ROW_RANK];
    int64_t values; /* a row */
};
struct pdr_memory {
    memory *store;
    struct device_rows *device; /* of the store, which closes it; NULL: the rows are not on the device */
    strategy *owner;
    char *name;
    bool known, extra_known; /* forms are those of the first rows */
    struct row_form row, extra;
};

/* host_memory_device.c: rows as tensors on the run's device. memory_rows has tensors as x, extra and extra_blank then. */
extern const memory_keeper device_keeper;
/* Closed by the keeper. NULL: 71. */
struct device_rows *device_open(const host_session *session, const char *name, error *e);
void device_expect(struct device_rows *d, pdr_dtype x, pdr_dtype extra); /* before rows are loaded: their types */
/* Of slots that are used. x as the batch has it, float32 and normalised; both of the memory's forms. */
pdr_tensor *device_fetch_x(pdr_scope *s, const pdr_memory *m, const int64_t *slots, int64_t n);
pdr_tensor *device_fetch_extra(pdr_scope *s, const pdr_memory *m, const int64_t *slots, int64_t n);

/* host_memory_state.c: a memory in a checkpoint, under "PREFIX/..."; as memory_save() and memory_load(), with the forms of its
 * rows. */
int host_memory_save(pdr_memory *m, const char *prefix, arrays *into, error *e);
int host_memory_load(pdr_memory *m, const char *prefix, const arrays *from, error *e);
bool host_memory_saved_there(const char *prefix, const arrays *from);
/* To every memory that is open, as memory_saved(). */
void host_memories_saved(host_session *session, int64_t serial, int64_t oldest_kept);

/* The memory behind a handle, for mingled rows. */
memory *host_memory_store(const pdr_memory *m);
const char *host_memory_name(const pdr_memory *m);
const strategy *host_memory_owner(const pdr_memory *m);
/* Counts a part's labels. One beyond the columns fails the step; one that does not compete is noted, and taken for none. */
pdr_status host_part_labels(host_step *h, host_part *part);
/* Rows by slots as the batch takes them: x float32 normalised [n, ...], y [n]. Tensors in scope `s`. */
pdr_status host_memory_rows(pdr_scope *s, pdr_memory *m, const int64_t *slots, int64_t n, pdr_tensor **x,
                            pdr_tensor **y);

/* An optimizer of a strategy's own. */
struct pdr_optim {
    strategy *owner;
    pdr_model **models;
    engine_optimizer **parts; /* one a model */
    int64_t count;
    engine_optimizer_kind kind;
    double lr;
};

/* A shelf of a checkpoint: what one strategy saved, by key. */
typedef struct shelf_entry {
    char *key;
    pdr_dtype dtype; /* 0: plain bytes */
    int64_t shape[8];
    int32_t rank;
    void *bytes;
    uint64_t count; /* of bytes */
} shelf_entry;
struct pdr_state {
    strategy *owner;
    shelf_entry *entries;
    int64_t count;
    pdr_status failed;
    char failure[256];
};
void shelf_clear(pdr_state *s);

/* ---- for the files of this room: the tables, and how their functions fail ---- */
extern const pdr_step_api host_step_api;
extern const pdr_data_api host_data_api;
extern const pdr_memory_api host_memory_api;
extern const pdr_rng_api host_rng_api;
extern const pdr_state_api host_state_api;
extern const pdr_pictures_api host_pictures_api;
void host_model_fill(pdr_model_api *table, const pdr_model_api *engine);
strategy *host_strategy(const pdr_host *h);
strategy *host_running(void); /* whose hook runs in this process; NULL between hooks */
pdr_status host_fail(strategy *s, pdr_status code, const char *format, ...) __attribute__((format(printf, 3, 4)));
pdr_status scope_fail(pdr_scope *s, pdr_status code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The host's side of a task whose rows are to be read, or NULL and the scope's error where it is not the one that is trained
 * on, or has no rows but those of its batches. */
const host_task *host_task_current(pdr_scope *s, const pdr_task *t, const char *function);
/* host_build.c: networks and optimizers of a strategy's own. */
void host_build_fill(pdr_model_api *table);
/* Of a recipe (its network's YAML, shape and outputs) that model_recipe() gave; its values are the caller's. NULL, and the
 * strategy has failed. */
pdr_model *host_build_again(strategy *s, const char *recipe);
/* Names that plugins give become parts of names in a file: printable, not long, and no way up. */
enum { HOST_KEY = 200 };
bool host_key_plain(const char *key);
void host_words_tame(const char *words, char *out, size_t room); /* a plugin's words as one line of UTF-8, cut to fit */
/* host_state.c: for those who lay more than one entry. shelf_fail keeps the first error. */
void shelf_fail(pdr_state *s, pdr_status code, const char *format, ...) __attribute__((format(printf, 3, 4)));
const shelf_entry *shelf_find(const pdr_state *s, const char *key);
const shelf_entry *shelf_find_under(const pdr_state *s, const char *place); /* the first whose key begins so */
/* host_state_model.c, host_state_optim.c: their slots of the state table. */
void state_put_model(pdr_state *s, const char *key, const pdr_model *m);
pdr_model *state_get_model(pdr_state *s, const char *key);
void state_put_optim(pdr_state *s, const char *key, const pdr_optim *o);
pdr_status state_get_optim(pdr_state *s, const char *key, pdr_optim *into);
void host_optims_close(strategy *s);
/* Its training rows by checked positions (NULL: the first `count`); x or y may be NULL. */
pdr_status host_task_rows(pdr_scope *s, const host_task *task, const int64_t *at, int64_t count, pdr_tensor **x,
                          pdr_tensor **y);
pdr_tensor *host_fisher(pdr_scope *s, pdr_model *m, const pdr_task *t, const char *mode, int64_t limit);
/* A stream of the strategy's own, where it stands, saved with those that it asked for; borrowed. */
random_stream *host_stream(strategy *s, const char *name);
/* The same by the first number that nobody has asked for under this name yet. */
random_stream *host_stream_next(strategy *s, const char *name);
/* The values of a tensor on the CPU, as engine->bytes; never NULL for an empty one, so that NULL means failure. */
const void *host_bytes(pdr_scope *s, const pdr_tensor *t, pdr_dtype d);
void host_memories_close(strategy *s);
int64_t host_dtype_bytes(pdr_dtype d); /* of one value */
void host_streams_close(strategy *s);
void host_streams_save(const strategy *s, const char *place, arrays *into);
int host_streams_load(strategy *s, const char *place, const arrays *from, error *e); /* 65 */
int host_memory_back(pdr_memory *m,
                     error *e);         /* host_save.c: a memory just opened gets what session->saved has of it */
const struct engine *host_engine(void); /* of the session that began last */

#endif
