/* Parsing of the command line, for cli.c and its test. */
#ifndef PERDURE_CLI_CALL_H
#define PERDURE_CLI_CALL_H
#include "cli/cli.h"

/* The words behind the command's name. *help: --help stands among them, and nothing else was looked at. 64; call_close
 * in any case. */
int call_parse(const command *c, int count, char **words, call *out, bool *help, error *e);
void call_close(call *c);

#endif
