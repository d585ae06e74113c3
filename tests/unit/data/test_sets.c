/* Where sets are looked for, and how they get there: whole and checked, or not at all. */
#include "fixture.h"

#include "base/sha256.h"

/* ---- data_root ---- */

static void assert_root(const char *given, const char *wanted)
{
    char *root = data_root(given);
    assert_string_equal(root, wanted);
    free(root);
}

static void roots_in_their_order(void **state)
{
    (void)state;
    setenv("PERDURE_DATA", "/a", 1);
    setenv("XDG_DATA_HOME", "/b", 1);
    setenv("HOME", "/c", 1);
    assert_root("/given", "/given");
    assert_root(NULL, "/a");
    setenv("PERDURE_DATA", "", 1);
    assert_root(NULL, "/b/perdure");
    setenv("XDG_DATA_HOME", "relative", 1); /* its specification has such ones ignored */
    assert_root(NULL, "/c/.local/share/perdure");
    unsetenv("XDG_DATA_HOME");
    unsetenv("PERDURE_DATA");
    assert_root(NULL, "/c/.local/share/perdure");
}

/* ---- fetch: a set of two small files with the hashes of what the test lays ---- */

static const char one[] = "one\n", two[] = "two, longer\n";
static char hashes[2][SHA256_HEX];
static data_set_info small = {.name = "small"};

static void lay_offer(const char *folder)
{
    char name[64];
    assert_int_equal(mkdir(in(folder), 0700), 0);
    snprintf(name, sizeof name, "%s/one", folder);
    lay_text(name, one);
    snprintf(name, sizeof name, "%s/two.gz", folder); /* packed or not */
    lay_packed(name, two, strlen(two), "wb");
    sha256_bytes(one, strlen(one), hashes[0]);
    sha256_bytes(two, strlen(two), hashes[1]);
    small.files[0].name = "one", small.files[0].sha256 = hashes[0], small.files[0].size = (int64_t)strlen(one);
    small.files[1].name = "two", small.files[1].sha256 = hashes[1], small.files[1].size = (int64_t)strlen(two);
}

static void assert_stored(const char *root)
{
    char name[64], bytes[64];
    snprintf(name, sizeof name, "%s/small/one", root);
    assert_int_equal(take(name, bytes, sizeof bytes), strlen(one));
    assert_memory_equal(bytes, one, strlen(one));
    snprintf(name, sizeof name, "%s/small/two", root);
    assert_int_equal(take(name, bytes, sizeof bytes), strlen(two));
    assert_memory_equal(bytes, two, strlen(two));
}

static void good_files_are_stored(void **state)
{
    error e = {0};
    (void)state;
    lay_offer("offer");
    assert_false(data_at_hand(&small, in("root")));
    assert_int_equal(data_fetch(&small, in("offer"), in("root"), &e), 0);
    assert_true(data_at_hand(&small, in("root")));
    assert_stored("root");
    assert_int_equal(data_fetch(&small, in("root"), in("root2"), &e),
                     0); /* from a root: the files lie in FOLDER/small */
    assert_stored("root2");
    assert_int_equal(data_fetch(&small, in("offer"), in("root"), &e), 0); /* again */
    assert_stored("root");
}

static void fetch_refused(const char *from, int code, const char *words)
{
    error e = {0};
    assert_int_equal(data_fetch(&small, in(from), in("nowhere"), &e), code);
    assert_error(&e, code, words);
    assert_false(there("nowhere")); /* not even the files that were good */
}

static void wrong_bytes_store_nothing(void **state)
{
    char found[SHA256_HEX], words[512];
    (void)state;
    lay_offer("wrong");
    assert_int_equal(unlink(in("wrong/two.gz")), 0);
    lay_text("wrong/two", "tow, longer\n");
    sha256_bytes("tow, longer\n", 12, found);
    snprintf(words, sizeof words, "@/wrong/two: found SHA-256 %s of its unpacked bytes; expected %s", found, hashes[1]);
    fetch_refused("wrong", EXIT_DATA, words);
    lay_text("wrong/two", "two, longer\n ");
    fetch_refused("wrong", EXIT_DATA, "@/wrong/two: found more than 12 bytes; expected at most that");
    assert_int_equal(unlink(in("wrong/two")), 0);
    fetch_refused("wrong", EXIT_NO_INPUT,
                  "@/wrong/small/two: found no such file, packed (.gz) or not; expected a data file");
    lay_text("wrong/two.gz", "two, longer\n");
    fetch_refused("wrong", EXIT_DATA, "@/wrong/two.gz: found no gzip stream; expected one, as the name ends in .gz");
}

