/* Scenario and plugins become a plan: what is filled in, and what cannot go together is told at its line. */
#include "fixture.h"

#include "../plugin/installed.h"

static void defaults_are_in_the_plan(void **state)
{
    (void)state;
    planned p = planned_well(HEAD CPU "methods:\n  - name: a\n  - name: b\n    strategies: [replay: {capacity: 7}]\n");
    text out = {0};
    plan_print(p.plan, &out);
    assert_non_null(strstr(out.at, "t: 2 methods x 1 seed = 2 cells into "));
    assert_non_null(strstr(out.at, "data       digits, normalize: "));
    assert_non_null(strstr(out.at, "stream     5 tasks by class, order given, class-il, head: single, active: all\n"));
    assert_non_null(strstr(out.at, "\ndevice     cpu, 1 thread"));
    assert_non_null(strstr(
        out.at, "  a: no strategy; train_on: task; executor: planned (the derivative of every layer is known)\n"));
    assert_non_null(strstr(out.at, "  b: replay 1.0; train_on: task; executor: planned"));
    assert_int_equal(p.plan->methods[1].loss_owner, -1);
    assert_int_equal(p.plan->methods[1].prediction_owner, -1);
    assert_true(p.plan->methods[1].flags & PDR_GRAPH_SAFE);
    text_free(&out);
    planned_free(&p);
}

static void executors_are_chosen(void **state)
{
    (void)state;
    planned p = planned_well(HEAD CPU "methods:\n  - name: a\n    strategies: [agem: {capacity: 7}]\n"
                                      "  - name: b\n    set: {training.executor: autograd}\n");
    assert_string_equal(p.plan->methods[0].executor, "autograd");
    assert_string_equal(p.plan->methods[0].executor_why, "agem differentiates the network");
    assert_string_equal(p.plan->methods[1].executor, "autograd");
    assert_string_equal(p.plan->methods[1].executor_why, "the scenario asks for it");
    planned_free(&p);
    p = planned_from(HEAD CPU "training: {executor: planned}\nmethods:\n  - name: a\n"
                              "    strategies: [agem: {capacity: 7}]\n");
    assert_int_equal(p.code, EXIT_SCENARIO);
    assert_int_equal(p.faults.count, 1);
    fault_is(
        &p, 0,
        "s.yaml:6:22: training.executor: found planned for method a; expected auto or autograd: agem differentiates "
        "the network");
    planned_free(&p);
    p = planned_from(HEAD CPU "methods:\n  - name: a\n    set: {training.executor: planned}\n"
                              "    strategies: [agem: {capacity: 7}]\n");
    assert_int_equal(p.faults.count, 1);
    fault_is(
        &p, 0,
        "s.yaml:8:30: methods[0].set: found planned for method a; expected auto or autograd: agem differentiates the "
        "network");
    planned_free(&p);
}

static void checkpoints_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *said, *words, *json;
    } kinds[] = {
        {"none", "\ncheckpoint none\n", "null"},
        {"{}", "\ncheckpoint after every task; kept: the last 2\n",
         "{\"days\":0,\"every\":\"task\",\"last\":2,\"weekly\":0}"},
        {"{every: {batches: 500}, keep: {last: 1, weekly: 1, days: 7}}",
         "\ncheckpoint every 500 batches; kept: the last 1, the newest of 1 week, all of 7 days\n",
         "{\"batches\":500,\"days\":7,\"every\":\"batches\",\"last\":1,\"weekly\":1}"},
        {"{every: {minutes: 2.5}, keep: 3}", "\ncheckpoint every 2.5 minutes; kept: the last 3\n",
         "{\"days\":0,\"every\":\"minutes\",\"last\":3,\"minutes\":2.5,\"weekly\":0}"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        planned p = planned_well(SAID(HEAD CPU "output: {checkpoint: %s}\nmethods: [{name: a}]\n", kinds[i].said));
        text out = {0};
        plan_print(p.plan, &out);
        assert_non_null(strstr(out.at, kinds[i].words));
        json_t *all = plan_json(p.plan);
        char *json = json_dumps(json_object_get(all, "checkpoint"), JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
        assert_string_equal(json, kinds[i].json);
        free(json);
        json_decref(all);
        text_free(&out);
        planned_free(&p);
    }
}

static void defaults_are_in_the_json(void **state)
{
    (void)state;
    planned p = planned_well(HEAD CPU "methods:\n  - name: b\n    strategies: [replay: {capacity: 7}]\n");
    json_t *all = plan_json(p.plan), *methods = json_object_get(all, "methods");
    json_t *replay = json_array_get(json_object_get(json_array_get(methods, 0), "strategies"), 0);
    json_t *parameters = json_object_get(replay, "parameters");
    assert_string_equal(json_string_value(json_object_get(all, "schema")), "perdure.plan/1");
    assert_string_equal(json_string_value(json_object_get(json_object_get(all, "device"), "type")), "cpu");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(all, "training"), "epochs")),
                     p.scenario->training.epochs);
    assert_true(json_real_value(json_object_get(json_object_get(all, "optimizer"), "lr")) ==
                p.scenario->optimizer.common.lr);
    assert_string_equal(json_string_value(json_object_get(replay, "strategy")), "replay");
    assert_string_equal(json_string_value(json_object_get(replay, "version")), "1.0");
    assert_int_equal(strlen(json_string_value(json_object_get(replay, "sha256"))), 64);
    assert_non_null(strstr(json_string_value(json_object_get(parameters, "memory")), "7"));
    assert_string_equal(json_string_value(json_object_get(parameters, "blend")), "join");
    assert_true(json_is_false(json_object_get(parameters, "online")));
    assert_true(json_real_value(json_object_get(parameters, "weight")) == 1);
    assert_int_equal(json_integer_value(json_object_get(parameters, "batch")), 0);
    json_decref(all);
    planned_free(&p);
}

