/* log.jsonl: what a cell measured on its way, a line a point. Points come from inside the training loop, so they are
 * put together in memory and leave it in whole lines; who looks on with `tail -f` never sees half a line. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "record/record.h"

enum { LOG_BUFFER = 32 << 10 };

struct record_log {
    int file;
    char *path;
    text lines;  /* not yet written */
    error first; /* of writing: told when the log is closed */
};

int record_log_open(const char *folder, record_log **out, error *e)
{
    *out = NULL;
    int code = folder_make(folder, e);
    if (code)
        return code;
    char *path = alloc_format("%s/log.jsonl", folder);
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file < 0) {
        code = error_system(e, EXIT_CREATE, "%s: cannot be created", path);
        free(path);
        return code;
    }
    record_log *l = alloc_zero(1, sizeof *l);
    l->file = file;
    l->path = path;
    *out = l;
    return 0;
}

static void log_flush(record_log *l)
{
    size_t done = 0;
    while (done < l->lines.length && l->first.code == 0) {
        ssize_t count = write(l->file, l->lines.at + done, l->lines.length - done);
        if (count > 0)
            done += (size_t)count;
        else if (count < 0 && errno != EINTR)
            error_system(&l->first, EXIT_IO, "%s: cannot be written", l->path);
    }
    l->lines.length = 0;
}

void record_log_point(record_log *l, const char *name, int64_t task, int64_t step, double value)
{
    json_t *text_of_name = json_string(name); /* NULL where it is no UTF-8: a plugin's name may be anything */
    char *quoted = text_of_name ? json_dumps(text_of_name, JSON_ENCODE_ANY) : NULL;
    text_addf(&l->lines, "{\"name\": %s, \"task\": %lld, \"step\": %lld, \"value\": ", quoted ? quoted : "\"?\"",
              (long long)task, (long long)step);
    if (isfinite(value))
        record_number(value, &l->lines);
    else
        text_addf(&l->lines, "null, \"not_finite\": \"%s\"", isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
    text_addf(&l->lines, "}\n");
    free(quoted);
    json_decref(text_of_name);
    if (l->lines.length >= LOG_BUFFER)
        log_flush(l);
}

static void log_finish(record_log *l)
{
    log_flush(l);
    if (l->first.code == 0 && fsync(l->file) != 0 && errno != EINVAL && errno != EROFS)
        error_system(&l->first, EXIT_IO, "%s: cannot be written", l->path);
}

int record_log_keep(record_log *l, int64_t bytes, error *e)
{
    struct stat about;
    l->lines.length = 0;
    if (fstat(l->file, &about) != 0)
        return error_system(e, EXIT_IO, "%s: cannot be read", l->path);
    if (about.st_size < bytes)
        return error_set(e, EXIT_DATA, "%s: found %lld bytes; expected at least %lld, as the checkpoint says", l->path,
                         (long long)about.st_size, (long long)bytes);
    if (about.st_size != bytes && ftruncate(l->file, bytes) != 0)
        return error_system(e, EXIT_IO, "%s: cannot be cut", l->path);
    return 0;
}

int record_log_place(record_log *l, int64_t *bytes, error *e)
{
    struct stat about = {0};
    log_flush(l);
    if (l->first.code == 0 && fstat(l->file, &about) != 0)
        error_system(&l->first, EXIT_IO, "%s: cannot be read", l->path);
    *bytes = about.st_size;
    return l->first.code ? error_set(e, l->first.code, "%s", l->first.text) : 0;
}

int record_log_sync(const record_log *l, error *e)
{
    if (fsync(l->file) == 0 || errno == EINVAL || errno == EROFS)
        return 0;
    return error_system(e, EXIT_IO, "%s: cannot be written", l->path);
}

int record_log_close(record_log *l, error *e)
{
    if (l == NULL)
        return 0;
    log_finish(l);
    if (close(l->file) != 0)
        error_system(&l->first, EXIT_IO, "%s: cannot be written", l->path);
    int code = l->first.code;
    if (code)
        error_set(e, code, "%s", l->first.text);
    text_free(&l->lines);
    free(l->path);
    free(l);
    return code;
}
