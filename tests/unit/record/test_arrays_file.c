/* safetensors files: what was written is what is read, and whatever two readers could understand in two ways is refused in
 * words of its own. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../check.h"
#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "record/arrays_file.h"

static char folder[] = "/tmp/perdure-arrays-XXXXXX", path[64];

static int folder_begin(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/a", folder);
    return 0;
}

static int folder_end(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

/* One of every type, rank 0 and no values among them. */
static void all_kinds(arrays *a)
{
    static const uint8_t bytes[3] = {0, 7, 255}, bools[5] = {1, 0, 1, 1, 0};
    static const uint16_t halves[4] = {0x3c00, 1, 2, 3};
    static const int32_t ints[3] = {-1, 0, INT32_MAX};
    static const int64_t longs[2] = {INT64_MIN, INT64_MAX};
    static const float reals[6] = {1, -2, 3.5F, 0, 1e-30F, 6};
    static const double doubles[1] = {0.1};
    arrays_add_list(a, "u8", ARRAY_U8, 3, bytes);
    arrays_add_list(a, "memory/replay/main/bool", ARRAY_BOOL, 5, bools);
    arrays_add(a, "f16", ARRAY_F16, (const int64_t[]){2, 2}, 2, halves);
    arrays_add_list(a, "bf16", ARRAY_BF16, 4, halves);
    arrays_add_list(a, "i32", ARRAY_I32, 3, ints);
    arrays_add_list(a, "i64", ARRAY_I64, 2, longs);
    arrays_add(a, "hidden.0.weight", ARRAY_F32, (const int64_t[]){2, 1, 3}, 3, reals);
    arrays_add(a, "scalar", ARRAY_F64, NULL, 0, doubles);
    arrays_add(a, "empty", ARRAY_F32, (const int64_t[]){0, 7}, 2, NULL);
    arrays_add_list(a, "n\xc3\xa4me", ARRAY_U8, 0, NULL);
}

static void same(const arrays *a, const arrays *b)
{
    assert_int_equal(a->count, b->count);
    for (int64_t i = 0; i < a->count; i++) {
        const array *x = &a->at[i], *y = arrays_find(b, x->name);
        assert_non_null(y);
        assert_true(x->type == y->type && x->rank == y->rank && x->size == y->size);
        assert_memory_equal(x->shape, y->shape, sizeof x->shape);
        if (x->size)
            assert_memory_equal(x->bytes, y->bytes, x->size);
    }
}

static void arrays_come_back_to_the_bit(void **state)
{
    (void)state;
    error e = {0};
    arrays a = {0}, b = {0}, c = {0};
    char digest[SHA256_HEX], again[SHA256_HEX], *bytes = NULL;
    uint64_t size = 0;
    size_t count = 0;
    json_t *metadata = json_pack("{s:s}", "perdure", "0.1");
    all_kinds(&a);
    assert_int_equal(arrays_write(path, &a, metadata, digest, &size, &e), 0);
    assert_int_equal(file_read(path, 1 << 20, &bytes, &count, &e), 0);
    sha256_bytes(bytes, count, again);
    assert_string_equal(digest, again);
    assert_int_equal(size, count);
    assert_int_equal(arrays_read(path, digest, &b, &e), 0);
    same(&a, &b);
    assert_int_equal(b.at[0].type, ARRAY_I64); /* the widest come first, so that all are aligned */
    assert_int_equal(arrays_read_foreign(path, again, &c, &e), 0);
    same(&a, &c);
    assert_string_equal(digest, again);
    assert_int_equal(arrays_write(path, &a, metadata, digest, &size, &e), EXIT_CREATE); /* it is there already */
    assert_non_null(strstr(e.text, "cannot be created: File exists"));
    assert_int_equal(unlink(path), 0);
    free(bytes);
    json_decref(metadata);
    arrays_free(&a);
    arrays_free(&b);
    arrays_free(&c);
}

