/* `perdure plugin test`: whether a strategy keeps the rules, a line a check. */
#include <stdio.h>

#include "cli/plugin.h"
#include "conform/conform.h"

static const char *word_of(const json_t *check, const char *key)
{
    return json_string_value(json_object_get(check, key));
}

static void line_print(void *self, const json_t *check)
{
    (void)self;
    printf("%-14s  %-12s  %s\n", word_of(check, "verdict"), word_of(check, "name"), word_of(check, "words"));
    fflush(stdout);
}

static int test_run(const call *c, error *e)
{
    const plugin *p = NULL;
    const conform_listener lines = {NULL, line_print};
    json_t *report = NULL;
    int code = plugin_open(c->arguments[1], &p, e);
    if (!code)
        code = conform_run(p, call_has(c, "--json") ? NULL : &lines, &report, e);
    if (code)
        return code;
    const long long bad = json_integer_value(json_object_get(report, "bad"));
    if (call_has(c, "--json"))
        code = cli_json(json_incref(report), e);
    json_decref(report);
    return code || !bad ? code : EXIT_FAILED;
}

const plugin_verb plugin_test = {
    .name = "test",
    .argument = "FILE.so",
    .options = (const char *const[]){"--json", NULL},
    .run = test_run,
};
