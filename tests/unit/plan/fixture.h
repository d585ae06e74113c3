/* A scenario out of a text, in a folder of the test's own, and the plan that becomes of it. */
#ifndef PERDURE_TESTS_PLAN_FIXTURE_H
#define PERDURE_TESTS_PLAN_FIXTURE_H
#include "../check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../folder.h"
#include "base/file.h"
#include "plan/plan.h"

static inline const char *tiny(const char *name)
{
    return SAID("%s/tests/plugins/%s.so", getenv("PERDURE_BUILD_DIR"), name);
}

/* All that a test looks at; `plan` is NULL where it was refused. */
typedef struct planned {
    struct scenario *scenario;
    plan *plan;
    faults faults;
    error error;
    int code;
} planned;

static inline planned planned_with(const char *yaml, const char *const *sets, size_t set_count)
{
    planned p = {0};
    char *path = SAID("%s/s.yaml", folder);
    assert_int_equal(file_write(path, yaml, strlen(yaml), &p.error), 0);
    faults_begin(&p.faults, "s.yaml");
    if (scenario_read(path, sets, set_count, &p.scenario, &p.faults, &p.error)) {
        faults_print(&p.faults);
        fail_msg("the scenario of the test is wrong: %s", p.error.text);
    }
    p.code = plan_resolve(p.scenario, &p.plan, &p.faults, &p.error);
    faults_sort(&p.faults);
    return p;
}

static inline planned planned_from(const char *yaml) { return planned_with(yaml, NULL, 0); }

static inline planned planned_well(const char *yaml)
{
    planned p = planned_from(yaml);
    if (p.code)
        faults_print(&p.faults);
    if (p.code)
        fail_msg("%s", p.error.text);
    assert_non_null(p.plan);
    return p;
}

static inline void planned_free(planned *p)
{
    plan_close(p->plan);
    scenario_free(p->scenario);
    faults_free(&p->faults);
}

/* Fault i in the form `s.yaml:LINE:COL: ...`. */
static inline void fault_is(const planned *p, size_t i, const char *words)
{
    text line = {0};
    assert_true(i < p->faults.count);
    faults_line(&p->faults, i, &line);
    assert_string_equal(line.at, words);
    text_free(&line);
}

#define HEAD "perdure: 1\nname: t\ndata: {set: digits}\nstream: {split: {by: class, tasks: 5}, scenario: class-il}\n"
#define CPU "device: {type: cpu}\n"

#endif