static void no_arrays_are_a_file_too(void **state)
{
    (void)state;
    error e = {0};
    arrays none = {0}, b = {0};
    uint64_t size = 0;
    assert_int_equal(arrays_write(path, &none, NULL, NULL, &size, &e), 0);
    assert_int_equal(size, 16);
    assert_int_equal(arrays_read(path, NULL, &b, &e), 0);
    assert_int_equal(b.count, 0);
    arrays_free(&b);
    unlink(path);
}

static void nothing_is_written_that_no_reader_takes(void **state)
{
    (void)state;
    static const uint8_t two[2] = {0, 2};
    static const char *const names[] = {"__metadata__", "a\nb", "../a", "a/../b", "a/..", "..", "\xff"};
    for (size_t i = 0; i <= sizeof names / sizeof *names; i++) {
        error e = {0};
        arrays a = {0};
        char long_name[514];
        memset(long_name, 'n', 513);
        long_name[513] = '\0';
        arrays_add_list(&a, i ? names[i - 1] : long_name, ARRAY_U8, 2, two);
        assert_int_equal(arrays_write(path, &a, NULL, NULL, NULL, &e), EXIT_INTERNAL);
        assert_false(file_exists(path));
        arrays_free(&a);
    }
    error e = {0};
    arrays a = {0};
    arrays_add_list(&a, "b", ARRAY_BOOL, 2, two);
    assert_int_equal(arrays_write(path, &a, NULL, NULL, NULL, &e), EXIT_INTERNAL);
    assert_non_null(strstr(e.text, "/a: b: found byte 2 at 1; expected 0 or 1, as its dtype is BOOL"));
    arrays_free(&a);
}

/* ---- files put together by hand ---- */

static void put(const char *header, size_t length, uint64_t said, size_t data)
{
    text file = {0};
    for (int i = 0; i < 8; i++)
        text_add(&file, (const char[]){(char)(said >> (8 * i) & 0xff)}, 1);
    text_add(&file, header, length);
    for (size_t i = 0; i < data; i++)
        text_add(&file, "\x02", 1);
    error e = {0};
    assert_int_equal(file_write(path, file.at, file.length, &e), 0);
    text_free(&file);
}

/* With spaces up to a multiple of 8. */
static void put_padded(const char *header, size_t data)
{
    char *padded = alloc_format("%s%*s", header, (int)((8 - strlen(header) % 8) % 8), "");
    put(padded, strlen(padded), strlen(padded), data);
    free(padded);
}

static void refused(const char *words, bool foreign_takes_it)
{
    error e = {0}, other = {0};
    arrays a = {0};
    int code = arrays_read(path, NULL, &a, &e);
    if (code != EXIT_DATA || !strstr(e.text, words) || strncmp(e.text, path, strlen(path)))
        fail_msg("found %d: %s; expected 65: ...%s", code, e.text, words);
    assert_true(a.count == 0 && a.at == NULL);
    code = arrays_read_foreign(path, NULL, &a, &other);
    if ((code == 0) != foreign_takes_it)
        fail_msg("%s: as a foreign file: found %d: %s", words, code, other.text);
    arrays_free(&a);
}

#define U8(shape, begin, end) "{\"dtype\":\"U8\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

