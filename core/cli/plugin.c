/* `perdure plugin`: what an author of strategies asks of one, each a row here and a file of its own. */
#include "cli/plugin.h"

#include <string.h>

#include "base/text.h"

static const plugin_verb *const verbs[] = {
    &plugin_new,
    &plugin_show,
    &plugin_test,
};
enum { VERBS = sizeof verbs / sizeof *verbs };

static int option_check(const plugin_verb *v, const char *name, error *e)
{
    for (const char *const *own = v->options; *own; own++)
        if (!strcmp(*own, name))
            return 0;
    error_set(e, EXIT_USAGE, "plugin %s: found option %s; expected one that it takes", v->name, name);
    return error_hint(e, "perdure help plugin");
}

int plugin_named(const call *c, const plugin **out, error *e)
{
    const char *word = c->arguments[1];
    size_t length = strlen(word);
    bool file = strchr(word, '/') || (length > 3 && !strcmp(word + length - 3, ".so"));
    return file ? plugin_open(word, out, e) : plugin_find(word, out, e);
}

static int plugin_run(const call *c, error *e)
{
    const char *names[VERBS + 1] = {NULL};
    const plugin_verb *verb = NULL;
    int code = 0;
    for (size_t i = 0; i < VERBS; i++) {
        names[i] = verbs[i]->name;
        verb = strcmp(c->arguments[0], verbs[i]->name) ? verb : verbs[i];
    }
    if (!verb)
        return cli_unknown("one of", c->arguments[0], names, e);
    if (c->argument_count < 2)
        return error_set(e, EXIT_USAGE, "plugin %s: found nothing behind it; expected %s", verb->name, verb->argument);
    for (size_t i = 0; i < c->option_count && !code; i++)
        code = option_check(verb, c->options[i].row->name, e);
    return code ? code : verb->run(c, e);
}

/* Options of all of them, a block each. */
static const option_row options[] = {
    {"--cxx", NULL, "new: in C++17, else in C11"},
    {"--out", "DIR", "new: the folder to make; NAME, where it is not given"},
    {"--include", "DIR", "new: the folder that has perdure/perdure.h, where this program does not find it"},
    {"--with", "'KEY: VALUE'", "test: a parameter of the strategy, as in a scenario; repeatable"},
    {"--only", "CHECK", "test: this check alone; repeatable"},
    {"--calls", "N", "test: so many calls to the host are refused one by one (200)"},
    {"--limit", "SECONDS", "test: that one training may take (20)"},
    {"--json", NULL, "show, test: one object on standard output, perdure.plugin.show/1 or perdure.plugin.test/1"},
    {NULL, NULL, NULL},
};

const command command_plugin = {
    .name = "plugin",
    .arguments = "new NAME | show FILE.so | test FILE.so",
    .summary = "For authors of strategies: begin one, look at one, test it",
    .detail = "new makes the folder NAME: a strategy that works, its test, Makefile, CMakeLists.txt and a scenario.\n"
              "show: what the strategy of FILE.so, or of that NAME, says of itself, parameters, hooks, flags, and what "
              "it cannot go together with.\n"
              "test trains the strategy of FILE.so, or of that NAME, on data that is made, each time in a process of "
              "its own, and\n"
              "says of each check whether it is good or bad, and what was found: run (all tasks to their end, hooks in "
              "order),\n"
              "findings (of the host's own checks), release (nothing is left behind destroy), grad-mode, seed (the "
              "same bits from\n"
              "the same seed), saving (a checkpoint changes nothing), state (saved, loaded and saved: the same bytes), "
              "resume\n"
              "(killed and gone on with: the same bits), gradient (of its terms, by finite differences), refusals (the "
              "n-th call to\n"
              "the host fails: one message, nothing left), one-row, one-class and no-rows (streams as they seldom "
              "come), streams\n"
              "(every kind), gpu (where there is one). Then the time of each hook. Exit 1 where a check is bad.",
    .options = options,
    .least = 1,
    .most = 2,
    .run = plugin_run,
};
