/* What good data can be for a scenario all the same: fewer rows than a batch, test rows that are trained on, a set by
 * name with other rows than it has.
 *
 * Leakage: a test row whose bytes are those of a training row, whatever their labels. Real sets have a few (none in digits
 * and MNIST; photo sets some), so up to 1 % of the test rows are a warning, with the number in the results, and more
 * stops the run. A set that is made draws its rows apart: equal ones are chance. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "data/source.h"
#include "scenario/variant.h"

/* ---- leakage ---- */

static const void *row_at(const data_rows *r, int64_t i)
{
    return r->bytes ? (const void *)(r->bytes + i * r->width) : r->reals + i * r->width;
}

/* Two lanes of multiply and shift: no secret, but fast, and rows that differ in a pixel fall far apart. */
static uint64_t row_hash(const void *row, size_t bytes)
{
    const char *at = row;
    uint64_t a = 0x9e3779b97f4a7c15u, b = bytes, word;
    for (; bytes >= 16; bytes -= 16, at += 16) {
        memcpy(&word, at, 8);
        a = (a ^ word) * 0xff51afd7ed558ccdu;
        a ^= a >> 32;
        memcpy(&word, at + 8, 8);
        b = (b ^ word) * 0xc4ceb9fe1a85ec53u;
        b ^= b >> 32;
    }
    for (; bytes; bytes--, at++)
        a = (a ^ (uint8_t)*at) * 0xff51afd7ed558ccdu;
    a = (a ^ b) * 0xc4ceb9fe1a85ec53u;
    return a ^ a >> 29;
}

/* Open addressing over the training rows, none twice: however many are alike, a look takes few steps. */
typedef struct row_table {
    const data_rows *rows;
    size_t row_bytes;
    uint64_t mask;
    struct row_slot {
        uint64_t hash;
        int64_t row; /* number + 1; 0: empty */
    } * slots;
} row_table;

/* The slot of a row with these bytes, or the empty one where it would stand. */
static struct row_slot *table_find(const row_table *t, const void *row, uint64_t hash)
{
    for (uint64_t i = hash & t->mask;; i = (i + 1) & t->mask) {
        struct row_slot *slot = &t->slots[i];
        if (!slot->row || (slot->hash == hash && !memcmp(row_at(t->rows, slot->row - 1), row, t->row_bytes)))
            return slot;
    }
}

static int rows_table(row_table *t, const data_rows *rows, error *e)
{
    uint64_t room = 64;
    while (room < (uint64_t)rows->count * 2)
        room *= 2;
    *t = (row_table){.rows = rows, .mask = room - 1, .slots = calloc(room, sizeof *t->slots)};
    t->row_bytes = (size_t)rows->width * (rows->bytes ? 1 : sizeof *rows->reals);
    if (!t->slots)
        return error_set(e, EXIT_SYSTEM, "found no memory to compare %lld rows; expected enough",
                         (long long)rows->count);
    for (int64_t i = 0; i < rows->count; i++) {
        uint64_t hash = row_hash(row_at(rows, i), t->row_bytes);
        struct row_slot *slot = table_find(t, row_at(rows, i), hash);
        if (!slot->row)
            *slot = (struct row_slot){hash, i + 1};
    }
    return 0;
}

int dataset_leak(const dataset *d, data_leak *out, error *e)
{
    row_table t;
    *out = (data_leak){0, -1, -1};
    int code = rows_table(&t, &d->train, e);
    for (int64_t i = 0; !code && i < d->test.count; i++) {
        const void *row = row_at(&d->test, i);
        const struct row_slot *slot = table_find(&t, row, row_hash(row, t.row_bytes));
        if (slot->row && !out->count++)
            *out = (data_leak){1, i, slot->row - 1};
    }
    free(t.slots);
    return code;
}

static const char *test_path(const dataset *d)
{
    return d->test_file < d->file_count ? d->files[d->test_file].path : d->name;
}

static int leak_check(const struct scenario *s, dataset *d, error *e)
{
    enum { ONE_IN = 100 };
    if (s->data.set == DATA_SYNTHETIC || dataset_leak(d, &d->leak, e) || !d->leak.count)
        return e->code;
    const data_leak *l = &d->leak;
    int64_t most = d->test.count / ONE_IN;
    char *found = alloc_format("found %lld test row%s too (test row %lld is training row %lld)", (long long)l->count,
                               l->count == 1 ? " that is a training row" : "s that are training rows",
                               (long long)l->test_row, (long long)l->train_row);
    if (l->count <= most) {
        text_addf(&d->warnings, "%s: %s; results are a little better than they should be\n", test_path(d), found);
    } else {
        error_set(e, EXIT_DATA, "%s: %s; expected none", test_path(d), found);
        error_hint(e,
                   "rows count from 0 and are compared without their labels; up to 1 %% of the test rows (%lld) would "
                   "be a warning",
                   (long long)most);
    }
    free(found);
    return e->code;
}

/* ---- batches ---- */

static int methods_check_batch(const struct scenario *s, const struct method_list *methods, const dataset *d, error *e)
{
    const node *said = node_at(s->root, "training.batch");
    for (size_t i = 0; i < methods->count; i++) {
        const struct method_options *m = &methods->at[i];
        const node *own = m->set ? node_find(m->set, "training.batch") : NULL;
        if (m->training.batch <= d->train.count || (!own && !said))
            continue;
        char *path = own ? variant_place(m, "training.batch") : alloc_text("training.batch");
        int code = scenario_fault(s, path, e, "found %s%lld; expected at most %lld, the training rows of %s",
                                  own ? "training.batch: " : "", (long long)m->training.batch,
                                  (long long)d->train.count, d->name);
        free(path);
        return code;
    }
    return 0;
}

/* A batch that was asked for and cannot be had. The default is no more than a wish: a small set makes one short batch. */
static int batch_check(const struct scenario *s, const dataset *d, error *e)
{
    int code = methods_check_batch(s, &s->methods, d, e);
    return code ? code : methods_check_batch(s, &s->search.tried, d, e);
}

/* ---- sets by name ---- */

static void rows_check(dataset *d)
{
    const data_set_info *set = set_named(d->name);
    if (!set || !set->files[0].name || (set->train == d->train.count && set->test == d->test.count))
        return;
    text_addf(&d->warnings, "%s: found %lld training and %lld test rows; expected %lld and %lld\n", d->name,
              (long long)d->train.count, (long long)d->test.count, (long long)set->train, (long long)set->test);
}

int dataset_check(const struct scenario *s, dataset *d, error *e)
{
    int code = batch_check(s, d, e);
    if (!code)
        code = leak_check(s, d, e);
    if (!code)
        rows_check(d);
    return code;
}
