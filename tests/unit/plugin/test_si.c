/* plugins/si against numbers worked out by hand: two parameters move, all others stand still. */
#include "numbers.h"

static void set(pdr_tensor *flat, float first, float second)
{
    float *at = flat_read(flat);
    at[0] = first;
    at[1] = second;
    flat_write(flat, at);
    free(at);
}

/* A step with the gradient of the loss, what a penalty adds to it, and where the update goes. */
static void step(house *h, strategy *s, const float loss[2], const float penalty[2], const float to[2])
{
    host_step at = {.step = {.struct_size = sizeof at.step, .task = &h->task.task, .fresh = 1}, .session = &h->session};
    pdr_tensor *g = E->model->flat_grads(h->model);
    set(g, loss[0], loss[1]);
    if (s->plugin->hooks.after_backward)
        STEP_HOOK(s, &at, after_backward);
    set(g, loss[0] + penalty[0], loss[1] + penalty[1]);
    STEP_HOOK(s, &at, before_update);
    set(E->model->flat_params(h->model), to[0], to[1]);
    STEP_HOOK(s, &at, after_update);
}

static void number_is(const strategy *s, pdr_state *shelf, const char *key, double first, double second)
{
    pdr_tensor *t = s->host.state->get_tensor(shelf, key);
    float *at = flat_read(t);
    if (fabs((double)at[0] - first) > 1e-6 || fabs((double)at[1] - second) > 1e-6)
        fail_msg("%s: found %g, %g; expected %g, %g", key, (double)at[0], (double)at[1], first, second);
    for (int64_t i = 2; i < T->size(t, 0); i++) /* what has not moved */
        assert_true(strcmp(key, "anchor") == 0 || at[i] == 0);
    free(at);
    s->host.tensor->release(t);
}

static void shows(strategy *s, const char *key, double first, double second)
{
    pdr_state shelf;
    saved_by(s, &shelf);
    enter(s, "load");
    number_is(s, &shelf, key, first, second);
    leave(s);
    shelf_clear(&shelf);
}

/* From (1, -0.5): to (0.75, -0.25) with g (0.5, -0.25), to (1, 0.25) with g (-0.25, 0.5).
 * path: 0.5 * 0.25 + -0.25 * -0.25 = 0.1875, and -0.25 * -0.25 + 0.5 * -0.5 = -0.1875; the whole way: (0, 0.75). */
static void first_task(house *h, strategy *s, float more)
{
    set(E->model->flat_params(h->model), 1, -0.5f);
    TASK_HOOK(s, h, before_task);
    step(h, s, (float[]){0.5f, -0.25f}, (float[]){more, 0}, (float[]){0.75f, -0.25f});
    step(h, s, (float[]){-0.25f, 0.5f}, (float[]){0, 0}, (float[]){1, 0.25f});
}

/* From (1, 0.25) to (0.5, 0.5) with g (1, -2): path (0.5, 0.5), way (-0.5, 0.25). */
static void second_task(house *h, strategy *s)
{
    TASK_HOOK(s, h, before_task);
    step(h, s, (float[]){1, -2}, (float[]){0, 0}, (float[]){0.5f, 0.5f});
}

static void importance_is(const char *yaml, float more, const double first[2], const double second[2])
{
    const plugin *p = shipped("si");
    house *h = house_open(DIGITS, 1);
    arena *a = arena_open();
    strategy *s = invited(h, 0, p, "si", filled(p, yaml, a));
    first_task(h, s, more);
    shows(s, "path", 0.1875 + 0.25 * (double)more, -0.1875);
    TASK_HOOK(s, h, after_task);
    shows(s, "importance", first[0], first[1]);
    second_task(h, s);
    shows(s, "path", 0.5, 0.5);
    shows(s, "anchor", 1, 0.25);
    TASK_HOOK(s, h, after_task);
    shows(s, "importance", second[0], second[1]);
    house_close(h);
    arena_close(a);
}

/* damping 0.25: first 0.1875 / 0.25 = 0.75 and -0.1875 / (0.5625 + 0.25) = -3/13; second + 0.5 / (0.25 + 0.25) = 1 and
 * + 0.5 / (0.0625 + 0.25) = 1.6. */
