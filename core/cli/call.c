/* Taking a command line apart by the rows of its command. */
#include "cli/call.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

bool call_has(const call *c, const char *option)
{
    for (size_t i = 0; i < c->option_count; i++)
        if (!strcmp(c->options[i].row->name, option))
            return true;
    return false;
}

const char *call_value(const call *c, const char *option)
{
    const char *value = NULL;
    for (size_t i = 0; i < c->option_count; i++)
        if (!strcmp(c->options[i].row->name, option))
            value = c->options[i].value;
    return value;
}

const char **call_values(const call *c, const char *option, size_t *count)
{
    const char **values = alloc_zero(c->option_count + 1, sizeof(char *));
    *count = 0;
    for (size_t i = 0; i < c->option_count; i++)
        if (!strcmp(c->options[i].row->name, option))
            values[(*count)++] = c->options[i].value;
    return values;
}

/* The row of "--out" or "--out=DIR". */
static const option_row *row_find(const command *c, const char *word, size_t length)
{
    for (const option_row *row = c->options; row && row->name; row++)
        if (strlen(row->name) == length && !strncmp(row->name, word, length))
            return row;
    return NULL;
}

static int option_unknown(const command *c, const char *word, size_t length, error *e)
{
    const char *names[32] = {"--help"};
    size_t count = 1;
    for (const option_row *row = c->options; row && row->name && count < 32; row++)
        names[count++] = row->name;
    char *name = alloc_format("%.*s", (int)length, word);
    const char *nearest = text_nearest(name, names, count);
    error_set(e, EXIT_USAGE, "%s: found option %s; expected one of 'perdure help %s'", c->name, text_quoted(name),
              c->name);
    free(name);
    return nearest ? error_hint(e, "did you mean %s?", nearest) : EXIT_USAGE;
}

/* Takes the option at words[0]; *used: how many words it came to. */
static int option_take(const command *c, int count, char **words, struct option_use *out, int *used, error *e)
{
    const char *equals = strchr(words[0], '=');
    size_t length = equals ? (size_t)(equals - words[0]) : strlen(words[0]);
    *out = (struct option_use){row_find(c, words[0], length), NULL};
    *used = 1;
    if (out->row == NULL)
        return option_unknown(c, words[0], length, e);
    if (out->row->argument == NULL)
        return equals ? error_set(e, EXIT_USAGE, "%s: %s: found a value; expected none", c->name, out->row->name) : 0;
    if (equals) {
        out->value = equals + 1;
        return 0;
    }
    if (count < 2)
        return error_set(e, EXIT_USAGE, "%s: %s: found nothing behind it; expected %s", c->name, out->row->name,
                         out->row->argument);
    out->value = words[1];
    *used = 2;
    return 0;
}

static int arguments_check(const call *c, error *e)
{
    const command *of = c->command;
    if (c->argument_count < of->least)
        error_set(e, EXIT_USAGE, "%s: found %zu argument%s; expected %s", of->name, c->argument_count,
                  c->argument_count == 1 ? "" : "s", of->arguments);
    else if (c->argument_count > of->most)
        error_set(e, EXIT_USAGE, "%s: found %s; expected no more than %s", of->name,
                  text_quoted(c->arguments[of->most]), of->most == 0 ? "options" : of->arguments);
    else
        return 0;
    return error_hint(e, "perdure help %s", of->name);
}

int call_parse(const command *c, int count, char **words, call *out, bool *help, error *e)
{
    const char **arguments = alloc_zero((size_t)count + 1, sizeof(char *));
    struct option_use *options = alloc_zero((size_t)count + 1, sizeof *options);
    *out = (call){.command = c, .arguments = arguments, .options = options};
    *help = false;
    bool only_arguments = false;
    int code = 0;
    for (int i = 0, used = 1; i < count && !code; i += used) {
        used = 1;
        if (only_arguments || words[i][0] != '-' || words[i][1] == '\0')
            arguments[out->argument_count++] = words[i];
        else if (!strcmp(words[i], "--"))
            only_arguments = true;
        else if (!strcmp(words[i], "--help") || !strcmp(words[i], "-h"))
            *help = true;
        else
            code = option_take(c, count - i, words + i, &options[out->option_count++], &used, e);
    }
    return code || *help ? code : arguments_check(out, e);
}

void call_close(call *c)
{
    free((void *)(size_t)c->arguments);
    free((void *)(size_t)c->options);
    *c = (call){0};
}
