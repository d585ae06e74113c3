/* What a memory on disk refuses, and that nothing is lost by it: folders, damaged files, checkpoints of another moment, a disk that
 * is full. */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <sys/wait.h>

/* ---- a file system of another machine: fstatfs is wrapped (CMakeLists.txt) ---- */

static long pretended;
int __real_fstatfs(int fd, struct statfs *out);
int __wrap_fstatfs(int fd, struct statfs *out);
int __wrap_fstatfs(int fd, struct statfs *out)
{
    int code = __real_fstatfs(fd, out);
    if (pretended)
        out->f_type = pretended;
    return code;
}

/* ---- one memory ---- */

static const char *owner;

static memory *opened(const char *folder, error *e)
{
    return memory_open(&(memory_setup){.capacity = 100,
                                       .policy = MEMORY_FIFO,
                                       .seed = 1,
                                       .name = "test",
                                       .where = MEMORY_DISK,
                                       .folder = folder,
                                       .owner = owner},
                       e);
}

static memory *opened_well(const char *folder)
{
    error e = {0};
    memory *m = opened(folder, &e);
    if (!m)
        fail_msg("%s", e.text);
    return m;
}

/* `words`: with %s for the folder. */
static void said(const error *e, int code, const char *folder, const char *before, const char *after)
{
    char *whole = alloc_format("memory test: %s%s%s", before, folder, after);
    assert_string_equal(e->text, whole);
    assert_int_equal(e->code, code);
    free(whole);
}

static void refused(int code, const char *folder, const char *after)
{
    error e = {0};
    assert_null(opened(folder, &e));
    said(&e, code, folder, "", after);
}

/* A checkpoint of `rows` rows; the memory is closed. */
static arrays saved_once(const char *folder, int64_t rows)
{
    memory *m = opened_well(folder);
    fixture_offer(m, 0, rows, 0);
    arrays a = state_taken(m);
    memory_saved(m, 1, 1);
    memory_close(m);
    return a;
}

static void load_refused(const char *folder, const arrays *a, const char *after, const char *hint)
{
    memory *m = opened_well(folder);
    error e = {0};
    assert_int_equal(memory_load(m, "memory/a", a, &e), EXIT_DATA);
    said(&e, EXIT_DATA, folder, "", after);
    assert_string_equal(e.hint, hint);
    memory_close(m);
}

/* ---- folders ---- */

static void a_folder_of_its_own(void **state)
{
    (void)state;
    char *folder = a_folder();
    error e = {0};
    memory *m = opened_well(folder);
    refused(EXIT_CREATE, folder, ": found it in use by another process; expected a folder of its own");
    memory_close(m);
    assert_null(opened(NULL, &e));
    assert_string_equal(e.text,
                        "memory test: found where: disk in a run that keeps no files; expected where: ram, or a "
                        "folder, as where: {disk: /a/folder}");
    pretended = NFS_SUPER_MAGIC;
    refused(EXIT_CREATE, folder, ": found a file system of another machine; expected a local one");
    pretended = 0;
    char *file = alloc_format("%s/data.mdb", folder); /* a folder below a file */
    e = (error){0};
    assert_null(opened(file, &e));
    assert_int_equal(e.code, EXIT_CREATE);
    free(file);
    free(folder);
}

static void rows_of_others_stay(void **state)
{
    (void)state;
    char *folder = a_folder();
    error e = {0};
    owner = "/one/cell";
    arrays a = saved_once(folder, 5);
    owner = "/another/cell";
    memory *m = opened_well(folder);
    assert_int_equal(fixture_give(m, false, 0, 1, 0, &e), EXIT_CREATE);
    said(&e, EXIT_CREATE, folder, "", "/data.mdb: found memory test of /one/cell; expected that of /another/cell");
    assert_string_equal(e.hint, "remove the folder if nobody needs it, or name another");
    memory_close(m);
    assert_int_equal(rows_on_disk(folder), 5);
    m = opened_well(folder); /* the run has moved: its checkpoint knows it */
    e = (error){0};
    assert_int_equal(memory_load(m, "memory/a", &a, &e), 0);
    fixture_offer(m, 5, 1, 0);
    memory_close(m);
    owner = "/one/cell";
    arrays_free(&a);
    free(folder);
}

