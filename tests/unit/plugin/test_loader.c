/* Opening one shared object: whoever is refused must read the file, what was found and what was expected. */
#include "folder.h"

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
             "descriptor.struct_size is %zu; expected a multiple of 8 from %zu to 4096 (set it to sizeof)",
             offsetof(pdr_plugin, hooks), sizeof(pdr_plugin));
    refused(tiny("no_entry"),
            "found no function perdure_plugin in it; expected a strategy built from <perdure/plugin.h>", "");
    refused(tiny("wrong_major"), "needs plugin ABI 2.0; this host offers 1.0",
            "build it again from this Perdure's headers (major 1)");
    refused(tiny("newer_minor"), "needs plugin ABI 1.999; this host offers 1.0",
            "use a newer Perdure, or build it with -DPDR_TARGET_MINOR=0");
    refused(tiny("short_struct"), sizes, "");
    refused(tiny("null_name"), "its name is NULL; expected 1 to 64 letters, digits, '.', '_' or '-'", "");
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
        refused(tiny("wrong_major"), "needs plugin ABI 2.0; this host offers 1.0",
                "build it again from this Perdure's headers (major 1)");
}

static void what_is_no_object_is_refused(void **state)
{
    (void)state;
    const plugin *p;
    error text_file = {0};
    char *path = written("words.so", "these are words"), *start = SAID("%s: cannot be opened: ", path);
    assert_int_equal(plugin_open(path, &p, &text_file), EXIT_UNAVAILABLE);
    assert_memory_equal(text_file.text, start, strlen(start));
    assert_null(p);

    error there_is_none = {0}, is_a_folder = {0};
    char *missing = in_folder("missing.so");
    assert_int_equal(plugin_open(missing, &p, &there_is_none), EXIT_UNAVAILABLE);
    assert_string_equal(there_is_none.text, SAID("%s: no such plugin: No such file or directory", missing));

    char *sub = in_folder("folder.so");
    assert_int_equal(mkdir(sub, 0700), 0);
    assert_int_equal(plugin_open(sub, &p, &is_a_folder), EXIT_UNAVAILABLE);
    assert_non_null(strstr(is_a_folder.text, sub));
    assert_non_null(strstr(is_a_folder.text, "folder"));
    assert_null(p);
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
        cmocka_unit_test(one_file_is_opened_once),
        cmocka_unit_test(a_good_one_is_all_there),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
