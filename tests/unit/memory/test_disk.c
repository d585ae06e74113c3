/* A memory on disk is a memory in RAM that lies elsewhere: whatever is done with it, it gives back the same, draws the same and
 * lets the same go; and it comes back with a checkpoint, whatever was written after it. */
#include "folder.h"

/* ---- beside a memory in RAM ---- */

static workload workload_of(int policy, int kind, uint64_t seed)
{
    return (workload){.policy = (enum memory_policy)policy,
                      .capacity = kind == 1 ? 0 : 37,
                      .per_class = kind == 1 ? 7 : 0,
                      .most_bytes = kind == 2 ? 400 : 0,
                      .bytes = seed % 2,
                      .seed = seed};
}

static void disk_does_as_ram_does(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 4; seed++)
        for (int policy = MEMORY_RESERVOIR; policy <= MEMORY_NONE; policy++)
            for (int kind = 0; kind < 3; kind++) {
                workload w = workload_of(policy, kind, seed), v = w;
                char *folder = a_folder();
                v.folder = folder;
                v.waiting = seed < 2 ? 1 : 0; /* a few rows, or all of them */
                memory *a = workload_open(&w), *b = workload_open(&v);
                worker one = worker_begin(&w), other = one;
                for (int i = 0; i < 70; i++) {
                    worker_step(&one, a, NULL);
                    worker_step(&other, b, NULL);
                    state_same(a, b);
                }
                memory_close(a);
                memory_close(b);
                free(folder);
            }
}

/* ---- with checkpoints ---- */

enum { KEPT = 3 };

typedef struct checkpoint_pair {
    int64_t serial;
    arrays disk, ram;
    worker worker;
} checkpoint_pair;

typedef struct history {
    workload ram, disk;
    checkpoint_pair kept[KEPT];
    int count;
    int64_t serial;
} history;

static void history_save(history *h, memory *a, memory *b, worker *w, worker *v)
{
    if (h->count == KEPT) {
        arrays_free(&h->kept[0].disk);
        arrays_free(&h->kept[0].ram);
        memmove(&h->kept[0], &h->kept[1], (KEPT - 1) * sizeof h->kept[0]);
        h->count--;
    }
    h->kept[h->count++] = (checkpoint_pair){++h->serial, state_taken(b), state_taken(a), *w};
    for (int64_t i = h->serial % 3; i > 0; i--) { /* training goes on while it is written */
        worker_step(w, a, NULL);
        worker_step(v, b, NULL);
    }
    memory_saved(b, h->serial, h->kept[0].serial);
}

/* The newest `back` checkpoints are damaged: the one before is loaded, into both. */
static void history_load(history *h, int back, memory **a, memory **b, worker *w)
{
    error e = {0};
    const checkpoint_pair *from = &h->kept[h->count - 1 - back];
    *a = workload_open(&h->ram);
    *b = workload_open(&h->disk);
    if (memory_load(*a, "memory/a", &from->ram, &e) || memory_load(*b, "memory/a", &from->disk, &e))
        fail_msg("%s", e.text);
    memory_saved(*b, from->serial, h->kept[0].serial);
    *w = from->worker;
    for (; back > 0; back--) { /* what was found damaged is not gone on from again */
        h->count--;
        arrays_free(&h->kept[h->count].disk);
        arrays_free(&h->kept[h->count].ram);
    }
}

static void one_history(int policy, int kind, uint64_t seed)
{
    history h = {.ram = workload_of(policy, kind, seed)};
    char *folder = a_folder();
    h.disk = h.ram;
    h.disk.folder = folder;
    h.disk.waiting = seed % 2;
    memory *a = workload_open(&h.ram), *b = workload_open(&h.disk);
    worker one = worker_begin(&h.ram), other = one;
    random_stream r = random_open(seed, "test", "history", 0);
    for (int i = 0; i < 120; i++) {
        int64_t what = random_below(&r, 12);
        if (what < 9) {
            worker_step(&one, a, NULL);
            worker_step(&other, b, NULL);
        } else if (what < 11) {
            history_save(&h, a, b, &one, &other);
        } else if (h.count) { /* killed */
            memory_close(a);
            memory_close(b);
            history_load(&h, (int)random_below(&r, h.count), &a, &b, &one);
            other = one;
        }
        state_same(a, b);
    }
    for (; h.count; h.count--) {
        arrays_free(&h.kept[h.count - 1].disk);
        arrays_free(&h.kept[h.count - 1].ram);
    }
    memory_close(a);
    memory_close(b);
    free(folder);
}

