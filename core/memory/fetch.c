/* Rows back from disk: a batch of them in one transaction, each with its checksum looked at. */
#include <string.h>

#include "memory/disk.h"

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

static int row_find(const struct disk *d, int64_t slot, stored_row *out, error *e)
{
    unsigned char key[STORED_KEY];
    char words[STORED_WORDS];
    MDB_val at = {sizeof key, key}, value;
    stored_key(slot, d->generation[slot], key);
    int code = mdb_get(d->reader, d->rows, &at, &value);
    if (code == MDB_NOTFOUND)
        return row_refuse(d, slot, "found no such row; expected it", e);
    if (code)
        return disk_refuse(d, code, "cannot be read", e);
    return stored_read(value.mv_data, value.mv_size, slot, d->generation[slot], out, words)
               ? 0
               : row_refuse(d, slot, words, e);
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

int disk_fetch(struct disk *d, const int64_t *slots, int64_t n, int64_t row_bytes, int64_t extra_bytes, void *x,
               void *extra, int64_t *task, error *e)
{
    bool reading = false;
    int code = 0;
    for (int64_t i = 0; !code && i < n; i++) {
        stored_row r;
        char *to = x ? (char *)x + (size_t)(i * row_bytes) : NULL;
        char *more = extra ? (char *)extra + (size_t)(i * extra_bytes) : NULL;
        bool waits = disk_waits(d, slots[i], &r);
        if (!waits && !reading) {
            if ((code = reader_begin(d)) != 0)
                return disk_refuse(d, code, "cannot be read", e);
            reading = true;
        }
        code = waits ? 0 : row_find(d, slots[i], &r, e);
        r.slot = slots[i];
        code = code ? code : row_take(d, &r, row_bytes, extra_bytes, to, more, e);
        if (!code && task)
            *task = r.task;
    }
    if (reading)
        mdb_txn_reset(d->reader);
    return code;
}
