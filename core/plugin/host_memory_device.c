/* Rows of a memory with `where: device`: a tensor on the run's device for x and one for extra, [slots, values a row] each, that
 * grow as the memory does. Which row lies in which slot the memory decides (memory/memory.h: keeper); rows come and go as
 * tensors, without a trip through the host. Bytes stay bytes, and are converted where they lie to the floats that
 * dataset_convert makes on the CPU, bit for bit: widened, multiplied and added one after another, each rounded by itself. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "plugin/host.h"

enum { DEVICE_CHUNK = 64 << 20 }; /* bytes that go between host and device at once, for a checkpoint */

struct device_part {
    pdr_tensor *rows; /* [room, values], kept; NULL: none yet */
    pdr_dtype dtype;
    int64_t values;
};
struct device_rows {
    char *name;
    int64_t room;
    struct device_part x, extra;
    pdr_tensor *scale, *shift; /* [channels, 1], kept; of byte data */
    int64_t channels;
};

static const pdr_tensor_api *table(void) { return host_engine()->tensor; }
static pdr_scope *scope_own(void) { return table()->open(NULL, PDR_NO_GRAD); }

/* Closes it; 71 with what the device said. */
static int scope_end(pdr_scope *s, const struct device_rows *d, const char *doing, error *e)
{
    pdr_status status = table()->status(s);
    const char *what =
        status == PDR_ENOMEM ? "found no room on the device; expected enough" : "found an error of the device";
    int code = 0;
    if (status < 0)
        code =
            error_set(e, EXIT_SYSTEM, "memory %s: %s: %s: %s", d->name, doing, what, host_engine()->scope_message(s));
    table()->close(s);
    return code;
}

static pdr_tensor *list_tensor(pdr_scope *s, const int64_t *at, int64_t n)
{
    return table()->from(s, PDR_I64, &n, 1, at);
}

/* ---- room ---- */

/* The part with another room and more values a row: what it has is copied, `blank` [values] (NULL: 0) behind it. Kept. */
static pdr_tensor *part_larger(pdr_scope *s, const struct device_part *p, const struct device_part *wanted,
                               int64_t room, const pdr_tensor *blank)
{
    const pdr_tensor_api *t = table();
    const int64_t shape[] = {room, wanted->values}, more = wanted->values - p->values;
    pdr_tensor *to = t->full(s, wanted->dtype, shape, 2, 0);
    if (p->rows && blank && more > 0)
        t->copy(s, t->slice(s, to, 1, p->values, more), t->slice(s, blank, 0, p->values, more));
    if (p->rows)
        t->copy(s, t->slice(s, t->slice(s, to, 0, 0, t->size(p->rows, 0)), 1, 0, p->values), p->rows);
    pdr_tensor *kept = t->status(s) < 0 ? NULL : t->keep(NULL, to);
    if (!kept)
        host_engine()->scope_fail(s, PDR_ENOMEM, "no memory for a tensor");
    return kept;
}

static void part_take(struct device_part *p, const struct device_part *wanted, pdr_tensor *rows)
{
    table()->release(p->rows);
    *p = *wanted;
    p->rows = rows;
}

/* Of so many bytes a row; the type is that of the rows that come, or of those that are there. */
static struct device_part part_wanted(const struct device_part *p, const void *rows, int64_t bytes)
{
    pdr_dtype d = p->rows || !rows ? p->dtype : table()->dtype(rows);
    return (struct device_part){.dtype = d, .values = bytes / host_dtype_bytes(d)};
}

