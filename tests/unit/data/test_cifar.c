/* CIFAR's binary files, made small: records, labels of both kinds, names, where they lie, packed or not, and every fault. */
#include "fixture.h"

enum { PIXELS = 3072 };

/* `count` records; record i has the labels i * 3 mod `classes` (fine or only) and i mod 20 (coarse), and a value of each
 * place that tells the record. */
static size_t records(uint8_t *out, int labels, int count, int classes, int salt)
{
    size_t n = 0;
    for (int i = 0; i < count; i++) {
        if (labels == 2)
            out[n++] = (uint8_t)(i % 20);
        out[n++] = (uint8_t)(i * 3 % classes);
        for (int j = 0; j < PIXELS; j++)
            out[n++] = (uint8_t)(i * 7 + j * 13 + salt);
    }
    return n;
}

static uint8_t room[3074 * 300];

static void lay_ten(const char *folder, bool packed)
{
    char name[128], file[32];
    snprintf(name, sizeof name, "mkdir -p '%s/%s'", fixture_folder, folder);
    assert_int_equal(system(name), 0);
    for (int i = 1; i <= 6; i++) {
        size_t n = records(room, 1, i == 1 ? 300 : 10, 10, i);
        snprintf(file, sizeof file, i < 6 ? "data_batch_%d" : "test_batch", i);
        snprintf(name, sizeof name, "%s/%s.bin%s", folder, file, packed ? ".gz" : "");
        if (packed)
            lay_packed(name, room, n, "wb");
        else
            lay(name, room, n);
    }
}

static void assert_ten(const dataset *d)
{
    assert_true(d->train.count == 340 && d->test.count == 10 && d->train.width == PIXELS && d->class_count == 10);
    assert_true(d->rank == 3 && d->shape[0] == 3 && d->shape[1] == 32 && d->shape[2] == 32 && d->channels == 3);
    assert_int_equal(d->maximum, 255);
    for (int i = 0; i < 340; i++) {
        int in_file = i < 300 ? i : (i - 300) % 10, salt = i < 300 ? 1 : 2 + (i - 300) / 10;
        assert_int_equal(d->train.label[i], in_file * 3 % 10);
        for (int j = 0; j < PIXELS; j += 511)
            assert_int_equal(d->train.bytes[i * PIXELS + j], (uint8_t)(in_file * 7 + j * 13 + salt));
    }
    assert_int_equal(d->test.bytes[PIXELS], (uint8_t)(7 + 6));
}

static void ten_classes_in_every_folder(void **state)
{
    static const char *const folders[] = {"a/cifar10", "b/cifar-10-batches-bin", "c/cifar10/cifar-10-batches-bin"};
    char data[64];
    (void)state;
    for (int i = 0; i < 3; i++) {
        lay_ten(folders[i], i == 1);
        snprintf(data, sizeof data, "set: cifar10, root: '@/%c'", 'a' + i);
        dataset *d = dataset_made(data);
        assert_ten(d);
        assert_string_equal(d->class_names[3], "cat");
        assert_int_equal(d->file_count, 6);
        dataset_close(d);
        assert_true(data_at_hand(set_named("cifar10"), in((char[]){(char)('a' + i), 0})));
    }
    assert_false(data_at_hand(set_named("cifar10"), in("nowhere")));
    dataset *plain = dataset_made("set: cifar10, root: '@/a'"), *packed = dataset_made("set: cifar10, root: '@/b'");
    assert_memory_equal(plain->train.bytes, packed->train.bytes, 340 * PIXELS);
    assert_memory_equal(plain->test.label, packed->test.label, 10 * sizeof(int32_t));
    dataset_close(plain);
    dataset_close(packed);
}

static void names_of_the_set(void **state)
{
    (void)state;
    lay_ten("n/cifar10", false);
    lay_text("n/cifar10/batches.meta.txt", "zero\none\ntwo\nthree\nfour\nfive\nsix\nseven\neight\r\nnine\n\n");
    dataset *d = dataset_made("set: cifar10, root: '@/n'");
    assert_string_equal(d->class_names[8], "eight");
    dataset_close(d);
    lay_text("n/cifar10/batches.meta.txt", "zero\none\n");
    dataset_refused("set: cifar10, root: '@/n'", EXIT_DATA,
                    "@/n/cifar10/batches.meta.txt: found 2 names; expected 10, one a class");
    lay_text("n/cifar10/batches.meta.txt", "0123456789012345678901234567890123456789012345678901234567890\n");
    dataset_refused("set: cifar10, root: '@/n'", EXIT_DATA,
                    "@/n/cifar10/batches.meta.txt: found a name of 61 bytes; expected at most 60");
}

