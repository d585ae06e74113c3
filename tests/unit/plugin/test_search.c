/* Finding a strategy by name: which folders are looked into, in which order, and what is said when it is in none. */
#include "folder.h"
#include "installed.h"

#include <limits.h>

static char *replay(void) { return built("lib/perdure/plugins/1/replay.so"); }

static void found_at(const char *name, const char *path)
{
    const plugin *p;
    error e = {0};
    if (plugin_find(name, &p, &e))
        fail_msg("%s", e.text);
    char *real = realpath(path, NULL);
    assert_string_equal(p->path, real);
    free(real);
}

static error not_found(const char *name)
{
    const plugin *p = (const plugin *)(uintptr_t)1;
    error e = {0};
    assert_int_equal(plugin_find(name, &p, &e), EXIT_UNAVAILABLE);
    assert_null(p);
    return e;
}

static void the_installed_folder_is_searched(void **state)
{
    (void)state;
    found_at("replay", replay());
    setenv("PERDURE_PLUGIN_PATH", "/nowhere:", 1);
    found_at("replay", replay());
    char *installed = held(path_folder(replay()));
    assert_string_equal(plugin_search_path(), SAID("/nowhere\n%s", installed));
    unsetenv("PERDURE_PLUGIN_PATH");
}

static void the_path_goes_before_it_in_order(void **state)
{
    (void)state;
    char *a = copied(replay(), "a/replay.so", "a"), *b = copied(replay(), "b/replay.so", "b");
    setenv("PERDURE_PLUGIN_PATH", SAID("%s/a:%s/b", folder, folder), 1);
    found_at("replay", a);
    setenv("PERDURE_PLUGIN_PATH", SAID("%s/b:%s/a", folder, folder), 1);
    found_at("replay", b);
    setenv("PERDURE_PLUGIN_PATH", SAID("%s/none::%s/a", folder, folder), 1);
    found_at("replay", a);
    unsetenv("PERDURE_PLUGIN_PATH");
}

/* A relative entry would mean the working directory, and a file that happens to lie there must never run. */
static void relative_entries_and_the_working_directory_are_ignored(void **state)
{
    (void)state;
    char before[PATH_MAX];
    assert_non_null(getcwd(before, sizeof before));
    copied(replay(), "here/replay.so", "h");
    copied(tiny("leak"), "here/leak.so", "h");
    assert_int_equal(chdir(in_folder("here")), 0);
    setenv("PERDURE_PLUGIN_PATH", ".:../here:here", 1);
    found_at("replay", replay());
    not_found("leak");
    assert_null(strstr(plugin_search_path(), "here"));
    unsetenv("PERDURE_PLUGIN_PATH");
    assert_int_equal(chdir(before), 0);
}

static void who_is_not_there_is_told_who_is(void **state)
{
    (void)state;
    error near = not_found("reply"), far = not_found("something-else");
    assert_string_equal(near.text, SAID("found no strategy reply; expected one of: %s", installed()));
    assert_string_equal(near.hint, "did you mean replay?");
    assert_string_equal(far.text, SAID("found no strategy something-else; expected one of: %s", installed()));
    assert_string_equal(far.hint, SAID("searched: %s; PERDURE_PLUGIN_PATH adds folders", plugin_search_path()));
}

/* It is a name and no path: else `../x` would leave the folders. */
static void a_name_with_a_slash_is_no_name(void **state)
{
    (void)state;
    setenv("PERDURE_PLUGIN_PATH", folder, 1);
    copied(tiny("leak"), "sub/leak.so", "s");
    assert_string_equal(not_found("sub/leak").text,
                        SAID("found no strategy sub/leak; expected one of: %s", installed()));
    not_found("../leak");
    not_found("");
    unsetenv("PERDURE_PLUGIN_PATH");
}

/* Whatever has the name counts: to pass over one that is broken would run another than was meant. */
static void the_first_of_a_name_counts_though_refused(void **state)
{
    (void)state;
    size_t count;
    char *first = in_folder("f1/leak.so"), *second = copied(tiny("leak"), "f2/leak.so", "");
    mkdir(in_folder("f1"), 0700);
    assert_int_equal(symlink("nowhere", first), 0);
    setenv("PERDURE_PLUGIN_PATH", SAID("%s/f1:%s/f2", folder, folder), 1);
    assert_string_equal(
        not_found("leak").text,
        SAID("%s: found nothing that can be read (No such file or directory); expected a shared object", first));
    char **files = plugin_files("leak", &count);
    assert_int_equal(count, 2);
    assert_string_equal(files[0], first);
    assert_string_equal(files[1], second);
    plugin_names_free(files, count);
    unsetenv("PERDURE_PLUGIN_PATH");
}

static void the_name_must_be_the_files(void **state)
{
    (void)state;
    char *path = copied(tiny("leak"), "drip.so", "d");
    setenv("PERDURE_PLUGIN_PATH", folder, 1);
    error e = not_found("drip");
    assert_string_equal(e.text, SAID("%s: found strategy leak in it; expected drip, as the file is named", path));
    unlink(path);
    unsetenv("PERDURE_PLUGIN_PATH");
}

static void names_are_sorted_and_each_once(void **state)
{
    (void)state;
    size_t count;
    copied(replay(), "n1/replay.so", "1");
    copied(tiny("leak"), "n1/leak.so", "1");
    copied(tiny("leak"), "n2/leak.so", "2");
    written("n2/readme.txt", "no strategy");
    written("n2/.so", "no name");
    written("n2/a\x1b[2J.so", "no name that can be printed");
    setenv("PERDURE_PLUGIN_PATH", SAID("%s/n1:%s/n2", folder, folder), 1);
    char **names = plugin_names(&count);
    size_t ours = 0; /* beside those that are shipped */
    for (size_t i = 0; i < count; i++) {
        assert_true(!i || strcmp(names[i - 1], names[i]) < 0);
        ours += !strcmp(names[i], "leak") || !strcmp(names[i], "replay");
    }
    assert_int_equal(ours, 2);
    plugin_names_free(names, count);
    unsetenv("PERDURE_PLUGIN_PATH");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_installed_folder_is_searched),
        cmocka_unit_test(the_path_goes_before_it_in_order),
        cmocka_unit_test(relative_entries_and_the_working_directory_are_ignored),
        cmocka_unit_test(who_is_not_there_is_told_who_is),
        cmocka_unit_test(a_name_with_a_slash_is_no_name),
        cmocka_unit_test(the_first_of_a_name_counts_though_refused),
        cmocka_unit_test(the_name_must_be_the_files),
        cmocka_unit_test(names_are_sorted_and_each_once),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
