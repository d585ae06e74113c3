/* Tasks, columns and rows of every kind of scenario, the order of classes, and every refusal. */
#include "fixture.h"

/* Six classes: row i of twelve training rows has class i mod 6, and so have the test rows. */
#define ROWS "set: csv, train: '@/train.csv', test: '@/test.csv'"

static void lay_rows(int classes, int rows)
{
    char words[2048];
    size_t n = 0;
    for (int i = 0; i < rows; i++)
        n += (size_t)snprintf(words + n, sizeof words - n, "%d,%d\n", i, i % classes);
    lay_text("train.csv", words);
    lay_text("test.csv", words);
}

static opened open_rows(const char *keys, uint64_t seed) { return open_stream(ROWS, keys, seed); }

/* Each row of the right classes, in order, in the right task; columns as in column_of. */
static void assert_dealt(const opened *o)
{
    int64_t train = 0, test = 0;
    for (int64_t i = 0; i < o->made->count; i++) {
        const stream_task *t = &o->made->tasks[i];
        const int32_t *column_of = o->made->column_of + i * o->made->set_classes;
        int64_t members = 0;
        assert_int_equal(t->index, i);
        for (int64_t c = 0; c < o->made->set_classes; c++)
            members += column_of[c] >= 0;
        assert_int_equal(members, t->class_count);
        for (int64_t j = 0; j < t->class_count; j++)
            assert_int_equal(column_of[t->classes[j]], t->columns[j]);
        for (int64_t k = 0; k < t->train_count; k++) {
            assert_true(column_of[o->d->train.label[t->train[k]]] >= 0);
            assert_true(k == 0 || t->train[k] > t->train[k - 1]);
        }
        for (int64_t k = 0; k < t->test_count; k++)
            assert_true(column_of[o->d->test.label[t->test[k]]] >= 0);
        train += t->train_count;
        test += t->test_count;
    }
    assert_int_equal(train, o->d->train.count);
    assert_int_equal(test, o->d->test.count);
}

static void assert_task(const stream_task *t, const int64_t *classes, const int64_t *columns, int64_t count,
                        int64_t before, int64_t seen)
{
    assert_int_equal(t->class_count, count);
    assert_memory_equal(t->classes, classes, (size_t)count * sizeof *classes);
    assert_memory_equal(t->columns, columns, (size_t)count * sizeof *columns);
    assert_int_equal(t->seen_before, before);
    assert_int_equal(t->seen, seen);
}

#define LIST(...) ((const int64_t[]){__VA_ARGS__})

static void columns_by_arrival(void **state)
{
    static const char *const keys[] = {"split: {tasks: 3}, scenario: class-il", "split: {tasks: 3}, scenario: task-il",
                                       "split: {tasks: 3}, scenario: task-il, head: multi"};
    (void)state;
    lay_rows(6, 12);
    for (size_t i = 0; i < 3; i++) {
        opened o = open_rows(keys[i], 0);
        assert_dealt(&o);
        assert_true(o.made->count == 3 && o.made->columns == 6 && o.made->set_classes == 6);
        assert_task(&o.made->tasks[0], LIST(0, 1), LIST(0, 1), 2, 0, 2);
        assert_task(&o.made->tasks[1], LIST(2, 3), LIST(2, 3), 2, 2, 4);
        assert_task(&o.made->tasks[2], LIST(4, 5), LIST(4, 5), 2, 4, 6);
        assert_int_equal(o.made->tasks[1].train_count, 4);
        assert_memory_equal(o.made->tasks[1].train, LIST(2, 3, 8, 9), 4 * sizeof(int64_t));
        close_stream(&o);
    }
}

