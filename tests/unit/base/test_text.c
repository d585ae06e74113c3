/* Texts, arenas, errors and hashes: the small parts of the base room. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/sha256.h"
#include "base/text.h"

static void text_grows_and_ends_in_nul(void **state)
{
    (void)state;
    text t = {0};
    for (int i = 0; i < 1000; i++) {
        text_addf(&t, "%d,", i);
    }
    text_add(&t, "end", 3);
    assert_int_equal(t.length, strlen(t.at));
    assert_string_equal(t.at + t.length - 7, "999,end");
    text_free(&t);
    assert_null(t.at);
    text_add(&t, "", 0);
    assert_string_equal(t.at, "");
    text_free(&t);
}

static void quoted_escapes_what_a_terminal_would_obey(void **state)
{
    (void)state;
    assert_string_equal(text_quoted("plain"), "plain");
    assert_string_equal(text_quoted("a\x1b[31m\n"), "a\\x1B[31m\\x0A");
    assert_string_equal(text_quoted("caf\xc3\xa9"), "caf\xc3\xa9");
    assert_string_equal(text_quoted("caf\xe9!"), "caf\\xE9!");
    assert_string_equal(text_quoted("\xc0\xaf"), "\\xC0\\xAF");          /* overlong */
    assert_string_equal(text_quoted("\xed\xa0\x80"), "\\xED\\xA0\\x80"); /* a surrogate */
    assert_string_equal(text_quoted("\xf5\x80\x80\x80"), "\\xF5\\x80\\x80\\x80");
    assert_string_equal(text_quoted(NULL), "");
    const char *a = text_quoted("a");
    const char *b = text_quoted("b");
    assert_string_equal(a, "a"); /* the buffers take turns */
    assert_string_equal(b, "b");
}

static void quoted_cuts_after_sixty_characters(void **state)
{
    (void)state;
    char word[128];
    memset(word, 'x', sizeof word);
    word[60] = '\0';
    assert_string_equal(text_quoted(word), word);
    word[60] = 'x';
    word[61] = '\0';
    const char *shown = text_quoted(word);
    assert_int_equal(strlen(shown), 63);
    assert_string_equal(shown + 60, "...");
}

static void tamed_is_as_long_as_asked_for(void **state)
{
    (void)state;
    char *a = text_tamed("caf\xc3\xa9\n and more", 9);
    char *b = text_tamed("", 0);
    assert_string_equal(a, "caf\xc3\xa9\\x0A ...");
    assert_string_equal(b, "");
    free(a);
    free(b);
}

static void plain_is_what_a_terminal_prints(void **state)
{
    (void)state;
    assert_true(text_plain(""));
    assert_true(text_plain("one line, caf\xc3\xa9"));
    assert_false(text_plain("two\nlines"));
    assert_false(text_plain("\x1b[31m"));
    assert_false(text_plain("caf\xe9"));
}

static void nearest_finds_slips_and_nothing_else(void **state)
{
    (void)state;
    static const char *const keys[] = {"lr", "momentum", "weight_decay", "epochs", "batch"};
    assert_string_equal(text_nearest("momentun", keys, 5), "momentum");
    assert_string_equal(text_nearest("epocsh", keys, 5), "epochs");
    assert_string_equal(text_nearest("bach", keys, 5), "batch");
    assert_string_equal(text_nearest("lrr", keys, 5), "lr");
    assert_null(text_nearest("capacity", keys, 5));
    assert_null(text_nearest("x", keys, 5)); /* less than the word's length */
    assert_null(text_nearest("", keys, 5));
    assert_null(text_nearest("lwf", (const char *[]){"ewc"}, 1)); /* two slips are another word of three letters */
    assert_null(text_nearest("agem", (const char *[]){"gem.v"}, 1));
    assert_string_equal(text_nearest("optimzr", (const char *[]){"optimizer"}, 1), "optimizer");
    assert_null(text_nearest("momentum", keys, 0));
}

static void arena_takes_aligned_zeroed_memory(void **state)
{
    (void)state;
    arena *a = arena_open();
    for (size_t size = 1; size < 3000; size += 7) {
        unsigned char *p = arena_take(a, size, 3);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size * 3; i++) {
            assert_int_equal(p[i], 0);
        }
        memset(p, 0xff, size * 3);
    }
    assert_string_equal(arena_format(a, "%s-%d", "x", 7), "x-7");
    assert_string_equal(arena_text(a, "abcdef", 3), "abc");
    arena_take(a, 0, 0);
    arena_take(a, 1, 1 << 20);
    arena_close(a);
    arena_close(NULL);
}

static void first_error_stays(void **state)
{
    (void)state;
    error e = {0};
    assert_int_equal(error_hint(&e, "no error yet"), 0);
    assert_int_equal(error_set(&e, EXIT_DATA, "%s: found %d", "a", 1), EXIT_DATA);
    assert_int_equal(error_set(&e, EXIT_IO, "later"), EXIT_DATA);
    errno = ENOENT;
    assert_int_equal(error_system(&e, EXIT_IO, "later"), EXIT_DATA);
    assert_string_equal(e.text, "a: found 1");
    assert_int_equal(error_hint(&e, "look"), EXIT_DATA);
    assert_string_equal(e.hint, "look");
    assert_int_equal(error_set(NULL, EXIT_IO, "nobody listens"), EXIT_IO);
    error s = {0};
    errno = ENOENT;
    error_system(&s, EXIT_NO_INPUT, "x");
    assert_string_equal(s.text, "x: No such file or directory");
    error full = {0};
    char *words = alloc_zero(5000, 1);
    memset(words, 'w', 4999);
    error_set(&full, EXIT_DATA, "%s", words);
    assert_int_equal(strlen(full.text), sizeof full.text - 1);
    error longer = {0};
    error_system(&longer, EXIT_DATA, "%s", words);
    assert_int_equal(strlen(longer.text), sizeof longer.text - 1);
    free(words);
}

static void sha256_gives_the_published_digests(void **state)
{
    (void)state;
    char hex[SHA256_HEX]; /* FIPS 180-4 examples */
    sha256_bytes("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_bytes("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256 *s = sha256_begin();
    for (int i = 0; i < 1000000; i++) {
        sha256_add(s, "a", 1);
    }
    sha256_end(s, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_grows_and_ends_in_nul),
        cmocka_unit_test(quoted_escapes_what_a_terminal_would_obey),
        cmocka_unit_test(quoted_cuts_after_sixty_characters),
        cmocka_unit_test(tamed_is_as_long_as_asked_for),
        cmocka_unit_test(plain_is_what_a_terminal_prints),
        cmocka_unit_test(nearest_finds_slips_and_nothing_else),
        cmocka_unit_test(arena_takes_aligned_zeroed_memory),
        cmocka_unit_test(first_error_stays),
        cmocka_unit_test(sha256_gives_the_published_digests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
