/* An event file of TensorBoard: records of length, checksum and a protobuf message each, written by whole records, so that who
 * reads along never sees half of one. There is one in a cell's folder, events.out.tfevents.SECONDS.HOST.PID.0.
 *
 * It is a trace and no result: what the disk does not take is dropped, the file ends with the last whole record, and
 * tfevents_trouble() says so. Steps are those of log.jsonl. Numbers are kept as 32-bit floats, as TensorBoard has them. */
#ifndef PERDURE_RECORD_TFEVENTS_H
#define PERDURE_RECORD_TFEVENTS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

typedef struct tfevents tfevents;

/* A new one; those that lie in the folder go. Owned: tfevents_close, with an error too. 73, 74 */
int tfevents_begin(const char *folder, tfevents **out, error *e);
/* Goes on behind the mark of this name, and what followed it is gone. *out NULL and 0: there is no such mark. Where something
 * followed it, the rest gets another name: a TensorBoard that has read beyond the mark reads the new file from its beginning, where it
 * would find the cut one damaged. The old file is empty from then on, and gone with tfevents_close(). 73, 74 */
int tfevents_go_on(const char *folder, const char *mark, tfevents **out, error *e);
int tfevents_remove(const char *folder, error *e); /* every event file of the folder; 74 */

void tfevents_scalar(tfevents *f, int64_t step, const char *tag, double value);
void tfevents_image(tfevents *f, int64_t step, const char *tag, int64_t width, int64_t height, const void *png,
                    size_t count);
/* A message of a plugin that shows no series: in the tag's metadata (hparams)... */
void tfevents_content(tfevents *f, const char *tag, const char *plugin, text *message);
/* ...or as the tag's only value (custom_scalars). Both take what `message` holds over, and empty it. */
void tfevents_value(tfevents *f, const char *tag, const char *plugin, text *message);
/* A place to go on from, in words of their own for each: a session_log event, which TensorBoard does not show. */
void tfevents_mark(tfevents *f, int64_t step, const char *mark);

void tfevents_flush(tfevents *f);
void tfevents_sync(const tfevents *f); /* what was flushed is on disk, if the disk takes it; any thread */
bool tfevents_trouble(tfevents *f,
                      error *e);  /* whether the disk has failed since it was last asked; once, as nothing follows */
double tfevents_now(void);        /* seconds since 1970, as events have them */
void tfevents_close(tfevents *f); /* NULL is fine */

#endif