static void shared_columns(void **state)
{
    static const char *const keys[] = {"split: {tasks: 3}, scenario: domain-il",
                                       "split: {tasks: 3}, scenario: task-il, head: single"};
    (void)state;
    lay_rows(6, 12);
    for (size_t i = 0; i < 2; i++) {
        opened o = open_rows(keys[i], 0);
        assert_dealt(&o);
        assert_int_equal(o.made->columns, 2);
        assert_task(&o.made->tasks[0], LIST(0, 1), LIST(0, 1), 2, 0, 2);
        assert_task(&o.made->tasks[2], LIST(4, 5), LIST(0, 1), 2, 2, 2);
        close_stream(&o);
    }
}

static void listed_classes(void **state)
{
    (void)state;
    lay_rows(6, 12);
    opened o = open_rows("split: {order: [[5], [2, 0, 1], [4, 3]]}, scenario: class-il", 0);
    assert_dealt(&o);
    assert_task(&o.made->tasks[0], LIST(5), LIST(0), 1, 0, 1);
    assert_task(&o.made->tasks[1], LIST(2, 0, 1), LIST(1, 2, 3), 3, 1, 4);
    assert_task(&o.made->tasks[2], LIST(4, 3), LIST(4, 5), 2, 4, 6);
    close_stream(&o);
    o = open_rows("split: {order: [[5], [2, 0, 1], [4, 3]]}, scenario: domain-il", 0);
    assert_dealt(&o);
    assert_int_equal(o.made->columns, 3);
    assert_task(&o.made->tasks[1], LIST(2, 0, 1), LIST(0, 1, 2), 3, 1, 3);
    assert_task(&o.made->tasks[2], LIST(4, 3), LIST(0, 1), 2, 3, 3);
    close_stream(&o);
}

static void one_task(void **state)
{
    (void)state;
    lay_rows(6, 12);
    opened o = open_rows("split: {tasks: 1}", 0);
    assert_dealt(&o);
    assert_task(&o.made->tasks[0], LIST(0, 1, 2, 3, 4, 5), LIST(0, 1, 2, 3, 4, 5), 6, 0, 6);
    close_stream(&o);
}

static void shuffled_by_the_seed(void **state)
{
    int64_t order[3][30], sum = 0, other = 0;
    (void)state;
    lay_rows(30, 60);
    for (int k = 0; k < 3; k++) {
        opened o = open_rows("split: {tasks: 5, order: shuffled}", k == 2 ? 12 : 11);
        assert_dealt(&o);
        for (int64_t i = 0; i < 5; i++)
            memcpy(order[k] + 6 * i, o.made->tasks[i].classes, 6 * sizeof **order);
        assert_task(&o.made->tasks[1], order[k] + 6, LIST(6, 7, 8, 9, 10, 11), 6, 6, 12);
        close_stream(&o);
    }
    assert_memory_equal(order[0], order[1], sizeof order[0]);
    assert_memory_not_equal(order[0], order[2], sizeof order[0]);
    for (int i = 0; i < 30; i++) {
        sum += order[0][i];
        other += order[0][i] != i;
    }
    assert_int_equal(sum, 29 * 30 / 2);
    assert_true(other > 0);
}

/* ---- validation ---- */

/* Nine rows of every class: a third held out is three of each class and task, in order, and none of them trained on. */
static void assert_held(const opened *o, int64_t of_class)
{
    for (int64_t i = 0; i < o->made->count; i++) {
        const stream_task *t = &o->made->tasks[i];
        int64_t classes[6] = {0};
        bool there[54] = {false};
        assert_int_equal(t->held_count, of_class * t->class_count);
        assert_int_equal(t->train_count, (9 - of_class) * t->class_count);
        for (int64_t k = 0; k < t->held_count; k++) {
            int64_t row = place_row(&o->d->train, t->held[k]);
            assert_true(k == 0 || t->held[k] > t->held[k - 1]);
            classes[o->d->train.label[row]]++;
            there[row] = true;
        }
        for (int64_t k = 0; k < t->train_count; k++) {
            assert_false(there[place_row(&o->d->train, t->train[k])]);
            assert_true(k == 0 || t->train[k] > t->train[k - 1]);
        }
        for (int64_t j = 0; j < t->class_count; j++)
            assert_int_equal(classes[t->classes[j]], of_class);
    }
}

