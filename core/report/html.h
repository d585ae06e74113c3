/* The report of a run as one page of HTML. Reads results, computes nothing. */
#ifndef PERDURE_REPORT_HTML_H
#define PERDURE_REPORT_HTML_H
#include <jansson.h>

#include "base/error.h"
#include "base/text.h"

/* A page that needs nothing else: tables, curves, matrices, forgetting, cost, gates, scenario and manifest, out of the files of a
 * run's folder. What is not there is left out; 65: a result.json is damaged, 74. `out` is then of no use. */
int report_html(const char *folder, const json_t *summary, text *out, error *e);

#endif
