/* A result as train_cell would give it, with numbers chosen by hand: two tasks of 10 and 8 test rows, the first row of
 * the matrix half measured. */
#ifndef PERDURE_TESTS_FABRICATE_H
#define PERDURE_TESTS_FABRICATE_H
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/sha256.h"
#include "record/result.h"

static inline cell_result *result_fabricate(void)
{
    cell_result *r = alloc_zero(1, sizeof *r);
    r->accuracy = matrix_open(2);
    matrix_set(r->accuracy, 0, 1, 1, 10);
    matrix_set(r->accuracy, 1, 1, 9, 10);
    matrix_set(r->accuracy, 1, 2, 0, 8);
    matrix_set(r->accuracy, 2, 1, 7, 10);
    matrix_set(r->accuracy, 2, 2, 3, 8);
    r->warnings = 2;
    r->steps = 40;
    r->steps_per_second = 812.5;
    r->seconds.start = 0.25;
    r->seconds.train = 1.5;
    r->seconds.evaluate = 0.125;
    snprintf(r->engine.torch, sizeof r->engine.torch, "2.11.0");
    snprintf(r->engine.torch_built, sizeof r->engine.torch_built, "2.11.0");
    snprintf(r->engine.cpu, sizeof r->engine.cpu, "AVX2");
    r->parameter_count = 9;
    r->parameters = alloc_zero(9, sizeof *r->parameters);
    for (int i = 0; i < 9; i++)
        r->parameters[i] = (float)i / 2;
    r->weight_count = 2;
    r->weights = alloc_zero(2, sizeof *r->weights);
    r->weights[0] =
        (struct cell_weights){.name = "hidden.0.weight", .shape = {2, 3}, .rank = 2, .first = 0, .count = 6};
    r->weights[1] = (struct cell_weights){.name = "hidden.0.bias", .shape = {3}, .rank = 1, .first = 6, .count = 3};
    sha256_bytes(r->parameters, 9 * sizeof *r->parameters, r->weights_sha256);
    return r;
}

#endif
