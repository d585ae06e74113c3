/* Lines over training with their bands: means over the seeds of a method, and errors of the scenario's kind. What is computed is
 * core/evaluate's; here the values of the seeds are put side by side. */
#ifndef PERDURE_REPORT_COURSE_H
#define PERDURE_REPORT_COURSE_H
#include "report/finished.h"

/* Places along the training, in tasks: 0 before it, 2 after the second task, 2.5 halfway through the third. */
struct course_place {
    double at, mean, error; /* NaN: not measured; one seed has no error */
    int64_t n;
};
struct course {
    struct course_place *places; /* [count], owned */
    size_t count;
};

/* Accuracy on task `on`, from just before it is trained (`on` - 1) to the end. Within a task only where all seeds measured at as
 * many places there. */
struct course course_of_task(const struct finished_method *m, int64_t on, const char *error_kind);
/* Mean accuracy over the tasks trained so far, after each. */
struct course course_of_seen(const struct finished_method *m, int64_t tasks, const char *error_kind);
/* One cell of the mean matrix: after so many tasks, on that one. */
struct course_place place_of_matrix(const struct finished_method *m, int64_t after, int64_t on, const char *error_kind);
/* What is lost of a task over the seeds. */
struct course_place place_of_forgotten(const struct finished_method *m, int64_t on, const char *error_kind);
void course_close(struct course *c);

#endif
