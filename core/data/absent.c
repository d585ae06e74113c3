/* Whether a scenario's data can be read at all, for whoever only looks: a plan may be checked where its data are not. */
#include <stdlib.h>

#include "base/alloc.h"
#include "data/source.h"

static char *set_absent(const struct scenario *s)
{
    const data_set_info *set = set_named(data_set_name(s->data.set));
    char *root = data_root(s->data.root);
    char *absent = !set || data_at_hand(set, root) ? NULL : alloc_text(set->name);
    free(root);
    return absent;
}

char *data_absent(const struct scenario *s)
{
    const struct data_options *o = &s->data;
    const char *table[] = {o->csv.train, o->csv.test, NULL, NULL};
    const char *images[] = {o->idx.train_images, o->idx.train_labels, o->idx.test_images, o->idx.test_labels};
    const char *arrays[] = {o->npy.train, o->npy.train_labels, o->npy.test, o->npy.test_labels};
    const char *const *paths = o->set == DATA_CSV   ? table
                               : o->set == DATA_IDX ? images
                               : o->set == DATA_NPY ? arrays
                                                    : NULL;
    for (int i = 0; paths && i < 4; i++)
        if (paths[i] && !source_there(paths[i]))
            return alloc_text(paths[i]);
    return paths ? NULL : set_absent(s);
}
