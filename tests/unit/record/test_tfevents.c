/* Event files, record by record: what is written, what goes on behind a mark, and what a disk that is full leaves. What stands in
 * the events is for TensorBoard itself to judge: tests/cli/test_tensorboard.py. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../check.h"
#include "base/alloc.h"
#include "base/file.h"
#include "record/crc32c.h"
#include "record/tfevents.h"

static char *folder_new(void)
{
    static char pattern[64];
    snprintf(pattern, sizeof pattern, "/tmp/perdure-events-XXXXXX");
    assert_non_null(mkdtemp(pattern));
    return pattern;
}

static void folder_free(const char *folder)
{
    error e = {0};
    assert_int_equal(tfevents_remove(folder, &e), 0);
    assert_int_equal(rmdir(folder), 0); /* and nothing else was left */
}

/* The only event file; owned. */
static char *file_only(const char *folder)
{
    DIR *names = opendir(folder);
    char *found = NULL;
    for (const struct dirent *one; (one = readdir(names));)
        if (one->d_name[0] != '.') {
            assert_null(found);
            assert_int_equal(strncmp(one->d_name, "events.out.tfevents.", 20), 0);
            assert_int_equal(strspn(one->d_name + 20, "0123456789"), 10);
            found = alloc_format("%s/%s", folder, one->d_name);
        }
    closedir(names);
    assert_non_null(found);
    return found;
}

static uint32_t number_at(const char *at)
{
    uint32_t number;
    memcpy(&number, at, sizeof number);
    return number;
}

/* Checks every record of the file and counts those that hold `words`; *size of the file. */
static int records_with(const char *folder, const char *words, size_t *size)
{
    char *path = file_only(folder), *bytes = NULL;
    error e = {0};
    int found = 0;
    assert_int_equal(file_read(path, 1 << 20, &bytes, size, &e), 0);
    for (size_t at = 0; at < *size;) {
        uint64_t length;
        assert_true(*size - at >= 16);
        memcpy(&length, bytes + at, sizeof length);
        const uint32_t head = crc32c(bytes + at, 8), body = crc32c(bytes + at + 12, (size_t)length);
        assert_int_equal(number_at(bytes + at + 8), (head >> 15 | head << 17) + 0xA282EAD8);
        assert_int_equal(number_at(bytes + at + 12 + length), (body >> 15 | body << 17) + 0xA282EAD8);
        assert_int_equal(bytes[at + 12], 0x09); /* wall_time comes first */
        found += memmem(bytes + at + 12, (size_t)length, words, strlen(words)) != NULL;
        at += 16 + (size_t)length;
    }
    free(bytes);
    free(path);
    return found;
}

static void points(tfevents *f, int64_t from, int64_t to)
{
    for (int64_t step = from; step <= to; step++)
        tfevents_scalar(f, step, "loss", (double)step / 2);
}

/* Ten points, a mark, five points. */
static void written(const char *folder)
{
    error e = {0};
    tfevents *f = NULL;
    assert_int_equal(tfevents_begin(folder, &f, &e), 0);
    points(f, 1, 10);
    tfevents_mark(f, 10, "log.jsonl: 700 bytes");
    points(f, 11, 15);
    tfevents_flush(f);
    assert_false(tfevents_trouble(f, &e));
    tfevents_close(f);
}

static void a_scalar_to_the_byte(void **state)
{
    (void)state;
    const char *folder = folder_new();
    error e = {0};
    tfevents *f = NULL;
    char *bytes = NULL;
    size_t size = 0;
    assert_int_equal(tfevents_begin(folder, &f, &e), 0);
    tfevents_scalar(f, 300, "loss", 1.5);
    tfevents_flush(f);
    tfevents_close(f);
    char *path = file_only(folder);
    assert_int_equal(file_read(path, 1 << 20, &bytes, &size, &e), 0);
    /* Behind wall_time: step 300, summary{value{tag, tensor{float, [], content}, metadata{plugin_data{scalars}, scalar}}} */
    static const char event[] =
        "\x10\xac\x02\x2a\x23\x0a\x21\x0a\x04loss\x42\x0a\x08\x01\x12\x00\x22\x04\x00\x00\xc0\x3f"
        "\x4a\x0d\x0a\x09\x0a\x07scalars\x20\x01";
    const size_t length = sizeof event - 1;
    assert_true(size > length + 4);
    assert_memory_equal(bytes + size - 4 - length, event, length);
    assert_non_null(memmem(bytes, size, "brain.Event:2", 13));
    free(bytes);
    free(path);
    folder_free(folder);
}

