/* See marks.h. */
#include "run/marks.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

static const char *const phases[HOST_PHASES] = {"start",  "batch",      "forward pass", "loss",  "backward pass",
                                                "update", "evaluation", "checkpoint",   "record"};

void marks_words(const host_mark *page, char *out, size_t room)
{
    host_mark seen = *page; /* the page itself may be written at this moment, by whatever damaged the cell, too */
    char place[64] = "";
    seen.strategy[sizeof seen.strategy - 1] = seen.hook[sizeof seen.hook - 1] = '\0';
    const char *phase = seen.phase >= 0 && seen.phase < HOST_PHASES ? phases[seen.phase] : "unknown";
    if (seen.task > 0)
        snprintf(place, sizeof place, ", task %lld, step %lld", (long long)seen.task, (long long)seen.step);
    char *strategy = text_tamed(seen.strategy, sizeof seen.strategy), *hook = text_tamed(seen.hook, sizeof seen.hook);
    if (seen.hook[0])
        snprintf(out, room, "strategy %s, hook %s%s", strategy, hook, place);
    else
        snprintf(out, room, "host, %s%s", phase, place);
    free(hook);
    free(strategy);
}
