/* A manifest's own SHA-256: any byte of it that is changed is found. */
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "record/seal.h"

static text words_of(void)
{
    text words = {0};
    json_t *object = json_pack("{s:s, s:[i, i], s:{s:f}}", "schema", "x/1", "list", 1, 2, "deeper", "number", 0.1);
    seal_text(object, &words);
    json_decref(object);
    return words;
}

static void it_is_whole(void **state)
{
    (void)state;
    text words = words_of();
    error e = {0};
    assert_int_equal(seal_check("m", words.at, words.length, &e), 0);
    json_t *read = json_loadb(words.at, words.length, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(read);
    assert_int_equal(json_object_size(read), 4);
    assert_int_equal(json_string_length(json_object_get(read, "manifest_sha256")), 64);
    json_decref(read);
    text_free(&words);
}

static void every_byte_counts(void **state)
{
    (void)state;
    text words = words_of();
    for (size_t i = 0; i < words.length; i++) {
        error e = {0};
        words.at[i] = (char)(words.at[i] ^ 1);
        assert_int_equal(seal_check("m", words.at, words.length, &e), EXIT_DATA);
        assert_memory_equal(e.text, "m: found ", strlen("m: found "));
        words.at[i] = (char)(words.at[i] ^ 1);
    }
    for (size_t length = 0; length < words.length; length++)
        assert_int_equal(seal_check("m", words.at, length, NULL), EXIT_DATA);
    text_free(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_whole),
        cmocka_unit_test(every_byte_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
