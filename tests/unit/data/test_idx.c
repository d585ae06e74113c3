/* IDX files: every rank, packed or not, and every way in which they can be wrong, each with its words. */
#include "fixture.h"

#include <time.h>

static size_t header(uint8_t *out, int64_t rank, const uint32_t *sizes)
{
    memcpy(out, (uint8_t[]){0, 0, 8, (uint8_t)rank}, 4);
    for (int64_t i = 0; i < rank; i++)
        for (int k = 0; k < 4; k++)
            out[4 + 4 * i + k] = (uint8_t)(sizes[i] >> (24 - 8 * k));
    return (size_t)(4 + 4 * rank);
}

static void good_files_of_every_rank(void **state)
{
    const uint32_t sizes[] = {3, 4, 2, 5};
    (void)state;
    for (int64_t rank = 1; rank <= 4; rank++) {
        uint8_t bytes[256];
        size_t count = header(bytes, rank, sizes), values = 1;
        for (int64_t i = 0; i < rank; i++)
            values *= sizes[i];
        for (size_t i = 0; i < values; i++)
            bytes[count + i] = (uint8_t)(i * 7);
        lay("plain", bytes, count + values);
        lay_packed("packed.gz", bytes, count + values, "wb9");
        for (int packed = 0; packed < 3; packed++) {
            idx found;
            error e = {0};
            const char *names[] = {"plain", "packed", "packed.gz"}; /* found with and without .gz */
            assert_int_equal(idx_read(in(names[packed]), &found, &e), 0);
            assert_int_equal(found.rank, rank);
            for (int64_t i = 0; i < rank; i++)
                assert_int_equal(found.size[i], sizes[i]);
            assert_int_equal(found.item, values / 3);
            assert_memory_equal(found.bytes, bytes + count, values);
            free(found.bytes);
        }
    }
}

static void refused(const char *name, int code, const char *words)
{
    idx out;
    error e = {0};
    assert_int_equal(idx_read(in(name), &out, &e), code);
    assert_error(&e, code, words);
    assert_null(out.bytes);
}

static void bad_headers(void **state)
{
    uint8_t b[64] = {0};
    (void)state;
    lay("a", "\x1f\x8b\x08\x00", 4);
    refused("a", EXIT_DATA, "@/a: found magic 1f8b0800; expected 000008 and a rank of 1 to 4, an IDX file of bytes");
    lay("a", "\0\0\x0d\x01\0\0\0\x01\0\0\0\0", 12);
    refused("a", EXIT_DATA, "@/a: found magic 00000d01; expected 000008 and a rank of 1 to 4, an IDX file of bytes");
    lay("a", "\0\0\x08\x05", 4);
    refused("a", EXIT_DATA, "@/a: found magic 00000805; expected 000008 and a rank of 1 to 4, an IDX file of bytes");
    lay("a", "\0\0\x08\0", 4);
    refused("a", EXIT_DATA, "@/a: found magic 00000800; expected 000008 and a rank of 1 to 4, an IDX file of bytes");
    lay("a", b, header(b, 3, (uint32_t[]){5, 0, 5}));
    refused("a", EXIT_DATA, "@/a: found 0 as size 2; expected sizes above 0 and at most 64 GiB in all");
    lay("a", b, header(b, 3, (uint32_t[]){0xffffffff, 0xffffffff, 0xffffffff}));
    refused("a", EXIT_DATA, "@/a: found 4294967295 as size 2; expected sizes above 0 and at most 64 GiB in all");
}

static void short_and_long_files(void **state)
{
    uint8_t b[64] = {0};
    size_t count = header(b, 2, (uint32_t[]){2, 3});
    (void)state;
    lay("a", b, 0);
    refused("a", EXIT_DATA, "@/a: found 0 bytes where 4 more are declared; expected a whole file");
    lay("a", b, 9);
    refused("a", EXIT_DATA, "@/a: found 5 bytes where 8 more are declared; expected a whole file");
    lay("a", b, count + 5);
    refused("a", EXIT_DATA, "@/a: found 17 bytes; expected 18, as its header declares");
    lay("a", b, count + 7);
    refused("a", EXIT_DATA, "@/a: found 19 bytes; expected 18, as its header declares");
    lay_packed("z.gz", b, count + 5, "wb");
    refused("z", EXIT_DATA, "@/z.gz: found 5 bytes where 6 more are declared; expected a whole file");
    lay_packed("z.gz", b, count + 7, "wb");
    refused("z", EXIT_DATA, "@/z.gz: found bytes behind the declared end; expected none");
}

