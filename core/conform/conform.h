/* Whether a strategy keeps the rules of the plugin ABI: checks, each with a verdict that its author can work with.
 *
 * Every check trains the strategy on data that is made, in processes of its own: one that crashes or hangs costs its check
 * alone. Stands between run, whose processes its own are like, and report: it drives cells and prints nothing. */
#ifndef PERDURE_CONFORM_CONFORM_H
#define PERDURE_CONFORM_CONFORM_H
#include <jansson.h>

#include "base/error.h"
#include "plugin/plugin.h"

typedef struct conform_options {
    const char *const *with; /* [with_count] its parameters, a line of YAML each: "lambda: 10" */
    size_t with_count;
    const char *const *only; /* [only_count] checks by name; 0: all */
    size_t only_count;
    long calls;     /* so many calls to the host are refused one by one, and beyond them one a place in the code */
    double seconds; /* that one attempt may take */
    void *self;
    void (*told)(void *self, const json_t *check); /* of each as soon as it is over; may be NULL */
} conform_options;

extern const char *const conform_checks[]; /* their names, NULL-ended */

/* *out: "perdure.plugin.test/1", owned: {"name", "version", "file", "sha256", "abi", "checks": [{"name", "verdict": "good" |
 * "bad" | "not applicable", "words", "seconds"}], "hooks": [{"hook", "calls", "seconds", "most"}], "bad": how many}. 0 whatever
 * the verdicts are; 69: no LibTorch; 78: parameters that it does not take, which were printed; 71, 73; 75: asked to stop. Loads LibTorch into
 * this process and forks: no other thread may run. */
int conform_run(const plugin *p, const conform_options *options, json_t **out, error *e);

#endif
