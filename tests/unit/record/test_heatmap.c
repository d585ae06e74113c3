/* The matrix as a picture: every accuracy in its place and colour, numbers that can be read, and nothing drawn outside. */
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "record/heatmap.h"

enum { STEP = 37 }; /* of a numbered matrix: a cell of 36 and a gap */

static const uint8_t *pixel(const picture *p, int64_t x, int64_t y) { return p->pixels + (y * p->width + x) * 3; }

static void is_colour(const picture *p, int64_t x, int64_t y, int red, int green, int blue)
{
    const uint8_t *at = pixel(p, x, y);
    assert_int_equal(at[0], red);
    assert_int_equal(at[1], green);
    assert_int_equal(at[2], blue);
}

static void accuracies_have_their_colours(void **state)
{
    (void)state;
    uint8_t *pixels = NULL;
    matrix *m = matrix_open(2);
    matrix_set(m, 0, 1, 0, 10);
    matrix_set(m, 1, 1, 10, 10);
    matrix_set(m, 1, 2, 5, 10);
    matrix_set(m, 2, 1, 10, 10);
    picture p = heatmap_of(m, 1, &pixels);
    assert_int_equal(p.width, 3 * STEP);
    assert_int_equal(p.height, 4 * STEP);
    assert_int_equal(p.channels, 3);
    is_colour(&p, STEP, STEP, 68, 1, 84);             /* 0 */
    is_colour(&p, STEP, 2 * STEP, 253, 231, 37);      /* 1 */
    is_colour(&p, 2 * STEP, 2 * STEP, 33, 144, 141);  /* one half */
    is_colour(&p, 2 * STEP, STEP, 224, 224, 224);     /* not measured */
    is_colour(&p, STEP, 3 * STEP, 224, 224, 224);     /* a row that is still to come */
    is_colour(&p, STEP - 1, STEP - 1, 255, 255, 255); /* the gap */
    free(pixels);
    matrix_close(m);
}

/* Pixels of one shade in a box. */
static int64_t dots(const picture *p, int64_t x, int64_t y, int shade)
{
    int64_t found = 0;
    for (int64_t i = 0; i < STEP - 1; i++)
        for (int64_t j = 0; j < STEP - 1; j++) {
            const uint8_t *at = pixel(p, x + i, y + j);
            found += at[0] == shade && at[1] == shade && at[2] == shade;
        }
    return found;
}

static void numbers_are_there(void **state)
{
    (void)state;
    uint8_t *pixels = NULL;
    matrix *m = matrix_open(2);
    matrix_set(m, 1, 1, 10, 10);
    matrix_set(m, 1, 2, 1, 10);
    picture p = heatmap_of(m, 2, &pixels);
    /* of three by five dots, each two by two pixels: 1 has 8, 0 has 12 */
    assert_int_equal(dots(&p, STEP, 2 * STEP, 0), 4 * (8 + 12 + 12));  /* 100, black on light */
    assert_int_equal(dots(&p, 2 * STEP, 2 * STEP, 255), 4 * (8 + 12)); /* 10, white on dark */
    assert_int_equal(dots(&p, STEP, 0, 0), 4 * 8);                     /* task 1 */
    assert_int_equal(dots(&p, 0, STEP, 0), 4 * 12);                    /* row 0 */
    assert_int_equal(dots(&p, STEP, 3 * STEP, 0), 0);                  /* not measured */
    free(pixels);
    matrix_close(m);
}

static void many_tasks_are_small(void **state)
{
    (void)state;
    static const int64_t tasks[] = {31, 100, HEATMAP_TASKS}, sides[] = {20, 6, 1};
    for (int i = 0; i < 3; i++) {
        uint8_t *pixels = NULL;
        matrix *m = matrix_open(tasks[i]);
        matrix_set(m, tasks[i], tasks[i], 1, 1);
        picture p = heatmap_of(m, tasks[i], &pixels);
        assert_int_equal(p.width, tasks[i] * sides[i]);
        assert_int_equal(p.height, (tasks[i] + 1) * sides[i]);
        is_colour(&p, p.width - 1, p.height - 1, 253, 231, 37);
        is_colour(&p, 0, 0, 224, 224, 224);
        free(pixels);
        matrix_close(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(accuracies_have_their_colours),
                                       cmocka_unit_test(numbers_are_there), cmocka_unit_test(many_tasks_are_small)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