static void hundred_classes_fine_and_coarse(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in("h"), 0700), 0);
    assert_int_equal(mkdir(in("h/cifar-100-binary"), 0700), 0);
    lay("h/cifar-100-binary/train.bin", room, records(room, 2, 200, 100, 1));
    lay_packed("h/cifar-100-binary/test.bin.gz", room, records(room, 2, 20, 100, 2), "wb");
    dataset *d = dataset_made("set: cifar100, root: '@/h'");
    assert_true(d->class_count == 100 && d->train.count == 200 && d->test.count == 20);
    assert_int_equal(d->train.label[199], 199 * 3 % 100);
    assert_int_equal(d->train.bytes[199 * PIXELS + 5], (uint8_t)(199 * 7 + 5 * 13 + 1));
    assert_string_equal(d->class_names[42], "42");
    dataset_close(d);
    d = dataset_made("set: cifar100, root: '@/h', labels: coarse");
    assert_int_equal(d->class_count, 20);
    assert_int_equal(d->train.label[199], 19);
    assert_string_equal(d->class_names[19], "19");
    dataset_close(d);
}

/* ---- faults ---- */

static void ten_refused(int code, const char *words)
{
    dataset_refused("set: cifar10, root: '@/f'", code, words);
    lay_ten("f/cifar10", false);
}

static void faults_of_every_file(void **state)
{
    (void)state;
    dataset_refused(
        "set: cifar10, root: '@/f'", EXIT_NO_INPUT,
        "@/f/cifar10/data_batch_1.bin[.gz]: found no such file; expected the files of cifar10 in @/f/cifar10");
    lay_ten("f/cifar10", false);
    lay("f/cifar10/data_batch_2.bin", room, 3072);
    ten_refused(EXIT_DATA,
                "@/f/cifar10/data_batch_2.bin: found 3072 bytes; expected a multiple of 3073, the bytes of a record");
    lay("f/cifar10/data_batch_2.bin", room, 0);
    ten_refused(EXIT_DATA,
                "@/f/cifar10/data_batch_2.bin: found 0 bytes; expected a multiple of 3073, the bytes of a record");
    assert_int_equal(unlink(in("f/cifar10/data_batch_2.bin")), 0);
    lay_packed("f/cifar10/data_batch_2.bin.gz", room, 3074, "wb");
    ten_refused(EXIT_DATA,
                "@/f/cifar10/data_batch_2.bin.gz: found 3074 unpacked bytes; expected a multiple of 3073, the "
                "bytes of a record");
    size_t n = records(room, 1, 10, 10, 0);
    room[3073 * 4] = 10;
    lay("f/cifar10/test_batch.bin", room, n);
    ten_refused(EXIT_DATA, "@/f/cifar10/test_batch.bin: found label 10 in record 4; expected 0 to 9");
    assert_int_equal(unlink(in("f/cifar10/data_batch_5.bin")), 0);
    ten_refused(EXIT_NO_INPUT,
                "@/f/cifar10/data_batch_5.bin[.gz]: found no such file; expected the files of cifar10 in @/f/cifar10");
    assert_int_equal(truncate(in("f/cifar10/data_batch_1.bin"), 30730000 + 3073), 0);
    ten_refused(EXIT_DATA, "@/f/cifar10/data_batch_1.bin: found more than 30730000 bytes; expected at most that");
}

/* The other label is checked too: files of CIFAR-10 under the names of CIFAR-100 do not pass. */
static void labels_of_the_hundred(void **state)
{
    (void)state;
    size_t n = records(room, 2, 100, 100, 1);
    lay("h/cifar-100-binary/train.bin", room, n);
    room[3074 * 7] = 20;
    lay("h/cifar-100-binary/train.bin", room, n);
    dataset_refused("set: cifar100, root: '@/h'", EXIT_DATA,
                    "@/h/cifar-100-binary/train.bin: found label 20 in record 7; expected 0 to 19");
    lay("h/cifar-100-binary/train.bin", room, 3073);
    dataset_refused(
        "set: cifar100, root: '@/h'", EXIT_DATA,
        "@/h/cifar-100-binary/train.bin: found 3073 bytes; expected a multiple of 3074, the bytes of a record");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_classes_in_every_folder),     cmocka_unit_test(names_of_the_set),
        cmocka_unit_test(hundred_classes_fine_and_coarse), cmocka_unit_test(faults_of_every_file),
        cmocka_unit_test(labels_of_the_hundred),
    };
    return cmocka_run_group_tests(tests, fixture_begin, fixture_end);
}