static void every_bad_header_is_refused_in_its_words(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t data;
        const char *words;
        bool foreign;
    } bad[] = {
        {" {}", 0, "header: found byte 0x20 first; expected {", false},
        {"[]", 0, "header: found byte 0x5b first; expected {", false},
        {"{}\n", 0, "header: found byte 0x0a at its end; expected } and spaces", true},
        {"{\"a\":", 0, "header: found byte 0x3a at its end; expected } and spaces", false},
        {"{\"a\"}", 0, "header: found no JSON at byte 5: ", false},
        {"{\"a\":{},\"a\":{}}", 0, "header: found a key twice: duplicate object key near '\"a\"'", false},
        {"{\"a\":" U8("[1]", "0", "1") ",\"a\":" U8("[1]", "0", "1") "}", 1, "header: found a key twice", false},
        {"{\"a\\u0000b\":" U8("[1]", "0", "1") "}", 1, "header: found no JSON at byte ", false},
        {"{\"a\xff\":" U8("[1]", "0", "1") "}", 1, "header: found no JSON at byte ", false},
        {"{\"a\\u0001b\":" U8("[1]", "0", "1") "}", 1, "a\\x01b: found a control character in the name; expected",
         true},
        {"{\"x/../y\":" U8("[1]", "0", "1") "}", 1, "x/../y: found .. in the name; expected", true},
        {"{\"../y\":" U8("[1]", "0", "1") "}", 1, "../y: found .. in the name; expected", true},
        {"{\"\":" U8("[1]", "0", "1") "}", 1, ": found an empty name; expected", false},
        {"{\"a\":3}", 0, "a: found no object; expected dtype, shape and data_offsets", false},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"x\":1}}", 1,
         "a: found the field x; expected dtype, shape and data_offsets alone", true},
        {"{\"a\":{\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "a: dtype: found none; expected one of U8,", false},
        {"{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
         "a: dtype: found F8_E4M3; expected one of U8, BOOL, F16, BF16, I32, F32, I64, F64", false},
        {"{\"a\":" U8("1", "0", "1") "}", 1, "a: found no shape; expected a list of at most 8 whole numbers", false},
        {"{\"a\":" U8("[1,1,1,1,1,1,1,1,1]", "0", "1") "}", 1, "a: found no shape; expected a list of at most 8",
         false},
        {"{\"a\":" U8("[-1]", "0", "1") "}", 1, "a: found a shape that is no list of whole numbers; expected", false},
        {"{\"a\":" U8("[1.0]", "0", "1") "}", 1, "a: found a shape that is no list of whole numbers; expected", false},
        {"{\"a\":" U8("[9223372036854775808]", "0", "1") "}", 1, "header: found no JSON at byte ", false},
        {"{\"a\":" U8("[4294967296,4294967296]", "0", "0") "}", 0, "a: found a shape of more than 2^48 bytes", false},
        {"{\"a\":" U8("[0,4611686018427387904]", "0", "0") "}", 0, "a: found a shape of more than 2^48 bytes", false},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1, "a: found no data_offsets; expected [begin, end]", false},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1,1]}}", 1, "a: found no data_offsets", false},
        {"{\"a\":" U8("[1]", "1", "0") "}", 1, "a: found no data_offsets; expected [begin, end] in bytes", false},
        {"{\"a\":" U8("[1]", "-1", "0") "}", 1, "a: found no data_offsets; expected [begin, end] in bytes", false},
        {"{\"a\":" U8("[281474976710656]", "0", "281474976710656") "}", 1,
         "a: found its end at byte 281474976710656 of the data; expected at most 1, as the file has", false},
        {"{\"a\":" U8("[2]", "0", "1") "}", 1, "a: found 1 bytes; expected 2, as its shape and dtype say", false},
        {"{\"a\":" U8("[1]", "0", "2") "}", 2, "a: found 2 bytes; expected 1, as its shape and dtype say", false},
        {"{\"a\":" U8("[1]", "1", "2") "}", 2, "a: found a hole before its bytes; expected the end of the tensor",
         false},
        {"{\"a\":" U8("[2]", "0", "2") ",\"b\":" U8("[2]", "1", "3") "}", 3,
         "b: found bytes that are another tensor's, too; expected the end of the tensor before it", false},
        {"{\"a\":" U8("[1]", "0", "1") ",\"b\":" U8("[1]", "2", "3") "}", 3, "b: found a hole before its bytes", false},
        {"{\"b\":" U8("[1]", "1", "2") ",\"a\":" U8("[1]", "0", "1") "}", 2,
         "a: found its bytes in another order than the header's; expected the same", true},
        {"{\"a\":" U8("[1]", "0", "1") "}", 2, ": found 1 bytes behind the last tensor; expected none", false},
        {"{}", 5, ": found 5 bytes behind the last tensor; expected none", false},
        {"{\"a\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[0,3]}}", 3,
         "a: found byte 2 at 0; expected 0 or 1, as its dtype is BOOL", false},
        {"{\"__metadata__\":3}", 0, "__metadata__: found no object; expected one of texts", false},
        {"{\"__metadata__\":{\"a\":1}}", 0, "__metadata__: found a value that is no text; expected texts alone", false},
        {"{\"__metadata__\":{\"a\":\"b\\nc\"}}", 0, "__metadata__: found a control character or an odd key", true},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put_padded(bad[i].header, bad[i].data);
        refused(bad[i].words, bad[i].foreign);
    }
    unlink(path);
}

