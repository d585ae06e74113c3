/* network.weights: the network begins with values out of a safetensors file of any program, as far as it has tensors of
 * the same names. What has the name and another shape is a mistake and stops the cell; what only one of the two has is
 * told, and the network's stays as the seed drew it. Heads that come with their tasks are drawn, too. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "record/arrays_file.h"
#include "train/cell.h"

enum { ROWS_TOLD = 40 };

struct begun {
    cell *c;
    const char *path;
    arrays file;
    bool *used; /* [file.count] */
    error *e;
};

/* ---- one block ---- */

static char *shape_words(const int64_t *shape, int64_t rank)
{
    text out = {0};
    text_addf(&out, "[");
    for (int64_t i = 0; i < rank; i++)
        text_addf(&out, "%s%lld", i ? ", " : "", (long long)shape[i]);
    text_addf(&out, "]");
    return out.at;
}

static void loaded_add(cell_result *r, const char *name, enum loaded_where where)
{
    r->loaded = alloc_again(r->loaded, (size_t)r->loaded_count + 1, sizeof *r->loaded);
    r->loaded[r->loaded_count++] = (struct cell_loaded){alloc_text(name), where};
}

static int shape_refuse(const struct begun *b, const array *from, const pdr_block *block)
{
    char *found = shape_words(from->shape, from->rank), *expected = shape_words(block->shape, block->rank);
    int code = error_set(b->e, EXIT_DATA, "%s: %s: found shape %s; expected %s, as the network has it", b->path,
                         block->name, found, expected);
    free(found);
    free(expected);
    return code;
}

static int values_check(const struct begun *b, const array *from)
{
    const float *at = from->bytes;
    if (from->type != ARRAY_F32)
        return error_set(b->e, EXIT_DATA, "%s: %s: found another dtype; expected F32", b->path, from->name);
    for (uint64_t i = 0; i < from->size / sizeof *at; i++)
        if (!isfinite(at[i]))
            return error_set(b->e, EXIT_DATA, "%s: %s: found %g at %llu; expected finite values", b->path, from->name,
                             (double)at[i], (unsigned long long)i);
    return 0;
}

static int block_begin(struct begun *b, const pdr_block *block, pdr_tensor *into)
{
    const array *from = arrays_find(&b->file, block->name);
    loaded_add(b->c->result, block->name, from ? LOADED_MATCHED : LOADED_ONLY_IN_NETWORK);
    if (!from)
        return 0;
    b->used[from - b->file.at] = true;
    if (!cell_same_shape(from, block))
        return shape_refuse(b, from, block);
    int code = values_check(b, from);
    return code ? code : cell_lay(b->c, b->path, into, block->first, from, block->name, b->e);
}

/* ---- all ---- */

static int blocks_begin(struct begun *b)
{
    const struct engine *engine = b->c->engine;
    pdr_model *m = b->c->session.model;
    const int64_t blocks = engine->model->block_count(m), buffers = engine->buffer_count(m);
    int code = 0;
    for (int64_t i = 0; !code && i < blocks + buffers; i++) {
        pdr_block block = {.struct_size = sizeof block};
        if (i < blocks)
            engine->model->block(m, i, &block);
        else
            engine->buffer(m, i - blocks, &block);
        code = block_begin(b, &block, i < blocks ? engine->model->flat_params(m) : engine->model_buffers(m));
    }
    for (int64_t i = 0; !code && i < b->file.count; i++)
        if (!b->used[i])
            loaded_add(b->c->result, b->file.at[i].name, LOADED_ONLY_IN_FILE);
    return code;
}

static int64_t loaded_count(const cell_result *r, enum loaded_where where)
{
    int64_t count = 0;
    for (int64_t i = 0; i < r->loaded_count; i++)
        count += r->loaded[i].where == where;
    return count;
}

/* A network whose names are all others is one that was meant to be another network. */
static int matches_check(const struct begun *b)
{
    const cell_result *r = b->c->result;
    if (loaded_count(r, LOADED_MATCHED))
        return 0;
    return error_set(b->e, EXIT_DATA,
                     "%s: found no tensor of the network's names (it has %s); expected at least one such as %s",
                     b->path, b->file.count ? text_quoted(b->file.at[0].name) : "none",
                     r->loaded_count ? text_quoted(r->loaded[0].name) : "none");
}

static void line_tell(const cell *c, char *line)
{
    if (c->listener->note)
        c->listener->note(c->listener->self, "info", line);
    free(line);
}

/* The table; result.json has all of it. */
static void loaded_tell(const struct begun *b)
{
    static const char *const words[] = {"taken over", "only in the file", "only in the network: drawn by the seed"};
    const cell_result *r = b->c->result;
    int64_t matched = loaded_count(r, LOADED_MATCHED);
    line_tell(b->c, alloc_format("weights: %lld of the network's %lld tensors from %s", (long long)matched,
                                 (long long)(matched + loaded_count(r, LOADED_ONLY_IN_NETWORK)), b->path));
    for (int64_t i = 0; i < r->loaded_count && i < ROWS_TOLD; i++)
        line_tell(b->c, alloc_format("weights: %-24s %s", text_quoted(r->loaded[i].name), words[r->loaded[i].where]));
    if (r->loaded_count > ROWS_TOLD)
        line_tell(b->c, alloc_format("weights: and %lld more: result.json names all",
                                     (long long)r->loaded_count - ROWS_TOLD));
}

int weights_begin(cell *c, error *e)
{
    char digest[SHA256_HEX];
    struct begun b = {.c = c, .path = c->method->options->network.weights, .e = e};
    if (!b.path)
        return 0;
    int code = arrays_read_foreign(b.path, digest, &b.file, e);
    b.used = alloc_zero((size_t)b.file.count + 1, sizeof *b.used);
    if (!code && strcmp(digest, c->method->weights_sha256) != 0)
        code = error_set(e, EXIT_DATA, "%s: found SHA-256 %s; expected %s, as when the run began", b.path, digest,
                         c->method->weights_sha256);
    if (!code && !(code = blocks_begin(&b)) && !(code = matches_check(&b)))
        loaded_tell(&b);
    free(b.used);
    arrays_free(&b.file);
    return code;
}
