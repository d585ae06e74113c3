/* Whole cells with the rows of their memories on the run's device: the same weights and the same matrix as with memories in RAM,
 * bit for bit, also in pieces. The device is the CPU here. */
#include "places.h"

static void class_incremental(void **state)
{
    (void)state;
    as_in_ram(TWO_TASKS "class-il", "device");
}

static void heads_of_their_own(void **state)
{
    (void)state;
    as_in_ram(TWO_TASKS "task-il, head: multi", "device");
}

static void domain_incremental(void **state)
{
    (void)state;
    as_in_ram("split: {by: permutation, tasks: 3}, scenario: domain-il", "device");
}

/* Rows of bytes, augmented or not, and kept by a cell that keeps no files. */
static void pictures(void **state)
{
    (void)state;
    const char *streams = "split: {by: class, tasks: 3}, scenario: class-il";
    const char *const data[] = {"", ", normalize: standard, augment: [flip, {crop: 1}]"};
    for (int i = 0; i < 2; i++) {
        planned ram = picture_plan(data[i], streams, PICTURES("ram"));
        planned device = picture_plan(data[i], streams, PICTURES("device"));
        int64_t asked;
        cell_result *a = uninterrupted(&ram, 0, &asked), *b = uninterrupted(&device, 0, &asked),
                    *c = in_pieces(&device, 0, 5, 2);
        all_equal(a, b, c, 5);
        planned_free(&ram);
        planned_free(&device);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(class_incremental),
        cmocka_unit_test(heads_of_their_own),
        cmocka_unit_test(domain_incremental),
        cmocka_unit_test(pictures),
    };
    return cmocka_run_group_tests_name("device", tests, folder_begin, folder_end);
}
