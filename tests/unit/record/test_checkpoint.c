/* Checkpoints: what was written is what is read, nothing half done stays, and every damage is found and told. */
#include <signal.h>
#include <sys/resource.h>

#include "checkpoints.h"

static const char *const files[] = {"manifest.json", "weights.safetensors", "state.safetensors"};

static void a_checkpoint_comes_back_whole(void **state)
{
    (void)state;
    struct notes notes = {0};
    error e = {0};
    checkpoint *c = NULL;
    char link[64] = "";
    assert_int_equal(checkpoint_newest(folder, note_take, &notes, &c, &e), 0); /* there is no folder */
    assert_null(c);
    assert_int_equal(checkpoint_oldest(folder), -1);
    char *name = save(1500, 2, true), *second = save(1725, 3, false);
    assert_string_equal(name, "step-00001500-after-task-2");
    assert_string_equal(second, "step-00001725-in-task-3");
    assert_int_equal(checkpoint_newest(folder, note_take, &notes, &c, &e), 0);
    assert_int_equal(notes.count, 0);
    assert_string_equal(c->name, second);
    assert_true(c->serial == 2 && c->step == 1725 && c->task == 3 && !c->after_task);
    assert_string_equal(c->plan_sha256, plan_digest);
    assert_string_equal(c->engine.cpu, "AVX2");
    assert_string_equal(c->engine.device, "");
    checkpoint same = checkpoint_fabricate(1725, 3, false);
    assert_true(json_equal(c->state, same.state)); /* 0.1 and a third to the bit */
    const array *w = arrays_find(&c->weights, "hidden.0.weight"), *place = arrays_find(&c->rest, "optimizer/step");
    assert_true(c->weights.count == 1 && w->rank == 2 && w->shape[0] == 20 && w->shape[1] == 15);
    assert_memory_equal(w->bytes, weight_values, sizeof weight_values);
    assert_memory_equal(arrays_find(&c->rest, "memory/replay/main/rows")->bytes, row_values, sizeof row_values);
    assert_int_equal(*(const int64_t *)place->bytes, 1725);
    assert_true(readlink(path_of("latest", ""), link, sizeof link - 1) > 0);
    assert_string_equal(link, second); /* relative: the folder may move */
    assert_int_equal(checkpoint_oldest(folder), 1);
    checkpoint_clear(&same);
    checkpoint_close(c);
    checkpoint_close(NULL);
    free(name);
    free(second);
    folder_clear();
}

static void nothing_is_read_of_a_state_that_is_none(void **state)
{
    (void)state;
    checkpoint c = {.step = 0, .task = 0}, *back = NULL;
    error e = {0};
    snprintf(c.plan_sha256, sizeof c.plan_sha256, "%s", plan_digest);
    assert_int_equal(checkpoint_write(folder, &c, &keep_two, &e), 0);
    assert_int_equal(checkpoint_newest(folder, NULL, NULL, &back, &e), 0);
    assert_int_equal(json_object_size(back->state), 0);
    assert_true(back->weights.count == 0 && back->rest.count == 0);
    assert_string_equal(back->name, "step-00000000-in-task-0");
    checkpoint_close(back);
    snprintf(c.plan_sha256, sizeof c.plan_sha256, "no digest"); /* what could not be read back is not written */
    assert_int_equal(checkpoint_write(folder, &c, &keep_two, &e), EXIT_INTERNAL);
    checkpoint_clear(&c);
    folder_clear();
}

/* ---- damage ---- */

/* With one byte changed the only checkpoint is refused; told where. */
static void flipped(const char *name, const char *file, size_t at, unsigned char bits)
{
    const char *path = path_of(name, file);
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    fseek(f, (long)at, SEEK_SET);
    int was = fgetc(f);
    fseek(f, (long)at, SEEK_SET);
    fputc(was ^ bits, f);
    fclose(f);
    struct notes notes = newest_is(NULL);
    told(&notes, file);
    told(&notes, ": this checkpoint is damaged and stays; the newest of the others is tried\n");
    f = fopen(path, "r+b");
    fseek(f, (long)at, SEEK_SET);
    fputc(was, f);
    fclose(f);
}

static void every_flipped_byte_of_a_manifest_is_found(void **state)
{
    (void)state;
    static const unsigned char bits[] = {0x01, 0x20, 0xff};
    char *name = save(1, 1, true);
    size_t count = 0;
    free(bytes_read(path_of(name, files[0]), &count));
    assert_true(count > 700);
    for (size_t at = 0; at < count; at++)
        for (size_t i = 0; i < sizeof bits; i++)
            flipped(name, files[0], at, bits[i]);
    newest_is(name);
    free(name);
    folder_clear();
}

