/* NumPy's files: every type, format and shape that is taken, packed or not, and every way in which one can be wrong. The
 * bytes are laid here as NumPy 2 writes them: magic, format, length, the dict, spaces and a line's end to 64 bytes. */
#include "fixture.h"

#include "data/npy.h"

static uint8_t room[1 << 16];

/* The header into `room`; how long it is. */
static size_t header(int major, const char *dict)
{
    size_t first = major == 1 ? 10 : 12, whole = (first + strlen(dict) + 1 + 63) / 64 * 64, length = whole - first;
    memcpy(room, "\x93NUMPY", 6);
    room[6] = (uint8_t)major;
    room[7] = 0;
    for (size_t i = 8; i < first; i++)
        room[i] = (uint8_t)(length >> 8 * (i - 8));
    memset(room + first, ' ', length);
    memcpy(room + first, dict, strlen(dict));
    room[whole - 1] = '\n';
    return whole;
}

static const char *dict(const char *type, const char *shape)
{
    static char words[2][256];
    static int turn;
    turn = !turn;
    snprintf(words[turn], sizeof *words, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", type, shape);
    return words[turn];
}

static void lay_npy(const char *name, const char *words, const void *values, size_t bytes)
{
    size_t n = header(1, words);
    memcpy(room + n, values, bytes);
    lay(name, room, n + bytes);
}

/* ---- values ---- */

#define TAKEN(type, c_type, ...)                                                     \
    do {                                                                             \
        const c_type values[] = {__VA_ARGS__};                                       \
        lay_npy("v", dict(type, "(2, 3)"), values, sizeof values);                   \
        assert_int_equal(npy_read_rows(in("v"), &a, &e), 0);                         \
        assert_true(a.rank == 2 && a.size[0] == 2 && a.size[1] == 3 && a.item == 3); \
        for (int i = 0; i < 6; i++)                                                  \
            assert_true(a.reals[i] == (float)values[i]);                             \
        idx_close(&a);                                                               \
    } while (0)

static void every_type(void **state)
{
    idx a;
    error e = {0};
    (void)state;
    TAKEN("|i1", int8_t, -128, -1, 0, 1, 5, 127);
    TAKEN("<u2", uint16_t, 0, 1, 2, 300, 65534, 65535);
    TAKEN("<i2", int16_t, -32768, -1, 0, 1, 300, 32767);
    TAKEN("<u4", uint32_t, 0, 1, 2, 300, 70000, 4294967295u);
    TAKEN("<i4", int32_t, -2147483647, -1, 0, 1, 300, 70000);
    TAKEN("<u8", uint64_t, 0, 1, 2, 300, 70000, 1ull << 63);
    TAKEN("<i8", int64_t, -70000, -1, 0, 1, 300, 1ll << 40);
    TAKEN("<f4", float, -1.5f, 0.0f, 0.1f, 1e-30f, 3e38f, 7.0f);
    TAKEN("<f8", double, -1.5, 0.0, 0.1, 1e-30, 3e38, 7.0);
    lay_npy("v", dict("|u1", "(2, 3)"), "\0\1\2\xff\x80\x07", 6);
    assert_int_equal(npy_read_rows(in("v"), &a, &e), 0);
    assert_null(a.reals);
    assert_memory_equal(a.bytes, "\0\1\2\xff\x80\x07", 6); /* bytes stay bytes */
    idx_close(&a);
}

/* More values than a chunk holds, to the last one. */
static void many_values_and_packed_ones(void **state)
{
    enum { ROWS = 1000, WIDTH = 33 };
    double *values = alloc_zero(ROWS * WIDTH, sizeof *values);
    idx a, b;
    error e = {0};
    (void)state;
    for (int i = 0; i < ROWS * WIDTH; i++)
        values[i] = i * 0.25 - 7;
    size_t n = header(1, dict("<f8", "(1000, 33)")), bytes = ROWS * WIDTH * sizeof *values;
    uint8_t *file = alloc_zero(n + bytes, 1);
    memcpy(file, room, n);
    memcpy(file + n, values, bytes);
    lay("plain", file, n + bytes);
    lay_packed("packed.gz", file, n + bytes, "wb");
    assert_int_equal(npy_read_rows(in("plain"), &a, &e), 0);
    assert_int_equal(npy_read_rows(in("packed"), &b, &e), 0);
    for (int i = 0; i < ROWS * WIDTH; i++)
        assert_true(a.reals[i] == (float)values[i] && b.reals[i] == a.reals[i]);
    idx_close(&a);
    idx_close(&b);
    free(values);
    free(file);
}

static void formats_and_spellings(void **state)
{
    static const char *const good[] = {"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }",
                                       "{\"shape\":(2,3,),\"fortran_order\":False,\"descr\":\"|u1\"}",
                                       "  {'fortran_order' : False , 'shape' : ( 2 , 3 ) , 'descr' : '|u1'}  "};
    idx a;
    error e = {0};
    (void)state;
    for (int major = 1; major <= 3; major++)
        for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
            size_t n = header(major, good[i]);
            memcpy(room + n, "abcdef", 6);
            lay("v", room, n + 6);
            assert_int_equal(npy_read_rows(in("v"), &a, &e), 0);
            assert_memory_equal(a.bytes, "abcdef", 6);
            idx_close(&a);
        }
}