static opened open_held(const char *split, const char *share, uint64_t seed)
{
    char data[128];
    opened o = {0};
    error e = {0};
    snprintf(data, sizeof data, ROWS ", validation: %s", share);
    o.s = scenario_made(data, split, NULL);
    if (dataset_open(o.s, &o.d, &e) || stream_open(o.s, o.d, seed, &o.made, &e))
        fail_msg("%s", e.text);
    return o;
}

static void a_share_of_each_class_is_held_out(void **state)
{
    (void)state;
    lay_rows(6, 54);
    opened o = open_held("split: {tasks: 3}", "0.3", 5), again = open_held("split: {tasks: 3}", "0.3", 5);
    opened other = open_held("split: {tasks: 3}", "0.3", 6), more = open_held("split: {tasks: 3}", "0.5", 5);
    assert_held(&o, 3);
    assert_held(&more, 5); /* 4.5, rounded */
    assert_memory_equal(o.made->tasks[1].held, again.made->tasks[1].held, 6 * sizeof(int64_t));
    assert_memory_not_equal(o.made->tasks[1].held, other.made->tasks[1].held, 6 * sizeof(int64_t));
    close_stream(&o);
    close_stream(&again);
    close_stream(&other);
    close_stream(&more);
    o = open_rows("split: {tasks: 3}", 5);
    assert_int_equal(o.made->tasks[0].held_count, 0);
    close_stream(&o);
}

/* What is held out of one task is not trained on in another form in the next. */
static void the_same_rows_of_all_permuted_tasks(void **state)
{
    (void)state;
    lay_rows(6, 54);
    opened o = open_held("split: {by: permutation, tasks: 3}, scenario: domain-il", "0.3", 5);
    assert_held(&o, 3);
    for (int64_t i = 0; i < 3; i++)
        for (int64_t k = 0; k < 18; k++)
            assert_int_equal(o.made->tasks[i].held[k], o.made->tasks[0].held[k] + i * 54);
    close_stream(&o);
}

static void shares_that_leave_nothing(void **state)
{
    static const struct {
        int rows;
        const char *share, *words;
    } cases[] = {{6, "0.6", "found 0.6, which leaves no training row of class 0 in task 1, of 1; expected less"},
                 {12, "0.2", "found 0.2, which holds out none of the 4 training rows of task 1; expected more, or 0"}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char data[128], words[256];
        dataset *d;
        stream *made;
        error e = {0};
        lay_rows(6, cases[i].rows);
        snprintf(data, sizeof data, "validation: %s, " ROWS, cases[i].share);
        snprintf(words, sizeof words, "@/s.yaml:2:20: data.validation: %s", cases[i].words);
        struct scenario *s = scenario_made(data, "split: {tasks: 3}", NULL);
        assert_int_equal(dataset_open(s, &d, &e), 0);
        assert_int_equal(stream_open(s, d, 0, &made, &e), EXIT_SCENARIO);
        assert_error(&e, EXIT_SCENARIO, words);
        dataset_close(d);
        scenario_free(s);
    }
}

/* ---- refusals ---- */

static void refused(const char *stream_keys, const char *set, int code, const char *words)
{
    struct scenario *s = scenario_made(ROWS, stream_keys, set);
    dataset *d;
    stream *made = (stream *)(uintptr_t)1;
    error e = {0};
    assert_int_equal(dataset_open(s, &d, &e), 0);
    assert_int_equal(stream_open(s, d, 0, &made, &e), code);
    assert_null(made);
    assert_error(&e, code, words);
    dataset_close(d);
    scenario_free(s);
}