static void every_flipped_byte_of_a_header_and_bits_of_data_are_found(void **state)
{
    (void)state;
    char *name = save(1, 1, true);
    srand(1);
    for (int i = 1; i < 3; i++) {
        size_t count = 0;
        char *bytes = bytes_read(path_of(name, files[i]), &count);
        size_t header = 8 + (unsigned char)bytes[0] + 256U * (unsigned char)bytes[1];
        free(bytes);
        assert_true(header > 100 && header < count);
        for (size_t at = 0; at < header; at++)
            flipped(name, files[i], at, (unsigned char)(1 << rand() % 8));
        for (int n = 0; n < 250; n++)
            flipped(name, files[i], header + (size_t)rand() % (count - header), (unsigned char)(1 << rand() % 8));
    }
    newest_is(name);
    free(name);
    folder_clear();
}

static void every_other_length_is_found(void **state)
{
    (void)state;
    char *name = save(1, 1, true);
    for (int i = 0; i < 3; i++) {
        size_t count = 0;
        char *bytes = bytes_read(path_of(name, files[i]), &count);
        for (size_t length = 0; length<count; length += length + 512> count && length + 1 < count ? 1 : 512) {
            assert_int_equal(truncate(path_of(name, files[i]), (off_t)length), 0);
            struct notes notes = newest_is(NULL);
            told(&notes, files[i]);
            bytes_write(path_of(name, files[i]), bytes, count);
        }
        assert_int_equal(truncate(path_of(name, files[i]), (off_t)count + 1), 0);
        newest_is(NULL);
        bytes_write(path_of(name, files[i]), bytes, count);
        assert_int_equal(unlink(path_of(name, files[i])), 0);
        struct notes notes = newest_is(NULL);
        told(&notes, "found no file to read; expected one: No such file or directory");
        bytes_write(path_of(name, files[i]), bytes, count);
        free(bytes);
    }
    newest_is(name);
    free(name);
    folder_clear();
}

static void words_of_damage_are_exact(void **state)
{
    (void)state;
    char *first = save(1, 1, true), *second = save(2, 2, true), *path = path_of(second, files[1]);
    size_t count = 0;
    char *bytes = bytes_read(path, &count), *expected;
    assert_int_equal(truncate(path, 512), 0);
    struct notes notes = newest_is(first);
    expected =
        alloc_format("%s: found 512 bytes; expected %zu, as the manifest says: this checkpoint is damaged and stays; "
                     "the newest of the others is tried\n%s: the newest checkpoint that is whole\n",
                     path, count, first);
    assert_string_equal(notes.text, expected);
    free(expected);
    bytes[count - 1] = (char)(bytes[count - 1] ^ 1);
    bytes_write(path, bytes, count);
    notes = newest_is(first);
    told(&notes, "/weights.safetensors: found SHA-256 ");
    told(&notes, "; expected ");
    assert_int_equal(unlink(path_of(first, files[0])), 0);
    notes = newest_is(NULL);
    expected = alloc_format("%s: found 2 checkpoints and none that is whole; expected one\n", folder);
    told(&notes, expected);
    assert_int_equal(notes.count, 3);
    free(expected);
    free(bytes);
    free(first);
    free(second);
    folder_clear();
}

static void every_bad_field_has_its_words(void **state)
{
    (void)state;
    static const char *const bad[][3] = {
        {"\"schema\": \"perdure.checkpoint/1\"", "\"schema\": \"perdure.result/1\"",
         ": schema: found perdure.result/1; expected perdure.checkpoint/1"},
        {"\"schema\": \"perdure.checkpoint/1\",", "", ": schema: found none; expected perdure.checkpoint/1"},
        {"\"format\": 1", "\"format\": 0", ": format: found something else; expected a whole number from 1"},
        {"\"requires\": []", "\"requires\": 1", ": requires: found something else; expected a list"},
        {"\"serial\": 1", "\"serial\": 0", ": serial: found something else; expected a whole number from 1"},
        {"\"serial\": 1", "\"serial\": 1, \"serial\": 1", ": found a key twice: duplicate object key"},
        {"\"step\": 1", "\"step\": 1.0", ": step: found something else; expected a whole number from 0"},
        {"\"task\": 1", "\"task\": -1", ": task: found something else; expected a whole number from 0"},
        {"\"after_task\": true", "\"after_task\": 1", ": after_task: found something else; expected true or false"},
        {"\"plan_sha256\": \"0", "\"plan_sha256\": \"A", ": plan_sha256: found something else; expected 64 hex"},
        {"\"written\": \"2027", "\"written\": \"at", ": written: found something else; expected a time, as"},
        {"\"torch\": \"2", "\"torch\": \"2222222222222222222222222222222222222", ": engine: found something else"},
        {"\"state.safetensors\"", "\"../state.safetensors\"", ": files: found something else; expected bytes and"},
        {"\"bytes\": ", "\"bytes\": -", ": files: found something else; expected bytes and sha256 of weights"},
        {"\"state\": {", "\"state\": [], \"was\": {", ": state: found something else; expected an object"},
        {"{", "[", ": found no JSON at byte "},
        {"{\n", "{\n,", ": found no JSON at byte "},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *name = save(1, 1, true);
        manifest_edit(path_of(name, files[0]), bad[i][0], bad[i][1]);
        struct notes notes = newest_is(NULL);
        told(&notes, "/manifest.json");
        told(&notes, bad[i][2]);
        free(name);
        folder_clear();
    }
}