/* ---- what cannot go together: 78, all of it ---- */

static void two_owners_are_refused_with_both_lines(void **state)
{
    (void)state;
    const char *kinds[][4] = {{"sole_a", "sole_b", "compute_loss", "l"}, {"predict_a", "predict_b", "predict", "p"}};
    for (int i = 0; i < 2; i++) {
        char *yaml = SAID(HEAD CPU "methods:\n  - name: m\n    strategies:\n      - plugin: %s\n      - plugin: %s\n",
                          tiny(kinds[i][0]), tiny(kinds[i][1]));
        planned p = planned_from(yaml);
        assert_int_equal(p.code, EXIT_SCENARIO);
        assert_null(p.plan);
        assert_int_equal(p.faults.count, 1);
        fault_is(&p, 0,
                 SAID("s.yaml:10:9: %s: found a second %s in method m: %s has it too; expected one at most (the "
                      "first is %s at line 9)",
                      p.scenario->methods.at[0].strategies[1].path, kinds[i][2], kinds[i][1], kinds[i][0]));
        planned_free(&p);
    }
}

static void icarl_owns_the_loss_and_the_prediction(void **state)
{
    (void)state;
    planned p = planned_from(HEAD CPU "methods:\n  - name: m\n    strategies:\n      - icarl: {capacity: 20}\n"
                                      "      - icarl: {capacity: 20}\n");
    assert_int_equal(p.code, EXIT_SCENARIO);
    assert_int_equal(p.faults.count, 2);
    const char *hooks[] = {"compute_loss", "predict"};
    for (size_t i = 0; i < 2; i++)
        fault_is(&p, i,
                 SAID("s.yaml:10:9: methods[0].strategies[1].icarl: found a second %s in method m: icarl#2 has it too; "
                      "expected one at most (the first is icarl at line 9)",
                      hooks[i]));
    planned_free(&p);
}

/* No shipped strategy has these flags yet: pull.so is shown with them. */
static void flags_set(uint32_t flags)
{
    static pdr_plugin changed;
    const plugin *p;
    error e = {0};
    assert_int_equal(plugin_open(tiny("pull"), &p, &e), 0);
    changed = *p->descriptor;
    changed.flags = flags;
    ((plugin *)(uintptr_t)p)->descriptor = &changed;
}

static planned flagged(uint32_t flags, const char *train_on, const char *kind)
{
    flags_set(flags);
    char *yaml = SAID("perdure: 1\ndata: {set: digits}\nstream: {split: {by: class, tasks: 5}, scenario: %s}\n" CPU
                      "methods:\n  - name: m\n    train_on: %s\n    strategies: [{plugin: %s, with: {weight: 1}}]\n",
                      kind, train_on, tiny("pull"));
    planned p = planned_from(yaml);
    flags_set(0);
    return p;
}

