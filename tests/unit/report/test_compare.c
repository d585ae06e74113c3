/* Runs side by side, to the letter: on a page and in Markdown. */
#include <stdlib.h>

#include "report/report.h"
#include "report/table.h"
#include "summaries.h"

static json_t *figures_make(void)
{
    return json_of(
        "{'schema': 'perdure.compare/1', 'runs': [{'folder': 'runs/a', 'name': 'x'}, {'folder': 'runs/b_*', 'name': "
        "'x'}],"
        " 'error': 'sem', 'compared': 'plans and manifests', 'differences': ["
        "  {'key': 'optimizer.lr', 'values': [0.1, 0.25]},"
        "  {'key': 'methods.joint', 'values': [{'train_on': 'all'}, null]},"
        "  {'key': 'manifest.files.data train.csv', 'values': ['0123456789abcdef0123456789abcdef0123456789abcdef', "
        "null]}],"
        " 'only': [{'method': 'joint', 'runs': [0]}],"
        " 'methods': [{'name': 'ewc', 'metrics': {"
        "   'acc.macro': [{'mean': 0.2, 'sem': 0.01, 'n': 5}, {'mean': 0.3, 'sem': 0.02, 'n': 4}],"
        "   'bwt.gem': [{'mean': -0.5, 'sem': null, 'n': 1}, {'mean': null, 'sem': null, 'n': 0}]}}],"
        " 'test': {'name': 'paired t-test', 'correction': 'Holm', 'family': 'all comparisons of one metric', 'level': "
        "0.05,"
        "   'n_least': 3, 'n_few': 5},"
        " 'comparisons': [{'run': 1, 'method': 'ewc', 'metric': 'acc.macro', 'test': 'Welch\\u0027s t-test', 'n': 4,"
        "   'mean_difference': 0.1, 'ci95': [0.05, 0.15], 'p': 0.004, 'p_holm': 0.004, 'verdict': 'better'}]}");
}

static void on_a_page(void **state)
{
    (void)state;
    json_t *figures = figures_make();
    struct page page = {120, false};
    text out = {0};
    compare_print(figures, &page, &out);
    assert_string_equal(
        out.at,
        "A: runs/a (x)\n"
        "B: runs/b_* (x)\n"
        "\n"
        "what differs in their plans and manifests:\n"
        "  optimizer.lr: 0.1 | 0.25\n"
        "  methods.joint: there | nothing\n"
        "  manifest.files.data train.csv: 0123456789abcdef0123456789abcdef01234567... | nothing\n"
        "\n"
        "  joint: only in A\n"
        "\n"
        "metric                          A                     B    B - A     95 % interval  p (Holm)            B is\n"
        "ewc\n"
        "  acc.macro  0.2000 +- 0.0100 (5)  0.3000 +- 0.0200 (4)  +0.1000  [0.0500, 0.1500]    0.0040  better (Welch)\n"
        "  bwt.gem             -0.5000 (1)                     -        -                 -         -               -\n"
        "\n"
        "mean +- sem (seeds); paired t-test; two-sided, Holm's correction over all comparisons of one "
        "metric, p < 0.05\n"
        "few seeds (n < 5): only large differences can be told\n");
    text_free(&out);
    json_decref(figures);
}

static void in_markdown(void **state)
{
    (void)state;
    json_t *figures = figures_make();
    text out = {0};
    report_compare_markdown(figures, &out);
    assert_string_equal(out.at,
                        "- **A**: runs/a (x)\n"
                        "- **B**: runs/b\\_\\* (x)\n"
                        "\n"
                        "what differs in their plans and manifests:\n"
                        "\n"
                        "- optimizer.lr: 0.1 \\| 0.25\n"
                        "- methods.joint: there \\| nothing\n"
                        "- manifest.files.data train.csv: 0123456789abcdef0123456789abcdef01234567... \\| nothing\n"
                        "\n"
                        "- joint: only in A\n"
                        "\n"
                        "| method, metric | A | B | B - A | 95 % interval | p (Holm) | B is |\n"
                        "|---|---|---|---|---|---|---|\n"
                        "| ewc acc.macro | 0.2000 \u00b1 0.0100 (5) | 0.3000 \u00b1 0.0200 (4) | +0.1000 | [0.0500, "
                        "0.1500] | 0.0040 | better "
                        "(Welch) |\n"
                        "| ewc bwt.gem | -0.5000 (1) | - | - | - | - | - |\n"
                        "\n"
                        "mean \u00b1 sem (seeds); paired t-test; two-sided, Holm's correction over all comparisons of "
                        "one metric, p < 0.05\n\n"
                        "few seeds (n < 5): only large differences can be told\n");
    text_free(&out);
    json_decref(figures);
}

static void without_a_difference_it_is_said(void **state)
{
    (void)state;
    json_t *figures = figures_make();
    struct page page = {120, true};
    text out = {0};
    json_object_set_new(figures, "differences", json_array());
    json_object_set_new(figures, "only", json_array());
    json_object_set_new(figures, "compared", json_string("plans"));
    compare_print(figures, &page, &out);
    assert_non_null(strstr(out.at, "(x)\n\nno difference in their plans\n\nmetric "));
    text_free(&out);
    json_decref(figures);
}

/* One n for all stands below; a row without any value is left out; on a narrow page so are the intervals. */
static void what_is_the_same_for_all_is_said_once(void **state)
{
    (void)state;
    json_t *figures = figures_make();
    json_t *metrics = json_object_get(json_array_get(json_object_get(figures, "methods"), 0), "metrics");
    struct page page = {90, false};
    text out = {0};
    json_object_set_new(json_array_get(json_object_get(metrics, "acc.macro"), 1), "n", json_integer(5));
    json_object_set_new(json_array_get(json_object_get(metrics, "bwt.gem"), 0), "n", json_integer(0));
    compare_print(figures, &page, &out);
    assert_non_null(strstr(out.at,
                           "metric                      A                 B    B - A  p (Holm)            B is\n"
                           "ewc\n"
                           "  acc.macro  0.2000 +- 0.0100  0.3000 +- 0.0200  +0.1000    0.0040  better (Welch)\n"
                           "\n"
                           "mean +- sem, n = 5 seeds; paired t-test; "));
    assert_null(strstr(out.at, "bwt.gem"));
    text_free(&out);
    json_decref(figures);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_a_page),
        cmocka_unit_test(in_markdown),
        cmocka_unit_test(without_a_difference_it_is_said),
        cmocka_unit_test(what_is_the_same_for_all_is_said_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
