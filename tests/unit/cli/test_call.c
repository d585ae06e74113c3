/* A command line taken apart: options anywhere, repeated, with and without "=", and what is said when one is wrong. */
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "cli/call.h"
#include "cli/help.h"

static const option_row options[] = {{"--set", "KEY=VALUE", "lays a value over the file"},
                                     {"--out", "DIR", "the folder"},
                                     {"--fresh", NULL, "anew"},
                                     {0}};
static const command sample = {
    .name = "run", .arguments = "SCENARIO", .summary = "Runs it", .options = options, .least = 1, .most = 1};

static int parse(call *c, bool *help, error *e, int count, ...)
{
    char *words[16];
    va_list arguments;
    va_start(arguments, count);
    for (int i = 0; i < count; i++)
        words[i] = va_arg(arguments, char *);
    va_end(arguments);
    *e = (error){0};
    return call_parse(&sample, count, words, c, help, e);
}

static void options_stand_anywhere(void **state)
{
    (void)state;
    call c;
    bool help;
    error e;
    size_t count = 0;
    assert_int_equal(parse(&c, &help, &e, 7, "--set", "a=1", "file.yaml", "--set=b=2=3", "--fresh", "--out", "x"), 0);
    assert_int_equal(c.argument_count, 1);
    assert_string_equal(c.arguments[0], "file.yaml");
    const char **sets = call_values(&c, "--set", &count);
    assert_int_equal(count, 2);
    assert_string_equal(sets[0], "a=1");
    assert_string_equal(sets[1], "b=2=3");
    assert_true(call_has(&c, "--fresh"));
    assert_false(call_has(&c, "--json"));
    assert_string_equal(call_value(&c, "--out"), "x");
    free(sets);
    call_close(&c);
}

static void two_dashes_end_options(void **state)
{
    (void)state;
    call c;
    bool help;
    error e;
    assert_int_equal(parse(&c, &help, &e, 2, "--", "--fresh"), 0);
    assert_string_equal(c.arguments[0], "--fresh");
    assert_false(call_has(&c, "--fresh"));
    call_close(&c);
    assert_int_equal(parse(&c, &help, &e, 1, "-"), 0); /* by itself a name like any other */
    call_close(&c);
}

static void refused(const char *words, const char *hint, int count, const char *a, const char *b)
{
    call c;
    bool help;
    error e;
    assert_int_equal(parse(&c, &help, &e, count, a, b), EXIT_USAGE);
    assert_string_equal(e.text, words);
    assert_string_equal(e.hint, hint);
    call_close(&c);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    refused("run: found option --frehs; expected one of 'perdure help run'", "did you mean --fresh?", 2, "f",
            "--frehs");
    refused("run: found option --outt; expected one of 'perdure help run'", "did you mean --out?", 2, "f", "--outt=x");
    refused("run: found option -x; expected one of 'perdure help run'", "", 2, "f", "-x");
    refused("run: --out: found nothing behind it; expected DIR", "", 2, "f", "--out");
    refused("run: --fresh: found a value; expected none", "", 2, "f", "--fresh=1");
    refused("run: found 0 arguments; expected SCENARIO", "perdure help run", 1, "--fresh", NULL);
    refused("run: found g; expected no more than SCENARIO", "perdure help run", 2, "f", "g");
}

static void help_is_found_whatever_else(void **state)
{
    (void)state;
    call c;
    bool help;
    error e;
    text words = {0};
    assert_int_equal(parse(&c, &help, &e, 1, "--help"), 0);
    assert_true(help);
    call_close(&c);
    help_command(&sample, &words);
    assert_string_equal(words.at, "usage: perdure run SCENARIO [OPTIONS]\n\nRuns it.\n\n"
                                  "  --set KEY=VALUE     lays a value over the file\n"
                                  "  --out DIR           the folder\n"
                                  "  --fresh             anew\n"
                                  "  --help              these lines\n");
    text_free(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_stand_anywhere),
        cmocka_unit_test(two_dashes_end_options),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(help_is_found_whatever_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
