/* Time that only goes on: for how long something took, and until when to wait. */
#ifndef PERDURE_BASE_CLOCK_H
#define PERDURE_BASE_CLOCK_H

#include <stdint.h>

/* Since some moment, the same for all processes of the machine; setting the clock moves it not. */
double clock_seconds(void);
int64_t clock_nanoseconds(void); /* the same, whole: differences add up */

#endif
