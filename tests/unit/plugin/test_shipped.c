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
        before.owner = second;
        enter(second, "load");
        assert_int_equal(p->hooks.load(second->self, &before, p->descriptor->state_version), PDR_OK);
        leave(second);
        saved_by(second, &after);
        same_shelves(&before, &after);
        shelf_clear(&before);
        shelf_clear(&after);
        house_close(h);
        arena_close(a);
    }
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
        assert_int_equal(kept.count, filled_rows ? 4 : 1); /* the network is two: its weights and its dropout stream */
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
    house_close(h);
    arena_close(a);
}

/* Before the first task is over, and after it: the teacher is the network as it was, not as it is. */
static void icarl_finds_its_teacher_and_its_means(void **state)
{
    (void)state;
    const plugin *p = shipped("icarl");
    house *h = house_open(DIGITS, 1);
    arena *a = arena_open();
    void *config = filled(p, "{capacity: 40}", a);
    strategy *first = invited(h, 0, p, "icarl", config), *second = invited(h, 1, p, "icarl#2", config);
    for (int task = 0; task < 2; task++) {
        pdr_state before, after;
        saved_by(first, &before);
        assert_int_equal(before.count, task ? 4 : 0);
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
{
    (void)state;
    const plugin *p = shipped("icarl");
    house *h = house_open(DIGITS, 1);
    arena *a = arena_open();
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
/* ---- genreplay: two tasks, then the round trip, and a step more on both sides ---- */

enum { FRESH = 4 };

/* One step as the loop has it, as far as this strategy looks: fresh rows, then what it rehearsed. */
static void genreplay_step(house *h, strategy *s, int64_t index)
{
    const pdr_hooks *hooks = &s->plugin->hooks;
    const int64_t shape[] = {FRESH, 1, 8, 8};
    pdr_scope *whole = T->open(NULL, PDR_NO_GRAD); /* nobody's: it outlives the hooks */
    host_step step = {.session = &h->session, .scope = whole, .rows = FRESH};
    step.step = (pdr_step){.struct_size = sizeof(pdr_step), .index = index, .fresh = FRESH, .task = &h->task.task};
    random_stream r = random_open(9, "test", "rows", index);
    float rows[FRESH * 64];
    random_units(&r, rows, FRESH * 64);
    step.step.x = T->from(whole, PDR_F32, shape, 4, rows);
    step.step.scope = enter(s, "before_batch");
    assert_int_equal(hooks->before_batch(s->self, &step.step), PDR_OK);
    leave(s);
    pdr_tensor *both[2] = {(pdr_tensor *)(uintptr_t)step.step.x, step.part_count ? step.parts[0].x : NULL};
    step.step.x = T->cat(whole, both, step.part_count ? 2 : 1, 0);
    step.step.scope = enter(s, "after_batch");
    error e = {0};
    if (host_leave(s, hooks->after_batch(s->self, &step.step), &e))
        fail_msg("%s", e.text);
    T->close(whole);
}

static void genreplay_task(house *h, strategy *s, int64_t index)
{
    static pdr_task first;
    const pdr_hooks *hooks = &s->plugin->hooks;
    if (index == 0)
        first = h->task.task;
    h->task.task.index = index;
    h->task.task.previous = index ? &first : NULL;
    h->task.task.seen_before = 2 * index;
    h->task.task.seen = 2 * index + 2;
    enter(s, "before_task");
    assert_int_equal(hooks->before_task(s->self, &h->task.task), PDR_OK);
    leave(s);
    for (int64_t i = 0; i < 3; i++)
        genreplay_step(h, s, i);
}

static void genreplay_rewind(strategy *s)
{
    const pdr_rng_api *R = &host_rng_api; /* the host's to save; here both begin anew */
    R->rewind(R->stream(&s->host, "dreams", 0));
    R->rewind(R->stream(&s->host, "noise", 0));
}

static house *genreplay_house(strategy **s, const char *yaml, arena *a)
{
    house *h = house_open("{set: digits, normalize: unit}", 1);
    const plugin *p = shipped("genreplay");
    *s = invited(h, 0, p, "genreplay", filled(p, yaml, a));
    return h;
}

static void genreplay_goes_on_as_if_never_stopped(const char *yaml)
{
    arena *a = arena_open();
    strategy *s;
    pdr_state before, after, later, resumed;
    house *h = genreplay_house(&s, yaml, a);
    genreplay_task(h, s, 0);
    enter(s, "after_task");
    assert_int_equal(s->plugin->hooks.after_task(s->self, &h->task.task), PDR_OK);
    leave(s);
    genreplay_task(h, s, 1);
    saved_by(s, &before);
    assert_true(before.count >= 10); /* four networks, an optimizer at least, and what it counts */
    genreplay_rewind(s);
    genreplay_step(h, s, 3);
    saved_by(s, &later);
    house_close(h);

    h = genreplay_house(&s, yaml, a);
    h->task.task.index = 1;
    h->task.task.seen_before = 2;
    before.owner = s;
    enter(s, "load");
    assert_int_equal(s->plugin->hooks.load(s->self, &before, 1), PDR_OK);
    leave(s);
    saved_by(s, &after);
    same_shelves(&before, &after);
    genreplay_rewind(s);
    genreplay_step(h, s, 3);
    saved_by(s, &resumed);
    same_shelves(&later, &resumed);
    assert_string_equal(h->said.at ? h->said.at : "", "");
    house_close(h);
    shelf_clear(&before);
    shelf_clear(&after);
    shelf_clear(&later);
    shelf_clear(&resumed);
    arena_close(a);
}

static void genreplay_finds_its_networks(void **state)
{
    (void)state;
#define SMALL "z: 3, encoder: {type: mlp, hidden: [5]}, decoder: {type: mlp, hidden: [6]}"
    genreplay_goes_on_as_if_never_stopped("{" SMALL "}");
    genreplay_goes_on_as_if_never_stopped("{" SMALL ", distill: true}");
    genreplay_goes_on_as_if_never_stopped("{" SMALL ", generator: gan}");
    genreplay_goes_on_as_if_never_stopped("{" SMALL ", generator: wgan-gp}");
}

static void genreplay_before_its_first_task_has_nothing_to_find(void **state)
{
    (void)state;
    arena *a = arena_open();
    strategy *s;
    pdr_state shelf;
    house *h = genreplay_house(&s, "{" SMALL "}", a);
    saved_by(s, &shelf);
    enter(s, "load");
    assert_int_equal(s->plugin->hooks.load(s->self, &shelf, 1), PDR_OK);
    leave(s);
    genreplay_task(h, s, 0);
    shelf_clear(&shelf);
    house_close(h);
    arena_close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ewc_finds_its_terms),
        cmocka_unit_test(a_shelf_that_lacks_a_term_is_refused),
        cmocka_unit_test(lwf_finds_its_teacher),
        cmocka_unit_test(replay_finds_the_size_of_a_full_batch),
        cmocka_unit_test(icarl_finds_its_teacher_and_its_means),
        cmocka_unit_test(a_shelf_with_half_of_the_means_is_refused),
        cmocka_unit_test(genreplay_finds_its_networks),
        cmocka_unit_test(genreplay_before_its_first_task_has_nothing_to_find),
    };
    return cmocka_run_group_tests(tests, engine_begin, folder_end);
}