static void what_is_no_file_is_damage(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        char *name = save(1, 1, true), *path = path_of(name, files[i]), moved[128];
        snprintf(moved, sizeof moved, "%s/moved", root);
        assert_int_equal(rename(path, moved), 0);
        assert_int_equal(symlink(moved, path), 0); /* the right bytes, but somebody else's */
        struct notes notes = newest_is(NULL);
        told(&notes, files[i]);
        unlink(path);
        assert_int_equal(mkdir(path, 0777), 0);
        newest_is(NULL);
        rmdir(path);
        assert_int_equal(mkfifo(path, 0600), 0);
        newest_is(NULL);
        free(name);
        folder_clear();
    }
}

/* ---- newer Perdures ---- */

static void a_newer_format_is_refused_by_number(void **state)
{
    (void)state;
    char *first = save(1, 1, true), *second = save(2, 2, true);
    manifest_edit(path_of(second, files[0]), "\"format\": 1", "\"format\": 4");
    struct notes notes = newest_is(NULL);
    assert_int_equal(notes.count, 1); /* no damage: the error alone */
    told(&notes, "/manifest.json: was written in format 4; this Perdure reads 1\n");
    for (int step = 3; step < 9; step++) /* and no retention takes it */
        free(save(step, step, true));
    assert_true(folder_exists(path_of(second, "")));
    assert_false(folder_exists(path_of(first, "")));
    folder_clear();
    free(first);
    free(second);
    first = save(1, 1, true);
    manifest_edit(path_of(first, files[0]), "\"requires\": []", "\"requires\": [\"zstd\"]");
    notes = newest_is(NULL);
    told(&notes, "/manifest.json: requires zstd; this Perdure does not know it\n");
    free(first);
    folder_clear();
}

/* ---- latest ---- */

static void a_bad_latest_is_ignored(void **state)
{
    (void)state;
    static const char *const targets[] = {
        "step-00000009-after-task-9", "../outside", "/tmp", ".", "manifest.json", "x", "step-00000001-after-task-1/."};
    char *first = save(1, 1, true), *second = save(2, 2, true), *latest = path_of("latest", "");
    struct notes notes;
    assert_int_equal(unlink(latest), 0);
    notes = newest_is(second);
    assert_int_equal(notes.count, 0); /* a process may have died before it was made */
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        assert_int_equal(symlink(targets[i], latest), 0);
        notes = newest_is(second);
        assert_int_equal(notes.count, 1);
        told(&notes, "/latest: found a link to ");
        told(&notes, "; expected one to a checkpoint beside it: it is ignored\n");
        unlink(latest);
    }
    assert_int_equal(mkdir(latest, 0777), 0);
    notes = newest_is(second);
    told(&notes, "/latest: found no link; expected one to a checkpoint beside it: it is ignored\n");
    error e = {0};
    checkpoint c = checkpoint_fabricate(3, 3, true);
    assert_int_equal(checkpoint_write(folder, &c, &keep_two, &e), EXIT_IO);
    assert_non_null(strstr(e.text, "/latest: found a fault while writing: Is a directory"));
    rmdir(latest);
    newest_is("step-00000003-after-task-3");     /* it was there before that */
    assert_int_equal(symlink(first, latest), 0); /* who points it at an older one goes on from there */
    notes = newest_is(first);
    assert_int_equal(notes.count, 0);
    assert_int_equal(unlink(path_of(first, files[2])), 0); /* and when that one is damaged, from the newest */
    newest_is("step-00000003-after-task-3");
    checkpoint_clear(&c);
    free(first);
    free(second);
    folder_clear();
}

static void a_name_that_is_taken_is_not_replaced(void **state)
{
    (void)state;
    const struct checkpoint_options many = {true, CHECKPOINT_TASK, 0, 0, 10, 0, 0};
    char *names[3];
    for (int i = 0; i < 3; i++)
        names[i] = save_at(7, 1, false, &many, 1800000000);
    assert_string_equal(names[0], "step-00000007-in-task-1");
    assert_string_equal(names[1], "step-00000007-in-task-1-again-2");
    assert_string_equal(names[2], "step-00000007-in-task-1-again-3");
    newest_is(names[2]);
    for (int i = 0; i < 3; i++) {
        assert_true(folder_exists(path_of(names[i], "")));
        free(names[i]);
    }
    folder_clear();
}

