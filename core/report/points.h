/* Accuracies on the way out of a cell's log.jsonl. */
#ifndef PERDURE_REPORT_POINTS_H
#define PERDURE_REPORT_POINTS_H
#include <stddef.h>

#include "report/finished.h"

/* The points named "accuracy/task-J" among the lines of a log; others are not looked at, and a line that cannot be understood
 * is none. Ordered by the task they are of, then as they were measured. Owned, free(); NULL and *found 0 where there are none.
 * `lines` ends in NUL behind `count` bytes, or is NULL. */
struct accuracy_point *points_read(const char *lines, size_t count, size_t *found);

#endif
