/* Tasks that permute or turn their rows, against computations of another kind: a sum over all pixels for the bilinear
 * value, a plain loop for the permutation. */
#include "fixture.h"

#define PICTURES "set: synthetic, classes: 3, train_rows: 12, test_rows: 6, shape: [2, 5, 7]"
enum { WIDTH = 70 };

/* Row `i` of task `task`, as bytes. */
static void shown(const opened *o, const data_rows *r, int64_t task, int64_t i, uint8_t *out)
{
    int64_t place = task * r->count + i;
    stream_gather_bytes(o->made, r, &place, 1, out);
}

/* Through floats as well: the same bytes, converted. */
static void assert_converted(const opened *o, const data_rows *r, int64_t task, int64_t i, const uint8_t *bytes)
{
    float x[WIDTH], again[WIDTH];
    int64_t place = task * r->count + i;
    stream_gather(o->made, o->d, r, &place, 1, x);
    dataset_convert(o->d, bytes, 1, again);
    assert_memory_equal(x, again, sizeof x);
}

/* ---- permutation ---- */

static void a_permutation_of_its_own_for_every_task(void **state)
{
    uint8_t out[WIDTH];
    int64_t order[WIDTH];
    (void)state;
    for (int identity = 0; identity < 2; identity++) {
        char keys[128];
        snprintf(keys, sizeof keys, "split: {by: permutation, tasks: 3%s}, scenario: domain-il",
                 identity ? ", identity: true" : "");
        opened o = open_stream(PICTURES ", normalize: standard", keys, 11);
        for (int64_t task = 0; task < 3; task++) {
            random_stream r = random_open(11, "stream", "permutation", task);
            random_permutation(&r, order, WIDTH);
            for (int64_t i = 0; i < WIDTH && identity && !task; i++)
                order[i] = i;
            for (int part = 0; part < 2; part++) {
                const data_rows *rows = part ? &o.d->test : &o.d->train;
                for (int64_t i = 0; i < rows->count; i++) {
                    shown(&o, rows, task, i, out);
                    for (int64_t j = 0; j < WIDTH; j++)
                        assert_int_equal(out[j], rows->bytes[i * WIDTH + order[j]]);
                    assert_converted(&o, rows, task, i, out);
                }
            }
        }
        close_stream(&o);
    }
}

static void seeds_and_tasks_differ(void **state)
{
    uint8_t a[WIDTH], b[WIDTH];
    (void)state;
    opened one = open_stream(PICTURES, "split: {by: permutation, tasks: 2}", 1);
    opened again = open_stream(PICTURES, "split: {by: permutation, tasks: 5}", 1); /* more tasks change none before */
    opened two = open_stream(PICTURES, "split: {by: permutation, tasks: 2}", 2);
    shown(&one, &one.d->train, 1, 3, a);
    shown(&again, &again.d->train, 1, 3, b);
    assert_memory_equal(a, b, WIDTH);
    shown(&two, &two.d->train, 1, 3, b);
    assert_memory_not_equal(a, b, WIDTH);
    shown(&one, &one.d->train, 0, 3, b);
    assert_memory_not_equal(a, b, WIDTH);
    close_stream(&one);
    close_stream(&again);
    close_stream(&two);
}

static void reals_are_permuted_alike(void **state)
{
    float x[3], plain[12];
    int64_t order[3], place = 1 * 4 + 2;
    (void)state;
    lay_text("r.csv", "0.5,-1,2,0\n1.5,-2,4,1\n2.5,-3,6,0\n3.5,-4,8,1\n4.5,-5,1,0\n");
    opened o = open_stream("set: csv, train: '@/r.csv', test_every: 5", "split: {by: permutation, tasks: 2}", 4);
    random_stream r = random_open(4, "stream", "permutation", 1);
    random_permutation(&r, order, 3);
    stream_gather(o.made, o.d, &o.d->train, &place, 1, x);
    dataset_gather(o.d, &o.d->train, NULL, 4, plain);
    for (int j = 0; j < 3; j++)
        assert_true(x[j] == plain[2 * 3 + order[j]]);
    close_stream(&o);
}

