/* See manifest.h. */
#include "record/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "record/machine.h"
#include "record/record.h"
#include "record/seal.h"
#include "record/strict_file.h"

const char *const manifest_files[MANIFEST_FILES] = {"weights.safetensors", "state.safetensors"};
static const char schema_word[] = "perdure.checkpoint/";

static bool is_digest(const char *word) { return strlen(word) == 64 && strspn(word, "0123456789abcdef") == 64; }

/* ---- writing ---- */

static json_t *files_json(const manifest *m)
{
    json_t *files = json_object();
    for (int i = 0; i < MANIFEST_FILES; i++)
        json_object_set_new(
            files, manifest_files[i],
            json_pack("{s:I, s:s}", "bytes", (json_int_t)m->files[i].bytes, "sha256", m->files[i].digest));
    return files;
}

static json_t *manifest_json(const manifest *m)
{
    const checkpoint *c = &m->head;
    char *schema = alloc_format("%s%d", schema_word, (int)CHECKPOINT_FORMAT);
    json_t *out = json_pack("{s:s, s:i, s:[], s:o, s:I, s:I, s:I, s:b, s:s, s:o, s:O, s:o}", "schema", schema, "format",
                            (int)CHECKPOINT_FORMAT, "requires", "written", record_time_json(m->written), "serial",
                            (json_int_t)c->serial, "step", (json_int_t)c->step, "task", (json_int_t)c->task,
                            "after_task", c->after_task, "plan_sha256", c->plan_sha256, "engine",
                            machine_engine_json(&c->engine), "state", c->state, "files", files_json(m));
    free(schema);
    return out;
}

int manifest_text(const char *path, const manifest *m, text *out, error *e)
{
    json_t *whole = is_digest(m->head.plan_sha256) ? manifest_json(m) : NULL;
    if (!whole)
        return error_set(e, EXIT_INTERNAL, "%s: the manifest cannot be written as JSON", path);
    seal_text(whole, out);
    json_decref(whole);
    if (out->length > MANIFEST_BYTES)
        return error_set(e, EXIT_INTERNAL, "%s: found a manifest of %zu bytes; expected at most %d", path, out->length,
                         (int)MANIFEST_BYTES);
    return 0;
}

/* ---- reading ---- */

static int field_refused(const char *path, const char *key, const char *expected, error *e)
{
    return error_set(e, EXIT_DATA, "%s: %s: found something else; expected %s", path, key, expected);
}

/* What has a good digest and was written by a Perdure that knew more is no damage. */
static int newer_check(const char *path, const json_t *whole, bool *newer, error *e)
{
    const json_t *format = json_object_get(whole, "format"), *needs = json_object_get(whole, "requires");
    const char *schema = json_string_value(json_object_get(whole, "schema"));
    if (!schema || strncmp(schema, schema_word, sizeof schema_word - 1) != 0)
        return error_set(e, EXIT_DATA, "%s: schema: found %s; expected perdure.checkpoint/%d", path,
                         schema ? text_quoted(schema) : "none", (int)CHECKPOINT_FORMAT);
    if (!json_is_integer(format) || json_integer_value(format) < 1)
        return field_refused(path, "format", "a whole number from 1", e);
    *newer = json_integer_value(format) > CHECKPOINT_FORMAT;
    if (*newer)
        return error_set(e, EXIT_DATA, "%s: was written in format %lld; this Perdure reads %d", path,
                         (long long)json_integer_value(format), (int)CHECKPOINT_FORMAT);
    if (!json_is_array(needs))
        return field_refused(path, "requires", "a list", e);
    *newer = json_array_size(needs) > 0;
    if (!*newer)
        return 0;
    const char *word = json_string_value(json_array_get(needs, 0));
    return error_set(e, EXIT_DATA, "%s: requires %s; this Perdure does not know it", path,
                     word ? text_quoted(word) : "something");
}

/* From `least` to 2^53, which every reader of JSON agrees on. */
static bool whole_read(const json_t *object, const char *key, int64_t least, int64_t *out)
{
    const json_t *value = json_object_get(object, key);
    *out = json_integer_value(value);
    return json_is_integer(value) && *out >= least && *out <= INT64_C(1) << 53;
}

static bool written_read(const json_t *whole, int64_t *out)
{
    const char *words = json_string_value(json_object_get(whole, "written"));
    struct tm utc = {0};
    const char *end = words ? strptime(words, "%Y-%m-%dT%H:%M:%SZ", &utc) : NULL;
    *out = end && *end == '\0' ? (int64_t)timegm(&utc) : 0;
    return end && *end == '\0';
}

