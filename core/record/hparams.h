/* What TensorBoard's HParams page is told of a cell: the settings of its method, and which scalars are its metrics. Sessions with the
 * same settings are one group, so that the seeds of a method stand together; and the seed is no setting, as the page shows those of a
 * group's first session for all of them. */
#ifndef PERDURE_RECORD_HPARAMS_H
#define PERDURE_RECORD_HPARAMS_H
#include <jansson.h>
#include <stdint.h>

#include "base/text.h"
#include "plan/plan.h"

/* "method", "network.type", "optimizer.lr", "ewc.lambda": key -> number, boolean or text; owned. */
json_t *hparams_of(const plan *p, int method);
/* "METHOD-0123456789ab": digest of all that the cell's numbers depend on, but the seed; owned. */
char *hparams_group(const plan *p, int method);

/* The three messages of the page, as HParamsPluginData. */
void hparams_experiment(const plan *p, text *out); /* settings of all methods, and the scenario's metrics */
void hparams_start(const json_t *settings, const char *group, double now, text *out);
void hparams_end(bool good, double now, text *out);

#endif