static void damaged_gzip_streams(void **state)
{
    uint8_t b[4096], packed[8192];
    size_t count = header(b, 1, (uint32_t[]){4000});
    random_stream r = random_open(1, "test", "idx", 0);
    (void)state;
    for (int i = 0; i < 4000; i++)
        b[count + (size_t)i] = (uint8_t)random_word(&r);
    lay_packed("g.gz", b, count + 4000, "wb");
    size_t whole = take("g.gz", packed, sizeof packed);
    lay("g.gz", packed, whole - 4);
    char words[256];
    snprintf(words, sizeof words,
             "@/g.gz: found a gzip stream that is cut off (member 1, byte %zu); expected a whole one", whole - 4);
    refused("g", EXIT_DATA, words);
    lay("g.gz", packed, 100);
    refused("g", EXIT_DATA, "@/g.gz: found a gzip stream that is cut off (member 1, byte 100); expected a whole one");
    lay("g.gz", packed, 0);
    refused("g", EXIT_DATA, "@/g.gz: found a gzip stream that is cut off (member 1, byte 0); expected a whole one");
    packed[whole - 8] ^= 1; /* the checksum */
    lay("g.gz", packed, whole);
    snprintf(words, sizeof words,
             "@/g.gz: found a damaged gzip stream (member 1, byte %zu: incorrect data check); expected a whole one",
             whole - 4);
    refused("g", EXIT_DATA, words);
    packed[whole - 8] ^= 1;
    memcpy(packed + whole, "garbage", 7);
    lay("g.gz", packed, whole + 7);
    refused("g", EXIT_DATA, "@/g.gz: found other bytes behind gzip member 1; expected the end of the file");
    lay("g.gz", b, count + 4000);
    refused("g", EXIT_DATA, "@/g.gz: found no gzip stream; expected one, as the name ends in .gz");
    lay_packed("g.gz", b, 2000, "wb"); /* two members, one behind the other, are one file */
    lay_packed("g.gz", b + 2000, count + 2000, "ab");
    idx out;
    error e = {0};
    assert_int_equal(idx_read(in("g"), &out, &e), 0);
    assert_memory_equal(out.bytes, b + count, 4000);
    free(out.bytes);
}

/* 100 MB of zeros lie in 97 kB: reading stops one byte behind the declared end, and a header that declares more than
 * the packed bytes can hold is refused before memory is asked for. */
static void bombs_stop(void **state)
{
    static uint8_t zeros[1 << 20];
    uint8_t b[16];
    struct timespec before, after;
    (void)state;
    lay_packed("bomb.gz", b, header(b, 1, (uint32_t[]){10}), "wb9");
    for (int i = 0; i < 100; i++)
        lay_packed("bomb.gz", zeros, sizeof zeros, "ab9");
    clock_gettime(CLOCK_MONOTONIC, &before);
    refused("bomb", EXIT_DATA, "@/bomb.gz: found bytes behind the declared end; expected none");
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(after.tv_sec - before.tv_sec < 2);
    uint8_t huge[16];
    lay_packed("huge.gz", huge, header(huge, 2, (uint32_t[]){60000, 1000000}), "wb9");
    struct stat about;
    assert_int_equal(stat(in("huge.gz"), &about), 0);
    char words[256];
    snprintf(words, sizeof words,
             "@/huge.gz: found %lld packed bytes; expected the 60000000012 that its header declares, which cannot be "
             "in so few",
             (long long)about.st_size);
    refused("huge", EXIT_DATA, words);
}

static void no_files(void **state)
{
    (void)state;
    refused("none", EXIT_NO_INPUT, "@/none: found no such file, packed (.gz) or not; expected a data file");
    refused("none.gz", EXIT_NO_INPUT, "@/none.gz: found no such file; expected a data file");
    assert_int_equal(mkdir(in("folder"), 0700), 0);
    refused("folder", EXIT_NO_INPUT, "@/folder: found a folder; expected a data file");
    assert_int_equal(mkfifo(in("pipe"), 0600), 0);
    refused("pipe", EXIT_NO_INPUT, "@/pipe: found a device, pipe or socket; expected a data file");
}