/* ---- headers ---- */

static void header_refused(const char *words, const char *expected)
{
    npy_header h;
    error e = {0};
    assert_int_equal(npy_header_parse("f", words, strlen(words), &h, &e), EXIT_DATA);
    assert_string_equal(e.text, expected);
}

static void headers_that_are_none(void **state)
{
    (void)state;
    header_refused("", "f: found its end at byte 0 of its header; expected {");
    header_refused("[1]", "f: found [ at byte 0 of its header; expected {");
    header_refused(
        "{", "f: found its end at byte 1 of its header; expected one of 'descr', 'fortran_order', 'shape', each once");
    header_refused("{}", "f: found no descr in its header; expected descr, fortran_order and shape");
    header_refused("{'descr': '<f4', 'shape': (1,)}",
                   "f: found no fortran_order in its header; expected descr, fortran_order and shape");
    header_refused("{'descr': '<f4', 'fortran_order': False}",
                   "f: found no shape in its header; expected descr, fortran_order and shape");
    header_refused(
        "{'descr': '<f4', 'descr': '<f4'}",
        "f: found 'descr' at byte 17 of its header; expected one of 'descr', 'fortran_order', 'shape', each once");
    header_refused(
        "{'more': 1}",
        "f: found 'more' at byte 1 of its header; expected one of 'descr', 'fortran_order', 'shape', each once");
    header_refused("{'descr': [('a', '<f4')]}", "f: found [ at byte 10 of its header; expected a dtype in quotes");
    header_refused("{'descr': '<f4}", "f: found '<f4 at byte 10 of its header; expected a dtype in quotes");
    header_refused("{'descr': '<\\x66', }", "f: found '<\\x66' at byte 10 of its header; expected a dtype in quotes");
    header_refused("{'fortran_order': 0}", "f: found 0 at byte 18 of its header; expected True or False");
    header_refused("{'shape': 3}", "f: found 3 at byte 10 of its header; expected the sizes in ( )");
    header_refused("{'shape': (3)}", "f: found ) at byte 12 of its header; expected a comma");
    header_refused("{'shape': (3 4)}", "f: found 4 at byte 13 of its header; expected a comma");
    header_refused("{'shape': (-3,)}", "f: found -3 at byte 11 of its header; expected a size");
    header_refused("{'shape': (3L,)}", "f: found L at byte 12 of its header; expected a comma");
    header_refused("{'shape': (99999999999999999999,)}",
                   "f: found 99999999999999999999 at byte 11 of its header; expected a size that can be");
    header_refused("{'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)}",
                   "f: found 1 at byte 75 of its header; expected at most 32 sizes");
    header_refused("{'shape' (3,)}", "f: found ( at byte 9 of its header; expected a colon");
    header_refused("{'shape': (3,) 'descr': '<f4'}",
                   "f: found 'descr' at byte 15 of its header; expected a comma or }");
    header_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)} + x",
                   "f: found + at byte 56 of its header; expected the header's end");
}

static void file_refused(const char *words, const char *expected)
{
    idx a;
    error e = {0};
    assert_int_equal(npy_read_rows(in("v"), &a, &e), EXIT_DATA);
    assert_error(&e, EXIT_DATA, expected);
    assert_true(!a.bytes && !a.reals && !a.label);
    if (words)
        assert_string_equal(e.hint, words);
}

static void types_and_orders_that_are_not_read(void **state)
{
    (void)state;
#define TYPES "expected one of |u1, |i1, <u2, <i2, <u4, <i4, <u8, <i8, <f4, <f8"
    lay_npy("v", dict("|O", "(2, 3)"), "abcdef", 6);
    file_refused("an array of objects is a pickle, which is never loaded", "@/v: found dtype |O; " TYPES);
    lay_npy("v", dict(">f4", "(2, 3)"), "abcdef", 6);
    file_refused("save it as numpy.float32 or numpy.uint8", "@/v: found dtype >f4; " TYPES);
    lay_npy("v", "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", "abcdef", 6);
    file_refused("save numpy.ascontiguousarray(a)", "@/v: found fortran_order: True; expected False");
    lay_text("v", "PK\3\4 and the rest of an archive");
    file_refused(NULL, "@/v: found magic 504b03042061; expected 934e554d5059, that of an npy file");
}

