/* ro-crate-metadata.json of a bundle: a Process Run Crate (https://w3id.org/ro/wfrun/process/0.5), in which each cell is an action
 * of Perdure on the scenario that left its files. */
#ifndef PERDURE_RUN_CRATE_H
#define PERDURE_RUN_CRATE_H
#include <jansson.h>
#include <stdint.h>

struct crate_file { /* as it lies in the bundle, from its folder */
    const char *name;
    int64_t bytes;
    const char *sha256; /* NULL: not known */
};

/* whole: manifest.json of the run; cells: [cell_count] those of its cells, in its order. licence: NULL: none is stated. Owned. */
json_t *crate_json(const json_t *whole, json_t *const *cells, size_t cell_count, const struct crate_file *files,
                   size_t file_count, const char *licence, int64_t published);

#endif
