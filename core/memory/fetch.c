/* Rows back from disk: a batch of them in one transaction, each with its checksum looked at. */
#include <string.h>

#include "memory/disk.h"

enum { FETCHED = 16, PREFETCHED = 1024 }; /* rows at a time; bytes of each */

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

static int row_find(const struct disk *d, int64_t slot, MDB_val *value, error *e)
{
    unsigned char key[STORED_KEY];
    MDB_val at = {sizeof key, key};
    stored_key(slot, d->generation[slot], key);
    int code = mdb_get(d->reader, d->rows, &at, value);
    if (code == MDB_NOTFOUND)
        return row_refuse(d, slot, "found no such row; expected it", e);
    if (code)
        return disk_refuse(d, code, "cannot be read", e);
    for (size_t line = 0; line < value->mv_size && line < PREFETCHED; line += 64)
        __builtin_prefetch((const char *)value->mv_data + line);
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

/* Where the rows lie: in a batch (mv_size 0), or in the map. All are looked for before the first is read, so that what is
 * waited for is fetched from memory meanwhile. */
static int rows_find(struct disk *d, const int64_t *slots, int64_t n, MDB_val *values, bool *reading, error *e)
{
    int code = 0;
    for (int64_t i = 0; i < n; i++) {
        __builtin_prefetch(&d->place[slots[i]]);
        __builtin_prefetch(&d->generation[slots[i]]);
    }
    for (int64_t i = 0; !code && i < n; i++) {
        values[i] = (MDB_val){0, NULL};
        if (d->place[slots[i]] >= 0)
            continue;
        if (!*reading && (code = reader_begin(d)) != 0)
            return reader_refuse(d, code, e);
        *reading = true;
        code = row_find(d, slots[i], &values[i], e);
    }
    return code;
}

static int row_read(struct disk *d, int64_t slot, const MDB_val *value, stored_row *out, error *e)
{
    char words[STORED_WORDS];
    if (!value->mv_size) {
        disk_waits(d, slot, out);
        out->slot = slot;
        return 0;
    }
    return stored_read(value->mv_data, value->mv_size, slot, d->generation[slot], out, words)
               ? 0
               : row_refuse(d, slot, words, e);
}

int disk_fetch(struct disk *d, const int64_t *slots, int64_t n, int64_t row_bytes, int64_t extra_bytes, void *x,
               void *extra, int64_t *task, error *e)
{
    MDB_val values[FETCHED] = {{0, NULL}};
    bool reading = false;
    int code = 0;
    for (int64_t first = 0; !code && first < n; first += FETCHED) {
        int64_t some = n - first < FETCHED ? n - first : FETCHED;
        code = rows_find(d, slots + first, some, values, &reading, e);
        for (int64_t i = first; !code && i < first + some; i++) {
            stored_row r = {0};
            char *to = x ? (char *)x + (size_t)(i * row_bytes) : NULL;
            char *more = extra ? (char *)extra + (size_t)(i * extra_bytes) : NULL;
            code = row_read(d, slots[i], &values[i - first], &r, e);
            code = code ? code : row_take(d, &r, row_bytes, extra_bytes, to, more, e);
            if (!code && task)
                *task = r.task;
        }
    }
    if (reading)
        mdb_txn_reset(d->reader);
    return code;
}
