/* What a run used against what is here: data, plugins, weights, program, engine, LibTorch, the machine's libraries, the machine.
 * A file is looked for where the run had it and where this program would take it from; its name and SHA-256 count, not its place. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "plugin/plugin.h"
#include "record/digests.h"
#include "record/objects.h"
#include "record/provenance.h"
#include "run/audit.h"

struct used { /* a file of the manifests, once for all cells that have it with this SHA-256 */
    const char *role, *name, *path, *sha256, *set;
    const char *cell; /* the first of them */
    int cells;
};
struct used_list {
    struct used *at;
    size_t count;
};

/* ---- each file once ---- */

static struct used *used_find(const struct used_list *list, const struct used *u)
{
    for (size_t i = 0; i < list->count; i++)
        if (!strcmp(list->at[i].role, u->role) && !strcmp(list->at[i].name, u->name) &&
            !strcmp(list->at[i].sha256, u->sha256))
            return &list->at[i];
    return NULL;
}

static void used_add(struct used_list *list, const struct used *u)
{
    struct used *known = used_find(list, u);
    if (known) {
        known->cells++;
        return;
    }
    list->at = alloc_again(list->at, list->count + 1, sizeof *list->at);
    list->at[list->count++] = *u;
}

static struct used_list used_take(const audit *a)
{
    struct used_list list = {0};
    for (int i = 0; i < a->cell_count; i++) {
        const json_t *files = json_object_get(a->cells[i].manifest, "files");
        const json_t *data = json_object_get(json_object_get(a->cells[i].manifest, "plan"), "data");
        for (size_t j = 0; j < json_array_size(files); j++) {
            const json_t *row = json_array_get(files, j);
            struct used u = {audit_word(row, "role"),
                             audit_word(row, "name"),
                             audit_word(row, "path"),
                             audit_word(row, "sha256"),
                             audit_word(data, "set"),
                             a->cells[i].name,
                             1};
            used_add(&list, &u);
        }
    }
    return list;
}

/* ---- where it is here ---- */

/* A name leads nowhere but to a file of this name; LibTorch's has folders in it, from LibTorch's root. */
static bool name_good(const struct used *u)
{
    return u->name[0] && (!strcmp(u->role, "torch") || !strchr(u->name, '/'));
}

static char *first_there(char *const *places, size_t count)
{
    char *found = NULL;
    for (size_t i = 0; i < count; i++)
        if (!found && places[i] && file_exists(places[i]))
            found = places[i];
        else
            free(places[i]);
    return found;
}

static char *data_find(const audit *a, const struct used *u)
{
    const char *given = a->options->data;
    char *root = data_root(NULL);
    char *places[] = {given ? data_file_find(u->set, given, u->name) : NULL,
                      given ? alloc_format("%s/%s", given, u->name) : NULL, alloc_text(u->path),
                      data_file_find(u->set, root, u->name), alloc_format("%s/data/%s", a->folder, u->name)};
    free(root);
    return first_there(places, sizeof places / sizeof *places);
}

static char *plugin_place(const char *file)
{
    size_t length = strlen(file), count = 0;
    char *name = alloc_text(file), *found = NULL;
    if (length > 3 && !strcmp(name + length - 3, ".so"))
        name[length - 3] = '\0';
    char **files = plugin_files(name, &count);
    if (count > 0)
        found = alloc_text(files[0]);
    plugin_names_free(files, count);
    free(name);
    return found;
}

static char *used_here(const audit *a, const struct used *u)
{
    if (!strcmp(u->role, "data"))
        return data_find(a, u);
    if (!strcmp(u->role, "program"))
        return object_here(OBJECT_PROGRAM, u->name);
    if (!strcmp(u->role, "engine"))
        return object_here(OBJECT_ENGINE, u->name);
    if (!strcmp(u->role, "torch"))
        return object_here(OBJECT_TORCH, u->name);
    bool is_plugin = !strcmp(u->role, "plugin");
    char *places[] = {alloc_text(u->path),
                      alloc_format("%s/%s/%s", a->folder, is_plugin ? "plugins" : "inputs", u->name),
                      is_plugin ? plugin_place(u->name) : NULL};
    return first_there(places, sizeof places / sizeof *places);
}

/* ---- verdicts ---- */

enum verdict { FAILS, TELLS };

