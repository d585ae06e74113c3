/* The drawings: scales, levels of colour, and the marks of small ones to the letter. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "report/svg.h"

static void expect_scale(double low, double high, int ticks, double from, double to, double step, int digits)
{
    struct svg_scale s = svg_scale_over(low, high, ticks);
    assert_true(fabs(s.low - from) < 1e-9);
    assert_true(fabs(s.high - to) < 1e-9);
    assert_true(fabs(s.step - step) < 1e-9);
    assert_int_equal(s.digits, digits);
}

static void scales_are_round(void **state)
{
    (void)state;
    expect_scale(0, 1, 5, 0, 1, 0.2, 1);
    expect_scale(0.883, 0.917, 4, 0.88, 0.92, 0.01, 2);
    expect_scale(-0.13, 0.42, 5, -0.2, 0.6, 0.2, 1);
    expect_scale(0, 1234, 4, 0, 1500, 500, 0);
    expect_scale(0.5, 0.5, 4, 0.45, 0.55, 0.05, 2);     /* one value: a little room around it */
    expect_scale(INFINITY, -INFINITY, 5, 0, 1, 0.2, 1); /* none */
    expect_scale(NAN, NAN, 5, 0, 1, 0.2, 1);
}

static void ticks_reach_both_ends(void **state)
{
    (void)state;
    struct svg_scale s = svg_scale_over(-0.3, 0.3, 6);
    double value = 0;
    int count = 0;
    for (; svg_tick(&s, count, &value); count++)
        assert_true(value == 0 || fabs(value) > 0.05); /* no 5.5e-17 */
    assert_int_equal(count, 7);
}

static void places_stay_within(void **state)
{
    (void)state;
    struct svg_scale s = {0, 2, 1, 0};
    assert_true(svg_at(&s, 1, 100, 200) == 150);
    assert_true(svg_at(&s, 1, 200, 100) == 150);
    assert_true(svg_at(&s, 5, 100, 200) == 200);
    assert_true(svg_at(&s, -5, 100, 200) == 100);
}

static void levels_of_colour(void **state)
{
    (void)state;
    assert_int_equal(svg_heat_level(0), 0);
    assert_int_equal(svg_heat_level(0.0499), 0);
    assert_int_equal(svg_heat_level(0.5), 10);
    assert_int_equal(svg_heat_level(1), HEAT_LEVELS - 1);
    assert_int_equal(svg_heat_level(NAN), -1);
    assert_int_equal(svg_heat_level(-1), 0);
}

static void expect_coordinate(double value, const char *wanted)
{
    text out = {0};
    svg_number(value, &out);
    assert_string_equal(out.at, wanted);
    text_free(&out);
}

static void coordinates_are_short(void **state)
{
    (void)state;
    expect_coordinate(10, "10");
    expect_coordinate(100, "100");
    expect_coordinate(1.5, "1.5");
    expect_coordinate(1.25, "1.25");
    expect_coordinate(1.0 / 3, "0.33");
    expect_coordinate(0, "0");
    expect_coordinate(-0.001, "0");
}

static void a_heat_map_of_one_task(void **state)
{
    (void)state;
    const struct course_place at[] = {{0, 0.1, NAN, 1}, {1, 0.9, 0.01, 2}};
    struct svg_heat heat = {.title = "t<", .classes = "heat", .tasks = 1, .at = at, .numbers = true, .seed = 3};
    text out = {0};
    svg_heat_add(&heat, &out);
    assert_non_null(strstr(out.at, "<div class=\"map\" data-seed=\"3\"><svg role=\"img\" class=\"drawing heat\""));
    assert_non_null(strstr(out.at, "<title>t&lt;</title>"));
    assert_non_null(strstr(out.at, "<g><title>after 0, on task 1: 0.1000</title><rect class=\"q2\" x=\"28\" y=\"20\""));
    assert_non_null(
        strstr(out.at, "<title>after 1, on task 1: 0.9000\u00a0\u00b1\u00a00.0100</title><rect class=\"q18\""));
    assert_non_null(strstr(out.at, "<text class=\"n hi\""));
    text_free(&out);
}

/* Cells of a colour are pieces of one path, runs of them one piece; what was not measured is no piece. */
static void a_heat_map_without_numbers(void **state)
{
    (void)state;
    const struct course_place at[] = {{0, 0.5, NAN, 1}, {0, 0.5, NAN, 1}, {1, 0.9, NAN, 1},
                                      {1, 0.5, NAN, 1}, {2, NAN, NAN, 0}, {2, 0.9, NAN, 1}};
    struct svg_heat heat = {.title = "", .classes = "", .tasks = 2, .at = at, .seed = -1};
    text out = {0};
    svg_heat_add(&heat, &out);
    assert_non_null(strstr(out.at, "<path class=\"q10\" d=\"M0 0h2v1h-2zM1 1h1v1h-1z\"/>"
                                   "<path class=\"q18\" d=\"M0 1h1v1h-1zM1 2h1v1h-1z\"/>"));
    assert_non_null(strstr(out.at, "data-seed=\"mean\""));
    text_free(&out);
}