/* ---- images and labels together ---- */

static void lay_idx(const char *name, int64_t rank, const uint32_t *sizes, uint8_t value)
{
    uint8_t b[1024];
    size_t count = header(b, rank, sizes), values = 1;
    for (int64_t i = 0; i < rank; i++)
        values *= sizes[i];
    for (size_t i = 0; i < values; i++)
        b[count + i] = (uint8_t)(value ? i % value : i);
    lay(name, b, count + values);
}

#define SETS "set: idx, train_images: '@/xi', train_labels: '@/xl', test_images: '@/ti', test_labels: '@/tl'"

static void lay_sets(void)
{
    lay_idx("xi", 4, (uint32_t[]){4, 3, 2, 5}, 0);
    lay_idx("xl", 1, (uint32_t[]){4}, 2);
    lay_idx("ti", 4, (uint32_t[]){2, 3, 2, 5}, 0);
    lay_idx("tl", 1, (uint32_t[]){2}, 2);
}

static void images_have_shapes(void **state)
{
    (void)state;
    lay_sets();
    dataset *d = dataset_made(SETS);
    assert_int_equal(d->rank, 3);
    assert_true(d->shape[0] == 3 && d->shape[1] == 2 && d->shape[2] == 5);
    assert_true(d->channels == 3 && d->class_count == 2 && d->train.count == 4 && d->test.count == 2);
    assert_int_equal(d->file_count, 4);
    assert_string_equal(d->files[0].path, in("xi"));
    dataset_close(d);
    lay_idx("xi", 3, (uint32_t[]){4, 6, 5}, 0);
    lay_idx("ti", 3, (uint32_t[]){2, 6, 5}, 0);
    d = dataset_made(SETS);
    assert_true(d->rank == 3 && d->shape[0] == 1 && d->shape[1] == 6 && d->shape[2] == 5 && d->channels == 1);
    dataset_close(d);
    lay_idx("xi", 2, (uint32_t[]){4, 30}, 0);
    lay_idx("ti", 2, (uint32_t[]){2, 30}, 0);
    d = dataset_made(SETS);
    assert_true(d->rank == 1 && d->shape[0] == 30 && d->channels == 1);
    dataset_close(d);
}

static void images_and_labels_that_disagree(void **state)
{
    (void)state;
    lay_sets();
    lay_idx("xl", 1, (uint32_t[]){5}, 2);
    dataset_refused(SETS, EXIT_DATA, "@/xl: found 5 labels for the 4 rows of @/xi; expected as many");
    lay_idx("xl", 2, (uint32_t[]){4, 1}, 2);
    dataset_refused(SETS, EXIT_DATA, "@/xl: found rank 2; expected 1, labels");
    lay_sets();
    lay_idx("xi", 1, (uint32_t[]){4}, 0);
    dataset_refused(SETS, EXIT_DATA, "@/xi: found rank 1; expected 2 to 4, rows of values");
    lay_sets();
    lay_idx("ti", 4, (uint32_t[]){2, 3, 5, 2}, 0);
    dataset_refused(SETS, EXIT_DATA, "@/ti: found rows of shape [3, 5, 2]; expected [3, 2, 5], as in @/xi");
    lay_sets();
    lay_idx("tl", 1, (uint32_t[]){2}, 0);
    lay_idx("xl", 1, (uint32_t[]){4}, 1); /* all 0 */
    dataset_refused(SETS, EXIT_DATA,
                    "idx: found label 1 in test row 1; expected 0 to 0, the classes of its training rows");
    lay_sets();
    lay("xl", "\0\0\x08\x01\0\0\0\x04\x00\x03\x01\x01", 12);
    dataset_refused(SETS, EXIT_DATA, "idx: found no training row of class 2; expected some of every class from 0 to 3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_files_of_every_rank),
        cmocka_unit_test(bad_headers),
        cmocka_unit_test(short_and_long_files),
        cmocka_unit_test(damaged_gzip_streams),
        cmocka_unit_test(bombs_stop),
        cmocka_unit_test(no_files),
        cmocka_unit_test(images_have_shapes),
        cmocka_unit_test(images_and_labels_that_disagree),
    };
    return cmocka_run_group_tests(tests, fixture_begin, fixture_end);
}
