/* Reading a checkpoint back: nothing of it is used before all of it has been held against its digests. What is damaged
 * is told, stays, and costs what was trained since the one before. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "record/arrays_file.h"
#include "record/manifest.h"

struct teller {
    void (*note)(void *self, const char *line);
    void *self;
};

static void tell(const struct teller *t, const char *what, const char *behind)
{
    char *line = alloc_format("%s%s", what, behind);
    if (t->note)
        t->note(t->self, line);
    free(line);
}

/* ---- one ---- */

static int arrays_get(const char *folder, const char *name, int which, const manifest *m, arrays *out, error *e)
{
    char *path = alloc_format("%s/%s/%s", folder, name, manifest_files[which]);
    int code = arrays_read(path, m->files[which].digest, out, e);
    free(path);
    return code;
}

static int checkpoint_read(const char *folder, const char *name, checkpoint **out, error *e)
{
    char *path = alloc_format("%s/%s/manifest.json", folder, name);
    manifest m;
    bool newer = false;
    int code = manifest_read(path, &m, &newer, e);
    checkpoint *c = alloc_zero(1, sizeof *c);
    *c = m.head;
    c->name = alloc_text(name);
    if (!code)
        code = found_sizes(folder, name, &m, e);
    if (!code)
        code = arrays_get(folder, name, FILE_WEIGHTS, &m, &c->weights, e);
    if (!code)
        code = arrays_get(folder, name, FILE_STATE, &m, &c->rest, e);
    if (code)
        checkpoint_close(c);
    *out = code ? NULL : c;
    free(path);
    return code;
}

/* ---- the newest ---- */

/* A checkpoint of a newer Perdure is no damage: going on from an older one would throw away what it trained. */
static int newer_refuse(const struct found_list *list, error *e)
{
    for (int64_t i = 0; i < list->count; i++)
        if (list->at[i].newer) {
            error_set(e, EXIT_DATA, "%s", list->at[i].why.text);
            return error_hint(e, "the Perdure that wrote it goes on from it; --fresh begins the cell anew");
        }
    return 0;
}

/* 0 and *out NULL: it is damaged, and told. */
static int one_try(const char *folder, const char *name, const struct teller *t, checkpoint **out, error *e)
{
    error why = {0};
    int code = checkpoint_read(folder, name, out, &why);
    if (code == EXIT_SYSTEM)
        return error_set(e, code, "%s", why.text);
    if (code)
        tell(t, why.text, ": this checkpoint is damaged and stays; the newest of the others is tried");
    return 0;
}

static int list_try(const char *folder, const struct found_list *list, const struct teller *t, checkpoint **out,
                    error *e)
{
    error why = {0};
    char *latest = latest_read(folder, &why);
    int code = 0;
    if (why.code)
        tell(t, why.text, ": it is ignored");
    if (latest)
        code = one_try(folder, latest, t, out, e);
    for (int64_t i = 0; i < list->count && !code && !*out; i++)
        if (!latest || strcmp(list->at[i].name, latest) != 0)
            code = one_try(folder, list->at[i].name, t, out, e);
    if (*out && (latest ? strcmp((*out)->name, latest) : strcmp((*out)->name, list->at[0].name)) != 0)
        tell(t, (*out)->name, ": the newest checkpoint that is whole");
    free(latest);
    return code;
}

int checkpoint_newest(const char *folder, void (*note)(void *self, const char *line), void *self, checkpoint **out,
                      error *e)
{
    struct found_list list = {0};
    struct teller teller = {note, self};
    *out = NULL;
    int code = found_look(folder, &list, e);
    if (!code)
        code = newer_refuse(&list, e);
    if (!code && list.count)
        code = list_try(folder, &list, &teller, out, e);
    if (!code && list.count && !*out) {
        code = error_set(e, EXIT_DATA, "%s: found %lld checkpoint%s and none that is whole; expected one", folder,
                         (long long)list.count, list.count == 1 ? "" : "s");
        error_hint(e, "--fresh begins the cell anew");
    }
    found_free(&list);
    return code;
}

bool checkpoint_plan(const char *folder, char hex[SHA256_HEX])
{
    struct found_list list = {0};
    bool there = false;
    found_look(folder, &list, NULL);
    for (int64_t i = 0; i < list.count && !there; i++)
        if ((there = list.at[i].code == 0))
            memcpy(hex, list.at[i].manifest.head.plan_sha256, SHA256_HEX);
    found_free(&list);
    return there;
}

int64_t checkpoint_oldest(const char *folder)
{
    struct found_list list = {0};
    int64_t least = -1;
    found_look(folder, &list, NULL);
    for (int64_t i = 0; i < list.count; i++)
        if (!list.at[i].code)
            least = list.at[i].manifest.head.serial; /* the newest come first */
    found_free(&list);
    return least;
}

void checkpoint_clear(checkpoint *c)
{
    free(c->name);
    json_decref(c->state);
    arrays_free(&c->weights);
    arrays_free(&c->rest);
    *c = (checkpoint){0};
}

void checkpoint_close(checkpoint *c)
{
    if (c)
        checkpoint_clear(c);
    free(c);
}