static void every_bad_length_is_refused(void **state)
{
    (void)state;
    error e = {0};
    assert_int_equal(file_write(path, "1234567", 7, &e), 0);
    refused(": found 7 bytes; expected at least 8, and a header", false);
    put("{}", 2, 2, 0);
    refused("header: found a length of 2 bytes; expected a multiple of 8", true);
    put("{}      ", 8, 16, 0);
    refused("header: found a length of 16 bytes; expected at most 8, as the file has", false);
    put("{}      ", 8, UINT64_MAX, 0);
    refused("header: found a length of 18446744073709551615 bytes; expected at most 16777216", false);
    put("{}      ", 8, (16 << 20) + 8, 0);
    refused("header: found a length of 16777224 bytes; expected at most 16777216", false);
    put("", 0, 0, 0);
    refused("header: found byte 0x00 first; expected {", false);
    unlink(path);
}

static void too_many_are_refused_before_they_are_read(void **state)
{
    (void)state;
    text header = {0};
    for (int i = 0; i <= 65536; i++)
        text_addf(&header, "%s\"t%d\":" U8("[0]", "0", "0"), i ? "," : "{", i);
    text_addf(&header, "}");
    put_padded(header.at, 0);
    refused(": found 65537 tensors; expected at most 65536", false);
    text_free(&header);
    text_addf(&header, "{\"a\":[0");
    for (int i = 0; i < 2 << 20; i++)
        text_add(&header, ",0", 2);
    text_addf(&header, "]}");
    put_padded(header.at, 0);
    refused("header: found more than 2097152 values; expected fewer", false);
    text_free(&header);
    char name[600];
    memset(name, 'n', 513);
    name[513] = '\0';
    text_addf(&header, "{\"%s\":" U8("[0]", "0", "0") "}", name);
    put_padded(header.at, 0);
    refused(": found a name of more than 512 bytes; expected", false);
    text_free(&header);
    unlink(path);
}

/* The most that a list may have is read in no time, whatever the order of its names. */
static void many_arrays_come_back(void **state)
{
    (void)state;
    error e = {0};
    text header = {0};
    arrays a = {0};
    for (int i = 0; i < 65536; i++)
        text_addf(&header, "%s\"t%d\":" U8("[0]", "0", "0"), i ? "," : "{", i);
    text_addf(&header, "}");
    put_padded(header.at, 0);
    assert_int_equal(arrays_read(path, NULL, &a, &e), 0);
    assert_int_equal(a.count, 65536);
    assert_string_equal(a.at[65535].name, "t65535");
    arrays_free(&a);
    text_free(&header);
    unlink(path);
}

static void another_sha256_is_refused(void **state)
{
    (void)state;
    error e = {0};
    arrays a = {0};
    put_padded("{\"a\":" U8("[1]", "0", "1") "}", 1);
    assert_int_equal(arrays_read(path, "no digest", &a, &e), EXIT_DATA);
    assert_non_null(strstr(e.text, "; expected no digest"));
    assert_non_null(strstr(e.text, "/a: found SHA-256 "));
    assert_int_equal(a.count, 0);
    unlink(path);
}

