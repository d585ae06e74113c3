/* See pairs.h. A ratio is taken within a pair, for what disturbs a machine disturbs neighbours alike; the median of the
 * ratios is the figure, for one disturbed pair must not move it. */
#include "run/pairs.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static int number_order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double *sorted_of(const double *values, size_t n)
{
    double *sorted = alloc_zero(n + 1, sizeof *sorted);
    memcpy(sorted, values, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, number_order);
    return sorted;
}

double median_of(const double *values, size_t n)
{
    double *sorted = sorted_of(values, n);
    double median = n == 0 ? (double)NAN : n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
    free(sorted);
    return median;
}

static json_t *spread_json(const double *values, size_t n)
{
    double *sorted = sorted_of(values, n);
    json_t *out = json_pack("{s:f, s:f, s:f}", "median", median_of(values, n), "min", sorted[0], "max", sorted[n - 1]);
    free(sorted);
    return out;
}

static double rate_of(const json_t *result) { return json_number_value(json_object_get(result, "steps_per_second")); }

static const char *weights_of(const json_t *result)
{
    const char *digest = json_string_value(json_object_get(result, "weights_sha256"));
    return digest ? digest : "";
}

/* What a result says of its cost. */
static json_t *side_json(const json_t *result)
{
    static const char *const keys[] = {"steps", "steps_per_second", "seconds", "peak_memory_bytes"};
    json_t *out = json_object();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        json_object_set(out, keys[i], json_object_get(result, keys[i]));
    return out;
}

static json_t *pair_json(json_t *const *sides)
{
    const json_t *bare = sides[PAIR_BARE], *perdure = sides[PAIR_PERDURE];
    return json_pack("{s:o, s:o, s:f, s:b}", "bare", side_json(bare), "perdure", side_json(perdure), "ratio",
                     rate_of(perdure) / rate_of(bare), "same_weights", !strcmp(weights_of(bare), weights_of(perdure)));
}

/* One side over all pairs: its rate, and the most memory that it ever had. */
static json_t *sides_json(json_t *const *whole, size_t n, int side)
{
    double *rates = alloc_zero(n, sizeof *rates);
    json_int_t most = 0;
    for (size_t i = 0; i < n; i++) {
        const json_t *result = whole[i * PAIR_SIDES + (size_t)side];
        json_int_t bytes = json_integer_value(json_object_get(result, "peak_memory_bytes"));
        most = bytes > most ? bytes : most;
        rates[i] = rate_of(result);
    }
    json_t *out = json_pack("{s:o, s:o}", "steps_per_second", spread_json(rates, n), "peak_memory_bytes",
                            most ? json_integer(most) : json_null());
    free(rates);
    return out;
}

static void figures_set(json_t *row, json_t *const *whole, size_t n)
{
    double *ratios = alloc_zero(n + 1, sizeof *ratios);
    for (size_t i = 0; i < n; i++)
        ratios[i] = rate_of(whole[i * PAIR_SIDES + PAIR_PERDURE]) / rate_of(whole[i * PAIR_SIDES + PAIR_BARE]);
    json_object_set_new(row, "ratio", n ? spread_json(ratios, n) : json_null());
    json_object_set_new(row, "bare", n ? sides_json(whole, n, PAIR_BARE) : json_null());
    json_object_set_new(row, "perdure", n ? sides_json(whole, n, PAIR_PERDURE) : json_null());
    free(ratios);
}

static json_t *failure_json(const char *failure)
{
    json_t *words = failure ? json_string(failure) : json_null();
    return words ? words : json_string("failed, in words that are no UTF-8"); /* a plugin's own */
}

json_t *pairs_json(const char *method, json_t *const *results, size_t pairs, const char *failure)
{
    json_t **whole = alloc_zero(pairs * PAIR_SIDES + 1, sizeof(json_t *));
    json_t *row = json_object(), *list = json_array();
    size_t n = 0;
    for (size_t i = 0; i < pairs; i++) {
        json_t *const *sides = results + i * PAIR_SIDES;
        if (!(rate_of(sides[PAIR_BARE]) > 0) || !(rate_of(sides[PAIR_PERDURE]) > 0))
            continue;
        memcpy(whole + n++ * PAIR_SIDES, sides, PAIR_SIDES * sizeof *sides);
        json_array_append_new(list, pair_json(sides));
    }
    json_object_set_new(row, "name", json_string(method));
    json_object_set_new(row, "error", failure_json(failure));
    json_object_set_new(row, "n", json_integer((json_int_t)n));
    figures_set(row, whole, failure ? 0 : n);
    json_object_set_new(row, "pairs", list);
    free(whole);
    return row;
}
