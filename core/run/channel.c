/* See channel.h. Both ends are the same program, forked, so structs go over as they lie in memory. */
#include "run/channel.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void message_send(int channel, struct message *m, uint32_t kind, size_t size)
{
    m->kind = kind;
    m->size = (uint32_t)size;
    while (write(channel, m, MESSAGE_HEAD + size) < 0 && errno == EINTR)
        ;
}

void channel_progress(int channel, const train_progress *p)
{
    struct message m = {.as.progress = *p};
    message_send(channel, &m, MESSAGE_PROGRESS, sizeof m.as.progress);
}

void channel_note(int channel, const char *level, const char *line)
{
    struct message m = {0};
    snprintf(m.as.note.level, sizeof m.as.note.level, "%s", level);
    snprintf(m.as.note.line, sizeof m.as.note.line, "%s", line);
    message_send(channel, &m, MESSAGE_NOTE, sizeof m.as.note);
}

void channel_measured(int channel, int64_t after, int64_t on, double accuracy)
{
    struct message m = {.as.measured = {after, on, accuracy}};
    message_send(channel, &m, MESSAGE_MEASURED, sizeof m.as.measured);
}

void channel_accuracy(int channel, int64_t on, double value)
{
    struct message m = {.as.accuracy = {on, value}};
    message_send(channel, &m, MESSAGE_ACCURACY, sizeof m.as.accuracy);
}

void channel_row(int channel, int64_t after, int64_t step, double average, double forgetting)
{
    struct message m = {.as.row = {after, step, average, forgetting}};
    message_send(channel, &m, MESSAGE_ROW, sizeof m.as.row);
}

void channel_error(int channel, const error *e)
{
    struct message m = {.as.error = *e};
    message_send(channel, &m, MESSAGE_ERROR, sizeof m.as.error);
}

void channel_done(int channel)
{
    struct message m = {0};
    message_send(channel, &m, MESSAGE_DONE, 0);
}

bool inbox_read(struct inbox *b, int channel)
{
    for (;;) {
        ssize_t count = read(channel, b->bytes + b->used, sizeof b->bytes - b->used);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return errno == EAGAIN; /* nothing more for now */
        if (count == 0)
            return false;
        b->used = b->broken ? 0 : b->used + (size_t)count;
        return true;
    }
}

static size_t body_size(uint32_t kind)
{
    const struct message *m = NULL;
    switch (kind) {
    case MESSAGE_PROGRESS: return sizeof m->as.progress;
    case MESSAGE_NOTE: return sizeof m->as.note;
    case MESSAGE_MEASURED: return sizeof m->as.measured;
    case MESSAGE_ACCURACY: return sizeof m->as.accuracy;
    case MESSAGE_ROW: return sizeof m->as.row;
    case MESSAGE_ERROR: return sizeof m->as.error;
    case MESSAGE_DONE: return 0;
    default: return SIZE_MAX;
    }
}

static void texts_end(struct message *m)
{
    if (m->kind == MESSAGE_NOTE) {
        m->as.note.level[sizeof m->as.note.level - 1] = '\0';
        m->as.note.line[sizeof m->as.note.line - 1] = '\0';
    }
    if (m->kind == MESSAGE_ERROR) {
        m->as.error.text[sizeof m->as.error.text - 1] = '\0';
        m->as.error.hint[sizeof m->as.error.hint - 1] = '\0';
    }
}

bool inbox_take(struct inbox *b, struct message *out)
{
    uint32_t head[2];
    if (b->used < MESSAGE_HEAD)
        return false;
    memcpy(head, b->bytes, sizeof head);
    if (head[1] != body_size(head[0])) {
        b->broken = true;
        b->used = 0;
        return false;
    }
    size_t whole = MESSAGE_HEAD + head[1];
    if (b->used < whole)
        return false;
    memset(out, 0, sizeof *out);
    memcpy(out, b->bytes, whole);
    texts_end(out);
    b->used -= whole;
    memmove(b->bytes, b->bytes + whole, b->used);
    return true;
}
