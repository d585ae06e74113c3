/* Whole cells with their memories on disk: the same weights and the same matrix as with memories in RAM, bit for bit, also in
 * pieces. */
#include "places.h"

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

/* Rows of bytes, and a folder of their own, whose name is made of words that are policies. */
static void pictures_elsewhere(void **state)
{
    (void)state;
    char *elsewhere = SAID("%s/none-of-value", folder);
    const char *streams = "split: {by: class, tasks: 3}, scenario: class-il";
    planned ram = picture_plan("", streams, PICTURES("ram"));
    planned disk = picture_plan("", streams, PICTURES(SAID("{disk: %s}", elsewhere)));
    int64_t asked;
    cell_result *a = uninterrupted(&ram, 0, &asked), *b = uninterrupted(&disk, 0, &asked),
                *c = in_pieces(&disk, 0, 5, 2);
    results_equal(a, b, 0);
    results_equal(a, c, 5);
    assert_true(file_exists(SAID("%s/replay/samples/data.mdb", elsewhere))); /* of the cell that keeps nothing else */
    cell_result_close(a);
    cell_result_close(b);
    cell_result_close(c);
    planned_free(&ram);
    planned_free(&disk);
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
        cmocka_unit_test(class_incremental),
        cmocka_unit_test(heads_of_their_own),
        cmocka_unit_test(domain_incremental),
        cmocka_unit_test(pictures_elsewhere),
        cmocka_unit_test(a_cell_that_keeps_nothing_is_told),
    };
    return cmocka_run_group_tests_name("disk", tests, folder_begin, folder_end);
}
