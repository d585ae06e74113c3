/* Rows and labels in files of arrays (IDX, NPY), two for training and two for the test: the form of MNIST and its like. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "data/source.h"

static int labels_check(const char *images_path, const idx *images, const char *path, const idx *labels, error *e)
{
    if (images->rank < 2)
        return error_set(e, EXIT_DATA, "%s: found rank 1; expected 2 to 4, rows of values", images_path);
    if (labels->rank != 1)
        return error_set(e, EXIT_DATA, "%s: found rank %lld; expected 1, labels", path, (long long)labels->rank);
    if (labels->size[0] != images->size[0])
        return error_set(e, EXIT_DATA, "%s: found %lld labels for the %lld rows of %s; expected as many", path,
                         (long long)labels->size[0], (long long)images->size[0], images_path);
    return 0;
}

static int32_t *labels_take(idx *labels)
{
    int32_t *out = labels->label;
    labels->label = NULL;
    if (out)
        return out;
    out = alloc_zero((size_t)labels->size[0], sizeof *out);
    for (int64_t i = 0; i < labels->size[0]; i++)
        out[i] = labels->bytes[i];
    return out;
}

/* Two files, the readers of their form, and what comes of them. */
typedef struct part {
    const char *rows_path, *labels_path;
    array_reader rows, labels;
    idx array; /* its values are in the data set's rows */
} part;

/* The values stay with `out` whatever follows, so that dataset_close frees them. */
static int part_read(dataset *d, part *p, data_rows *out, error *e)
{
    idx labels = {0};
    int code = p->rows(p->rows_path, &p->array, e);
    if (!code)
        code = p->labels(p->labels_path, &labels, e);
    if (!code)
        code = labels_check(p->rows_path, &p->array, p->labels_path, &labels, e);
    *out = (data_rows){.count = p->array.size[0],
                       .width = p->array.item,
                       .bytes = p->array.bytes,
                       .reals = p->array.reals,
                       .label = code ? NULL : labels_take(&labels)};
    idx_close(&labels);
    dataset_note_file(d, p->rows_path);
    dataset_note_file(d, p->labels_path);
    return code;
}

/* [n, w], [n, h, w] and [n, c, h, w]: a row is [w], [1, h, w], [c, h, w]. */
static void shape_fix(dataset *d, const idx *images)
{
    d->rank = images->rank == 2 ? 1 : 3;
    d->shape[0] = images->rank == 3 ? 1 : images->size[1];
    for (int64_t i = 0; i < 2 && images->rank > 2; i++)
        d->shape[i + 1] = images->size[images->rank - 2 + i];
    d->channels = d->rank == 3 ? d->shape[0] : 1;
}

static char *shape_words(const idx *images)
{
    char *words = alloc_format("[%lld", (long long)images->size[1]);
    for (int64_t i = 2; i < images->rank; i++) {
        char *longer = alloc_format("%s, %lld", words, (long long)images->size[i]);
        free(words);
        words = longer;
    }
    char *whole = alloc_format("%s]", words);
    free(words);
    return whole;
}

static int shapes_compare(const idx *train, const idx *test, const char *const paths[4], error *e)
{
    size_t sizes = (size_t)(train->rank - 1) * sizeof *train->size;
    if (train->rank == test->rank && !memcmp(train->size + 1, test->size + 1, sizes))
        return 0;
    char *found = shape_words(test), *expected = shape_words(train);
    int code = error_set(e, EXIT_DATA, "%s: found rows of shape %s; expected %s, as in %s", paths[FILE_TEST_IMAGES],
                         found, expected, paths[FILE_TRAIN_IMAGES]);
    free(found);
    free(expected);
    return code;
}

int images_open(dataset *d, const char *const paths[4], array_reader rows, array_reader labels, double *least, error *e)
{
    part train = {paths[FILE_TRAIN_IMAGES], paths[FILE_TRAIN_LABELS], rows, labels, {0}};
    part test = {paths[FILE_TEST_IMAGES], paths[FILE_TEST_LABELS], rows, labels, {0}};
    int code = part_read(d, &train, &d->train, e);
    d->test_file = d->file_count;
    if (!code)
        code = part_read(d, &test, &d->test, e);
    if (!code)
        code = shapes_compare(&train.array, &test.array, paths, e);
    if (code)
        return code;
    shape_fix(d, &train.array);
    rows_match(&d->train, &d->test);
    d->maximum = 255;
    if (d->train.reals)
        normalize_range(d, least);
    return 0;
}

int images_open_set(dataset *d, const data_set_info *set, const char *root, error *e)
{
    char *paths[4];
    double least = 0;
    int code = 0;
    for (int i = 0; i < 4; i++) {
        paths[i] = set_file(set, root, set->files[i].name);
        if (!code && !source_there(paths[i]))
            code = set_missing(set, root, paths[i], e);
    }
    if (!code)
        code = images_open(d, (const char *const *)paths, idx_read, idx_read, &least, e);
    for (int i = 0; i < 4; i++)
        free(paths[i]);
    return code;
}
