/* Going on from a checkpoint that is not the newest: those behind it are of a course that is given up. They stay for whoever wants to
 * look at them, under names that no reader takes: else a later run would go back to them, whose rows on disk are gone by
 * then, and `keep` would count them in the place of good ones. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/file.h"
#include "record/manifest.h"

static int one_leave(const char *folder, const char *name, void (*note)(void *self, const char *line), void *self,
                     error *e)
{
    char *from = alloc_format("%s/%s", folder, name), *left = NULL;
    int code = place_take_as(folder, from, LEFT_PREFIX, name, &left, e);
    if (!code && note) {
        char *line = alloc_format("%s: is put aside as %s", name, left);
        note(self, line);
        free(line);
    }
    free(left);
    free(from);
    return code;
}

int checkpoint_leave(const char *folder, const checkpoint *c, void (*note)(void *self, const char *line), void *self,
                     error *e)
{
    struct found_list list = {0};
    int64_t count = 0;
    int code = found_look(folder, &list, e);
    for (int64_t i = 0; i < list.count && !code; i++) {
        const struct found *f = &list.at[i];
        if (f->code == 0 && f->manifest.head.serial <= c->serial)
            continue;
        code = one_leave(folder, f->name, note, self, e);
        count++;
    }
    if (!code && count)
        code = latest_set(folder, c->name, e);
    if (!code && count)
        code = folder_sync(folder, e);
    found_free(&list);
    return code;
}