/* A try that was killed before its first checkpoint leaves rows that nobody needs. */
static void rows_of_a_lost_try_go(void **state)
{
    (void)state;
    char *folder = a_folder();
    arrays a = saved_once(folder, 50);
    arrays_free(&a);
    a = saved_once(folder, 5);
    assert_int_equal(rows_on_disk(folder), 5);
    arrays_free(&a);
    free(folder);
}

/* ---- another moment ---- */

static void file_copied(const char *folder, const char *from, const char *to)
{
    char buffer[1 << 16], *one = alloc_format("%s/%s", folder, from), *other = alloc_format("%s/%s", folder, to);
    FILE *in = fopen(one, "rb"), *out = fopen(other, "wb");
    assert_true(in && out);
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, in)) > 0;)
        assert_int_equal(fwrite(buffer, 1, n, out), n);
    fclose(in);
    assert_int_equal(fclose(out), 0);
    free(one);
    free(other);
}

static void another_moment_is_named(void **state)
{
    (void)state;
    char *folder = a_folder();
    memory *m = opened_well(folder);
    fixture_offer(m, 0, 100, 0);
    arrays first = state_taken(m), second;
    memory_saved(m, 1, 1);
    memory_close(m);
    file_copied(folder, "data.mdb", "early");
    m = opened_well(folder);
    error e = {0};
    assert_int_equal(memory_load(m, "memory/a", &first, &e), 0);
    fixture_offer(m, 100, 100, 0);
    second = state_taken(m);
    memory_saved(m, 2, 2);
    memory_close(m);
    load_refused(folder, &first,
                 "/data.mdb: found no row for slot 0, generation 1; the memory is newer than the checkpoint",
                 "it has had 200 rows in all, and at the checkpoint 100");
    file_copied(folder, "early", "data.mdb");
    load_refused(folder, &second,
                 "/data.mdb: found no row for slot 0, generation 101; the memory is older than the checkpoint",
                 "it has had 100 rows in all, and at the checkpoint 200");
    arrays_free(&first);
    first = saved_once(folder, 100); /* another run, in its place */
    load_refused(folder, &second, "/data.mdb: found the memory of another run; expected that of the checkpoint", "");
    folder_drop(folder);
    load_refused(folder, &second, "/data.mdb: found no memory; expected that of the checkpoint", "");
    arrays_free(&first);
    arrays_free(&second);
    free(folder);
}

/* ---- damage ---- */

static void file_cut(const char *folder, int64_t bytes)
{
    char *path = alloc_format("%s/data.mdb", folder);
    assert_int_equal(truncate(path, bytes), 0);
    free(path);
}

static void a_cut_file_is_refused(void **state)
{
    (void)state;
    char *folder = a_folder();
    arrays a = saved_once(folder, 100);
    file_cut(folder, 100);
    refused(EXIT_DATA, folder, "/data.mdb: found a file of 100 bytes; expected a file of LMDB");
    folder_drop(folder);
    arrays_free(&a);
    a = saved_once(folder, 100);
    file_cut(folder, 3 * 4096); /* the tree is gone */
    memory *m = opened_well(folder);
    error e = {0};
    assert_int_equal(memory_load(m, "memory/a", &a, &e), EXIT_DATA);
    assert_non_null(strstr(e.hint, "bytes shorter than it says of itself"));
    memory_close(m);
    arrays_free(&a);
    free(folder);
}

