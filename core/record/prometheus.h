/* Metrics in Prometheus's text format (0.0.4): families of samples, each with what it is, and no time stamps, as the reader's clock
 * counts. */
#ifndef PERDURE_RECORD_PROMETHEUS_H
#define PERDURE_RECORD_PROMETHEUS_H
#include "base/error.h"
#include "base/text.h"

/* Begins a family; `type`: "gauge" or "counter". Its samples follow at once. */
void prometheus_family(text *out, const char *name, const char *type, const char *help);
/* labels: names and values by turns, NULL behind the last pair, which is at the latest the eighth. */
void prometheus_sample(text *out, const char *name, const char *const *labels, double value);
/* A textfile: there whole or not at all for who reads it, and not synced, as nobody needs it after a power loss. 73, 74 */
int prometheus_write(const char *path, const text *words, error *e);

#endif
