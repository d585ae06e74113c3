/* SPDX-License-Identifier: Apache-2.0
 *
 * perdure/tables.h: extension "perdure.tables/1", a draft that no host offers yet: the embedding tables of a recommender. They
 * lie outside of the flat buffer, and a step reads and moves few of their rows. A plugin that can deal with them answers
 * pdr_plugin.extension(PDR_TABLES), so that the plan knows it before training.
 */
#ifndef PERDURE_TABLES_H
#define PERDURE_TABLES_H

#include <perdure/host.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PDR_TABLES "perdure.tables/1"

typedef struct pdr_table {
    uint32_t struct_size, reserved; /* set by the caller */
    int64_t rows, width;
    const char *name; /* borrowed, as long as the model */
} pdr_table;

typedef struct pdr_tables_api {
    uint32_t struct_size, reserved;

    /* Number of tables of a model. */
    int64_t (*count)(const pdr_model *m);
    pdr_status (*table)(const pdr_model *m, int64_t i, pdr_table *out);
    /* [k] i64, ascending, each once: the rows of table i that this step reads. From before_forward to after_batch. */
    pdr_tensor *(*touched)(pdr_scope *s, const pdr_step *step, int64_t i);
    /* [k, width]: a copy of the rows that index [k] i64 names; NULL: of all. */
    pdr_tensor *(*rows)(pdr_scope *s, const pdr_model *m, int64_t i, const pdr_tensor *index);
    /* Writes rows [k, width] there; as writing flat_params() does, it acts at once. */
    pdr_status (*write)(pdr_scope *s, pdr_model *m, int64_t i, const pdr_tensor *index, const pdr_tensor *rows);
    /* [k, width]: gradient of the rows of touched(), without penalties. From after_backward to after_batch. */
    pdr_tensor *(*gradient)(pdr_scope *s, const pdr_step *step, int64_t i);
    /* As step->add_penalty, of the rows of touched() alone: importance and anchor [k, width], in that order. */
    pdr_status (*add_penalty)(const pdr_step *step, int64_t i, const pdr_tensor *importance, const pdr_tensor *anchor,
                              double weight, const char *name);
} pdr_tables_api;

#ifdef __cplusplus
}
#endif
#endif
