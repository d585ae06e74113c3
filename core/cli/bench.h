/* The scenario that `perdure bench` has in itself, for bench.c. */
#ifndef PERDURE_CLI_BENCH_H
#define PERDURE_CLI_BENCH_H
#include "base/text.h"

/* Fine-tuning, and a method for each of Perdure's own strategies that is installed and good; what is not good is told on
 * standard error. */
void bench_words(text *out);

#endif
