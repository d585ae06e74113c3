/* What a cell and a run leave behind, written whole or not at all. Reads nothing back but result.json, whose presence
 * with the right digest is what "finished" means. */
#ifndef PERDURE_RECORD_RECORD_H
#define PERDURE_RECORD_RECORD_H
#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/picture.h"
#include "base/text.h"
#include "plan/plan.h"
#include "record/provenance.h"
#include "record/result.h"

/* Writes matrix.csv, weights.safetensors and, last of all, result.json ("perdure.result/1", the fields of design.md and
 * "plan_sha256", "engine") into `folder`, which is made. seconds_start: what the cell took before train_cell was
 * called; it is added to the result's own start. With `origin` there is a manifest.json as well (provenance.h). */
int record_cell(const char *folder, const plan *p, int method, int64_t seed, const cell_result *r, double seconds_start,
                const provenance *origin, error *e);
/* result.json of a finished cell: owned. *out NULL and 0 where there is none; 65 where it is damaged. */
int record_read(const char *folder, json_t **out, error *e);
/* Removes what record_cell leaves, result.json first, so that the cell counts as not finished from the first moment on.
 * `all`: what it left on its way as well (checkpoints, log, pictures), which a cell that goes on needs. Files that
 * Perdure does not write stay. 74 */
int record_remove(const char *folder, bool all, error *e);

/* What a cell has kept on its way and does not go on with: its memories on disk, in the cell's folder, its pictures and its event
 * file. Files that Perdure does not write stay. 74 */
int record_begin_anew(const char *folder, error *e);

/* log.jsonl: one point a line, {"name", "task", "step", "value"}, appended as the cell goes. Tasks and steps count from 1,
 * steps over the whole cell, as in every message; what is told between two steps has the number of the earlier one. A
 * value that is not finite is null with "not_finite": "nan", "inf" or "-inf" beside it, for JSON has no words for them.
 * "loss" is there every few steps, what strategies name is there as they say it, and the matrix row by row: after task i
 * "accuracy/task-J" for every task J that was measured; the untrained row has task 0 and step 0. Behind each row but that one stand
 * the metrics of the tasks so far, "metrics/NAME", as far as they can be computed. */
typedef struct record_log record_log;
int record_log_open(const char *folder, record_log **out,
                    error *e); /* makes the folder; goes on behind what is there */
/* Cuts it to the length that record_log_place told, for a cell that goes on from there; 0: begins anew. 65: it is
 * shorter than that; 74. */
int record_log_keep(record_log *l, int64_t bytes, error *e);
int record_log_place(record_log *l, int64_t *bytes, error *e); /* flushes, and how long it is now; 74 */
int record_log_sync(const record_log *l, error *e);            /* that much is on disk; any thread; 74 */
void record_log_point(record_log *l, const char *name, int64_t task, int64_t step, double value);
int record_log_close(record_log *l, error *e); /* flushes and fsyncs; 74 */

/* samples/NAME.png, as a PNG of 8 bits a channel; `name` is that of a file. */
int record_picture(const char *folder, const char *name, const picture *p, error *e); /* 73, 74 */
int record_pictures_remove(const char *folder, error *e);                             /* all of them; 74 */
/* The bytes of that PNG, owned; `where`: what a message names. 70 */
int record_picture_png(const picture *p, const char *where, void **bytes, size_t *count, error *e);

/* Seconds since 1970 as "2026-01-31T12:00:00Z". */
json_t *record_time_json(int64_t seconds);
/* null for what is not finite, and NAN for what is no number. */
json_t *record_number_json(double value);
double record_number_at(const json_t *object, const char *key);
/* Any JSON: two spaces a level, lists of plain values on one line, numbers in the fewest digits that read back as the
 * same double. */
void record_json_text(const json_t *value, text *out);
int record_json(const char *path, const json_t *value, error *e); /* the same and a line end, whole or not at all */
/* The object in a file of at most 64 MiB, owned; 66, 74; 65 for what is damaged or no object. */
int record_json_read(const char *path, json_t **out, error *e);
void record_number(double value, text *out); /* in those fewest digits; "" where not finite */

/* Accuracy matrix out of a result.json's "matrix" (or "matrix_network") and "counts": matrix_close. NULL where they are
 * damaged. */
matrix *record_matrix(const json_t *result, const char *key);
/* Accuracies within tasks out of a result.json's "anytime": curve_close. NULL where there are none, or they are damaged. */
curve *record_curve(const json_t *result);

#endif