static void goes_on_behind_a_mark(void **state)
{
    (void)state;
    const char *folder = folder_new();
    error e = {0};
    tfevents *f = NULL;
    size_t whole = 0, cut = 0;
    written(folder);
    char *before = file_only(folder);
    assert_int_equal(records_with(folder, "loss", &whole), 15);
    assert_int_equal(tfevents_go_on(folder, "log.jsonl: 70 bytes", &f, &e), 0);
    assert_null(f); /* another mark, though this one begins like it */
    assert_int_equal(tfevents_go_on(folder, "log.jsonl: 700 bytes", &f, &e), 0);
    assert_non_null(f);
    points(f, 11, 12);
    tfevents_flush(f);
    struct stat old;
    assert_int_equal(stat(before, &old), 0); /* for readers that are still there */
    assert_int_equal(old.st_size, 0);
    tfevents_close(f);
    char *after = file_only(folder);
    assert_true(strcmp(path_name(after), path_name(before)) > 0); /* readers go by names */
    assert_int_equal(records_with(folder, "loss", &cut), 12);
    assert_true(cut < whole);
    assert_int_equal(records_with(folder, "log.jsonl: 700 bytes", &cut), 1);
    free(before);
    free(after);
    folder_free(folder);
}

static void where_nothing_follows_it_is_the_same_file(void **state)
{
    (void)state;
    const char *folder = folder_new();
    error e = {0};
    tfevents *f = NULL;
    size_t size = 0;
    assert_int_equal(tfevents_begin(folder, &f, &e), 0);
    points(f, 1, 3);
    tfevents_mark(f, 3, "here");
    tfevents_flush(f);
    tfevents_close(f);
    char *before = file_only(folder);
    assert_int_equal(tfevents_go_on(folder, "here", &f, &e), 0);
    assert_non_null(f);
    points(f, 4, 5);
    tfevents_flush(f);
    tfevents_close(f);
    char *after = file_only(folder);
    assert_string_equal(after, before);
    assert_int_equal(records_with(folder, "loss", &size), 5);
    free(before);
    free(after);
    folder_free(folder);
}

/* A byte of a record before the mark is another: nothing behind it is believed, the mark neither. A torn end is no hindrance. */
static void damage(void **state)
{
    (void)state;
    for (int which = 0; which < 3; which++) {
        const char *folder = folder_new();
        error e = {0};
        tfevents *f = NULL;
        size_t size = 0;
        written(folder);
        char *path = file_only(folder);
        int file = open(path, O_RDWR);
        struct stat about;
        assert_int_equal(fstat(file, &about), 0);
        if (which == 0)
            assert_int_equal(ftruncate(file, about.st_size - 7), 0);
        else if (which == 1)
            assert_int_equal(pwrite(file, "\xff", 1, 0), 1); /* the length of the first */
        else
            assert_int_equal(ftruncate(file, 5), 0);
        close(file);
        assert_int_equal(tfevents_go_on(folder, "log.jsonl: 700 bytes", &f, &e), 0);
        assert_int_equal(f != NULL, which == 0);
        tfevents_close(f);
        if (which == 0)
            assert_int_equal(records_with(folder, "loss", &size), 10);
        free(path);
        folder_free(folder);
    }
}

static void none_is_there(void **state)
{
    (void)state;
    const char *folder = folder_new();
    error e = {0};
    tfevents *f = NULL;
    assert_int_equal(tfevents_go_on(folder, "here", &f, &e), 0);
    assert_null(f);
    assert_int_equal(tfevents_go_on("/tmp/perdure-events-of-nobody", "here", &f, &e), 0);
    assert_null(f);
    written(folder);
    written(folder); /* begins anew: one file, not two */
    free(file_only(folder));
    folder_free(folder);
}

/* What the disk does not take is dropped by whole records, and told once. */
static void a_disk_that_is_full(void **state)
{
    (void)state;
    const char *folder = folder_new();
    const struct rlimit less = {1000, RLIM_INFINITY}, all = {RLIM_INFINITY, RLIM_INFINITY};
    error e = {0};
    tfevents *f = NULL;
    size_t size = 0;
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(tfevents_begin(folder, &f, &e), 0);
    points(f, 1, 5);
    tfevents_flush(f);
    points(f, 6, 30);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &less), 0);
    tfevents_flush(f);
    points(f, 31, 40);
    tfevents_flush(f);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
    assert_true(tfevents_trouble(f, &e));
    assert_int_equal(e.code, EXIT_IO);
    assert_non_null(strstr(e.text, ": cannot be written: File too large"));
    assert_false(tfevents_trouble(f, &e));
    tfevents_close(f);
    assert_int_equal(records_with(folder, "loss", &size), 5);
    signal(SIGXFSZ, before);
    folder_free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_scalar_to_the_byte),
                                       cmocka_unit_test(goes_on_behind_a_mark),
                                       cmocka_unit_test(where_nothing_follows_it_is_the_same_file),
                                       cmocka_unit_test(damage),
                                       cmocka_unit_test(none_is_there),
                                       cmocka_unit_test(a_disk_that_is_full)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
