/* Extension perdure.pictures/1: rows of pixels become one picture, and the session's listener knows where it goes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "plugin/host.h"

enum { NAME_MOST = 64, PIXELS_MOST = 1 << 26 };

typedef struct tiles {
    int64_t count, channels, height, width; /* of one */
    int64_t columns, lines;
} tiles;

static bool name_fits(const char *name)
{
    size_t length = name ? strnlen(name, NAME_MOST + 1) : 0;
    return length >= 1 && length <= NAME_MOST && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == length;
}

static bool tiles_measure(const pdr_tensor *rows, int64_t columns, tiles *t)
{
    const pdr_tensor_api *T = host_engine()->tensor;
    int32_t rank = T->rank(rows);
    if (rank != 3 && rank != 4)
        return false;
    *t = (tiles){.count = T->size(rows, 0),
                 .channels = rank == 4 ? T->size(rows, 1) : 1,
                 .height = T->size(rows, rank - 2),
                 .width = T->size(rows, rank - 1),
                 .columns = columns};
    return t->count >= 1 && t->height >= 1 && t->width >= 1 && (t->channels == 1 || t->channels == 3);
}

static const char *shape_in_words(const pdr_tensor *rows)
{
    static char words[96];
    const pdr_tensor_api *T = host_engine()->tensor;
    size_t at = (size_t)snprintf(words, sizeof words, "[");
    for (int32_t i = 0; i < T->rank(rows) && at < sizeof words; i++)
        at += (size_t)snprintf(words + at, sizeof words - at, i ? ", %lld" : "%lld", (long long)T->size(rows, i));
    if (at < sizeof words)
        snprintf(words + at, sizeof words - at, "]");
    return words;
}

static pdr_status tiles_take(pdr_scope *s, const char *name, const pdr_tensor *rows, int64_t columns, tiles *t)
{
    if (!name_fits(name))
        return scope_fail(s, PDR_EINVALID, "grid: found the name \"%s\"; expected 1 to %d of a-z, 0-9, '-' and '_'",
                          name ? text_quoted(name) : "", NAME_MOST);
    if (!tiles_measure(rows, columns, t))
        return scope_fail(s, PDR_EINVALID,
                          "grid: found rows of shape %s; expected [n, height, width], [n, 1, height, width] or [n, 3, "
                          "height, width], and at least one",
                          shape_in_words(rows));
    if (columns < 1)
        return scope_fail(s, PDR_EINVALID, "grid: found %lld columns; expected at least 1", (long long)columns);
    t->lines = t->count / columns + (t->count % columns != 0);
    int64_t pixels;
    if (__builtin_mul_overflow(t->lines * t->height, columns, &pixels) ||
        __builtin_mul_overflow(pixels, t->width, &pixels) || pixels > PIXELS_MOST)
        return scope_fail(s, PDR_EINVALID, "grid: found %lld rows in %lld columns; expected at most %d pixels",
                          (long long)t->count, (long long)columns, PIXELS_MOST);
    return PDR_OK;
}

static uint8_t level(float v) { return (uint8_t)(255 * (v < 0 ? 0 : v > 1 ? 1 : v) + 0.5F); }

/* From [n, channels, height, width] to [lines * height, columns * width, channels]. False: a value is not finite. */
static bool tiles_lay(const tiles *t, const float *value, uint8_t *pixels)
{
    bool finite = true;
    for (int64_t i = 0; i < t->count; i++)
        for (int64_t c = 0; c < t->channels; c++)
            for (int64_t y = 0; y < t->height; y++) {
                int64_t line = i / t->columns * t->height + y;
                int64_t first = (line * t->columns + i % t->columns) * t->width;
                for (int64_t x = 0; x < t->width; x++, value++) {
                    finite = finite && isfinite(*value);
                    pixels[(first + x) * t->channels + c] = finite ? level(*value) : 0;
                }
            }
    return finite;
}

static pdr_status tiles_show(pdr_scope *s, const char *name, const tiles *t, const float *values)
{
    strategy *me = host_running();
    const host_listener *to = &me->session->listener;
    picture p = {.width = t->columns * t->width, .height = t->lines * t->height, .channels = t->channels};
    uint8_t *pixels = alloc_zero((size_t)(p.width * p.height), (size_t)p.channels);
    char *full = alloc_format("%s.%s", me->name, name);
    error e = {0};
    pdr_status status = PDR_OK;
    p.pixels = pixels;
    if (!tiles_lay(t, values, pixels))
        status = scope_fail(s, PDR_ENOTFINITE, "grid: found a value in %s that is not finite; expected 0 to 1", name);
    else if (to->picture(to->self, full, &p, &e))
        status = scope_fail(s, PDR_EIO, "%s", e.text);
    free(full);
    free(pixels);
    return status;
}

static pdr_status pictures_grid(pdr_scope *s, const char *name, const pdr_tensor *rows, int64_t columns)
{
    const strategy *me = host_running();
    tiles t = {0};
    if (!rows || !me) /* the scope that made them holds the reason */
        return PDR_EINVALID;
    pdr_status status = tiles_take(s, name, rows, columns, &t);
    if (status || !me->session->listener.picture)
        return status;
    const float *values = host_bytes(s, rows, PDR_F32);
    return values ? tiles_show(s, name, &t, values) : host_engine()->tensor->status(s);
}

const pdr_pictures_api host_pictures_api = {.struct_size = sizeof(pdr_pictures_api), .grid = pictures_grid};
