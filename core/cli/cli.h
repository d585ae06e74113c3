/* The command line as a table: a row a command, a row an option. Parsing, help, usage errors and "did you mean" all
 * come from it. One file a command; core/perdure.c lists them. */
#ifndef PERDURE_CLI_CLI_H
#define PERDURE_CLI_CLI_H
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

typedef struct option_row {
    const char *name;     /* "--out"; NULL ends the table */
    const char *argument; /* "DIR"; NULL: a flag */
    const char *help;     /* one line */
} option_row;

typedef struct call call;

typedef struct command {
    const char *name;
    const char *arguments;     /* as the usage line shows them: "SCENARIO" */
    const char *summary;       /* one line */
    const char *detail;        /* further lines of its help, may be NULL */
    const option_row *options; /* may be NULL */
    size_t least, most;        /* arguments that are no options */
    int (*run)(const call *c, error *e);
} command;

/* A command line taken apart. Options may stand before, between and behind the arguments; "--" ends them. */
struct call {
    const command *command;
    const char *const *arguments;
    size_t argument_count;
    const struct option_use {
        const option_row *row;
        const char *value; /* NULL: a flag */
    } * options;
    size_t option_count;
};

bool call_has(const call *c, const char *option);
const char *call_value(const call *c, const char *option); /* the last one given; NULL: none */
/* Every value of an option that may be repeated, in order: owned by the caller, free(); the texts are borrowed. */
const char **call_values(const call *c, const char *option, size_t *count);

/* The whole program. The commands' array ends with NULL. Returns the exit code. */
int cli_main(const command *const *commands, int argc, char **argv);

/* ---- for the commands ---- */

/* Prints JSON and a line end on standard output, and lets `value` go. 74 where it cannot be written. */
int cli_json(json_t *value, error *e);
/* Prints a text made by somebody else likewise; text may be NULL. */
int cli_print(const char *text, error *e);
/* 64 with a hint, where `word` is none of `choices` (NULL-ended): what names them, eg. "a section". */
int cli_unknown(const char *what, const char *word, const char *const *choices, error *e);

/* The whole number that an option gives, `fallback` where it was not given: *out; 64. */
int cli_number(const call *c, const char *option, long fallback, long least, long most, long *out, error *e);

extern const command command_run, command_check, command_report, command_bench, command_list, command_describe,
    command_doctor, command_data, command_memory, command_help, command_compare, command_verify, command_bundle,
    command_cite, command_plugin;

#endif
