/* Writes checkpoints whose every byte is known, with a memory on disk that changes with each, and reads them back: what the
 * tests of lost power and of failing disks run some ten thousand times, without LibTorch.
 *
 *     save_probe write FOLDER FIRST COUNT KEEP   in FOLDER/checkpoints and FOLDER/memory the steps FIRST, FIRST + 1, ...; goes on
 *                                                from the newest; after each a folder FOLDER/kept-STEP, by which a journal
 *                                                shows what was promised when
 *     save_probe read                            of each FOLDER on standard input one line: the newest's step and what was
 *                                                said about damaged ones, "none", "refused CODE: words", or "WRONG: words" */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "memory/memory.h"
#include "record/checkpoint.h"
#include "scenario/scenario.h"

enum { VALUES = 700, BYTES = 1500, ROWS = 40, OFFERED = 30, ROW_BYTES = 900 };

/* Any bits will do that no other step and no other place has. */
static uint32_t value_at(int64_t step, int64_t i)
{
    uint64_t mixed = ((uint64_t)step << 32 | (uint64_t)i) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(mixed >> 33);
}

static void fill(int64_t step, int64_t values[VALUES], uint8_t bytes[BYTES])
{
    for (int64_t i = 0; i < VALUES; i++)
        values[i] = (int64_t)value_at(step, i);
    for (int64_t i = 0; i < BYTES; i++)
        bytes[i] = (uint8_t)value_at(~step, i);
}

/* ---- the memory ---- */

static memory *memory_of(const char *folder, error *e)
{
    char *path = alloc_format("%s/memory", folder);
    const memory_setup setup = {
        .capacity = ROWS, .policy = MEMORY_FIFO, .seed = 1, .name = "probe", .where = MEMORY_DISK, .folder = path};
    memory *m = memory_open(&setup, e);
    free(path);
    return m;
}

static int memory_change(memory *m, int64_t step, error *e)
{
    uint8_t x[OFFERED * ROW_BYTES];
    int64_t y[OFFERED];
    for (size_t i = 0; i < sizeof x; i++)
        x[i] = (uint8_t)value_at(step + 1000, (int64_t)i);
    for (int64_t i = 0; i < OFFERED; i++)
        y[i] = i % 3;
    return memory_offer(
        m, &(memory_rows){.count = OFFERED, .x = x, .row_bytes = ROW_BYTES, .is_bytes = true, .y = y, .task = 1}, e);
}

/* Of all rows, in the order of arrival. */
static int memory_digest(memory *m, char digest[SHA256_HEX], error *e)
{
    static uint8_t x[ROWS * ROW_BYTES];
    int64_t slots[ROWS], n = memory_find(m, INT32_MAX, slots);
    int code = memory_fetch(m, slots, n, x, NULL, NULL, NULL, e);
    sha256_bytes(x, (size_t)(n * ROW_BYTES), digest);
    return code;
}

/* ---- writing ---- */

static int write_one(const char *checkpoints, memory *m, int64_t step, const struct checkpoint_options *keep, error *e)
{
    int64_t values[VALUES];
    uint8_t bytes[BYTES];
    float weights[VALUES];
    char digest[SHA256_HEX];
    checkpoint c = {.step = step, .task = step / 3 + 1, .after_task = step % 3 == 0};
    c.engine = (engine_info){.torch = "-", .torch_built = "-", .cpu = "-", .device = "-"};
    sha256_bytes("probe", 5, c.plan_sha256);
    fill(step, values, bytes);
    for (int64_t i = 0; i < VALUES; i++)
        weights[i] = (float)values[i];
    arrays_add_list(&c.weights, "1.weight", ARRAY_F32, VALUES, weights);
    arrays_add_list(&c.rest, "probe/values", ARRAY_I64, VALUES, values);
    arrays_add_list(&c.rest, "probe/bytes", ARRAY_U8, BYTES, bytes);
    int code = memory_change(m, step, e);
    code = code ? code : memory_digest(m, digest, e);
    code = code ? code : memory_save(m, "probe/memory", &c.rest, e);
    c.state = code ? NULL : json_pack("{s:I, s:s}", "step", (json_int_t)step, "rows", digest);
    code = code ? code : checkpoint_write(checkpoints, &c, keep, e);
    if (!code)
        memory_saved(m, c.serial, checkpoint_oldest(checkpoints));
    checkpoint_clear(&c);
    return code;
}

