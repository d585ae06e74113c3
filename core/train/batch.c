/* Batches: the rows of a task in an order drawn anew for every epoch, and behind them the rows of mingled memories, all in
 * one shuffle. The order depends on the seed and the task alone, so that methods of one seed see the same batches.
 *
 * Rows are gathered as bytes and converted in one pass; the bytes themselves go to the hooks as `raw`, for memories. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "train/cell.h"

/* ---- the order of an epoch ---- */

static void mingled_collect(batch_order *o, const host_task *t)
{
    o->mingled_count = 0;
    for (int64_t i = 0; i < t->mingled_count; i++) {
        memory *store = host_memory_store(t->mingled[i]);
        int64_t count = memory_count(store, PDR_ALL), *slots = alloc_zero((size_t)count + 1, sizeof *slots);
        count = memory_find(store, PDR_ALL, slots);
        o->mingled = alloc_again(o->mingled, (size_t)(o->mingled_count + count) + 1, sizeof *o->mingled);
        for (int64_t j = 0; j < count; j++)
            o->mingled[o->mingled_count++] = (struct batch_mingled){t->mingled[i], slots[j]};
        free(slots);
    }
}

/* All rows in one shuffle; where nobody is told of tasks each task's own, one task after another, and mingled rows last. */
static void order_draw(batch_order *o, const stage *s)
{
    if (!s->ends) {
        random_permutation(&o->random, o->at, o->count);
        return;
    }
    int64_t first = 0;
    for (int64_t i = 0; i <= s->tasks; i++) {
        const int64_t end = i < s->tasks ? s->ends[i] : o->count;
        random_permutation(&o->random, o->at + first, end - first);
        for (int64_t j = first; j < end; j++)
            o->at[j] += first;
        first = end;
    }
}

void batch_order_begin(cell *c, stage *s, int64_t epoch)
{
    batch_order *o = &c->order;
    if (epoch == 0) {
        o->random = random_open((uint64_t)c->seed, "batches", "", s->task.task.index);
        o->augmentation = random_open((uint64_t)c->seed, "augmentation", "", s->task.task.index);
    }
    mingled_collect(o, &s->task);
    o->count = s->count + o->mingled_count;
    o->at = alloc_again(o->at, (size_t)o->count + 1, sizeof *o->at);
    order_draw(o, s);
    o->next = 0;
}

void batch_order_close(batch_order *o)
{
    free(o->at);
    free(o->mingled);
}

/* ---- one batch ---- */

/* Which of the batch's entries are fresh, and which mingled; both keep their order. */
typedef struct batch_split {
    int64_t *fresh, fresh_count; /* positions in the stage */
    struct batch_mingled *mingled;
    int64_t mingled_count;
} batch_split;

static batch_split split_open(const batch_order *o, const stage *s, int64_t size)
{
    batch_split b = {.fresh = alloc_zero((size_t)size, sizeof *b.fresh),
                     .mingled = alloc_zero((size_t)size, sizeof *b.mingled)};
    for (int64_t i = o->next; i < o->next + size; i++)
        if (o->at[i] < s->count)
            b.fresh[b.fresh_count++] = o->at[i];
        else
            b.mingled[b.mingled_count++] = o->mingled[o->at[i] - s->count];
    return b;
}

static void split_close(batch_split *b)
{
    free(b->fresh);
    free(b->mingled);
}

/* Rows that are augmented: `raw` is what they were before. Bytes are kept already, so only reals need a copy. */
static pdr_tensor *fresh_augment(cell *c, int64_t n, float *x, pdr_tensor *bytes)
{
    const dataset *data = c->data;
    void *before = NULL;
    pdr_tensor *raw = bytes;
    if (!data->augment_count)
        return bytes;
    if (!bytes && c->session.count)
        raw = host_blank_rows(&c->session, c->step.scope, PDR_F32, n, &before);
    if (before && n)
        memcpy(before, x, (size_t)(n * data->train.width) * sizeof *x);
    dataset_augment(data, &c->order.augmentation, n, x);
    return raw;
}

