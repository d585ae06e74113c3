/* Black pixels around every picture, once, when a set is opened: whatever follows (normalisation, permutations, networks)
 * sees rows as if the files had them so. What a task permutes is then the padded row. */
#include <stdlib.h>
#include <string.h>

#include "data/source.h"

typedef struct frame {
    size_t pad, planes, height, width; /* of the picture inside; sides in values */
} frame;

static size_t frame_width(const frame *f) { return f->planes * (f->height + 2 * f->pad) * (f->width + 2 * f->pad); }

/* `size`: bytes of a value. The values around stay 0, which is black before any normalisation. */
static void row_pad(const frame *f, const char *from, char *to, size_t size)
{
    size_t line = f->width * size, wide = (f->width + 2 * f->pad) * size;
    for (size_t p = 0; p < f->planes; p++) {
        to += f->pad * wide;
        for (size_t y = 0; y < f->height; y++, from += line, to += wide)
            memcpy(to + f->pad * size, from, line);
        to += f->pad * wide;
    }
}

/* NULL: there is no memory. */
static void *values_pad(const frame *f, const data_rows *r, const void *values, size_t size)
{
    size_t from = (size_t)r->width * size, to = frame_width(f) * size;
    char *out = calloc((size_t)r->count, to);
    for (int64_t i = 0; out && i < r->count; i++)
        row_pad(f, (const char *)values + (size_t)i * from, out + (size_t)i * to, size);
    return out;
}

static int rows_pad(const frame *f, data_rows *r, error *e)
{
    size_t size = r->bytes ? 1 : sizeof *r->reals;
    void *values = r->bytes ? (void *)r->bytes : r->reals, *padded = values_pad(f, r, values, size);
    if (!padded)
        return error_set(e, EXIT_SYSTEM, "found no memory for %lld rows of %zu bytes; expected enough",
                         (long long)r->count, frame_width(f) * size);
    free(values);
    if (r->bytes)
        r->bytes = padded;
    else
        r->reals = padded;
    r->width = (int64_t)frame_width(f);
    return 0;
}

static int pad_refuse(const struct scenario *s, const dataset *d, error *e)
{
    char *shape = dataset_shape_words(d);
    int code = scenario_fault(s, "data.pad", e, "found %lld for rows of shape %s; expected rows [C, H, W] or [H, W]",
                              (long long)s->data.pad, shape);
    free(shape);
    return code;
}

int pad_fix(const struct scenario *s, dataset *d, error *e)
{
    int64_t planes, height, width, pad = s->data.pad;
    if (pad == 0)
        return 0;
    if (!dataset_pictures(d, &planes, &height, &width))
        return pad_refuse(s, d, e);
    frame f = {(size_t)pad, (size_t)planes, (size_t)height, (size_t)width};
    d->shape[d->rank - 2] += 2 * pad;
    d->shape[d->rank - 1] += 2 * pad;
    int code = rows_pad(&f, &d->train, e);
    return code ? code : rows_pad(&f, &d->test, e);
}
