/* A memory whose rows a keeper has does all that one in RAM does: the same rows in the same slots, the same draws, the same
 * arrays in a checkpoint. The keeper here is two plain arrays, and it watches over what it is asked. */
#include "state.h"

/* ---- a keeper ---- */

typedef struct shelf {
    int64_t room, row, extra;
    char *x, *more;
    int64_t writes, rows;
    bool full, closed; /* full: there is no more room */
} shelf;

static int shelf_room(void *kept, int64_t slots, int64_t row, int64_t extra, const memory_rows *rows, error *e)
{
    shelf *k = kept;
    assert_true(slots >= k->room && extra >= k->extra && (!k->room || row == k->row));
    if (k->full)
        return error_set(e, EXIT_SYSTEM, "the shelf is full");
    char *x = calloc((size_t)(slots * row) + 1, 1), *more = calloc((size_t)(slots * extra) + 1, 1);
    if (k->x)
        memcpy(x, k->x, (size_t)(k->room * row));
    for (int64_t i = 0; i < k->room; i++) {
        if (k->extra)
            memcpy(more + i * extra, k->more + i * k->extra, (size_t)k->extra);
        if (k->extra && extra > k->extra)
            memcpy(more + i * extra + k->extra, (const char *)rows->extra_blank + k->extra, (size_t)(extra - k->extra));
    }
    free(k->x);
    free(k->more);
    *k = (shelf){.room = slots, .row = row, .extra = extra, .x = x, .more = more, .writes = k->writes, .rows = k->rows};
    return 0;
}

static int shelf_write(void *kept, const int64_t *slots, const int64_t *from, int64_t n, const memory_rows *rows,
                       bool fresh, error *e)
{
    shelf *k = kept;
    (void)e;
    assert_true(n > 0 && (rows->x || rows->extra));
    for (int64_t i = 0; i < n; i++) {
        assert_true(slots[i] >= 0 && slots[i] < k->room && (!i || slots[i] > slots[i - 1]));
        assert_true(from[i] >= 0 && from[i] < rows->count);
        if (rows->x)
            memcpy(k->x + slots[i] * k->row, (const char *)rows->x + from[i] * k->row, (size_t)k->row);
        if (rows->extra)
            memcpy(k->more + slots[i] * k->extra, (const char *)rows->extra + from[i] * k->extra, (size_t)k->extra);
        else if (fresh)
            memset(k->more + slots[i] * k->extra, 0, (size_t)k->extra);
    }
    k->writes++;
    k->rows += n;
    return 0;
}

static int shelf_read(void *kept, const int64_t *slots, int64_t n, void *x, void *extra, error *e)
{
    const shelf *k = kept;
    (void)e;
    assert_true(n > 0 && (x || extra));
    for (int64_t i = 0; i < n; i++) {
        int64_t at = slots ? slots[i] : i;
        assert_true(at >= 0 && at < k->room);
        if (x)
            memcpy((char *)x + i * k->row, k->x + at * k->row, (size_t)k->row);
        if (extra)
            memcpy((char *)extra + i * k->extra, k->more + at * k->extra, (size_t)k->extra);
    }
    return 0;
}

static int shelf_load(void *kept, int64_t n, const void *x, const void *extra, error *e)
{
    shelf *k = kept;
    (void)e;
    assert_true(n > 0 && n <= k->room);
    memcpy(k->x, x, (size_t)(n * k->row));
    if (extra)
        memcpy(k->more, extra, (size_t)(n * k->extra));
    return 0;
}

static void shelf_close(void *kept)
{
    shelf *k = kept;
    assert_false(k->closed);
    k->closed = true;
    free(k->x);
    free(k->more);
}

static const memory_keeper shelf_keeper = {shelf_room, shelf_write, shelf_read, shelf_load, shelf_close};

static memory *kept_open(const workload *w, shelf *k)
{
    workload own = *w;
    *k = (shelf){0};
    own.keeper = &shelf_keeper;
    own.kept = k;
    return workload_open(&own);
}

static void kept_close(memory *m, const shelf *k)
{
    memory_close(m);
    assert_true(k->closed);
}

/* ---- as in RAM ---- */

/* All arrays of a checkpoint but the one that says where the rows are. */
static void saved_same(memory *in_ram, memory *kept)
{
    arrays a = state_taken(in_ram), b = state_taken(kept);
    assert_int_equal(a.count, b.count);
    state_array(&a, "memory/a/facts")->name[0] = state_array(&b, "memory/a/facts")->name[0] = '-';
    memset(state_array(&b, "-emory/a/facts")->owned, 0, state_array(&b, "-emory/a/facts")->size);
    memset(state_array(&a, "-emory/a/facts")->owned, 0, state_array(&a, "-emory/a/facts")->size);
    arrays_same(&a, &b);
    arrays_free(&a);
    arrays_free(&b);
}

