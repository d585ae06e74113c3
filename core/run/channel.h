/* What the process of a cell tells its coordinator, as frames in a pipe.
 *
 * A frame is at most PIPE_BUF bytes and one write, so frames of several threads never mix, and the coordinator never
 * waits for the rest of one. Nothing here proves that a cell succeeded: only its record does. */
#ifndef PERDURE_RUN_CHANNEL_H
#define PERDURE_RUN_CHANNEL_H
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "train/train.h"

enum message_kind {
    MESSAGE_PROGRESS = 1,
    MESSAGE_NOTE,
    MESSAGE_MEASURED,
    MESSAGE_ACCURACY,
    MESSAGE_ROW,
    MESSAGE_ERROR,
    MESSAGE_DONE
};

struct message {
    uint32_t kind; /* a message_kind */
    uint32_t size; /* of the body, in bytes */
    union {
        train_progress progress;
        struct {
            char level[16], line[1024];
        } note;
        struct {
            int64_t after, on;
            double accuracy;
        } measured;
        struct { /* on a task, whatever it was measured for: a row of the matrix, or a look within a task */
            int64_t on;
            double value;
        } accuracy;
        struct { /* of the matrix, whole: metrics of the tasks so far, NAN where they cannot be computed */
            int64_t after, step;
            double average, forgetting;
        } row;
        error error;
    } as;
};
enum { MESSAGE_HEAD = 2 * sizeof(uint32_t) };
_Static_assert(sizeof(struct message) <= PIPE_BUF, "a frame is one write");

/* In the cell. A coordinator that has gone is no error: the cell is ended with it anyway. */
void channel_progress(int channel, const train_progress *p);
void channel_note(int channel, const char *level, const char *line); /* any thread */
void channel_measured(int channel, int64_t after, int64_t on, double accuracy);
void channel_accuracy(int channel, int64_t on, double value);
void channel_row(int channel, int64_t after, int64_t step, double average, double forgetting);
void channel_error(int channel, const error *e);
void channel_done(int channel);

/* In the coordinator. */
struct inbox {
    char bytes[2 * sizeof(struct message)];
    size_t used;
    bool broken; /* something else was written into the pipe: the rest is dropped */
};
bool inbox_read(struct inbox *b, int channel);         /* what is there now; false: the other end is closed */
bool inbox_take(struct inbox *b, struct message *out); /* the next whole frame; texts in it end in NUL */

#endif
