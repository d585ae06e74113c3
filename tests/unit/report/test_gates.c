/* The table of gates, to the letter: on a page and in Markdown. */
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "report/report.h"
#include "report/table.h"

static const char words[] =
    "{'schema': 'perdure.summary/1', 'name': 'x', 'scenario': 'class-il', 'mask': 'task-agnostic', 'error': 'sem',"
    " 'methods': [{'name': 'replay', 'seeds': [0, 1], 'steps_per_second': 100, 'seconds': 1, 'peak_memory_bytes': null,"
    "   'metrics': {'acc.macro': {'mean': 0.9, 'sd': 0.01, 'sem': 0.007, 'n': 2, 'values': [0.89, 0.91]}}}],"
    " 'gates': ["
    "  {'method': 'replay', 'metric': 'acc.macro', 'is': 0.888, 'sem': 0.003, 'n': 20, 'within': 0.015,"
    "   'source': 'a table', 'ours': {'mean': 0.9, 'sem': 0.007, 'n': 2}, 'low': 0.869, 'high': 0.907, 'pass': true,"
    "   'why': 'band: 2.5 combined SEM (0.0076)'},"
    "  {'method': 'lwf', 'metric': 'acc.macro', 'between': [0.2, 0.255], 'source': 'one | another\\nof\\u0007two',"
    "   'ours': {'mean': 0.31, 'sem': null, 'n': 1}, 'low': 0.2, 'high': 0.255, 'pass': false,"
    "   'why': 'too high by 0.055; band: between'},"
    "  {'method': 'ewc', 'metric': 'bwt.gem', 'is': -0.99, 'sem': null, 'n': null, 'within': 0.015, 'source': 's',"
    "   'ours': {'mean': null, 'sem': null, 'n': 0}, 'low': null, 'high': null, 'pass': null,"
    "   'why': '2 of 2 seeds missing'}]}";

static json_t *summary_make(void)
{
    char quoted[sizeof words];
    memcpy(quoted, words, sizeof quoted);
    for (char *c = quoted; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    json_t *summary = json_loads(quoted, 0, NULL);
    assert_non_null(summary);
    return summary;
}

static void printed_is(bool utf8, const char *expected)
{
    struct page page = {100, utf8};
    json_t *summary = summary_make();
    text out = {0};
    gates_print(summary, &page, &out);
    assert_string_equal(out.at, expected);
    text_free(&out);
    json_decref(summary);
}

static void on_a_page(void **state)
{
    (void)state;
    printed_is(true,
               "\n"
               "gate                         published                 ours            band       result\n"
               "replay acc.macro  0.8880 \u00b1 0.0030 (20)  0.9000 \u00b1 0.0070 (2)  0.8690..0.9070         pass\n"
               "lwf acc.macro           0.2000..0.2550           0.3100 (1)  0.2000..0.2550         fail\n"
               "ewc bwt.gem                    -0.9900                    -               -  not decided\n"
               "\n"
               "mean \u00b1 SEM (seeds); band: the wider of `within` and 2.5 combined SEM, or `between`\n"
               "lwf acc.macro: fail: too high by 0.055; band: between; source: one | another\\x0Aof\\x07two\n"
               "ewc bwt.gem: not decided: 2 of 2 seeds missing; source: s\n");
}

static void in_ascii(void **state)
{
    (void)state;
    printed_is(false, "\n"
                      "gate                          published                  ours            band       result\n"
                      "replay acc.macro  0.8880 +- 0.0030 (20)  0.9000 +- 0.0070 (2)  0.8690..0.9070         pass\n"
                      "lwf acc.macro            0.2000..0.2550            0.3100 (1)  0.2000..0.2550         fail\n"
                      "ewc bwt.gem                     -0.9900                     -               -  not decided\n"
                      "\n"
                      "mean +- SEM (seeds); band: the wider of `within` and 2.5 combined SEM, or `between`\n"
                      "lwf acc.macro: fail: too high by 0.055; band: between; source: one | another\\x0Aof\\x07two\n"
                      "ewc bwt.gem: not decided: 2 of 2 seeds missing; source: s\n");
}

static void in_markdown(void **state)
{
    (void)state;
    json_t *summary = summary_make();
    text out = {0};
    report_markdown(summary, &out);
    assert_string_equal(out.at,
                        "| method | acc.macro | steps/s | time | memory |\n"
                        "|---|---|---|---|---|\n"
                        "| replay | 0.9000 \u00b1 0.0070 | 100 | 1.0 s | - |\n"
                        "\n"
                        "mean \u00b1 standard error of the mean (sem), n = 2 seeds; class-il, task-agnostic\n"
                        "\n"
                        "| method | metric | published | ours | n | band | result | why | source |\n"
                        "|---|---|---|---|---|---|---|---|---|\n"
                        "| replay | acc.macro | 0.8880 \u00b1 0.0030 (20) | 0.9000 \u00b1 0.0070 | 2 | 0.8690..0.9070 "
                        "| pass | band: 2.5 "
                        "combined SEM (0.0076) | a table |\n"
                        "| lwf | acc.macro | 0.2000..0.2550 | 0.3100 | 1 | 0.2000..0.2550 | fail | too high by 0.055; "
                        "band: between | one "
                        "\\| another of\\x07two |\n"
                        "| ewc | bwt.gem | -0.9900 | - | 0 | - | not decided | 2 of 2 seeds missing | s |\n"
                        "\n"
                        "mean \u00b1 SEM (seeds); band: the wider of `within` and 2.5 combined SEM, or `between`\n");
    text_free(&out);
    json_decref(summary);
}

static void without_gates_nothing_is_said(void **state)
{
    (void)state;
    struct page page = {100, true};
    json_t *summary = summary_make();
    text out = {0};
    json_object_del(summary, "gates"); /* as an older version wrote it */
    gates_print(summary, &page, &out);
    assert_int_equal(out.length, 0);
    report_markdown(summary, &out);
    assert_null(strstr(out.at, "published"));
    text_free(&out);
    json_decref(summary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_a_page),
        cmocka_unit_test(in_ascii),
        cmocka_unit_test(in_markdown),
        cmocka_unit_test(without_gates_nothing_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
