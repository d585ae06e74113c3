/* Opening one shared object: whoever is refused must read the file, what was found and what was expected. */
#include "folder.h"
#include "plugin/inside.h"

static void refused(const char *path, const char *words, const char *hint)
{
    const plugin *p = (const plugin *)(uintptr_t)1;
    error e = {0};
    assert_int_equal(plugin_open(path, &p, &e), EXIT_UNAVAILABLE);
    assert_null(p);
    assert_int_equal(e.code, EXIT_UNAVAILABLE);
    char *whole = SAID("%s: %s", path, words);
    assert_string_equal(e.text, whole);
    assert_string_equal(e.hint, hint);
}

static void bad_ones_are_refused_in_exact_words(void **state)
{
    (void)state;
    char sizes[160];
    snprintf(sizes, sizeof sizes,
             "found descriptor.struct_size %zu; expected a multiple of 8 from %zu to 4096 (set it to sizeof)",
             offsetof(pdr_plugin, hooks), sizeof(pdr_plugin));
    refused(tiny("no_entry"), "found no function perdure_plugin; expected a strategy built from <perdure/plugin.h>",
            "");
    refused(tiny("wrong_major"), "found plugin ABI 2.0; expected 1.0 or an older 1.x",
            "build it again from this Perdure's headers (major 1)");
    refused(tiny("newer_minor"), "found plugin ABI 1.999; expected 1.0 or an older 1.x",
            "use a newer Perdure, or build it with -DPDR_TARGET_MINOR=0");
    refused(tiny("short_struct"), sizes, "");
    refused(tiny("null_name"), "found name NULL; expected 1 to 64 letters, digits, '.', '_' or '-'", "");
    refused(tiny("bad_default"),
            "plugin bad_default: parameter \"rows\": its default: found 99; expected a whole number from 1 to 10", "");
    refused(
        tiny("duplicate_key"),
        "plugin duplicate_key: parameter \"rows\": found a key that row 0 (\"rows\") has too; expected every key once",
        "");
}

/* A second try must not find a half-made one. */
static void a_refused_one_is_refused_again(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        refused(tiny("wrong_major"), "found plugin ABI 2.0; expected 1.0 or an older 1.x",
                "build it again from this Perdure's headers (major 1)");
}

static void what_is_no_object_is_refused(void **state)
{
    (void)state;
    refused(written("words.so", "these are words"),
            "found a file that begins with \"these ar\"; expected a shared object (ELF)", "");
    refused(in_folder("missing.so"),
            "found nothing that can be read (No such file or directory); expected a shared object", "");
    char *sub = in_folder("folder.so");
    assert_int_equal(mkdir(sub, 0700), 0);
    refused(sub, "found a folder; expected a shared object", "");
}

/* What the table of a good object tells is enough: nothing behind it is missed, and nothing before it may be. */
static void a_file_that_is_cut_off_is_refused(void **state)
{
    (void)state;
    static const off_t lengths[] = {1, 20, 64, 100, 1000, 4096, 9000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        const plugin *p;
        error e = {0};
        char *path = copied(tiny("leak"), SAID("cut%zu.so", i), "");
        assert_int_equal(truncate(path, lengths[i]), 0);
        assert_int_equal(plugin_open(path, &p, &e), EXIT_UNAVAILABLE);
        if (lengths[i] >= 64)
            assert_non_null(strstr(e.text, SAID(": found %ld bytes; expected at least ", (long)lengths[i])));
    }
}

static void what_everyone_may_write_to_is_refused(void **state)
{
    (void)state;
    static const char words[] = "that every user may write to; expected one that only its owner and group may change, "
                                "as its code runs with your rights (CWE-732)";
    const plugin *p;
    error e = {0};
    char *file = copied(tiny("leak"), "open.so", ""), *inside = copied(tiny("leak"), "open/leak.so", ""),
         *group = copied(tiny("leak"), "group/leak.so", ""), *sticky = copied(tiny("leak"), "sticky/leak.so", "");
    chmod(file, 0646);
    chmod(in_folder("open"), 0757);
    chmod(group, 0664);
    chmod(in_folder("group"), 0775);
    chmod(in_folder("sticky"), 01777);
    refused(file, SAID("found a file %s", words), SAID("chmod o-w %s", file));
    refused(inside, SAID("found a folder around it %s", words), SAID("chmod o-w %s", in_folder("open")));
    assert_int_equal(plugin_open(group, &p, &e), 0);
    assert_int_equal(plugin_open(sticky, &p, &e), 0);
}

