/* Whole cells with their memories on disk: the same weights and the same matrix as with memories in RAM, bit for bit, also in
 * pieces. */
#include "pieces.h"

static const char *const ways[] = {
    "capacity: 5",
    "capacity: 6, policy: class-balanced, online: true, every_epoch: true",
    "capacity: 6, policy: fifo, online: true",
    "capacity: 6, policy: value, select: loss, online: true", /* values are refreshed in every step */
    "capacity: {per_class: 2}, policy: value, select: loss, online: true",
    "capacity: 6, policy: value, select: herding, fill: task",
    "capacity: {per_class: 2}, fill: task, select: closest",
    "capacity: {bytes: 100 B}",
    "capacity: 6, every_epoch: true, online: true, alpha: 0.5, beta: 0.5",
    "capacity: {bytes: 200 B}, every_epoch: true, online: true, alpha: 0.5", /* its extra grows with the heads */
    "capacity: 6, fill: task, select: herding, policy: class-balanced, alpha: 1",
};
enum { WAYS = sizeof ways / sizeof *ways };

static planned plan_of(const char *streams, const char *where)
{
    text methods = {0};
    for (int i = 0; i < WAYS; i++)
        text_addf(&methods, "  - {name: m%d, strategies: [replay: {%s, where: %s}]}\n", i, ways[i], where);
    text_addf(&methods, "  - {name: agem, strategies: [agem: {capacity: 6, where: %s}]}\n", where);
    if (strstr(streams, "class-il"))
        text_addf(&methods, "  - {name: icarl, strategies: [icarl: {capacity: 6, where: %s}]}\n", where);
    planned p =
        tiny_plan(streams, SAID("output: {checkpoint: {every: {batches: 5}, keep: 2}}\nmethods:\n%s", methods.at));
    text_free(&methods);
    return p;
}

static cell_result *on_disk(const planned *p, int method)
{
    stopper never = {0};
    train_listener l = listening(&never, home_new());
    return cell_trained(p, method, 3, &l);
}

static void as_in_ram(const char *streams)
{
    planned ram = plan_of(streams, "ram"), disk = plan_of(streams, "disk");
    for (int m = 0; m < ram.plan->method_count; m++) {
        int64_t asked;
        cell_result *a = uninterrupted(&ram, m, &asked), *b = on_disk(&disk, m), *c = in_pieces(&disk, m, 3, 8);
        results_equal(a, b, 0);
        results_equal(a, c, 3);
        cell_result_close(a);
        cell_result_close(b);
        cell_result_close(c);
    }
    planned_free(&ram);
    planned_free(&disk);
}

static void class_incremental(void **state)
{
    (void)state;
    as_in_ram(TWO_TASKS "class-il");
}

static void heads_of_their_own(void **state)
{
    (void)state;
    as_in_ram(TWO_TASKS "task-il, head: multi");
}

static void domain_incremental(void **state)
{
    (void)state;
    as_in_ram("split: {by: permutation, tasks: 3}, scenario: domain-il");
}

#define PICTURES(where)                                                            \
    SAID("output: {checkpoint: {every: task, keep: 1}}\n"                          \
         "methods: [{name: a, strategies: [replay: {capacity: 9, where: %s}]}]\n", \
         where)

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
