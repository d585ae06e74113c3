/* Completion for bash: a function that looks at the command's row. Where nothing is offered, bash completes files. */
#include <stdlib.h>

#include "cli/help_files.h"

static const char head[] =
    "# Completion of perdure for bash. Written by 'perdure help --files'; do not edit.\n"
    "# shellcheck shell=bash disable=SC2207\n"
    "_perdure()\n"
    "{\n"
    "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} options=\"\" literals=\"\"\n"
    "    if [ \"$before\" = = ]; then # --out=DIR is three words to bash\n"
    "        before=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    elif [ \"$word\" = = ]; then\n"
    "        word=\"\"\n"
    "    fi\n"
    "    COMPREPLY=()\n";

static const char tail[] =
    "    esac\n"
    "    case $word in\n"
    "    -*) COMPREPLY=($(compgen -W \"$options --help\" -- \"$word\")) ;;\n"
    "    *) [ \"$COMP_CWORD\" -gt 2 ] || COMPREPLY=($(compgen -W \"$literals\" -- \"$word\")) ;;\n"
    "    esac\n"
    "}\n"
    "complete -o bashdefault -o default -F _perdure perdure\n";

static void names_add(const command *const *commands, text *out)
{
    for (size_t i = 0; commands[i]; i++)
        text_addf(out, "%s%s", i ? " " : "", commands[i]->name);
}

/* What stands behind an option that takes something: folders, files (bash's own way), or nothing that is known. */
static void values_add(const command *c, text *out)
{
    for (const option_row *row = c->options; row && row->name; row++) {
        if (row->argument == NULL)
            continue;
        enum usage_kind kind = usage_kind(row->argument);
        text_addf(out, "        %s) %sreturn ;;\n", row->name,
                  kind == USAGE_FOLDERS ? "compopt +o default -o dirnames; "
                  : kind == USAGE_FILES ? ""
                                        : "compopt +o default; ");
    }
}

static bool takes_values(const command *c)
{
    for (const option_row *row = c->options; row && row->name; row++)
        if (row->argument)
            return true;
    return false;
}

static void command_add(const command *const *commands, const command *c, text *out)
{
    char *literals = usage_literals(c->arguments);
    text_addf(out, "    %s)\n        options=\"", c->name);
    for (const option_row *row = c->options; row && row->name; row++)
        text_addf(out, "%s%s", row == c->options ? "" : " ", row->name);
    text_addf(out, "\" literals=\"%s", literals);
    if (usage_kind(c->arguments) == USAGE_COMMANDS)
        names_add(commands, out);
    text_addf(out, "\"\n");
    if (takes_values(c)) {
        text_addf(out, "        case $before in\n");
        values_add(c, out);
        text_addf(out, "        esac\n");
    }
    text_addf(out, "        ;;\n");
    free(literals);
}

void completion_bash(const command *const *commands, text *out)
{
    text_addf(out, "%s    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        COMPREPLY=($(compgen -W \"", head);
    names_add(commands, out);
    text_addf(out, " --version --help\" -- \"$word\"))\n        compopt +o default\n        return\n    fi\n"
                   "    case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; commands[i]; i++)
        command_add(commands, commands[i], out);
    text_addf(out, "%s", tail);
}
