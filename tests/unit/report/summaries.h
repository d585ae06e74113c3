/* A summary with a baseline, as tests of several tables need it. */
#ifndef PERDURE_TESTS_REPORT_SUMMARIES_H
#define PERDURE_TESTS_REPORT_SUMMARIES_H
#include <jansson.h>
#include <string.h>

#include "../check.h"

/* JSON with ' in the place of ". */
static inline json_t *json_of(const char *words)
{
    char quoted[8192];
    assert_true(strlen(words) < sizeof quoted);
    strcpy(quoted, words);
    for (char *c = quoted; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    json_error_t why;
    json_t *read = json_loads(quoted, 0, &why);
    if (read == NULL)
        fail_msg("%d:%d: %s", why.line, why.column, why.text);
    return read;
}

/* Lower forgetting is better: replay is the best of both columns, and far_ahead ties with it in the digits that are shown. */
static inline json_t *summary_with_baseline(void)
{
    return json_of(
        "{'schema': 'perdure.summary/1', 'name': 'a_run #1', 'scenario': 'class-il', 'mask': 'task-agnostic', 'error': "
        "'sem',"
        " 'methods': ["
        "  {'name': 'fine_tune', 'seeds': [0, 1, 2, 3, 4], 'steps_per_second': 100, 'seconds': 1, 'peak_memory_bytes': "
        "null,"
        "   'metrics': {'acc.macro': {'mean': 0.2, 'sem': 0.001}, 'forgetting.first_last': {'mean': 0.9, 'sem': "
        "0.002}}},"
        "  {'name': 'replay@lr=0.1', 'seeds': [0, 1, 2, 3, 4], 'steps_per_second': 50, 'seconds': 2, "
        "'peak_memory_bytes': "
        "null,"
        "   'metrics': {'acc.macro': {'mean': 0.90001, 'sem': 0.01}, 'forgetting.first_last': {'mean': 0.1, 'sem': "
        "0.02}}},"
        "  {'name': '_*x*--y', 'seeds': [0, 1, 2, 3, 4], 'steps_per_second': 50, 'seconds': 2, 'peak_memory_bytes': "
        "null,"
        "   'metrics': {'acc.macro': {'mean': 0.90002, 'sem': null}, 'forgetting.first_last': {'mean': null}}}],"
        " 'gates': [], 'baseline': 'fine_tune',"
        " 'test': {'name': 'paired t-test', 'sides': 2, 'correction': 'Holm', 'family': 'the methods of one metric',"
        "   'level': 0.05, 'n_least': 3, 'n_few': 5},"
        " 'comparisons': ["
        "  {'method': 'replay@lr=0.1', 'metric': 'acc.macro', 'n': 5, 'mean_difference': 0.70001, 'sd': 0.022, 't': "
        "71.04,"
        "   'df': 4.0, 'p': 2.3e-7, 'p_holm': 4.6e-7, 'effect': 31.77, 'ci95': [0.672, 0.728], 'significant': true,"
        "   'verdict': 'better'},"
        "  {'method': '_*x*--y', 'metric': 'acc.macro', 'n': 1, 'mean_difference': 0.7, 'sd': null, 't': null, 'df': "
        "null,"
        "   'p': null, 'p_holm': null, 'effect': null, 'ci95': [null, null], 'significant': false, 'verdict': 'too few "
        "seeds'},"
        "  {'method': 'replay@lr=0.1', 'metric': 'forgetting.first_last', 'n': 5, 'mean_difference': -0.8, 'sd': 0.04, "
        "'t': "
        "-44.7,"
        "   'df': 4.0, 'p': 0.0123, 'p_holm': 0.0123, 'effect': -20.0, 'ci95': [-0.85, -0.75], 'significant': true,"
        "   'verdict': 'better'}]}");
}

#endif
