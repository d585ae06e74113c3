/* The tables in LaTeX and Markdown, to the letter: names that mean something there, the best of a column, marks and notes. */
#include <stdlib.h>

#include "report/report.h"
#include "report/table.h"
#include "summaries.h"

static void written_is(void (*write)(const json_t *summary, text *out), const char *expected)
{
    json_t *summary = summary_with_baseline();
    text out = {0};
    write(summary, &out);
    assert_string_equal(out.at, expected);
    text_free(&out);
    json_decref(summary);
}

static void in_latex(void **state)
{
    (void)state;
    written_is(
        report_latex,
        "% perdure report --latex; needs \\usepackage{booktabs}\n"
        "\\begin{table}\n"
        "  \\centering\n"
        "  \\caption{a\\_run \\#1: metrics of each method; bold: the best of its column that trains task by task.}\n"
        "  \\label{tab:methods:a-run--1}\n"
        "  \\begin{tabular}{lrr}\n"
        "    \\toprule\n"
        "    method & acc.macro & forgetting.first\\_last \\\\\n"
        "    \\midrule\n"
        "    fine\\_tune & $0.2000 \\pm 0.0010$ & $0.9000 \\pm 0.0020$ \\\\\n"
        "    replay@lr=0.1 & $\\mathbf{0.9000 \\pm 0.0100}$\\rlap{$^{*}$} & $\\mathbf{0.1000 \\pm "
        "0.0200}$\\rlap{$^{*}$} \\\\\n"
        "    \\_*x*-{}-y & $\\mathbf{0.9000}$\\rlap{$^{?}$} & - \\\\\n"
        "    \\bottomrule\n"
        "  \\end{tabular}\n"
        "  \\par\\smallskip\n"
        "  {\\footnotesize\n"
        "mean $\\pm$ standard error of the mean (sem), n = 5 seeds; class-il, task-agnostic\n\n"
        "$^{*}$ better, $^{\\dagger}$ worse than fine\\_tune: paired t-test over seeds (n = 1 to 5), two-sided, Holm's "
        "correction over the methods of one metric, p \\textless{} 0.05\n\n"
        "$^{?}$ too few seeds to say (n \\textless{} 3)\n"
        "  \\par}\n"
        "\\end{table}\n"
        "\n"
        "\\begin{table}\n"
        "  \\centering\n"
        "  \\caption{a\\_run \\#1: tests against the baseline.}\n"
        "  \\label{tab:tests:a-run--1}\n"
        "  \\begin{tabular}{llrrrrrrrrr}\n"
        "    \\toprule\n"
        "    method & metric & difference & 95 \\% interval & t & df & p & p (Holm) & d\\_z & n & verdict \\\\\n"
        "    \\midrule\n"
        "    replay@lr=0.1 & acc.macro & $+0.7000$ & $[0.6720, 0.7280]$ & $71.04$ & $4$ & $<0.0001$ & $<0.0001$ & "
        "$31.77$ & "
        "$5$ & better \\\\\n"
        "    \\_*x*-{}-y & acc.macro & $+0.7000$ & - & - & - & - & - & - & $1$ & too few seeds \\\\\n"
        "    replay@lr=0.1 & forgetting.first\\_last & $-0.8000$ & $[-0.8500, -0.7500]$ & $-44.70$ & $4$ & $0.0123$ & "
        "$0.0123$ & $-20.00$ & $5$ & better \\\\\n"
        "    \\bottomrule\n"
        "  \\end{tabular}\n"
        "  \\par\\smallskip\n"
        "  {\\footnotesize\n"
        "difference: the method less fine\\_tune, over the seeds that both have (n); 95 \\% interval and p: of this "
        "one test; "
        "p (Holm): with the correction, by which the verdict goes; d\\_z: mean difference / SD of the differences\n"
        "  \\par}\n"
        "\\end{table}\n");
}

