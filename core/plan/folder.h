/* The run folder, before there is one. */
#ifndef PERDURE_PLAN_FOLDER_H
#define PERDURE_PLAN_FOLDER_H
#include "scenario/scenario.h"

/* Adds a fault where output.folder lies in the folder of the data set. */
void folder_check(const struct scenario *s, faults *f);

#endif
