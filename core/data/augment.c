/* Augmentation: a window cut out of the row with zeros around it, and a flip from left to right.
 *
 * It acts on rows that are normalised already, with what a raw 0 is normalised to around them: the same bits as if raw
 * rows were augmented and normalised afterwards (black around, as torchvision pads), in one way for bytes, reals and the
 * rows that memories give back. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "data/source.h"

/* A window that may lie beside the row altogether leaves black rows with labels. */
static int crop_check(const struct scenario *s, const dataset *d, int64_t number, int64_t side, error *e)
{
    const struct augmentation *a = &s->data.augment.at[number];
    if (a->kind != AUGMENT_CROP || a->pad < side)
        return 0;
    char *path = alloc_format("data.augment[%lld].crop", (long long)number), *shape = dataset_shape_words(d);
    int code = scenario_fault(s, path, e, "found %lld; expected less than %lld, the side of rows of shape %s",
                              (long long)a->pad, (long long)side, shape);
    free(path);
    free(shape);
    return code;
}

int augment_fix(const struct scenario *s, dataset *d, error *e)
{
    const struct augmentation_list *list = &s->data.augment;
    int64_t planes, height, width;
    if (!list->count)
        return 0;
    if (s->stream.split.by == SPLIT_PERMUTATION) {
        scenario_fault(s, "data.augment", e,
                       "found augmentations of permuted rows, whose values have no neighbours; expected none");
        return error_hint(e, "drop data.augment, or choose another stream.split.by");
    }
    if (!dataset_pictures(d, &planes, &height, &width)) {
        char *shape = dataset_shape_words(d);
        scenario_fault(s, "data.augment", e,
                       "found augmentations of rows of shape %s; expected rows [C, H, W] or [H, W]", shape);
        free(shape);
        return EXIT_SCENARIO;
    }
    for (int64_t i = 0; i < list->count; i++)
        if (crop_check(s, d, i, height < width ? height : width, e))
            return EXIT_SCENARIO;
    d->augment = alloc_zero((size_t)list->count, sizeof *d->augment);
    memcpy(d->augment, list->at, (size_t)list->count * sizeof *d->augment);
    d->augment_count = list->count;
    return 0;
}

typedef struct picture {
    int64_t planes, height, width;
    const float *shift; /* [planes]: what a raw 0 is normalised to */
} picture;

static void line_fill(float *line, int64_t from, int64_t to, float value)
{
    for (int64_t i = from; i < to; i++)
        line[i] = value;
}

/* The window whose corner stands at (top, left) of the row, either of which may be outside. */
static void picture_crop(const picture *p, int64_t top, int64_t left, const float *row, float *out)
{
    int64_t first = left < 0 ? -left : 0, last = left > 0 ? p->width - left : p->width;
    for (int64_t i = 0; i < p->planes * p->height; i++, out += p->width) {
        int64_t plane = i / p->height, y = i % p->height + top;
        float black = 0.0f + p->shift[plane]; /* a shift of -0 makes 0 out of 0 */
        bool inside = y >= 0 && y < p->height;
        line_fill(out, 0, inside ? first : p->width, black);
        if (!inside)
            continue;
        memcpy(out + first, row + (plane * p->height + y) * p->width + left + first,
               (size_t)(last - first) * sizeof *out);
        line_fill(out, last, p->width, black);
    }
}

static void picture_flip(const picture *p, float *row)
{
    for (int64_t i = 0; i < p->planes * p->height; i++, row += p->width)
        for (int64_t a = 0, b = p->width - 1; a < b; a++, b--) {
            float kept = row[a];
            row[a] = row[b];
            row[b] = kept;
        }
}

/* What is drawn for a row depends on the scenario alone, so that a row more or less moves all others alike. */
static void row_augment(const dataset *d, const picture *p, random_stream *r, float *row, float *room)
{
    for (int64_t i = 0; i < d->augment_count; i++) {
        const struct augmentation *a = &d->augment[i];
        if (a->kind == AUGMENT_FLIP) {
            if (random_below(r, 2))
                picture_flip(p, row);
            continue;
        }
        int64_t top = random_below(r, 2 * a->pad + 1) - a->pad, left = random_below(r, 2 * a->pad + 1) - a->pad;
        memcpy(room, row, (size_t)d->train.width * sizeof *room);
        picture_crop(p, top, left, room, row);
    }
}

void dataset_augment(const dataset *d, random_stream *r, int64_t n, float *x)
{
    picture p = {.shift = d->channel_shift};
    if (!d->augment_count || !dataset_pictures(d, &p.planes, &p.height, &p.width))
        return;
    float *room = alloc_zero((size_t)d->train.width, sizeof *room);
    for (int64_t i = 0; i < n; i++)
        row_augment(d, &p, r, x + i * d->train.width, room);
    free(room);
}
