/* The words of help, out of the table of commands. */
#ifndef PERDURE_CLI_HELP_H
#define PERDURE_CLI_HELP_H
#include "base/text.h"
#include "cli/cli.h"

#define HELP_SUMMARY "trains a network task after task, measures what it forgets, and compares strategies"

typedef struct help_code {
    int code;
    const char *words; /* NULL ends the table */
} help_code;
extern const help_code help_codes[]; /* the exit codes that a user meets */

void help_program(const command *const *commands, text *out);
void help_command(const command *c, text *out);
const command *command_find(const command *const *commands, const char *name);
int command_unknown(const command *const *commands, const char *name, error *e); /* 64 with "did you mean" */
void help_commands(const command *const *commands);                              /* what `perdure help` is to list */

#endif
