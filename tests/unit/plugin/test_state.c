/* The shelf of a checkpoint: what one instance lays on it another finds, to the bit, and a wrong use is told in words. */
#include "fixture.h"

static pdr_state shelf(strategy *s) { return (pdr_state){.owner = s}; }

static void tensors_of_every_dtype(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *me = invited(h, 0, &guest, "guest", NULL), *other = invited(h, 1, &guest, "other", NULL);
    const pdr_state_api *S = me->host.state;
    pdr_state saved = shelf(me);
    pdr_scope *s = enter(me, "save");
    const int64_t shape[] = {2, 3};
    const char *keys[] = {"", "f32", "f64", "f16", "bf16", "i64", "i32", "u8", "bool"};
    pdr_tensor *base = T->from(s, PDR_F64, shape, 2, (const double[]){0, 1, 2.5, 3, 100, 7}), *kinds[9];
    for (pdr_dtype d = PDR_F32; d <= PDR_BOOL; d++)
        S->put_tensor(&saved, keys[d], kinds[d] = T->cast(s, base, d));
    S->put_tensor(&saved, "scalar", T->full(s, PDR_F32, NULL, 0, 4));
    S->put_tensor(&saved, "empty", T->full(s, PDR_F32, (const int64_t[]){0, 5}, 2, 4));
    S->put_tensor(&saved, "nothing", NULL);
    assert_int_equal(saved.count, 10);
    saved.owner = other;
    for (pdr_dtype d = PDR_F32; d <= PDR_BOOL; d++) {
        double want[6], got[6];
        pdr_tensor *t = S->get_tensor(&saved, keys[d]);
        assert_int_equal(T->dtype(t), d);
        assert_int_equal(T->rank(t), 2);
        assert_int_equal(T->size(t, 1), 3);
        assert_int_equal(T->read(t, PDR_F64, got, sizeof got), PDR_OK);
        assert_int_equal(T->read(kinds[d], PDR_F64, want, sizeof want), PDR_OK);
        assert_memory_equal(got, want, sizeof got);
        T->release(t);
    }
    pdr_tensor *scalar = S->get_tensor(&saved, "scalar"), *empty = S->get_tensor(&saved, "empty");
    assert_int_equal(T->rank(scalar), 0);
    assert_int_equal(T->size(empty, 1), 5);
    assert_int_equal(other->owner.kept, 2);
    T->release(scalar);
    T->release(empty);
    assert_null(S->get_tensor(&saved, "nothing"));
    shelf_clear(&saved);
    leave(me);
    house_close(h);
}

static void bytes_and_missing_keys(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *me = invited(h, 0, &guest, "guest", NULL);
    const pdr_state_api *S = me->host.state;
    pdr_state saved = shelf(me);
    char room[8] = "-------";
    enter(me, "save");
    S->put_bytes(&saved, "five", "abcd", 5);
    S->put_bytes(&saved, "null", NULL, 5);
    assert_int_equal(S->get_bytes(&saved, "five", room, sizeof room), 5);
    assert_memory_equal(room, "abcd\0--", 8);
    assert_int_equal(S->get_bytes(&saved, "five", room, 2), 5); /* no further than the room */
    assert_int_equal(S->get_bytes(&saved, "five", NULL, 0), 5);
    assert_int_equal(S->get_bytes(&saved, "null", room, sizeof room), 0);
    assert_int_equal(S->get_bytes(&saved, NULL, room, sizeof room), 0);
    assert_null(S->get_tensor(&saved, "missing"));
    assert_null(S->get_model(&saved, "missing"));
    assert_int_equal(S->get_optim(&saved, "missing", NULL), PDR_ENOTFOUND);
    leave(me); /* all of it quietly */
    shelf_clear(&saved);
    house_close(h);
}

static void wrong_use_is_told(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *me = invited(h, 0, &guest, "guest", NULL);
    const pdr_state_api *S = me->host.state;
    pdr_state saved = shelf(me);
    pdr_scope *s = enter(me, "save");
    S->put_bytes(&saved, "a", "x", 1);
    S->put_tensor(&saved, "a", T->full(s, PDR_F32, NULL, 0, 1));
    S->put_bytes(&saved, "b", "x", 1); /* after the first error nothing is stored */
    assert_int_equal(saved.count, 1);
    leave_with(me, "state: found the key \"a\" twice; expected a new one");
    shelf_clear(&saved);

    s = enter(me, "save");
    S->put_bytes(&saved, "", "x", 1);
    leave_with(me, "state: found the key \"\" empty; expected a new one");
    shelf_clear(&saved);

    s = enter(me, "load");
    S->put_bytes(&saved, "bytes", "x", 1);
    S->put_tensor(&saved, "t", T->full(s, PDR_F32, NULL, 0, 1));
    assert_null(S->get_tensor(&saved, "bytes"));
    leave_with(me, "state: bytes holds bytes; expected a tensor");
    saved.failed = 0;
    enter(me, "load");
    assert_int_equal(S->get_bytes(&saved, "t", NULL, 0), 0);
    leave_with(me, "state: t holds a tensor; expected bytes");
    saved.failed = 0;
    enter(me, "load");
    assert_null(S->get_model(&saved, "t"));
    assert_non_null(strstr(me->failure, "the network has"));
    me->failed = 0;
    leave(me);
    assert_int_equal(me->owner.kept, 0);
    shelf_clear(&saved);
    house_close(h);
}

