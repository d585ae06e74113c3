/* results.csv: one line a number, the form that every statistics program reads without being told how. */
#include <stdbool.h>

#include "record/record.h"
#include "report/report.h"

/* RFC 4180. Names of methods and metrics need no quotes today; a file of another version may have others. */
static void field_add(const char *field, text *out)
{
    bool plain = true;
    for (const char *c = field; *c != '\0'; c++)
        plain = plain && *c != ',' && *c != '"' && *c != '\n' && *c != '\r';
    if (plain) {
        text_addf(out, "%s", field);
        return;
    }
    text_addf(out, "\"");
    for (const char *c = field; *c != '\0'; c++) {
        text_add(out, c, 1);
        if (*c == '"')
            text_add(out, c, 1);
    }
    text_addf(out, "\"");
}

static void values_add(const char *method, const json_t *seeds, const char *name, const json_t *values, text *out)
{
    size_t i;
    json_t *seed;
    json_array_foreach(seeds, i, seed)
    {
        const json_t *value = json_array_get(values, i);
        field_add(method, out);
        text_addf(out, ",%lld,", (long long)json_integer_value(seed));
        field_add(name, out);
        text_addf(out, ",");
        if (json_is_number(value))
            record_number(json_number_value(value), out);
        text_addf(out, "\n");
    }
}

void report_csv(const json_t *summary, text *out)
{
    size_t i;
    json_t *method;
    text_addf(out, "method,seed,metric,value\n");
    json_array_foreach(json_object_get(summary, "methods"), i, method)
    {
        const char *name = json_string_value(json_object_get(method, "name")), *key;
        json_t *of;
        json_object_foreach(json_object_get(method, "metrics"), key, of)
            values_add(name ? name : "?", json_object_get(method, "seeds"), key, json_object_get(of, "values"), out);
    }
}
