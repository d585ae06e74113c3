/* `perdure plugin new`: a folder with a strategy that works, to begin with: the files of sdk/template under a name of one's own. It appears
 * whole or not at all, and knows where the headers and this program are. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/program.h"
#include "base/text.h"
#include "cli/plugin.h"
#include "cli/template.h"
#include "plugin/plugin.h"

enum { NAME_LENGTH = 64 };

/* ---- the name ---- */

/* Words that a scenario, YAML, make or CMake would not take for a strategy's name. */
static const char *word_meaning(const char *name)
{
    static const struct {
        const char *word, *meaning;
    } words[] = {
        {"plugin", "a key of a scenario's strategies"},
        {"with", "a key of a scenario's strategies"},
        {"true", "a truth value in YAML"},
        {"false", "a truth value in YAML"},
        {"yes", "a truth value in YAML"},
        {"no", "a truth value in YAML"},
        {"on", "a truth value in YAML"},
        {"off", "a truth value in YAML"},
        {"y", "a truth value in YAML"},
        {"n", "a truth value in YAML"},
        {"null", "nothing in YAML"},
        {"all", "a target of CMake's"},
        {"clean", "a target of make and CMake"},
        {"test", "a target of make and CMake"},
        {"help", "a target of CMake's"},
        {"install", "a target of CMake's"},
        {"preinstall", "a target of CMake's"},
        {"package", "a target of CMake's"},
        {"package_source", "a target of CMake's"},
        {"depend", "a target of CMake's"},
        {"edit_cache", "a target of CMake's"},
        {"rebuild_cache", "a target of CMake's"},
        {"finetune", "the method that the scenario compares with"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(words[i].word, name))
            return words[i].meaning;
    return NULL;
}

static int name_check(const char *name, error *e)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t length = strlen(name);
    if (name[0] < 'a' || name[0] > 'z' || length > NAME_LENGTH || strspn(name, allowed) != length)
        return error_set(e, EXIT_USAGE,
                         "plugin new: found name %s; expected a small letter, then small letters, digits, _ and -, at "
                         "most %d in all",
                         name[0] ? text_quoted(name) : "\"\"", NAME_LENGTH);
    if (word_meaning(name))
        return error_set(e, EXIT_USAGE, "plugin new: found name %s, %s; expected another one", name,
                         word_meaning(name));
    size_t count = 0;
    char **files = plugin_files(name, &count);
    if (count)
        error_set(e, EXIT_USAGE, "plugin new: found name %s, which %s has; expected another one", name, files[0]);
    plugin_names_free(files, count);
    return count ? EXIT_USAGE : 0;
}

/* ---- where things are ---- */

static bool headers_in(const char *folder)
{
    char *header = alloc_format("%s/perdure/perdure.h", folder);
    bool there = file_exists(header);
    free(header);
    return there;
}

/* PREFIX/include where the program was installed; in a build folder that of the sources around it. Owned; NULL: not found. */
static char *headers_find(void)
{
    char *prefix = program_prefix(), *found = alloc_format("%s/include", prefix);
    while (program_built() && !headers_in(found) && strcmp(prefix, "/") != 0) {
        char *above = path_folder(prefix);
        free(prefix);
        free(found);
        prefix = above;
        found = alloc_format("%s/sdk/include", prefix);
    }
    free(prefix);
    if (headers_in(found))
        return found;
    free(found);
    return NULL;
}

/* Owned; NULL: 66. */
static char *headers_take(const char *said, error *e)
{
    char real[PATH_MAX];
    if (said && headers_in(said) && realpath(said, real))
        return alloc_text(real);
    char *found = said ? NULL : headers_find();
    if (said)
        error_set(e, EXIT_NO_INPUT,
                  "plugin new: --include: found no perdure/perdure.h in %s; expected the folder that has it",
                  text_quoted(said));
    else if (!found) {
        error_set(e, EXIT_NO_INPUT,
                  "plugin new: found no perdure/perdure.h beside this program; expected Perdure's headers");
        error_hint(e, "install them (Debian: perdure-dev), or pass --include FOLDER, which has perdure/perdure.h");
    }
    return found;
}

/* Is this program what a shell finds by its name? Then the folder names it so, and goes on working elsewhere. */
static bool program_on_path(void)
{
    char real[PATH_MAX], *self = program_path(), *path = alloc_text(getenv("PATH")), *rest = path;
    bool first = false, found = false;
    for (char *one; !found && (one = strsep(&rest, ":"));) {
        char *file = alloc_format("%s/perdure", one);
        found = access(file, X_OK) == 0;
        first = found && realpath(file, real) && !strcmp(real, self);
        free(file);
    }
    free(path);
    free(self);
    return first;
}

