/* Memories for strategies: tensors on their side, plain arrays on the store's.
 *
 * A byte data set offers its rows as bytes (pdr_step.raw), the store keeps them so, and fetch() gives them back converted
 * and normalised as the batch has them. Float rows are kept and given back as they are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "plugin/host.h"

memory *host_memory_store(const pdr_memory *m) { return m->store; }
const strategy *host_memory_owner(const pdr_memory *m) { return m->owner; }
const char *host_memory_name(const pdr_memory *m) { return m->name; }

int64_t host_dtype_bytes(pdr_dtype d)
{
    switch (d) {
    case PDR_F64:
    case PDR_I64: return 8;
    case PDR_F32:
    case PDR_I32: return 4;
    case PDR_F16:
    case PDR_BF16: return 2;
    default: return 1;
    }
}

static bool form_of(const struct engine *e, const pdr_tensor *t, struct row_form *out)
{
    *out = (struct row_form){.dtype = e->tensor->dtype(t), .rank = e->tensor->rank(t) - 1, .values = 1};
    if (out->rank < 0 || out->rank > HOST_ROW_RANK)
        return false;
    for (int32_t i = 0; i < out->rank; i++)
        out->values *= out->shape[i] = e->tensor->size(t, i + 1);
    return true;
}

/* ---- open and close ---- */

/* A strategy's and a memory's name as a folder: letters, digits and -_ as they are, all else as %XX. */
static void name_add(text *out, const char *name)
{
    for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        text_addf(out, plain || *c == '-' || *c == '_' ? "%c" : "%%%02X", *c);
    }
}

/* The last `count` folders of a path, which has as many or is taken whole. */
static const char *path_last(const char *path, int count)
{
    const char *at = path + strlen(path);
    while (at > path && (at[-1] != '/' || --count > 0))
        at--;
    return at;
}

/* Of a memory on disk: CELL/memory/STRATEGY/NAME, or below another folder BELOW/RUN/METHOD/SEED/STRATEGY/NAME. Owned; NULL: the
 * cell keeps no files and no other folder was named. */
static char *store_folder(const strategy *s, const char *name, const struct memory_options *options)
{
    const char *cell = s->session->folder;
    text out = {0};
    if (options->where != MEMORY_DISK || (!cell && !options->folder))
        return NULL;
    if (!options->folder)
        text_addf(&out, "%s/memory/", cell);
    else if (!cell)
        text_addf(&out, "%s/", options->folder);
    else /* RUN/cells/METHOD/SEED */
        text_addf(&out, "%s/%.*s/%s/", options->folder, (int)strcspn(path_last(cell, 4), "/"), path_last(cell, 4),
                  path_last(cell, 2));
    name_add(&out, s->name);
    text_addf(&out, "/");
    name_add(&out, name);
    return out.at;
}

/* Whose rows they are: of the cell by its path, but in the cell's own folder, which may have been moved. Owned. */
static char *store_owner(const strategy *s, const struct memory_options *options)
{
    const char *cell = s->session->folder;
    if (!cell)
        return NULL;
    return options->folder ? realpath(cell, NULL) : alloc_text(path_last(cell, 2));
}

static memory *store_open(strategy *s, const char *name, const char *yaml, struct device_rows **device, error *why)
{
    struct memory_options options;
    arena *a = arena_open();
    char *what = alloc_format("%s: memory %s", s->name, name), *full = alloc_format("%s/%s", s->name, name);
    memory *store = NULL;
    if (!memory_options_parse(yaml, what, &options, a, why)) {
        char *folder = store_folder(s, name, &options);
        char *owner = store_owner(s, &options);
        memory_setup setup = {.capacity = options.capacity,
                              .per_class = options.per_class,
                              .most_bytes = options.bytes,
                              .policy = options.policy,
                              .where = options.where,
                              .folder = folder,
                              .owner = owner,
                              .keeper = &device_keeper,
                              .seed = s->session->seed,
                              .name = full};
        if (options.where == MEMORY_DEVICE)
            setup.kept = *device = device_open(s->session, full, why);
        if (options.where != MEMORY_DEVICE || *device)
            store = memory_open(&setup, why);
        free(owner);
        free(folder);
    }
    free(full);
    free(what);
    arena_close(a);
    return store;
}