static void tasks_that_do_not_divide(void **state)
{
    (void)state;
    lay_rows(6, 12);
    refused("split: {tasks: 4}", NULL, EXIT_SCENARIO,
            "@/s.yaml:3:25: stream.split.tasks: found 4 tasks; expected a number that divides the 6 classes of csv");
    refused("split: {tasks: 7}", NULL, EXIT_SCENARIO,
            "@/s.yaml:3:25: stream.split.tasks: found 7 tasks; expected a number that divides the 6 classes of csv");
    refused("scenario: class-il", NULL, EXIT_SCENARIO, /* the default of 5, so the line of the section */
            "@/s.yaml:3:9: stream.split.tasks: found 5 tasks; expected a number that divides the 6 classes of csv");
    refused("split: {tasks: 3}", "stream.split.tasks=4", EXIT_SCENARIO,
            "--set stream.split.tasks: found 4 tasks; expected a number that divides the 6 classes of csv");
}

static void lists_that_do_not_fit(void **state)
{
    (void)state;
    lay_rows(6, 12);
    refused("split: {order: [[0, 1, 2], [3, 4, 6]]}", NULL, EXIT_SCENARIO,
            "@/s.yaml:3:25: stream.split.order: found class 6 in task 2; expected 0 to 5, the classes of csv");
    refused(
        "split: {order: [[0, 1], [3, 4, 5]]}", NULL, EXIT_SCENARIO,
        "@/s.yaml:3:25: stream.split.order: found 5 classes in the tasks; expected each of the 6 classes of csv once");
}

static void tasks_without_rows(void **state)
{
    (void)state;
    lay_rows(6, 12);
    lay_text("test.csv", "1,0\n1,1\n1,2\n1,3\n");
    refused("split: {tasks: 3}", NULL, EXIT_DATA,
            "csv: found 4 training and 0 test rows for task 3; expected some of both");
}

/* ---- blurry tasks ---- */

#define BLURRY(share) ", boundaries: {blurry: {share: " share "}}"

/* Where each place lies among the tasks' training rows: -1 nowhere; none may be in two of them. */
static int64_t *homes_of(const opened *o, int64_t places)
{
    int64_t *home = alloc_zero((size_t)places, sizeof *home);
    memset(home, 0xff, (size_t)places * sizeof *home);
    for (int64_t i = 0; i < o->made->count; i++)
        for (int64_t k = 0; k < o->made->tasks[i].train_count; k++) {
            const int64_t place = o->made->tasks[i].train[k];
            assert_in_range(place, 0, places - 1);
            assert_int_equal(home[place], -1);
            assert_true(k == 0 || place > o->made->tasks[i].train[k - 1]);
            home[place] = i;
        }
    return home;
}

/* Against the same stream without exchange: the same rows in all, of each class the share away from its task, and those
 * evenly over the other tasks. */
static void assert_exchanged(const opened *plain, const opened *blurry, double share)
{
    enum { TASKS = 8, CLASSES = 8 };
    const int64_t tasks = plain->made->count, places = plain->d->train.count * tasks;
    int64_t went[TASKS][TASKS] = {{0}}, of_class[TASKS][CLASSES][TASKS] = {{{0}}};
    int64_t *was = homes_of(plain, places), *is = homes_of(blurry, places);
    for (int64_t p = 0; p < places; p++) {
        assert_int_equal(was[p] >= 0, is[p] >= 0);
        if (was[p] < 0)
            continue;
        const int32_t class = plain->d->train.label[p % plain->d->train.count];
        went[was[p]][is[p]]++;
        of_class[was[p]][class][is[p]]++;
        const stream_task *home = &blurry->made->tasks[was[p]];
        int64_t j = 0;
        while (home->classes[j] != class)
            j++;
        assert_int_equal(stream_column(blurry->made, &blurry->d->train, p), home->columns[j]);
    }
    for (int64_t i = 0; i < tasks; i++) {
        const int64_t after = (i + 1) % tasks;
        for (int64_t k = 0; k < tasks; k++)
            assert_true(k == i || llabs(went[i][k] - went[i][after]) <= 1);
        for (int64_t c = 0; c < plain->made->set_classes; c++) {
            int64_t n = 0, away = 0;
            for (int64_t k = 0; k < tasks; k++) {
                n += of_class[i][c][k];
                away += k == i ? 0 : of_class[i][c][k];
                assert_true(k == i || llabs(of_class[i][c][k] - of_class[i][c][after]) <= 1);
            }
            int64_t wanted = (int64_t)floor(share * (double)n + 0.5);
            assert_int_equal(away, wanted < n || !n ? wanted : n - 1);
        }
        assert_int_equal(plain->made->tasks[i].test_count, blurry->made->tasks[i].test_count);
        assert_memory_equal(plain->made->tasks[i].test, blurry->made->tasks[i].test,
                            (size_t)plain->made->tasks[i].test_count * sizeof(int64_t));
        assert_memory_equal(plain->made->tasks[i].classes, blurry->made->tasks[i].classes,
                            (size_t)plain->made->tasks[i].class_count * sizeof(int64_t));
    }
    free(was);
    free(is);
}

