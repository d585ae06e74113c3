/* Rows back from disk: a batch of them in one transaction, each with its checksum looked at. */
#include <string.h>

#include "memory/disk.h"

enum { FETCHED = 16, PREFETCHED = 1024 }; /* rows at a time; bytes of each */

/* A row that is wanted: it waits in a batch; its key led to it, in the reader's transaction; or it was there when last seen. */
typedef struct found {
    MDB_val value;
    enum { FOUND_WAITS, FOUND_KEY, FOUND_GUESSED } where;
} found;

static int reader_begin(struct disk *d)
{
    return d->reader ? mdb_txn_renew(d->reader) : mdb_txn_begin(d->env, NULL, MDB_RDONLY, &d->reader);
}

static int row_refuse(const struct disk *d, int64_t slot, const char *words, error *e)
{
    int code = error_set(e, EXIT_DATA, "memory %s: %s: slot %lld, generation %lld: %s", d->setup.name, d->path,
                         (long long)slot, (long long)d->generation[slot], words);
    error_hint(e, "perdure memory verify %s names every damaged row", d->folder);
    return code;
}

static void row_prefetch(const MDB_val *value)
{
    for (size_t line = 0; line < value->mv_size && line < PREFETCHED; line += 64)
        __builtin_prefetch((const char *)value->mv_data + line);
}

static int row_find(struct disk *d, int64_t slot, MDB_val *value, error *e)
{
    unsigned char key[STORED_KEY];
    MDB_val at = {sizeof key, key};
    stored_key(slot, d->generation[slot], key);
    int code = mdb_get(d->reader, d->rows, &at, value);
    if (code == MDB_NOTFOUND)
        return row_refuse(d, slot, "found no such row; expected it", e);
    if (code)
        return disk_refuse(d, code, "cannot be read", e);
    d->place[slot] = value->mv_size == d->stride ? -(int64_t)(intptr_t)value->mv_data : PLACE_DISK;
    row_prefetch(value);
    return 0;
}

/* What a row has, and behind a shorter extra what all such rows read there. */
static int row_take(const struct disk *d, const stored_row *r, int64_t row_bytes, int64_t extra_bytes, void *x,
                    void *extra, error *e)
{
    size_t own = (size_t)r->extra_bytes, all = (size_t)extra_bytes;
    if (r->x_bytes != row_bytes || own > all)
        return error_set(e, EXIT_DATA,
                         "memory %s: %s: slot %lld: found a row of %lld and %lld bytes; expected %lld and %lld",
                         d->setup.name, d->path, (long long)r->slot, (long long)r->x_bytes, (long long)r->extra_bytes,
                         (long long)row_bytes, (long long)extra_bytes);
    if (x && row_bytes)
        memcpy(x, r->x, (size_t)row_bytes);
    if (extra && own)
        memcpy(extra, r->extra, own);
    if (extra && all > own)
        memcpy((char *)extra + own, d->pad + own, all - own);
    return 0;
}

/* Where a commit failed over LMDB's own page, reading says no more than that; why, the commit knows. */
static int reader_refuse(struct disk *d, int code, error *e)
{
    batch *behind = &d->batches[1 - d->front];
    int why = code == MDB_PANIC && behind->given ? commit_wait(d, behind, e) : 0;
    return why ? why : disk_refuse(d, code, "cannot be read", e);
}

static int row_look_up(struct disk *d, int64_t slot, MDB_val *value, bool *reading, error *e)
{
    int code = *reading ? 0 : reader_begin(d);
    if (code)
        return reader_refuse(d, code, e);
    *reading = true;
    return row_find(d, slot, value, e);
}

/* Where the rows lie. All are looked for before the first is read, so that what is waited for is fetched from memory
 * meanwhile. */
static int rows_find(struct disk *d, const int64_t *slots, int64_t n, found *rows, bool *reading, error *e)
{
    int code = 0;
    for (int64_t i = 0; i < n; i++) {
        __builtin_prefetch(&d->place[slots[i]]);
        __builtin_prefetch(&d->generation[slots[i]]);
    }
    for (int64_t i = 0; !code && i < n; i++) {
        int64_t place = d->place[slots[i]];
        rows[i] = (found){.where = FOUND_WAITS};
        if (place == PLACE_DISK) {
            rows[i].where = FOUND_KEY;
            code = row_look_up(d, slots[i], &rows[i].value, reading, e);
        } else if (place < PLACE_DISK) {
            rows[i] = (found){{d->stride, (void *)(intptr_t)-place}, FOUND_GUESSED};
            row_prefetch(&rows[i].value);
        }
    }
    return code;
}

/* A guess is copied before it is checked, since its page may be written over meanwhile: what is used is what was checked. */
static bool row_guess(struct disk *d, int64_t slot, const MDB_val *value, stored_row *out)
{
    char words[STORED_WORDS];
    memcpy(d->copy, value->mv_data, d->stride);
    return stored_read(d->copy, d->stride, slot, d->generation[slot], out, words);
}

/* A row that is not where it was is looked for once more, by its key; that transaction holds it until it is reset. */
static int row_read(struct disk *d, int64_t slot, const found *f, stored_row *out, bool *reading, error *e)
{
    char words[STORED_WORDS];
    MDB_val value = f->value;
    if (f->where == FOUND_WAITS) {
        disk_waits(d, slot, out);
        out->slot = slot;
        return 0;
    }
    if (f->where == FOUND_GUESSED) {
        if (row_guess(d, slot, &value, out))
            return 0;
        int code = row_look_up(d, slot, &value, reading, e);
        if (code)
            return code;
    }
    return stored_read(value.mv_data, value.mv_size, slot, d->generation[slot], out, words)
               ? 0
               : row_refuse(d, slot, words, e);
}

int disk_fetch(struct disk *d, const int64_t *slots, int64_t n, int64_t row_bytes, int64_t extra_bytes, void *x,
               void *extra, int64_t *task, error *e)
{
    found rows[FETCHED];
    bool reading = false;
    int code = 0;
    for (int64_t first = 0; !code && first < n; first += FETCHED) {
        int64_t some = n - first < FETCHED ? n - first : FETCHED;
        code = rows_find(d, slots + first, some, rows, &reading, e);
        for (int64_t i = first; !code && i < first + some; i++) {
            stored_row r = {0};
            char *to = x ? (char *)x + (size_t)(i * row_bytes) : NULL;
            char *more = extra ? (char *)extra + (size_t)(i * extra_bytes) : NULL;
            code = row_read(d, slots[i], &rows[i - first], &r, &reading, e);
            code = code ? code : row_take(d, &r, row_bytes, extra_bytes, to, more, e);
            if (!code && task)
                *task = r.task;
        }
    }
    if (reading)
        mdb_txn_reset(d->reader);
    return code;
}
