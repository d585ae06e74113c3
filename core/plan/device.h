/* The device that a scenario gets on this machine. */
#ifndef PERDURE_PLAN_DEVICE_H
#define PERDURE_PLAN_DEVICE_H
#include "base/error.h"
#include "engine/engine.h"
#include "scenario/scenario.h"

/* device: "cpu" or "cuda:N"; why: one line of what was taken and why. 69 at the scenario's line where the device or what
 * it requires is not there. */
int device_choose(const struct scenario *s, char device[16], char why[256], error *e);

#endif