static void a_network_comes_back_frozen(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *me = invited(h, 0, &guest, "guest", NULL);
    const pdr_state_api *S = me->host.state;
    const pdr_model_api *M = me->host.model;
    pdr_state saved = shelf(me);
    pdr_scope *s = enter(me, "save");
    pdr_tensor *w = M->flat_params(h->model), *before = T->clone(s, w);
    S->put_model(&saved, "net", h->model);
    assert_int_equal(T->scale(s, w, T->full(s, PDR_F32, NULL, 0, 0)), PDR_OK);
    pdr_model *back = S->get_model(&saved, "net");
    double away = 1;
    assert_int_equal(
        T->read(T->max(s, T->abs(s, T->sub(s, M->flat_params(back), before)), PDR_ALL, 0), PDR_F64, &away, sizeof away),
        PDR_OK);
    assert_true(away == 0);
    assert_null(E->model->flat_grads(back)); /* a snapshot is one again */
    assert_int_equal(me->owner.kept, 1);
    M->discard(back);
    leave(me);
    shelf_clear(&saved);
    house_close(h);
}

/* save() of one instance and load() of another, as a resumed run will call them. */
static void handed_on(strategy *from, strategy *to, pdr_state *saved)
{
    enter(from, "save");
    assert_int_equal(from->plugin->hooks.save(from->self, saved), PDR_OK);
    leave(from);
    assert_true(saved->count > 0);
    saved->owner = to;
    enter(to, "load");
    assert_int_equal(to->plugin->hooks.load(to->self, saved, to->plugin->descriptor->state_version), PDR_OK);
    leave(to);
}

static void replay_goes_on_in_another_instance(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    const plugin *p = opened(built("lib/perdure/plugins/1/replay.so"));
    arena *a = arena_open();
    strategy *first = invited(h, 0, p, "first", filled(p, "{capacity: 20, policy: fifo}", a));
    strategy *second = invited(h, 1, p, "second", filled(p, "{capacity: 20, policy: fifo}", a));
    pdr_state saved = shelf(first), again = shelf(second);
    pdr_step step = {.struct_size = sizeof step, .task = &h->task.task, .fresh = 7};
    step.scope = enter(first, "before_batch"); /* the one number that it saves */
    assert_int_equal(p->hooks.before_batch(first->self, &step), PDR_OK);
    leave(first);
    handed_on(first, second, &saved);
    enter(second, "save");
    assert_int_equal(p->hooks.save(second->self, &again), PDR_OK);
    leave(second);
    int64_t full = 0;
    assert_int_equal(host_state_api.get_bytes(&again, "full", &full, sizeof full), sizeof full);
    assert_int_equal(full, 7);
    shelf_clear(&saved);
    shelf_clear(&again);
    house_close(h);
    arena_close(a);
}

/* It checks what it finds itself: its tensor, its bytes, and that its stream has gone on. */
static void exercise_rest_goes_on_in_another_instance(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    const plugin *p = opened(tiny("exercise_rest"));
    arena *a = arena_open();
    strategy *first = invited(h, 0, p, "first", filled(p, "{capacity: 20, policy: fifo}", a));
    strategy *second = invited(h, 1, p, "second", filled(p, "{capacity: 20, policy: fifo}", a));
    pdr_state saved = shelf(first);
    enter(first, "before_task");
    assert_int_equal(p->hooks.before_task(first->self, &h->task.task), PDR_OK);
    leave(first);
    handed_on(first, second, &saved);
    assert_int_equal(second->owner.kept, 1);
    shelf_clear(&saved);
    house_close(h);
    arena_close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors_of_every_dtype),
        cmocka_unit_test(bytes_and_missing_keys),
        cmocka_unit_test(wrong_use_is_told),
        cmocka_unit_test(a_network_comes_back_frozen),
        cmocka_unit_test(replay_goes_on_in_another_instance),
        cmocka_unit_test(exercise_rest_goes_on_in_another_instance),
    };
    return cmocka_run_group_tests(tests, engine_begin, folder_end);
}
