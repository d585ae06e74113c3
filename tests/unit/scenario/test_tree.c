/* The strict tree: where things stand, what is refused, and that nothing takes long. */
#include <time.h>

#include "base/alloc.h"
#include "fixture.h"

struct grown {
    arena *arena;
    faults faults;
    node *root;
};

static struct grown grow(const char *yaml, size_t count)
{
    struct grown g = {.arena = arena_open()};
    faults_begin(&g.faults, "x.yaml");
    g.root = node_parse(yaml, count, NULL, g.arena, &g.faults);
    faults_sort(&g.faults);
    return g;
}

static void grown_free(struct grown *g)
{
    faults_free(&g->faults);
    arena_close(g->arena);
}

static void check_refused(const char *yaml, const char *expected)
{
    struct grown g = grow(yaml, strlen(yaml));
    check_line(&g.faults, 0, expected);
    grown_free(&g);
}

static void everything_knows_its_place(void **state)
{
    (void)state;
    const char *yaml = "a: 1\nb:\n  - x\n  - {c: 'no', \"d\": [2, ~]}\n";
    struct grown g = grow(yaml, strlen(yaml));
    assert_non_null(g.root);
    const node *c = node_at(g.root, "b[1].c");
    assert_int_equal(c->line, 4);
    assert_int_equal(c->column, 9);
    assert_int_equal(c->key_column, 6);
    assert_true(c->quoted);
    assert_string_equal(c->text, "no");
    assert_int_equal(node_at(g.root, "b")->count, 2);
    assert_true(node_is_nothing(node_at(g.root, "b[1].d[1]")));
    assert_false(node_is_nothing(node_at(g.root, "b[1].d[0]")));
    assert_null(node_at(g.root, "b[2]"));
    assert_null(node_at(g.root, "b.c"));
    assert_null(node_at(g.root, "a[0]"));
    assert_ptr_equal(node_at(g.root, ""), g.root);
    assert_null(node_find(NULL, "a"));
    grown_free(&g);
    const char *accents = "\xc3\xa9: \xc3\xa9\xc3\xa9\nx: {\xc3\xa9: 1}";
    struct grown wide = grow(accents, strlen(accents));
    assert_int_equal(wide.root->first->next->first->column, 8); /* characters, not bytes */
    grown_free(&wide);
}

static void yaml_of_a_tree_reads_back(void **state)
{
    (void)state;
    const char *yaml = "a: [1, -2.5e-3, 'x y', \"1\", '', ~, true]\nb: {c-d: \"q\\\"\\\\ \\x07 \\u00e9\", f: '---', "
                       "'k, l': [[], {}]}\n";
    struct grown g = grow(yaml, strlen(yaml));
    assert_non_null(g.root);
    const char *once = node_yaml(g.root, g.arena);
    assert_null(strchr(once, '\n'));
    struct grown again = grow(once, strlen(once));
    assert_non_null(again.root);
    assert_string_equal(node_yaml(again.root, again.arena), once);
    assert_true(node_at(again.root, "a[3]")->quoted);
    assert_false(node_at(again.root, "a[0]")->quoted);
    assert_string_equal(node_at(again.root, "b.c-d")->text, "q\"\\ \x07 \xc3\xa9");
    assert_string_equal(node_at(again.root, "b.f")->text, "---");
    grown_free(&again);
    grown_free(&g);
}

static void aliases_are_copies(void **state)
{
    (void)state;
    const char *yaml = "a: &x {b: [1, 2]}\nc: *x\nd: [*x, *x]\n";
    struct grown g = grow(yaml, strlen(yaml));
    assert_int_equal(g.faults.count, 0);
    assert_string_equal(node_at(g.root, "d[1].b[1]")->text, "2");
    assert_int_equal(node_at(g.root, "c.b")->line, 1); /* where it is corrected */
    assert_ptr_not_equal(node_at(g.root, "c.b"), node_at(g.root, "a.b"));
    grown_free(&g);
}

static void what_yaml_has_beyond_is_refused(void **state)
{
    (void)state;
    check_refused("a: *x\nb: &x 1\n", "x.yaml:1:4: found alias *x; expected its anchor &x on a line before it");
    check_refused("a: &x [*x]\n", "x.yaml:1:8: found alias *x inside of what it names; expected no circle");
    check_refused("a: !!int 1\n",
                  "x.yaml:1:4: found tag tag:yaml.org,2002:int; expected none, as tags are not supported");
    check_refused("a: !python/object:os.system {}\n",
                  "x.yaml:1:4: found tag !python/object:os.system; expected none, as tags are not supported");
    check_refused("<<: {a: 1}\n", "x.yaml:1:1: found merge key <<; expected none, as merge keys are not supported");
    check_refused("a: 1\n...\nb: 2\n", "x.yaml:3:1: found a second document; expected one document only");
    check_refused("{a: 1}: 2\n", "x.yaml:1:1: found a key that is no text; expected a plain text as key");
    check_refused("\"\": 2\n", "x.yaml:1:1: found an empty key; expected a plain text as key");
    check_refused("a: \"x\\0y\"\n", "x.yaml:1:4: found a text that holds \\0; expected none");
    check_refused("a: 1\nb: 2\na: 3\n", "x.yaml:3:1: found key a again; expected it once, as on line 1");
}