/* ---- tasks ---- */

static void every_task_has_all_rows_and_classes(void **state)
{
    static const struct {
        const char *kind;
        int64_t columns, first_of_last, seen_before, seen;
    } cases[] = {{"class-il", 9, 6, 6, 9},
                 {"task-il", 9, 6, 6, 9},
                 {"task-il, head: single", 3, 0, 3, 3},
                 {"domain-il", 3, 0, 3, 3}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char keys[128];
        snprintf(keys, sizeof keys, "split: {by: permutation, tasks: 3}, scenario: %s", cases[i].kind);
        opened o = open_stream(PICTURES, keys, 0);
        const stream_task *last = &o.made->tasks[2];
        assert_int_equal(o.made->columns, cases[i].columns);
        assert_true(last->train_count == 12 && last->test_count == 6 && last->class_count == 3);
        assert_true(last->seen_before == cases[i].seen_before && last->seen == cases[i].seen);
        for (int64_t j = 0; j < 3; j++) {
            assert_int_equal(last->classes[j], j);
            assert_int_equal(last->columns[j], cases[i].first_of_last + j);
        }
        for (int64_t j = 0; j < 12; j++)
            assert_int_equal(place_row(&o.d->train, last->train[j]), j);
        assert_true(last->train[0] == 24 && last->test[0] == 12);
        close_stream(&o);
    }
}

/* Rows of several tasks in one batch, as the joint method has them. */
static void places_of_several_tasks_together(void **state)
{
    uint8_t raw[4 * WIDTH], one[WIDTH];
    float x[4 * WIDTH], y[WIDTH];
    const int64_t places[] = {2 * 12 + 5, 0 * 12 + 5, 1 * 12 + 11, 2 * 12 + 0};
    (void)state;
    opened o = open_stream(PICTURES, "split: {by: permutation, tasks: 3, identity: true}", 7);
    stream_gather_bytes(o.made, &o.d->train, places, 4, raw);
    stream_gather(o.made, o.d, &o.d->train, places, 4, x);
    for (int64_t i = 0; i < 4; i++) {
        shown(&o, &o.d->train, places[i] / 12, places[i] % 12, one);
        assert_memory_equal(raw + i * WIDTH, one, WIDTH);
        stream_gather(o.made, o.d, &o.d->train, places + i, 1, y);
        assert_memory_equal(x + i * WIDTH, y, sizeof y);
    }
    assert_memory_equal(raw + WIDTH, o.d->train.bytes + 5 * WIDTH, WIDTH);
    close_stream(&o);
}

/* ---- rotation ---- */

/* The value at a place between pixels: every pixel counts by how near it is, in both directions. */
static double value_at(const uint8_t *plane, int64_t height, int64_t width, double y, double x)
{
    double sum = 0;
    for (int64_t i = 0; i < height; i++)
        for (int64_t j = 0; j < width; j++)
            sum += fmax(0, 1 - fabs(y - (double)i)) * fmax(0, 1 - fabs(x - (double)j)) * plane[i * width + j];
    return sum;
}

/* In the complex plane: what stands at z after a turn stood at z / turn before it; up is up. */
static void assert_rotated(const opened *o, const data_rows *r, int64_t task, double degrees)
{
    uint8_t out[WIDTH];
    double c = cos(degrees / 57.29577951308232), s = sin(degrees / 57.29577951308232);
    for (int64_t k = 0; k < r->count; k++) {
        shown(o, r, task, k, out);
        for (int64_t i = 0; i < WIDTH; i++) {
            double up = 2 - (double)(i % 35 / 7), right = (double)(i % 7) - 3;
            double from_right = right * c + up * s, from_up = up * c - right * s;
            double wanted = value_at(r->bytes + k * WIDTH + i / 35 * 35, 5, 7, 2 - from_up, from_right + 3);
            assert_true(fabs(out[i] - wanted) <= 0.5001);
        }
        assert_converted(o, r, task, k, out);
    }
}

