/* The table, to the letter: wide and narrow, UTF-8 and ASCII, with failed cells and absent metrics. */
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "report/report.h"
#include "report/table.h"

static const char summary_words[] =
    "{'schema': 'perdure.summary/1', 'name': 'x', 'scenario': 'class-il', 'mask': 'task-agnostic', 'error': 'sem',"
    " 'methods': ["
    "  {'name': 'finetune', 'seeds': [0, 1, 2], 'steps_per_second': 1234.5, 'seconds': 12.34, 'peak_memory_bytes': "
    "314572800,"
    "   'metrics': {'acc.macro': {'mean': 0.19612, 'sd': 0.001, 'sem': 0.0003, 'n': 3, 'values': [0.195, 0.196, "
    "0.1975]},"
    "               'bwt.gem': {'mean': -0.99214, 'sd': 0.002, 'sem': 0.00101, 'n': 3, 'values': [-0.99, -0.99, "
    "-0.996]}}},"
    "  {'name': 'replay', 'seeds': [0, 1], 'steps_per_second': 9.5, 'seconds': 8000, 'peak_memory_bytes': null,"
    "   'metrics': {'acc.macro': {'mean': 0.9, 'sd': null, 'sem': null, 'n': 1, 'values': [0.9, null]},"
    "               'bwt.gem': {'mean': null, 'sd': null, 'sem': null, 'n': 0, 'values': [null, null]}}}],"
    " 'gates': []}";

static json_t *summary_make(void)
{
    char words[sizeof summary_words];
    memcpy(words, summary_words, sizeof words);
    for (char *c = words; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    json_t *summary = json_loads(words, 0, NULL);
    assert_non_null(summary);
    return summary;
}

static void table_is(size_t columns, bool utf8, const char *expected)
{
    struct page page = {columns, utf8};
    json_t *summary = summary_make();
    text out = {0};
    table_print(summary, &page, &out);
    assert_string_equal(out.at, expected);
    text_free(&out);
    json_decref(summary);
}

static void wide_in_utf8(void **state)
{
    (void)state;
    table_is(100, true,
             "method          acc.macro           bwt.gem  steps/s    time   memory\n"
             "finetune  0.1961 \u00b1 0.0003  -0.9921 \u00b1 0.0010     1234  12.3 s  300 MiB\n"
             "replay             0.9000                 -     9.50   2.2 h        -\n"
             "\n"
             "mean \u00b1 standard error of the mean (sem), n = 3 seeds; replay: n = 2; class-il, task-agnostic\n");
}

static void narrow_in_ascii(void **state)
{
    (void)state;
    table_is(50, false,
             "method              finetune  replay\n"
             "acc.macro   0.1961 +- 0.0003  0.9000\n"
             "bwt.gem    -0.9921 +- 0.0010       -\n"
             "steps/s                 1234    9.50\n"
             "time                  12.3 s   2.2 h\n"
             "memory               300 MiB       -\n"
             "\n"
             "mean +- standard error of the mean (sem), n = 3 seeds; replay: n = 2; class-il, task-agnostic\n");
}

/* Where not even that fits, one method a block. */
static void narrower_in_blocks(void **state)
{
    (void)state;
    table_is(30, false,
             "method              finetune\n"
             "acc.macro   0.1961 +- 0.0003\n"
             "bwt.gem    -0.9921 +- 0.0010\n"
             "steps/s                 1234\n"
             "time                  12.3 s\n"
             "memory               300 MiB\n"
             "\n"
             "method     replay\n"
             "acc.macro  0.9000\n"
             "bwt.gem         -\n"
             "steps/s      9.50\n"
             "time        2.2 h\n"
             "memory          -\n"
             "\n"
             "mean +- standard error of the mean (sem), n = 3 seeds; replay: n = 2; class-il, task-agnostic\n");
}

/* A method that predicts by a rule of its own has its network's figures below it. */
static void network_stands_below_its_method(void **state)
{
    (void)state;
    struct page page = {100, false};
    json_t *summary = summary_make();
    text out = {0};
    json_object_set_new(json_array_get(json_object_get(summary, "methods"), 0), "metrics_network",
                        json_pack("{s:{s:f, s:f}}", "acc.macro", "mean", 0.5, "sem", 0.25));
    table_print(summary, &page, &out);
    assert_string_equal(
        out.at, "method                    acc.macro            bwt.gem  steps/s    time   memory\n"
                "finetune           0.1961 +- 0.0003  -0.9921 +- 0.0010     1234  12.3 s  300 MiB\n"
                "finetune: network  0.5000 +- 0.2500                  -\n"
                "replay                       0.9000                  -     9.50   2.2 h        -\n"
                "\n"
                "mean +- standard error of the mean (sem), n = 3 seeds; replay: n = 2; class-il, task-agnostic\n");
    text_free(&out);
    json_decref(summary);
}

/* Comparisons with a baseline mark the values, and lines below say what the marks are; columns stay aligned. */
static void comparisons_are_marked(void **state)
{
    (void)state;
    static const struct {
        const char *metric, *verdict, *mark;
    } all[] = {{"acc.macro", "better", "*"}, {"bwt.gem", "worse", "!"}};
    json_t *summary = summary_make(), *list = json_array();
    json_t *metrics = json_object_get(json_array_get(json_object_get(summary, "methods"), 1), "metrics");
    json_object_set_new(metrics, "bwt.gem", json_pack("{s:f, s:f}", "mean", -1.0, "sem", 0.25));
    for (size_t i = 0; i < 2; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:f, s:s}", "method", "replay", "metric", all[i].metric,
                                              "n", 3 + 3 * (int)i, "p_holm", 0.01, "verdict", all[i].verdict));
    json_object_set_new(summary, "comparisons", list);
    json_object_set_new(summary, "baseline", json_string("finetune"));
    json_object_set_new(summary, "test",
                        json_pack("{s:s, s:s, s:s, s:f, s:i, s:i}", "name", "paired t-test", "correction", "Holm",
                                  "family", "the methods of one metric", "level", 0.05, "n_least", 3, "n_few", 5));
    struct page page = {100, false};
    text out = {0};
    table_print(summary, &page, &out);
    assert_string_equal(
        out.at,
        "method             acc.macro              bwt.gem  steps/s    time   memory\n"
        "finetune  0.1961 +- 0.0003    -0.9921 +- 0.0010       1234  12.3 s  300 MiB\n"
        "replay              0.9000 *  -1.0000 +- 0.2500 !     9.50   2.2 h        -\n"
        "\n"
        "mean +- standard error of the mean (sem), n = 3 seeds; replay: n = 2; class-il, task-agnostic\n"
        "* better, ! worse than finetune: paired t-test over seeds (n = 3 to 6), two-sided, Holm's correction over the "
        "methods of one metric, p < 0.05\n"
        "few seeds (n < 5): only large differences can be told\n");
    text_free(&out);
    json_decref(summary);
}