static int device_room(void *kept, int64_t slots, int64_t row_bytes, int64_t extra_bytes, const memory_rows *rows,
                       error *e)
{
    struct device_rows *d = kept;
    const struct device_part x = part_wanted(&d->x, rows ? rows->x : NULL, row_bytes);
    const struct device_part extra = part_wanted(&d->extra, rows ? rows->extra : NULL, extra_bytes);
    bool grows = slots > d->room || !d->x.rows, extra_grows = grows || !d->extra.rows || extra.values > d->extra.values;
    pdr_tensor *new_x = NULL, *new_extra = NULL;
    if (slots < d->room)
        slots = d->room;
    pdr_scope *s = scope_own();
    if (grows)
        new_x = part_larger(s, &d->x, &x, slots, NULL);
    if (extra_bytes && extra_grows)
        new_extra = part_larger(s, &d->extra, &extra, slots, rows ? rows->extra_blank : NULL);
    int code = scope_end(s, d, "room for rows", e);
    if (code) {
        table()->release(new_x);
        table()->release(new_extra);
        return code;
    }
    if (new_x)
        part_take(&d->x, &x, new_x);
    if (new_extra)
        part_take(&d->extra, &extra, new_extra);
    d->room = slots;
    return 0;
}

/* ---- in ---- */

static void part_write(pdr_scope *s, const struct device_part *p, const pdr_tensor *slots, const pdr_tensor *from,
                       const pdr_tensor *rows, int64_t count)
{
    const pdr_tensor_api *t = table();
    const int64_t shape[] = {count, p->values};
    pdr_tensor *all = t->reshape(s, host_engine()->to_device(s, rows), shape, 2);
    t->place(s, p->rows, slots, t->pick(s, all, 0, from));
}

static int device_write(void *kept, const int64_t *slots, const int64_t *from, int64_t n, const memory_rows *rows,
                        bool fresh, error *e)
{
    struct device_rows *d = kept;
    const int64_t blank[] = {n, d->extra.values};
    pdr_scope *s = scope_own();
    pdr_tensor *to = list_tensor(s, slots, n), *at = list_tensor(s, from, n);
    if (rows->x)
        part_write(s, &d->x, to, at, rows->x, rows->count);
    if (rows->extra && d->extra.rows)
        part_write(s, &d->extra, to, at, rows->extra, rows->count);
    else if (fresh && d->extra.rows)
        table()->place(s, d->extra.rows, to, table()->full(s, d->extra.dtype, blank, 2, 0));
    return scope_end(s, d, "rows that come", e);
}

/* ---- bytes, for checkpoints ---- */

static int64_t part_bytes(const struct device_part *p)
{
    int64_t bytes = p->values * host_dtype_bytes(p->dtype);
    return bytes ? bytes : 1;
}

static void part_read(pdr_scope *s, const struct device_part *p, const int64_t *slots, int64_t n, void *to)
{
    const pdr_tensor_api *t = table();
    const int64_t row = part_bytes(p), most = DEVICE_CHUNK / row + 1;
    for (int64_t i = 0; t->status(s) >= 0 && i < n; i += most) {
        int64_t count = n - i < most ? n - i : most, bytes = count * p->values * host_dtype_bytes(p->dtype);
        pdr_tensor *rows =
            slots ? t->pick(s, p->rows, 0, list_tensor(s, slots + i, count)) : t->slice(s, p->rows, 0, i, count);
        if (rows && t->read(rows, p->dtype, (char *)to + i * row, (uint64_t)bytes) < 0)
            host_engine()->scope_fail(s, PDR_EENGINE, "rows cannot be read from the device");
        if (t->status(s) >= 0)
            host_engine()->scope_clear(s, PDR_NO_GRAD);
    }
}

static int device_read(void *kept, const int64_t *slots, int64_t n, void *x, void *extra, error *e)
{
    const struct device_rows *d = kept;
    pdr_scope *s = scope_own();
    if (x && d->x.rows)
        part_read(s, &d->x, slots, n, x);
    if (extra && d->extra.rows)
        part_read(s, &d->extra, slots, n, extra);
    return scope_end(s, d, "rows that are read", e);
}

static void part_load(pdr_scope *s, const struct device_part *p, int64_t n, const void *from)
{
    const pdr_tensor_api *t = table();
    const int64_t row = part_bytes(p), most = DEVICE_CHUNK / row + 1;
    for (int64_t i = 0; t->status(s) >= 0 && i < n; i += most) {
        const int64_t shape[] = {n - i < most ? n - i : most, p->values};
        t->copy(s, t->slice(s, p->rows, 0, i, shape[0]), t->from(s, p->dtype, shape, 2, (const char *)from + i * row));
        if (t->status(s) >= 0)
            host_engine()->scope_clear(s, PDR_NO_GRAD);
    }
}

