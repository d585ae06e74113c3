/* plugins/agem against gradients that are made by hand from that of the rows in its memory. */
#include "numbers.h"

#define ALL "capacity: 1000, batch: 1000" /* every row of the task is kept, and drawn in every step */

/* A strategy whose memory holds the first task, and the gradient of those rows' loss, taken beside it. */
typedef struct {
    house *h;
    arena *a;
    strategy *me;
    host_step at;
    float *ref;
    int64_t count;
} room;

static float *reference(house *h, strategy *who)
{
    pdr_tensor *x = NULL, *y = NULL;
    pdr_scope *outer = enter(who, "after_backward"), *s = T->open(&who->host, PDR_GRAD);
    const pdr_model_api *m = who->host.model;
    assert_int_equal(who->host.data->rows(s, &h->task.task, NULL, &x, &y), PDR_OK);
    pdr_tensor *rows = m->loss(s, &h->task.task, m->forward(s, h->model, x, PDR_TRAIN), y);
    float *ref = flat_read(m->gradient(outer, h->model, T->mean(s, rows, PDR_ALL, 0)));
    assert_int_equal(T->close(s), PDR_OK);
    leave(who);
    return ref;
}

static room *room_open(const char *yaml)
{
    room *r = alloc_zero(1, sizeof *r);
    const plugin *p = shipped("agem");
    r->h = house_open(DIGITS, 1);
    r->a = arena_open();
    r->me = invited(r->h, 0, p, "agem", filled(p, yaml, r->a));
    r->h->task.task.boundary_known = 1;
    r->count = flat_size(r->h);
    r->at = (host_step){.step = {.struct_size = sizeof r->at.step, .task = &r->h->task.task, .fresh = 8},
                        .session = &r->h->session};
    TASK_HOOK(r->me, r->h, before_task);
    TASK_HOOK(r->me, r->h, after_task);
    TASK_HOOK(r->me, r->h, before_task);
    r->ref = reference(r->h, invited(r->h, 1, &guest, "guest", NULL));
    return r;
}

static void room_close(room *r)
{
    free(r->ref);
    house_close(r->h);
    arena_close(r->a);
    free(r);
}

/* The gradient g after the strategy has seen it; to be freed. */
static float *seen(room *r, strategy *who, const float *g)
{
    flat_write(E->model->flat_grads(r->h->model), g);
    STEP_HOOK(who, &r->at, after_backward);
    return flat_read(E->model->flat_grads(r->h->model));
}

