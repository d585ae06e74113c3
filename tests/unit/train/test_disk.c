/* Whole cells with their memories on disk: the same weights and the same matrix as with memories in RAM, bit for bit, also in
 * pieces. */
#include "places.h"
#include "record/checkpoint.h"

static void class_incremental(void **state)
{
    (void)state;
    as_in_ram(TWO_TASKS "class-il", "disk");
}

static void heads_of_their_own(void **state)
{
    (void)state;
    as_in_ram(TWO_TASKS "task-il, head: multi", "disk");
}

static void domain_incremental(void **state)
{
    (void)state;
    as_in_ram("split: {by: permutation, tasks: 3}, scenario: domain-il", "disk");
}

/* Rows of bytes, and as floats; and a folder of their own, whose name is made of words that are policies. */
static void pictures_elsewhere(void **state)
{
    (void)state;
    char *elsewhere = SAID("%s/none-of-value", folder);
    const char *streams = "split: {by: class, tasks: 3}, scenario: class-il";
    planned ram = picture_plan("", streams, PICTURES("ram"));
    planned disk = picture_plan("", streams, PICTURES(SAID("{disk: %s}", elsewhere)));
    for (int m = 0; m < 3; m++) {
        int64_t asked;
        cell_result *a = uninterrupted(&ram, m, &asked), *b = uninterrupted(&disk, m, &asked),
                    *c = in_pieces(&disk, m, 5, 2);
        all_equal(a, b, c, 5);
    }
    assert_true(file_exists(SAID("%s/replay/samples/data.mdb", elsewhere))); /* of the cell that keeps nothing else */
    planned_free(&ram);
    planned_free(&disk);
}

/* A run that was stopped, moved and is begun anew finds rows of its own, wherever it lay; elsewhere they are another run's. */
static void a_run_may_be_moved(void **state)
{
    (void)state;
    const char *places[] = {"disk", SAID("{disk: %s/shared}", folder)};
    for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
        char *was = SAID("%s/was-%d/cells/a/seed-3", folder, elsewhere), *is = SAID("%s/is-%d", folder, elsewhere);
        planned p = tiny_plan(
            TWO_TASKS "class-il",
            SAID("methods: [{name: a, strategies: [replay: {capacity: 5, where: %s}]}]\n", places[elsewhere]));
        stopper s = {.at = 6};
        train_listener l = listening(&s, was);
        cell_result *r = NULL;
        error e = {0};
        assert_int_equal(folder_make(was, &e), 0);
        assert_int_equal(cell_tried(&p, 0, 3, &l, &r, &e), EXIT_RESUMABLE);
        e = (error){0};
        assert_int_equal(rename(SAID("%s/was-%d", folder, elsewhere), is), 0);
        if (elsewhere) /* found by the run's name */
            assert_int_equal(rename(SAID("%s/shared/was-1", folder), SAID("%s/shared/is-1", folder)), 0);
        assert_int_equal(checkpoint_remove_all(SAID("%s/cells/a/seed-3/checkpoints", is), &e), 0);
        s = (stopper){0};
        l.folder = SAID("%s/cells/a/seed-3", is);
        assert_int_equal(cell_tried(&p, 0, 3, &l, &r, &e), elsewhere ? EXIT_FAILED : 0);
        assert_int_equal(strstr(e.text, "/cells/a/seed-3; expected that of /") != NULL, elsewhere);
        cell_result_close(r);
        planned_free(&p);
    }
}

static void a_cell_that_keeps_nothing_is_told(void **state)
{
    (void)state;
    planned p =
        tiny_plan(TWO_TASKS "class-il", "methods: [{name: a, strategies: [replay: {capacity: 5, where: disk}]}]\n");
    cell_result *r = NULL;
    error e = {0};
    assert_int_equal(cell_tried(&p, 0, 3, NULL, &r, &e), EXIT_FAILED);
    assert_string_equal(e.text,
                        "strategy replay, hook create: memory replay/samples: found where: disk in a run that keeps "
                        "no files; expected where: ram, or a folder, as where: {disk: /a/folder}");
    planned_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(class_incremental),  cmocka_unit_test(heads_of_their_own),
        cmocka_unit_test(domain_incremental), cmocka_unit_test(pictures_elsewhere),
        cmocka_unit_test(a_run_may_be_moved), cmocka_unit_test(a_cell_that_keeps_nothing_is_told),
    };
    return cmocka_run_group_tests_name("disk", tests, folder_begin, folder_end);
}
