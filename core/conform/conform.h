/* Whether a strategy keeps the rules of the plugin ABI: checks, each with a verdict that its author can work with. */
#ifndef PERDURE_CONFORM_CONFORM_H
#define PERDURE_CONFORM_CONFORM_H
#include <jansson.h>

#include "base/error.h"
#include "plugin/plugin.h"

typedef struct conform_listener { /* is told of each check as soon as it is over; may be NULL */
    void *self;
    void (*told)(void *self, const json_t *check);
} conform_listener;

/* *out: "perdure.plugin.test/1", owned: {"name", "version", "file", "sha256", "checks": [{"name", "verdict": "good" | "bad" |
 * "not applicable", "words"}], "bad": how many}. 0 whatever the verdicts are. */
int conform_run(const plugin *p, const conform_listener *listener, json_t **out, error *e);

#endif
