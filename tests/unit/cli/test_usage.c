/* What a usage line tells of its words, as completions use it. */
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "cli/help_files.h"

static void literals(void **state)
{
    static const struct {
        const char *arguments, *expected;
        bool verbs;
    } cases[] = {{"show | verify | compact FOLDER", "show verify compact", true},
                 {"test FILE.so | new NAME", "test new", true},
                 {"[strategies|sets]", "strategies sets", false},
                 {"NAME|scenario", "scenario", false},
                 {"RUN RUN...", "", false},
                 {"", "", false}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *found = usage_literals(cases[i].arguments);
        assert_string_equal(found, cases[i].expected);
        assert_int_equal(usage_verbs(cases[i].arguments), cases[i].verbs);
        free(found);
    }
}

static void kinds(void **state)
{
    (void)state;
    assert_int_equal(usage_kind("DIR|URL"), USAGE_FOLDERS);
    assert_int_equal(usage_kind("FILE.so"), USAGE_FILES);
    assert_int_equal(usage_kind("SCENARIO|RUN"), USAGE_FILES);
    assert_int_equal(usage_kind("[COMMAND]"), USAGE_COMMANDS);
    assert_int_equal(usage_kind("KEY=VALUE"), USAGE_NONE);
}

/* What troff would take for itself is printed as it is. */
static void manual(void **state)
{
    static const option_row options[] = {{"--a-b", "X", ".begins 'with' a\\b"}, {0}};
    const command c = {.name = "sample", .arguments = "X", .summary = "A-b", .detail = "one\n.two", .options = options};
    text words = {0};
    (void)state;
    manual_command(&c, &words);
    assert_non_null(strstr(words.at, ".TH PERDURE\\-SAMPLE 1 "));
    assert_non_null(strstr(words.at, "perdure\\-sample \\- A\\-b\n"));
    assert_non_null(strstr(words.at, "\none\n\\&.two\n"));
    assert_non_null(strstr(words.at, ".TP\n\\fB\\-\\-a\\-b\\fR \\fIX\\fR\n\\&.begins \\(aqwith\\(aq a\\eb\n"));
    text_free(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(literals), cmocka_unit_test(kinds), cmocka_unit_test(manual)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
