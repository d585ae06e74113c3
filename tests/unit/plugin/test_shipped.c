/* What the shipped strategies save they find again: save, load into another instance, save: to the bit the same. */
#include "numbers.h"

/* Two tasks' ends, then the round trip. */
static void ewc_finds_its_terms(void **state)
{
    (void)state;
    const char *kinds[] = {"merged", "separate", "online"};
    const int64_t entries[] = {3, 5, 3};
    const plugin *p = shipped("ewc");
    for (int i = 0; i < 3; i++) {
        house *h = house_open(DIGITS, 1);
        arena *a = arena_open();
        void *config = filled(p, SAID("{lambda: 3, fisher: empirical, terms: %s}", kinds[i]), a);
        strategy *first = invited(h, 0, p, "ewc", config), *second = invited(h, 1, p, "ewc#2", config);
        for (int task = 0; task < 2; task++) {
            pdr_scope *s = enter(first, "after_task");
            assert_int_equal(p->hooks.after_task(first->self, &h->task.task), PDR_OK);
            leave(first);
            s = enter(first, "between");
            T->blend(s, E->model->flat_params(h->model), 0.5, E->model->flat_params(h->model), 0); /* it moved on */
            leave(first);
        }
        pdr_state before, after;
        saved_by(first, &before);
        assert_int_equal(before.count, entries[i]);
        loaded_by(second, &before);
        saved_by(second, &after);
        same_shelves(&before, &after);
        shelf_clear(&before);
        shelf_clear(&after);
        house_close(h);
        arena_close(a);
    }
}

/* The size of a full batch, which is all that replay keeps besides its memory: a step has it draw as many rows. */
static void replay_finds_the_size_of_a_full_batch(void **state)
{
    (void)state;
    const int64_t full = 77;
    const plugin *p = shipped("replay");
    house *h = house_open(DIGITS, 1);
    arena *a = arena_open();
    const char *yaml = "{capacity: 9, policy: value, select: loss}";
    strategy *first = invited(h, 0, p, "replay", filled(p, yaml, a));
    strategy *second = invited(h, 1, p, "replay#2", filled(p, "{capacity: 9, alpha: 1, beta: 1}", a));
    pdr_state given = {.owner = first}, before, after;
    enter(first, "load");
    first->host.state->put_bytes(&given, "full", &full, sizeof full);
    assert_int_equal(p->hooks.load(first->self, &given, 1), PDR_OK);
    leave(first);
    saved_by(first, &before);
    same_shelves(&given, &before);
    before.owner = second;
    enter(second, "load");
    assert_int_equal(p->hooks.load(second->self, &before, p->descriptor->state_version), PDR_OK);
    leave(second);
    saved_by(second, &after);
    same_shelves(&before, &after);
    shelf_clear(&given);
    shelf_clear(&before);
    shelf_clear(&after);
/* Before the first task is over, and after it: the teacher is the network as it was, not as it is. */
static void icarl_finds_its_teacher_and_its_means(void **state)
    const plugin *p = shipped("icarl");
    void *config = filled(p, "{capacity: 40}", a);
    strategy *first = invited(h, 0, p, "icarl", config), *second = invited(h, 1, p, "icarl#2", config);
    for (int task = 0; task < 2; task++) {
        pdr_state before, after;
        saved_by(first, &before);
        assert_int_equal(before.count, task ? 3 : 0);
        before.owner = second;
        enter(second, "load");
        assert_int_equal(p->hooks.load(second->self, &before, p->descriptor->state_version), PDR_OK);
        leave(second);
        saved_by(second, &after);
        same_shelves(&before, &after);
        shelf_clear(&before);
        shelf_clear(&after);
        enter(first, "after_task");
        if (!task)
            assert_int_equal(p->hooks.after_task(first->self, &h->task.task), PDR_OK);
        leave(first);
        pdr_scope *s = enter(first, "between");
        T->blend(s, E->model->flat_params(h->model), 0.5, E->model->flat_params(h->model), 0); /* it moved on */
        leave(first);
    }
    house_close(h);
    arena_close(a);
}

