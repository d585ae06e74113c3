/* The accuracy matrix as a picture: a row a task trained, a column a task measured, from dark (0) to light (1). */
#ifndef PERDURE_RECORD_HEATMAP_H
#define PERDURE_RECORD_HEATMAP_H
#include "base/picture.h"
#include "evaluate/matrix.h"

enum { HEATMAP_TASKS = 1000 }; /* the most that a picture is made of */

/* Rows 0 to `after` are drawn, the others and what was not measured are grey. Up to 30 tasks have their numbers at the edges, and
 * their accuracies in percent. *pixels is owned by the caller, and the picture's. */
picture heatmap_of(const matrix *m, int64_t after, uint8_t **pixels);

#endif
