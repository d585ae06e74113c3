/* Man pages and completions, out of the same table as help: a new row has them without a further word. */
#ifndef PERDURE_CLI_HELP_FILES_H
#define PERDURE_CLI_HELP_FILES_H
#include "base/text.h"
#include "cli/cli.h"

/* Writes them below `folder`, laid out as a prefix's share/ is: man/man1/perdure*.1, bash-completion/completions/perdure,
 * zsh/site-functions/_perdure, fish/vendor_completions.d/perdure.fish. 73, 74. */
int help_files(const command *const *commands, const char *folder, error *e);

void manual_program(const command *const *commands, text *out); /* perdure(1), in troff's man macros */
void manual_command(const command *c, text *out);               /* perdure-NAME(1) */
void completion_bash(const command *const *commands, text *out);
void completion_zsh(const command *const *commands, text *out);
void completion_fish(const command *const *commands, text *out);

/* What completes a word, by how a usage line names it: "DIR", "FILE", "COMMAND". */
enum usage_kind { USAGE_NONE, USAGE_FILES, USAGE_FOLDERS, USAGE_COMMANDS };
enum usage_kind usage_kind(const char *word);
/* The words of a command's arguments that stand for themselves, between spaces: "show verify compact" of
 * "show | verify | compact FOLDER". Owned by the caller; "" where there are none. */
char *usage_literals(const char *arguments);
/* Whether the first of them says what is done, so that the rest stands behind it. */
bool usage_verbs(const char *arguments);

#endif