/* On a CPU the device's memory is the machine's: it works, and gains nothing. */
static void device_tell(const pdr_memory *m)
{
    host_session *session = m->owner->session;
    if (!m->device || !session->device || strcmp(session->device, "cpu") != 0)
        return;
    char *line = alloc_format("memory %s: where: device is RAM here, as the run is on the CPU", m->name);
    host_note(session, PDR_INFO, m->owner->name, line);
    free(line);
}

/* It becomes a part of names in checkpoints. */
static bool name_fails(strategy *s, const char *name, const char *memory_yaml)
{
    if (!name || !name[0] || !memory_yaml)
        return host_fail(s, PDR_EINVALID, "memory open: found no name or no options; expected both");
    if (!host_key_plain(name))
        return host_fail(s, PDR_EINVALID,
                         "memory open: found the name \"%s\"; expected printable text of at most %d bytes",
                         text_quoted(name), (int)HOST_KEY);
    for (int64_t i = 0; i < s->memory_count; i++)
        if (!strcmp(s->memories[i]->name, name))
            return host_fail(s, PDR_EINVALID, "memory open: %s is open already; expected one name a memory", name);
    return false;
}

static pdr_memory *host_open(const pdr_host *h, const char *name, const char *memory_yaml)
{
    strategy *s = host_strategy(h);
    error why = {0};
    host_acts(s, "a memory");
    if (name_fails(s, name, memory_yaml))
        return NULL;
    struct device_rows *device = NULL;
    memory *store = store_open(s, name, memory_yaml, &device, &why);
    if (!store) {
        host_fail(s, PDR_EINVALID, "%s", why.text);
        return NULL;
    }
    pdr_memory *m = alloc_zero(1, sizeof *m);
    *m = (pdr_memory){.store = store, .device = device, .owner = s, .name = alloc_text(name)};
    device_tell(m);
    s->memories = alloc_again(s->memories, (size_t)s->memory_count + 1, sizeof m);
    s->memories[s->memory_count++] = m;
    if (host_memory_back(m, &why)) {
        host_fail(s, why.code == EXIT_IO ? PDR_EIO : PDR_EINVALID, "%s", why.text);
        return NULL;
    }
    return m;
}

static void memory_free(pdr_memory *m)
{
    memory_close(m->store);
    free(m->name);
    free(m);
}

/* Batches to come are drawn from it. */
static bool mingled_now(const pdr_memory *m)
{
    const host_task *task = m->owner->session->task;
    for (int64_t i = 0; task && i < task->mingled_count; i++)
        if (task->mingled[i] == m)
            return true;
    return false;
}

static void host_close(pdr_memory *owned)
{
    if (!owned)
        return;
    strategy *s = owned->owner;
    if (mingled_now(owned)) { /* destroy comes after the last batch: host_memories_close has it then */
        host_fail(s, PDR_EINVALID, "memory close: %s is mingled into the running task", owned->name);
        return;
    }
    for (int64_t i = 0; i < s->memory_count; i++)
        if (s->memories[i] == owned)
            s->memories[i] = s->memories[--s->memory_count];
    memory_free(owned);
}

void host_memories_close(strategy *s)
{
    for (int64_t i = 0; i < s->memory_count; i++)
        memory_free(s->memories[i]);
    free(s->memories);
    s->memories = NULL;
    s->memory_count = 0;
}

/* ---- rows in ---- */

/* Rows on their way to the store. The memory takes on their forms once it has taken the rows. */
typedef struct incoming {
    memory_rows rows;
    struct row_form row, extra;
    bool has_row, has_extra;
} incoming;

static bool form_equal(const struct row_form *a, const struct row_form *b)
{
    return a->dtype == b->dtype && a->rank == b->rank &&
           !memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape);
}

