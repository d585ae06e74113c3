/* A memory that was saved and loaded goes on as the one that was not interrupted, whatever was done with it before; a state
 * that is damaged is refused, and whatever passes can be worked with. */
#include "state.h"

/* ---- exact ---- */

/* `before` steps, a save, a load into a fresh memory, and both go on. */
static void goes_on(const workload *w, int before, int after)
{
    arrays once, again = {0};
    memory *a = workload_open(w), *b = workload_open(w);
    worker doer = worker_begin(w), other;
    error e = {0};
    for (int i = 0; i < before; i++)
        worker_step(&doer, a, NULL);
    once = state_taken(a);
    if (memory_load(b, "memory/a", &once, &e))
        fail_msg("%s", e.text);
    state_same(a, b);
    assert_int_equal(memory_save(b, "memory/a", &again, &e), 0);
    arrays_same(&once, &again);
    other = doer;
    for (int i = 0; i < after; i++) {
        worker_step(&doer, a, NULL);
        worker_step(&other, b, NULL);
        state_same(a, b);
    }
    arrays_free(&once);
    arrays_free(&again);
    memory_close(a);
    memory_close(b);
}

static void a_loaded_memory_goes_on_as_the_saved_one(void **state)
{
    (void)state;
    every_workload(goes_on);
}

/* ---- damage ---- */

static void one_load(const workload *w, const arrays *damaged, const worker *doer)
{
    error e = {0};
    memory *m = workload_open(w);
    worker other = *doer;
    if (memory_load(m, "memory/a", damaged, &e)) {
        assert_int_equal(e.code, EXIT_DATA);
        assert_non_null(strstr(e.text, "memory test: saved state: "));
    } else {
        for (int i = 0; i < 10; i++)
            worker_step(&other, m, &e); /* what passed must not crash; rows may be refused */
    }
    memory_close(m);
}

/* Numbers of one array are replaced by others that are near the truth, or far off. */
static void any_damage_is_refused_or_harmless(void **state)
{
    static const int64_t bad[] = {-1, -2, 0, 1, 2, 36, 37, 38, INT64_MAX, INT64_MIN, INT64_C(1) << 40};
    (void)state;
    for (uint64_t seed = 0; seed < 4000; seed++) {
        random_stream r = random_open(seed, "test", "damage", 0);
        workload w = {.policy = (enum memory_policy)(seed % 5),
                      .capacity = 37 * (seed % 2 == 0),
                      .per_class = 7 * (seed % 2 != 0),
                      .seed = seed};
        memory *m = workload_open(&w);
        worker doer = worker_begin(&w);
        for (int64_t i = random_below(&r, 40); i >= 0; i--)
            worker_step(&doer, m, NULL);
        arrays a = state_taken(m);
        for (int64_t times = 1 + random_below(&r, 3); times > 0; times--) {
            array *one = &a.at[random_below(&r, a.count)];
            if (one->type != ARRAY_I64 || !one->size)
                continue;
            int64_t at = random_below(&r, (int64_t)(one->size / 8)), value = bad[random_below(&r, 11)];
            memcpy((char *)one->owned + at * 8, &value, 8);
        }
        one_load(&w, &a, &doer);
        arrays_free(&a);
        memory_close(m);
    }
}

/* Every array missing, of another type, shorter. */
static void every_array_is_needed_as_it_was(void **state)
{
    const workload w = {.policy = MEMORY_VALUE, .capacity = 37, .seed = 3};
    memory *m = workload_open(&w), *n;
    worker doer = worker_begin(&w);
    error e = {0};
    (void)state;
    for (int i = 0; i < 40; i++)
        worker_step(&doer, m, NULL);
    arrays whole = state_taken(m);
    assert_true(memory_is_saved("memory/a", &whole));
    assert_false(memory_is_saved("memory/b", &whole));
    for (int64_t i = 0; i < whole.count; i++)
        for (int damage = 0; damage < 4; damage++) {
            arrays a = state_taken(m);
            array *one = &a.at[i];
            if (damage == 0)
                one->name[0] = '!';
            else if (damage == 1)
                one->type = one->type == ARRAY_F32 ? ARRAY_I64 : ARRAY_F32;
            else if (damage == 2)
                one->rank = 3 - one->rank;
            else
                one->shape[0]++;
            n = workload_open(&w);
            e.code = 0;
            assert_int_equal(memory_load(n, "memory/a", &a, &e), EXIT_DATA);
            memory_close(n);
            arrays_free(&a);
        }
    arrays_free(&whole);
    memory_close(m);
}

#define REFUSED(name, number, value, words)                                    \
    do {                                                                       \
        arrays a = state_taken(m);                                             \
        error e = {0};                                                         \
        memory *n = workload_open(&w);                                         \
        ((int64_t *)state_array(&a, "memory/a/" name)->owned)[number] = value; \
        assert_int_equal(memory_load(n, "memory/a", &a, &e), EXIT_DATA);       \
        assert_string_equal(e.text, "memory test: saved state: " words);       \
        memory_close(n);                                                       \
        arrays_free(&a);                                                       \
    } while (0)

static void the_words(void **state)
{
    const workload w = {.policy = MEMORY_FIFO, .capacity = 3, .seed = 3};
    memory *m = workload_open(&w);
    (void)state;
    fixture_offer(m, 0, 2, 0);
    fixture_offer(m, 2, 2, 5);
    REFUSED("facts", 0, 2, "found format 2; expected 1");
    REFUSED("facts", 1, 0, "policy number: found 0; expected 2, as the memory was opened");
    REFUSED("facts", 2, 4, "capacity: found 4; expected 3, as the memory was opened");
    REFUSED("facts", 8, 4, "slots: found 4; expected 0 to 3");
    REFUSED("facts", 10, 7, "drawn rows: found 7; expected 0 to 3");
    REFUSED("facts", 6, 8, "x: found the shape [3, 4]; expected [3, 8]");
    REFUSED("active", 1, 2, "found slot 2 twice in the drawing order; expected slots below 3, each once");
    REFUSED("active", 1, 3, "found slot 3 out of range in the drawing order; expected slots below 3, each once");
    REFUSED("in_class", 0, 9, "found slot 0 at place 9 of its list; expected one of 2 that is not taken");
    REFUSED("y", 0, 7, "found slot 0 of column 7; expected one of the columns listed");
    REFUSED("arrived", 0, 4, "found slot 0 as arrival 4; expected one below 4");
    REFUSED("arrived", 0, 0, "found budget 0 out of order; expected the next to go first");
    REFUSED("pool_of", 0, 1, "found slot 0 of budget 1; expected one of 1");
    REFUSED("classes", 1, 9, "found a list of 9 slots; expected at most the 3 that are in no other");
    REFUSED("classes", 4, 0, "found column 0 twice; expected it once");
    REFUSED("pools", 2, 2, "found slot 0 at place 2 of its list; expected one of 2 that is not taken");
    memory_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loaded_memory_goes_on_as_the_saved_one),
        cmocka_unit_test(any_damage_is_refused_or_harmless),
        cmocka_unit_test(every_array_is_needed_as_it_was),
        cmocka_unit_test(the_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
