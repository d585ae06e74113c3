/* See safetensors.h. Parameters that no tensor names are left out: the file has no holes. */
#include "record/safetensors.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "record/arrays_file.h"

static int weights_check(const cell_result *r, const struct cell_weights *w, const arrays *before, error *e)
{
    int64_t size = 1;
    for (int64_t i = 0; i < w->rank && i < 4; i++)
        size *= w->shape[i];
    if (w->rank < 0 || w->rank > 4 || w->count < 0 || size != w->count)
        return error_set(e, EXIT_INTERNAL, "weights: %s has %lld values; its shape says %lld", w->name,
                         (long long)w->count, (long long)size);
    if (w->first < 0 || w->first > r->parameter_count - w->count)
        return error_set(e, EXIT_INTERNAL, "weights: %s ends at %lld of %lld parameters", w->name,
                         (long long)(w->first + w->count), (long long)r->parameter_count);
    if (w->name[0] == '\0' || !strcmp(w->name, "__metadata__") || arrays_find(before, w->name))
        return error_set(e, EXIT_INTERNAL, "weights: found the name '%s' twice, or it is no name of a tensor", w->name);
    return 0;
}

int safetensors_list(const cell_result *r, arrays *out, error *e)
{
    int code = 0;
    for (int64_t i = 0; i < r->weight_count && !code; i++) {
        const struct cell_weights *w = &r->weights[i];
        code = weights_check(r, w, out, e);
        if (!code)
            arrays_add(out, w->name, ARRAY_F32, w->shape, (int32_t)w->rank, r->parameters + w->first);
    }
    return code;
}

int safetensors_write(const char *path, const cell_result *r, const json_t *metadata, error *e)
{
    char *beside = alloc_format("%s.tmp-%ld", path, (long)getpid());
    arrays weights = {0};
    unlink(beside); /* of a process with the same number that died */
    int code = safetensors_list(r, &weights, e);
    if (!code)
        code = arrays_write(beside, &weights, metadata, NULL, NULL, e);
    if (!code && (code = file_move(beside, path, e)))
        unlink(beside);
    arrays_free(&weights);
    free(beside);
    return code;
}