static void flags_that_the_stream_does_not_meet(void **state)
{
    (void)state;
    const struct {
        uint32_t flags;
        const char *train_on, *kind, *words;
    } cases[] = {
        {PDR_NEEDS_BOUNDARIES, "task", "class-il", NULL},
        {PDR_NEEDS_BOUNDARIES, "all", "class-il", "found pull, which needs task boundaries; expected train_on: task"},
        {PDR_NEEDS_BOUNDARIES, "task", "task-free",
         "found pull, which needs task boundaries; expected another scenario than task-free, which tells of none"},
        {PDR_NEEDS_BOUNDARIES, "all", "task-free",
         "found pull, which needs task boundaries; expected another scenario than task-free, which tells of none"},
        {PDR_NEEDS_BOUNDARIES, "task", "class-il, boundaries: {blurry: {share: 0.1}}", NULL},
        {PDR_NEEDS_TASK_ID, "task", "task-free",
         "found pull, which needs the task's identity; expected scenario: task-il"},
        {0, "task", "task-free", NULL},
        {PDR_NEEDS_TASK_ID, "task", "task-il", NULL},
        {PDR_NEEDS_TASK_ID, "task", "class-il",
         "found pull, which needs the task's identity; expected scenario: task-il"},
        {PDR_NEEDS_TASK_ID, "task", "domain-il",
         "found pull, which needs the task's identity; expected scenario: task-il"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        planned p = flagged(cases[i].flags, cases[i].train_on, cases[i].kind);
        assert_int_equal(p.code, cases[i].words ? EXIT_SCENARIO : 0);
        assert_int_equal(p.faults.count, cases[i].words ? 1 : 0);
        if (cases[i].words)
            assert_non_null(strstr(p.faults.at[0].text, cases[i].words));
        if (cases[i].words)
            assert_int_equal(p.faults.at[0].line, 8);
        planned_free(&p);
    }
    planned both = flagged(PDR_NEEDS_BOUNDARIES | PDR_NEEDS_TASK_ID, "all", "class-il");
    assert_int_equal(both.faults.count, 2);
    planned_free(&both);
}

static void unknown_parameters_are_all_told(void **state)
{
    (void)state;
    planned p =
        planned_from(HEAD CPU "methods:\n  - name: m\n    strategies:\n      - replay: {capacity: 5, blnd: join}\n"
                              "      - replay: {capacity: 5, batch: many}\n");
    assert_int_equal(p.code, EXIT_SCENARIO);
    assert_null(p.plan);
    assert_int_equal(p.faults.count, 2);
    assert_int_equal(p.faults.at[0].line, 9);
    assert_non_null(strstr(p.faults.at[0].path, "blnd"));
    assert_non_null(
        strstr(p.faults.at[0].text, "found a key unknown to replay 1.0; expected one of capacity, policy, "));
    assert_non_null(strstr(p.faults.at[0].hint, "blend"));
    assert_int_equal(p.faults.at[1].line, 10);
    assert_non_null(strstr(p.faults.at[1].text, "found many"));
    planned_free(&p);
}

static void parameters_of_who_has_none(void **state)
{
    (void)state;
    char *yaml = SAID(HEAD CPU "methods:\n  - name: m\n    strategies: [{plugin: %s, with: {x: 1}}]\n", tiny("leak"));
    planned p = planned_from(yaml);
    assert_int_equal(p.code, EXIT_SCENARIO);
    assert_int_equal(p.faults.count, 1);
    assert_int_equal(p.faults.at[0].line, 8);
    assert_string_equal(p.faults.at[0].text, "found a key unknown to leak 1.0; expected no key");
    planned_free(&p);
}

static void run_folders_lie_outside_of_the_data(void **state)
{
    (void)state;
    const char *scenario = "perdure: 1\ndata: {set: mnist, root: data}\n" CPU "methods: [{name: m}]\n";
    error e = {0};
    assert_int_equal(folder_make(SAID("%s/data/mnist", folder), &e), 0);
    const char *const inside[] = {"data/mnist", "data/mnist/", "data/mnist/a/b", "data/x/../mnist/a"};
    assert_int_equal(folder_make(SAID("%s/data/x", folder), &e), 0);
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        const char *set = SAID("output.folder=%s/%s", folder, inside[i]);
        planned p = planned_with(scenario, &set, 1);
        assert_int_equal(p.code, EXIT_SCENARIO);
        assert_int_equal(p.faults.count, 1);
        assert_string_equal(p.faults.at[0].path, "output.folder");
        assert_non_null(strstr(p.faults.at[0].text, "/data/mnist; expected a folder outside of the data"));
        planned_free(&p);
    }
    const char *const outside[] = {"data", "data/mnist2", "data/other/run", "runs"};
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        const char *set = SAID("output.folder=%s/%s", folder, outside[i]);
        planned p = planned_with(scenario, &set, 1);
        assert_int_equal(p.code, 0);
        planned_free(&p);
    }
}

