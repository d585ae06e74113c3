/* See aside.h. */
#include "run/aside.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

enum { DIGITS = 12 };

/* It stood in a file, and becomes the name of another. */
static bool digest_good(const char *digest)
{
    return strlen(digest) == SHA256_HEX - 1 && strspn(digest, "0123456789abcdef") == SHA256_HEX - 1;
}

/* A place where nothing lies: the run's lock keeps others from taking it. Owned. */
static char *place_find(const plan *p, const struct run_cell *c)
{
    const char *below = c->folder + strlen(p->folder) + 1;
    const char *name = strncmp(below, "cells/", strlen("cells/")) ? below : below + strlen("cells/");
    char *first =
        alloc_format("%s/aside/%s.%.*s", p->folder, name, (int)DIGITS, digest_good(c->other) ? c->other : "unknown");
    char *place = alloc_text(first);
    struct stat about;
    for (int i = 2; lstat(place, &about) == 0; i++) {
        free(place);
        place = alloc_format("%s.%d", first, i);
    }
    free(first);
    return place;
}

static int cell_move(const plan *p, const struct run_cell *c, error *e)
{
    char *place = place_find(p, c), *into = path_folder(place), *from = path_folder(c->folder);
    int code = folder_make(into, e);
    if (!code)
        code = file_move(c->folder, place, e);
    if (!code)
        code = folder_sync(from, e);
    free(from);
    free(into);
    free(place);
    return code;
}

int aside_put(const plan *p, const struct run_cells *c, int *count, error *e)
{
    int code = 0;
    *count = 0;
    for (int i = 0; i < c->count && !code; i++)
        if (c->at[i].wanted && c->at[i].other && !(code = cell_move(p, &c->at[i], e)))
            ++*count;
    return code;
}

char *aside_words(const plan *p, int finished, int aside, const char *of)
{
    const bool one = aside == 1;
    text words = {0};
    if (finished > 0)
        text_addf(&words, "%d of %s are finished already", finished, of);
    if (aside > 0)
        text_addf(&words, "%s%d%s%s %s of another plan now and begin%s anew (what %s lies in %s/aside)",
                  finished ? "; " : "", aside, finished ? "" : " of ", finished ? "" : of, one ? "is" : "are",
                  one ? "s" : "", one ? "it was" : "they were", p->folder);
    return words.at;
}
