/* Where a run may not be written: into the folder of a data set, which others read, too, and may be lost with it. */
#include "plan/folder.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "data/data.h"

/* What `path` is once links and ".." are followed, as far as it is there; the rest is behind it as it was. Owned. */
static char *path_real(const char *path)
{
    char *real = realpath(path, NULL);
    if (real || !strcmp(path, "/") || !strcmp(path, "."))
        return real ? real : alloc_text(path);
    char *folder = path_folder(path), *above = path_real(folder);
    char *whole = alloc_format("%s%s%s", above, !strcmp(above, "/") ? "" : "/", path_name(path));
    free(above);
    free(folder);
    return whole;
}

static bool path_inside(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    return !strncmp(path, folder, length) && (path[length] == '/' || path[length] == '\0');
}

/* A set whose files are named one by one has no folder of its own: its runs may well lie beside them. */
static bool set_has_folder(enum data_set set)
{
    return set != DATA_CSV && set != DATA_IDX && set != DATA_NPY && set != DATA_SYNTHETIC;
}

void folder_check(const struct scenario *s, faults *f)
{
    if (!set_has_folder(s->data.set))
        return;
    char *root = data_root(s->data.root), *said = alloc_format("%s/%s", root, data_set_name(s->data.set));
    char *data = realpath(said, NULL), *run = s->output.folder ? path_real(s->output.folder) : NULL;
    if (data && run && path_inside(run, data)) {
        faults_add(f, scenario_node(s, "output.folder"), "output.folder",
                   "found %s, which lies in %s; expected a folder outside of the data", run, data);
        faults_hint(f, "output.folder or --out DIR names it");
    }
    free(run);
    free(data);
    free(said);
    free(root);
}
