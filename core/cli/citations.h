/* Papers as BibTeX, and which of them a part of a scenario stands on. */
#ifndef PERDURE_CLI_CITATIONS_H
#define PERDURE_CLI_CITATIONS_H
#include <jansson.h>

#include "plugin/plugin.h"
#include "scenario/scenario.h"

/* A list of {"key", "for": ["strategy ewc"], "bibtex"}, each paper once, in the order in which the scenario comes to it;
 * owned. What is only known by a plugin's own words is a @misc with these. A plugin that cannot be opened is told by `note`. */
json_t *citations_of(const struct scenario *s, void (*note)(void *self, const error *why), void *self);

#endif
