/* A set that is made, not read: for trials and tests that need no files.
 *
 * A class is a row of random bytes. A row is its class's, mixed with that of another class and with noise: most rows are
 * near their own class, some are a little nearer to the other, so that a linear model learns the set well and cannot learn
 * it perfectly, whatever the shape. Row i is of class i mod classes and depends on i alone, not on the seed of the run
 * or on how many rows there are. Whole numbers only: the same bytes on every machine. */
#include <stdlib.h>

#include "base/alloc.h"
#include "data/source.h"

enum { WEIGHT_WHOLE = 256, WEIGHT_LEAST = 120, NOISE = 97 }; /* of 137 weights 8 are below half: 6 rows in 100 */

typedef struct maker {
    int64_t width, classes;
    uint8_t *prototypes; /* [classes, width] */
} maker;

static void bytes_draw(random_stream *r, uint8_t *out, int64_t count)
{
    for (int64_t i = 0; i < count; i += 4) {
        uint32_t word = random_word(r);
        for (int64_t j = i; j < count && j < i + 4; j++, word >>= 8)
            out[j] = (uint8_t)word;
    }
}

static uint8_t value_mix(uint8_t own, uint8_t other, int weight, uint8_t noise)
{
    int value = (own * weight + other * (WEIGHT_WHOLE - weight)) / WEIGHT_WHOLE + noise * NOISE / 256 - NOISE / 2;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* Every row has its own stretch of the part's stream; random_below may draw more words than one, never many. */
static void row_make(const maker *m, random_stream *r, int64_t i, uint8_t *row)
{
    enum { WORDS_BEFORE = 64 };
    int64_t class = i % m->classes, words = WORDS_BEFORE + (m->width + 3) / 4;
    random_seek(r, (uint64_t)(i * words));
    int64_t other = (class + 1 + random_below(r, m->classes - 1)) % m->classes;
    int weight = WEIGHT_LEAST + (int)random_below(r, WEIGHT_WHOLE - WEIGHT_LEAST + 1);
    random_seek(r, (uint64_t)(i * words + WORDS_BEFORE));
    bytes_draw(r, row, m->width);
    for (int64_t j = 0; j < m->width; j++)
        row[j] = value_mix(m->prototypes[class * m->width + j], m->prototypes[other * m->width + j], weight, row[j]);
}

static int part_make(const maker *m, const char *name, int64_t count, data_rows *out, error *e)
{
    random_stream r = random_open(0, "synthetic", name, 0);
    *out = (data_rows){.count = count, .width = m->width};
    out->bytes = malloc((size_t)(count * m->width));
    out->label = malloc((size_t)count * sizeof *out->label);
    if (!out->bytes || !out->label)
        return error_set(e, EXIT_SYSTEM, "synthetic: found no memory for %lld rows of %lld bytes; expected enough",
                         (long long)count, (long long)m->width);
    for (int64_t i = 0; i < count; i++) {
        row_make(m, &r, i, out->bytes + i * m->width);
        out->label[i] = (int32_t)(i % m->classes);
    }
    return 0;
}

static int shape_take(const struct scenario *s, dataset *d, maker *m, error *e)
{
    static const int64_t limit = (int64_t)1 << 36; /* bytes in all, as of files */
    const struct int_list *shape = &s->data.synthetic.shape;
    int64_t rows = s->data.synthetic.train_rows + s->data.synthetic.test_rows;
    if (shape->count < 1 || shape->count > 4)
        return scenario_fault(s, "data.shape", e, "found %lld dimensions; expected 1 to 4", (long long)shape->count);
    for (int64_t i = 0; i < shape->count; i++) {
        d->shape[i] = shape->at[i];
        if (m->width > limit / (rows + m->classes) / shape->at[i])
            return scenario_fault(s, "data.shape", e, "found %lld rows of that shape; expected at most 64 GiB in all",
                                  (long long)rows);
        m->width *= shape->at[i];
    }
    d->rank = shape->count;
    d->channels = d->rank == 3 ? d->shape[0] : 1;
    d->maximum = 255;
    return 0;
}

int synthetic_open(const struct scenario *s, dataset *d, error *e)
{
    maker m = {.width = 1, .classes = s->data.synthetic.classes};
    if (s->data.synthetic.train_rows < m.classes)
        return scenario_fault(s, "data.train_rows", e, "found %lld rows; expected at least %lld, one a class",
                              (long long)s->data.synthetic.train_rows, (long long)m.classes);
    int code = shape_take(s, d, &m, e);
    if (code)
        return code;
    m.prototypes = calloc((size_t)m.classes, (size_t)m.width);
    if (!m.prototypes)
        return error_set(e, EXIT_SYSTEM, "synthetic: found no memory for %lld classes; expected enough",
                         (long long)m.classes);
    for (int64_t i = 0; i < m.classes; i++) {
        random_stream r = random_open(0, "synthetic", "class", i);
        bytes_draw(&r, m.prototypes + i * m.width, m.width);
    }
    code = part_make(&m, "train", s->data.synthetic.train_rows, &d->train, e);
    if (!code)
        code = part_make(&m, "test", s->data.synthetic.test_rows, &d->test, e);
    free(m.prototypes);
    return code;
}