static void garbage_is_refused(void **state)
{
    (void)state;
    char *folder = a_folder();
    memory *m = opened_well(folder);
    memory_close(m);
    char *path = alloc_format("%s/data.mdb", folder);
    int fd = open(path, O_RDWR | O_TRUNC);
    char bytes[4 * 4096];
    memset(bytes, 'x', sizeof bytes);
    assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
    close(fd);
    refused(EXIT_DATA, folder, "/data.mdb: cannot be opened: MDB_INVALID: File is not an LMDB file");
    free(path);
    free(folder);
}

/* The lock file may be missing: it is made anew. */
static void a_missing_lock_is_no_damage(void **state)
{
    (void)state;
    char *folder = a_folder();
    arrays a = saved_once(folder, 10);
    char *path = alloc_format("%s/lock.mdb", folder);
    error e = {0};
    assert_int_equal(unlink(path), 0);
    memory *m = opened_well(folder);
    assert_int_equal(memory_load(m, "memory/a", &a, &e), 0);
    assert_int_equal(memory_count(m, 0), 10);
    memory_close(m);
    arrays_free(&a);
    free(path);
    free(folder);
}

/* Whatever bit of a row flips, its checksum shows it, with its place. */
static void flipped_bits_are_found(void **state)
{
    (void)state;
    char *folder = a_folder();
    error e = {0};
    float row[64], back[64];
    int64_t y = 0, slot = 0;
    for (int i = 0; i < 64; i++)
        row[i] = 1000.0f + (float)i;
    memory *m = opened_well(folder);
    memory_rows rows = {.count = 1, .x = row, .row_bytes = sizeof row, .y = &y};
    assert_int_equal(memory_offer(m, &rows, &e), 0);
    arrays a = state_taken(m);
    memory_close(m);
    char *path = alloc_format("%s/data.mdb", folder), *bytes = calloc(1 << 20, 1);
    int fd = open(path, O_RDWR);
    ssize_t size = read(fd, bytes, 1 << 20);
    char *at = memmem(bytes, (size_t)size, row, sizeof row);
    assert_non_null(at);
    for (size_t bit = 0; bit < (48 + sizeof row) * 8; bit++) {
        off_t place = at - 48 - bytes + (off_t)(bit / 8);
        char flipped = (char)(bytes[place] ^ 1 << bit % 8);
        assert_int_equal(pwrite(fd, &flipped, 1, place), 1);
        m = opened_well(folder);
        e = (error){0};
        int code = memory_load(m, "memory/a", &a, &e);
        code = code ? code : memory_fetch(m, &slot, 1, back, NULL, NULL, NULL, &e);
        assert_int_equal(code, EXIT_DATA);
        if (bit == 48 * 8)
            said(&e, EXIT_DATA, folder, "",
                 "/data.mdb: slot 0, generation 1: found a checksum of b14ea1568fa08f54; expected 8060f904bf115f60");
        else
            assert_non_null(strstr(e.text, "slot 0, generation 1: found "));
        memory_close(m);
        assert_int_equal(pwrite(fd, &bytes[place], 1, place), 1);
    }
    close(fd);
    arrays_free(&a);
    free(bytes);
    free(path);
    free(folder);
}

/* Readers that died hold back the pages that they saw, until somebody looks for them: opening the memory does. Another process
 * keeps the lock file in use, else LMDB would begin it anew. */
static void reader_die(const char *folder, bool stays, int told, int asked)
{
    MDB_env *env;
    MDB_txn *txn;
    char byte = 0;
    bool done = !mdb_env_create(&env) && !mdb_env_open(env, folder, 0, 0600) &&
                !mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) && write(told, &byte, 1) == 1;
    if (stays && done)
        done = read(asked, &byte, 1) == 0;
    _exit(!done);
}

static int count_lines(const char *words, void *count)
{
    *(int *)count += strstr(words, "(no active readers)") ? 0 : 1;
    return 0;
}