static double dot(const float *a, const float *b, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* factor * ref + what stands at a right angle to it. */
static float *made(const room *r, double factor, double aside)
{
    float *g = alloc_zero((size_t)r->count, sizeof *g);
    for (int64_t i = 0; i < r->count; i++)
        g[i] = (float)(factor * (double)r->ref[i]);
    for (int64_t i = 0; i + 1 < r->count; i += 2) {
        g[i] += (float)(aside * (double)r->ref[i + 1]);
        g[i + 1] -= (float)(aside * (double)r->ref[i]);
    }
    return g;
}

/* |found - expected| <= within |ref|. */
static void near_to(const room *r, const float *found, const float *expected, double within)
{
    double off = 0;
    for (int64_t i = 0; i < r->count; i++)
        off += pow((double)found[i] - (double)expected[i], 2);
    double length = sqrt(dot(r->ref, r->ref, r->count));
    if (!(sqrt(off) <= within * length))
        fail_msg("%g of the reference's length away; expected at most %g", sqrt(off) / length, within);
}

static void what_does_no_harm_is_untouched(void **state)
{
    (void)state;
    room *r = room_open("{" ALL "}");
    const double factor[] = {2, 0.001, 1}, aside[] = {0, 5, 1};
    for (int i = 0; i < 3; i++) {
        float *g = made(r, factor[i], aside[i]), *after = seen(r, r->me, g);
        assert_memory_equal(after, g, (size_t)r->count * sizeof *g);
        free(g);
        free(after);
    }
    room_close(r);
}

static void what_does_harm_is_turned_to_a_right_angle(void **state)
{
    (void)state;
    room *r = room_open("{" ALL "}");
    const double factor[] = {-2, -1, -0.01}, aside[] = {0, 3, 5};
    for (int i = 0; i < 3; i++) {
        float *g = made(r, factor[i], aside[i]), *after = seen(r, r->me, g), *expected = made(r, 0, aside[i]);
        near_to(r, after, expected, 1e-5);
        double cosine = dot(after, r->ref, r->count) / dot(r->ref, r->ref, r->count);
        assert_true(fabs(cosine) < 1e-5);
        free(g);
        free(after);
        free(expected);
    }
    room_close(r);
}

/* g = -ref; with epsilon = 3 |ref|^2 a quarter of it is taken out, and three quarters stay. */
static void epsilon_leaves_some_of_it(void **state)
{
    (void)state;
    room *plain = room_open("{" ALL "}");
    room *r = room_open(SAID("{" ALL ", epsilon: %.17g}", 3 * dot(plain->ref, plain->ref, plain->count)));
    float *g = made(r, -1, 0), *after = seen(r, r->me, g), *expected = made(r, -0.75, 0);
    near_to(r, after, expected, 1e-5);
    free(g);
    free(after);
    free(expected);
    room_close(r);
    room_close(plain);
}

/* Rows without a label have no loss, and a memory of them has a gradient of zeros: 0 / 0 is no step. */
static void a_reference_of_zeros_takes_nothing(void **state)
{
    (void)state;
    room *r = room_open("{" ALL "}");
    const plugin *p = r->me->plugin;
    for (int64_t i = 0; i < r->h->task.task.row_count; i++)
        r->h->labels[i] = -1;
    strategy *other = invited(r->h, 2, p, "agem#2", filled(p, "{" ALL "}", r->a));
    TASK_HOOK(other, r->h, before_task);
    TASK_HOOK(other, r->h, after_task);
    float *g = made(r, -1, 2), *after = seen(r, other, g);
    assert_memory_equal(after, g, (size_t)r->count * sizeof *g);
    free(g);
    free(after);
    room_close(r);
}

/* Two of three. */
static void says_how_often_it_changed_the_gradient(void **state)
{
    (void)state;
    room *r = room_open("{" ALL "}");
    const double factor[] = {-1, 1, -2};
    for (int i = 0; i < 3; i++) {
        float *g = made(r, factor[i], 1);
        free(seen(r, r->me, g));
        free(g);
    }
    TASK_HOOK(r->me, r->h, after_task);
    host_flush_metrics(&r->h->session);
    if (!strstr(r->h->said.at, "agem.projected=0.666667\n"))
        fail_msg("%s", r->h->said.at);
    room_close(r);
}

/* batch 0 is the largest batch so far: 8 of the rows, so another gradient than that of all; later ones are as large. */
static void a_full_batch_is_drawn(void **state)
{
    (void)state;
    room *r = room_open("{capacity: 1000}");
    float *g = made(r, -1, 0), *after = seen(r, r->me, g);
    assert_memory_not_equal(after, g, (size_t)r->count * sizeof *g);
    double left = sqrt(dot(after, after, r->count) / dot(r->ref, r->ref, r->count));
    assert_true(left > 1e-3); /* all rows would have left 1e-7 */
    free(g);
    free(after);
    room_close(r);
}

static void resumed_is_uninterrupted(void **state)
{
    (void)state;
    room *r = room_open("{" ALL "}");
    const plugin *p = r->me->plugin;
    strategy *second = invited(r->h, 2, p, "agem#2", filled(p, "{" ALL "}", r->a));
    TASK_HOOK(second, r->h, before_task);
    TASK_HOOK(second, r->h, after_task); /* as the host fills its memory again */
    float *g = made(r, -1, 1);
    free(seen(r, r->me, g));
    pdr_state shelf, again, ends[2];
    saved_by(r->me, &shelf);
    assert_int_equal(shelf.count, 3);
    loaded_by(second, &shelf);
    saved_by(second, &again);
    same_shelves(&shelf, &again);
    float *one = seen(r, r->me, g), *two = seen(r, second, g);
    near_to(r, one, two, 1e-5); /* each memory draws in an order of its own */
    saved_by(r->me, &ends[0]);
    saved_by(second, &ends[1]);
    same_shelves(&ends[0], &ends[1]);
    shelf_clear(&shelf);
    shelf_clear(&again);
    shelf_clear(&ends[0]);
    shelf_clear(&ends[1]);
    free(g);
    free(one);
    free(two);
    room_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_no_harm_is_untouched),
        cmocka_unit_test(what_does_harm_is_turned_to_a_right_angle),
        cmocka_unit_test(epsilon_leaves_some_of_it),
        cmocka_unit_test(a_reference_of_zeros_takes_nothing),
        cmocka_unit_test(says_how_often_it_changed_the_gradient),
        cmocka_unit_test(a_full_batch_is_drawn),
        cmocka_unit_test(resumed_is_uninterrupted),
    };
    return cmocka_run_group_tests(tests, engine_begin, folder_end);
}
