/* Trees side by side: which values are told, by which paths, and in which order. */
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "base/text.h"
#include "record/differ.h"

static json_t *tree(const char *words)
{
    char quoted[512];
    assert_true(strlen(words) < sizeof quoted);
    strcpy(quoted, words);
    for (char *c = quoted; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    json_t *read = json_loads(quoted, JSON_DECODE_ANY, NULL);
    assert_non_null(read);
    return read;
}

static void note(void *user, const char *path, const json_t *const *values, size_t count)
{
    text *out = user;
    text_addf(out, "%s:", path);
    for (size_t i = 0; i < count; i++) {
        char *words = differ_words(values[i], 20);
        text_addf(out, "%s %s", i ? " |" : "", words);
        free(words);
    }
    text_addf(out, "\n");
}

static void told_is(const char *const *words, size_t count, const char *expected)
{
    json_t *trees[4];
    text out = {0};
    for (size_t i = 0; i < count; i++)
        trees[i] = words[i] ? tree(words[i]) : NULL;
    differ_walk((const json_t *const *)trees, count, note, &out);
    assert_string_equal(out.at ? out.at : "", expected);
    for (size_t i = 0; i < count; i++)
        json_decref(trees[i]);
    text_free(&out);
}
#define TOLD(expected, ...)                                       \
    do {                                                          \
        const char *const words[] = {__VA_ARGS__};                \
        told_is(words, sizeof words / sizeof *words, (expected)); \
    } while (0)

static void alike_nothing_is_told(void **state)
{
    (void)state;
    TOLD("", "{'a': 1, 'b': [1, {'c': null}]}", "{'b': [1, {'c': null}], 'a': 1}");
    TOLD("", "{'a': 1}", "{'a': 1}", "{'a': 1}");
    TOLD("", "{'a': 1}");
    TOLD("", NULL, NULL);
}

static void of_two_trees(void **state)
{
    (void)state;
    TOLD("o.lr: 0.1 | 0.25\no.new: nothing | sgd\nold: 1 | nothing\n", "{'old': 1, 'o': {'lr': 0.1, 'same': 2}}",
         "{'o': {'lr': 0.25, 'same': 2, 'new': 'sgd'}}");
    TOLD("a: {\"b\": 1} | [1]\n", "{'a': {'b': 1}}", "{'a': [1]}");
    TOLD("a: null | nothing\n", "{'a': null}", "{}");
    TOLD("a: true | 1\n", "{'a': true}", "{'a': 1}");
}

/* A list of numbers is one value; of objects each entry is looked into. */
static void of_lists(void **state)
{
    (void)state;
    TOLD("hidden: [400, 400] | [4]\n", "{'hidden': [400, 400]}", "{'hidden': [4]}");
    TOLD("m[0].n: a | b\nm[1]: nothing | {\"n\": \"c\"}\n", "{'m': [{'n': 'a'}]}", "{'m': [{'n': 'b'}, {'n': 'c'}]}");
    TOLD("m[0]: {\"n\": \"a\"} | nothing\n", "{'m': [{'n': 'a'}]}", "{'m': []}");
}

static void of_three_trees(void **state)
{
    (void)state;
    TOLD("c: nothing | nothing | 3\na: 1 | 1 | 2\nb: nothing | 5 | nothing\n", "{'a': 1}", "{'a': 1, 'b': 5}",
         "{'c': 3, 'a': 2}");
    TOLD("a.b: 1 | 1 | 2\n", "{'a': {'b': 1}}", "{'a': {'b': 1}}", "{'a': {'b': 2}}");
    TOLD("a: {\"b\": 1} | nothing | {\"b\": 1}\n", "{'a': {'b': 1}}", "{}", "{'a': {'b': 1}}");
}

static void values_are_as_a_file_has_them(void **state)
{
    (void)state;
    json_t *read = differ_as_written(json_pack("{s:f}", "lr", 1.0));
    assert_true(json_is_real(json_object_get(read, "lr")));
    json_decref(read);
    json_t *longer = json_string("abcdefghijklmnopqrstuvwxyz");
    char *words = differ_words(longer, 5);
    assert_string_equal(words, "abcde...");
    free(words);
    json_decref(longer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alike_nothing_is_told),
        cmocka_unit_test(of_two_trees),
        cmocka_unit_test(of_lists),
        cmocka_unit_test(of_three_trees),
        cmocka_unit_test(values_are_as_a_file_has_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