/* Where only what is published has a known SHA-256, the packed file must be that one. */
static void a_published_file_is_checked_packed(void **state)
{
    char packed[4096], hash[SHA256_HEX], words[512];
    data_set_info published = {.name = "small"};
    error e = {0};
    (void)state;
    assert_int_equal(mkdir(in("published"), 0700), 0);
    lay_packed("published/two.gz", two, strlen(two), "wb");
    size_t count = take("published/two.gz", packed, sizeof packed);
    sha256_bytes(packed, count, hash);
    published.files[0].name = "two", published.files[0].size = (int64_t)strlen(two);
    published.packed[0] = hash;
    assert_int_equal(data_fetch(&published, in("published"), in("root4"), &e), 0);
    assert_int_equal(take("root4/small/two", packed, sizeof packed), strlen(two));
    lay_packed("published/two.gz", "another line", 12, "ab"); /* the same begin, and more of it */
    count = take("published/two.gz", packed, sizeof packed);
    char found[SHA256_HEX];
    sha256_bytes(packed, count, found);
    snprintf(words, sizeof words, "@/published/two.gz: found SHA-256 %s; expected %s", found, hash);
    assert_int_equal(data_fetch(&published, in("published"), in("nowhere"), &e), EXIT_DATA);
    assert_error(&e, EXIT_DATA, words);
    published.packed[0] = found, e = (error){0};
    assert_int_equal(data_fetch(&published, in("published"), in("nowhere"), &e), EXIT_DATA);
    assert_error(&e, EXIT_DATA, "@/published/two.gz: found more than 12 unpacked bytes; expected 12");
    assert_int_equal(unlink(in("published/two.gz")), 0);
    lay_text("published/two", two);
    e = (error){0};
    assert_int_equal(data_fetch(&published, in("published"), in("nowhere"), &e), EXIT_NO_INPUT);
    assert_error(
        &e, EXIT_NO_INPUT,
        "@/published/two.gz: found no such file; expected it packed, as it is published, whose SHA-256 is known");
    assert_false(there("nowhere"));
}

static void an_archive_is_asked_for_by_its_name(void **state)
{
    error e = {0};
    (void)state;
    assert_int_equal(data_fetch(set_named("cifar10"), in("offer"), in("nowhere"), &e), EXIT_NO_INPUT);
    assert_error(&e, EXIT_NO_INPUT,
                 "@/offer/cifar10/cifar-10-binary.tar.gz: found no such file; expected the archive as it is published, "
                 "whose SHA-256 is known");
    assert_false(there("nowhere"));
}

static void an_archive_in_a_folder(void **state)
{
    char command[512], packed[4096], hash[SHA256_HEX], bytes[64];
    data_set_info whole = {.name = "whole", .folder = "set", .archive = "set.tar.gz"};
    error e = {0};
    (void)state;
    assert_int_equal(mkdir(in("set"), 0700), 0);
    lay_text("set/one", one);
    lay_text("set/two", two);
    snprintf(command, sizeof command, "tar -C '%s' -czf '%s' set", fixture_folder, in("set.tar.gz"));
    assert_int_equal(system(command), 0);
    sha256_bytes(packed, take("set.tar.gz", packed, sizeof packed), hash);
    whole.archive_sha256 = hash;
    whole.files[0].name = "one", whole.files[0].size = (int64_t)strlen(one);
    whole.files[1].name = "two", whole.files[1].size = (int64_t)strlen(two);
    if (data_fetch(&whole, fixture_folder, in("root5"), &e) == EXIT_UNAVAILABLE && strstr(e.text, "built without"))
        skip();
    assert_int_equal(e.code, 0);
    assert_int_equal(take("root5/whole/two", bytes, sizeof bytes), strlen(two));
    assert_true(data_at_hand(&whole, in("root5")));
    whole.files[1].size++;
    assert_int_equal(data_fetch(&whole, fixture_folder, in("root6"), &e), EXIT_DATA);
    assert_error(&e, EXIT_DATA, "@/set.tar.gz: found 12 bytes of set/two; expected 13");
    assert_false(there("root6"));
}

/* Every file of every set can be checked, and every address is one of https. */
static void what_is_fetched_can_be_checked(void **state)
{
    (void)state;
    for (int64_t k = 0; k < data_set_count; k++) {
        const data_set_info *set = &data_sets[k];
        for (int i = 0; i < set_files(set); i++) {
            const char *hash = set->files[i].sha256 ? set->files[i].sha256
                               : set->archive       ? set->archive_sha256
                                                    : set->packed[i];
            assert_int_equal(strspn(hash, "0123456789abcdef"), 64);
            assert_int_equal(strlen(hash), 64);
        }
        for (int i = 0; i < 3 && set->addresses[i]; i++)
            assert_int_equal(strncmp(set->addresses[i], "https://", 8), 0);
        assert_true(!set->archive || set->archive_size > 0);
    }
}

static void the_shipped_digits_are_those_of_the_table(void **state)
{
    error e = {0};
    char command[512];
    const char *tree = getenv("PERDURE_SOURCE_DIR");
    (void)state;
    snprintf(command, sizeof command, "cp '%s/examples/data/digits.csv.gz' '%s/'", tree ? tree : ".", fixture_folder);
    assert_int_equal(system(command), 0);
    if (data_fetch(set_named("digits"), fixture_folder, in("root3"), &e))
        fail_msg("%s", e.text);
    assert_true(there("root3/digits/digits.csv"));
    assert_true(data_at_hand(set_named("digits"), in("root3")));
}

static void sets_have_names(void **state)
{
    (void)state;
    for (int64_t i = 0; i < data_set_count; i++) {
        assert_ptr_equal(set_named(data_sets[i].name), &data_sets[i]);
        assert_true(data_sets[i].summary && data_sets[i].licence &&
                    (data_sets[i].files[0].name || !strcmp(data_sets[i].name, "synthetic")));
    }
    assert_null(set_named("cifar"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_in_their_order),
        cmocka_unit_test(good_files_are_stored),
        cmocka_unit_test(wrong_bytes_store_nothing),
        cmocka_unit_test(a_published_file_is_checked_packed),
        cmocka_unit_test(an_archive_is_asked_for_by_its_name),
        cmocka_unit_test(an_archive_in_a_folder),
        cmocka_unit_test(what_is_fetched_can_be_checked),
        cmocka_unit_test(the_shipped_digits_are_those_of_the_table),
        cmocka_unit_test(sets_have_names),
    };
    return cmocka_run_group_tests(tests, fixture_begin, fixture_end);
}
