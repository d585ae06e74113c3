/* `perdure data list` and `perdure data fetch`: the sets that are known by name, and bringing one to where runs look.
 * */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/cli.h"
#include "data/data.h"

static int list_json(const char *root, error *e)
{
    json_t *all = json_object(), *rows = json_array();
    for (int64_t i = 0; i < data_set_count; i++)
        json_array_append_new(rows, json_pack("{s:s, s:s, s:b}", "name", data_sets[i].name, "summary",
                                              data_sets[i].summary, "at_hand", data_at_hand(&data_sets[i], root)));
    json_object_set_new(all, "schema", json_string("perdure.data/1"));
    json_object_set_new(all, "root", json_string(root));
    json_object_set_new(all, "sets", rows);
    return cli_json(all, e);
}

static int list_words(const char *root, error *e)
{
    text words = {0};
    for (int64_t i = 0; i < data_set_count; i++)
        text_addf(&words, "%-14s  %-11s  %s\n", data_sets[i].name,
                  data_at_hand(&data_sets[i], root) ? "at hand" : "not at hand", data_sets[i].summary);
    text_addf(&words, "\nroot: %s\n", root);
    int code = cli_print(words.at, e);
    text_free(&words);
    return code;
}

static int list_run(const call *c, const char *root, error *e)
{
    if (c->argument_count > 1) {
        error_set(e, EXIT_USAGE, "data list: found %s; expected no more words", text_quoted(c->arguments[1]));
        return error_hint(e, "perdure help data");
    }
    return call_has(c, "--json") ? list_json(root, e) : list_words(root, e);
}

/* ---- fetch: where from ---- */

static bool is_address(const char *from) { return strstr(from, "://") != NULL; }

/* The addresses of --from, or no address where it names a folder. 64: another protocol, or folder and address. */
static int addresses_check(const char *const *from, size_t count, error *e)
{
    for (size_t i = 0; i < count; i++) {
        if (is_address(from[i]) && (strncmp(from[i], "https://", 8) != 0 || !from[i][8] || !text_plain(from[i])))
            return error_set(e, EXIT_USAGE, "data fetch: --from: found %s; expected https:// or a folder",
                             text_quoted(from[i]));
        if (count > 1 && !is_address(from[i]))
            return error_set(e, EXIT_USAGE, "data fetch: --from: found folder %s beside another --from; expected one",
                             text_quoted(from[i]));
    }
    return 0;
}

/* As the curl program has it. */
static const char *authorities(const call *c)
{
    const char *given = call_value(c, "--cacert"), *curl = getenv("CURL_CA_BUNDLE"), *openssl = getenv("SSL_CERT_FILE");
    return given ? given : curl && curl[0] ? curl : openssl && openssl[0] ? openssl : NULL;
}

/* ---- fetch: while it comes ---- */

static volatile sig_atomic_t stop;

static void stop_take(int number)
{
    (void)number;
    stop = 1;
}

/* The second Ctrl-C is not caught. */
static void stop_listen(void)
{
    struct sigaction action = {.sa_handler = stop_take, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

/* One line that is written over, at most ten times a second; `self` is whether one stands there. */
static void progress_show(void *self, const char *file, int64_t have, int64_t whole)
{
    static struct timespec shown;
    struct timespec now;
    bool *line = self;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t passed = (now.tv_sec - shown.tv_sec) * 1000 + (now.tv_nsec - shown.tv_nsec) / 1000000;
    if (*line && passed < 100)
        return;
    shown = now;
    *line = true;
    if (whole > 0)
        fprintf(stderr, "\r\033[K%s: %.1f of %.1f MB", file, (double)have / 1e6, (double)whole / 1e6);
    else
        fprintf(stderr, "\r\033[K%s: %.1f MB", file, (double)have / 1e6);
    fflush(stderr);
}

static void line_end(bool *line)
{
    if (*line)
        fprintf(stderr, "\r\033[K");
    *line = false;
}

static void words_show(void *self, const char *words)
{
    line_end(self);
    fprintf(stderr, "perdure: %s\n", words);
}

static int set_download(const call *c, const data_set_info *set, const char *const *from, size_t count,
                        const char *root, error *e)
{
    bool line = false;
    long patience;
    int code = cli_number(c, "--timeout", 30, 1, 3600, &patience, e);
    data_way way = {.addresses = from,
                    .address_count = count,
                    .authorities = authorities(c),
                    .patience = (double)patience,
                    .stop = &stop,
                    .progress = isatty(STDERR_FILENO) ? progress_show : NULL,
                    .say = words_show,
                    .self = &line};
    if (code)
        return code;
    stop_listen();
    code = data_download(set, &way, root, e);
    line_end(&line);
    return code;
}

static int fetch_run(const call *c, const char *root, error *e)
{
    const char *names[16] = {NULL};
    const data_set_info *set = NULL;
    if (c->argument_count < 2) {
        error_set(e, EXIT_USAGE, "data fetch: found no set; expected data fetch SET [--from DIR|URL]");
        return error_hint(e, "perdure help data");
    }
    for (int64_t i = 0; i < data_set_count && i < 15; i++) {
        names[i] = data_sets[i].name;
        if (!strcmp(names[i], c->arguments[1]))
            set = &data_sets[i];
    }
    if (set == NULL)
        return cli_unknown("one of", c->arguments[1], names, e);
    size_t count = 0;
    const char **from = call_values(c, "--from", &count);
    int code = addresses_check(from, count, e);
    if (!code)
        code = count && !is_address(from[0]) ? data_fetch(set, from[0], root, e)
                                             : set_download(c, set, from, count, root, e);
    if (!code)
        fprintf(stderr, "perdure: %s is at hand in %s\n", set->name, root);
    free(from);
    return code;
}

static int data_run(const call *c, error *e)
{
    static const char *const verbs[] = {"list", "fetch", NULL};
    char *root = data_root(call_value(c, "--root"));
    int code = !strcmp(c->arguments[0], "list")    ? list_run(c, root, e)
               : !strcmp(c->arguments[0], "fetch") ? fetch_run(c, root, e)
                                                   : cli_unknown("one of", c->arguments[0], verbs, e);
    free(root);
    return code;
}

static const option_row options[] = {
    {"--from", "DIR|URL", "fetch: the folder that has the files, or an https address of one (again: asked in turn)"},
    {"--root", "DIR", "where sets lie; else $PERDURE_DATA, else $XDG_DATA_HOME/perdure"},
    {"--cacert", "FILE", "fetch: certificates to trust, PEM; else $CURL_CA_BUNDLE, $SSL_CERT_FILE, the system's"},
    {"--timeout", "SECONDS", "fetch: how long a server may send next to nothing (30)"},
    {"--json", NULL, "list: one object on standard output, perdure.data/1"},
    {NULL, NULL, NULL},
};

const command command_data = {
    .name = "data",
    .arguments = "list | fetch SET",
    .summary = "Data sets: which are at hand, and bringing one in, checked by SHA-256",
    .detail =
        "Without --from, from where the set is published. What was cut off or stopped (Ctrl-C) goes on where it ended.",
    .options = options,
    .least = 1,
    .most = 2,
    .run = data_run,
};
