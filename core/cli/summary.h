/* The summary of a run that is there, for the commands that show it. */
#ifndef PERDURE_CLI_SUMMARY_H
#define PERDURE_CLI_SUMMARY_H
#include <jansson.h>

#include "base/error.h"

/* summary.json in the folder of a run: owned. 66: there is none; 65: damaged, or another schema; 74. */
int run_summary_read(const char *folder, json_t **out, error *e);

#endif
