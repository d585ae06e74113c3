/* Man pages. Their words are those of help; what is added is what a man page has besides. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/help.h"
#include "cli/help_files.h"

static const struct {
    const char *name, *words;
} variables[] = {
    {"TORCH_ROOT", "The folder that holds LibTorch's lib/, when it is not the one that perdure-setup-torch fetched."},
    {"PERDURE_PLUGIN_PATH", "Folders in which strategies are looked for by name, before those that are installed."},
    {"PERDURE_DATA", "Where data sets lie; else $XDG_DATA_HOME/perdure."},
    {"NO_COLOR", "When it is set, nothing is coloured."},
};

/* Words that troff is to print as they are: a leading dot or quote is a request to it, and a bare hyphen, quote or
 * caret becomes another character. */
static void words_add(text *out, const char *words)
{
    static const char special[] = "-\\`'^~";
    static const char *const printed[] = {"\\-", "\\e", "\\(ga", "\\(aq", "\\(ha", "\\(ti"};
    for (bool begins = true; *words; words++) {
        const char *found = strchr(special, *words);
        if (begins && *words == '.')
            text_addf(out, "\\&");
        if (found)
            text_addf(out, "%s", printed[found - special]);
        else
            text_add(out, words, 1);
        begins = *words == '\n';
    }
}

static void head_add(text *out, const char *page, const char *name, const char *summary)
{
    text_addf(out, ".TH %s 1 \"\" \"perdure %s\" \"Perdure\"\n.SH NAME\n", page, PERDURE_VERSION);
    words_add(out, name);
    text_addf(out, " \\- ");
    words_add(out, summary);
    text_addf(out, "\n");
}

/* A term in bold, an argument behind it in italics, and what it is. */
static void item_add(text *out, const char *term, const char *argument, const char *words)
{
    text_addf(out, ".TP\n\\fB");
    words_add(out, term);
    text_addf(out, "\\fR");
    if (argument) {
        text_addf(out, " \\fI");
        words_add(out, argument);
        text_addf(out, "\\fR");
    }
    text_addf(out, "\n");
    words_add(out, words);
    text_addf(out, "\n");
}

static void tail_add(text *out)
{
    text_addf(out, ".SH EXIT STATUS\n");
    for (const help_code *c = help_codes; c->words; c++) {
        char number[16];
        snprintf(number, sizeof number, "%d", c->code);
        item_add(out, number, NULL, c->words);
    }
    text_addf(out, ".SH ENVIRONMENT\n");
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        item_add(out, variables[i].name, NULL, variables[i].words);
}

void manual_program(const command *const *commands, text *out)
{
    head_add(out, "PERDURE", "perdure", HELP_SUMMARY);
    text_addf(out, ".SH SYNOPSIS\n.B perdure\n.I COMMAND\n[\\fIARGUMENTS\\fR] [\\fIOPTIONS\\fR]\n.SH COMMANDS\n");
    for (size_t i = 0; commands[i]; i++)
        item_add(out, commands[i]->name, commands[i]->arguments, commands[i]->summary);
    text_addf(out, ".SH OPTIONS\n");
    item_add(out, "--version", NULL, "name, version and plugin ABI");
    item_add(out, "--help", NULL, "the commands");
    tail_add(out);
    text_addf(out, ".SH SEE ALSO\n");
    for (size_t i = 0; commands[i]; i++)
        text_addf(out, ".BR perdure\\-%s (1),\n", commands[i]->name);
    text_addf(out, ".BR perdure\\-setup\\-torch (1)\n");
}

void manual_command(const command *c, text *out)
{
    char *page = alloc_format("PERDURE\\-%s", c->name);
    for (char *at = page; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    char *name = alloc_format("perdure-%s", c->name);
    head_add(out, page, name, c->summary);
    text_addf(out, ".SH SYNOPSIS\n.B perdure %s\n", c->name);
    if (c->arguments[0]) {
        text_addf(out, "\\fI");
        words_add(out, c->arguments);
        text_addf(out, "\\fR\n");
    }
    text_addf(out, "[\\fIOPTIONS\\fR]\n");
    if (c->detail) {
        text_addf(out, ".SH DESCRIPTION\n");
        words_add(out, c->detail);
        text_addf(out, "\n");
    }
    text_addf(out, ".SH OPTIONS\n");
    for (const option_row *row = c->options; row && row->name; row++)
        item_add(out, row->name, row->argument, row->help);
    item_add(out, "--help", NULL, "the same in short");
    tail_add(out);
    text_addf(out, ".SH SEE ALSO\n.BR perdure (1)\n");
    free(name);
    free(page);
}
