/* See inspect.h. */
#include "memory/inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/file.h"
#include "memory/disk.h"

enum { REPORT_MOST = 4 << 20, BAD_MOST = 1000, CLASSES_MOST = 4096, WORDS_MOST = 1024 };

static int folder_check(const char *folder, char **path, struct stat *about, error *e)
{
    *path = alloc_format("%s/data.mdb", folder);
    if (stat(*path, about) == 0 && S_ISREG(about->st_mode))
        return 0;
    int code = error_set(e, EXIT_NO_INPUT, "%s: found no memory; expected a folder with a data.mdb", folder);
    error_hint(e, "a run has them in cells/METHOD/seed-N/memory/STRATEGY/NAME");
    return code;
}

/* ---- in the child: walking the rows ---- */

typedef struct walk {
    const char *folder;
    bool verify;
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi rows;
    int64_t versions, slots, bad_count, x_bytes, extra_bytes;
    bool is_bytes;
    struct class_rows {
        int64_t column, rows;
    } classes[CLASSES_MOST];
    int class_count;
    struct version {
        int64_t slot, generation, y;
    } * all; /* [versions] those that can be read */
    int64_t count, room;
    json_t *bad;
} walk;

static int env_open(walk *w)
{
    int code = mdb_env_create(&w->env);
    code = code ? code : mdb_env_open(w->env, w->folder, MDB_RDONLY | MDB_NOTLS, 0600);
    if (code == EROFS || code == EACCES) { /* nobody can write to it then */
        mdb_env_close(w->env);
        code = mdb_env_create(&w->env);
        code = code ? code : mdb_env_open(w->env, w->folder, MDB_RDONLY | MDB_NOTLS | MDB_NOLOCK, 0600);
    }
    code = code ? code : mdb_txn_begin(w->env, NULL, MDB_RDONLY, &w->txn);
    return code ? code : mdb_dbi_open(w->txn, NULL, 0, &w->rows);
}

static void bad_add(walk *w, int64_t slot, int64_t generation, const char *words)
{
    if (w->bad_count++ < BAD_MOST)
        json_array_append_new(w->bad, json_pack("{s:I, s:I, s:s}", "slot", (json_int_t)slot, "generation",
                                                (json_int_t)generation, "words", words));
}

static void class_count(walk *w, int64_t column)
{
    int i = 0;
    while (i < w->class_count && w->classes[i].column != column)
        i++;
    if (i == w->class_count && i < CLASSES_MOST)
        w->classes[w->class_count++].column = column;
    if (i < CLASSES_MOST)
        w->classes[i].rows++;
    w->slots++;
}

static int version_compare(const void *a, const void *b)
{
    const struct version *one = a, *other = b;
    if (one->slot != other->slot)
        return one->slot > other->slot ? 1 : -1;
    return (one->generation > other->generation) - (one->generation < other->generation);
}

static int column_compare(const void *a, const void *b)
{
    const struct class_rows *one = a, *other = b;
    return (one->column > other->column) - (one->column < other->column);
}

/* Of a slot the newest version counts. */
static void classes_count(walk *w)
{
    qsort(w->all, (size_t)w->count, sizeof *w->all, version_compare);
    for (int64_t i = 0; i < w->count; i++)
        if (i + 1 == w->count || w->all[i + 1].slot != w->all[i].slot)
            class_count(w, w->all[i].y);
    qsort(w->classes, (size_t)w->class_count, sizeof *w->classes, column_compare);
}

static void version_add(walk *w, const struct version *v)
{
    if (w->count == w->room) {
        w->room = w->room ? 2 * w->room : 1024;
        w->all = alloc_again(w->all, (size_t)w->room, sizeof *w->all);
    }
    w->all[w->count++] = *v;
}

static void row_look(walk *w, int64_t slot, int64_t generation, const MDB_val *value)
{
    char words[STORED_WORDS];
    stored_row r;
    w->versions++;
    bool good = w->verify ? stored_read(value->mv_data, value->mv_size, slot, generation, &r, words)
                          : stored_form(value->mv_data, value->mv_size, &r, words);
    if (!good) {
        bad_add(w, slot, generation, words);
        return;
    }
    version_add(w, &(struct version){slot, generation, r.y});
    w->x_bytes = r.x_bytes;
    w->extra_bytes = r.extra_bytes > w->extra_bytes ? r.extra_bytes : w->extra_bytes;
    w->is_bytes = r.is_bytes;
}

static bool key_is_description(const MDB_val *key)
{
    return key->mv_size == strlen("description") && !memcmp(key->mv_data, "description", key->mv_size);
}

/* Keys must rise: a damaged tree can lead in a circle. */
static int rows_walk(walk *w)
{
    unsigned char before[STORED_KEY] = {0};
    MDB_cursor *cursor;
    MDB_val key, value;
    int code = mdb_cursor_open(w->txn, w->rows, &cursor);
    code = code ? code : mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    for (; !code; code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        int64_t slot, generation;
        if (key_is_description(&key))
            continue;
        if (!stored_key_read(key.mv_data, key.mv_size, &slot, &generation) ||
            memcmp(key.mv_data, before, STORED_KEY) <= 0)
            return MDB_CORRUPTED;
        memcpy(before, key.mv_data, STORED_KEY);
        row_look(w, slot, generation, &value);
    }
    classes_count(w);
    return code == MDB_NOTFOUND ? 0 : code;
}