static pdr_status form_take(pdr_scope *s, const pdr_memory *m, const pdr_tensor *x, incoming *in)
{
    struct row_form form;
    const dataset *data = m->owner->session->data;
    if (!form_of(host_engine(), x, &form) || (form.dtype != PDR_U8 && form.dtype != PDR_F32))
        return scope_fail(s, PDR_EINVALID, "memory %s: x is neither rows of uint8 nor of float32", m->name);
    if (form.dtype == PDR_U8 && (!data->train.bytes || form.values != data->train.width))
        return scope_fail(s, PDR_EINVALID,
                          "memory %s: found rows of %lld bytes; expected float rows, or raw rows of the data (%lld %s)",
                          m->name, (long long)form.values, (long long)data->train.width,
                          data->train.bytes ? "bytes" : "floats");
    if (m->known && !form_equal(&m->row, &form))
        return scope_fail(s, PDR_EINVALID, "memory %s: rows of another shape or type than the first ones", m->name);
    in->row = form;
    in->has_row = true;
    return PDR_OK;
}

/* Lists of a row may grow, as logits do with the classes. */
static bool extra_grows(const pdr_memory *m, const struct row_form *form)
{
    return form->dtype == m->extra.dtype && form->rank == 1 && m->extra.rank == 1 && form->shape[0] > m->extra.shape[0];
}

/* What the store takes of rows: their bytes, or the tensor itself where they lie on the device. */
static const void *rows_of(pdr_scope *s, const pdr_memory *m, const pdr_tensor *rows, pdr_dtype d)
{
    return m->device ? (const void *)rows : host_bytes(s, rows, d);
}

/* One row of what earlier rows read behind their own: NaN, or 0 of a type that has none. */
static const void *extra_blank(pdr_scope *s, const pdr_memory *m, const struct row_form *form)
{
    const pdr_tensor_api *t = host_engine()->tensor;
    bool real = form->dtype == PDR_F32 || form->dtype == PDR_F64 || form->dtype == PDR_F16 || form->dtype == PDR_BF16;
    return rows_of(s, m, t->full(s, form->dtype, form->shape, 1, real ? (double)NAN : 0), form->dtype);
}

static pdr_status extra_take(pdr_scope *s, const pdr_memory *m, const pdr_tensor *extra, incoming *in)
{
    struct row_form form;
    if (!form_of(host_engine(), extra, &form))
        return scope_fail(s, PDR_EINVALID, "memory %s: extra has more than %d dimensions a row", m->name,
                          HOST_ROW_RANK);
    if (m->extra_known && !form_equal(&m->extra, &form) && !extra_grows(m, &form))
        return scope_fail(s, PDR_EINVALID, "memory %s: extra of another shape or type than the first", m->name);
    in->extra = form;
    in->has_extra = true;
    return PDR_OK;
}

static bool counts_agree(const struct engine *e, int64_t n, const pdr_tensor *t)
{
    return !t || e->tensor->size(t, 0) == n;
}

static bool is_list(const struct engine *e, const pdr_tensor *t) { return !t || e->tensor->rank(t) == 1; }

/* Tensors to the arrays that the store takes; they live in the scope. x NULL: the rows' other parts alone. */
static pdr_status rows_take(pdr_scope *s, const pdr_memory *m, int64_t n, const pdr_tensor *x, const pdr_tensor *y,
                            const pdr_tensor *value, const pdr_tensor *extra, incoming *in)
{
    const struct engine *e = host_engine();
    *in = (incoming){.rows.count = n};
    pdr_status status = x ? form_take(s, m, x, in) : PDR_OK;
    if (!status && extra)
        status = extra_take(s, m, extra, in);
    if (status)
        return status;
    if (!is_list(e, y) || !is_list(e, value))
        return scope_fail(s, PDR_EINVALID, "memory %s: y or value is not a list with one number a row", m->name);
    if (!counts_agree(e, n, x) || !counts_agree(e, n, y) || !counts_agree(e, n, value) || !counts_agree(e, n, extra))
        return scope_fail(s, PDR_EINVALID, "memory %s: expected %lld rows in all of x, y, value and extra", m->name,
                          (long long)n);
    const struct row_form *row = x ? &in->row : &m->row;
    const host_task *task = m->owner->session->task;
    in->rows = (memory_rows){
        .count = n,
        .x = x ? rows_of(s, m, x, row->dtype) : NULL,
        .row_bytes = row->values * host_dtype_bytes(row->dtype),
        .is_bytes = row->dtype == PDR_U8,
        .y = y ? host_bytes(s, y, PDR_I64) : NULL,
        .value = value ? host_bytes(s, value, PDR_F32) : NULL,
        .extra = extra ? rows_of(s, m, extra, in->extra.dtype) : NULL,
        .extra_bytes = extra ? in->extra.values * host_dtype_bytes(in->extra.dtype) : 0,
        .extra_blank = extra && m->extra_known && extra_grows(m, &in->extra) ? extra_blank(s, m, &in->extra) : NULL,
        .task = task ? task->task.index : 0,
    };
    return e->tensor->status(s);
}