static void what_is_no_file_is_66(void **state)
{
    (void)state;
    arrays a = {0};
    char link_path[80];
    snprintf(link_path, sizeof link_path, "%s/link", folder);
    put_padded("{}", 0);
    assert_int_equal(symlink("a", link_path), 0);
    error e[4] = {{0}};
    assert_int_equal(arrays_read(link_path, NULL, &a, &e[0]), EXIT_NO_INPUT);
    assert_non_null(strstr(e[0].text, "/link: found a link; expected a regular file"));
    assert_int_equal(arrays_read_foreign(link_path, NULL, &a, &e[1]), 0);
    assert_int_equal(arrays_write(link_path, &a, NULL, NULL, NULL, &e[1]), EXIT_CREATE);
    unlink(path);
    arrays_free(&a);
    assert_int_equal(arrays_write(link_path, &a, NULL, NULL, NULL, NULL), EXIT_CREATE); /* nor through a dangling one */
    assert_false(file_exists(path));
    assert_int_equal(arrays_read(path, NULL, &a, &e[2]), EXIT_NO_INPUT);
    assert_int_equal(arrays_read(folder, NULL, &a, &e[3]), EXIT_NO_INPUT);
    assert_non_null(strstr(e[3].text, "found a folder; expected a regular file"));
    unlink(link_path);
    assert_int_equal(mkfifo(link_path, 0600), 0); /* nobody writes: opening it must not wait */
    assert_int_equal(arrays_read(link_path, NULL, &a, NULL), EXIT_NO_INPUT);
    unlink(link_path);
}

/* A file that may not grow further: EFBIG in the middle of a write, as ENOSPC would be. */
static void what_fails_half_way_leaves_no_file(void **state)
{
    (void)state;
    arrays a = {0};
    error e = {0};
    static float values[1 << 20];
    struct rlimit was, is = {100000, RLIM_INFINITY};
    arrays_add_list(&a, "x", ARRAY_F32, 1 << 20, values);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    is.rlim_max = was.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &is), 0);
    int code = arrays_write(path, &a, NULL, NULL, NULL, &e);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_int_equal(code, EXIT_IO);
    assert_non_null(strstr(e.text, "/a: cannot be written: File too large"));
    assert_int_equal(access(path, F_OK), -1);
    arrays_free(&a);
}

/* For read_checkpoint.py: name, shape and SHA-256 of each. */
static int told_to_python(const char *file)
{
    error e = {0};
    arrays a = {0};
    if (arrays_read_foreign(file, NULL, &a, &e))
        return error_print(&e);
    for (int64_t i = 0; i < a.count; i++) {
        char digest[SHA256_HEX];
        printf("%s %s", a.at[i].name, a.at[i].rank ? "" : "-");
        for (int32_t j = 0; j < a.at[i].rank; j++)
            printf("%s%lld", j ? "x" : "", (long long)a.at[i].shape[j]);
        sha256_bytes(a.at[i].bytes, a.at[i].size, digest);
        printf(" %s\n", digest);
    }
    arrays_free(&a);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "--read"))
        return told_to_python(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_come_back_to_the_bit),
        cmocka_unit_test(no_arrays_are_a_file_too),
        cmocka_unit_test(nothing_is_written_that_no_reader_takes),
        cmocka_unit_test(every_bad_header_is_refused_in_its_words),
        cmocka_unit_test(every_bad_length_is_refused),
        cmocka_unit_test(too_many_are_refused_before_they_are_read),
        cmocka_unit_test(many_arrays_come_back),
        cmocka_unit_test(another_sha256_is_refused),
        cmocka_unit_test(what_is_no_file_is_66),
        cmocka_unit_test(what_fails_half_way_leaves_no_file),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
