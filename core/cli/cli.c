/* From argv to a command and its exit code. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <perdure/status.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/call.h"
#include "cli/help.h"
#include "record/record.h"

int cli_print(const char *words, error *e)
{
    if (words && fputs(words, stdout) == EOF)
        return error_system(e, EXIT_IO, "standard output: cannot be written");
    return 0;
}

int cli_json(json_t *value, error *e)
{
    text words = {0};
    record_json_text(value, &words);
    text_add(&words, "\n", 1);
    json_decref(value);
    int code = cli_print(words.at, e);
    text_free(&words);
    return code;
}

int cli_unknown(const char *what, const char *word, const char *const *choices, error *e)
{
    size_t count = 0;
    text known = {0};
    for (; choices[count]; count++)
        text_addf(&known, "%s%s", count ? ", " : "", choices[count]);
    const char *nearest = text_nearest(word, choices, count);
    error_set(e, EXIT_USAGE, "found %s; expected %s: %s", text_quoted(word), what, known.at);
    text_free(&known);
    return nearest ? error_hint(e, "did you mean %s?", nearest) : EXIT_USAGE;
}

int cli_number(const call *c, const char *option, long fallback, long least, long most, long *out, error *e)
{
    const char *said = call_value(c, option);
    char *end = NULL;
    *out = fallback;
    if (said == NULL)
        return 0;
    errno = 0;
    *out = strtol(said, &end, 10);
    if (said[0] >= '0' && said[0] <= '9' && *end == '\0' && errno == 0 && *out >= least && *out <= most)
        return 0;
    return error_set(e, EXIT_USAGE, "%s: %s: found %s; expected a whole number from %ld to %ld", c->command->name,
                     option, text_quoted(said), least, most);
}

static int version_print(error *e)
{
    text words = {0};
    text_addf(&words, "perdure %s (plugin ABI %u.%u)\n", PERDURE_VERSION, PDR_ABI_VERSION >> 16,
              PDR_ABI_VERSION & 0xffffu);
    int code = cli_print(words.at, e);
    text_free(&words);
    return code;
}

static int program_help(const command *const *commands, error *e)
{
    text words = {0};
    help_program(commands, &words);
    int code = cli_print(words.at, e);
    text_free(&words);
    return code;
}

static int command_help_print(const command *c, error *e)
{
    text words = {0};
    help_command(c, &words);
    int code = cli_print(words.at, e);
    text_free(&words);
    return code;
}

static int command_start(const command *c, int count, char **words, error *e)
{
    call parsed;
    bool help = false;
    int code = call_parse(c, count, words, &parsed, &help, e);
    if (!code)
        code = help ? command_help_print(c, e) : c->run(&parsed, e);
    call_close(&parsed);
    return code;
}

static int words_start(const command *const *commands, int argc, char **argv, error *e)
{
    if (argc < 2) {
        error_set(e, EXIT_USAGE, "found no command; expected one of 'perdure help'");
        return error_hint(e, "perdure help");
    }
    if (!strcmp(argv[1], "--version"))
        return version_print(e);
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
        return program_help(commands, e);
    const command *c = command_find(commands, argv[1]);
    return c ? command_start(c, argc - 2, argv + 2, e) : command_unknown(commands, argv[1], e);
}

/* Who starts us with standard input, output or error closed would find what is printed in the first file that is opened.
 * They are opened for the wrong way around, so that to use them fails as before. A file at its limit (ulimit -f) is a full
 * disk, with a message, and no signal that kills. */
static void process_prepare(void)
{
    static const int wrong[] = {O_WRONLY, O_RDONLY, O_RDONLY};
    for (int i = 0; i < 3; i++)
        if (fcntl(i, F_GETFD) < 0)
            open("/dev/null", wrong[i]); /* the lowest number that is free: i */
    signal(SIGXFSZ, SIG_IGN);
}

/* A command that returns a code without setting an error has said all that there is to say. */
int cli_main(const command *const *commands, int argc, char **argv)
{
    error e = {0};
    process_prepare();
    help_commands(commands);
    int code = words_start(commands, argc, argv, &e);
    if (fflush(stdout) != 0 && code == 0)
        code = error_system(&e, EXIT_IO, "standard output: cannot be written");
    if (e.code)
        error_print(&e);
    return code;
}