/* The memory as the newest checkpoint knows it, or empty. Owned; NULL: in words. */
static memory *memory_go_on(const char *folder, const char *checkpoints, error *e)
{
    checkpoint *c = NULL;
    if (checkpoint_newest(checkpoints, NULL, NULL, &c, e))
        return NULL;
    memory *m = memory_of(folder, e);
    if (m && c && memory_load(m, "probe/memory", &c->rest, e)) {
        memory_close(m);
        m = NULL;
    }
    if (m && c)
        memory_saved(m, c->serial, checkpoint_oldest(checkpoints));
    checkpoint_close(c);
    return m;
}

static int probe_write(const char *folder, int64_t first, int64_t count, int64_t keep)
{
    struct checkpoint_options options = {.on = true, .last = keep};
    error e = {0};
    char *checkpoints = alloc_format("%s/checkpoints", folder);
    memory *m = memory_go_on(folder, checkpoints, &e);
    for (int64_t step = first; m && step < first + count && !e.code; step++)
        if (!write_one(checkpoints, m, step, &options, &e)) {
            char *kept = alloc_format("%s/kept-%" PRId64, folder, step);
            mkdir(kept, 0777);
            free(kept);
        }
    if (m)
        memory_close(m);
    free(checkpoints);
    return e.code ? error_print(&e) : 0;
}

/* ---- reading ---- */

static bool same(const arrays *a, const char *name, enum array_type type, const void *bytes, size_t size)
{
    const array *found = arrays_find(a, name);
    return found && found->type == type && found->size == size && !memcmp(found->bytes, bytes, size);
}

/* NULL: every byte is what it was. */
static const char *wrong(const checkpoint *c)
{
    int64_t values[VALUES];
    uint8_t bytes[BYTES];
    float weights[VALUES];
    fill(c->step, values, bytes);
    for (int64_t i = 0; i < VALUES; i++)
        weights[i] = (float)values[i];
    if (json_integer_value(json_object_get(c->state, "step")) != c->step)
        return "the state of another step";
    if (!same(&c->weights, "1.weight", ARRAY_F32, weights, sizeof weights))
        return "other weights";
    if (!same(&c->rest, "probe/values", ARRAY_I64, values, sizeof values))
        return "other values";
    return same(&c->rest, "probe/bytes", ARRAY_U8, bytes, sizeof bytes) ? NULL : "other bytes";
}

static void note_print(void *self, const char *line)
{
    (void)self;
    printf("[%s] ", line);
}

/* Every row that the checkpoint knows is there as it was; where there is none, the memory can be begun. */
static int rows_check(const char *folder, const checkpoint *c, bool *same_rows, error *e)
{
    char digest[SHA256_HEX];
    memory *m = memory_of(folder, e);
    int code = !m ? e->code : c ? memory_load(m, "probe/memory", &c->rest, e) : memory_change(m, 1, e);
    code = code || !c ? code : memory_digest(m, digest, e);
    *same_rows = !code && (!c || !strcmp(digest, json_string_value(json_object_get(c->state, "rows"))));
    if (m)
        memory_close(m);
    return code;
}

static void probe_read(const char *folder)
{
    checkpoint *c = NULL;
    error e = {0};
    bool same_rows = false;
    char *checkpoints = alloc_format("%s/checkpoints", folder);
    int code = checkpoint_newest(checkpoints, note_print, NULL, &c, &e);
    const char *fault = c ? wrong(c) : NULL;
    if (!code && !fault && !(code = rows_check(folder, c, &same_rows, &e)) && !same_rows)
        fault = "other rows";
    if (code)
        printf("refused %d: %s\n", code, e.text);
    else if (fault)
        printf("WRONG: %s of %s\n", fault, c ? c->name : "none");
    else if (c == NULL)
        printf("none\n");
    else
        printf("%" PRId64 "\n", c->step);
    checkpoint_close(c);
    free(checkpoints);
}

int main(int count, char **words)
{
    char line[4096];
    if (count == 6 && !strcmp(words[1], "write"))
        return probe_write(words[2], atoll(words[3]), atoll(words[4]), atoll(words[5]));
    if (count != 2 || strcmp(words[1], "read") != 0)
        return 64;
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        probe_read(line);
        fflush(stdout);
    }
    return 0;
}