static void bad_bytes_have_a_line(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t count;
        const char *expected;
    } bad[] = {
        {"a: 1\r\nb: \xff", 10, "x.yaml:2:4: found byte 0xFF at offset 9; expected text in UTF-8"},
        {"a: \0b", 5, "x.yaml:1:4: found byte 0x00 at offset 3; expected text in UTF-8"},
        {"\xc3\xa9\xc3\xa9: \xc0\xaf", 8, "x.yaml:1:5: found byte 0xC0 at offset 6; expected text in UTF-8"},
        {"a\rb: \x7f", 6, "x.yaml:2:4: found byte 0x7F at offset 5; expected text in UTF-8"},
        {"a: \xef\xbb\xbf", 6, "x.yaml:1:4: found byte 0xEF at offset 3; expected text in UTF-8"},
        {"a: \xe2\x82", 5, "x.yaml:1:4: found byte 0xE2 at offset 3; expected text in UTF-8"},
        {"\xfe\xff\0a", 4, "x.yaml:1:1: found UTF-16; expected UTF-8"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct grown g = grow(bad[i].bytes, bad[i].count);
        assert_null(g.root);
        check_line(&g.faults, 0, bad[i].expected);
        grown_free(&g);
    }
    struct grown marked = grow("\xef\xbb\xbf"
                               "a: 1",
                               7);
    assert_non_null(marked.root);
    grown_free(&marked);
}

/* ---- bombs: a verdict within 200 ms (five times that where sanitizers slow it down) ---- */

static void check_bomb(const char *piece, size_t times, const char *before, const char *behind, bool is_good)
{
    text yaml = {0};
    text_addf(&yaml, "%s", before);
    for (size_t i = 0; i < times; i++) {
        text_addf(&yaml, "%s", piece);
    }
    text_addf(&yaml, "%s", behind);
    struct timespec begin;
    struct timespec end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    struct grown g = grow(yaml.at, yaml.length);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    double seconds = (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
    assert_true(seconds < 1.0);
    assert_int_equal(g.faults.count, is_good ? 0 : 1);
    grown_free(&g);
    text_free(&yaml);
}

static void bombs_are_refused_quickly(void **state)
{
    (void)state;
    check_bomb("[", 100000, "", "", false);
    check_bomb("[", NODE_BYTES, "", "", false);
    check_bomb("- ", 100000, "", "", false);
    check_bomb("{", 100000, "", "", false);
    check_bomb("? ", 100000, "", "", false);
    check_bomb("*a, ", 2000, "a: &a 1\nb: [", "*a]\n", true);
    check_bomb("*b, ", 2000, "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [", "]\n", false);
    check_bomb("- x\n", 200000, "", "", false);
    check_bomb("- &a x\n", 100000, "", "", false);
    check_bomb("a", NODE_SCALAR + 1, "k: ", "", false);
    check_bomb("a", NODE_SCALAR - 1, "k: ", "", true);
    check_bomb("a", NODE_KEY + 1, "", ": 1", false);
    check_bomb("a", NODE_KEY, "", ": 1", true);
    check_bomb("a", NODE_BYTES + 1, "", "", false);
    check_bomb("#\n", 400000, "", "a: 1", true);
    text deep = {0};
    for (int i = 0; i < NODE_DEPTH; i++) {
        text_addf(&deep, "[");
    }
    check_bomb("]", NODE_DEPTH, deep.at, "", true);
    check_bomb("[", NODE_DEPTH + 1, "", "1", false);
    text_free(&deep);
}

static void aliases_cannot_nest_beyond_the_limit(void **state)
{
    (void)state;
    text yaml = {0};
    text_addf(&yaml, "a0: &a0 [1]\n");
    for (int i = 1; i < 100; i++) {
        text_addf(&yaml, "a%d: &a%d [*a%d]\n", i, i, i - 1);
    }
    struct grown g = grow(yaml.at, yaml.length);
    assert_null(g.root);
    assert_non_null(strstr(g.faults.at[0].text, "deeper than 32 levels"));
    grown_free(&g);
    text_free(&yaml);
}

static void ten_thousand_keys_are_no_trouble(void **state)
{
    (void)state;
    text yaml = {0};
    for (int i = 0; i < 10000; i++) {
        text_addf(&yaml, "key_number_%d: %d\n", i, i);
    }
    check_bomb("", 0, yaml.at, "", true);
    text_free(&yaml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_knows_its_place),
        cmocka_unit_test(yaml_of_a_tree_reads_back),
        cmocka_unit_test(aliases_are_copies),
        cmocka_unit_test(what_yaml_has_beyond_is_refused),
        cmocka_unit_test(bad_bytes_have_a_line),
        cmocka_unit_test(bombs_are_refused_quickly),
        cmocka_unit_test(aliases_cannot_nest_beyond_the_limit),
        cmocka_unit_test(ten_thousand_keys_are_no_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