static bool word_read(const json_t *object, const char *key, char *out, size_t room)
{
    const char *word = json_string_value(json_object_get(object, key));
    return word && (size_t)snprintf(out, room, "%s", word) < room;
}

static bool engine_read(const json_t *whole, engine_info *out)
{
    const json_t *engine = json_object_get(whole, "engine");
    return word_read(engine, "torch", out->torch, sizeof out->torch) &&
           word_read(engine, "torch_built", out->torch_built, sizeof out->torch_built) &&
           word_read(engine, "cpu", out->cpu, sizeof out->cpu) &&
           word_read(engine, "device", out->device, sizeof out->device);
}

static bool files_read(const json_t *whole, manifest *out)
{
    const json_t *files = json_object_get(whole, "files");
    bool good = json_object_size(files) == MANIFEST_FILES;
    for (int i = 0; i < MANIFEST_FILES && good; i++) {
        const json_t *one = json_object_get(files, manifest_files[i]);
        int64_t bytes = 0;
        good = whole_read(one, "bytes", 0, &bytes) &&
               word_read(one, "sha256", out->files[i].digest, sizeof out->files[i].digest) &&
               is_digest(out->files[i].digest);
        out->files[i].bytes = (uint64_t)bytes;
    }
    return good;
}

static int fields_read(const char *path, const json_t *whole, manifest *out, error *e)
{
    checkpoint *c = &out->head;
    json_t *state = json_object_get(whole, "state");
    if (!whole_read(whole, "serial", 1, &c->serial))
        return field_refused(path, "serial", "a whole number from 1", e);
    if (!whole_read(whole, "step", 0, &c->step))
        return field_refused(path, "step", "a whole number from 0", e);
    if (!whole_read(whole, "task", 0, &c->task))
        return field_refused(path, "task", "a whole number from 0", e);
    if (!json_is_boolean(json_object_get(whole, "after_task")))
        return field_refused(path, "after_task", "true or false", e);
    if (!word_read(whole, "plan_sha256", c->plan_sha256, sizeof c->plan_sha256) || !is_digest(c->plan_sha256))
        return field_refused(path, "plan_sha256", "64 hexadecimal digits", e);
    if (!written_read(whole, &out->written))
        return field_refused(path, "written", "a time, as 2026-01-31T12:00:00Z", e);
    if (!engine_read(whole, &c->engine))
        return field_refused(path, "engine", "torch, torch_built, cpu and device", e);
    if (!files_read(whole, out))
        return field_refused(path, "files", "bytes and sha256 of weights.safetensors and state.safetensors", e);
    if (!json_is_object(state))
        return field_refused(path, "state", "an object", e);
    c->after_task = json_is_true(json_object_get(whole, "after_task"));
    c->state = json_incref(state);
    return 0;
}

int manifest_parse(const char *path, const char *bytes, uint64_t count, manifest *out, bool *newer, error *e)
{
    json_t *whole = NULL;
    *out = (manifest){0};
    *newer = false;
    int code = seal_check(path, bytes, count, e);
    if (!code)
        code = strict_json(path, bytes, count, &whole, e);
    if (!code)
        code = newer_check(path, whole, newer, e);
    if (!code)
        code = fields_read(path, whole, out, e);
    json_decref(whole);
    return code;
}

static int whole_file_read(old_file *f, manifest *out, bool *newer, error *e)
{
    char *bytes = alloc_zero(f->size + 1, 1);
    int code = old_file_read(f, bytes, f->size, e);
    if (!code)
        code = old_file_end(f, e);
    if (!code)
        code = manifest_parse(f->path, bytes, f->size, out, newer, e);
    free(bytes);
    return code;
}

int manifest_read(const char *path, manifest *out, bool *newer, error *e)
{
    old_file f;
    *out = (manifest){0};
    *newer = false;
    int code = old_file_open(path, false, &f, e);
    if (code)
        return code;
    if (f.size > MANIFEST_BYTES)
        code = error_set(e, EXIT_DATA, "%s: found %llu bytes; expected at most %d", path, (unsigned long long)f.size,
                         (int)MANIFEST_BYTES);
    else
        code = whole_file_read(&f, out, newer, e);
    old_file_close(&f, NULL);
    return code;
}

void manifest_clear(manifest *m)
{
    json_decref(m->head.state);
    *m = (manifest){0};
}
