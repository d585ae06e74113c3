/* Checkpoints of a folder of the test's own, and ways to damage them. */
#ifndef PERDURE_TESTS_CHECKPOINTS_H
#define PERDURE_TESTS_CHECKPOINTS_H
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../check.h"
#include "base/alloc.h"
#include "base/file.h"
#include "record/manifest.h"

static char root[64], folder[96]; /* folder: root/checkpoints */
static const struct checkpoint_options keep_two = {true, CHECKPOINT_TASK, 0, 0, 2, 0, 0};
static const char plan_digest[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
static const float weight_values[300] = {1, 2, 3, 4, 5, 6};
static const uint8_t row_values[1500] = {7, 8, 9};

/* In memory where there is such a file system: thousands of fsyncs. */
static inline int folder_begin(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "%s/perdure-checkpoint-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    if (!mkdtemp(root))
        return -1;
    snprintf(folder, sizeof folder, "%s/checkpoints", root);
    return 0;
}

static inline int folder_end(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", root);
    return system(command);
}

static inline void folder_clear(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
}

/* What a cell would save: the same bytes whenever. */
static inline checkpoint checkpoint_fabricate(int64_t step, int64_t task, bool after_task)
{
    checkpoint c = {.step = step, .task = task, .after_task = after_task};
    snprintf(c.plan_sha256, sizeof c.plan_sha256, "%s", plan_digest);
    snprintf(c.engine.torch, sizeof c.engine.torch, "2.11.0");
    snprintf(c.engine.torch_built, sizeof c.engine.torch_built, "2.11.0");
    snprintf(c.engine.cpu, sizeof c.engine.cpu, "AVX2");
    c.state = json_pack("{s:[f, f], s:{s:I}}", "matrix", 0.1, 1.0 / 3, "random", "place", (json_int_t)step);
    arrays_add(&c.weights, "hidden.0.weight", ARRAY_F32, (const int64_t[]){20, 15}, 2, weight_values);
    arrays_add_list(&c.rest, "memory/replay/main/rows", ARRAY_U8, 1500, row_values);
    arrays_copy(&c.rest, "optimizer/step", ARRAY_I64, 1, &step);
    return c;
}

static inline char *save_at(int64_t step, int64_t task, bool after_task, const struct checkpoint_options *keep,
                            int64_t now)
{
    error e = {0};
    checkpoint c = checkpoint_fabricate(step, task, after_task);
    int code = checkpoint_write_at(folder, &c, keep, now, &e);
    if (code)
        fail_msg("found %d: %s; expected a checkpoint", code, e.text);
    char *name = alloc_text(c.name);
    checkpoint_clear(&c);
    return name;
}

static inline char *save(int64_t step, int64_t task, bool after_task)
{
    return save_at(step, task, after_task, &keep_two, 1800000000);
}

/* ---- reading back ---- */

struct notes {
    char text[8192];
    int count;
};

static inline void note_take(void *self, const char *line)
{
    struct notes *n = self;
    size_t used = strlen(n->text);
    snprintf(n->text + used, sizeof n->text - used, "%s\n", line);
    n->count++;
}

/* NULL name: 65 is expected. */
static inline struct notes newest_is(const char *name)
{
    struct notes notes = {0};
    checkpoint *c = NULL;
    error e = {0};
    int code = checkpoint_newest(folder, note_take, &notes, &c, &e);
    if (code != (name ? 0 : EXIT_DATA) || (c != NULL) != (name != NULL) || (name && strcmp(c->name, name) != 0))
        fail_msg("found %d, %s: %s\n%s; expected %s", code, c ? c->name : "none", e.text, notes.text,
                 name ? name : "65");
    if (code)
        note_take(&notes, e.text);
    checkpoint_close(c);
    return notes;
}

static inline void told(const struct notes *n, const char *words)
{
    if (!strstr(n->text, words))
        fail_msg("found the notes\n%s; expected %s", n->text, words);
}

/* ---- damage ---- */

static inline char *path_of(const char *name, const char *file)
{
    static char path[2][256];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s%s%s", folder, name, file[0] ? "/" : "", file);
    return path[turn];
}

static __attribute__((noinline, unused)) char *bytes_read(const char *path, size_t *count)
{
    char *bytes = NULL;
    assert_int_equal(file_read(path, 1 << 24, &bytes, count, NULL), 0);
    return bytes;
}

static inline void bytes_write(const char *path, const char *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

/* Another manifest with a digest that is right. */
static inline void manifest_edit(const char *path, const char *from, const char *to)
{
    size_t count = 0;
    char *bytes = bytes_read(path, &count), digest[SHA256_HEX];
    char *at = strstr(bytes, from), *tail = strstr(bytes, "  \"manifest_sha256\"");
    assert_true(at != NULL && at < tail);
    text out = {0};
    text_add(&out, bytes, (size_t)(at - bytes));
    text_addf(&out, "%s", to);
    text_add(&out, at + strlen(from), (size_t)(tail - at) - strlen(from));
    sha256_bytes(out.at, out.length, digest);
    text_addf(&out, "  \"manifest_sha256\": \"%s\"\n}\n", digest);
    bytes_write(path, out.at, out.length);
    text_free(&out);
    free(bytes);
}

#endif
