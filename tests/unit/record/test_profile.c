/* Where the time goes: what adds up, what a trace has in it and how much, and what goes over a checkpoint. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "../folder.h"
#include "base/alloc.h"
#include "record/profile.h"
#include "record/record.h"

static const struct profile_about about = {"s \"quoted\"", "replay", "0f", "cpu", 3, 1};

static json_t *written(const profile *p, const char *file)
{
    char *path = alloc_format("%s/%s", folder, file);
    json_t *out = NULL;
    error e = {0};
    assert_int_equal(profile_write(folder, p, &about, &e), 0);
    assert_int_equal(record_json_read(path, &out, &e), 0);
    free(path);
    return out;
}

static json_t *phase(const json_t *of, const char *name)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(of, "phases"), i,
                       one) if (!strcmp(json_string_value(json_object_get(one, "name")), name)) return one;
    return NULL;
}

static double number(const json_t *of, const char *key)
{
    assert_true(json_is_number(json_object_get(of, key)));
    return json_number_value(json_object_get(of, key));
}

/* Takes a while that a clock sees. */
static void work(void)
{
    volatile double x = 1;
    for (int i = 0; i < 20000; i++)
        x = x * 1.0000001;
}

static void one_phase(profile *p, enum profile_phase of)
{
    profile_enter(p, of);
    work();
    profile_leave(p);
}

static void one_step(profile *p, int64_t number_of_step)
{
    profile_enter_span(p, PROFILE_STEP, number_of_step);
    one_phase(p, PROFILE_DATA);
    profile_enter(p, PROFILE_LOSS);
    profile_enter_hook(p, "er-ace", "compute_loss");
    work();
    profile_leave(p);
    profile_leave(p);
    profile_leave(p);
}

/* A step that was none: no batch was left. */
static void no_step(profile *p, int64_t number_of_step)
{
    profile_enter_span(p, PROFILE_STEP, number_of_step);
    profile_enter(p, PROFILE_DATA);
    profile_leave(p);
    profile_drop(p);
}

static profile *trained(int64_t tasks, int64_t steps)
{
    profile *p = profile_open();
    int64_t step = 0;
    profile_expect(p, tasks);
    one_phase(p, PROFILE_START);
    for (int64_t t = 1; t <= tasks; t++) {
        profile_enter_span(p, PROFILE_TASK, t);
        profile_enter_span(p, PROFILE_EPOCH, 1);
        for (int64_t i = 0; i < steps; i++)
            one_step(p, ++step);
        no_step(p, step + 1);
        profile_leave(p);
        profile_leave(p);
        one_phase(p, PROFILE_EVALUATION);
    }
    return p;
}

static void all_phases_come_to_the_whole(void **state)
{
    (void)state;
    profile *p = trained(2, 3);
    json_t *of = written(p, PROFILE_FILE);
    double seconds = 0, shares = 0;
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(of, "phases"), i, one)
    {
        assert_true(number(one, "seconds") >= 0);
        seconds += number(one, "seconds");
        shares += number(one, "share");
    }
    assert_true(fabs(seconds - number(of, "seconds")) < 1e-9 && fabs(shares - 1) < 1e-9);
    assert_string_equal(json_string_value(json_object_get(of, "schema")), "perdure.profile/1");
    assert_string_equal(json_string_value(json_object_get(of, "scenario")), "s \"quoted\"");
    assert_int_equal(number(of, "steps"), 6);
    assert_int_equal(number(of, "steps_without"), 0);
    assert_int_equal(number(phase(of, "data"), "calls"), 8); /* and the two looks that found no batch */
    assert_int_equal(number(phase(of, "er-ace.compute_loss"), "calls"), 6);
    assert_string_equal(json_string_value(json_object_get(phase(of, "er-ace.compute_loss"), "hook")), "compute_loss");
    assert_null(json_object_get(phase(of, "loss"), "hook"));
    json_t *phases = json_object_get(of, "phases");
    one = json_array_get(phases, json_array_size(phases) - 1);
    assert_string_equal(json_string_value(json_object_get(one, "name")), "rest");
    json_decref(of);
    profile_close(p);
}

