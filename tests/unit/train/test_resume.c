/* A cell that is stopped at any step and goes on ends with the same bits as one that was not: weights, matrix, warnings, for every
 * strategy that ships, every kind of network, optimizer and schedule. */
#include "pieces.h"

static void without_strategies(void **state)
{
    (void)state;
    all_go_on(tiny_plan(TWO_TASKS "class-il", NEVER_ELSE ONE_METHOD), 1);
    all_go_on(tiny_plan(TWO_TASKS "task-il, head: multi",
                        NEVER_ELSE "methods: [{name: a, train_on: all-so-far}, {name: b, train_on: all}, "
                                   "{name: c, set: {optimizer.momentum: 0.9}}]\n"),
              2);
}

static void networks_optimizers_and_schedules(void **state)
{
    (void)state;
    all_go_on(picture_plan(
                  ", augment: [{crop: 1}, flip], validation: 0.2",
                  "split: {by: rotation, tasks: 3}, scenario: domain-il",
                  NEVER_ELSE
                  "methods:\n"
                  "  - {name: a, set: {optimizer.type: adam, optimizer.schedule: cosine}}\n"
                  "  - {name: b, set: {network.type: cnn, network.channels: [2], network.hidden: [4], "
                  "network.batch_norm: true}}\n"
                  "  - {name: c, set: {network.type: layers, network.layers: [{linear: 6}, relu, {dropout: 0.3}], "
                  "optimizer.type: adamw}}\n"
                  "  - {name: d, set: {training.iterations: 5, optimizer.schedule: {step: {at: [2], factor: 0.1}}}}\n"
                  "  - {name: e, set: {training.executor: autograd, network.type: layers, network.layers: [{conv: 2}, "
                  "batch_norm, relu, flatten, {dropout: 0.3}]}}\n"),
              3);
}

static void rehearsal(void **state)
{
    (void)state;
    all_go_on(
        tiny_plan(TWO_TASKS "class-il", NEVER_ELSE
                  "methods:\n"
                  "  - {name: reservoir, strategies: [replay: {capacity: 5}]}\n"
                  "  - {name: online, strategies: [replay: {capacity: 6, policy: class-balanced, online: true, "
                  "every_epoch: true}]}\n"
                  "  - {name: task, strategies: [replay: {capacity: {per_class: 2}, fill: task, select: herding}]}\n"
                  "  - {name: der, strategies: [replay: {capacity: 6, every_epoch: true, online: true, alpha: 0.5, "
                  "beta: 0.5}]}\n"
                  "  - {name: agem, strategies: [agem: {capacity: 6}]}\n"
                  "  - {name: mingled, strategies: [icarl: {capacity: 6}]}\n"),
        2);
}

static void penalties_and_teachers(void **state)
{
    (void)state;
    all_go_on(tiny_plan("split: {by: class, tasks: 2}, scenario: task-il, head: multi", NEVER_ELSE
                        "methods:\n"
                        "  - {name: ewc, strategies: [ewc: {lambda: 10}]}\n"
                        "  - {name: sampled, strategies: [ewc: {lambda: 10, fisher: sample}]}\n"
                        "  - {name: si, strategies: [si: {c: 1}]}\n"
                        "  - {name: lwf, strategies: [lwf: {}]}\n"
                        "  - {name: both, strategies: [ewc: {lambda: 10}, replay: {capacity: 5}, lwf: {}]}\n"),
              2);
}

static void generators(void **state)
{
    (void)state;
    all_go_on(picture_plan("", "split: {by: class, tasks: 3}, scenario: class-il",
                           NEVER_ELSE "methods:\n"
                                      "  - {name: vae, strategies: [genreplay: {}]}\n"
                                      "  - {name: gan, strategies: [genreplay: {generator: wgan-gp}]}\n"),
              3);
}

