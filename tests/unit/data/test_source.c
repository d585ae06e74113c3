/* A file that changes while it is read: appended to, written over in place, cut. */
#include "fixture.h"

#include <fcntl.h>

/* What `done` does to the file comes between its opening and the end of its reading. */
static void changed(void (*done)(const char *path), size_t read_before)
{
    char bytes[64];
    source *s = NULL;
    error e = {0};
    lay_text("a", "0123456789");
    assert_int_equal(source_open(in("a"), &s, &e), 0);
    assert_int_equal(source_read(s, bytes, read_before, &e), 0);
    done(in("a"));
    int code = source_read(s, bytes, 10 - read_before, &e);
    if (!code)
        code = source_end(s, &e);
    assert_int_equal(code, EXIT_DATA);
    assert_error(&e, EXIT_DATA, "@/a: found a file that changed while it was read; expected one that stays as it is");
    source_close(s);
}

static void file_appended(const char *path)
{
    FILE *f = fopen(path, "ab");
    fputs("more", f);
    fclose(f);
}
static void file_touched(const char *path)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 12345}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}
static void file_cut(const char *path) { assert_int_equal(truncate(path, 4), 0); }

static void files_that_change_are_refused(void **state)
{
    (void)state;
    changed(file_appended, 4);
    changed(file_touched, 10);
    changed(file_cut, 2);
}

/* The reader holds the file that it opened, whole, whatever takes its name. */
static void a_file_put_in_its_place_is_none(void **state)
{
    char bytes[10];
    source *s = NULL;
    error e = {0};
    (void)state;
    lay_text("a", "0123456789");
    lay_text("b", "other");
    assert_int_equal(source_open(in("a"), &s, &e), 0);
    assert_int_equal(rename(in("b"), in("a")), 0);
    assert_int_equal(source_read(s, bytes, 10, &e), 0);
    assert_int_equal(source_end(s, &e), 0);
    assert_memory_equal(bytes, "0123456789", 10);
    source_close(s);
}

static void whole_files_are_taken(void **state)
{
    char *bytes = NULL;
    size_t count = 0;
    source *s = NULL;
    error e = {0};
    (void)state;
    lay_text("a", "0123456789");
    assert_int_equal(source_open(in("a"), &s, &e), 0);
    assert_int_equal(source_all(s, 10, &bytes, &count, &e), 0);
    assert_int_equal(count, 10);
    free(bytes);
    source_close(s);
    assert_int_equal(source_open(in("a"), &s, &e), 0);
    file_touched(in("a"));
    assert_int_equal(source_all(s, 10, &bytes, &count, &e), EXIT_DATA);
    assert_null(bytes);
    source_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_that_change_are_refused),
        cmocka_unit_test(a_file_put_in_its_place_is_none),
        cmocka_unit_test(whole_files_are_taken),
    };
    return cmocka_run_group_tests(tests, fixture_begin, fixture_end);
}