static void sizes_that_cannot_be(void **state)
{
    idx a;
    error e = {0};
    (void)state;
    lay_npy("v", dict("|u1", "(2, 3)"), "abcde", 5);
    file_refused(NULL, "@/v: found 133 bytes; expected 134, as its header declares");
    lay_npy("v", dict("|u1", "(2, 3)"), "abcdefg", 7);
    file_refused(NULL, "@/v: found 135 bytes; expected 134, as its header declares");
    lay_npy("v", dict("<f8", "(4294967296, 4294967296)"), "", 0);
    file_refused(NULL, "@/v: found 4294967296 as size 2; expected sizes above 0 and at most 64 GiB in all");
    lay_npy("v", dict("<f8", "(0, 3)"), "", 0);
    file_refused(NULL, "@/v: found 0 as size 1; expected sizes above 0 and at most 64 GiB in all");
    lay_npy("v", dict("<f8", "()"), "01234567", 8);
    file_refused(NULL, "@/v: found rank 0; expected 1 to 4");
    lay_npy("v", dict("|u1", "(1, 1, 1, 1, 1)"), "0", 1);
    file_refused(NULL, "@/v: found rank 5; expected 1 to 4");
    size_t n = header(2, dict("|u1", "(2, 3)"));
    room[11] = 1;
    lay("v", room, n);
    file_refused(NULL, "@/v: found a header of 16777332 bytes; expected at most 65536");
    header(1, dict("|u1", "(2, 3)"));
    room[6] = 4;
    lay("v", room, 40);
    file_refused(NULL, "@/v: found npy format 4.0; expected 1.0, 2.0 or 3.0");
    room[6] = 1;
    lay("v", room, 40);
    file_refused(NULL, "@/v: found 30 bytes where 118 more are declared; expected a whole file");
    lay("v", room, 3);
    file_refused(NULL, "@/v: found 3 bytes where 8 more are declared; expected a whole file");
    n = header(1, dict("|u1", "(60000, 1000000)")); /* a bomb's promise, in a few packed bytes */
    lay_packed("bomb.gz", room, n, "wb");
    assert_int_equal(npy_read_rows(in("bomb"), &a, &e), EXIT_DATA);
    assert_non_null(strstr(e.text, "that its header declares, which cannot be in so few"));
}

static void values_that_are_not_finite(void **state)
{
    float values[] = {1, 2, 3, 4, NAN, 6};
    (void)state;
    lay_npy("v", dict("<f4", "(2, 3)"), values, sizeof values);
    file_refused(NULL, "@/v: found nan in row 1, value 1; expected a finite number in float32");
    values[2] = -INFINITY;
    lay_npy("v", dict("<f4", "(2, 3)"), values, sizeof values);
    file_refused(NULL, "@/v: found -inf in row 0, value 2; expected a finite number in float32");
    const double large[] = {1, 2, 3, 4, 5, 1e39};
    lay_npy("v", dict("<f8", "(2, 3)"), large, sizeof large);
    file_refused(NULL, "@/v: found 1e+39 in row 1, value 2; expected a finite number in float32");
}

/* ---- rows and labels together ---- */

#define SETS "set: npy, train: '@/x', train_labels: '@/xl', test: '@/t', test_labels: '@/tl'"

static void lay_arrays(const char *train, const char *test, int train_bytes, int test_bytes)
{
    uint8_t values[512];
    const int64_t labels[] = {0, 1, 0, 1}, test_labels[] = {1, 0};
    for (int i = 0; i < 512; i++)
        values[i] = (uint8_t)(i * 3);
    lay_npy("x", dict("|u1", train), values, (size_t)train_bytes);
    lay_npy("t", dict("|u1", test), values, (size_t)test_bytes);
    lay_npy("xl", dict("<i8", "(4,)"), labels, sizeof labels);
    lay_npy("tl", dict("<i8", "(2,)"), test_labels, sizeof test_labels);
}

