/* Any bytes as a data file of each form: rows or words, never a crash, and no more memory than the file can stand for.
 * The first byte chooses the reader.
 *
 *     build/clang/tests/fuzz_readers -max_len=4096 FOLDER */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "data/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void array_fuzz(array_reader read, const char *path)
{
    idx a;
    error e = {0};
    int code = read(path, &a, &e);
    if ((code == 0) != (a.bytes || a.reals || a.label) || (code != 0) != (e.text[0] != 0))
        abort();
    double sum = 0;
    for (int64_t i = 0; !code && i < a.size[0] * a.item; i++)
        sum += a.bytes ? a.bytes[i] : a.reals ? (double)a.reals[i] : a.label[i];
    if (isnan(sum))
        abort();
    idx_close(&a);
}

static void csv_fuzz(const char *path)
{
    data_rows r;
    error e = {0};
    int code = csv_read(path, &(csv_form){0}, &r, &e);
    if ((code == 0) != (r.bytes || r.reals))
        abort();
    rows_close(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    char path[64];
    if (!count)
        return 0;
    int file = memfd_create("fuzz", 0);
    if (file < 0 || write(file, bytes + 1, count - 1) != (ssize_t)(count - 1))
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    switch (bytes[0] % 4) {
    case 0: array_fuzz(npy_read_rows, path); break;
    case 1: array_fuzz(npy_read_labels, path); break;
    case 2: array_fuzz(idx_read, path); break;
    default: csv_fuzz(path);
    }
    close(file);
    return 0;
}