static void stale_readers_are_cleared(void **state)
{
    (void)state;
    char *folder = a_folder(), byte;
    arrays a = saved_once(folder, 10);
    int told[2], asked[2], lines[2] = {0}, status;
    pid_t pids[2];
    assert_true(!pipe(told) && !pipe(asked));
    for (int i = 0; i < 2; i++) {
        if ((pids[i] = fork()) == 0) {
            close(asked[1]);
            reader_die(folder, i == 0, told[1], asked[0]);
        }
        assert_int_equal(read(told[0], &byte, 1), 1);
    }
    assert_int_equal(waitpid(pids[1], &status, 0), pids[1]);
    for (int i = 0; i < 2; i++) {
        MDB_env *env;
        assert_true(!mdb_env_create(&env) && !mdb_env_open(env, folder, 0, 0600));
        assert_true(mdb_reader_list(env, count_lines, &lines[i]) >= 0);
        mdb_env_close(env);
        if (i == 0)
            memory_close(opened_well(folder));
    }
    assert_int_equal(lines[0] - lines[1], 1);
    close(asked[1]);
    assert_int_equal(waitpid(pids[0], &status, 0), pids[0]);
    assert_int_equal(status, 0);
    close(asked[0]);
    close(told[0]);
    close(told[1]);
    arrays_free(&a);
    free(folder);
}

/* ---- a disk that takes no more ---- */

/* The file may not grow: the rows wait, the program hears of it with the path, and once there is room all are written. */
static void a_full_disk_loses_nothing(void **state)
{
    (void)state;
    char *folder = a_folder();
    error e = {0};
    struct rlimit before, little = {1 << 16, RLIM_INFINITY};
    int64_t ids[100];
    signal(SIGXFSZ, SIG_IGN);
    memory *m = opened_well(folder);
    fixture_offer(m, 0, 10, 0);
    arrays a = state_taken(m), b = {0};
    memory_saved(m, 1, 1);
    float *x = calloc(90 * 1024, sizeof *x);
    memory_close(m);
    folder_drop(folder);
    arrays_free(&a);
    m = opened_well(folder);
    int64_t y[90] = {0};
    for (int64_t i = 0; i < 90; i++)
        x[i * 1024] = (float)i;
    memory_rows rows = {.count = 90, .x = x, .row_bytes = 1024 * sizeof *x, .y = y};
    assert_int_equal(memory_offer(m, &rows, &e), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    for (int i = 0; i < 2; i++) {
        e = (error){0};
        assert_int_equal(memory_save(m, "memory/a", &b, &e), EXIT_IO);
        said(&e, EXIT_IO, folder, "", "/data.mdb: cannot be written: Input/output error"); /* so LMDB has it */
        assert_string_equal(e.hint, "the last checkpoint is whole, and all rows that it needs are in this file");
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    a = state_taken(m);
    memory_close(m);
    m = opened_well(folder);
    e = (error){0};
    assert_int_equal(memory_load(m, "memory/a", &a, &e), 0);
    int64_t slots[90];
    float *back = calloc(90 * 1024, sizeof *x);
    assert_int_equal(memory_find(m, 0, slots), 90);
    assert_int_equal(memory_fetch(m, slots, 90, back, NULL, NULL, NULL, &e), 0);
    assert_memory_equal(x, back, 90 * 1024 * sizeof *x);
    memory_close(m);
    (void)ids;
    arrays_free(&a);
    arrays_free(&b);
    free(back);
    free(x);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_of_its_own),         cmocka_unit_test(rows_of_others_stay),
        cmocka_unit_test(rows_of_a_lost_try_go),       cmocka_unit_test(another_moment_is_named),
        cmocka_unit_test(a_cut_file_is_refused),       cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(a_missing_lock_is_no_damage), cmocka_unit_test(flipped_bits_are_found),
        cmocka_unit_test(stale_readers_are_cleared),   cmocka_unit_test(a_full_disk_loses_nothing),
    };
    return cmocka_run_group_tests(tests, root_make, root_drop);
}