static void shapes_of_rows(void **state)
{
    static const struct {
        const char *train, *test;
        int64_t bytes, rank, shape[3];
    } cases[] = {
        {"(4, 30)", "(2, 30)", 30, 1, {30, 0, 0}},
        {"(4, 5, 6)", "(2, 5, 6)", 30, 3, {1, 5, 6}},
        {"(4, 3, 5, 6)", "(2, 3, 5, 6)", 90, 3, {3, 5, 6}},
        {"(4, 1, 5, 3)", "(2, 1, 5, 3)", 15, 3, {1, 5, 3}}, /* either end could be the channels: the first is */
        {"(4, 2, 5, 6)", "(2, 2, 5, 6)", 60, 3, {2, 5, 6}}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lay_arrays(cases[i].train, cases[i].test, (int)cases[i].bytes * 4, (int)cases[i].bytes * 2);
        dataset *d = dataset_made(SETS);
        assert_true(d->rank == cases[i].rank && d->train.width == cases[i].bytes && d->train.count == 4);
        for (int64_t j = 0; j < d->rank; j++)
            assert_int_equal(d->shape[j], cases[i].shape[j]);
        assert_true(d->class_count == 2 && d->test.label[0] == 1 && d->maximum == 255);
        dataset_close(d);
    }
    lay_arrays("(4, 5, 6, 3)", "(2, 5, 6, 3)", 360, 180);
    dataset_refused(SETS, EXIT_DATA, "@/x: found rows of shape [5, 6, 3], with the channels last; expected them first");
    lay_arrays("(4, 30)", "(2, 3, 10)", 120, 60);
    dataset_refused(SETS, EXIT_DATA, "@/t: found rows of shape [3, 10]; expected [30], as in @/x");
    lay_arrays("(120,)", "(2, 30)", 120, 60);
    dataset_refused(SETS, EXIT_DATA, "@/x: found rank 1; expected 2 to 4, rows of values");
}

/* Reals are mapped by the range of the training rows; bytes beside reals become reals. */
static void reals_and_bytes_together(void **state)
{
    const float values[] = {-2, 0, 1, 2, 3, 4, 5, 6};
    float x[2];
    (void)state;
    lay_arrays("(4, 2)", "(2, 2)", 8, 4);
    lay_npy("x", dict("<f4", "(4, 2)"), values, sizeof values);
    dataset *d = dataset_made(SETS);
    assert_true(d->train.reals && d->test.reals && !d->test.bytes && d->maximum == 8);
    dataset_gather(d, &d->train, (int64_t[]){0}, 1, x);
    assert_true(x[0] == 0 && x[1] == 0.25f);
    assert_true(d->test.reals[3] == 9);
    dataset_close(d);
}

static void labels_that_are_none(void **state)
{
    const int64_t labels[] = {0, 1, -1, 1}, large[] = {0, 1, 1, 1 << 21};
    const double reals[] = {0, 1, 0, 1};
    (void)state;
    lay_arrays("(4, 30)", "(2, 30)", 120, 60);
    lay_npy("xl", dict("<i8", "(4,)"), labels, sizeof labels);
    dataset_refused(SETS, EXIT_DATA, "@/xl: found -1 in row 2; expected a class: a whole number from 0");
    lay_npy("xl", dict("<i8", "(4,)"), large, sizeof large);
    dataset_refused(SETS, EXIT_DATA, "@/xl: found 2.09715e+06 in row 3; expected a class: a whole number from 0");
    lay_npy("xl", dict("<i8", "(4, 1)"), labels, sizeof labels);
    dataset_refused(SETS, EXIT_DATA, "@/xl: found rank 2; expected 1, labels");
    lay_npy("xl", dict("<f8", "(4,)"), reals, sizeof reals);
    dataset_refused(SETS, EXIT_DATA, "@/xl: found dtype <f8; expected whole numbers, labels");
    lay_npy("xl", dict("<i8", "(3,)"), labels, 3 * sizeof *labels);
    dataset_refused(SETS, EXIT_DATA, "@/xl: found -1 in row 2; expected a class: a whole number from 0");
    lay_npy("xl", dict("|u1", "(3,)"), "\0\1\0", 3);
    dataset_refused(SETS, EXIT_DATA, "@/xl: found 3 labels for the 4 rows of @/x; expected as many");
    lay_npy("xl", dict("|u1", "(4,)"), "\0\1\0\1", 4);
    dataset_close(dataset_made(SETS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type),
        cmocka_unit_test(many_values_and_packed_ones),
        cmocka_unit_test(formats_and_spellings),
        cmocka_unit_test(headers_that_are_none),
        cmocka_unit_test(types_and_orders_that_are_not_read),
        cmocka_unit_test(sizes_that_cannot_be),
        cmocka_unit_test(values_that_are_not_finite),
        cmocka_unit_test(shapes_of_rows),
        cmocka_unit_test(reals_and_bytes_together),
        cmocka_unit_test(labels_that_are_none),
    };
    return cmocka_run_group_tests(tests, fixture_begin, fixture_end);
}
