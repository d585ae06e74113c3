/* The parts of a cell's record that need no plan, so that they can be tested with fabricated results. */
#ifndef PERDURE_RECORD_CELL_H
#define PERDURE_RECORD_CELL_H
#include <jansson.h>

#include "base/text.h"
#include "record/result.h"

struct cell_identity {
    const char *method;
    int64_t seed;
    const char *plan_sha256;
    json_t *variant; /* {"base", "set"} of a grid's variant, which are added; NULL: it is none; borrowed */
};

json_t *cell_json(const struct cell_identity *id, const cell_result *r, double seconds_start); /* result.json; owned */
void cell_matrix_csv(const matrix *m, text *out);
/* All three files, result.json last. Without a manifest. */
int cell_write(const char *folder, const struct cell_identity *id, const cell_result *r, double seconds_start,
               error *e);

#endif