static void any_kept_checkpoint_can_be_gone_on_from(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 6; seed++)
        for (int policy = MEMORY_RESERVOIR; policy <= MEMORY_NONE; policy++)
            for (int kind = 0; kind < 3; kind++)
                one_history(policy, kind, seed);
}

/* Rows are all replaced between checkpoints: what only dropped ones know goes, what a kept one knows stays. */
static void versions_go_when_no_checkpoint_needs_them(void **state)
{
    (void)state;
    char *folder = a_folder();
    workload w = {.policy = MEMORY_FIFO, .capacity = 30, .seed = 1, .folder = folder};
    memory *m = workload_open(&w);
    arrays a;
    for (int64_t i = 0; i < 100; i++) {
        fixture_offer(m, i * 30, 30, 0);
        a = state_taken(m);
        arrays_free(&a);
        memory_saved(m, i, i < 2 ? 0 : i - 2);
    }
    memory_close(m);
    int64_t left = rows_on_disk(folder); /* what is dead goes when it is a quarter of the rows, or 64 */
    assert_true(left >= 3 * 30 && left <= 3 * 30 + 30 / 4 + 64 + 30);
    free(folder);
}

/* A checkpoint of which nobody knows whether it came to be keeps its rows. */
static void a_failed_checkpoint_costs_nothing(void **state)
{
    (void)state;
    char *folder = a_folder();
    workload w = {.policy = MEMORY_FIFO, .capacity = 30, .seed = 1, .folder = folder};
    memory *m = workload_open(&w), *n;
    error e = {0};
    int64_t ids[30];
    fixture_offer(m, 0, 30, 0);
    arrays good = state_taken(m), lost;
    memory_saved(m, 1, 1);
    fixture_offer(m, 30, 30, 0);
    lost = state_taken(m); /* no memory_saved(): writing it failed, behind the rename */
    fixture_offer(m, 60, 30, 0);
    memory_close(m);
    for (int i = 0; i < 2; i++) {
        n = workload_open(&w);
        if (memory_load(n, "memory/a", i ? &good : &lost, &e))
            fail_msg("%s", e.text);
        assert_int_equal(fixture_kept(n, 0, ids), 30);
        assert_int_equal(ids[29], i ? 29 : 59);
        memory_close(n);
    }
    arrays_free(&good);
    arrays_free(&lost);
    free(folder);
}

/* Rows of a try that came to nothing, more of them than the map that a file is opened with has room for. */
static void more_than_a_map_is_begun_anew(void **state)
{
    (void)state;
    enum { ROW = 32 << 20, ROWS = 10 };
    char *folder = a_folder();
    char *x = alloc_zero(ROW, 1);
    const int64_t y = 0;
    const memory_rows row = {.count = 1, .x = x, .row_bytes = ROW, .is_bytes = true, .y = &y};
    for (int try = 0; try < 2; try++) {
        error e = {0};
        memory *m = memory_open(&(memory_setup){.capacity = ROWS,
                                                .policy = MEMORY_FIFO,
                                                .name = "large",
                                                .where = MEMORY_DISK,
                                                .folder = folder,
                                                .owner = "cell"},
                                &e);
        arrays saved = {0};
        assert_non_null(m);
        for (int i = 0; i < ROWS; i++)
            if (memory_offer(m, &row, &e))
                fail_msg("try %d, row %d: %s", try, i, e.text);
        assert_int_equal(memory_save(m, "m", &saved, &e), 0);
        arrays_free(&saved);
        memory_close(m);
    }
    free(x);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_than_a_map_is_begun_anew),
        cmocka_unit_test(disk_does_as_ram_does),
        cmocka_unit_test(any_kept_checkpoint_can_be_gone_on_from),
        cmocka_unit_test(versions_go_when_no_checkpoint_needs_them),
        cmocka_unit_test(a_failed_checkpoint_costs_nothing),
    };
    return cmocka_run_group_tests(tests, root_make, root_drop);
}