static void a_line_breaks_where_nothing_was_measured(void **state)
{
    (void)state;
    struct course_place places[] = {{0, 0, 0.1, 2}, {1, 1, 0.1, 2}, {2, NAN, NAN, 0}, {3, 1, NAN, 1}};
    struct svg_line line = {.label = "a&b", .style = "c0 d0", .method = 4, .course = {places, 4}};
    struct svg_lines chart = {
        .width = 334, .height = 144, .title = "", .classes = "", .first = "", .at = &line, .count = 1, .tasks = 3};
    chart.labelled = 100;
    chart.bands = chart.dots = true;
    text out = {0};
    svg_lines_add(&chart, &out);
    assert_non_null(strstr(out.at, " data-lines=\"34 234 10 110 0 3 0 1\">"));
    assert_non_null(strstr(out.at,
                           "<g data-m=\"4\"><path class=\"band c0 d0\" d=\"M34 100L100.67 10L100.67 20L34 110Z\"/>"
                           "<path class=\"line c0 d0\" data-name=\"a&amp;b\" d=\"M34 110L100.67 10M234 10\"/>"));
    assert_non_null(strstr(out.at, "<title>a&amp;b after 1: 1.000\u00a0\u00b1\u00a00.100</title>"));
    assert_non_null(strstr(out.at, ">a&amp;b</text>"));
    text_free(&out);
}

/* What trains on all tasks at once is measured at the end alone. */
static void one_measurement_may_be_a_level(void **state)
{
    (void)state;
    struct course_place places[] = {{1, NAN, NAN, 0}, {2, NAN, NAN, 0}, {3, 1, NAN, 1}};
    struct svg_line line = {
        .label = "joint", .style = "upper", .method = SVG_NO_METHOD, .course = {places, 3}, .level = true};
    struct svg_lines chart = {
        .width = 334, .height = 144, .title = "", .classes = "", .first = "", .at = &line, .count = 1, .tasks = 3};
    chart.labelled = 100;
    chart.from = 1;
    text out = {0};
    svg_lines_add(&chart, &out);
    assert_non_null(strstr(out.at, "d=\"M34 10L234 10\"/>"));
    text_free(&out);
}

/* Names at the ends of lines that end together stand apart from each other and within the drawing. */
static void names_do_not_cover_each_other(void **state)
{
    (void)state;
    struct course_place end = {1, 0, NAN, 1};
    struct svg_line lines[5];
    for (int i = 0; i < 5; i++)
        lines[i] = (struct svg_line){.label = "name", .style = "c0", .method = SVG_NO_METHOD, .course = {&end, 1}};
    struct svg_lines chart = {
        .width = 300, .height = 144, .title = "", .classes = "", .first = "", .at = lines, .count = 5, .tasks = 1};
    chart.labelled = 80;
    text out = {0};
    svg_lines_add(&chart, &out);
    double last = -100;
    int count = 0;
    for (const char *at = out.at; (at = strstr(at, "<text class=\"name")); at++, count++) {
        double y = strtod(strstr(at, " y=\"") + 4, NULL);
        assert_true(y - last >= 12.9);
        assert_true(y <= 115);
        last = y;
    }
    assert_int_equal(count, 5);
    text_free(&out);
}

static void a_gate_that_is_missed_lies_outside_of_its_band(void **state)
{
    (void)state;
    struct svg_band band = {.title = "", .low = 0.8, .high = 0.9, .value = 1.0, .error = NAN};
    text out = {0};
    svg_band_add(&band, &out);
    double x = strtod(strstr(out.at, "gate-band\" x=\"") + 14, NULL),
           wide = strtod(strstr(out.at, "y=\"4\" width=\"") + 13, NULL);
    double cx = strtod(strstr(out.at, "class=\"gate-out\" cx=\"") + 21, NULL);
    assert_true(cx > x + wide + 10);
    text_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scales_are_round),
        cmocka_unit_test(ticks_reach_both_ends),
        cmocka_unit_test(places_stay_within),
        cmocka_unit_test(levels_of_colour),
        cmocka_unit_test(coordinates_are_short),
        cmocka_unit_test(a_heat_map_of_one_task),
        cmocka_unit_test(a_heat_map_without_numbers),
        cmocka_unit_test(a_line_breaks_where_nothing_was_measured),
        cmocka_unit_test(one_measurement_may_be_a_level),
        cmocka_unit_test(names_do_not_cover_each_other),
        cmocka_unit_test(a_gate_that_is_missed_lies_outside_of_its_band),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
