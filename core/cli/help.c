/* `perdure help [COMMAND]`, and what --help prints. */
#include "cli/help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/help_files.h"

enum { INDENT = 22, WIDTH = 110 }; /* where the words of an option begin; of a line */

static const command *const *all;

const help_code help_codes[] = {
    {EXIT_DONE, "done"},
    {EXIT_FAILED, "a cell, a gate or a check failed"},
    {EXIT_USAGE, "usage"},
    {EXIT_DATA, "bad data"},
    {EXIT_NO_INPUT, "no such file"},
    {EXIT_UNAVAILABLE, "a device, plugin or library is missing or refused"},
    {EXIT_INTERNAL, "a fault of Perdure"},
    {EXIT_SYSTEM, "the system: memory, processes"},
    {EXIT_CREATE, "the run folder is locked or holds another plan's results"},
    {EXIT_IO, "input or output failed"},
    {EXIT_RESUMABLE, "stopped, the same command goes on"},
    {EXIT_SCENARIO, "the scenario is wrong"},
    {EXIT_INTERRUPTED, "a second Ctrl-C"},
    {0, NULL},
};

/* "Exit codes: 0 done, 1 ...", in lines of at most WIDTH characters. */
static void codes_add(text *out)
{
    size_t line = out->length;
    text_addf(out, "Exit codes:");
    for (const help_code *c = help_codes; c->words; c++) {
        char *one = alloc_format("%d %s%s", c->code, c->words, c[1].words ? "," : ".");
        bool fits = out->length - line + 1 + strlen(one) <= WIDTH;
        text_addf(out, "%s", fits ? " " : "\n");
        line = fits ? line : out->length;
        text_addf(out, "%s", one);
        free(one);
    }
    text_addf(out, "\n");
}

void help_commands(const command *const *commands) { all = commands; }

void help_program(const command *const *commands, text *out)
{
    text_addf(out, "perdure: %s.\n\nusage: perdure COMMAND [ARGUMENTS] [OPTIONS]\n\n", HELP_SUMMARY);
    for (size_t i = 0; commands[i]; i++)
        text_addf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    text_addf(out,
              "\n  --version  name, version and plugin ABI\n\n"
              "'perdure help COMMAND' tells what it takes. Results go to standard output, words to standard error.\n");
    codes_add(out);
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
    static const char *const later[] = {"update", "watch", "models"};
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

static int files_write(const call *c, error *e)
{
    if (c->argument_count)
        return error_set(e, EXIT_USAGE, "help: --files: found %s beside it; expected no command, as it writes all",
                         text_quoted(c->arguments[0]));
    return help_files(all, call_value(c, "--files"), e);
}

static int help_run(const call *c, error *e)
{
    text words = {0};
    if (call_has(c, "--files"))
        return files_write(c, e);
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

static const option_row options[] = {
    {"--files", "DIR", "writes man pages and completions into DIR, as share/ has them: ~/.local/share"},
    {NULL, NULL, NULL},
};

const command command_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "The commands, or what one of them takes",
    .options = options,
    .most = 1,
    .run = help_run,
};
