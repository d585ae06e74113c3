/* SHA-256 of files, kept for processes that are forked later: known again, and worked out anew once a file has changed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../check.h"
#include "base/file.h"
#include "record/digests.h"

static char path[64];

static void words_write(const char *words)
{
    error e = {0};
    assert_int_equal(file_write(path, words, strlen(words), &e), 0);
}

static int path_open(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/perdure-digests-XXXXXX");
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    return 0;
}

static int path_close(void **state)
{
    (void)state;
    return unlink(path);
}

static void digest_is_of_the_words(digests *d, const char *words)
{
    char found[SHA256_HEX], expected[SHA256_HEX];
    int64_t bytes = 0;
    error e = {0};
    sha256_bytes(words, strlen(words), expected);
    assert_int_equal(digests_of(d, path, found, &bytes, &e), 0);
    assert_string_equal(found, expected);
    assert_int_equal(bytes, strlen(words));
}

static void a_changed_file_is_read_again(void **state)
{
    (void)state;
    digests *d = digests_open();
    assert_non_null(d);
    words_write("one");
    digest_is_of_the_words(d, "one");
    digest_is_of_the_words(d, "one");
    words_write("two");
    digest_is_of_the_words(d, "two");
    digests_close(d);
}

/* Bytes that this process has read, by the kernel's count. */
static long long bytes_read(void)
{
    FILE *file = fopen("/proc/self/io", "re");
    long long count = -1;
    assert_non_null(file);
    assert_int_equal(fscanf(file, "rchar: %lld", &count), 1);
    fclose(file);
    return count;
}

static void what_another_process_knows_is_not_read_again(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    char found[SHA256_HEX], expected[SHA256_HEX];
    char *words = calloc(1, SIZE + 1);
    int64_t bytes = 0;
    error e = {0};
    digests *d = digests_open();
    memset(words, 'x', SIZE);
    words_write(words);
    sha256_bytes(words, SIZE, expected);
    pid_t child = fork();
    if (child == 0)
        _exit(digests_of(d, path, found, &bytes, NULL));
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    long long before = bytes_read();
    assert_int_equal(digests_of(d, path, found, &bytes, &e), 0);
    assert_true(bytes_read() - before < SIZE);
    assert_string_equal(found, expected);
    before = bytes_read();
    assert_int_equal(digests_of(NULL, path, found, &bytes, &e), 0);
    assert_true(bytes_read() - before >= SIZE);
    digests_close(d);
    free(words);
}

static void without_a_place_they_are_worked_out(void **state)
{
    (void)state;
    words_write("alone");
    digest_is_of_the_words(NULL, "alone");
    char found[SHA256_HEX];
    int64_t bytes = 0;
    error e = {0};
    assert_int_equal(digests_of(NULL, "/nonexistent/file", found, &bytes, &e), 66);
}

static int64_t read_of(digests *d)
{
    char hex[SHA256_HEX];
    int64_t bytes = 0;
    long long before = bytes_read();
    assert_int_equal(digests_of(d, path, hex, &bytes, NULL), 0);
    return bytes_read() - before;
}

/* Known from an earlier run, and not once the file has changed or the cache is damaged. */
static void large_files_are_known_from_earlier_runs(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    char kept[80], *words = calloc(1, SIZE + 1);
    snprintf(kept, sizeof kept, "%s.kept", path);
    memset(words, 'x', SIZE);
    words_write(words);
    digests *first = digests_open(), *later = digests_open(), *damaged = digests_open(), *changed = digests_open();
    digests_load(first, kept); /* there is none yet */
    assert_true(read_of(first) >= SIZE);
    digests_store(first, kept);
    digests_load(later, kept);
    assert_true(read_of(later) < SIZE);
    words[0] = 'y';
    words_write(words);
    digests_load(changed, kept);
    assert_true(read_of(changed) >= SIZE);
    error e = {0};
    assert_int_equal(file_write(kept, "1 2 3 4.5 6.7 abc\nx", 20, &e), 0);
    digests_load(damaged, kept);
    assert_true(read_of(damaged) >= SIZE);
    digests_close(first);
    digests_close(later);
    digests_close(changed);
    digests_close(damaged);
    unlink(kept);
    free(words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_changed_file_is_read_again, path_open, path_close),
        cmocka_unit_test_setup_teardown(what_another_process_knows_is_not_read_again, path_open, path_close),
        cmocka_unit_test_setup_teardown(large_files_are_known_from_earlier_runs, path_open, path_close),
        cmocka_unit_test_setup_teardown(without_a_place_they_are_worked_out, path_open, path_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
