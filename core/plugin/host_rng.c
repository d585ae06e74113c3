/* Random streams of strategies: f(run seed, strategy, name, number). A stream is known by its name, so asking again gives
 * it where it stands. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "plugin/host.h"

struct pdr_rng {
    random_stream stream;
    char *name;
    int64_t number;
};

static pdr_rng *rng_stream(const pdr_host *h, const char *name, int64_t number)
{
    strategy *s = host_strategy(h);
    name = name ? name : "";
    for (int64_t i = 0; i < s->stream_count; i++)
        if (s->streams[i]->number == number && !strcmp(s->streams[i]->name, name))
            return s->streams[i];
    pdr_rng *r = alloc_zero(1, sizeof *r);
    char *purpose = alloc_format("strategy %s", s->name);
    r->stream = random_open(s->session->seed, purpose, name, number);
    r->name = alloc_text(name);
    r->number = number;
    free(purpose);
    s->streams = alloc_again(s->streams, (size_t)s->stream_count + 1, sizeof(pdr_rng *));
    return s->streams[s->stream_count++] = r;
}

random_stream *host_stream(strategy *s, const char *name) { return &rng_stream(&s->host, name, 0)->stream; }

random_stream *host_stream_next(strategy *s, const char *name)
{
    int64_t number = 0;
    for (int64_t i = 0; i < s->stream_count; i++)
        if (!strcmp(s->streams[i]->name, name) && s->streams[i]->number >= number)
            number = s->streams[i]->number + 1;
    return &rng_stream(&s->host, name, number)->stream;
}

static void rng_rewind(pdr_rng *r)
{
    if (r)
        random_seek(&r->stream, 0);
}

static int64_t rng_below(pdr_rng *r, int64_t n) { return r ? random_below(&r->stream, n) : 0; }
static double rng_unit(pdr_rng *r) { return r ? random_unit(&r->stream) : 0; }
static double rng_normal(pdr_rng *r) { return r ? random_normal(&r->stream) : 0; }

static pdr_tensor *floats_drawn(pdr_scope *s, pdr_rng *r, const int64_t *shape, int32_t rank,
                                void (*draw)(random_stream *, float *, size_t))
{
    const struct engine *e = host_engine();
    void *at = NULL;
    pdr_tensor *t = r ? e->blank(s, PDR_F32, shape, rank, &at) : NULL;
    size_t count = 1;
    for (int32_t i = 0; i < rank; i++)
        count *= (size_t)shape[i];
    if (t)
        draw(&r->stream, at, count);
    return e->to_device(s, t);
}

static pdr_tensor *rng_units(pdr_scope *s, pdr_rng *r, const int64_t *shape, int32_t rank)
{
    return floats_drawn(s, r, shape, rank, random_units);
}

static pdr_tensor *rng_normals(pdr_scope *s, pdr_rng *r, const int64_t *shape, int32_t rank)
{
    return floats_drawn(s, r, shape, rank, random_normals);
}

static pdr_tensor *rng_permutation(pdr_scope *s, pdr_rng *r, int64_t n)
{
    const struct engine *e = host_engine();
    void *at = NULL;
    pdr_tensor *t = r ? e->blank(s, PDR_I64, &n, 1, &at) : NULL;
    if (t)
        random_permutation(&r->stream, at, n);
    return e->to_device(s, t);
}

/* ---- in a checkpoint: PLACE/names, each with its NUL, and PLACE/stood, [n, 2]: number of the stream and words drawn ---- */

void host_streams_save(const strategy *s, const char *place, arrays *into)
{
    text names = {0};
    int64_t *stood = alloc_zero((size_t)s->stream_count * 2 + 1, sizeof *stood);
    char *at = alloc_format("%s/names", place), *where = alloc_format("%s/stood", place);
    for (int64_t i = 0; i < s->stream_count; i++) {
        text_add(&names, s->streams[i]->name, strlen(s->streams[i]->name) + 1);
        stood[2 * i] = s->streams[i]->number;
        stood[2 * i + 1] = (int64_t)s->streams[i]->stream.drawn;
    }
    arrays_copy(into, at, ARRAY_U8, (int64_t)names.length, names.at);
    arrays_take(into, where, ARRAY_I64, (const int64_t[]){s->stream_count, 2}, 2, stood);
    text_free(&names);
    free(where);
    free(at);
}

static int streams_lay(strategy *s, const array *names, const array *stood, error *e)
{
    const char *name = names->bytes;
    const int64_t *place = stood->bytes;
    size_t left = names->size;
    for (int64_t i = 0; i < stood->shape[0]; i++) {
        const char *end = left ? memchr(name, '\0', left) : NULL;
        if (!end)
            return error_set(e, EXIT_DATA, "strategy %s: found %lld random streams and fewer names; expected as many",
                             s->name, (long long)stood->shape[0]);
        random_seek(&rng_stream(&s->host, name, place[2 * i])->stream, (uint64_t)place[2 * i + 1]);
        left -= (size_t)(end + 1 - name);
        name = end + 1;
    }
    return 0;
}

int host_streams_load(strategy *s, const char *place, const arrays *from, error *e)
{
    char *at = alloc_format("%s/names", place), *where = alloc_format("%s/stood", place);
    const array *names = arrays_find(from, at), *stood = arrays_find(from, where);
    int code = 0;
    if (!names || !stood || names->type != ARRAY_U8 || stood->type != ARRAY_I64 || stood->rank != 2 ||
        stood->shape[1] != 2)
        code = error_set(e, EXIT_DATA, "strategy %s: found no random streams in the checkpoint; expected %s and %s",
                         s->name, at, where);
    else
        code = streams_lay(s, names, stood, e);
    free(where);
    free(at);
    return code;
}

void host_streams_close(strategy *s)
{
    for (int64_t i = 0; i < s->stream_count; i++) {
        free(s->streams[i]->name);
        free(s->streams[i]);
    }
    free(s->streams);
    s->streams = NULL;
    s->stream_count = 0;
}

const pdr_rng_api host_rng_api = {
    .struct_size = sizeof(pdr_rng_api),
    .stream = rng_stream,
    .rewind = rng_rewind,
    .below = rng_below,
    .unit = rng_unit,
    .normal = rng_normal,
    .units = rng_units,
    .normals = rng_normals,
    .permutation = rng_permutation,
};
