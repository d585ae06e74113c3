/* What a run was, out of its folder: the scenario as it was kept, with the --set that were laid over it, as a plan again. */
#ifndef PERDURE_RUN_RECORDED_H
#define PERDURE_RUN_RECORDED_H
#include <jansson.h>

#include "base/error.h"
#include "plan/plan.h"
#include "scenario/scenario.h"

struct recorded {
    struct scenario *scenario;
    plan *plan; /* NULL until recorded_plan */
    faults faults;
};

struct recorded_places {
    const char *data; /* a folder with data files; NULL: where they were, or where data are looked for here */
    const char *out;  /* the folder of what is run by the plan; NULL: that of the run */
    bool plugins;     /* those that lie in the run itself may be loaded, else they are refused: 69 */
};

/* run: its folder; manifest: its manifest.json. Paths are relative to where the scenario lay, and data, plugins and weights that
 * are not there are looked for in places->data and in the run's own plugins/ and inputs/ (as a bundle has them). 66, 74; 65: the
 * scenario is none any more, in the words of its first fault. recorded_close in any case. */
int recorded_open(const char *run, const json_t *manifest, const struct recorded_places *places, struct recorded *out,
                  error *e);
int recorded_plan(struct recorded *r, error *e); /* 65: it does not fit what is here; 69 */
void recorded_close(struct recorded *r);

/* manifest.json of a run, whatever its digests say: owned. 66: there is none; 65: it is none; 74. */
int recorded_manifest(const char *run, json_t **out, char **bytes, size_t *count, error *e);

#endif
