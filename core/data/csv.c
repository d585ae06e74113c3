/* CSV files of numbers: one row a line, every row as long as the first, the label a whole number in the first or last
 * column. Values that are all whole and within 0..255 stay bytes. Read line by line, so that only the rows themselves take
 * memory. A fault says line and column, the column as the number of the field. */
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "data/source.h"

enum { LABEL_LIMIT = 1 << 20 };

typedef struct reader {
    source *source;
    const csv_form *form;
    locale_t locale; /* "C": a comma never is a decimal point */
    int64_t line, columns, room;
    data_rows *rows;
    error *e;
} reader;

static int field_failed(const reader *r, int64_t column, const char *at, const char *expected)
{
    char found[64];
    size_t length = strcspn(at, ",");
    if (length > sizeof found - 1)
        length = sizeof found - 1;
    memcpy(found, at, length);
    found[length] = 0;
    return error_set(r->e, EXIT_DATA, "%s:%lld:%lld: found %s; expected %s", source_path(r->source), (long long)r->line,
                     (long long)column, length ? text_quoted(found) : "nothing", expected);
}

static bool field_ends(const char *p) { return *p == ',' || !*p; }

/* One number and what stands behind it: a comma or the line's end. Plain digits, the common case, go without strtod. */
static const char *field_read(const reader *r, const char *at, double *value)
{
    int whole = 0;
    const char *p = at;
    while (p < at + 9 && *p >= '0' && *p <= '9')
        whole = whole * 10 + (*p++ - '0');
    if (p > at && field_ends(p)) {
        *value = whole;
        return p;
    }
    char *end = NULL;
    *value = strtod_l(at, &end, r->locale);
    bool hexadecimal = memchr(at, 'x', (size_t)(end - at)) || memchr(at, 'X', (size_t)(end - at));
    while (*end == ' ' || *end == '\t')
        end++;
    return end > at && field_ends(end) && !hexadecimal ? end : NULL;
}

/* Rows take most of the memory, so where there is none left it is told as an error, not by ending the program. */
static int rows_grow(reader *r)
{
    data_rows *rows = r->rows;
    if (rows->count < r->room)
        return 0;
    int64_t room = r->room ? r->room * 2 : 1024;
    size_t width = rows->width > 0 ? (size_t)rows->width : 1; /* a first row without values was refused */
    float *reals = realloc(rows->reals, (size_t)room * width * sizeof *reals);
    rows->reals = reals ? reals : rows->reals;
    int32_t *label = reals ? realloc(rows->label, (size_t)room * sizeof *label) : NULL;
    if (!label)
        return error_set(r->e, EXIT_SYSTEM, "%s: found no memory for %lld rows of %lld values; expected enough",
                         source_path(r->source), (long long)room, (long long)rows->width);
    rows->label = label;
    r->room = room;
    return 0;
}

static int label_take(reader *r, int64_t column, const char *at, double value)
{
    if (value < 0 || value > LABEL_LIMIT || value != floor(value))
        return field_failed(r, column, at, "a class: a whole number from 0");
    r->rows->label[r->rows->count] = (int32_t)value;
    return 0;
}

static int64_t columns_count(const char *p)
{
    int64_t n = 1;
    while ((p = strchr(p, ','))) {
        n++;
        p++;
    }
    return n;
}

static int row_read(reader *r, const char *p)
{
    int64_t label = r->form->label_first ? 1 : r->columns, to = 0, columns = columns_count(p);
    if (columns != r->columns)
        return error_set(r->e, EXIT_DATA, "%s:%lld:%lld: found %lld column%s; expected %lld, as in the first row",
                         source_path(r->source), (long long)r->line, (long long)columns, (long long)columns,
                         columns == 1 ? "" : "s", (long long)r->columns);
    if (rows_grow(r))
        return r->e->code;
    float *row = r->rows->reals + r->rows->count * r->rows->width;
    for (int64_t column = 1; column <= columns; column++) {
        double value;
        const char *end = field_read(r, p, &value);
        if (!end || !isfinite((float)value))
            return field_failed(r, column, p, "a finite number");
        if (column != label)
            row[to++] = (float)value;
        else if (label_take(r, column, p, value))
            return r->e->code;
        p = end + 1;
    }
    r->rows->count++;
    return 0;
}

static int columns_fix(reader *r, const char *first)
{
    r->columns = columns_count(first);
    r->rows->width = r->columns - 1;
    if (r->columns > 1)
        return 0;
    return error_set(r->e, EXIT_DATA, "%s:%lld:1: found 1 column; expected values and a label, parted by commas",
                     source_path(r->source), (long long)r->line);
}

static int line_read(reader *r, char *line, size_t length)
{
    if (memchr(line, 0, length))
        return error_set(r->e, EXIT_DATA, "%s:%lld:%lld: found a NUL byte; expected text", source_path(r->source),
                         (long long)r->line, (long long)columns_count(line));
    if (r->line == 1 && !strncmp(line, "\xef\xbb\xbf", 3)) /* some spreadsheets put a byte order mark first */
        line += 3;
    if (r->line == 1 && r->form->header)
        return 0;
    if (!r->columns && columns_fix(r, line))
        return r->e->code;
    return row_read(r, line);
}

static int text_read(reader *r)
{
    char *line;
    size_t length;
    int code = 0;
    for (r->line = 1; !code && !(code = source_line(r->source, &line, &length, r->e)) && line; r->line++)
        code = line_read(r, line, length);
    if (!code)
        code = source_end(r->source, r->e);
    if (!code && !r->rows->count)
        code = error_set(r->e, EXIT_DATA, "%s: found no rows; expected at least one", source_path(r->source));
    return code;
}

/* Four times smaller, and a memory keeps them so. */
static void rows_narrow(data_rows *rows)
{
    size_t n = (size_t)(rows->count * rows->width);
    for (size_t i = 0; i < n; i++)
        if (!(rows->reals[i] >= 0 && rows->reals[i] <= 255 && rows->reals[i] == floorf(rows->reals[i])))
            return;
    rows->bytes = alloc_zero(n, 1);
    for (size_t i = 0; i < n; i++)
        rows->bytes[i] = (uint8_t)rows->reals[i];
    free(rows->reals);
    rows->reals = NULL;
}

int csv_read(const char *path, const csv_form *form, data_rows *out, error *e)
{
    source *s = NULL;
    error why = {0}; /* the code is needed even where the caller passes no error */
    *out = (data_rows){0};
    int code = source_open(path, &s, e);
    if (code)
        return code;
    reader r = {.source = s, .form = form, .rows = out, .e = &why};
    r.locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (text_read(&r)) {
        code = error_set(e, why.code, "%s", why.text);
        rows_close(out);
    } else {
        rows_narrow(out);
    }
    freelocale(r.locale);
    source_close(s);
    return code;
}
