/* Words and numbers on the page: nothing that comes from a file may end up as markup. */
#include <math.h>
#include <stdlib.h>

#include "../check.h"
#include "report/html_text.h"

static void expect_words(const char *words, const char *wanted)
{
    text out = {0};
    html_add("|", &out);
    html_add(words, &out);
    assert_string_equal(out.at + 1, wanted);
    text_free(&out);
}

static void markup_is_words(void **state)
{
    (void)state;
    expect_words("<script>alert('1' && \"2\")</script>",
                 "&lt;script&gt;alert(&#39;1&#39; &amp;&amp; &quot;2&quot;)&lt;/script&gt;");
    expect_words("&lt;", "&amp;lt;");
    expect_words("", "");
    expect_words(NULL, "");
    expect_words("plain", "plain");
    expect_words("\u6f22 \u00fc \U0001F600", "\u6f22 \u00fc \U0001F600");
    expect_words("two\nlines\tand a tab", "two\nlines\tand a tab");
}

static void what_is_no_character_is_marked(void **state)
{
    (void)state;
    expect_words("a\001b\033c\r\177", "a\uFFFDb\uFFFDc\uFFFD\uFFFD");
    expect_words("\xff\xc3", "\uFFFD\uFFFD");
    expect_words("\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD");           /* a surrogate */
    expect_words("\xef\xbf\xbf\xef\xbf\xbe", "\uFFFD\uFFFD");     /* U+FFFF, U+FFFE */
    expect_words("\xef\xb7\x90\xf0\x9f\xbf\xbf", "\uFFFD\uFFFD"); /* U+FDD0, U+1FFFF */
    expect_words("a\xe2\x80\xae"
                 "b\xe2\x81\xa6"
                 "c",
                 "a\uFFFDb\uFFFDc"); /* turns the direction of writing */
    expect_words("\xe2\x80\x9c\xef\xbf\xbd", "\u201c\uFFFD");
}

static void expect_short(const char *words, size_t most, const char *wanted)
{
    text out = {0};
    html_short(words, most, &out);
    assert_string_equal(out.at, wanted);
    text_free(&out);
}

static void labels_are_cut_between_characters(void **state)
{
    (void)state;
    expect_short("replay", 6, "replay");
    expect_short("replays", 6, "re\u2026ays");
    expect_short("\u00fc\u00fc\u00fc\u00fc", 4, "\u00fc\u00fc\u00fc\u00fc");
    expect_short("\u00fc\u00fc\u00fc\u00fc", 3, "\u00fc\u2026\u00fc");
    expect_short("<<<<", 3, "&lt;\u2026&lt;");
    expect_short("ewc@lambda=1000", 9, "ewc@1000"); /* the keys are the same in all variants of a method */
    expect_short("replay@capacity=200,lr=0.01", 15, "replay@200,0.01");
    expect_short("replay@capacity=200,lr=0.005", 15,
                 "repl\u2026@200,0.005"); /* values stay whole while there is room */
    expect_short("replay@capacity=200,policy=class-balanced", 9, "@200,cla\u2026"); /* else their beginnings */
    expect_short("replay@capacity=200,policy=ring", 9, "@200,ring");
    expect_short("replay@capacity=1,lr=2", 30, "replay@capacity=1,lr=2");
    expect_short("a@,=,b=", 5, "a@,,");
    assert_int_equal(html_characters("\u00fc<\xff"), 3);
}

static void expect_name(const char *name, const char *wanted)
{
    text out = {0};
    html_name(name, &out);
    assert_string_equal(out.at, wanted);
    text_free(&out);
}

static void names_break_where_their_parts_join(void **state)
{
    (void)state;
    expect_name("ewc", "ewc");
    expect_name("replay@capacity=200,lr=0.01", "replay@<wbr>capacity=200,<wbr>lr=0.01");
    expect_name("end_", "end_");
    expect_name("a<b&c", "a&lt;b&amp;c");
    expect_name("0123456789abcdefghi", "0123456789abcdef<wbr>ghi");
    expect_name("0123456789abcdef", "0123456789abcdef");
}

static void expect_number(double value, int digits, const char *wanted)
{
    text out = {0};
    html_number(value, digits, &out);
    assert_string_equal(out.at, wanted);
    text_free(&out);
}

static void numbers(void **state)
{
    (void)state;
    expect_number(0.88849, 4, "0.8885");
    expect_number(-0.5, 2, "\u22120.50");
    expect_number(-0.00001, 3, "0.000"); /* no minus in front of nothing */
    expect_number(NAN, 3, "\u2013");
    expect_number(INFINITY, 3, "\u2013");
    expect_number(-3e12, 2, "\u22123e+12");
    expect_number(1000, 0, "1000");
}

static void spreads(void **state)
{
    (void)state;
    text out = {0};
    html_spread(0.5, 0.01, 3, &out);
    text_addf(&out, "|");
    html_spread(0.5, NAN, 3, &out);
    text_addf(&out, "|");
    html_spread(NAN, 0.1, 3, &out);
    assert_string_equal(out.at, "0.500\u00a0\u00b1\u00a00.010|0.500|\u2013");
    text_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(markup_is_words),
                                       cmocka_unit_test(what_is_no_character_is_marked),
                                       cmocka_unit_test(labels_are_cut_between_characters),
                                       cmocka_unit_test(names_break_where_their_parts_join),
                                       cmocka_unit_test(numbers),
                                       cmocka_unit_test(spreads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
