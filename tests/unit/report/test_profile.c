/* The tables of where the time goes, to the letter. */
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "report/report.h"
#include "report/table.h"

static const char words[] =
    "{'methods': [{'name': 'finetune', 'cells': 2, 'of': 3, 'seconds': 4.0, 'steps': 471.0, 'steps_without': 0.0,"
    "   'phases': [{'name': 'start', 'seconds': 0.5, 'share': 0.125, 'calls': 1.0, 'longest': 0.75},"
    "    {'name': 'ewc.after_loss', 'seconds': 0.0005, 'share': 0.000125, 'calls': 500.0, 'longest': 0.002},"
    "    {'name': 'rest', 'seconds': 3.4995, 'share': 0.874875, 'calls': 0.0}]},"
    "  {'name': 'slow', 'cells': 1, 'of': 1, 'seconds': 100.4, 'steps': 7.0, 'steps_without': 12.0, 'phases': ["
    "    {'name': 'rest', 'seconds': 100.4, 'share': 1.0, 'calls': 0.0}]},"
    "  {'name': 'ewc', 'cells': 0, 'of': 3, 'phases': []}]}";

static void a_table_a_method(void **state)
{
    (void)state;
    char quoted[sizeof words];
    memcpy(quoted, words, sizeof quoted);
    for (char *c = quoted; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    json_t *profiles = json_loads(quoted, 0, NULL);
    assert_non_null(profiles);
    struct page page = {100, false};
    text out = {0};
    profile_print(profiles, &page, &out);
    assert_string_equal(out.at, "\n"
                                "finetune: 4.00 s and 471 steps a cell, mean of 2 of 3 seeds\n"
                                "                    time   share  calls    a call   longest\n"
                                "start           500.0 ms  12.5 %      1  500.0 ms  750.0 ms\n"
                                "ewc.after_loss  500.0 us   0.0 %    500    1.0 us    2.0 ms\n"
                                "rest              3.50 s  87.5 %\n"
                                "\n"
                                "slow: 100 s and 7 steps a cell; 12 steps before were trained without --profile\n"
                                "       time    share  calls  a call  longest\n"
                                "rest  100 s  100.0 %\n"
                                "\n"
                                "ewc: no profile, as no cell of it was trained with --profile\n"
                                "\n"
                                "time: of its own, without what is in it; longest: one call with all that is in it\n");
    text_free(&out);
    json_decref(profiles);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_table_a_method)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
