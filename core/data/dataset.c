/* A data set from its files: rows as they lie there, their classes, and the one affine map that makes them x. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "data/source.h"

/* ---- for the other files of this room ---- */

int scenario_fault(const struct scenario *s, const char *path, error *e, const char *format, ...)
{
    char words[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    return scenario_error(s, path, EXIT_SCENARIO, e, "%s", words);
}

/* The name that was opened, as that file's hash goes into the manifest. */
void dataset_note_file(dataset *d, const char *path)
{
    d->files = alloc_again(d->files, (size_t)d->file_count + 1, sizeof *d->files);
    d->files[d->file_count++] = (struct data_file){.path = source_found(path)};
}

char *dataset_shape_words(const dataset *d)
{
    text words = {0};
    for (int64_t i = 0; i < d->rank; i++)
        text_addf(&words, "%s%lld", i ? ", " : "[", (long long)d->shape[i]);
    text_addf(&words, "]");
    return words.at;
}

bool dataset_pictures(const dataset *d, int64_t *planes, int64_t *height, int64_t *width)
{
    if (d->rank != 2 && d->rank != 3)
        return false;
    *planes = d->rank == 3 ? d->shape[0] : 1;
    *height = d->shape[d->rank - 2];
    *width = d->shape[d->rank - 1];
    return true;
}

void rows_close(data_rows *r)
{
    free(r->bytes);
    free(r->reals);
    free(r->label);
    *r = (data_rows){0};
}

static void rows_widen(data_rows *r)
{
    size_t n = (size_t)(r->count * r->width);
    if (!r->bytes)
        return;
    r->reals = alloc_zero(n, sizeof(float));
    for (size_t i = 0; i < n; i++)
        r->reals[i] = r->bytes[i];
    free(r->bytes);
    r->bytes = NULL;
}

void rows_match(data_rows *train, data_rows *test)
{
    if (!train->bytes == !test->bytes)
        return;
    rows_widen(train);
    rows_widen(test);
}

/* ---- classes ---- */

static int label_refuse(const dataset *d, bool test, int64_t row, int64_t top, bool known, error *e)
{
    return error_set(e, EXIT_DATA, "%s: found label %d in %s row %lld; expected 0 to %lld, the classes of %s", d->name,
                     (test ? &d->test : &d->train)->label[row], test ? "test" : "training", (long long)row,
                     (long long)top, known ? "the set" : "its training rows");
}

/* A class that no row has would be a column that is never trained: most often labels that do not count from 0. */
static int classes_check(const dataset *d, error *e)
{
    bool *there = alloc_zero((size_t)d->class_count, sizeof *there);
    int64_t missing = 0;
    for (int64_t i = 0; i < d->train.count; i++)
        there[d->train.label[i]] = true;
    while (missing < d->class_count && there[missing])
        missing++;
    free(there);
    if (missing == d->class_count)
        return 0;
    error_set(e, EXIT_DATA, "%s: found no training row of class %lld; expected some of every class from 0 to %lld",
              d->name, (long long)missing, (long long)d->class_count - 1);
    return error_hint(e, "number the labels from 0 without gaps");
}

/* By the set's own files, by what is known of the set, or by their numbers. */
static void classes_name(dataset *d)
{
    const data_set_info *set = set_named(d->name);
    if (d->class_names)
        return;
    d->class_names = alloc_zero((size_t)d->class_count + 1, sizeof *d->class_names);
    for (int64_t i = 0; i < d->class_count; i++)
        d->class_names[i] =
            set && set->class_names ? alloc_text(set->class_names[i]) : alloc_format("%lld", (long long)i);
}

static int classes_count(dataset *d, int64_t known, error *e)
{
    const data_rows *parts[] = {&d->train, &d->test};
    int64_t top = known - 1;
    for (int64_t i = 0; !known && i < d->train.count; i++)
        top = d->train.label[i] > top ? d->train.label[i] : top;
    for (int p = 0; p < 2; p++)
        for (int64_t i = 0; i < parts[p]->count; i++)
            if (parts[p]->label[i] > top)
                return label_refuse(d, p, i, top, known, e);
    d->class_count = top + 1;
    classes_name(d);
    return classes_check(d, e);
}

/* ---- the whole ---- */

static int rows_open(const struct scenario *s, dataset *d, double *least, error *e)
{
    const struct data_options *o = &s->data;
    const char *idx_paths[4] = {o->idx.train_images, o->idx.train_labels, o->idx.test_images, o->idx.test_labels};
    const char *npy_paths[4] = {o->npy.train, o->npy.train_labels, o->npy.test, o->npy.test_labels};
    char *root = data_root(o->root);
    int code = 0;
    switch (o->set) {
    case DATA_DIGITS: code = table_open_digits(d, root, e); break;
    case DATA_CSV: code = table_open(s, d, least, e); break;
    case DATA_CIFAR10:
    case DATA_CIFAR100: code = cifar_open(s, d, root, e); break;
    case DATA_SYNTHETIC: code = synthetic_open(s, d, e); break;
    case DATA_IDX: code = images_open(d, idx_paths, idx_read, idx_read, least, e); break;
    case DATA_NPY: code = images_open(d, npy_paths, npy_read_rows, npy_read_labels, least, e); break;
    default: code = images_open_set(d, set_named(d->name), root, e); break;
    }
    free(root);
    return code;
}

int dataset_open(const struct scenario *s, dataset **out, error *e)
{
    dataset *d = alloc_zero(1, sizeof *d);
    double least = 0;
    d->name = alloc_text(data_set_name(s->data.set));
    int code = rows_open(s, d, &least, e);
    if (!code && d->test.count == 0)
        code = error_set(e, EXIT_DATA, "%s: found no test rows; expected at least one", d->name);
    if (!code)
        code = classes_count(d, data_classes(s), e);
    if (!code)
        code = pad_fix(s, d, e);
    if (!code)
        code = normalize_fix(s, d, least, e);
    if (!code)
        code = augment_fix(s, d, e);
    if (code) {
        dataset_close(d);
        d = NULL;
    }
    *out = d;
    return code;
}

static void rows_digest(sha256 *sum, const data_rows *r)
{
    size_t values = (size_t)(r->count * r->width);
    sha256_add(sum, &r->count, sizeof r->count);
    sha256_add(sum, r->bytes ? "bytes" : "reals", 5);
    sha256_add(sum, r->bytes ? (const void *)r->bytes : r->reals, r->bytes ? values : values * sizeof *r->reals);
    sha256_add(sum, r->label, (size_t)r->count * sizeof *r->label);
}

void dataset_digest(const dataset *d, char hex[SHA256_HEX])
{
    sha256 *sum = sha256_begin();
    sha256_add(sum, d->shape, (size_t)d->rank * sizeof *d->shape);
    rows_digest(sum, &d->train);
    rows_digest(sum, &d->test);
    sha256_end(sum, hex);
}

void dataset_close(dataset *d)
{
    if (!d)
        return;
    rows_close(&d->train);
    rows_close(&d->test);
    for (int64_t i = 0; d->class_names && i < d->class_count; i++)
        free(d->class_names[i]);
    for (int64_t i = 0; i < d->file_count; i++)
        free(d->files[i].path);
    free(d->class_names);
    free(d->files);
    free(d->channel_scale);
    free(d->channel_shift);
    free(d->augment);
    text_free(&d->warnings);
    free(d->name);
    free(d);
}