static void importance_is_the_path_over_the_way(void **state)
{
    (void)state;
    importance_is("{c: 1, damping: 0.25, negative: keep}", 0, (double[]){0.75, -3. / 13},
                  (double[]){1.75, 1.6 - 3. / 13});
    importance_is("{c: 1, damping: 0.25}", 0, (double[]){0.75, 0}, (double[]){1.75, 1.6});
}

/* A penalty that adds 2 to the first gradient adds 2 * 0.25 to the path, and so 0.5 / 0.25 = 2 to the importance. */
static void total_has_the_penalties_in_it(void **state)
{
    (void)state;
    importance_is("{c: 1, damping: 0.25, gradient: total}", 2, (double[]){2.75, 0}, (double[]){3.75, 1.6});
}

static void loss_has_not(void **state)
{
    (void)state;
    const plugin *p = shipped("si");
    house *h = house_open(DIGITS, 1);
    arena *a = arena_open();
    strategy *s = invited(h, 0, p, "si", filled(p, "{c: 1, damping: 0.25}", a));
    first_task(h, s, 2);
    shows(s, "path", 0.1875, -0.1875);
    house_close(h);
    arena_close(a);
}

/* c sum Omega (w - w*)^2 has c = 3 here, and no half; at (1.5, 0.5) with Omega (0.75, 0), w* (1, 0.25): 3 * 0.75 / 4. */
static void the_penalty_has_no_half(void **state)
{
    (void)state;
    const plugin *p = shipped("si");
    house *h = house_open(DIGITS, 1);
    arena *a = arena_open();
    strategy *s = invited(h, 0, p, "si", filled(p, "{c: 3, damping: 0.25}", a));
    host_step at = {.step = {.struct_size = sizeof at.step, .task = &h->task.task, .fresh = 1}, .session = &h->session};
    first_task(h, s, 0);
    STEP_HOOK(s, &at, after_loss);
    assert_int_equal(at.penalty_count, 0); /* nothing is held in the first task */
    TASK_HOOK(s, h, after_task);
    TASK_HOOK(s, h, before_task);
    set(E->model->flat_params(h->model), 1.5f, 0.5f);
    at.scope = E->tensor->open(NULL, PDR_NO_GRAD);
    STEP_HOOK(s, &at, after_loss);
    assert_int_equal(at.penalty_count, 1);
    assert_float_equal(E->penalty_value(at.scope, h->model, &at.penalties[0]), 0.5625, 1e-6);
    E->tensor->close(at.scope);
    house_close(h);
    arena_close(a);
}

/* Saved between two steps of the second task, loaded into another instance: both end with the same bits. */
static void resumed_is_uninterrupted(const char *yaml)
{
    const plugin *p = shipped("si");
    house *h = house_open(DIGITS, 1);
    arena *a = arena_open();
    strategy *first = invited(h, 0, p, "si", filled(p, yaml, a)),
             *second = invited(h, 1, p, "si#2", filled(p, yaml, a));
    pdr_state shelf, again, ends[2];
    first_task(h, first, 1);
    TASK_HOOK(first, h, after_task);
    second_task(h, first);
    saved_by(first, &shelf);
    assert_int_equal(shelf.count, 3);
    loaded_by(second, &shelf);
    saved_by(second, &again);
    same_shelves(&shelf, &again);
    strategy *both[] = {first, second};
    for (int i = 0; i < 2; i++) {
        set(E->model->flat_params(h->model), 0.5f, 0.5f);
        step(h, both[i], (float[]){-0.3f, 0.7f}, (float[]){0.1f, 0.2f}, (float[]){0.6f, 0.2f});
        TASK_HOOK(both[i], h, after_task);
        saved_by(both[i], &ends[i]);
    }
    same_shelves(&ends[0], &ends[1]);
    shelf_clear(&shelf);
    shelf_clear(&again);
    shelf_clear(&ends[0]);
    shelf_clear(&ends[1]);
    house_close(h);
    arena_close(a);
}

static void resumed_both_ways(void **state)
{
    (void)state;
    resumed_is_uninterrupted("{c: 2}");
    resumed_is_uninterrupted("{c: 2, gradient: total, negative: keep}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(importance_is_the_path_over_the_way),
        cmocka_unit_test(total_has_the_penalties_in_it),
        cmocka_unit_test(loss_has_not),
        cmocka_unit_test(the_penalty_has_no_half),
        cmocka_unit_test(resumed_both_ways),
    };
    return cmocka_run_group_tests(tests, engine_begin, folder_end);
}