/* What the recorder wrote, but for the lines of a cell that begins, saves or goes on; freed with the folder. */
static char *hooks_of(const char *name)
{
    char *bytes = NULL, *path = SAID("%s/%s", folder, name), *out = SAID("%s", ""), *rest = NULL;
    size_t count = 0;
    error e = {0};
    text kept = {0};
    if (file_read(path, 16 << 20, &bytes, &count, &e))
        fail_msg("%s", e.text);
    for (char *line = strtok_r(bytes, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (!strstr(line, "recorder create") && !strstr(line, "recorder before_run") &&
            !strstr(line, "recorder save") && !strstr(line, "recorder load") && !strstr(line, "recorder destroy"))
            text_addf(&kept, "%s\n", line);
    out = SAID("%s", kept.at ? kept.at : "");
    text_free(&kept);
    free(bytes);
    return out;
}

/* The first line that differs, in full: cmocka would cut it. */
static void texts_equal(const char *a, const char *b, int64_t at)
{
    const char *line = a;
    for (; *a && *a == *b; a++, b++)
        line = *a == '\n' ? a + 1 : line;
    if (*a != *b)
        fail_msg("stopped the %lldth time:\n%.*s\nexpected ...%.*s", (long long)at, (int)strcspn(line, "\n"), line,
                 (int)strcspn(b, "\n"), b);
}

static planned recording(const char *file)
{
    return tiny_plan("split: {by: class, tasks: 2}, scenario: class-il",
                     SAID(NEVER_ELSE
                          "methods: [{name: a, strategies: [{plugin: %s, with: {file: %s, mingle: true, rehearse: 2, "
                          "term: 0.5}}]}]\n",
                          tiny("recorder"), file));
}

/* Every hook comes once, in its order, and sees what it would have seen: rows, weights, gradients, mingled memories. */
static void hooks_see_no_seam(void **state)
{
    (void)state;
    int64_t asked;
    planned p = recording("whole.txt");
    cell_result_close(uninterrupted(&p, 0, &asked));
    planned_free(&p);
    char *whole = hooks_of("whole.txt");
    assert_non_null(strstr(whole, "recorder after_epoch"));
    for (int64_t at = 2; at < asked; at++) {
        char *file = SAID("pieces-%d.txt", (int)at);
        planned cut = recording(file);
        cell_result_close(in_pieces(&cut, 0, at, 3));
        planned_free(&cut);
        texts_equal(hooks_of(file), whole, at);
    }
}

/* A task of one class moves nothing: what is known of its heads, and what was found, goes on too. */
static void findings(void **state)
{
    (void)state;
    planned p = tiny_plan("split: {by: class, tasks: 4}, scenario: class-il, active: task", NEVER_ELSE ONE_METHOD);
    int64_t asked;
    cell_result *whole = uninterrupted(&p, 0, &asked);
    assert_true(whole->finding_count > 0);
    cell_result_close(whole);
    goes_on(&p, 0, 1);
    planned_free(&p);
}

static int64_t points;

static void point_count(void *self, const char *name, int64_t task, int64_t step, double value)
{
    (void)self;
    (void)task;
    (void)step;
    (void)value;
    points += !strncmp(name, "faulty.", strlen("faulty."));
}

/* create() and before_run() come again in every piece: what they tell is counted, and stands in the log, once. */
static void beginnings_are_told_once(void **state)
{
    (void)state;
    planned p =
        tiny_plan(TWO_TASKS "class-il",
                  SAID(NEVER_ELSE "methods: [{name: a, strategies: [{plugin: %s, with: {fault: noisy-start}}]}]\n",
                       tiny("faulty")));
    int64_t asked;
    cell_result *whole = uninterrupted(&p, 0, &asked);
    assert_int_equal(whole->warnings, 2);
    assert_int_equal(whole->finding_count, 1);
    cell_result_close(whole);
    goes_on(&p, 0, 2);
    char *home = home_new();
    points = 0;
    for (int piece = 0; piece < 2; piece++) {
        stopper s = {.at = piece ? 0 : 4};
        train_listener l = listening(&s, home);
        cell_result *r = NULL;
        error e = {0};
        l.point = point_count;
        assert_int_equal(cell_tried(&p, 0, 3, &l, &r, &e), piece ? 0 : EXIT_RESUMABLE);
        cell_result_close(r);
    }
    assert_int_equal(points, 2);
    planned_free(&p);
}

/* What is looked at behind the last step of a task: there may be none of it in this process. */
static void tasks_of_a_single_step(void **state)
{
    (void)state;
    all_go_on(tiny_plan("split: {by: class, tasks: 4}, scenario: class-il",
                        NEVER_ELSE "methods:\n"
                                   "  - {name: a, strategies: [ewc: {lambda: 10}], set: {training.iterations: 1}}\n"
                                   "  - {name: b, strategies: [replay: {capacity: 4}], set: {training.epochs: 1, "
                                   "training.batch: 6}}\n"),
              1);
}

/* Against a test that compares nothing: with another place of one random stream the bits differ. */
static void a_wrong_state_shows(void **state)
{
    (void)state;
    planned p =
        tiny_plan(TWO_TASKS "class-il", NEVER_ELSE "methods: [{name: a, strategies: [replay: {capacity: 5}]}]\n");
    int64_t asked;
    cell_result *whole = uninterrupted(&p, 0, &asked);
    planned other = tiny_plan(TWO_TASKS "class-il",
                              NEVER_ELSE "methods: [{name: a, strategies: [replay: {capacity: 5, policy: fifo}]}]\n");
    cell_result *r = in_pieces(&other, 0, 5, 0);
    assert_string_not_equal(whole->weights_sha256, r->weights_sha256);
    cell_result_close(whole);
    cell_result_close(r);
    planned_free(&p);
    planned_free(&other);
}

static void another_plan_is_refused(void **state)
{
    (void)state;
    char *home = home_new();
    planned p = tiny_plan(TWO_TASKS "class-il", NEVER_ELSE ONE_METHOD);
    planned other = tiny_plan(TWO_TASKS "class-il", NEVER_ELSE "methods: [{name: a, set: {optimizer.lr: 0.2}}]\n");
    stopper s = {.at = 4};
    train_listener l = listening(&s, home);
    cell_result *r = NULL;
    error e = {0};
    assert_int_equal(cell_tried(&p, 0, 3, &l, &r, &e), EXIT_RESUMABLE);
    assert_string_equal(e.text, "stopped in task 1, behind step 3; its checkpoint is written");
    e = (error){0};
    assert_int_equal(cell_tried(&other, 0, 3, &l, &r, &e), EXIT_CREATE);
    assert_non_null(strstr(e.text, "found the state of another plan"));
    planned_free(&p);
    planned_free(&other);
}

static void what_is_not_saved_says_so(void **state)
{
    (void)state;
    char *home = home_new();
    planned p = tiny_plan(TWO_TASKS "class-il", "output: {checkpoint: none}\n" ONE_METHOD);
    stopper s = {.at = 4};
    train_listener l = listening(&s, home);
    cell_result *r = NULL;
    error e = {0};
    assert_int_equal(cell_tried(&p, 0, 3, &l, &r, &e), EXIT_RESUMABLE);
    assert_string_equal(e.text, "stopped in task 1, behind step 3; it keeps no checkpoints and will begin anew");
    planned_free(&p);
}

static void the_log_is_cut_where_the_checkpoint_was_written(void **state)
{
    (void)state;
    char *home = home_new();
    planned p = tiny_plan(TWO_TASKS "class-il", NEVER_ELSE ONE_METHOD);
    stopper s = {.at = 4, .log_kept = 7};
    train_listener l = listening(&s, home);
    cell_result *r = NULL;
    error e = {0};
    assert_int_equal(cell_tried(&p, 0, 3, &l, &r, &e), EXIT_RESUMABLE);
    assert_int_equal(s.log_kept, -1);
    s = (stopper){0};
    e = (error){0};
    assert_int_equal(cell_tried(&p, 0, 3, &l, &r, &e), 0);
    assert_int_equal(s.log_kept, 1004);
    cell_result_close(r);
    planned_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_strategies),
        cmocka_unit_test(networks_optimizers_and_schedules),
        cmocka_unit_test(rehearsal),

        cmocka_unit_test(penalties_and_teachers),
        cmocka_unit_test(generators),
        cmocka_unit_test(hooks_see_no_seam),
        cmocka_unit_test(findings),
        cmocka_unit_test(beginnings_are_told_once),
        cmocka_unit_test(tasks_of_a_single_step),
        cmocka_unit_test(a_wrong_state_shows),
        cmocka_unit_test(another_plan_is_refused),
        cmocka_unit_test(what_is_not_saved_says_so),
        cmocka_unit_test(the_log_is_cut_where_the_checkpoint_was_written),
    };
    return cmocka_run_group_tests_name("resume", tests, folder_begin, folder_end);
}
