/* Writes checkpoints whose every byte is known, and reads them back: what the tests of lost power and of failing disks run
 * some ten thousand times, without LibTorch.
 *
 *     save_probe write FOLDER FIRST COUNT KEEP   the steps FIRST, FIRST + 1, ...; after each a folder FOLDER/../kept-STEP, by
 *                                                which a journal shows what was promised when
 *     save_probe read                            of each folder on standard input one line: the newest's step and what was
 *                                                said about damaged ones, "none", "refused CODE: words", or "WRONG: words" */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "record/checkpoint.h"
#include "scenario/scenario.h"

enum { VALUES = 700, BYTES = 1500 };

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

static int write_one(const char *folder, int64_t step, const struct checkpoint_options *keep, error *e)
{
    int64_t values[VALUES];
    uint8_t bytes[BYTES];
    float weights[VALUES];
    checkpoint c = {.step = step, .task = step / 3 + 1, .after_task = step % 3 == 0};
    c.engine = (engine_info){.torch = "-", .torch_built = "-", .cpu = "-", .device = "-"};
    sha256_bytes("probe", 5, c.plan_sha256);
    fill(step, values, bytes);
    for (int64_t i = 0; i < VALUES; i++)
        weights[i] = (float)values[i];
    arrays_add_list(&c.weights, "1.weight", ARRAY_F32, VALUES, weights);
    arrays_add_list(&c.rest, "probe/values", ARRAY_I64, VALUES, values);
    arrays_add_list(&c.rest, "probe/bytes", ARRAY_U8, BYTES, bytes);
    c.state = json_pack("{s:I}", "step", (json_int_t)step);
    int code = checkpoint_write(folder, &c, keep, e);
    checkpoint_clear(&c);
    return code;
}

static int probe_write(const char *folder, int64_t first, int64_t count, int64_t keep)
{
    struct checkpoint_options options = {.on = true, .last = keep};
    error e = {0};
    int code = folder_make(folder, &e);
    for (int64_t step = first; step < first + count && !code; step++) {
        code = write_one(folder, step, &options, &e);
        if (!code) {
            char *kept = alloc_format("%s/../kept-%" PRId64, folder, step);
            mkdir(kept, 0777);
            free(kept);
            printf("%" PRId64 "\n", step);
            fflush(stdout);
        }
    }
    return code ? error_print(&e) : 0;
}

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

static void probe_read(const char *folder)
{
    checkpoint *c = NULL;
    error e = {0};
    int code = checkpoint_newest(folder, note_print, NULL, &c, &e);
    const char *fault = c ? wrong(c) : NULL;
    if (code)
        printf("refused %d: %s\n", code, e.text);
    else if (c == NULL)
        printf("none\n");
    else if (fault)
        printf("WRONG: %s in %s\n", fault, c->name);
    else
        printf("%" PRId64 "\n", c->step);
    if (c)
        checkpoint_close(c);
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
