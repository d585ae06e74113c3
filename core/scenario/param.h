/* Parameters of plugins: the rows of <perdure/param.h> drive the same check, words and JSON Schema as the scenario's
 * own table. A plugin gets a filled plain struct and parses nothing. */
#ifndef PERDURE_SCENARIO_PARAM_H
#define PERDURE_SCENARIO_PARAM_H
#include <perdure/param.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "scenario/faults.h"
#include "scenario/node.h"

struct param_table {
    const char *plugin;    /* its name, for messages */
    const pdr_param *rows; /* ends with a NULL key; NULL: no parameters */
    uint64_t row_size;     /* sizeof(pdr_param) as the plugin was compiled; rows stand this far apart */
    uint64_t config_size;  /* of the struct that param_fill fills */
    const char *version;   /* of the plugin, for messages; NULL: none said */
};

/* The table itself: key and type known, help there, no key twice, offset and size inside the struct and aligned, two
 * rows not in one place, default of its type and in its range. 0, or 69 with the first thing wrong. Call it before the
 * others: they take a table that passed. */
int param_table_check(const struct param_table *t, error *e);
/* Fills config (config_size bytes, zeroed first) from a map, or from the defaults where `map` is NULL. `path`: of the
 * map, for faults; `at`: where a missing key is reported when there is no map, may be NULL; `folder`: what paths are
 * relative to. Texts and lists live in `a`. Returns 0 or 78 when faults were added. */
int param_fill(const struct param_table *t, const node *map, const node *at, const char *path, const char *folder,
               void *config, arena *a, faults *f);
void param_describe(const struct param_table *t, text *out);
char *param_schema_json(const struct param_table *t); /* owned by the caller */

#endif
