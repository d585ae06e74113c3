/* Which versions of rows stay on disk: those of the memory as it is, and those that a checkpoint which is kept may need. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "memory/disk.h"
#include "memory/store.h"

bool dropped_reserve(struct disk *d, dropped_list *l, int64_t more)
{
    int64_t room = l->room ? l->room : 64;
    while (room < l->count + more)
        room *= 2;
    if (room == l->room)
        return true;
    bool done = blocks_resize(d->blocks, &l->at, (size_t)room * sizeof *l->at);
    l->room = done ? room : l->room;
    return done;
}

/* Younger than all checkpoints: nobody can ask for it again. */
void dropped_add(struct disk *d, int64_t slot, int64_t generation)
{
    dropped_list *l = generation > d->mark ? &d->dead : &d->retired;
    l->at[l->count++] = (dropped){slot, generation, d->attempted ? INT64_MAX : d->serial};
}

static int dropped_compare(const void *a, const void *b)
{
    const dropped *one = a, *other = b;
    return (one->generation > other->generation) - (one->generation < other->generation);
}

void dropped_take(struct disk *d, batch *b)
{
    dropped_list *l = &d->dead;
    if (!d->sorted && l->count >= d->rows_now / 4 + DROPS_LEAST) {
        qsort(l->at, (size_t)l->count, sizeof *l->at, dropped_compare);
        d->sorted = l->count;
    }
    while (b->drop_count < DROPS_A_BATCH && d->sorted) {
        b->drops[b->drop_count++] = l->at[--d->sorted];
        l->at[d->sorted] = l->at[--l->count];
    }
}

/* What had gone before the state was handed out no checkpoint from this one on needs; one that failed before may have come to
 * be all the same, with a number below. What has gone since, while it was written, this one needs. */
void memory_saved(memory *m, int64_t serial, int64_t oldest_kept)
{
    struct disk *d = m->disk;
    int64_t kept = 0;
    error later = {0}; /* what fails here fails again with the next row, and says so there */
    if (!d || !dropped_reserve(d, &d->dead, d->retired.count))
        return;
    d->serial = serial;
    d->attempted = false;
    for (int64_t i = 0; i < d->retired.count; i++) {
        dropped one = d->retired.at[i];
        int64_t most = i < d->before ? serial - 1 : serial;
        one.needed_by = one.needed_by > most ? most : one.needed_by;
        if (one.needed_by < oldest_kept)
            d->dead.at[d->dead.count++] = one;
        else
            d->retired.at[kept++] = one;
    }
    d->retired.count = d->before = kept;
    disk_turn(d, &later);
}

/* ---- beside a checkpoint ---- */

typedef struct agreement {
    struct disk *d;
    int64_t used, row_bytes, extra_bytes;
    uint8_t *found;         /* [used / 8] bits: the row of this slot is there */
    const dropped *retired; /* by generation */
    int64_t retired_count;
    int64_t written; /* generations that the folder says it has had */
} agreement;

static int missing_check(const agreement *a, error *e)
{
    const struct disk *d = a->d;
    for (int64_t slot = 0; slot < a->used; slot++)
        if (d->generation[slot] && !(a->found[slot / 8] & 1 << slot % 8)) {
            error_set(
                e, EXIT_DATA,
                "memory %s: %s: found no row for slot %lld, generation %lld; the memory is %s than the checkpoint",
                d->setup.name, d->path, (long long)slot, (long long)d->generation[slot],
                a->written > d->generations ? "newer" : "older");
            return error_hint(e, "it has had %lld rows in all, and at the checkpoint %lld", (long long)a->written,
                              (long long)d->generations);
        }
    return 0;
}

static int form_check(const agreement *a, int64_t slot, const MDB_val *value, error *e)
{
    char words[STORED_WORDS];
    stored_row r;
    const struct disk *d = a->d;
    if (!stored_form(value->mv_data, value->mv_size, &r, words))
        return error_set(e, EXIT_DATA, "memory %s: %s: slot %lld, generation %lld: %s", d->setup.name, d->path,
                         (long long)slot, (long long)d->generation[slot], words);
    if (r.x_bytes == a->row_bytes && r.extra_bytes <= a->extra_bytes)
        return 0;
    return error_set(
        e, EXIT_DATA,
        "memory %s: %s: slot %lld, generation %lld: found a row of %lld and %lld bytes; expected %lld and %lld",
        d->setup.name, d->path, (long long)slot, (long long)d->generation[slot], (long long)r.x_bytes,
        (long long)r.extra_bytes, (long long)a->row_bytes, (long long)a->extra_bytes);
}