/* A hook in a phase is not the phase's time, but in the longest of its calls. */
static void what_is_within_is_not_counted_twice(void **state)
{
    (void)state;
    profile *p = trained(1, 4);
    json_t *of = written(p, PROFILE_FILE), *loss = phase(of, "loss"), *hook = phase(of, "er-ace.compute_loss");
    assert_true(number(loss, "seconds") < number(hook, "seconds"));
    assert_true(number(loss, "longest") >= number(hook, "longest"));
    json_decref(of);
    profile_close(p);
}

/* What goes on is in it, as a checkpoint is written within a task. */
static void a_state_that_is_taken_within(void **state)
{
    (void)state;
    profile *p = profile_open();
    profile_enter_span(p, PROFILE_TASK, 1);
    one_step(p, 1);
    profile_enter(p, PROFILE_CHECKPOINT);
    work();
    json_t *of = profile_state(p);
    double seconds = 0;
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(of, "phases"), i, one) seconds += number(one, "seconds");
    assert_true(fabs(seconds - number(of, "seconds")) < 1e-9);
    assert_true(number(phase(of, "checkpoint"), "seconds") > 0);
    assert_true(number(phase(of, "rest"), "seconds") >= 0);
    json_decref(of);
    profile_leave(p);
    profile_leave(p);
    profile_close(p);
}

static void goes_on_over_a_checkpoint(void **state)
{
    (void)state;
    profile *first = trained(1, 5), *second = profile_open();
    json_t *was = profile_state(first);
    profile_close(first);
    one_phase(second, PROFILE_START);
    profile_go_on(second, was, 7); /* the first two without a profile */
    one_step(second, 8);
    json_t *is = written(second, PROFILE_FILE);
    assert_int_equal(number(is, "steps"), 6);
    assert_int_equal(number(is, "steps_without"), 2);
    assert_true(number(is, "seconds") > number(was, "seconds"));
    assert_int_equal(number(phase(is, "start"), "calls"), 2);
    assert_int_equal(number(phase(is, "er-ace.compute_loss"), "calls"), 6);
    assert_true(number(phase(is, "evaluation"), "seconds") - number(phase(was, "evaluation"), "seconds") < 1e-8);
    json_decref(is);
    json_decref(was);
    profile_close(second);
}

static void a_damaged_state_counts_nothing(void **state)
{
    (void)state;
    profile *p = profile_open();
    json_t *bad =
        json_pack("{s:i, s:[{s:s, s:f, s:i, s:s}, {s:i}, {s:s, s:f}]}", "steps", -4, "phases", "name", "data",
                  "seconds", -1e300, "calls", -1, "longest", "x", "name", 3, "name", "nothing", "seconds", 5.0);
    profile_go_on(p, bad, 2);
    profile_go_on(p, NULL, 2);
    json_t *of = written(p, PROFILE_FILE);
    assert_true(number(of, "seconds") < 5 && number(phase(of, "data"), "seconds") >= 0);
    assert_int_equal(number(of, "steps"), 0);
    assert_int_equal(number(of, "steps_without"), 2);
    json_decref(of);
    json_decref(bad);
    profile_close(p);
}

/* ---- the trace ---- */

/* Ends of the bars that are open; returns how many bars there are. In whole nanoseconds, as they were told. */
static size_t nested(const json_t *trace)
{
    int64_t ends[64] = {INT64_MAX}, last = 0;
    size_t depth = 1, count = 0, i;
    json_t *one;
    json_array_foreach(json_object_get(trace, "traceEvents"), i, one)
    {
        const char *kind = json_string_value(json_object_get(one, "ph"));
        assert_string_equal(kind, i < 2 ? "M" : "X");
        assert_int_equal(number(one, "pid"), 1);
        assert_int_equal(number(one, "tid"), 1);
        assert_true(json_is_string(json_object_get(one, "name")));
        if (i < 2)
            continue;
        const int64_t began = llround(number(one, "ts") * 1000), end = began + llround(number(one, "dur") * 1000);
        assert_true(began >= last && end >= began);
        last = began;
        while (depth > 1 && ends[depth - 1] <= began)
            depth--;
        assert_true(end <= ends[depth - 1] && depth < 63);
        ends[depth++] = end;
        count++;
    }
    return count;
}

static int64_t named(const json_t *trace, const char *name)
{
    int64_t count = 0;
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(trace, "traceEvents"), i, one) count +=
        !strcmp(json_string_value(json_object_get(one, "name")), name);
    return count;
}