static bool arguments_whole(pdr_scope *s, const pdr_memory *m, const pdr_tensor *x, const char *function)
{
    if (host_engine()->tensor->status(s) < 0)
        return false;
    if (!m || !x)
        scope_fail(s, PDR_EINVALID, "memory %s: found NULL; expected a memory and rows", function);
    return m && x;
}

/* Labels of new rows are optional: unlabelled ones are stored with -1. */
static int store_rows(pdr_memory *m, const int64_t *slots, bool put, incoming *in, error *why)
{
    memory_rows *rows = &in->rows;
    int64_t *none = NULL;
    if (!rows->y && !slots) {
        none = alloc_zero((size_t)rows->count + 1, sizeof *none);
        memset(none, 0xff, (size_t)rows->count * sizeof *none);
        rows->y = none;
    }
    int code = put ? memory_put(m->store, slots, rows, why) : memory_offer(m->store, rows, why);
    free(none);
    if (!code && in->has_row) {
        m->row = in->row;
        m->known = true;
    }
    if (!code && in->has_extra) {
        m->extra = in->extra;
        m->extra_known = true;
    }
    return code;
}

static pdr_status host_offer(pdr_scope *s, pdr_memory *m, const pdr_tensor *x, const pdr_tensor *y,
                             const pdr_tensor *value, const pdr_tensor *extra)
{
    incoming in;
    error why = {0};
    if (!arguments_whole(s, m, x, "offer"))
        return PDR_EINVALID;
    pdr_status status = rows_take(s, m, host_engine()->tensor->size(x, 0), x, y, value, extra, &in);
    if (!status && store_rows(m, NULL, false, &in, &why))
        status = scope_fail(s, PDR_EINVALID, "%s", why.text);
    return status;
}

static const int64_t *slots_take(pdr_scope *s, const pdr_tensor *slots, int64_t *n)
{
    const struct engine *e = host_engine();
    *n = slots ? e->tensor->size(slots, 0) : 0;
    if (!is_list(e, slots)) {
        scope_fail(s, PDR_EINVALID, "memory: found slots of another rank; expected a list");
        return NULL;
    }
    return slots ? host_bytes(s, slots, PDR_I64) : NULL;
}

static pdr_status host_put(pdr_scope *s, pdr_memory *m, const pdr_tensor *slots, const pdr_tensor *x,
                           const pdr_tensor *y, const pdr_tensor *value, const pdr_tensor *extra)
{
    incoming in;
    error why = {0};
    int64_t n;
    if (!arguments_whole(s, m, slots ? slots : x, "put"))
        return PDR_EINVALID;
    const int64_t *at = slots_take(s, slots, &n);
    if (slots && !at)
        return host_engine()->tensor->status(s);
    if (!slots)
        n = host_engine()->tensor->size(x, 0);
    pdr_status status = rows_take(s, m, n, x, y, value, extra, &in);
    if (!status && store_rows(m, at, true, &in, &why))
        status = scope_fail(s, PDR_EINVALID, "%s", why.text);
    return status;
}