/* ---- who is missing: 69, at the line that names it ---- */

static void a_missing_plugin_is_told_at_its_line(void **state)
{
    (void)state;
    planned name = planned_from(HEAD CPU "methods:\n  - name: m\n    strategies:\n      - reply: {capacity: 5}\n");
    assert_int_equal(name.code, EXIT_UNAVAILABLE);
    assert_null(name.plan);
    assert_string_equal(name.error.text,
                        SAID("%s/s.yaml:9:9: methods[0].strategies[0]: found no strategy reply; expected one of: %s",
                             folder, installed()));
    assert_string_equal(name.error.hint, "did you mean replay?");
    planned_free(&name);
    planned path = planned_from(HEAD CPU "methods:\n  - name: m\n    strategies:\n      - plugin: ./none.so\n");
    assert_int_equal(path.code, EXIT_UNAVAILABLE);
    assert_non_null(strstr(path.error.text, "s.yaml:9:9: methods[0].strategies[0]: "));
    assert_non_null(strstr(path.error.text, "none.so: found nothing that can be read (No such file or directory); "
                                            "expected a shared object"));
    planned_free(&path);
    const char *set = "methods[0].strategies=[reply]";
    planned laid = planned_with(HEAD CPU "methods:\n  - name: m\n", &set, 1);
    assert_int_equal(laid.code, EXIT_UNAVAILABLE);
    assert_string_equal(laid.error.text,
                        SAID("--set methods[0].strategies: methods[0].strategies[0]: found no strategy reply; "
                             "expected one of: %s",
                             installed()));
    planned_free(&laid);
}

/* The first missing one stands in the error, the others with the faults, which are still found elsewhere. */
static void missing_and_wrong_at_once(void **state)
{
    (void)state;
    planned p = planned_from(HEAD CPU "methods:\n  - name: m\n    strategies: [reply, nobody]\n"
                                      "  - name: n\n    strategies: [replay: {capacity: 0}]\n");
    assert_int_equal(p.code, EXIT_SCENARIO);
    assert_int_equal(p.faults.count, 2);
    assert_non_null(strstr(p.faults.at[0].text, "found no strategy nobody"));
    assert_int_equal(p.faults.at[1].line, 10);
    assert_non_null(strstr(p.error.text, "found no strategy reply"));
    planned_free(&p);
}

static void the_second_of_a_kind_has_a_number(void **state)
{
    (void)state;
    char *yaml =
        SAID(HEAD CPU "methods:\n  - name: m\n    strategies: [replay: {capacity: 5}, {plugin: %s}, replay: "
                      "{capacity: 6}, replay: {capacity: 7}]\n  - name: n\n    strategies: [replay: {capacity: 5}]\n",
             tiny("leak"));
    planned p = planned_well(yaml);
    const char *names[] = {"replay", "leak", "replay#2", "replay#3"};
    assert_int_equal(p.plan->methods[0].count, 4);
    for (int i = 0; i < 4; i++)
        assert_string_equal(p.plan->methods[0].strategies[i].name, names[i]);
    assert_string_equal(p.plan->methods[1].strategies[0].name, "replay");
    assert_ptr_equal(p.plan->methods[0].strategies[0].plugin, p.plan->methods[1].strategies[0].plugin);
    planned_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_in_the_plan),
        cmocka_unit_test(defaults_are_in_the_json),
        cmocka_unit_test(executors_are_chosen),
        cmocka_unit_test(checkpoints_are_told),
        cmocka_unit_test(two_owners_are_refused_with_both_lines),
        cmocka_unit_test(icarl_owns_the_loss_and_the_prediction),
        cmocka_unit_test(flags_that_the_stream_does_not_meet),
        cmocka_unit_test(unknown_parameters_are_all_told),
        cmocka_unit_test(parameters_of_who_has_none),
        cmocka_unit_test(run_folders_lie_outside_of_the_data),
        cmocka_unit_test(a_missing_plugin_is_told_at_its_line),
        cmocka_unit_test(missing_and_wrong_at_once),
        cmocka_unit_test(the_second_of_a_kind_has_a_number),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
