/* Any bytes as a safetensors file: arrays or words, never a crash, and no more memory than the file can stand for. What the
 * strict reader takes the other one takes, too, and it comes back when it is written.
 *
 *     build/clang/tests/fuzz_arrays -max_len=4096 FOLDER tests/fuzz/corpus/arrays */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record/arrays_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static char path[64], again[64];

static void file_put(const uint8_t *bytes, size_t count)
{
    snprintf(path, sizeof path, "/tmp/perdure-arrays-%ld", (long)getpid());
    snprintf(again, sizeof again, "/tmp/perdure-arrays-%ld-again", (long)getpid());
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, count, file) != count || fclose(file) != 0)
        abort();
}

/* Every byte of every array is read. */
static void sizes_check(const arrays *a, size_t count)
{
    uint64_t all = 0;
    unsigned sum = 0;
    for (int64_t i = 0; i < a->count; i++) {
        const array *one = &a->at[i];
        uint64_t size = array_width(one->type);
        for (int32_t j = 0; j < one->rank; j++)
            size *= (uint64_t)one->shape[j];
        if (size != one->size || one->name[0] == '\0')
            abort();
        for (uint64_t j = 0; j < size; j++)
            sum += ((const uint8_t *)one->bytes)[j];
        all += size;
    }
    if (all > count || sum > 255 * all)
        abort();
}

static void arrays_again(const arrays *a)
{
    arrays b = {0};
    unlink(again);
    if (arrays_write(again, a, NULL, NULL, NULL, NULL) != 0 || arrays_read(again, NULL, &b, NULL) != 0 ||
        a->count != b.count)
        abort();
    arrays_free(&b);
    unlink(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    arrays strict = {0}, foreign = {0};
    error e = {0}, other = {0};
    file_put(bytes, count);
    int code = arrays_read(path, NULL, &strict, &e), foreign_code = arrays_read_foreign(path, NULL, &foreign, &other);
    if ((code != 0) != (e.text[0] != '\0') || (code != 0 && strict.at) || (code == 0 && foreign_code != 0))
        abort();
    if (code == 0) {
        sizes_check(&strict, count);
        arrays_again(&strict);
    }
    if (foreign_code == 0)
        sizes_check(&foreign, count);
    arrays_free(&strict);
    arrays_free(&foreign);
    unlink(path);
    return 0;
}
