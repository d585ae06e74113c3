/* The tables themselves, numbers in any locale, and `describe`, which must be a scenario that it describes. */
#include <locale.h>
#include <math.h>

#include "base/alloc.h"
#include "fixture.h"
#include "scenario/row.h"

static size_t keys_of(const struct row *rows)
{
    size_t count = row_count(rows);
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        assert_non_null(row->key);
        assert_non_null(row->help);
        assert_null(strchr(row->help, '\n'));
        assert_true(row->min <= row->max);
        assert_true((row->type == ROW_CHOICE || row->type == ROW_CHOICES) == (row->choices != NULL));
        assert_true((row->type == ROW_SPECIAL) == (row->special != NULL));
        assert_false(row->optional && row->fallback != NULL);
        for (size_t j = 0; j < i; j++) {
            assert_true(strcmp(row->key, rows[j].key) != 0 || (row->only & rows[j].only) == 0);
        }
        if (row->type == ROW_SPECIAL) { /* its schema is JSON */
            json_t *schema = json_loads(row->special->schema, JSON_REJECT_DUPLICATES, NULL);
            assert_non_null(schema);
            json_decref(schema);
        }
        if (row->rules != NULL) {
            json_t *rules = json_loads(row->rules, JSON_REJECT_DUPLICATES, NULL);
            assert_true((row->type == ROW_SECTION || row->type == ROW_ENTRIES) && json_is_object(rules));
            json_decref(rules);
        }
        if (row->rows != NULL) {
            assert_true(keys_of(row->rows) < 64); /* FILL_KEYS */
        }
    }
    return count;
}

static void tables_are_sound(void **state)
{
    (void)state;
    assert_int_equal(keys_of(scenario_rows), 14);
    keys_of(network_rows);
    assert_int_equal(keys_of(own_network_rows), keys_of(network_rows) + 1);
    keys_of(optimizer_rows);
    keys_of(memory_rows);
}

static void every_default_passes_its_own_check(void **state)
{
    (void)state;
    struct reading r = read_good(SMALL);
    reading_free(&r);
}

static void whole_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {
        {"0", 0}, {"7", 7}, {"-3", -3}, {"9223372036854775807", INT64_MAX}, {"-9223372036854775808", INT64_MIN}};
    static const char *const bad[] = {"",
                                      "-",
                                      "+5",
                                      "010",
                                      "00",
                                      "0x10",
                                      "0o7",
                                      "1_000",
                                      "1e3",
                                      "5.0",
                                      "1:30",
                                      " 1",
                                      "1 ",
                                      "9223372036854775808",
                                      "-9223372036854775809"};
    int64_t value = 0;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(number_int(good[i].text, &value));
        assert_true(value == good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(number_int(bad[i], &value));
    }
}

static void reals(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {{"0", 0}, {"0.5", 0.5}, {"-2.5e-3", -2.5e-3}, {"1e9", 1e9}, {"1.0E+9", 1e9}, {"1e-400", 0}};
    static const char *const bad[] = {"",   ".inf", "-.inf", ".nan", "nan", "inf", "1e999", "0x1p3", "1,5",
                                      ".5", "1.",   "+1",    "01.5", "1e",  "1e+", "1_0.0", "1.5x",  "--1"};
    double value = 0;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(number_real(good[i].text, &value));
        assert_true(value == good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(number_real(bad[i], &value));
    }
    assert_true(number_real("-0.0", &value));
    assert_false(signbit(value));
}

static void a_comma_in_the_locale_changes_nothing(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "fr_FR.utf8"};
    const char *set = NULL;
    for (size_t i = 0; i < 4 && set == NULL; i++) {
        set = setlocale(LC_ALL, names[i]);
    }
    double value = 0;
    assert_true(number_real("0.25", &value)); /* true in any case; with such a locale it proves something */
    assert_true(value == 0.25);
    assert_false(number_real("0,25", &value));
    setlocale(LC_ALL, "C");
    if (set == NULL) {
        print_message("no locale with a decimal comma is installed\n");
    }
}

static void names(void **state)
{
    (void)state;
    assert_true(value_named("replay+lwf_2.0-x", "._+-"));
    assert_false(value_named("", "._-"));
    assert_false(value_named("..", "._-"));
    assert_false(value_named("-rf", "._-"));
    assert_false(value_named("a/b", "._-"));
    assert_false(value_named("a\xc3\xa9", "._-"));
}

static void describe_prints_a_scenario_of_defaults(void **state)
{
    (void)state;
    text words = {0};
    scenario_describe(&words);
    struct reading said = read_good(words.at);
    struct reading unsaid = read_good(SMALL);
    assert_true(said.s->optimizer.common.lr == unsaid.s->optimizer.common.lr);
    assert_memory_equal(&said.s->optimizer, &unsaid.s->optimizer, sizeof said.s->optimizer);
    assert_memory_equal(&said.s->training, &unsaid.s->training, sizeof said.s->training);
    assert_memory_equal(&said.s->stream, &unsaid.s->stream, sizeof said.s->stream);
    assert_memory_equal(&said.s->device, &unsaid.s->device, sizeof said.s->device);
    assert_int_equal(said.s->evaluation.metrics.count, METRIC_ACC_ANYTIME);
    assert_int_equal(said.s->evaluation.error, unsaid.s->evaluation.error);
    assert_int_equal(said.s->network.hidden.count, unsaid.s->network.hidden.count);
    reading_free(&said);
    reading_free(&unsaid);
    /* Every key of every table is in it. */
    const struct row *const tables[] = {scenario_rows, own_network_rows, optimizer_rows};
    for (size_t t = 0; t < 3; t++) {
        for (size_t i = 0; i < row_count(tables[t]); i++) {
            char *key = alloc_format("%s:", tables[t][i].key);
            assert_non_null(strstr(words.at, key));
            free(key);
        }
    }
    text_free(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_sound),
        cmocka_unit_test(every_default_passes_its_own_check),
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(reals),
        cmocka_unit_test(a_comma_in_the_locale_changes_nothing),
        cmocka_unit_test(names),
        cmocka_unit_test(describe_prints_a_scenario_of_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