/* x of the fresh rows; for strategies also raw: the bytes, or the reals before augmentation, which may be x itself. */
static void fresh_gather(cell *c, const stage *s, const batch_split *b)
{
    const dataset *data = c->data;
    pdr_step *step = &c->step.step;
    void *x = NULL, *at = NULL;
    int64_t n = b->fresh_count, *rows = alloc_zero((size_t)n + 1, sizeof *rows);
    for (int64_t i = 0; i < n; i++)
        rows[i] = s->rows[b->fresh[i]];
    pdr_tensor *out = host_room_open(&c->session, c->step.scope, n, c->order.rehearsed, &x), *raw = NULL;
    if (data->train.bytes && c->session.count)
        raw = host_blank_rows(&c->session, c->step.scope, PDR_U8, n, &at);
    if (raw && out) {
        stream_gather_bytes(c->stream, &data->train, rows, n, at);
        dataset_convert(data, at, n, x);
    } else if (out) {
        stream_gather(c->stream, data, &data->train, rows, n, x);
    }
    free(rows);
    if (out)
        raw = fresh_augment(c, n, x, raw);
    step->x = c->engine->to_device(c->step.scope, out);
    step->raw = raw ? c->engine->to_device(c->step.scope, raw) : step->x;
}

static void fresh_label(cell *c, const stage *s, const batch_split *b)
{
    pdr_step *step = &c->step.step;
    void *y = NULL, *row = NULL;
    pdr_tensor *labels = c->engine->blank(c->step.scope, PDR_I64, &b->fresh_count, 1, &y), *rows = NULL;
    for (int64_t i = 0; labels && i < b->fresh_count; i++)
        ((int64_t *)y)[i] = s->labels[b->fresh[i]];
    if (c->session.count && (rows = c->engine->blank(c->step.scope, PDR_I64, &b->fresh_count, 1, &row)) && labels &&
        b->fresh_count) /* a batch may be of mingled rows alone */
        memcpy(row, b->fresh, (size_t)b->fresh_count * sizeof *b->fresh);
    step->y = c->engine->to_device(c->step.scope, labels);
    step->row = rows ? c->engine->to_device(c->step.scope, rows) : NULL;
    step->fresh = b->fresh_count;
}

/* The rows of one memory in this batch, as a JOINed part in front of what is rehearsed. */
static void part_mingle(cell *c, pdr_memory *m, const batch_split *b, int64_t *slots)
{
    host_step *h = &c->step;
    host_part *part = &h->parts[h->part_count];
    *part = (host_part){.owner = host_memory_owner(m), .mingled = true, .blend = PDR_JOIN, .first = h->rows};
    for (int64_t i = 0; i < b->mingled_count; i++)
        if (b->mingled[i].memory == m)
            slots[part->count++] = b->mingled[i].slot;
    if (!part->count)
        return;
    host_memory_rows(h->scope, m, slots, part->count, &part->x, &part->y);
    part->x = host_augment(h->session, h->scope, &c->order.augmentation, part->x);
    host_part_labels(h, part); /* a fault is the scope's, and stops the step */
    h->rows += part->count;
    h->part_count++;
}

static void mingled_queue(cell *c, const stage *s, const batch_split *b)
{
    int64_t *slots = b->mingled_count ? alloc_zero((size_t)b->mingled_count, sizeof *slots) : NULL;
    for (int64_t i = 0; b->mingled_count && i < s->task.mingled_count; i++)
        part_mingle(c, s->task.mingled[i], b, slots);
    free(slots);
}

static void step_begin(cell *c, stage *s, int64_t epoch)
{
    host_step *h = &c->step;
    c->engine->scope_clear(h->scope, PDR_GRAD);
    c->session.step = c->steps + 1;
    host_doing(&c->session, HOST_BATCH);
    h->step = (pdr_step){
        .struct_size = sizeof(pdr_step),
        .epoch = (uint32_t)epoch,
        .index = c->steps - c->steps_before,
        .lr = schedule_rate(c, epoch),
        .task = &s->task.task,
    };
    h->part_count = h->term_count = h->penalty_count = 0;
    h->penalties_applied = false;
}

bool batch_take(cell *c, stage *s, int64_t epoch, error *e)
{
    batch_order *o = &c->order;
    int64_t size = o->count - o->next < c->method->options->training.batch ? o->count - o->next
                                                                           : c->method->options->training.batch;
    if (size <= 0 || schedule_over(c, epoch))
        return false;
    step_begin(c, s, epoch);
    batch_split b = split_open(o, s, size);
    fresh_gather(c, s, &b);
    fresh_label(c, s, &b);
    c->step.rows = b.fresh_count;
    mingled_queue(c, s, &b);
    split_close(&b);
    o->next += size;
    o->taken = size;
    stage_advance(c, s);
    return !step_failed(c, "the batch", e);
}