static void as_in_ram(const workload *w, int before, int after)
{
    shelf shelves[2];
    memory *a = workload_open(w), *b = kept_open(w, &shelves[0]), *c = kept_open(w, &shelves[1]);
    worker one = worker_begin(w), other = one, third;
    error e = {0};
    for (int i = 0; i < before; i++) {
        worker_step(&one, a, NULL);
        worker_step(&other, b, NULL);
        state_same(a, b);
    }
    saved_same(a, b);
    arrays state = state_taken(b);
    if (memory_load(c, "memory/a", &state, &e))
        fail_msg("%s", e.text);
    third = other;
    for (int i = 0; i < after; i++) {
        worker_step(&one, a, NULL);
        worker_step(&third, c, NULL);
        state_same(a, c);
    }
    saved_same(a, c);
    arrays_free(&state);
    memory_close(a);
    kept_close(b, &shelves[0]);
    kept_close(c, &shelves[1]);
}

static void any_work_gives_what_ram_gives(void **state)
{
    (void)state;
    every_workload(as_in_ram);
}

/* ---- one piece a call ---- */

static void a_call_writes_once_and_each_slot_once(void **state)
{
    const workload w = {.policy = MEMORY_FIFO, .capacity = 3, .seed = 1};
    int64_t slots[3], ids[3];
    shelf k;
    memory *m = kept_open(&w, &k);
    (void)state;
    fixture_offer(m, 0, 10, 2); /* rows 7, 8 and 9 stay */
    assert_int_equal(k.writes, 1);
    assert_int_equal(k.rows, 3);
    assert_int_equal(memory_find(m, 2, slots), 3);
    fixture_ids(m, slots, 3, ids);
    assert_int_equal(ids[0] + ids[1] + ids[2], 24);
    fixture_offer(m, 10, 0, 2);
    assert_int_equal(k.writes, 1);
    kept_close(m, &k);
}

/* Doubled from 256 up to the bound, and not above it. */
static void room_doubles_up_to_the_bound(void **state)
{
    const workload w = {.policy = MEMORY_RESERVOIR, .capacity = 1100, .seed = 1};
    const int64_t rooms[] = {256, 256, 512, 512, 1024, 1024, 1024, 1024, 1100, 1100};
    shelf k;
    memory *m = kept_open(&w, &k);
    (void)state;
    for (int64_t i = 0; i < 10; i++) {
        fixture_offer(m, i * 128, 128, i % 3);
        assert_int_equal(k.room, rooms[i]);
    }
    kept_close(m, &k);
}

static void a_full_device_is_told_and_changes_nothing(void **state)
{
    const workload w = {.policy = MEMORY_RESERVOIR, .capacity = 1000, .seed = 1};
    error e = {0};
    shelf k;
    memory *m = kept_open(&w, &k);
    (void)state;
    fixture_offer(m, 0, 256, 0);
    k.full = true;
    assert_int_equal(fixture_give(m, false, 256, 1, 0, &e), EXIT_SYSTEM);
    assert_string_equal(e.text, "the shelf is full");
    assert_int_equal(memory_count(m, INT32_MAX), 256);
    k.full = false;
    fixture_offer(m, 256, 1, 0);
    assert_int_equal(memory_count(m, INT32_MAX), 257);
    assert_int_equal(k.room, 512);
    kept_close(m, &k);
}

/* A checkpoint says where its rows were. */
static void another_place_is_refused(void **state)
{
    const workload w = {.policy = MEMORY_FIFO, .capacity = 3, .seed = 1};
    error e = {0};
    shelf k;
    memory *m = kept_open(&w, &k), *in_ram = workload_open(&w);
    (void)state;
    fixture_offer(m, 0, 2, 0);
    arrays a = state_taken(m);
    assert_int_equal(memory_load(in_ram, "memory/a", &a, &e), EXIT_DATA);
    assert_string_equal(e.text, "memory test: saved state: place (0 ram, 1 disk, 2 device): found 2; expected 0, as "
                                "the memory was opened");
    arrays_free(&a);
    memory_close(in_ram);
    kept_close(m, &k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_work_gives_what_ram_gives), cmocka_unit_test(a_call_writes_once_and_each_slot_once),
        cmocka_unit_test(room_doubles_up_to_the_bound),  cmocka_unit_test(a_full_device_is_told_and_changes_nothing),
        cmocka_unit_test(another_place_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