/* ---- what fails and what dies ---- */

static int64_t names_in(const char *path)
{
    DIR *names = opendir(path);
    int64_t count = -2; /* . and .. */
    while (names && readdir(names))
        count++;
    if (names)
        closedir(names);
    return count;
}

static void a_write_that_fails_leaves_the_old_one(void **state)
{
    (void)state;
    struct rlimit was, is;
    char *first = save(1, 1, true);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    for (rlim_t most = 0; most < 1600; most += 100) { /* in each file of the three */
        error e = {0};
        checkpoint c = checkpoint_fabricate(2, 2, true);
        is = (struct rlimit){most, was.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &is), 0);
        int code = checkpoint_write(folder, &c, &keep_two, &e);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
        assert_int_equal(code, EXIT_IO);
        assert_non_null(strstr(e.text, ": cannot be written: File too large"));
        assert_non_null(strstr(e.text, "/checkpoints/.tmp-2-"));
        assert_int_equal(names_in(folder), 2);
        newest_is(first);
        checkpoint_clear(&c);
    }
    free(first);
    folder_clear();
    bytes_write(folder, "x", 1); /* a file in the folder's place */
    error e = {0};
    checkpoint c = checkpoint_fabricate(1, 1, true);
    assert_int_equal(checkpoint_write(folder, &c, &keep_two, &e), EXIT_CREATE);
    assert_non_null(strstr(e.text, "/checkpoints: found no way to create this folder"));
    checkpoint_clear(&c);
    unlink(folder);
}

static void what_dead_processes_left_goes(void **state)
{
    (void)state;
    static const char *const left[] = {".tmp-2-999999999", ".trash-step-00000001-after-task-1"};
    char *first = save(1, 1, true), mine[64];
    snprintf(mine, sizeof mine, ".tmp-9-%ld", (long)getpid());
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mkdir(path_of(left[i], ""), 0777), 0);
        bytes_write(path_of(left[i], "weights.safetensors"), "half", 4);
    }
    assert_int_equal(mkdir(path_of(mine, ""), 0777), 0);
    assert_int_equal(mkdir(path_of(".tmp-3-1", ""), 0777), 0); /* init lives */
    assert_int_equal(symlink(first, path_of(".latest-999999999", "")), 0);
    newest_is(first); /* none of them is read */
    free(save(2, 2, true));
    assert_int_equal(names_in(folder), 4); /* two checkpoints, latest, and what init is at */
    assert_true(folder_exists(path_of(".tmp-3-1", "")));
    free(first);
    folder_clear();
}

static void all_of_them_go(void **state)
{
    (void)state;
    error e = {0};
    assert_int_equal(checkpoint_remove_all(folder, &e), 0); /* nothing there */
    char *first = save(1, 1, true), *second = save(2, 2, true);
    assert_int_equal(unlink(path_of(first, files[0])), 0);
    manifest_edit(path_of(second, files[0]), "\"format\": 1", "\"format\": 2");
    assert_int_equal(mkdir(path_of(".tmp-3-1", ""), 0777), 0);
    assert_int_equal(checkpoint_remove_all(folder, &e), 0);
    assert_false(folder_exists(folder));
    free(save(1, 1, true));
    bytes_write(path_of("notes.txt", ""), "mine", 4);
    assert_int_equal(checkpoint_remove_all(folder, &e), 0);
    assert_int_equal(names_in(folder), 1); /* what Perdure does not write stays */
    free(first);
    free(second);
    folder_clear();
}

/* For read_checkpoint.py. */
static int one_for_python(const char *path)
{
    error e = {0};
    checkpoint c = checkpoint_fabricate(1500, 2, true);
    int code = checkpoint_write(path, &c, &keep_two, &e);
    checkpoint_clear(&c);
    return code;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "--write"))
        return one_for_python(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_checkpoint_comes_back_whole),
        cmocka_unit_test(nothing_is_read_of_a_state_that_is_none),
        cmocka_unit_test(every_flipped_byte_of_a_manifest_is_found),
        cmocka_unit_test(every_flipped_byte_of_a_header_and_bits_of_data_are_found),
        cmocka_unit_test(every_other_length_is_found),
        cmocka_unit_test(words_of_damage_are_exact),
        cmocka_unit_test(every_bad_field_has_its_words),
        cmocka_unit_test(what_is_no_file_is_damage),
        cmocka_unit_test(a_newer_format_is_refused_by_number),
        cmocka_unit_test(a_bad_latest_is_ignored),
        cmocka_unit_test(a_name_that_is_taken_is_not_replaced),
        cmocka_unit_test(a_write_that_fails_leaves_the_old_one),
        cmocka_unit_test(what_dead_processes_left_goes),
        cmocka_unit_test(all_of_them_go),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
