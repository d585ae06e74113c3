/* CIFAR-10 and CIFAR-100 in their binary version: records of a label (CIFAR-100: a coarse and a fine one) and 3072 bytes,
 * channel by channel. Records go through a small buffer straight to where they stay, so that the 150 MB are in memory
 * once. A file may be shorter than the set's own, by whole records, for sets made smaller on purpose; never longer. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "data/source.h"

enum {
    SIDE = 32,
    CHANNELS = 3,
    PIXELS = CHANNELS * SIDE * SIDE,
    RECORDS = 256,
    NAME_BYTES = 60,
    NAMES_BYTES = 1 << 16
};

typedef struct cifar {
    int64_t labels;      /* bytes before the pixels, of which `at` is the class */
    int64_t at, most[2]; /* the greatest value of each label */
    const char *names;   /* the file that names the classes */
} cifar;

static const cifar forms[] = {{1, 0, {9}, "batches.meta.txt"},
                              {2, 1, {19, 99}, "fine_label_names.txt"},
                              {2, 0, {19, 99}, "coarse_label_names.txt"}};

/* ---- records ---- */

static int rows_room(const source *s, data_rows *rows, int64_t *room, error *e)
{
    if (rows->count + RECORDS <= *room)
        return 0;
    int64_t more = *room ? *room * 2 : source_size(s) / PIXELS + RECORDS; /* exact for one file that is not packed */
    uint8_t *bytes = realloc(rows->bytes, (size_t)more * PIXELS);
    rows->bytes = bytes ? bytes : rows->bytes;
    int32_t *label = bytes ? realloc(rows->label, (size_t)more * sizeof *label) : NULL;
    if (!label)
        return error_set(e, EXIT_SYSTEM, "%s: found no memory for %lld rows of %d bytes; expected enough",
                         source_path(s), (long long)more, PIXELS);
    rows->label = label;
    *room = more;
    return 0;
}

static int record_take(const source *s, const cifar *form, const uint8_t *record, int64_t number, data_rows *rows,
                       error *e)
{
    for (int64_t i = 0; i < form->labels; i++)
        if (record[i] > form->most[i])
            return error_set(e, EXIT_DATA, "%s: found label %d in record %lld; expected 0 to %lld", source_path(s),
                             record[i], (long long)number, (long long)form->most[i]);
    memcpy(rows->bytes + rows->count * PIXELS, record + form->labels, PIXELS);
    rows->label[rows->count++] = record[form->at];
    return 0;
}

static int size_refuse(const source *s, const cifar *form, int64_t found, error *e)
{
    return error_set(e, EXIT_DATA, "%s: found %lld %sbytes; expected a multiple of %lld, the bytes of a record",
                     source_path(s), (long long)found, source_packed(s) ? "unpacked " : "",
                     (long long)form->labels + PIXELS);
}

static int records_read(source *s, const cifar *form, int64_t limit, data_rows *rows, int64_t *room, error *e)
{
    int64_t size = form->labels + PIXELS, done = 0, n;
    uint8_t *buffer = alloc_zero(RECORDS, (size_t)size);
    int code = 0;
    do {
        n = source_take(s, buffer, (size_t)(RECORDS * size), e);
        if (n < 0)
            code = error_set(e, EXIT_DATA, "%s: cannot be read", source_path(s)); /* the first words stay */
        else if (done + n > limit)
            code = error_set(e, EXIT_DATA, "%s: found more than %lld bytes; expected at most that", source_path(s),
                             (long long)limit);
        else if (n % size || done + n == 0)
            code = size_refuse(s, form, done + n, e);
        else
            code = rows_room(s, rows, room, e);
        for (int64_t i = 0; !code && i < n / size; i++)
            code = record_take(s, form, buffer + i * size, done / size + i, rows, e);
        done += n;
    } while (!code && n == RECORDS * size);
    free(buffer);
    return code ? code : source_end(s, e);
}

static int file_read(const char *path, const cifar *form, int64_t limit, data_rows *rows, int64_t *room, error *e)
{
    source *s = NULL;
    int code = source_open(path, &s, e);
    if (!code && !source_packed(s) && source_size(s) % (form->labels + PIXELS))
        code = size_refuse(s, form, source_size(s), e);
    if (!code)
        code = records_read(s, form, limit, rows, room, e);
    source_close(s);
    return code;
}

/* ---- names: one a line ---- */

static int names_read(source *s, dataset *d, int64_t classes, error *e)
{
    char *line;
    size_t length;
    int64_t found = 0;
    int code;
    while (!(code = source_line(s, &line, &length, e)) && line) {
        if (!length)
            continue;
        if (found < classes && length <= NAME_BYTES)
            d->class_names[found] = alloc_format("%s", text_quoted(line));
        else if (found < classes)
            return error_set(e, EXIT_DATA, "%s: found a name of %zu bytes; expected at most %d", source_path(s), length,
                             NAME_BYTES);
        found++;
    }
    if (!code && found != classes)
        code = error_set(e, EXIT_DATA, "%s: found %lld names; expected %lld, one a class", source_path(s),
                         (long long)found, (long long)classes);
    return code;
}

static int names_open(dataset *d, const char *path, int64_t classes, error *e)
{
    source *s = NULL;
    if (!source_there(path))
        return 0;
    int code = source_open(path, &s, e);
    d->class_count = classes;
    d->class_names = alloc_zero((size_t)classes + 1, sizeof *d->class_names);
    if (!code)
        code = names_read(s, d, classes, e);
    source_close(s);
    return code;
}

/* ---- the whole ---- */

static int part_open(const data_set_info *set, const char *root, int first, int count, const cifar *form, dataset *d,
                     data_rows *rows, error *e)
{
    int64_t room = 0;
    int code = 0;
    rows->width = PIXELS;
    for (int i = first; !code && i < first + count; i++) {
        char *path = set_file(set, root, set->files[i].name);
        code = source_there(path) ? file_read(path, form, set->files[i].size, rows, &room, e)
                                  : set_missing(set, root, path, e);
        dataset_note_file(d, path);
        free(path);
    }
    return code;
}

int cifar_open(const struct scenario *s, dataset *d, const char *root, error *e)
{
    const data_set_info *set = set_named(data_set_name(s->data.set));
    bool ten = s->data.set == DATA_CIFAR10;
    const cifar *form = &forms[ten ? 0 : s->data.cifar.labels == LABELS_FINE ? 1 : 2];
    int files = ten ? 5 : 1;
    char *names = set_file(set, root, form->names);
    int code = part_open(set, root, 0, files, form, d, &d->train, e);
    d->test_file = d->file_count;
    if (!code)
        code = part_open(set, root, files, 1, form, d, &d->test, e);
    if (!code)
        code = names_open(d, names, form->most[form->at] + 1, e);
    free(names);
    d->rank = 3;
    d->shape[0] = d->channels = CHANNELS;
    d->shape[1] = d->shape[2] = SIDE;
    d->maximum = 255;
    return code;
}
