/* `perdure plugin test`: whether a strategy keeps the rules, a line a check. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/plugin.h"
#include "conform/conform.h"

enum { CALLS = 200, CALLS_MOST = 1000000, SECONDS = 20, SECONDS_MOST = 86400 };

static const char *word_of(const json_t *check, const char *key)
{
    return json_string_value(json_object_get(check, key));
}

static void line_print(void *self, const json_t *check)
{
    (void)self;
    printf("%-14s  %-10s %s\n", word_of(check, "verdict"), word_of(check, "name"), word_of(check, "words"));
    fflush(stdout);
}

static double micro(const json_t *hook, const char *key) { return 1e6 * json_number_value(json_object_get(hook, key)); }

static int times_print(const json_t *report, error *e)
{
    text words = {0};
    size_t i;
    json_t *hook;
    json_array_foreach(json_object_get(report, "hooks"), i, hook)
    {
        const long long calls = json_integer_value(json_object_get(hook, "calls"));
        text_addf(&words, "%-14s  %-14s %4lld calls, %9.1f us each, %9.1f us at most\n", "time", word_of(hook, "hook"),
                  calls, micro(hook, "seconds") / (double)calls, micro(hook, "most"));
    }
    const long long bad = json_integer_value(json_object_get(report, "bad"));
    text_addf(&words, "%s %s: %s\n", word_of(report, "name"), word_of(report, "version"),
              bad ? "does not conform" : "conforms");
    int code = cli_print(words.at, e);
    text_free(&words);
    return code;
}

static int only_check(const conform_options *o, error *e)
{
    for (size_t i = 0; i < o->only_count; i++) {
        const char *const *one = conform_checks;
        while (*one && strcmp(*one, o->only[i]) != 0)
            one++;
        if (!*one)
            return cli_unknown("a check", o->only[i], conform_checks, e);
    }
    return 0;
}

static int options_take(const call *c, conform_options *o, error *e)
{
    long seconds = 0;
    int code = cli_number(c, "--calls", CALLS, 0, CALLS_MOST, &o->calls, e);
    if (!code)
        code = cli_number(c, "--limit", SECONDS, 1, SECONDS_MOST, &seconds, e);
    o->seconds = (double)seconds;
    return code ? code : only_check(o, e);
}

static int test_run(const call *c, error *e)
{
    const plugin *p = NULL;
    json_t *report = NULL;
    conform_options o = {.told = call_has(c, "--json") ? NULL : line_print};
    const char **with = call_values(c, "--with", &o.with_count), **only = call_values(c, "--only", &o.only_count);
    o.with = with;
    o.only = only;
    int code = options_take(c, &o, e);
    if (!code && !(code = plugin_named(c, &p, e)))
        code = conform_run(p, &o, &report, e);
    const bool bad = json_integer_value(json_object_get(report, "bad")) > 0;
    if (!code)
        code = call_has(c, "--json") ? cli_json(json_incref(report), e) : times_print(report, e);
    json_decref(report);
    free(with);
    free(only);
    return code || !bad ? code : EXIT_FAILED;
}

const plugin_verb plugin_test = {
    .name = "test",
    .argument = "FILE.so or NAME",
    .options = (const char *const[]){"--with", "--only", "--calls", "--limit", "--json", NULL},
    .run = test_run,
};
