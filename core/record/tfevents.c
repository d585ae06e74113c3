/* See tfevents.h: what stands in an event, and how it gets to the disk. Going on is tfevents_resume.c's. */
#include "record/tfevents.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "record/crc32c.h"
#include "record/protobuf.h"
#include "record/tfevents_inside.h"

enum { FLUSH_BYTES = 32 << 10 };
static const double FLUSH_SECONDS = 5; /* who looks on sees no more than this late what is slow */

/* Of Event, Summary.Value, SummaryMetadata and TensorProto: field numbers of tensorboard/compat/proto. */
enum { EVENT_TIME = 1, EVENT_STEP = 2, EVENT_VERSION = 3, EVENT_SUMMARY = 5, EVENT_SESSION = 7, EVENT_SOURCE = 10 };
enum { SUMMARY_VALUE = 1, VALUE_TAG = 1, VALUE_TENSOR = 8, VALUE_METADATA = 9 };
enum { METADATA_PLUGIN = 1, METADATA_CLASS = 4, PLUGIN_NAME = 1, PLUGIN_CONTENT = 2 };
enum { TENSOR_TYPE = 1, TENSOR_SHAPE = 2, TENSOR_CONTENT = 4, TENSOR_STRING = 8, SHAPE_DIM = 2, DIM_SIZE = 1 };
enum { TYPE_FLOAT = 1, TYPE_STRING = 7 };
enum { CLASS_NONE = 0, CLASS_SCALAR = 1, CLASS_TENSOR = 2, CLASS_BLOBS = 3 };
enum { SESSION_STATUS = 1, SESSION_WORDS = 3, SESSION_START = 1, SESSION_CHECKPOINT = 3 };

double tfevents_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- to the disk ---- */

/* What was half written goes again: the file ends with a whole record. */
static void file_fail(tfevents *f)
{
    error_system(&f->failed, EXIT_IO, "%s: cannot be written", f->path);
    if (ftruncate(f->file, f->length) != 0)
        f->length = 0; /* readers stop at the half record by themselves */
}

void tfevents_flush(tfevents *f)
{
    size_t done = 0;
    while (done < f->pending.length && !f->failed.code) {
        ssize_t count = write(f->file, f->pending.at + done, f->pending.length - done);
        if (count > 0)
            done += (size_t)count;
        else if (count < 0 && errno != EINTR)
            file_fail(f);
    }
    if (!f->failed.code)
        f->length += (off_t)done;
    f->pending.length = 0;
    f->flushed = tfevents_now();
}

static void number_add(text *out, const void *number, size_t size) { text_add(out, number, size); }

/* Checksums are turned and moved, so that a checksum of bytes that hold checksums is not a fixed one. */
static uint32_t checksum(const void *bytes, size_t count)
{
    uint32_t crc = crc32c(bytes, count);
    return (crc >> 15 | crc << 17) + 0xA282EAD8;
}

uint32_t tfevents_checksum(const void *bytes, size_t count) { return checksum(bytes, count); }

/* Takes the message over. */
static void record_add(tfevents *f, text *event)
{
    const uint64_t length = event->length;
    const uint32_t of_length = checksum(&length, sizeof length), of_event = checksum(event->at, event->length);
    number_add(&f->pending, &length, sizeof length);
    number_add(&f->pending, &of_length, sizeof of_length);
    text_add(&f->pending, event->at, event->length);
    number_add(&f->pending, &of_event, sizeof of_event);
    text_free(event);
}

/* ---- events ---- */

static text event_begin(const tfevents *f, int64_t step)
{
    text event = {0};
    proto_double(&event, EVENT_TIME, f->now);
    if (step > 0)
        proto_integer(&event, EVENT_STEP, (uint64_t)step);
    return event;
}

/* Takes `session` over. */
static void session_add(tfevents *f, int64_t step, text *session)
{
    text event = event_begin(f, step);
    proto_message(&event, EVENT_SESSION, session);
    record_add(f, &event);
}

void tfevents_session(const char *mark, text *out)
{
    proto_integer(out, SESSION_STATUS, SESSION_CHECKPOINT);
    proto_text(out, SESSION_WORDS, mark);
}

/* The START at step 0 does away with what a reader has of a file that this one takes the place of. */
static void file_head(tfevents *f)
{
    text event = event_begin(f, 0), source = {0}, session = {0};
    proto_text(&event, EVENT_VERSION, "brain.Event:2");
    proto_text(&source, 1, "perdure");
    proto_message(&event, EVENT_SOURCE, &source);
    record_add(f, &event);
    proto_integer(&session, SESSION_STATUS, SESSION_START);
    session_add(f, 0, &session);
}

void tfevents_mark(tfevents *f, int64_t step, const char *mark)
{
    text session = {0};
    f->now = tfevents_now();
    tfevents_session(mark, &session);
    session_add(f, step, &session);
}

