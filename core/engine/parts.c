/* Parts: named blocks one behind the other in a flat tensor, of parameters or of running means. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "engine/model.h"

int part_add(model_part *p, const model_block *block, error *e)
{
    model_block b = *block;
    b.about.struct_size = sizeof b.about;
    b.about.first = p->size;
    b.about.count = 1;
    bool fits = true;
    for (int64_t d = 0; d < b.about.rank; d++)
        fits = fits && !__builtin_mul_overflow(b.about.count, b.about.shape[d], &b.about.count);
    if (!fits || __builtin_add_overflow(p->size, b.about.count, &p->size))
        return error_set(e, EXIT_SCENARIO, "network: found %s of more numbers than can be counted; expected fewer",
                         b.about.name);
    b.about.name = alloc_text(b.about.name);
    p->at = alloc_again(p->at, (size_t)p->count + 1, sizeof *p->at);
    p->at[p->count++] = b;
    return 0;
}

void part_copy(model_part *into, const model_part *p)
{
    *into = (model_part){0};
    for (int64_t i = 0; i < p->count; i++) {
        model_block b = p->at[i];
        b.leaf = b.gradient = NULL;
        (void)part_add(into, &b, NULL); /* it fitted the first time */
    }
}

void part_drop_last(model_part *p)
{
    model_block *b = &p->at[--p->count];
    p->size = b->about.first;
    free((void *)(uintptr_t)b->about.name);
}

void part_clear(model_part *p)
{
    for (int64_t i = 0; i < p->count; i++)
        free((void *)(uintptr_t)p->at[i].about.name);
    free(p->at);
}

void part_draw(const model_part *p, int64_t first, random_stream *r, float *out)
{
    const int64_t start = first < p->count ? p->at[first].about.first : p->size;
    for (int64_t i = first; i < p->count; i++) {
        const model_block *b = &p->at[i];
        float *w = out + (b->about.first - start);
        const double bound = b->fan_in ? 1.0 / sqrt((double)b->fan_in) : 0;
        if (b->fan_in)
            random_units(r, w, (size_t)b->about.count);
        for (int64_t j = 0; j < b->about.count; j++)
            w[j] = b->fan_in ? (float)((2.0 * (double)w[j] - 1.0) * bound) : b->fill;
    }
}

pdr_status part_describe(const model_part *p, int64_t i, pdr_block *out)
{
    if (!p || !out || i < 0 || i >= p->count)
        return PDR_EINVALID;
    uint32_t room = out->struct_size;
    if (room < sizeof room)
        return PDR_EINVALID;
    memcpy(out, &p->at[i].about, room < sizeof *out ? room : sizeof *out);
    out->struct_size = room;
    return PDR_OK;
}
