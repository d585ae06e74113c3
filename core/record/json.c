/* JSON as people can read it and programs get every bit of it back.
 *
 * jansson writes 0.915 as 0.91500000000000004 and a matrix as one number a line. Results are looked at by people, so
 * numbers take the fewest digits that read back as the same double, and a list of plain values stays on one line. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/text.h"
#include "record/record.h"

enum { JSON_BYTES = 64 << 20 };

json_t *record_time_json(int64_t seconds)
{
    char words[32];
    time_t at = (time_t)seconds;
    struct tm utc;
    return gmtime_r(&at, &utc) && strftime(words, sizeof words, "%Y-%m-%dT%H:%M:%SZ", &utc) ? json_string(words)
                                                                                            : json_null();
}

json_t *record_number_json(double value) { return isfinite(value) ? json_real(value) : json_null(); }

double record_number_at(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

void record_number(double value, text *out)
{
    char digits[32];
    if (!isfinite(value))
        return;
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    text_addf(out, "%s", digits);
}

/* A real must not come back as an integer: 1 is written 1.0. */
static void real_add(double value, text *out)
{
    size_t from = out->length;
    if (!isfinite(value)) {
        text_addf(out, "null");
        return;
    }
    record_number(value, out);
    if (out->at != NULL && strpbrk(out->at + from, ".e") == NULL)
        text_addf(out, ".0");
}

static void plain_add(const json_t *value, text *out)
{
    if (json_is_real(value)) {
        real_add(json_real_value(value), out);
        return;
    }
    char *words = json_dumps(value, JSON_ENCODE_ANY);
    text_addf(out, "%s", words ? words : "null");
    free(words);
}

static bool list_is_plain(const json_t *list)
{
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one) if (json_is_array(one) || json_is_object(one)) return false;
    return true;
}

static void value_add(const json_t *value, int depth, text *out);

static void list_add(const json_t *list, int depth, text *out)
{
    size_t i;
    json_t *one;
    bool plain = list_is_plain(list);
    text_addf(out, "[");
    json_array_foreach(list, i, one)
    {
        text_addf(out, i == 0 ? "" : plain ? ", " : ",");
        if (!plain)
            text_addf(out, "\n%*s", 2 * (depth + 1), "");
        value_add(one, depth + 1, out);
    }
    if (!plain)
        text_addf(out, "\n%*s", 2 * depth, "");
    text_addf(out, "]");
}

static void object_add(const json_t *object, int depth, text *out)
{
    bool first = true;
    const char *key;
    json_t *one;
    text_addf(out, "{");
    json_object_foreach((json_t *)(size_t)object, key, one)
    { /* the macro takes no const; it changes nothing */
        json_t *name = json_string(key);
        text_addf(out, "%s\n%*s", first ? "" : ",", 2 * (depth + 1), "");
        plain_add(name, out);
        text_addf(out, ": ");
        value_add(one, depth + 1, out);
        json_decref(name);
        first = false;
    }
    if (!first)
        text_addf(out, "\n%*s", 2 * depth, "");
    text_addf(out, "}");
}

static void value_add(const json_t *value, int depth, text *out)
{
    if (json_is_array(value))
        list_add(value, depth, out);
    else if (json_is_object(value))
        object_add(value, depth, out);
    else
        plain_add(value, out);
}

void record_json_text(const json_t *value, text *out) { value_add(value, 0, out); }

int record_json(const char *path, const json_t *value, error *e)
{
    text words = {0};
    record_json_text(value, &words);
    text_add(&words, "\n", 1);
    int code = file_write(path, words.at, words.length, e);
    text_free(&words);
    return code;
}

int record_json_read(const char *path, json_t **out, error *e)
{
    char *bytes = NULL;
    size_t count = 0;
    json_error_t why;
    int code = file_read(path, JSON_BYTES, &bytes, &count, e);
    *out = code ? NULL : json_loadb(bytes, count, 0, &why);
    free(bytes);
    if (code || json_is_object(*out))
        return code;
    if (*out == NULL)
        code = error_set(e, EXIT_DATA, "%s:%d:%d: found damaged JSON (%s); expected an object", path, why.line,
                         why.column, text_quoted(why.text));
    else
        code = error_set(e, EXIT_DATA, "%s: found no JSON object; expected one", path);
    json_decref(*out);
    *out = NULL;
    return code;
}
