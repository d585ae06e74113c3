/* A set over https: address by address and try by try, each file checked before it appears under its name. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "data/fetch.h"

enum {
    TRIES = 20,           /* of one file at one address, each of which brought something */
    TRIES_IN_VAIN = 3,    /* that brought nothing */
    GZIP_OVERHEAD = 65536 /* what a packed file may be longer than its content */
};

struct fetching {
    const data_set_info *set;
    const data_way *way;
    const fetcher *f;
    const char *root;
    char *folder; /* ROOT/SET */
    int lock;     /* of that folder */
};

/* One thing that is asked for: a packed file of the set (its number), or the archive (-1). */
struct wanted {
    int file;
    char *name;
    int64_t most;
};

static bool stopped(const data_way *w) { return w->stop && *w->stop; }

static void say(const data_way *w, const error *e, const char *next)
{
    if (!w->say)
        return;
    char *words = alloc_format("%s; %s", e->text, next);
    w->say(w->self, words);
    free(words);
}

/* ---- what is there already ---- */

/* By its bytes where their SHA-256 is known, else by its size, as an archive's member has only that. */
static bool file_right(const struct fetching *g, int i)
{
    char found[SHA256_HEX], *bytes = NULL, *path = set_file(g->set, g->root, g->set->files[i].name);
    const char *expected = g->set->files[i].sha256;
    size_t count = 0, size = (size_t)g->set->files[i].size;
    error none = {0};
    source *s = NULL;
    bool right = source_there(path) && !source_open(path, &s, &none);
    if (right && !expected && !source_packed(s))
        right = source_size(s) == (int64_t)size;
    else if (right)
        right = !source_all(s, size, &bytes, &count, &none) && count == size;
    if (right && bytes && expected) {
        sha256_bytes(bytes, count, found);
        right = !strcmp(found, expected);
    }
    source_close(s);
    free(bytes);
    free(path);
    return right;
}

static bool files_right(const struct fetching *g)
{
    bool right = true;
    for (int i = 0; i < set_files(g->set); i++)
        right = right && file_right(g, i);
    return right;
}

/* ---- one file ---- */

/* The part is of no use where its bytes are wrong: going on from it would end the same. */
static int wanted_store(const struct fetching *g, const struct wanted *w, const char *part, const char *url, error *e)
{
    int code = w->file < 0 ? set_store_archive(g->set, part, url, g->root, e)
                           : set_store_packed(g->set, w->file, part, url, g->root, e);
    if (!code || code == EXIT_DATA)
        unlink(part);
    return code;
}

static void pause_before(const data_way *w, int vain)
{
    struct timespec tenth = {0, 100000000};
    for (int i = 0; i < vain * 10 && !stopped(w); i++)
        nanosleep(&tenth, NULL);
}

/* At one address: what is cut off goes on from there. */
static int address_try(const struct fetching *g, const struct wanted *w, const char *part, const char *url, error *e)
{
    int vain = 0;
    int64_t had = 0;
    for (int tries = 1;; tries++) {
        download d = {.url = url, .part = part, .most = w->most, .way = g->way, .name = w->name};
        error why = {0};
        if (!g->f->download(&d, &why))
            return wanted_store(g, w, part, url, e);
        vain = d.have > had ? 0 : vain + 1;
        had = d.have;
        if (!d.passing || vain >= TRIES_IN_VAIN || tries == TRIES)
            return error_copy(e, &why);
        say(g->way, &why, "trying again");
        pause_before(g->way, vain);
    }
}

static int wanted_bring(const struct fetching *g, const struct wanted *w, error *e)
{
    const char *const *addresses = g->way->address_count ? g->way->addresses : g->set->addresses;
    size_t count = g->way->address_count;
    while (!g->way->address_count && count < 3 && addresses[count])
        count++;
    char *part = alloc_format("%s/%s.part", g->folder, w->name);
    int code = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(addresses[i]);
        error why = {0};
        char *url = alloc_format("%s%s%s", addresses[i], addresses[i][length - 1] == '/' ? "" : "/", w->name);
        code = address_try(g, w, part, url, &why);
        free(url);
        bool elsewhere = code == EXIT_DATA || code == EXIT_NO_INPUT || code == EXIT_IO;
        if (code && (!elsewhere || i + 1 == count))
            error_copy(e, &why);
        if (!code || e->code)
            break;
        say(g->way, &why, "asking the next address");
    }
    free(part);
    return code;
}

/* ---- all of them ---- */

static int folder_take(struct fetching *g, error *e)
{
    int code = folder_make(g->folder, e);
    if (code)
        return code;
    g->lock = open(g->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (g->lock < 0)
        return error_system(e, EXIT_CREATE, "%s: cannot be opened", g->folder);
    if (flock(g->lock, LOCK_EX | LOCK_NB) != 0)
        return error_set(e, EXIT_CREATE, "%s: found another `perdure data fetch` at work here; expected none",
                         g->folder);
    file_sweep(g->folder);
    return 0;
}

static int archive_bring(const struct fetching *g, error *e)
{
    struct wanted w = {-1, alloc_text(g->set->archive), g->set->archive_size};
    int code = fetcher_needs_archive(g->f, e); /* before 170 MB come */
    if (!code && !files_right(g))
        code = wanted_bring(g, &w, e);
    free(w.name);
    return code;
}

static int files_bring(const struct fetching *g, error *e)
{
    int code = 0;
    for (int i = 0; !code && i < set_files(g->set); i++) {
        int64_t size = g->set->files[i].size;
        struct wanted w = {i, alloc_format("%s.gz", g->set->files[i].name), size + size / 1000 + GZIP_OVERHEAD};
        if (!file_right(g, i))
            code = wanted_bring(g, &w, e);
        free(w.name);
    }
    return code;
}

int data_download(const data_set_info *set, const data_way *way, const char *root, error *e)
{
    struct fetching g = {.set = set, .way = way, .root = root, .lock = -1};
    int code = set_unknown(set, e);
    if (!code && !set->addresses[0] && !way->address_count) {
        code =
            error_set(e, EXIT_UNAVAILABLE, "%s: found no address that it could come from; expected --from", set->name);
        error_hint(e, "`perdure data list` tells whether it is at hand already");
    }
    if (!code)
        code = fetcher_load(&g.f, e);
    if (!code)
        code = fetcher_needs_curl(g.f, e);
    g.folder = alloc_format("%s/%s", root, set->name);
    if (!code)
        code = folder_take(&g, e);
    if (!code)
        code = set->archive ? archive_bring(&g, e) : files_bring(&g, e);
    if (g.lock >= 0)
        close(g.lock);
    free(g.folder);
    return code;
}