static void blurry_tasks_exchange_a_share(void **state)
{
    static const char *const keys[] = {"split: {tasks: 3}, scenario: class-il",
                                       "split: {tasks: 3}, scenario: domain-il",
                                       "split: {tasks: 3}, scenario: task-free",
                                       "split: {tasks: 6, order: shuffled}, scenario: class-il",
                                       "split: {order: [[5], [0, 3, 1], [2, 4]]}, scenario: class-il",
                                       "split: {by: permutation, tasks: 4}, scenario: domain-il",
                                       "split: {by: permutation, tasks: 4}, scenario: class-il",
                                       "split: {by: permutation, tasks: 3}, scenario: task-free"};
    static const char *const shares[] = {"0.1", "0.25", "0.5", "0.9"};
    (void)state;
    lay_rows(6, 120);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        for (size_t j = 0; j < sizeof shares / sizeof *shares; j++) {
            char words[256];
            opened plain = open_rows(keys[i], 5);
            snprintf(words, sizeof words, "%s" BLURRY("%s"), keys[i], shares[j]);
            opened blurry = open_rows(words, 5);
            assert_exchanged(&plain, &blurry, atof(shares[j]));
            assert_int_equal(plain.made->columns, blurry.made->columns);
            close_stream(&plain);
            close_stream(&blurry);
        }
}

/* BlurryM of tasks alike in size: M % of each task's rows are the others', as many of each class, and sizes stay. */
static void equal_tasks_stay_equal(void **state)
{
    (void)state;
    lay_rows(6, 120);
    opened o = open_rows("split: {tasks: 3}, scenario: class-il" BLURRY("0.2"), 0);
    for (int64_t i = 0; i < 3; i++) {
        const stream_task *t = &o.made->tasks[i];
        int64_t rows[6] = {0};
        assert_int_equal(t->train_count, 40);
        for (int64_t k = 0; k < 40; k++)
            rows[o.d->train.label[t->train[k]]]++;
        for (int64_t c = 0; c < 6; c++)
            assert_int_equal(rows[c], c / 2 == i ? 16 : 2);
        assert_int_equal(t->seen_before, i ? 6 : 0); /* all have come with the first task */
        assert_int_equal(t->seen, 6);
        assert_int_equal(t->present_count, 6);
        assert_memory_equal(t->present, LIST(0, 1, 2, 3, 4, 5), 6 * sizeof(int64_t));
    }
    close_stream(&o);
}

/* One row a class is exchanged: of tasks (0 1) (2 3) (4 5) the first class's goes to the next task, the second's to the one
 * behind. So task 1 has rows of 3 and 4 too, and task 2 of 0 and 5: classes come in the order 0 1 3 4 2 5. */