static void in_markdown(void **state)
{
    (void)state;
    written_is(
        report_markdown,
        "| method | acc.macro | forgetting.first_last | steps/s | time | memory |\n"
        "|---|---|---|---|---|---|\n"
        "| fine_tune | 0.2000 \u00b1 0.0010 | 0.9000 \u00b1 0.0020 | 100 | 1.0 s | - |\n"
        "| replay@lr=0.1 | **0.9000 \u00b1 0.0100** \\* | **0.1000 \u00b1 0.0200** \\* | 50 | 2.0 s | - |\n"
        "| \\_\\*x\\*--y | **0.9000** ? | - | 50 | 2.0 s | - |\n"
        "\n"
        "mean \u00b1 standard error of the mean (sem), n = 5 seeds; class-il, task-agnostic\n\n"
        "\\* better, ! worse than fine_tune: paired t-test over seeds (n = 1 to 5), two-sided, Holm's correction over "
        "the "
        "methods of one metric, p < 0.05\n\n"
        "? too few seeds to say (n < 3)\n"
        "\n"
        "| method | metric | difference | 95 % interval | t | df | p | p (Holm) | d_z | n | verdict |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|\n"
        "| replay@lr=0.1 | acc.macro | +0.7000 | [0.6720, 0.7280] | 71.04 | 4 | <0.0001 | <0.0001 | 31.77 | 5 | better "
        "|\n"
        "| \\_\\*x\\*--y | acc.macro | +0.7000 | - | - | - | - | - | - | 1 | too few seeds |\n"
        "| replay@lr=0.1 | forgetting.first_last | -0.8000 | [-0.8500, -0.7500] | -44.70 | 4 | 0.0123 | 0.0123 | "
        "-20.00 | 5 "
        "| better |\n"
        "\n"
        "difference: the method less fine_tune, over the seeds that both have (n); 95 % interval and p: of this one "
        "test; "
        "p (Holm): with the correction, by which the verdict goes; d_z: mean difference / SD of the differences\n");
}

static void words_are(const struct style *s, const char *words, const char *expected)
{
    char *found = style_words(s, words);
    assert_string_equal(found, expected);
    free(found);
}

static void letters_that_mean_something(void **state)
{
    (void)state;
    words_are(&style_latex, "\\{}$&#%_^~<>|",
              "\\textbackslash{}\\{\\}\\$\\&\\#\\%\\_\\textasciicircum{}\\textasciitilde{}\\textless{}\\textgreater{}"
              "\\textbar{}");
    words_are(&style_latex, "a---b", "a-{}-{}-b");
    words_are(&style_latex, "", "");
    words_are(&style_markdown, "a_b _a b_ *`~|", "a_b \\_a b\\_ \\*\\`\\~\\|");
    words_are(&style_markdown, "\\x \\* <b> 1 < 2 &amp; a & b", "\\x \\\\\\* \\<b> 1 < 2 \\&amp; a & b");
    words_are(&style_ascii, "a_b *|\\", "a_b *|\\");
}

/* One method alone is not the best, nor is what trains on all tasks at once; and where less is better the least is. */
static void the_best_of_a_column(void **state)
{
    (void)state;
    json_t *summary = summary_with_baseline(), *methods = json_object_get(summary, "methods");
    json_array_remove(methods, 2);
    text out = {0};
    report_markdown(summary, &out);
    assert_non_null(strstr(out.at, "| **0.1000 \u00b1 0.0200** \\* |"));
    text_free(&out);
    json_object_set_new(json_array_get(methods, 1), "train_on", json_string("all"));
    report_markdown(summary, &out);
    assert_null(strstr(out.at, "**"));
    text_free(&out);
    json_array_remove(methods, 1);
    report_markdown(summary, &out);
    assert_null(strstr(out.at, "**"));
    text_free(&out);
    json_decref(summary);
}

static void where_all_are_alike_none_is_the_best(void **state)
{
    (void)state;
    json_t *summary = summary_with_baseline(), *methods = json_object_get(summary, "methods"), *method;
    size_t i;
    json_array_foreach(methods, i, method)
        json_object_set(method, "metrics", json_object_get(json_array_get(methods, 0), "metrics"));
    text out = {0};
    report_markdown(summary, &out);
    assert_null(strstr(out.at, "**"));
    text_free(&out);
    json_decref(summary);
}

static void without_a_baseline_there_is_one_table(void **state)
{
    (void)state;
    json_t *summary = summary_with_baseline();
    text out = {0};
    json_object_set_new(summary, "comparisons", json_array());
    json_object_set_new(summary, "baseline", json_null());
    report_latex(summary, &out);
    assert_null(strstr(out.at, "rlap"));
    assert_null(strstr(out.at, "baseline"));
    assert_ptr_equal(strstr(out.at, "\\begin{table}"),
                     strstr(out.at, "\\begin{table}\n  \\centering\n  \\caption{a\\_run"));
    assert_null(strstr(strstr(out.at, "\\end{table}") + 1, "\\end{table}"));
    text_free(&out);
    json_decref(summary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_latex),
        cmocka_unit_test(in_markdown),
        cmocka_unit_test(letters_that_mean_something),
        cmocka_unit_test(the_best_of_a_column),
        cmocka_unit_test(where_all_are_alike_none_is_the_best),
        cmocka_unit_test(without_a_baseline_there_is_one_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
