/* Two ways to train one cell that must come to the same weights, by how far training without either is from them. */
#ifndef PERDURE_TESTS_TRAIN_AGREE_H
#define PERDURE_TESTS_TRAIN_AGREE_H
#include "fixture.h"

static int agree_classes = 4; /* of the data that both are trained on */

/* `keys`: more keys of the method, with a comma behind; `strategies`: its list. */
static inline cell_result *trained_with(const char *keys, const char *streams, const char *strategies)
{
    return sole_trained(
        tiny_plan_of(agree_classes, streams, SAID("methods: [{name: a, %sstrategies: [%s]}]\n", keys, strategies)));
}

static inline cell_result *trained(const char *streams, const char *strategies)
{
    return trained_with("", streams, strategies);
}

/* |a - b| / |a - start| in the Euclidean norm, where `start` is training without any of it. */
static inline double apart(const cell_result *a, const cell_result *b, const cell_result *start)
{
    double difference = 0, moved = 0;
    assert_int_equal(a->parameter_count, b->parameter_count);
    for (int64_t i = 0; i < a->parameter_count; i++) {
        double d = (double)a->parameters[i] - (double)b->parameters[i];
        double m = (double)a->parameters[i] - (double)start->parameters[i];
        difference += d * d;
        moved += m * m;
    }
    if (!(moved > 1e-6)) /* else it does nothing, and all would agree */
        fail_msg("the strategies moved the weights by %g", sqrt(moved));
    return sqrt(difference / moved);
}

static inline double apart_with(const char *keys, const char *streams, const char *left, const char *right)
{
    cell_result *a = trained_with(keys, streams, left), *b = trained_with(keys, streams, right);
    cell_result *start = trained_with(keys, streams, "");
    double distance = apart(a, b, start);
    cell_result_close(a);
    cell_result_close(b);
    cell_result_close(start);
    return distance;
}

static inline void agree_with(const char *keys, const char *streams, const char *left, const char *right, double within)
{
    double distance = apart_with(keys, streams, left, right);
    if (!(distance <= within))
        fail_msg("%s: %s and %s are %g apart; expected at most %g", streams, left, right, distance, within);
}

static inline void differ_with(const char *keys, const char *streams, const char *left, const char *right, double least)
{
    double distance = apart_with(keys, streams, left, right);
    if (!(distance >= least))
        fail_msg("%s: %s and %s are %g apart; expected at least %g", streams, left, right, distance, least);
}

static inline void agree(const char *streams, const char *left, const char *right, double within)
{
    agree_with("", streams, left, right, within);
}

#endif