static void a_shelf_with_half_of_the_means_is_refused(void **state)
    const plugin *p = shipped("icarl");
    strategy *me = invited(h, 0, p, "icarl", filled(p, "{capacity: 40}", a));
    pdr_state shelf = {.owner = me};
    pdr_scope *s = enter(me, "load");
    me->host.state->put_tensor(&shelf, "means", T->full(s, PDR_F32, (const int64_t[]){2, 4}, 2, 1));
    assert_int_equal(p->hooks.load(me->self, &shelf, 1), PDR_EINVALID);
    leave_with(me, "found means or handicap alone; expected both or none");
    shelf_clear(&shelf);
    house_close(h);
    arena_close(a);
}

static void a_shelf_that_lacks_a_term_is_refused(void **state)
{
    (void)state;
    const plugin *p = shipped("ewc");
    house *h = house_open(DIGITS, 1);
    arena *a = arena_open();
    strategy *s = invited(h, 0, p, "ewc", filled(p, "{lambda: 3}", a));
    pdr_state shelf = {.owner = s};
    const int64_t two = 2;
    enter(s, "load");
    s->host.state->put_bytes(&shelf, "terms", &two, sizeof two);
    assert_int_equal(p->hooks.load(s->self, &shelf, 1), PDR_EINVALID);
    leave_with(s, "found no importance or anchor of term 0; expected 2 terms");
    shelf_clear(&shelf);
    house_close(h);
    arena_close(a);
}

/* In the second task, with a part of its table filled; and in the first, when there is nothing yet. */
static void lwf_finds_its_teacher(void **state)
{
    (void)state;
    const plugin *p = shipped("lwf");
    for (int filled_rows = 0; filled_rows < 4; filled_rows += 3) {
        house *h = house_open(DIGITS, 1);
        arena *a = arena_open();
        void *config = filled(p, "{}", a);
        strategy *first = invited(h, 0, p, "lwf", config), *second = invited(h, 1, p, "lwf#2", config);
        pdr_task before = h->task.task;
        if (filled_rows) {
            h->task.task.previous = &before;
            h->task.task.seen_before = before.seen;
            enter(first, "after_task");
            assert_int_equal(p->hooks.after_task(first->self, &before), PDR_OK);
            leave(first);
            enter(first, "before_task");
            assert_int_equal(p->hooks.before_task(first->self, &h->task.task), PDR_OK);
            leave(first);
            pdr_scope *s = enter(first, "before_batch");
            pdr_step step = {.struct_size = sizeof step, .fresh = filled_rows, .task = &h->task.task, .scope = s};
            step.row = LONGS(s, 5, 0, 2);
            first->host.data->rows(s, &h->task.task, step.row, (pdr_tensor **)&step.x, NULL);
            assert_int_equal(p->hooks.before_batch(first->self, &step), PDR_OK);
            leave(first);
        }
        pdr_state kept, after;
        saved_by(first, &kept);
        assert_int_equal(kept.count, filled_rows ? 3 : 1);
        kept.owner = second;
        enter(second, "load");
        assert_int_equal(p->hooks.load(second->self, &kept, p->descriptor->state_version), PDR_OK);
        leave(second);
        saved_by(second, &after);
        same_shelves(&kept, &after);
        shelf_clear(&kept);
        shelf_clear(&after);
        house_close(h);
        arena_close(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ewc_finds_its_terms), cmocka_unit_test(lwf_finds_its_teacher),
                                       cmocka_unit_test(replay_finds_the_size_of_a_full_batch),
                                       cmocka_unit_test(a_shelf_that_lacks_a_term_is_refused)};
    const struct CMUnitTest tests[] = {cmocka_unit_test(ewc_finds_its_terms),
                                       cmocka_unit_test(a_shelf_that_lacks_a_term_is_refused),
                                       cmocka_unit_test(icarl_finds_its_teacher_and_its_means),
                                       cmocka_unit_test(a_shelf_with_half_of_the_means_is_refused)};
    return cmocka_run_group_tests(tests, engine_begin, folder_end);
}