static int entry_check(agreement *a, const MDB_val *key, const MDB_val *value, int64_t *newest, error *e)
{
    struct disk *d = a->d;
    int64_t slot, generation;
    if (!stored_key_read(key->mv_data, key->mv_size, &slot, &generation))
        return 0; /* the description, or nothing of ours */
    *newest = generation > *newest ? generation : *newest;
    if (slot < a->used && d->generation[slot] == generation) {
        a->found[slot / 8] |= (uint8_t)(1 << slot % 8);
        return form_check(a, slot, value, e);
    }
    const dropped wanted = {slot, generation, 0};
    const dropped *needed = a->retired_count
                                ? bsearch(&wanted, a->retired, (size_t)a->retired_count, sizeof wanted, dropped_compare)
                                : NULL;
    if (needed && needed->slot == slot)
        return 0;
    if (!dropped_reserve(d, &d->dead, 1))
        return disk_refuse(d, errno, "no room for the lists beside it", e);
    d->dead.at[d->dead.count++] = wanted;
    return 0;
}

static int entries_check(agreement *a, MDB_txn *txn, error *e)
{
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    struct disk *d = a->d;
    int64_t newest = a->written;
    int code = 0, found = mdb_cursor_open(txn, d->rows, &cursor);
    for (found = found ? found : mdb_cursor_get(cursor, &key, &value, MDB_FIRST); !found && !code;
         found = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        code = entry_check(a, &key, &value, &newest, e);
        if (code)
            break;
    }
    if (!code && found != MDB_NOTFOUND)
        code = disk_refuse(d, found, "cannot be read", e);
    code = code ? code : missing_check(a, e);
    if (cursor)
        mdb_cursor_close(cursor);
    d->generations = newest > d->generations ? newest : d->generations; /* none is ever given twice */
    return code;
}

static int identity_check(agreement *a, MDB_txn *txn, error *e)
{
    struct disk *d = a->d;
    description found;
    int code = description_get(txn, d->rows, &found);
    if (code == MDB_NOTFOUND)
        return error_set(e, EXIT_DATA, "memory %s: %s: found no memory; expected that of the checkpoint", d->setup.name,
                         d->path);
    if (code)
        return disk_refuse(d, code, "its description cannot be read", e);
    a->written = found.generations;
    if (found.id != d->id)
        code =
            error_set(e, EXIT_DATA, "memory %s: %s: found the memory of another run; expected that of the checkpoint",
                      d->setup.name, d->path);
    description_free(&found);
    return code;
}

int disk_agree(struct disk *d, int64_t used, int64_t row_bytes, int64_t extra_bytes, error *e)
{
    MDB_txn *txn = NULL;
    size_t bytes = (size_t)d->retired.count * sizeof(dropped);
    dropped *sorted = alloc_zero((size_t)d->retired.count + 1, sizeof *sorted);
    if (bytes)
        memcpy(sorted, d->retired.at, bytes);
    qsort(sorted, (size_t)d->retired.count, sizeof *sorted, dropped_compare);
    agreement a = {.d = d,
                   .used = used,
                   .row_bytes = row_bytes,
                   .extra_bytes = extra_bytes,
                   .found = alloc_zero((size_t)used / 8 + 1, 1),
                   .retired = sorted,
                   .retired_count = d->retired.count};
    int code = mdb_txn_begin(d->env, NULL, MDB_RDONLY, &txn);
    code = code ? disk_refuse(d, code, "cannot be read", e) : identity_check(&a, txn, e);
    code = code ? code : entries_check(&a, txn, e);
    if (txn)
        mdb_txn_abort(txn);
    free(a.found);
    free(sorted);
    d->begun = !code;
    return code;
}
