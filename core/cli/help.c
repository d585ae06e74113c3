/* `perdure help [COMMAND]`, and what --help prints. */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

enum { INDENT = 22 }; /* where the words of an option begin */

static const command *const *all;

void help_commands(const command *const *commands) { all = commands; }

void help_program(const command *const *commands, text *out)
{
    text_addf(out, "perdure: trains a network task after task, measures what it forgets, and compares strategies.\n\n"
                   "usage: perdure COMMAND [ARGUMENTS] [OPTIONS]\n\n");
    for (size_t i = 0; commands[i]; i++)
        text_addf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    text_addf(
        out,
        "\n  --version  name, version and plugin ABI\n\n"
        "'perdure help COMMAND' tells what it takes. Results go to standard output, words to standard error.\n"
        "Exit codes: 0 done, 1 a cell, a gate or a check failed, 64 usage, 65 bad data, 66 no such file, 69 a device,\n"
        "plugin or library is missing or refused, 73 the run folder is locked or holds another plan's results,\n"
        "74 input or output failed, 75 stopped, the same command goes on, 78 the scenario is wrong.\n");
}

void help_command(const command *c, text *out)
{
    text_addf(out, "usage: perdure %s%s%s%s\n\n%s.\n", c->name, c->arguments[0] ? " " : "", c->arguments,
              c->options ? " [OPTIONS]" : "", c->summary);
    if (c->detail)
        text_addf(out, "%s\n", c->detail);
    text_addf(out, "\n");
    for (const option_row *row = c->options; row && row->name; row++) {
        size_t from = out->length;
        text_addf(out, "  %s%s%s", row->name, row->argument ? " " : "", row->argument ? row->argument : "");
        size_t used = out->length - from;
        text_addf(out, "%*s%s\n", used < INDENT ? (int)(INDENT - used) : 1, "", row->help);
    }
    text_addf(out, "%-*s%s\n", INDENT, "  --help", "these lines");
}

const command *command_find(const command *const *commands, const char *name)
{
    for (size_t i = 0; commands[i]; i++)
        if (!strcmp(commands[i]->name, name))
            return commands[i];
    return NULL;
}

/* Commands of the design that this build does not have. */
static bool command_later(const char *name)
{
    static const char *const later[] = {"plugin", "update", "watch", "models"};
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        if (!strcmp(name, later[i]))
            return true;
    return false;
}

int command_unknown(const command *const *commands, const char *name, error *e)
{
    const char *names[32] = {NULL};
    size_t count = 0;
    for (; commands[count] && count < 32; count++)
        names[count] = commands[count]->name;
    bool later = command_later(name);
    const char *nearest = later ? NULL : text_nearest(name, names, count);
    text listed = {0};
    for (size_t i = 0; i < count; i++)
        text_addf(&listed, "%s%s", i ? ", " : "", names[i]);
    error_set(e, EXIT_USAGE, "found command %s%s; expected one of: %s", text_quoted(name),
              later ? ", which comes later" : "", listed.at ? listed.at : "");
    text_free(&listed);
    return nearest ? error_hint(e, "did you mean %s?", nearest) : EXIT_USAGE;
}

static int help_run(const call *c, error *e)
{
    text words = {0};
    const command *of = c->argument_count ? command_find(all, c->arguments[0]) : NULL;
    if (c->argument_count && of == NULL)
        return command_unknown(all, c->arguments[0], e);
    if (of)
        help_command(of, &words);
    else
        help_program(all, &words);
    int code = cli_print(words.at, e);
    text_free(&words);
    return code;
}

const command command_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "The commands, or what one of them takes",
    .most = 1,
    .run = help_run,
};
