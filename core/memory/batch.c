/* Rows on their way to disk: two batches of cells, of which one fills while the other is committed. See disk.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/alloc.h"
#include "memory/disk.h"

static batch *front_of(struct disk *d) { return &d->batches[d->front]; }
static batch *back_of(struct disk *d) { return &d->batches[1 - d->front]; }

/* ---- cells ---- */

static void batch_free(batch *b)
{
    if (b->bytes)
        munmap(b->bytes, b->mapped);
    free(b->slot);
    free((void *)b->seen);
    free(b->generation);
    free(b->emptied);
    free(b->drops);
    *b = (batch){0};
}

void batches_close(struct disk *d)
{
    batch_free(&d->batches[0]);
    batch_free(&d->batches[1]);
}

/* All pages are touched at once, so that what a memory takes does not depend on how long it has run. */
static bool batch_make(batch *b, int64_t cells, size_t stride)
{
    size_t bytes = (size_t)cells * stride;
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (at == MAP_FAILED)
        return false;
    *b = (batch){.bytes = at,
                 .mapped = bytes,
                 .cells = cells,
                 .slot = alloc_zero((size_t)cells, sizeof *b->slot),
                 .seen = alloc_zero((size_t)cells, sizeof *b->seen),
                 .generation = alloc_zero((size_t)cells, sizeof *b->generation),
                 .emptied = alloc_zero((size_t)cells, sizeof *b->emptied),
                 .drops = alloc_zero(DROPS_A_BATCH, sizeof *b->drops)};
    return true;
}

int disk_form(struct disk *d, int64_t row_bytes, int64_t extra_bytes, int64_t most, error *e)
{
    size_t stride = stored_size(row_bytes, extra_bytes);
    if (stride == d->stride)
        return 0;
    int code = d->stride ? disk_flush(d, e) : 0;
    if (code)
        return code;
    batches_close(d);
    disk_forget_places(d);
    d->stride = 0;
    code = most < INT64_MAX ? commit_widen(d, most, stride) : 0;
    if (code)
        return disk_refuse(d, code, "cannot be given more room", e);
    int64_t cells = (d->setup.waiting ? d->setup.waiting : BATCH_BYTES) / (int64_t)stride;
    cells = cells > most ? most : cells;
    cells = cells < BATCH_LEAST ? BATCH_LEAST : cells;
    if (!batch_make(&d->batches[0], cells, stride) || !batch_make(&d->batches[1], cells, stride))
        return error_system(e, EXIT_SYSTEM,
                            "memory %s: found no memory for 2 x %lld rows of %lld bytes; expected enough",
                            d->setup.name, (long long)cells, (long long)stride);
    d->row = alloc_again(d->row, stride, 1);
    d->copy = alloc_again(d->copy, stride, 1);
    d->stride = stride;
    return 0;
}

static int64_t cells_left(const batch *b) { return b->cells - b->taken + b->emptied_count; }

void disk_write(struct disk *d, const stored_row *r)
{
    batch *b = front_of(d);
    int64_t cell = b->emptied_count ? b->emptied[--b->emptied_count] : b->taken++;
    stored_row own = *r;
    own.generation = ++d->generations;
    stored_write(&own, b->bytes + (size_t)cell * d->stride);
    b->slot[cell] = r->slot;
    b->seen[cell] = NULL;
    b->generation[cell] = own.generation;
    d->generation[r->slot] = own.generation;
    d->place[r->slot] = 2 * cell + d->front;
    d->rows_now++;
    d->slots = r->slot < d->slots ? d->slots : r->slot + 1;
}

bool disk_waits(const struct disk *d, int64_t slot, stored_row *out)
{
    char words[STORED_WORDS];
    int64_t place = d->place[slot];
    return place >= 0 &&
           stored_form(d->batches[place % 2].bytes + (size_t)(place / 2) * d->stride, d->stride, out, words);
}

void disk_drop(struct disk *d, int64_t slot)
{
    int64_t place = d->place[slot];
    if (place >= 0 && place % 2 == d->front) { /* never on disk */
        batch *b = front_of(d);
        b->slot[place / 2] = -1;
        b->emptied[b->emptied_count++] = place / 2;
    } else {
        dropped_add(d, slot, d->generation[slot]);
    }
    d->generation[slot] = 0;
    d->place[slot] = PLACE_DISK;
    d->rows_now--;
}

void disk_forget_places(struct disk *d)
{
    for (int64_t slot = 0; slot < d->slots; slot++)
        if (d->place[slot] < PLACE_DISK)
            d->place[slot] = PLACE_DISK;
    for (int i = 0; i < 2; i++)
        for (int64_t cell = 0; cell < d->batches[i].taken; cell++)
            d->batches[i].seen[cell] = NULL;
}

/* ---- front and back ---- */

/* The back batch is on disk: its rows are read from there from now on. */
static int back_settle(struct disk *d, error *e)
{
    batch *b = back_of(d);
    if (!b->given)
        return 0;
    int code = commit_wait(d, b, e);
    b->failed = code != 0;
    if (code)
        return code; /* it stays as it is: another try goes on with it */
    for (int64_t cell = 0; cell < b->taken; cell++)
        if (b->slot[cell] >= 0 && d->place[b->slot[cell]] == 2 * cell + (1 - d->front))
            d->place[b->slot[cell]] = b->seen[cell] ? -(int64_t)(intptr_t)b->seen[cell] : PLACE_DISK;
    b->taken = b->emptied_count = b->drop_count = b->done = 0;
    b->given = false;
    return 0;
}

int disk_turn(struct disk *d, error *e)
{
    int code = back_settle(d, e);
    batch *b = front_of(d);
    if (code)
        return code;
    if (!b->bytes) /* no rows came yet, so there are no versions to drop either */
        return 0;
    dropped_take(d, b);
    if (b->taken == b->emptied_count && !b->drop_count)
        return 0;
    b->generations = d->generations;
    commit_give(d, b);
    d->front = 1 - d->front;
    return 0;
}

/* A batch whose commit failed is tried once more: nothing is given up as long as the process lives. */
static int back_retry(struct disk *d, error *e)
{
    batch *b = back_of(d);
    if (b->failed)
        commit_give(d, b);
    return back_settle(d, e);
}

int disk_flush(struct disk *d, error *e)
{
    int code = back_retry(d, e);
    code = code ? code : disk_turn(d, e);
    return code ? code : back_settle(d, e);
}

int disk_ready(struct disk *d, int64_t drops, error *e)
{
    if (!dropped_reserve(d, &d->retired, drops) || !dropped_reserve(d, &d->dead, drops))
        return disk_refuse(d, errno, "no room for the lists beside it", e);
    return cells_left(front_of(d)) > 0 ? 0 : disk_turn(d, e);
}
