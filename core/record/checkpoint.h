/* Checkpoints of a cell: folders that are there whole or not at all, and are read back with every check.
 *
 *     checkpoints/latest -> step-00001725-in-task-3
 *     checkpoints/step-00001500-after-task-2/{manifest.json, weights.safetensors, state.safetensors}
 *     checkpoints/step-00001725-in-task-3/...
 *
 * A folder is filled under another name and renamed once all in it is durable, so that any name beginning with "step-" has
 * been a whole checkpoint. What is damaged later is found by the SHA-256 in its manifest, whose own is its last line. */
#ifndef PERDURE_RECORD_CHECKPOINT_H
#define PERDURE_RECORD_CHECKPOINT_H
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arrays.h"
#include "base/error.h"
#include "base/sha256.h"
#include "engine/engine.h"
#include "scenario/scenario.h"

enum { CHECKPOINT_FORMAT = 1 };

typedef struct checkpoint {
    char *name;         /* "step-00001500-after-task-2" */
    int64_t serial;     /* from 1, one more with each of the folder */
    int64_t step, task; /* both from 1, as in the log; task 0: before the first */
    bool after_task;    /* the task is over: the name says "after", else "in" */
    char plan_sha256[SHA256_HEX];
    engine_info engine;
    json_t *state;        /* any object of the saver's; NULL: none */
    arrays weights, rest; /* weights alone are what other programs want to load */
} checkpoint;

/* Writes one into `folder`, which is made, points `latest` at it and removes those that `keep` does not name; what
 * earlier processes left half done goes as well. Fills name (owned by c) and serial; the rest stays the caller's. On
 * failure nothing half done stays and all older ones do: 73 (cannot be created), 74 (writing, fsync), 70. */
int checkpoint_write(const char *folder, checkpoint *c, const struct checkpoint_options *keep, error *e);
/* The newest that is whole: the one that `latest` names, then the others from the newest on. `note` is told, in one line
 * each, of all that were tried before it and what is wrong with them; these stay. *out NULL and 0: there is none; else
 * owned, checkpoint_close. 65: one is of a newer format (it is neither skipped nor removed), or some are there and none is
 * whole; 71: no memory. */
int checkpoint_newest(const char *folder, void (*note)(void *self, const char *line), void *self, checkpoint **out,
                      error *e);
/* Before the cell goes on from `c`: newer ones, and those whose manifest cannot be read, are put aside under names that begin with
 * "left-", and `latest` names c. `note` is told of each. 74 */
int checkpoint_leave(const char *folder, const checkpoint *c, void (*note)(void *self, const char *line), void *self,
                     error *e);
/* The plan of the newest whose manifest can be read, its files unseen; false: there is none. */
bool checkpoint_plan(const char *folder, char hex[SHA256_HEX]);
int64_t checkpoint_oldest(const char *folder);           /* the least serial that is kept; -1: there is none */
int checkpoint_remove_all(const char *folder, error *e); /* whole, damaged or half done, and `latest`; 74 */
void checkpoint_clear(checkpoint *c);                    /* all that it holds */
void checkpoint_close(checkpoint *c);                    /* and itself; NULL is fine */

#endif
