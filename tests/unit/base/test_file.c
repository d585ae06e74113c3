/* Files are read whole or refused, and appear whole or not at all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../check.h"
#include "base/alloc.h"
#include "base/file.h"

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/perdure-file-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int drop_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    char *path = path_below(folder, "a.bin");
    char *bytes = NULL;
    size_t count = 0;
    error e = {0};
    assert_int_equal(file_write(path, "one\0two", 7, &e), 0);
    assert_int_equal(file_write(path, "three\0four", 10, &e), 0); /* replaced */
    assert_int_equal(file_read(path, 10, &bytes, &count, &e), 0);
    assert_int_equal(count, 10);
    assert_memory_equal(bytes, "three\0four", 11); /* and a NUL behind it */
    free(bytes);
    assert_int_equal(file_read(path, 9, &bytes, &count, &e), EXIT_DATA);
    assert_true(file_exists(path));
    assert_false(folder_exists(path));
    free(path);
}

static void nothing_stays_beside_the_file(void **state)
{
    (void)state;
    char *below = path_below(folder, "b");
    char *path = path_below(below, "b.txt");
    char command[160];
    error e = {0};
    assert_int_equal(folder_make(below, &e), 0);
    assert_int_equal(file_write(path, "", 0, &e), 0);
    snprintf(command, sizeof command, "test \"$(ls '%s')\" = b.txt", below);
    assert_int_equal(system(command), 0);
    /* Renaming over a folder fails; what was written beside it goes away again. */
    assert_int_equal(file_write(below, "x", 1, &e), EXIT_IO);
    snprintf(command, sizeof command, "test -z \"$(ls '%s' | grep tmp)\"", folder);
    assert_int_equal(system(command), 0);
    free(path);
    free(below);
}

static void what_is_no_file_is_refused(void **state)
{
    (void)state;
    char *bytes = NULL;
    size_t count = 0;
    char *fifo = path_below(folder, "fifo");
    char *none = path_below(folder, "none/x");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    const char *const paths[] = {folder, fifo, none, "/dev/null"};
    for (size_t i = 0; i < 4; i++) {
        error e = {0};
        assert_int_equal(file_read(paths[i], 100, &bytes, &count, &e), EXIT_NO_INPUT);
        assert_non_null(strstr(e.text, paths[i]));
    }
    error e = {0};
    assert_int_equal(file_write(none, "x", 1, &e), EXIT_CREATE);
    free(fifo);
    free(none);
}

static void a_file_without_a_size_is_read(void **state)
{
    (void)state;
    char *bytes = NULL;
    size_t count = 0;
    error e = {0};
    assert_int_equal(file_read("/proc/self/status", 1 << 20, &bytes, &count, &e), 0); /* its size is said to be 0 */
    assert_true(count > 100 && strlen(bytes) == count);
    free(bytes);
    assert_int_equal(file_read("/proc/self/status", 10, &bytes, &count, NULL), EXIT_DATA);
}

static void folders_are_made_with_their_parents(void **state)
{
    (void)state;
    char *deep = path_below(folder, "x//y/z/");
    char *file = path_below(folder, "file");
    char *below = path_below(folder, "file/z");
    error e = {0};
    assert_int_equal(folder_make(deep, &e), 0);
    assert_int_equal(folder_make(deep, &e), 0);
    assert_true(folder_exists(deep));
    assert_int_equal(file_write(file, "x", 1, &e), 0);
    assert_int_equal(folder_make(below, &e), EXIT_CREATE);
    free(deep);
    free(file);
    free(below);
}

static void check_path(char *got, const char *expected)
{
    assert_string_equal(got, expected);
    free(got);
}

static void paths(void **state)
{
    (void)state;
    setenv("HOME", "/home/h", 1);
    check_path(path_below("a", "b/c"), "a/b/c");
    check_path(path_below("a/", "b"), "a/b");
    check_path(path_below(".", "b"), "b");
    check_path(path_below("a", "/b"), "/b");
    check_path(path_below("a", "~/b"), "/home/h/b");
    check_path(path_below("a", "~b"), "a/~b");
    check_path(path_folder("a/b/c"), "a/b");
    check_path(path_folder("c"), ".");
    check_path(path_folder("/c"), "/");
    assert_string_equal(path_name("a/b.c"), "b.c");
    assert_string_equal(path_name("b.c"), "b.c");
    assert_true(path_climbs("..") && path_climbs("a/../b") && path_climbs("a/..") && path_climbs("/.."));
    assert_false(path_climbs("a/..b") || path_climbs("..a/b") || path_climbs("/a") || path_climbs(""));
    assert_true(path_is_name("a..b"));
    assert_false(path_is_name("") || path_is_name("a/b") || path_is_name(".") || path_is_name(".."));
}

/* With all that is in it, and nothing that a link in it leads to. */
static void folders_of_a_moment_go(void **state)
{
    (void)state;
    error e = {0};
    setenv("TMPDIR", folder, 1);
    char *moment = folder_scratch("test", &e), *deep = alloc_format("%s/a/b", moment),
         *kept = alloc_format("%s/kept", folder), *file = alloc_format("%s/kept/c", folder),
         *link = alloc_format("%s/a/link", moment);
    assert_non_null(moment);
    assert_memory_equal(moment, folder, strlen(folder));
    assert_int_equal(folder_make(deep, &e) | folder_make(kept, &e) | file_write(file, "x", 1, &e), 0);
    assert_int_equal(symlink(kept, link), 0);
    folder_remove(moment);
    assert_false(folder_exists(moment));
    assert_true(file_exists(file));
    folder_remove(NULL);
    setenv("TMPDIR", "/nowhere/at/all", 1);
    assert_null(folder_scratch("test", &e));
    assert_int_equal(e.code, EXIT_CREATE);
    unsetenv("TMPDIR");
    free(moment);
    free(deep);
    free(kept);
    free(file);
    free(link);
}

/* What a process left that was killed within file_write() goes; what lives or has another name stays. */
static void what_the_dead_left_is_swept(void **state)
{
    (void)state;
    char *gone = alloc_format("%s/a.json.tmp-999999999-0", folder),
         *lives = alloc_format("%s/a.json.tmp-%ld-7", folder, (long)getpid()),
         *other = alloc_format("%s/a.tmp-notes", folder);
    error e = {0};
    assert_int_equal(file_write(gone, "x", 1, &e) | file_write(lives, "x", 1, &e) | file_write(other, "x", 1, &e), 0);
    file_sweep(folder);
    file_sweep("/nowhere/at/all");
    assert_false(file_exists(gone));
    assert_true(file_exists(lives) && file_exists(other));
    free(gone);
    free(lives);
    free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(nothing_stays_beside_the_file),
        cmocka_unit_test(what_the_dead_left_is_swept),
        cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(a_file_without_a_size_is_read),
        cmocka_unit_test(folders_are_made_with_their_parents),
        cmocka_unit_test(paths),
        cmocka_unit_test(folders_of_a_moment_go),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