static void a_short_trace_has_all(void **state)
{
    (void)state;
    profile *p = trained(2, 3);
    json_t *trace = written(p, TRACE_FILE);
    assert_int_equal(nested(trace), 1 + 1 + 2 * 3 + 6 * 4);
    assert_int_equal(named(trace, "replay/seed-3"), 1);
    assert_int_equal(named(trace, "task 2"), 1);
    assert_int_equal(named(trace, "step"), 6);
    assert_int_equal(named(trace, "er-ace.compute_loss"), 6);
    json_decref(trace);
    profile_close(p);
}

/* The first hundred of a task; the others as one, that knows how many and where their time went. */
static void a_long_task_ends_in_one_bar(void **state)
{
    (void)state;
    profile *p = trained(2, 130);
    json_t *trace = written(p, TRACE_FILE);
    assert_int_equal(nested(trace), 1 + 1 + 2 * (4 + 100 * 4));
    assert_int_equal(named(trace, "step"), 200);
    assert_int_equal(named(trace, "steps 101 to 130"), 1);
    assert_int_equal(named(trace, "steps 231 to 260"), 1);
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(trace, "traceEvents"), i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "name")), "steps 231 to 260") != 0)
            continue;
        const json_t *args = json_object_get(one, "args");
        const double parts = number(args, "data (ms)") + number(args, "er-ace.compute_loss (ms)");
        assert_int_equal(number(args, "from"), 231);
        assert_true(parts > 0 && 1000 * parts <= number(one, "dur"));
    }
    json_decref(trace);
    profile_close(p);
}

/* Exactly as many as are shown: no bar for the look that found no more. */
static void no_bar_for_steps_that_were_none(void **state)
{
    (void)state;
    profile *p = trained(1, 100);
    json_t *trace = written(p, TRACE_FILE);
    assert_int_equal(nested(trace), 1 + 1 + 3 + 100 * 4);
    json_decref(trace);
    profile_close(p);
}

/* However many tasks, steps and hooks: a bounded file, which says what it has not. */
static void a_trace_is_bounded(void **state)
{
    (void)state;
    profile *p = profile_open();
    profile_expect(p, 60000);
    for (int64_t t = 1; t <= 60000; t++) {
        profile_enter_span(p, PROFILE_TASK, t);
        profile_enter_span(p, PROFILE_STEP, t);
        profile_enter(p, PROFILE_DATA);
        profile_leave(p);
        profile_leave(p);
        profile_leave(p);
    }
    json_t *trace = written(p, TRACE_FILE), *of = written(p, PROFILE_FILE), *told = json_object_get(of, "trace");
    const size_t count = nested(trace);
    assert_true(count <= 150000 && count > 100000);
    assert_int_equal(number(told, "events"), count);
    assert_true(number(told, "left_out") > 0);
    assert_int_equal(number(told, "steps_shown"), 1);
    assert_int_equal(number(phase(of, "data"), "calls"), 60000); /* the times are of all */
    json_decref(trace);
    json_decref(of);
    profile_close(p);
}

static void deeper_than_it_follows(void **state)
{
    (void)state;
    profile *p = profile_open();
    for (int i = 0; i < 100; i++)
        profile_enter(p, PROFILE_DATA);
    for (int i = 0; i < 100; i++)
        profile_leave(p);
    one_phase(p, PROFILE_LOSS);
    json_t *of = written(p, PROFILE_FILE);
    assert_int_equal(number(phase(of, "data"), "calls"), 31);
    assert_int_equal(number(phase(of, "loss"), "calls"), 1);
    json_decref(of);
    profile_close(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_phases_come_to_the_whole),
        cmocka_unit_test(what_is_within_is_not_counted_twice),
        cmocka_unit_test(a_state_that_is_taken_within),
        cmocka_unit_test(goes_on_over_a_checkpoint),
        cmocka_unit_test(a_damaged_state_counts_nothing),
        cmocka_unit_test(a_short_trace_has_all),
        cmocka_unit_test(a_long_task_ends_in_one_bar),
        cmocka_unit_test(no_bar_for_steps_that_were_none),
        cmocka_unit_test(a_trace_is_bounded),
        cmocka_unit_test(deeper_than_it_follows),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