static text metadata_of(const char *plugin, text *content, uint32_t kind)
{
    text metadata = {0}, data = {0};
    proto_text(&data, PLUGIN_NAME, plugin);
    if (content)
        proto_message(&data, PLUGIN_CONTENT, content);
    proto_message(&metadata, METADATA_PLUGIN, &data);
    if (kind)
        proto_integer(&metadata, METADATA_CLASS, kind);
    return metadata;
}

/* A tensor [size] without its values; size below 0: a number alone. */
static text tensor_of(uint32_t type, int64_t size)
{
    text tensor = {0}, shape = {0}, dim = {0};
    if (size > 0)
        proto_integer(&dim, DIM_SIZE, (uint64_t)size);
    if (size >= 0)
        proto_message(&shape, SHAPE_DIM, &dim);
    proto_integer(&tensor, TENSOR_TYPE, type);
    proto_message(&tensor, TENSOR_SHAPE, &shape);
    return tensor;
}

/* Takes metadata and tensor over. */
static void summary_add(tfevents *f, int64_t step, const char *tag, text *metadata, text *tensor)
{
    f->now = tfevents_now();
    text value = {0}, summary = {0}, event = event_begin(f, step);
    proto_text(&value, VALUE_TAG, tag);
    proto_message(&value, VALUE_TENSOR, tensor);
    proto_message(&value, VALUE_METADATA, metadata);
    proto_message(&summary, SUMMARY_VALUE, &value);
    proto_message(&event, EVENT_SUMMARY, &summary);
    record_add(f, &event);
    if (f->pending.length >= FLUSH_BYTES || f->now - f->flushed >= FLUSH_SECONDS)
        tfevents_flush(f);
}

void tfevents_scalar(tfevents *f, int64_t step, const char *tag, double value)
{
    const float number = (float)value;
    text metadata = metadata_of("scalars", NULL, CLASS_SCALAR), tensor = tensor_of(TYPE_FLOAT, -1);
    proto_bytes(&tensor, TENSOR_CONTENT, &number, sizeof number);
    summary_add(f, step, tag, &metadata, &tensor);
}

void tfevents_image(tfevents *f, int64_t step, const char *tag, int64_t width, int64_t height, const void *png,
                    size_t count)
{
    text metadata = metadata_of("images", NULL, CLASS_BLOBS), tensor = tensor_of(TYPE_STRING, 3), number = {0};
    text_addf(&number, "%lld", (long long)width);
    proto_message(&tensor, TENSOR_STRING, &number);
    text_addf(&number, "%lld", (long long)height);
    proto_message(&tensor, TENSOR_STRING, &number);
    proto_bytes(&tensor, TENSOR_STRING, png, count);
    summary_add(f, step, tag, &metadata, &tensor);
}

void tfevents_content(tfevents *f, const char *tag, const char *plugin, text *message)
{
    text metadata = metadata_of(plugin, message, CLASS_NONE), tensor = tensor_of(TYPE_FLOAT, 0);
    summary_add(f, 0, tag, &metadata, &tensor);
}

void tfevents_value(tfevents *f, const char *tag, const char *plugin, text *message)
{
    text metadata = metadata_of(plugin, NULL, CLASS_TENSOR), tensor = tensor_of(TYPE_STRING, -1);
    proto_message(&tensor, TENSOR_STRING, message);
    summary_add(f, 0, tag, &metadata, &tensor);
}

/* ---- the file ---- */

tfevents *tfevents_open(char *path, int file, off_t length)
{
    tfevents *f = alloc_zero(1, sizeof *f);
    *f = (tfevents){.file = file, .length = length, .now = tfevents_now()};
    f->path = path;
    f->flushed = f->now;
    return f;
}

char *tfevents_name(const char *folder, long long at_least)
{
    char host[256] = "";
    long long now = (long long)time(NULL);
    if (gethostname(host, sizeof host - 1) != 0 || !host[0] || strchr(host, '/'))
        memcpy(host, "localhost", sizeof "localhost");
    return alloc_format("%s/" TFEVENTS_PREFIX "%010lld.%s.%ld.0", folder, now > at_least ? now : at_least, host,
                        (long)getpid());
}

int tfevents_begin(const char *folder, tfevents **out, error *e)
{
    *out = NULL;
    int code = folder_make(folder, e);
    if (!code)
        code = tfevents_remove(folder, e);
    if (code)
        return code;
    char *path = tfevents_name(folder, 0);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (file < 0) {
        code = error_system(e, EXIT_CREATE, "%s: cannot be created", path);
        free(path);
        return code;
    }
    *out = tfevents_open(path, file, 0);
    file_head(*out);
    return 0;
}

void tfevents_sync(const tfevents *f) { fdatasync(f->file); }

bool tfevents_trouble(tfevents *f, error *e)
{
    bool now = f->failed.code && !f->told;
    f->told = f->told || now;
    if (now)
        error_copy(e, &f->failed);
    return now;
}

void tfevents_close(tfevents *f)
{
    if (f == NULL)
        return;
    close(f->file);
    if (f->old)
        unlink(f->old);
    text_free(&f->pending);
    free(f->old);
    free(f->path);
    free(f);
}
