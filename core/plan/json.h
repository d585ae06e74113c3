/* Parts of the plan's JSON: options that were resolved, each as an object. For this room only; all are owned. */
#ifndef PERDURE_PLAN_JSON_H
#define PERDURE_PLAN_JSON_H
#include <jansson.h>

#include "scenario/scenario.h"

json_t *json_ints(const int64_t *at, int64_t count);
json_t *json_reals(const double *at, int64_t count);
json_t *json_text(const char *t); /* null for NULL; escaped where it is not UTF-8 */

json_t *data_json(const struct data_options *d);
json_t *stream_json(const struct stream_options *s);
json_t *network_json(const struct network_options *n);
json_t *optimizer_json(const struct training_optimizer_options *optimizer);
json_t *training_json(const struct training_options *t);

#endif