static enum verdict verdict_of(const audit *a, const struct used *u)
{
    if (!strcmp(u->role, "library"))
        return TELLS;
    if (!strcmp(u->role, "program") || !strcmp(u->role, "engine") || !strcmp(u->role, "torch"))
        return a->options->elsewhere ? TELLS : FAILS;
    return FAILS;
}

/* The same rows and labels in another file (packed, with another header): the cells' plans have the SHA-256 of what is in it. */
static bool rows_same(const audit *a, const struct used *u)
{
    if (!a->data || strcmp(u->role, "data") != 0)
        return false;
    for (int i = 0; i < a->cell_count; i++) {
        const json_t *data = json_object_get(json_object_get(a->cells[i].manifest, "plan"), "data");
        if (strcmp(a->cells[i].name, u->cell) == 0)
            return !strcmp(audit_word(data, "sha256"), a->recorded.plan->data_sha256);
    }
    return false;
}

static void used_tell(audit *a, const struct used *u, const char *found)
{
    char *what = alloc_format("%s %s", u->role, u->name);
    char *cells = u->cells < a->cell_count
                      ? alloc_format(", as in %d of %d cells (%s)", u->cells, a->cell_count, u->cell)
                      : alloc_text("");
    if (rows_same(a, u))
        audit_differs(a, what, "found %s; expected SHA-256 %.*s%s; its rows and labels are the same", found,
                      AUDIT_DIGEST, u->sha256, cells);
    else if (verdict_of(a, u) == FAILS)
        audit_bad(a, what, "found %s; expected SHA-256 %.*s%s", found, AUDIT_DIGEST, u->sha256, cells);
    else
        audit_differs(a, what, "found %s; expected SHA-256 %.*s%s", found, AUDIT_DIGEST, u->sha256, cells);
    free(cells);
    free(what);
}

/* A file of the run that was not known any more when its cell ended has no SHA-256: nothing can be said of it. */
static bool used_check(audit *a, const struct used *u, digests *known)
{
    char *here = name_good(u) ? used_here(a, u) : NULL, hex[SHA256_HEX] = "", *found = NULL;
    int64_t bytes = 0;
    error why = {0};
    if (!u->sha256[0])
        found = alloc_text("no SHA-256 of it in the manifest");
    else if (!here)
        found = alloc_text("no such file here");
    else if (digests_of(known, here, hex, &bytes, &why))
        found = alloc_text(why.text);
    else if (strcmp(hex, u->sha256) != 0)
        found = alloc_format("SHA-256 %.*s in %s", AUDIT_DIGEST, hex, here);
    if (found)
        used_tell(a, u, found);
    else
        a->same++;
    bool good = !found;
    free(found);
    free(here);
    return good;
}

void audit_files(audit *a)
{
    static const struct {
        const char *role, *one, *many;
    } kinds[] = {{"data", "data file", "data files"},
                 {"plugin", "plugin", "plugins"},
                 {"weights", "file of weights to begin with", "files of weights to begin with"},
                 {"program", "program", "programs"},
                 {"engine", "engine", "engines"},
                 {"torch", "file of LibTorch", "files of LibTorch"},
                 {"library", "library of the machine", "libraries of the machine"}};
    struct used_list list = used_take(a);
    digests *known = digests_open();
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        int all = 0, good = 0;
        for (size_t i = 0; i < list.count; i++)
            if (!strcmp(list.at[i].role, kinds[k].role)) {
                all++;
                good += used_check(a, &list.at[i], known);
            }
        if (all > 0 && all == good)
            audit_good(a, kinds[k].role, "%d %s with the SHA-256 of the manifests", all,
                       all == 1 ? kinds[k].one : kinds[k].many);
    }
    digests_close(known);
    free(list.at);
}

/* ---- machines ---- */

void audit_machines(audit *a)
{
    json_t *here = provenance_machine_json(NULL);
    int others = 0;
    const char *first = "", *cpu = "";
    for (int i = 0; i < a->cell_count; i++) {
        const json_t *there = json_object_get(a->cells[i].manifest, "machine");
        if (!there || (!strcmp(audit_word(there, "cpu"), audit_word(here, "cpu")) &&
                       !strcmp(audit_word(there, "architecture"), audit_word(here, "architecture"))))
            continue;
        first = others++ ? first : a->cells[i].name;
        cpu = others == 1 ? audit_word(there, "cpu") : cpu;
    }
    if (others)
        audit_differs(a, "machine", "found %s; expected %s, as of %d cell%s (%s)", audit_word(here, "cpu"), cpu, others,
                      others == 1 ? "" : "s", first);
    json_decref(here);
}