static void angles_evenly_apart(void **state)
{
    (void)state;
    opened o = open_stream(PICTURES, "split: {by: rotation, tasks: 4, degrees: 150}, scenario: domain-il", 3);
    assert_null(o.made->views[0]);
    for (int64_t task = 0; task < 4; task++) {
        assert_rotated(&o, &o.d->train, task, 37.5 * (double)task);
        assert_rotated(&o, &o.d->test, task, 37.5 * (double)task);
    }
    close_stream(&o);
}

static void angles_by_the_seed(void **state)
{
    (void)state;
    opened o =
        open_stream(PICTURES, "split: {by: rotation, tasks: 3, degrees: 90, order: shuffled}, scenario: domain-il", 3);
    for (int64_t task = 0; task < 3; task++) {
        random_stream r = random_open(3, "stream", "rotation", task);
        double angle = 90 * random_unit(&r);
        assert_true(angle >= 0 && angle < 90);
        assert_rotated(&o, &o.d->train, task, angle);
    }
    close_stream(&o);
}

/* Quarter turns of a square lose nothing: counter-clockwise, as torchvision and SciPy turn. */
static void quarter_turns_are_exact(void **state)
{
    uint8_t out[9];
    (void)state;
    lay_text("q.csv", "1,2,3,4,5,6,7,8,255,0\n9,2,3,4,5,6,7,8,255,0\n9,2,3,4,5,6,7,8,255,1\n1,2,3,4,5,6,7,8,255,1\n");
    opened o = open_stream("set: csv, train: '@/q.csv', test_every: 2, shape: [3, 3]",
                           "split: {by: rotation, tasks: 4, degrees: 360}", 3);
    const uint8_t wanted[4][9] = {{1, 2, 3, 4, 5, 6, 7, 8, 255},
                                  {3, 6, 255, 2, 5, 8, 1, 4, 7},
                                  {255, 8, 7, 6, 5, 4, 3, 2, 1},
                                  {7, 4, 1, 8, 5, 2, 255, 6, 3}};
    for (int64_t task = 0; task < 4; task++) {
        shown(&o, &o.d->train, task, 0, out);
        assert_memory_equal(out, wanted[task], 9);
    }
    close_stream(&o);
}

/* ---- refusals ---- */

static void rows_that_are_no_pictures(void **state)
{
    (void)state;
    struct scenario *s = scenario_made("set: synthetic, shape: [64]", "split: {by: rotation, tasks: 2}", NULL);
    dataset *d;
    stream *made;
    error e = {0};
    assert_int_equal(dataset_open(s, &d, &e), 0);
    assert_int_equal(stream_open(s, d, 0, &made, &e), EXIT_SCENARIO);
    assert_null(made);
    assert_error(
        &e, EXIT_SCENARIO,
        "@/s.yaml:3:22: stream.split.by: found rotation of rows of shape [64]; expected rows [C, H, W] or [H, W]");
    dataset_close(d);
    scenario_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_permutation_of_its_own_for_every_task),
        cmocka_unit_test(seeds_and_tasks_differ),
        cmocka_unit_test(reals_are_permuted_alike),
        cmocka_unit_test(every_task_has_all_rows_and_classes),
        cmocka_unit_test(places_of_several_tasks_together),
        cmocka_unit_test(angles_evenly_apart),
        cmocka_unit_test(angles_by_the_seed),
        cmocka_unit_test(quarter_turns_are_exact),
        cmocka_unit_test(rows_that_are_no_pictures),
    };
    return cmocka_run_group_tests(tests, fixture_begin, fixture_end);
}