static pdr_status host_retain(pdr_scope *s, pdr_memory *m, int64_t column, const pdr_tensor *slots)
{
    error why = {0};
    int64_t n;
    if (!arguments_whole(s, m, slots, "retain"))
        return PDR_EINVALID;
    const int64_t *at = slots_take(s, slots, &n);
    if (at && memory_retain(m->store, column, at, n, &why))
        return scope_fail(s, PDR_EINVALID, "%s", why.text);
    return host_engine()->tensor->status(s);
}

/* ---- rows out ---- */

static pdr_tensor *slots_tensor(pdr_scope *s, int64_t room, int64_t (*fill)(pdr_memory *, int64_t, int64_t *),
                                pdr_memory *m, int64_t argument)
{
    const struct engine *e = host_engine();
    if (e->tensor->status(s) < 0) /* nothing runs in it any more, and the memory's stream stays where it is */
        return NULL;
    int64_t *slots = alloc_zero((size_t)room + 1, sizeof *slots);
    int64_t n = fill(m, argument, slots);
    pdr_tensor *out = e->tensor->from(s, PDR_I64, &n, 1, slots);
    free(slots);
    return out;
}

static int64_t fill_found(pdr_memory *m, int64_t column, int64_t *slots)
{
    return memory_find(m->store, column, slots);
}
static int64_t fill_drawn(pdr_memory *m, int64_t n, int64_t *slots) { return memory_sample(m->store, n, slots); }

static pdr_tensor *host_find(pdr_scope *s, pdr_memory *m, int64_t column)
{
    return m ? slots_tensor(s, memory_count(m->store, column), fill_found, m, column) : NULL;
}

static pdr_tensor *host_sample(pdr_scope *s, pdr_memory *m, int64_t n)
{
    if (m && n < 0)
        scope_fail(s, PDR_EINVALID, "memory sample: found %lld; expected 0 or more", (long long)n);
    int64_t all = m ? memory_count(m->store, PDR_ALL) : 0;
    return m && n >= 0 ? slots_tensor(s, n < all ? n : all, fill_drawn, m, n) : NULL;
}

static pdr_tensor *blank_rows(pdr_scope *s, pdr_dtype d, int64_t n, const struct row_form *form, void **at)
{
    int64_t shape[HOST_ROW_RANK + 1] = {n};
    memcpy(shape + 1, form->shape, sizeof form->shape);
    return host_engine()->blank(s, d, shape, form->rank + 1, at);
}

/* Rows as the data has them lie in the batch that is being put together, where it has room for them. With augmentation its
 * result does, host_augment(). */
static pdr_tensor *batch_rows(pdr_scope *s, const pdr_memory *m, int64_t n, void **x)
{
    host_session *session = m->owner->session;
    const dataset *data = session->data;
    bool alike = !data->augment_count && m->row.rank == data->rank &&
                 !memcmp(m->row.shape, data->shape, (size_t)data->rank * sizeof *data->shape);
    pdr_tensor *out = alike ? host_room_take(session, s, n, x) : NULL;
    return out ? out : blank_rows(s, PDR_F32, n, &m->row, x);
}

/* x as the batch has it. Byte rows go through a buffer of their own, since conversion quadruples them. */
static pdr_tensor *fetch_x(pdr_scope *s, pdr_memory *m, const int64_t *slots, int64_t n, error *why)
{
    const struct engine *e = host_engine();
    void *x = NULL;
    if (m->device)
        return memory_fetch(m->store, slots, n, NULL, NULL, NULL, NULL, why) ? NULL : device_fetch_x(s, m, slots, n);
    pdr_tensor *out = batch_rows(s, m, n, &x);
    if (!out)
        return NULL;
    if (m->row.dtype == PDR_F32) {
        memory_fetch(m->store, slots, n, x, NULL, NULL, NULL, why);
        return e->to_device(s, out);
    }
    uint8_t *raw = alloc_zero((size_t)(n * m->row.values) + 1, 1);
    if (!memory_fetch(m->store, slots, n, raw, NULL, NULL, NULL, why))
        dataset_convert(m->owner->session->data, raw, n, x);
    free(raw);
    return e->to_device(s, out);
}