/* The digest in the results must be that of the code that ran. */
static void a_file_that_changes_meanwhile_is_seen(void **state)
{
    (void)state;
    error e = {0};
    plugin_file f;
    char *path = copied(tiny("leak"), "built.so", ""), *other = copied(tiny("leak"), "other-built.so", "");
    assert_int_equal(file_take(path, &f, &e), 0);
    assert_int_equal(file_unchanged(&f, path, &e), 0);
    assert_int_equal(rename(other, path), 0);
    assert_int_equal(file_unchanged(&f, path, &e), EXIT_UNAVAILABLE);
    assert_string_equal(e.text,
                        SAID("%s: found a file that changed while it was opened; expected one that stays", path));
    close(f.fd);
}

static void a_child_that_does_not_end_is_not_waited_for(void **state)
{
    (void)state;
    error loading = {0}, asking = {0};
    char *first = copied(tiny("shape"), "load_hang.so", ""), *second = copied(tiny("shape"), "entry_hang.so", "");
    assert_int_equal(plugin_probe(first, 0.2, &loading), EXIT_UNAVAILABLE);
    assert_string_equal(loading.text,
                        SAID("%s: did not finish loading within 0.2 s; expected a shared object that loads", first));
    assert_int_equal(plugin_probe(second, 0.2, &asking), EXIT_UNAVAILABLE);
    assert_non_null(strstr(asking.text, "did not finish perdure_plugin() within 0.2 s"));
}

static void one_file_is_opened_once(void **state)
{
    (void)state;
    const plugin *a, *b, *c, *other;
    error e = {0};
    char *path = built("lib/perdure/plugins/1/replay.so"), *linked = in_folder("linked.so"),
         *folder_of = held(path_folder(path));
    assert_int_equal(symlink(path, linked), 0);
    assert_int_equal(plugin_open(path, &a, &e), 0);
    assert_int_equal(plugin_open(SAID("%s/../1/replay.so", folder_of), &b, &e), 0);
    assert_int_equal(plugin_open(linked, &c, &e), 0);
    assert_ptr_equal(a, b);
    assert_ptr_equal(a, c);
    assert_string_equal(c->path, path);
    assert_int_equal(plugin_open(copied(path, "other.so", "x"), &other, &e), 0);
    assert_ptr_not_equal(a, other);
    assert_string_not_equal(a->sha256, other->sha256);
}

static void a_good_one_is_all_there(void **state)
{
    (void)state;
    const plugin *p;
    error e = {0};
    char hex[SHA256_HEX], *bytes, *path = built("lib/perdure/plugins/1/replay.so");
    size_t count;
    assert_int_equal(plugin_open(path, &p, &e), 0);
    assert_string_equal(p->descriptor->name, "replay");
    assert_int_equal(file_read(path, 1 << 30, &bytes, &count, &e), 0);
    sha256_bytes(bytes, count, hex);
    free(bytes);
    assert_string_equal(p->sha256, hex);
    assert_non_null(p->hooks.before_batch);
    assert_null(p->hooks.predict);
    assert_int_equal(p->hooks.struct_size, sizeof(pdr_hooks));
    assert_ptr_equal(p->parameters.rows, p->descriptor->params);
    assert_int_equal(p->parameters.config_size, p->descriptor->config_size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_ones_are_refused_in_exact_words),
        cmocka_unit_test(a_refused_one_is_refused_again),
        cmocka_unit_test(what_is_no_object_is_refused),
        cmocka_unit_test(a_file_that_is_cut_off_is_refused),
        cmocka_unit_test(what_everyone_may_write_to_is_refused),
        cmocka_unit_test(a_file_that_changes_meanwhile_is_seen),
        cmocka_unit_test(a_child_that_does_not_end_is_not_waited_for),
        cmocka_unit_test(one_file_is_opened_once),
        cmocka_unit_test(a_good_one_is_all_there),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
