/* Which executor runs the steps of a method. */
#ifndef PERDURE_PLAN_EXECUTOR_H
#define PERDURE_PLAN_EXECUTOR_H
#include "plan/plan.h"

/* Fills m->executor and m->executor_why, once the strategies are there and the device is chosen. A scenario that asks for one
 * which cannot be is a fault. */
void executor_choose(const plan *p, plan_method *m, faults *f);

#endif
