/* See help_files.h. */
#include "cli/help_files.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/file.h"

/* Writes `words` as folder/part/name and lets them go. */
static int file_put(const char *folder, const char *part, const char *name, text *words, error *e)
{
    char *into = alloc_format("%s/%s", folder, part), *path = alloc_format("%s/%s", into, name);
    int code = folder_make(into, e);
    if (!code)
        code = file_write(path, words->at, words->length, e);
    text_free(words);
    free(path);
    free(into);
    return code;
}

static int manuals_put(const command *const *commands, const char *folder, error *e)
{
    text words = {0};
    manual_program(commands, &words);
    int code = file_put(folder, "man/man1", "perdure.1", &words, e);
    for (size_t i = 0; commands[i] && !code; i++) {
        char *name = alloc_format("perdure-%s.1", commands[i]->name);
        manual_command(commands[i], &words);
        code = file_put(folder, "man/man1", name, &words, e);
        free(name);
    }
    return code;
}

int help_files(const command *const *commands, const char *folder, error *e)
{
    static const struct {
        void (*write)(const command *const *commands, text *out);
        const char *part, *name;
    } shells[] = {{completion_bash, "bash-completion/completions", "perdure"},
                  {completion_zsh, "zsh/site-functions", "_perdure"},
                  {completion_fish, "fish/vendor_completions.d", "perdure.fish"}};
    int code = manuals_put(commands, folder, e);
    for (size_t i = 0; i < sizeof shells / sizeof *shells && !code; i++) {
        text words = {0};
        shells[i].write(commands, &words);
        code = file_put(folder, shells[i].part, shells[i].name, &words, e);
    }
    return code;
}