/* Paths stand in a Makefile and in CMake as they are. */
static int path_check(const char *what, const char *path, error *e)
{
    if (text_plain(path) && !strpbrk(path, "'\"$#\\;"))
        return 0;
    return error_set(e, EXIT_USAGE,
                     "plugin new: found %s in %s; expected a path without quotes, $, #, ; and \\, which "
                     "make and CMake would not take as they are",
                     what, text_quoted(path));
}

/* ---- the files ---- */

typedef struct change {
    const char *from;
    char *to; /* owned */
} change;
enum { CHANGES = 5 };

static void changes_make(change changes[CHANGES], const char *name, const char *headers)
{
    char *folder = program_folder(), *program = program_on_path() ? alloc_text("perdure") : program_path();
    changes[0] = (change){"my_strategy", alloc_text(name)};
    changes[1] = (change){"?= perdure\n", alloc_format("?= %s\n", program)};
    changes[2] = (change){"?= /usr/local/include\n", alloc_format("?= %s\n", headers)};
    changes[3] = (change){"\"/usr/local/include\"", alloc_format("\"%s\"", headers)};
    changes[4] = (change){"\"/usr/local/bin\"", alloc_format("\"%s\"", folder)};
    free(folder);
    free(program);
}

static void changes_free(change changes[CHANGES])
{
    for (int i = 0; i < CHANGES; i++)
        free(changes[i].to);
}

static const change *change_at(const change changes[CHANGES], const char *at)
{
    for (int i = 0; i < CHANGES; i++)
        if (!strncmp(at, changes[i].from, strlen(changes[i].from)))
            return &changes[i];
    return NULL;
}

static void text_changed(const change changes[CHANGES], const char *from, text *out)
{
    while (*from) {
        const change *c = change_at(changes, from);
        text_add(out, c ? c->to : from, c ? strlen(c->to) : 1);
        from += c ? strlen(c->from) : 1;
    }
}

static int files_write(const template_file *files, const change changes[CHANGES], const char *folder, error *e)
{
    int code = 0;
    for (; files->name && !code; files++) {
        text words = {0};
        char *path = alloc_format("%s/%s", folder, files->name);
        text_changed(changes, files->text, &words);
        code = file_write(path, words.at, words.length, e);
        free(path);
        text_free(&words);
    }
    return code;
}

/* As any folder that is made here: folder_temporary() makes one for its owner alone. */
static void folder_open_up(const char *folder)
{
    mode_t mask = umask(0);
    umask(mask);
    chmod(folder, 0777 & ~mask);
}

static int folder_fill(const template_file *files, const change changes[CHANGES], const char *out, error *e)
{
    char *above = path_folder(out), *prefix = alloc_format("%s.making-", out), *made = NULL;
    int code = folder_make(above, e);
    if (!code && !(made = folder_temporary(prefix, e)))
        code = EXIT_CREATE;
    if (!code && !(code = files_write(files, changes, made, e))) {
        folder_open_up(made);
        if (rename(made, out) != 0)
            code = error_system(e, EXIT_CREATE, "%s: cannot be made", text_quoted(out));
    }
    if (code)
        folder_remove(made);
    free(made);
    free(prefix);
    free(above);
    return code;
}

/* ---- the command ---- */

/* Without a slash at its end; owned. */
static char *out_path(const char *said)
{
    char *out = path_below(".", said);
    for (size_t length = strlen(out); length > 1 && out[length - 1] == '/'; length--)
        out[length - 1] = '\0';
    return out;
}

static int out_check(const char *out, error *e)
{
    struct stat about;
    if (lstat(out, &about) != 0)
        return 0;
    error_set(e, EXIT_CREATE, "plugin new: found %s, which is there already; expected a new folder", text_quoted(out));
    return error_hint(e, "--out DIR names another one");
}

static int folder_new(const call *c, const char *headers, const char *out, error *e)
{
    char *program = program_path();
    int code = path_check("the headers", headers, e);
    if (!code && !(code = path_check("this program", program, e))) {
        change changes[CHANGES];
        changes_make(changes, c->arguments[1], headers);
        code = folder_fill(call_has(c, "--cxx") ? template_cxx : template_c, changes, out, e);
        changes_free(changes);
    }
    free(program);
    return code;
}

static int make(const call *c, error *e)
{
    const char *name = c->arguments[1], *said = call_value(c, "--out");
    char *out = out_path(said ? said : name), *headers = NULL;
    if (!name_check(name, e) && !out_check(out, e))
        headers = headers_take(call_value(c, "--include"), e);
    int code = headers ? folder_new(c, headers, out, e) : e->code;
    if (!code)
        fprintf(stderr, "perdure: %s: a strategy that works; 'make -C %s test' builds and tests it\n", out, out);
    free(headers);
    free(out);
    return code;
}

static const char *const options[] = {"--cxx", "--include", "--out", NULL};
const plugin_verb plugin_new = {.name = "new", .argument = "NAME", .options = options, .run = make};
