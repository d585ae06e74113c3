/* What Prometheus is told of a run: how many cells are where, and of each that runs its step, loss, speed, accuracies, memory and
 * time. The coordinator keeps it from what cells tell; it goes to the endpoint (a port) or a textfile.
 *
 * The number of series is bounded, however many cells and tasks there are: those that run and the newest that ended, and of the
 * accuracies by task the first 2,000. */
#ifndef PERDURE_RUN_EXPORTER_H
#define PERDURE_RUN_EXPORTER_H
#include <stdint.h>

#include "base/text.h"
#include "plan/plan.h"
#include "run/channel.h"

typedef struct exporter exporter;

enum exported_state { EXPORTED_RUNNING, EXPORTED_FINISHED, EXPORTED_FAILED, EXPORTED_STOPPED, EXPORTED_STATES };

/* `finished`: cells that are so already, of `cells`. NULL and 0 where the scenario wants no metrics: everything below then does
 * nothing. 69: no libmicrohttpd; 73: the port or the textfile cannot be had; 71. */
int exporter_open(const plan *p, int cells, int finished, exporter **out, error *e);
/* What can be said before: 69 as above. For who runs nothing, see endpoint_possible(). */
int exporter_possible(const plan *p, error *e);
void exporter_finished(exporter *x, int cells);                             /* so many more were finished before */
void exporter_began(exporter *x, int id, const char *method, int64_t seed); /* id: the caller's, until its end */
void exporter_told(exporter *x, int id, const struct message *m);
void exporter_ended(exporter *x, int id, enum exported_state state);
/* Publishes what is new, at most once a second. Whether something failed that is worth a line, once: *words, owned. */
bool exporter_tick(exporter *x, char **words);
void exporter_text(const exporter *x, text *out);
void exporter_close(exporter *x); /* a textfile stays, with the end of the run; NULL is fine */

#endif
