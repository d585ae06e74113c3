/* Bytes of messages as the encoding's own documentation writes them (protobuf.dev/programming-guides/encoding), and by hand. */
#include <string.h>

#include "../check.h"
#include "record/protobuf.h"

#define BYTES(words) words, sizeof(words) - 1

static void is(text *m, const char *bytes, size_t count)
{
    assert_int_equal(m->length, count);
    assert_memory_equal(m->at, bytes, count);
    text_free(m);
}

static void the_documentation(void **state)
{
    (void)state;
    text m = {0}, inner = {0};
    proto_integer(&m, 1, 150);
    is(&m, BYTES("\x08\x96\x01"));
    proto_text(&m, 2, "testing");
    is(&m, BYTES("\x12\x07testing"));
    proto_integer(&inner, 1, 150);
    proto_message(&m, 3, &inner);
    assert_int_equal(inner.length, 0);
    is(&m, BYTES("\x1a\x03\x08\x96\x01"));
}

static void numbers_at_their_edges(void **state)
{
    (void)state;
    text m = {0}, empty = {0};
    proto_integer(&m, 1, 0);
    is(&m, BYTES("\x08\x00"));
    proto_integer(&m, 1, 127);
    is(&m, BYTES("\x08\x7f"));
    proto_integer(&m, 16, 128); /* a field above 15 takes two bytes */
    is(&m, BYTES("\x80\x01\x80\x01"));
    proto_integer(&m, 1, UINT64_MAX); /* -1 of an int64 */
    is(&m, BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
    proto_double(&m, 1, 1.5);
    is(&m, BYTES("\x09\x00\x00\x00\x00\x00\x00\xf8\x3f"));
    proto_bytes(&m, 4, "\0\xff", 2);
    is(&m, BYTES("\x22\x02\x00\xff"));
    proto_message(&m, 2, &empty);
    is(&m, BYTES("\x12\x00"));
}

static void text_is_utf_8_whatever_it_was(void **state)
{
    (void)state;
    text m = {0};
    char long_words[301];
    proto_text(&m, 1, "\xc3\xa9\xff\n");
    is(&m, BYTES("\x0a\x0a\xc3\xa9\\xFF\\x0A"));
    memset(long_words, 'a', 300);
    long_words[300] = '\0';
    proto_text(&m, 1, long_words);
    assert_int_equal(m.length, 3 + 203); /* two bytes of length, 200 letters and "..." */
    assert_memory_equal(m.at + m.length - 4, "a...", 4);
    text_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_documentation), cmocka_unit_test(numbers_at_their_edges),
                                       cmocka_unit_test(text_is_utf_8_whatever_it_was)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