static int device_load(void *kept, int64_t n, const void *x, const void *extra, error *e)
{
    const struct device_rows *d = kept;
    pdr_scope *s = scope_own();
    if (x && d->x.rows)
        part_load(s, &d->x, n, x);
    if (extra && d->extra.rows)
        part_load(s, &d->extra, n, extra);
    return scope_end(s, d, "rows of the checkpoint", e);
}

/* ---- open and close ---- */

static void device_close(void *kept)
{
    struct device_rows *d = kept;
    table()->release(d->x.rows);
    table()->release(d->extra.rows);
    table()->release(d->scale);
    table()->release(d->shift);
    free(d->name);
    free(d);
}

const memory_keeper device_keeper = {device_room, device_write, device_read, device_load, device_close};

struct device_rows *device_open(const host_session *session, const char *name, error *e)
{
    const dataset *data = session->data;
    struct device_rows *d = alloc_zero(1, sizeof *d);
    const int64_t shape[] = {data->channels, 1};
    pdr_scope *s = scope_own();
    *d = (struct device_rows){
        .name = alloc_text(name), .x.dtype = PDR_U8, .extra.dtype = PDR_U8, .channels = data->channels};
    if (data->train.bytes) {
        bool one = data->channels == 1;
        const float *scale = one ? &data->scale : data->channel_scale;
        const float *shift = one ? &data->shift : data->channel_shift;
        d->scale = table()->keep(NULL, table()->from(s, PDR_F32, shape, 2, scale));
        d->shift = table()->keep(NULL, table()->from(s, PDR_F32, shape, 2, shift));
    }
    if (data->train.bytes && (!d->scale || !d->shift))
        host_engine()->scope_fail(s, PDR_ENOMEM, "no memory for a tensor");
    if (!scope_end(s, d, "what rows are normalised by", e))
        return d;
    device_close(d);
    return NULL;
}

void device_expect(struct device_rows *d, pdr_dtype x, pdr_dtype extra)
{
    d->x.dtype = x;
    d->extra.dtype = extra;
}

/* ---- out, as tensors ---- */

/* Rows of the shape of `form`; [0, ...] where there are none. */
static pdr_tensor *part_fetch(pdr_scope *s, const struct device_part *p, const int64_t *slots, int64_t n,
                              const struct row_form *form)
{
    const pdr_tensor_api *t = table();
    int64_t shape[HOST_ROW_RANK + 1] = {n};
    memcpy(shape + 1, form->shape, sizeof form->shape);
    if (!n || !p->rows)
        return t->full(s, form->dtype, shape, form->rank + 1, 0);
    return t->reshape(s, t->pick(s, p->rows, 0, list_tensor(s, slots, n)), shape, form->rank + 1);
}

/* Bytes of n rows to what dataset_convert makes of them. */
static pdr_tensor *bytes_convert(pdr_scope *s, const struct device_rows *d, const pdr_tensor *raw, int64_t n,
                                 const struct row_form *form)
{
    const pdr_tensor_api *t = table();
    const int64_t parts[] = {n, d->channels, form->values / d->channels};
    int64_t shape[HOST_ROW_RANK + 1] = {n};
    memcpy(shape + 1, form->shape, sizeof form->shape);
    pdr_tensor *x = t->cast(s, t->reshape(s, raw, parts, 3), PDR_F32);
    t->scale(s, x, d->scale);
    t->blend(s, x, 1, d->shift, 1);
    return t->reshape(s, x, shape, form->rank + 1);
}

pdr_tensor *device_fetch_x(pdr_scope *s, const pdr_memory *m, const int64_t *slots, int64_t n)
{
    pdr_tensor *rows = part_fetch(s, &m->device->x, slots, n, &m->row);
    return m->row.dtype == PDR_U8 ? bytes_convert(s, m->device, rows, n, &m->row) : rows;
}

pdr_tensor *device_fetch_extra(pdr_scope *s, const pdr_memory *m, const int64_t *slots, int64_t n)
{
    return part_fetch(s, &m->device->extra, slots, n, &m->extra);
}