/* What is no claim is marked, too, and explained where it is there. */
static void what_cannot_be_said_is_marked(void **state)
{
    (void)state;
    static const struct {
        const char *verdict, *cell, *words;
    } all[] = {{"too few seeds", "0.9000 ?\n", "\n? too few seeds to say (n < 3)\n"},
               {"the same", "0.9000 =\n", "\n= the same in every seed\n"},
               {"no spread", "0.9000 ~\n", "\n~ the same difference in every seed, no spread to test it by\n"},
               {"not significant", "0.9000\n", "p < 0.05\n"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        json_t *summary =
            json_pack("{s:[{s:s, s:[i, i], s:{s:{s:f}}}], s:s, s:{s:i, s:i, s:f}, s:[{s:s, s:s, s:i, s:n, s:s}]}",
                      "methods", "name", "replay", "seeds", 0, 1, "metrics", "acc.macro", "mean", 0.9, "baseline",
                      "finetune", "test", "n_least", 3, "n_few", 5, "level", 0.05, "comparisons", "method", "replay",
                      "metric", "acc.macro", "n", 2, "p_holm", "verdict", all[i].verdict);
        assert_non_null(summary);
        grid g = summary_grid(summary, &style_ascii, false);
        text out = {0};
        grid_print(&g, 100, &out);
        assert_non_null(strstr(out.at, all[i].cell));
        table_footer(summary, &style_ascii, &out);
        assert_string_equal(out.at + out.length - strlen(all[i].words), all[i].words);
        text_free(&out);
        grid_close(&g);
        json_decref(summary);
    }
}

static void error_kind_follows_the_summary(void **state)
{
    (void)state;
    struct page page = {100, false};
    json_t *summary = summary_make();
    text out = {0};
    json_object_set_new(summary, "error", json_string("sd"));
    table_print(summary, &page, &out);
    assert_non_null(strstr(out.at, "0.1961 +- 0.0010"));
    assert_non_null(strstr(out.at, "standard deviation (sd)"));
    text_free(&out);
    json_decref(summary);
}

static void summary_without_methods_prints(void **state)
{
    (void)state;
    struct page page = {100, false};
    json_t *summary = json_pack("{s:[]}", "methods");
    text out = {0};
    table_print(summary, &page, &out);
    assert_non_null(strstr(out.at, "n = 0 seeds"));
    text_free(&out);
    json_decref(summary);
}

static void csv_is_exact(void **state)
{
    (void)state;
    json_t *summary = summary_make();
    text out = {0};
    json_object_set_new(json_array_get(json_object_get(summary, "methods"), 1), "name", json_string("re\"p,lay"));
    report_csv(summary, &out);
    assert_string_equal(out.at, "method,seed,metric,value\n"
                                "finetune,0,acc.macro,0.195\nfinetune,1,acc.macro,0.196\nfinetune,2,acc.macro,0.1975\n"
                                "finetune,0,bwt.gem,-0.99\nfinetune,1,bwt.gem,-0.99\nfinetune,2,bwt.gem,-0.996\n"
                                "\"re\"\"p,lay\",0,acc.macro,0.9\n\"re\"\"p,lay\",1,acc.macro,\n"
                                "\"re\"\"p,lay\",0,bwt.gem,\n\"re\"\"p,lay\",1,bwt.gem,\n");
    text_free(&out);
    json_decref(summary);
}

static void page_follows_columns(void **state)
{
    (void)state;
    setenv("COLUMNS", "72", 1);
    assert_int_equal(page_here().columns, 72);
    setenv("COLUMNS", "3", 1); /* nobody means that */
    assert_int_equal(page_here().columns, 100);
    setenv("LC_ALL", "C", 1);
    assert_false(page_here().utf8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wide_in_utf8),
        cmocka_unit_test(narrow_in_ascii),
        cmocka_unit_test(narrower_in_blocks),
        cmocka_unit_test(network_stands_below_its_method),
        cmocka_unit_test(error_kind_follows_the_summary),
        cmocka_unit_test(comparisons_are_marked),
        cmocka_unit_test(what_cannot_be_said_is_marked),
        cmocka_unit_test(summary_without_methods_prints),
        cmocka_unit_test(csv_is_exact),
        cmocka_unit_test(page_follows_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
