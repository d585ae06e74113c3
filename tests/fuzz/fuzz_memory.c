/* Any bytes as a row on disk or as a memory's saved state: words, or a memory that can be worked with; never a crash. LMDB itself
 * is not fuzzed: it is not made for hostile files, which is why `perdure memory` reads them in a child.
 *
 * The first byte says what the rest is: 0 a row, behind its slot and generation; else a state, behind three bytes of setup
 * (policy, budget a class, capacity): arrays, each the number of its name, type, rank, 8 bytes a size, and content. 2: the
 * memory lies on disk.
 *
 *     build/clang/tests/fuzz_memory -max_len=8192 FOLDER tests/fuzz/corpus/memory */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "memory/memory.h"
#include "memory/stored.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static const char *const names[] = {"facts",   "classes", "pools", "y",      "in_class", "pool_of",
                                    "in_pool", "arrived", "value", "active", "freed",    "generation",
                                    "retired", "pad",     "x",     "extra"};
enum { NAMES = sizeof names / sizeof *names };

typedef struct input {
    const uint8_t *at;
    size_t left;
} input;

static bool taken(input *in, void *out, size_t count)
{
    if (count > in->left)
        return false;
    memcpy(out, in->at, count);
    in->at += count;
    in->left -= count;
    return true;
}

/* ---- a row ---- */

static void row_fuzz(input *in)
{
    int64_t key[2];
    stored_row r;
    char words[STORED_WORDS] = "";
    if (!taken(in, key, sizeof key))
        return;
    if (!stored_read(in->at, in->left, key[0], key[1], &r, words) && !strstr(words, "; expected "))
        abort();
    if (!stored_form(in->at, in->left, &r, words))
        return;
    unsigned sum = 0;
    for (int64_t i = 0; i < r.x_bytes; i++)
        sum += ((const uint8_t *)r.x)[i];
    for (int64_t i = 0; i < r.extra_bytes; i++)
        sum += ((const uint8_t *)r.extra)[i];
    if (sum == UINT32_MAX)
        abort();
}

/* ---- a state ---- */

/* As a reader of files gives them: bytes and sizes agree. */
static bool array_taken(input *in, arrays *into)
{
    uint8_t head[3];
    int64_t shape[2] = {0};
    size_t size;
    if (!taken(in, head, sizeof head) || head[2] < 1 || head[2] > 2 || !array_width((enum array_type)head[1]) ||
        !taken(in, shape, (size_t)head[2] * sizeof *shape))
        return false;
    size = array_width((enum array_type)head[1]);
    for (int i = 0; i < head[2]; i++)
        if (shape[i] < 0 || __builtin_mul_overflow(size, (size_t)shape[i], &size))
            return false;
    char name[32] = "m/";
    strcat(name, names[head[0] % NAMES]);
    if (size > in->left || arrays_find(into, name))
        return false;
    void *own = alloc_zero(size + 1, 1);
    taken(in, own, size);
    arrays_take(into, name, (enum array_type)head[1], shape, head[2], own);
    return true;
}

/* What passed the checks is worked with as any memory is. */
static void memory_work(memory *m)
{
    error e = {0};
    int64_t slots[8], y[8] = {0, 1, 2, 0, 1, 2, 0, 1}, n = memory_sample(m, 8, slots), row = memory_row_bytes(m);
    float value[8] = {1, 2, 3, 4, NAN, 6, 7, 8};
    int64_t extra = memory_extra_bytes(m);
    if (row > 4096 || extra > 4096)
        return;
    char *x = alloc_zero(8 * (size_t)row + 1, 1), *more = alloc_zero(8 * (size_t)extra + 1, 1);
    memory_fetch(m, slots, n, x, y, value, more, &e);
    memory_rows rows = {.count = 8,
                        .x = x,
                        .row_bytes = row,
                        .is_bytes = memory_is_bytes(m),
                        .y = y,
                        .value = value,
                        .extra = extra ? more : NULL,
                        .extra_bytes = extra};
    for (int i = 0; i < 4; i++) {
        e.code = 0;
        memory_offer(m, &rows, &e);
        e.code = 0;
        memory_put(m, slots, &(memory_rows){.count = n, .y = y, .value = value}, &e);
        n = memory_sample(m, 8, slots);
    }
    memory_retain(m, y[0], slots, 0, &e);
    free(x);
    free(more);
}

static char root[] = "/dev/shm/perdure-fuzz-XXXXXX";

static void root_drop(void)
{
    static const char *const files[] = {"data.mdb", "lock.mdb"};
    for (int i = 0; i < 2; i++) {
        char *path = alloc_format("%s/%s", root, files[i]);
        unlink(path);
        free(path);
    }
    rmdir(root);
}

/* One folder for all inputs. */
static void root_make(void)
{
    static bool made;
    if (!made && (!mkdtemp(root) || atexit(root_drop)))
        abort();
    made = true;
}

static void state_fuzz(input *in, bool disk)
{
    uint8_t setup[3];
    arrays from = {0};
    error e = {0};
    if (!taken(in, setup, sizeof setup))
        return;
    if (disk)
        root_make();
    while (array_taken(in, &from))
        ;
    memory *m = memory_open(&(memory_setup){.capacity = 1 + setup[2],
                                            .per_class = setup[1],
                                            .policy = (enum memory_policy)(setup[0] % 5),
                                            .seed = 1,
                                            .name = "test",
                                            .where = disk ? MEMORY_DISK : MEMORY_RAM,
                                            .folder = root,
                                            .waiting = 1},
                            &e);
    if (!m)
        abort();
    int code = memory_load(m, "m", &from, &e);
    if ((code != 0) != (e.text[0] != 0))
        abort();
    if (!code)
        memory_work(m);
    memory_close(m);
    arrays_free(&from);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    input in = {bytes + 1, count - 1};
    if (!count)
        return 0;
    if (bytes[0] == 0)
        row_fuzz(&in);
    else
        state_fuzz(&in, bytes[0] == 2);
    return 0;
}
