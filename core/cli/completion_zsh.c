/* Completion for zsh: a spec of _arguments a row. */
#include <stdlib.h>
#include <string.h>

#include "cli/help_files.h"

/* Words within single quotes, where `special` needs a backslash for who reads the spec. */
static void quoted_add(text *out, const char *words, const char *special)
{
    for (; *words; words++) {
        if (*words == '\'')
            text_addf(out, "'\\''");
        else if (strchr(special, *words))
            text_addf(out, "\\%c", *words);
        else
            text_add(out, words, 1);
    }
}

static const char *action_of(enum usage_kind kind)
{
    static const char *const actions[] = {" ", "_files", "_files -/", "($names)"};
    return actions[kind];
}

static void option_add(const option_row *row, text *out)
{
    text_addf(out, "        '%s%s[", row->argument ? "*" : "", row->name);
    quoted_add(out, row->help, "[]\\");
    text_addf(out, "]");
    if (row->argument) {
        text_addf(out, ":");
        quoted_add(out, row->argument, ":\\");
        text_addf(out, ":%s", action_of(usage_kind(row->argument)));
    }
    text_addf(out, "' \\\n");
}

static void command_add(const command *c, text *out)
{
    char *literals = usage_literals(c->arguments);
    enum usage_kind kind = usage_kind(c->arguments);
    text_addf(out, "    %s)\n      _arguments \\\n", c->name);
    for (const option_row *row = c->options; row && row->name; row++)
        option_add(row, out);
    if (*literals)
        text_addf(out, "        '1:word:(%s)' \\\n", literals);
    if (kind == USAGE_COMMANDS)
        text_addf(out, "        \"1:command:($names)\" \\\n");
    else if (kind != USAGE_NONE)
        text_addf(out, "        '*:file:%s' \\\n", action_of(kind));
    text_addf(out, "        '--help[these lines]' ;;\n");
    free(literals);
}

void completion_zsh(const command *const *commands, text *out)
{
    text_addf(out,
              "#compdef perdure\n# Completion of perdure for zsh. Written by 'perdure help --files'; do not edit.\n"
              "_perdure() {\n  local -a commands names\n  commands=(\n");
    for (size_t i = 0; commands[i]; i++) {
        text_addf(out, "    '%s:", commands[i]->name);
        quoted_add(out, commands[i]->summary, "\\");
        text_addf(out, "'\n");
    }
    text_addf(out, "  )\n  names=(${commands%%%%:*})\n"
                   "  if (( CURRENT == 2 )); then\n    _describe -t commands command commands\n"
                   "    [[ $PREFIX == -* ]] && compadd -- --version --help\n    return\n  fi\n"
                   "  local name=$words[2]\n  shift words\n  (( CURRENT-- ))\n  case $name in\n");
    for (size_t i = 0; commands[i]; i++)
        command_add(commands[i], out);
    text_addf(out, "  esac\n}\n_perdure \"$@\"\n");
}
