/* What a run was made by, as one tree that can be laid beside that of another run. */
#ifndef PERDURE_RUN_ABOUT_H
#define PERDURE_RUN_ABOUT_H
#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

/* plan.json, methods by their names, without what changes no number: where it lies, and paths of files that stand there with their
 * digest. With a key "manifest" where every cell of the summary has a manifest.json: what these say of files, versions, build
 * and machine, files by role and name. Read as it comes, so that another version's manifest has its say too. Owned.
 * 66: no plan.json; 65: a damaged one, of either kind. */
int about_read(const char *folder, const json_t *summary, json_t **out, error *e);

#endif
