/* Completion for fish: a line a command, a line an option. */
#include <stdlib.h>

#include "cli/help_files.h"

static const char head[] = "# Completion of perdure for fish. Written by 'perdure help --files'; do not edit.\n"
                           "function __perdure_is --description 'whether the command of the line is this one'\n"
                           "    set -l words (commandline -opc)\n"
                           "    test (count $words) -ge 2; and test $words[2] = $argv[1]\n"
                           "end\n"
                           "function __perdure_at --description 'whether so many words stand before'\n"
                           "    test (count (commandline -opc)) -eq $argv[1]\n"
                           "end\n"
                           "complete -c perdure -f\n"
                           "complete -c perdure -n '__perdure_at 1' -l version -d 'name, version and plugin ABI'\n"
                           "complete -c perdure -l help -d 'these lines'\n";

/* Within single quotes fish knows \' and \\ alone. */
static void quoted_add(text *out, const char *words)
{
    text_addf(out, "'");
    for (; *words; words++)
        text_addf(out, "%s%c", *words == '\'' || *words == '\\' ? "\\" : "", *words);
    text_addf(out, "'");
}

static void option_add(const command *c, const option_row *row, text *out)
{
    static const char *const values[] = {" -x", " -r -F", " -x -a '(__fish_complete_directories)'", " -x"};
    text_addf(out, "complete -c perdure -n '__perdure_is %s' -l %s%s -d ", c->name, row->name + 2,
              row->argument ? values[usage_kind(row->argument)] : "");
    quoted_add(out, row->help);
    text_addf(out, "\n");
}

static void command_add(const command *const *commands, const command *c, text *out)
{
    char *literals = usage_literals(c->arguments);
    enum usage_kind kind = usage_kind(c->arguments);
    text_addf(out, "complete -c perdure -n '__perdure_at 1' -a %s -d ", c->name);
    quoted_add(out, c->summary);
    text_addf(out, "\n");
    if (*literals)
        text_addf(out, "complete -c perdure -n '__perdure_is %s; and __perdure_at 2' -a '%s'\n", c->name, literals);
    if (kind == USAGE_COMMANDS)
        for (size_t i = 0; commands[i]; i++)
            text_addf(out, "complete -c perdure -n '__perdure_is %s; and __perdure_at 2' -a %s\n", c->name,
                      commands[i]->name);
    else if (kind != USAGE_NONE)
        text_addf(out, "complete -c perdure -n '__perdure_is %s%s' %s\n", c->name,
                  usage_verbs(c->arguments) ? "; and not __perdure_at 2" : "",
                  kind == USAGE_FILES ? "-F" : "-a '(__fish_complete_directories)'");
    for (const option_row *row = c->options; row && row->name; row++)
        option_add(c, row, out);
    free(literals);
}

void completion_fish(const command *const *commands, text *out)
{
    text_addf(out, "%s", head);
    for (size_t i = 0; commands[i]; i++)
        command_add(commands, commands[i], out);
}