static pdr_tensor *fetch_y(pdr_scope *s, pdr_memory *m, const int64_t *slots, int64_t n, error *why)
{
    void *y = NULL;
    pdr_tensor *out = host_engine()->blank(s, PDR_I64, &n, 1, &y);
    if (out)
        memory_fetch(m->store, slots, n, NULL, y, NULL, NULL, why);
    return host_engine()->to_device(s, out);
}

static pdr_tensor *fetch_value(pdr_scope *s, pdr_memory *m, const int64_t *slots, int64_t n, error *why)
{
    void *value = NULL;
    pdr_tensor *out = host_engine()->blank(s, PDR_F32, &n, 1, &value);
    if (out)
        memory_fetch(m->store, slots, n, NULL, NULL, value, NULL, why);
    return host_engine()->to_device(s, out);
}

static pdr_tensor *fetch_extra(pdr_scope *s, pdr_memory *m, const int64_t *slots, int64_t n, error *why)
{
    void *at = NULL;
    if (!m->extra_known)
        return NULL;
    if (m->device)
        return memory_fetch(m->store, slots, n, NULL, NULL, NULL, NULL, why) ? NULL
                                                                             : device_fetch_extra(s, m, slots, n);
    pdr_tensor *out = blank_rows(s, m->extra.dtype, n, &m->extra, &at);
    if (out)
        memory_fetch(m->store, slots, n, NULL, NULL, NULL, at, why);
    return host_engine()->to_device(s, out);
}

pdr_status host_memory_rows(pdr_scope *s, pdr_memory *m, const int64_t *slots, int64_t n, pdr_tensor **x,
                            pdr_tensor **y)
{
    error why = {0};
    *x = fetch_x(s, m, slots, n, &why);
    *y = why.code ? NULL : fetch_y(s, m, slots, n, &why);
    return why.code ? scope_fail(s, PDR_EINVALID, "%s", why.text) : host_engine()->tensor->status(s);
}

static pdr_status host_fetch(pdr_scope *s, pdr_memory *m, const pdr_tensor *slots, pdr_tensor **x, pdr_tensor **y,
                             pdr_tensor **value, pdr_tensor **extra)
{
    const struct engine *e = host_engine();
    error why = {0};
    int64_t n;
    pdr_tensor **outputs[] = {x, y, value, extra};
    for (int i = 0; i < 4; i++)
        if (outputs[i])
            *outputs[i] = NULL;
    if (!arguments_whole(s, m, slots, "fetch"))
        return PDR_EINVALID;
    const int64_t *at = slots_take(s, slots, &n);
    if (at && !m->known)
        return scope_fail(s, PDR_EINVALID, "memory %s: nothing was offered yet", m->name);
    if (at && x)
        *x = fetch_x(s, m, at, n, &why);
    if (at && y)
        *y = fetch_y(s, m, at, n, &why);
    if (at && value)
        *value = fetch_value(s, m, at, n, &why);
    if (at && extra)
        *extra = fetch_extra(s, m, at, n, &why);
    return why.code ? scope_fail(s, PDR_EINVALID, "%s", why.text) : e->tensor->status(s);
}

static int64_t host_count(const pdr_memory *m, int64_t column) { return m ? memory_count(m->store, column) : 0; }

/* A budget a class is for each class of each task up to the one that runs. */
static int64_t host_capacity(const pdr_memory *m)
{
    int64_t classes = 0;
    if (!m)
        return 0;
    if (!memory_per_class(m->store)) /* of so many bytes, while no row came: of rows as the batch has them */
        return memory_capacity(m->store, m->owner->session->data->train.width * (int64_t)sizeof(float));
    const host_task *task = m->owner->session->task;
    for (const pdr_task *t = task ? &task->task : NULL; t; t = t->previous)
        classes += t->class_count;
    return classes * memory_per_class(m->store);
}

const pdr_memory_api host_memory_api = {
    .struct_size = sizeof(pdr_memory_api),
    .open = host_open,
    .offer = host_offer,
    .put = host_put,
    .retain = host_retain,
    .find = host_find,
    .sample = host_sample,
    .fetch = host_fetch,
    .count = host_count,
    .capacity = host_capacity,
    .close = host_close,
};