static void columns_are_numbered_as_rows_arrive(void **state)
{
    (void)state;
    lay_rows(6, 120);
    opened o = open_rows("split: {tasks: 3}, scenario: class-il" BLURRY("0.05"), 0);
    assert_task(&o.made->tasks[0], LIST(0, 1), LIST(0, 1), 2, 0, 4);
    assert_task(&o.made->tasks[1], LIST(2, 3), LIST(4, 2), 2, 4, 6);
    assert_task(&o.made->tasks[2], LIST(4, 5), LIST(3, 5), 2, 6, 6);
    const int64_t counts[] = {4, 4, 4};
    const int64_t *const present[] = {LIST(0, 1, 2, 3), LIST(0, 2, 4, 5), LIST(1, 3, 4, 5)};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(o.made->tasks[i].present_count, counts[i]);
        assert_memory_equal(o.made->tasks[i].present, present[i], 4 * sizeof(int64_t));
    }
    assert_int_equal(o.made->column_of[1 * 6 + 3], 2);
    assert_int_equal(o.made->column_of[0 * 6 + 3], -1);
    close_stream(&o);
}

static void the_seed_draws_what_is_exchanged(void **state)
{
    (void)state;
    lay_rows(6, 120);
    const char *keys = "split: {tasks: 3}, scenario: class-il" BLURRY("0.2");
    opened a = open_rows(keys, 1), again = open_rows(keys, 1), b = open_rows(keys, 2);
    const size_t size = 40 * sizeof(int64_t);
    assert_memory_equal(a.made->tasks[1].train, again.made->tasks[1].train, size);
    assert_memory_not_equal(a.made->tasks[1].train, b.made->tasks[1].train, size);
    close_stream(&a);
    close_stream(&again);
    close_stream(&b);
}

/* What was held out of a task is measured for it, and trained on by none. */
static void held_out_rows_are_not_exchanged(void **state)
{
    (void)state;
    lay_rows(6, 120);
    opened o = open_stream(ROWS ", validation: 0.25", "split: {tasks: 3}, scenario: class-il" BLURRY("0.2"), 0);
    int64_t *home = homes_of(&o, 120), trained = 0;
    for (int64_t i = 0; i < 3; i++) {
        const stream_task *t = &o.made->tasks[i];
        assert_int_equal(t->held_count, 10);
        for (int64_t k = 0; k < t->held_count; k++) {
            assert_int_equal(home[t->held[k]], -1);
            assert_int_equal(o.d->train.label[t->held[k]] / 2, i);
        }
        trained += t->train_count;
    }
    assert_int_equal(trained, 90);
    free(home);
    close_stream(&o);
}

/* Nobody is told of tasks: a label is a label, whichever task shows it. */
static void task_free_columns(void **state)
{
    (void)state;
    lay_rows(6, 12);
    opened o = open_rows("split: {tasks: 3}, scenario: task-free", 0);
    assert_task(&o.made->tasks[1], LIST(2, 3), LIST(2, 3), 2, 2, 4);
    close_stream(&o);
    o = open_rows("split: {by: permutation, tasks: 3}, scenario: task-free", 0);
    assert_int_equal(o.made->columns, 6);
    assert_task(&o.made->tasks[2], LIST(0, 1, 2, 3, 4, 5), LIST(0, 1, 2, 3, 4, 5), 6, 6, 6);
    close_stream(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_by_arrival),
        cmocka_unit_test(shared_columns),
        cmocka_unit_test(listed_classes),
        cmocka_unit_test(one_task),
        cmocka_unit_test(shuffled_by_the_seed),
        cmocka_unit_test(tasks_that_do_not_divide),
        cmocka_unit_test(lists_that_do_not_fit),
        cmocka_unit_test(tasks_without_rows),
        cmocka_unit_test(a_share_of_each_class_is_held_out),
        cmocka_unit_test(the_same_rows_of_all_permuted_tasks),
        cmocka_unit_test(shares_that_leave_nothing),
        cmocka_unit_test(blurry_tasks_exchange_a_share),
        cmocka_unit_test(equal_tasks_stay_equal),
        cmocka_unit_test(columns_are_numbered_as_rows_arrive),
        cmocka_unit_test(the_seed_draws_what_is_exchanged),
        cmocka_unit_test(held_out_rows_are_not_exchanged),
        cmocka_unit_test(task_free_columns),
    };
    return cmocka_run_group_tests(tests, fixture_begin, fixture_end);
}
