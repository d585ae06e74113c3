/* A data set from CSV: one file in two parts, or two files. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "data/source.h"

/* ---- one file in two parts ---- */

static void row_move(data_rows *to, const data_rows *from, int64_t i)
{
    size_t width = (size_t)from->width, n = (size_t)to->count, at = (size_t)i;
    if (from->bytes && to->bytes)
        memcpy(to->bytes + n * width, from->bytes + at * width, width);
    else if (from->reals && to->reals)
        memcpy(to->reals + n * width, from->reals + at * width, width * sizeof(float));
    to->label[to->count++] = from->label[i];
}

static data_rows rows_like(const data_rows *from, int64_t count)
{
    size_t n = (size_t)count, values = n * (size_t)from->width;
    return (data_rows){.width = from->width,
                       .bytes = from->bytes ? alloc_zero(values, 1) : NULL,
                       .reals = from->reals ? alloc_zero(values, sizeof(float)) : NULL,
                       .label = alloc_zero(n, sizeof(int32_t))};
}

/* Rows whose index mod `every` is every - 1 are the test set. */
static void rows_part(dataset *d, data_rows *all, int64_t every)
{
    d->train = rows_like(all, all->count - all->count / every);
    d->test = rows_like(all, all->count / every);
    for (int64_t i = 0; i < all->count; i++)
        row_move(i % every == every - 1 ? &d->test : &d->train, all, i);
    rows_close(all);
}

/* ---- two files ---- */

static int test_open(dataset *d, const char *train, const char *test, const csv_form *form, error *e)
{
    d->test_file = d->file_count;
    int code = csv_read(test, form, &d->test, e);
    dataset_note_file(d, test);
    if (code)
        return code;
    if (d->test.width != d->train.width)
        return error_set(e, EXIT_DATA, "%s: found %lld values a row; expected %lld, as in %s", test,
                         (long long)d->test.width, (long long)d->train.width, train);
    rows_match(&d->train, &d->test);
    return 0;
}

static int parts_open(dataset *d, const char *train, const char *test, int64_t every, const csv_form *form, error *e)
{
    data_rows all;
    int code = csv_read(train, form, every ? &all : &d->train, e);
    dataset_note_file(d, train);
    if (code || !every)
        return code ? code : test_open(d, train, test, form, e);
    rows_part(d, &all, every);
    return 0;
}

/* ---- what the scenario says of the rows ---- */

/* The product, or -1 where it is above all that a row may have. */
static int64_t shape_values(const struct int_list *shape)
{
    int64_t values = 1;
    for (int64_t i = 0; i < shape->count; i++)
        if (shape->at[i] < 1 || __builtin_mul_overflow(values, shape->at[i], &values))
            return -1;
    return values;
}

static int shape_fix(const struct scenario *s, dataset *d, error *e)
{
    const struct int_list *shape = &s->data.csv.shape;
    const int64_t most = (int64_t)(sizeof d->shape / sizeof *d->shape);
    d->rank = shape->count ? shape->count : 1;
    d->shape[0] = d->train.width;
    for (int64_t i = 0; i < shape->count && i < most; i++)
        d->shape[i] = shape->at[i];
    d->channels = d->rank == 3 ? d->shape[0] : 1;
    if (shape->count > most)
        return scenario_fault(s, "data.shape", e, "found %lld dimensions; expected at most %lld",
                              (long long)shape->count, (long long)most);
    int64_t values = shape_values(shape);
    if (!shape->count || values == d->train.width)
        return 0;
    if (values < 0)
        return scenario_fault(s, "data.shape", e,
                              "found too many values; expected %lld, the columns of %s without the label",
                              (long long)d->train.width, s->data.csv.train);
    return scenario_fault(s, "data.shape", e, "found %lld values; expected %lld, the columns of %s without the label",
                          (long long)values, (long long)d->train.width, s->data.csv.train);
}

int table_open(const struct scenario *s, dataset *d, double *least, error *e)
{
    csv_form form = {s->data.csv.label == LABEL_FIRST, s->data.csv.header};
    int code = parts_open(d, s->data.csv.train, s->data.csv.test, s->data.csv.test_every, &form, e);
    if (!code)
        code = shape_fix(s, d, e);
    if (!code)
        normalize_range(d, least);
    return code;
}

/* ---- the set that is shipped ---- */

int table_open_digits(dataset *d, const char *root, error *e)
{
    enum { DIGITS_TEST_EVERY = 5, DIGITS_SIDE = 8, DIGITS_MAXIMUM = 16 };
    char *path = digits_path(root);
    if (!path) {
        error_set(e, EXIT_NO_INPUT,
                  "%s/digits/digits.csv[.gz]: found no such file, nor one beside the program; expected "
                  "the digits set",
                  root);
        return error_hint(e, "set data.root or PERDURE_DATA, or run `perdure data fetch digits --from FOLDER`");
    }
    int code = parts_open(d, path, NULL, DIGITS_TEST_EVERY, &(csv_form){0}, e);
    d->rank = 3;
    d->shape[0] = d->channels = 1;
    d->shape[1] = d->shape[2] = DIGITS_SIDE;
    d->maximum = DIGITS_MAXIMUM;
    if (!code && d->train.width != DIGITS_SIDE * DIGITS_SIDE)
        code = error_set(e, EXIT_DATA, "%s: found %lld values a row; expected %d", path, (long long)d->train.width,
                         DIGITS_SIDE * DIGITS_SIDE);
    free(path);
    return code;
}