static json_t *classes_json(const walk *w)
{
    json_t *all = json_array();
    for (int i = 0; i < w->class_count; i++)
        json_array_append_new(all, json_pack("{s:I, s:I}", "column", (json_int_t)w->classes[i].column, "rows",
                                             (json_int_t)w->classes[i].rows));
    return all;
}

static json_t *walk_json(const walk *w, const description *d)
{
    json_t *out =
        json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I}", "schema", "perdure.memory.report/1", "name", d->name,
                  "owner", d->owner, "policy", d->policy, "capacity", (json_int_t)d->capacity, "per_class",
                  (json_int_t)d->per_class, "bytes", (json_int_t)d->bytes, "generation", (json_int_t)d->generations);
    json_object_set_new(out, "versions", json_integer(w->versions));
    json_object_set_new(out, "slots", json_integer(w->slots));
    json_object_set_new(out, "row_bytes", json_integer(w->x_bytes));
    json_object_set_new(out, "type", w->versions ? json_string(w->is_bytes ? "uint8" : "float32") : json_null());
    json_object_set_new(out, "extra_bytes", json_integer(w->extra_bytes));
    json_object_set_new(out, "classes", classes_json(w));
    json_object_set_new(out, "bad_count", json_integer(w->bad_count));
    json_object_set(out, "bad", w->bad);
    return out;
}

/* The answer: JSON, or "!" and why there is none. */
static void report_body(void *self, int to)
{
    walk *w = self;
    description d = {0};
    int code = env_open(w);
    code = code ? code : description_get(w->txn, w->rows, &d);
    code = code ? code : rows_walk(w);
    char *words = code ? alloc_format("!%s", mdb_strerror(code)) : json_dumps(walk_json(w, &d), JSON_COMPACT);
    child_tell(to, words, strlen(words));
}

/* ---- in the parent ---- */

static int child_refuse(const char *path, const struct child_end *end, const char *answer, error *e)
{
    char how[128];
    if (answer[0] == '!')
        return error_set(e, EXIT_DATA, "%s: cannot be read to its end: %s", path, answer + 1);
    return error_set(e, EXIT_DATA, "%s: cannot be read to its end: whoever reads it is %s", path,
                     child_end_words(end, how, sizeof how));
}

json_t *memory_report(const char *folder, int verify, error *e)
{
    char *path = NULL, *answer = alloc_zero(REPORT_MOST + 1, 1);
    struct stat about;
    struct child_end end = {0};
    walk *w = alloc_zero(1, sizeof *w);
    json_t *out = NULL;
    *w = (walk){.folder = folder, .verify = verify, .bad = json_array()};
    if (!folder_check(folder, &path, &about, e)) {
        error why = {0};
        child_ask(report_body, w, 0, answer, REPORT_MOST, &end, &why);
        if (why.code)
            error_copy(e, &why);
        else if (!(out = json_loads(answer, 0, NULL)))
            child_refuse(path, &end, answer, e);
    }
    if (out) {
        json_object_set_new(out, "folder", json_string(folder));
        json_object_set_new(out, "file_bytes", json_integer(about.st_size));
        json_object_set_new(out, "disk_bytes", json_integer(about.st_blocks * 512));
    }
    json_decref(w->bad);
    free(w);
    free(answer);
    free(path);
    return out;
}

/* ---- making it small ---- */

typedef struct compaction {
    const char *folder, *fresh;
} compaction;

static int compact_to(const compaction *c)
{
    walk *w = alloc_zero(1, sizeof *w);
    w->folder = c->folder;
    int code = env_open(w);
    if (w->txn)
        mdb_txn_abort(w->txn);
    int to = code ? -1 : open(c->fresh, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (!code && to < 0)
        code = errno;
    code = code ? code : mdb_env_copyfd2(w->env, to, MDB_CP_COMPACT);
    if (!code && (fsync(to) || close(to)))
        code = errno;
    return code;
}

static void compact_body(void *self, int to)
{
    int code = compact_to(self);
    char *words = alloc_format("%d %s", code, code ? mdb_strerror(code) : "");
    child_tell(to, words, strlen(words));
}

static int compact_locked(const char *folder, const char *path, error *e)
{
    char *fresh = alloc_format("%s.new", path), answer[WORDS_MOST] = "";
    struct child_end end = {0};
    compaction c = {folder, fresh};
    unlink(fresh); /* of a try that was killed */
    int code = 0;
    child_ask(compact_body, &c, 0, answer, sizeof answer - 1, &end, NULL);
    const int said = atoi(answer);
    if (!answer[0])
        code = child_refuse(path, &end, answer, e);
    else if (said)
        code = error_set(e, said > 0 ? EXIT_IO : EXIT_DATA, "%s: cannot be written anew: %s", path,
                         strchr(answer, ' ') + 1);
    else if (rename(fresh, path))
        code = error_system(e, EXIT_IO, "%s: cannot be put in the place of the old one", fresh);
    else
        code = folder_sync(folder, e);
    if (code)
        unlink(fresh);
    free(fresh);
    return code;
}

int memory_compact(const char *folder, error *e)
{
    char *path = NULL;
    struct stat about;
    int code = folder_check(folder, &path, &about, e);
    int lock = code ? -1 : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (!code && lock < 0)
        code = error_system(e, EXIT_IO, "%s: cannot be opened", folder);
    if (!code && flock(lock, LOCK_EX | LOCK_NB))
        code = error_set(e, EXIT_CREATE, "%s: found it in use by a run; expected nobody to have it open", folder);
    code = code ? code : compact_locked(folder, path, e);
    if (lock >= 0)
        close(lock);
    free(path);
    return code;
}
