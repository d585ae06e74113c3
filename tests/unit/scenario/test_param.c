/* Tables of plugins: filled, described, and refused when they are wrong themselves. */
#include "fixture.h"
#include "scenario/param.h"

#include <jansson.h>

#include "base/alloc.h"

struct config {
    const char *memory, *network, *optimizer, *note, *file;
    int64_t rows;
    double weight;
    pdr_reals schedule;
    int32_t blend, online;
};

static const char *const blends[] = {"per-task", "join", NULL};
static const pdr_param good_rows[] = {
    {"", "capacity, policy, where", PDR_PARAM_MEMORY, offsetof(struct config, memory), NULL, 0, 0, NULL},
    {"network", "of the generator", PDR_PARAM_NETWORK, offsetof(struct config, network), NULL, 0, 0, NULL},
    {"optimizer", "of the generator", PDR_PARAM_OPTIMIZER, offsetof(struct config, optimizer),
     "{type: adam, lr: 0.002}", 0, 0, NULL},
    {"note", "any words", PDR_PARAM_TEXT, offsetof(struct config, note), "exact", 0, 0, NULL},
    {"file", "where to", PDR_PARAM_PATH, offsetof(struct config, file), "notes.txt", 0, 0, NULL},
    {"batch", "rows a step, 0: as many as fresh", PDR_PARAM_INT, offsetof(struct config, rows), "0", 0, 1e9, NULL},
    {"weight", "of the rehearsed part", PDR_PARAM_REAL, offsetof(struct config, weight), NULL, 0, 10, NULL},
    {"alpha", "weights a task", PDR_PARAM_REALS, offsetof(struct config, schedule), "[]", 0, 0, NULL},
    {"blend", "how the part enters", PDR_PARAM_CHOICE, offsetof(struct config, blend), "per-task", 0, 0, blends},
    {"online", "from the first task on", PDR_PARAM_BOOL, offsetof(struct config, online), "false", 0, 0, NULL},
    {.key = NULL}};
static const struct param_table good = {"tiny", good_rows, sizeof(pdr_param), sizeof(struct config), "1.2"};

struct filling {
    struct config config;
    arena *arena;
    faults faults;
    int code;
};

static struct filling fill(const char *yaml)
{
    struct filling f = {.arena = arena_open()};
    memset(&f.config, 0xff, sizeof f.config);
    faults_begin(&f.faults, "x.yaml");
    const node *map = yaml == NULL ? NULL : node_parse(yaml, strlen(yaml), NULL, f.arena, &f.faults);
    f.code = param_fill(&good, map, NULL, "methods[0].strategies[0].tiny", "/base", &f.config, f.arena, &f.faults);
    faults_sort(&f.faults);
    return f;
}

static void filling_free(struct filling *f)
{
    faults_free(&f->faults);
    arena_close(f->arena);
}

static void values_and_defaults_are_filled(void **state)
{
    (void)state;
    error e = {0};
    assert_int_equal(param_table_check(&good, &e), 0);
    struct filling f =
        fill("{capacity: 9, weight: 0.5, where: ram, batch: 3, alpha: [1, 2e-1], blend: join, online: true,"
             " network: {hidden: [7]}, note: 'a: b', file: sub/x}");
    assert_int_equal(f.code, 0);
    assert_string_equal(f.config.memory, "{capacity: 9, where: ram}");
    assert_string_equal(f.config.network, "{hidden: [7]}");
    assert_string_equal(f.config.optimizer, "{type: adam, lr: 0.002}");
    assert_string_equal(f.config.note, "a: b");
    assert_string_equal(f.config.file, "/base/sub/x");
    assert_int_equal(f.config.rows, 3);
    assert_true(f.config.weight == 0.5);
    assert_true(f.config.schedule.count == 2 && f.config.schedule.at[1] == 0.2);
    assert_int_equal(f.config.blend, 1);
    assert_int_equal(f.config.online, 1);
    struct memory_options memory; /* what the host does with it later */
    assert_int_equal(memory_options_parse(f.config.memory, "tiny", &memory, f.arena, &e), 0);
    assert_int_equal(memory.capacity, 9);
    filling_free(&f);
    f = fill("{capacity: 9, weight: 1}");
    assert_int_equal(f.code, 0);
    assert_string_equal(f.config.network, "{}");
    assert_string_equal(f.config.note, "exact");
    assert_true(f.config.rows == 0 && f.config.blend == 0 && f.config.online == 0 && f.config.schedule.count == 0);
    filling_free(&f);
}

static void faults_have_their_place(void **state)
{
    (void)state;
    struct filling f = fill("capacity: 0\nweight: 11\nbach: 3\noptimizer: {momentum: 1}\npolicy: lifo\n"
                            "network: {hidden: 3}\nalpha: [x]\nblend: joined\nonline: 1\n");
    assert_int_equal(f.code, EXIT_SCENARIO);
    const char *p = "methods[0].strategies[0].tiny";
    char line[512];
    static const char *const expected[] = {
        "x.yaml:1:11: %s.capacity: found 0; expected a whole number from 1 to 1000000000000",
        "x.yaml:2:9: %s.weight: found 11; expected a number from 0 to 10",
        ("x.yaml:3:1: %s.bach: found a key unknown to tiny 1.2; expected one of capacity, policy, where, network, "
         "optimizer, "
         "note, "
         "file, batch, weight, alpha, blend, online"),
        "x.yaml:4:13: %s.optimizer.momentum: found a key unknown to tiny 1.2; expected one of type, lr, betas, "
        "epsilon, "
        "weight_decay",
        "x.yaml:5:9: %s.policy: found lifo; expected one of reservoir, class-balanced, fifo, value, none",
        "x.yaml:6:19: %s.network.hidden: found 3; expected a list of whole numbers from 1 to 1000000",
        "x.yaml:7:9: %s.alpha[0]: found x; expected a number",
        "x.yaml:8:8: %s.blend: found joined; expected one of per-task, join",
        "x.yaml:9:9: %s.online: found 1; expected true or false",
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const char *mark = strstr(expected[i], "%s");
        snprintf(line, sizeof line, "%.*s%s%s", (int)(mark - expected[i]), expected[i], p, mark + 2);
        check_line(&f.faults, i, line);
    }
    assert_int_equal(f.faults.count, 9);
    assert_string_equal(f.faults.at[2].hint, "did you mean \"batch\"?");
    filling_free(&f);
    f = fill(NULL); /* no parameters at all: those that are required are named */
    check_line(&f.faults, 0,
               "x.yaml: methods[0].strategies[0].tiny.capacity: found nothing; expected a whole number from 1 to "
               "1000000000000, {per_class: 100} or {bytes: 64 MiB}");
    check_line(&f.faults, 1,
               "x.yaml: methods[0].strategies[0].tiny.weight: found nothing; expected a number from 0 to 10");
    filling_free(&f);
}

static void check_table(const pdr_param *row, const char *expected)
{
    pdr_param rows[3] = {*row, {.key = NULL}, {.key = NULL}};
    struct param_table t = {"bad", rows, sizeof(pdr_param), 16, NULL};
    error e = {0};
    assert_int_equal(param_table_check(&t, &e), EXIT_UNAVAILABLE);
    assert_string_equal(e.text, expected);
}

static void wrong_tables_are_refused(void **state)
{
    (void)state;
    check_table(&(pdr_param){"k", "h", PDR_PARAM_INT, 0, "99", 1, 10, NULL},
                "plugin bad: parameter \"k\": its default: found 99; expected a whole number from 1 to 10");
    check_table(&(pdr_param){"k", "h", PDR_PARAM_REAL, 0, "fast", 0, 0, NULL},
                "plugin bad: parameter \"k\": its default: found fast; expected a number");
    check_table(&(pdr_param){"k", "h", 77, 0, NULL, 0, 0, NULL},
                "plugin bad: parameter \"k\": found type 77; expected a pdr_param_type that this build knows");
    check_table(&(pdr_param){"k", "h", 0, 0, NULL, 0, 0, NULL},
                "plugin bad: parameter \"k\": found type 0; expected a pdr_param_type that this build knows");
    check_table(&(pdr_param){"k", NULL, PDR_PARAM_INT, 0, NULL, 0, 0, NULL},
                "plugin bad: parameter \"k\": found no help of one line; expected one, as describe prints it");
    check_table(
        &(pdr_param){"k", "h", PDR_PARAM_INT, 16, NULL, 0, 0, NULL},
        "plugin bad: parameter \"k\": found offset 16 + 8 bytes (INT); expected at most config_size, which is 16");
    check_table(&(pdr_param){"k", "h", PDR_PARAM_INT, UINT32_MAX, NULL, 0, 0, NULL},
                "plugin bad: parameter \"k\": found offset 4294967295 + 8 bytes (INT); expected at most config_size, "
                "which is 16");
    check_table(&(pdr_param){"k", "h", PDR_PARAM_INT, 4, NULL, 0, 0, NULL},
                "plugin bad: parameter \"k\": found offset 4; expected one that is aligned for its type");
    check_table(&(pdr_param){"k", "h", PDR_PARAM_CHOICE, 0, NULL, 0, 0, NULL},
                "plugin bad: parameter \"k\": found no choices; expected a NULL-ended list of words");
    check_table(&(pdr_param){"k", "h", PDR_PARAM_INT, 0, NULL, 5, 1, NULL},
                "plugin bad: parameter \"k\": found min above max, or a NaN; expected min <= max");
    check_table(&(pdr_param){"K y", "h", PDR_PARAM_INT, 0, NULL, 0, 0, NULL},
                "plugin bad: parameter \"K y\": found such a key; expected small letters, digits, _ and -, at most 64");
    check_table(&(pdr_param){"", "h", PDR_PARAM_INT, 0, NULL, 0, 0, NULL},
                "plugin bad: parameter \"\": found such a key; expected small letters, digits, _ and -, at most 64");
    check_table(&(pdr_param){"k", "h", PDR_PARAM_NETWORK, 0, "{hiden: [3]}", 0, 0, NULL},
                "plugin bad: parameter \"k\": its default: found an unknown key; expected one of type, hidden");
}

static void check_pair(const pdr_param *a, const pdr_param *b, const char *expected)
{
    pdr_param rows[3] = {*a, *b, {.key = NULL}};
    struct param_table t = {"bad", rows, sizeof(pdr_param), 16, NULL};
    error e = {0};
    assert_int_equal(param_table_check(&t, &e), EXIT_UNAVAILABLE);
    assert_string_equal(e.text, expected);
}

static void rows_must_not_meet(void **state)
{
    (void)state;
    const pdr_param one = {"one", "h", PDR_PARAM_INT, 0, NULL, 0, 0, NULL};
    const pdr_param memory = {"", "h", PDR_PARAM_MEMORY, 0, NULL, 0, 0, NULL};
    check_pair(&one, &(pdr_param){"one", "h", PDR_PARAM_INT, 8, NULL, 0, 0, NULL},
               "plugin bad: parameter \"one\": found a key that row 0 (\"one\") has too; expected every key once");
    check_pair(
        &one, &(pdr_param){"two", "h", PDR_PARAM_BOOL, 4, NULL, 0, 0, NULL},
        "plugin bad: parameter \"two\": found the same bytes as those of \"one\"; expected an offset of its own");
    check_pair(&memory, &(pdr_param){"policy", "h", PDR_PARAM_INT, 8, NULL, 0, 0, NULL},
               "plugin bad: parameter \"policy\": found a key that row 0 (\"\") has too; expected every key once");
}

/* Rows of a newer SDK are longer; what lies behind is not looked at. */
static void longer_rows_are_read(void **state)
{
    (void)state;
    struct longer {
        pdr_param row;
        double more;
    };
    const struct longer rows[] = {{{"a", "h", PDR_PARAM_INT, 0, "1", 0, 9, NULL}, 5},
                                  {{"b", "h", PDR_PARAM_INT, 8, "2", 0, 9, NULL}, 5},
                                  {{.key = NULL}, 5}};
    struct param_table t = {"newer", &rows[0].row, sizeof(struct longer), 16, NULL};
    int64_t config[2] = {0};
    error e = {0};
    arena *a = arena_open();
    faults f;
    faults_begin(&f, "x");
    assert_int_equal(param_table_check(&t, &e), 0);
    assert_int_equal(param_fill(&t, NULL, NULL, "", ".", config, a, &f), 0);
    assert_true(config[0] == 1 && config[1] == 2);
    t.row_size = 20;
    assert_int_equal(param_table_check(&t, &e), EXIT_UNAVAILABLE);
    struct param_table none = {"none", NULL, 0, 0, NULL};
    assert_int_equal(param_table_check(&none, NULL), 0);
    assert_int_equal(param_fill(&none, NULL, NULL, "", ".", config, a, &f), 0);
    arena_close(a);
    faults_free(&f);
}

static void a_plugin_is_described_by_its_rows(void **state)
{
    (void)state;
    text out = {0};
    param_describe(&good, &out);
    assert_non_null(strstr(out.at, "# rows a step, 0: as many as fresh; a whole number from 0 to 1000000000"));
    assert_non_null(strstr(out.at, "capacity: 1000"));
    text_free(&out);
    char *schema = param_schema_json(&good);
    assert_non_null(strstr(schema, "\"title\": \"Parameters of tiny\""));
    assert_non_null(strstr(schema, "\"capacity\""));
    free(schema);
}

/* What a scenario leaves out of a subtree keeps the plugin's default, where the chosen type has the same key. */
struct parts {
    const char *optimizer, *network;
};
static const pdr_param part_rows[] = {{"", "of the critic", PDR_PARAM_OPTIMIZER, offsetof(struct parts, optimizer),
                                       "{type: adam, lr: 0.0002, betas: [0.5, 0.9]}", 0, 0, NULL},
                                      {"critic", "its network", PDR_PARAM_NETWORK, offsetof(struct parts, network),
                                       "{type: cnn, hidden: [64], batch_norm: true}", 0, 0, NULL},
                                      {.key = NULL}};
static const struct param_table part_table = {"gan", part_rows, sizeof(pdr_param), sizeof(struct parts), NULL};

static void check_parts(const char *yaml, const char *optimizer, const char *network)
{
    struct parts parts;
    arena *a = arena_open();
    faults f;
    faults_begin(&f, "x");
    assert_int_equal(param_fill(&part_table, node_parse(yaml, strlen(yaml), NULL, a, &f), NULL, "", ".", &parts, a, &f),
                     0);
    assert_string_equal(parts.optimizer, optimizer);
    assert_string_equal(parts.network, network);
    faults_free(&f);
    arena_close(a);
}

static void defaults_of_subtrees_hold_key_by_key(void **state)
{
    (void)state;
    error e = {0};
    assert_int_equal(param_table_check(&part_table, &e), 0);
    const char *adam = "{type: adam, lr: 0.0002, betas: [0.5, 0.9]}",
               *cnn = "{type: cnn, hidden: [64], batch_norm: true}";
    check_parts("{}", adam, cnn);
    check_parts("{lr: 0.1, critic: {hidden: []}}", "{lr: 0.1, type: adam, betas: [0.5, 0.9]}",
                "{hidden: [], type: cnn, batch_norm: true}");
    check_parts("{type: adamw}", "{type: adamw, lr: 0.0002, betas: [0.5, 0.9]}", cnn);
    check_parts("{type: sgd, critic: {type: mlp}}", "{type: sgd, lr: 0.0002}", "{type: mlp}");
}

static void they_are_described(void **state)
{
    (void)state;
    text out = {0};
    param_describe(&part_table, &out);
    const char *lines[] = {"\ntype: adam ",     "lr: 0.0002 ",           "betas: [0.5, 0.9] ",       "\n  type: cnn ",
                           "\n  hidden: [64] ", "\n  batch_norm: true ", "\n  # hidden: [400, 400] "};
    char *all = alloc_format("\n%s", out.at);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr(all, lines[i]))
            fail_msg("no \"%s\" in %s", lines[i], all);
    free(all);
    text_free(&out);
    json_error_t where;
    char *words = param_schema_json(&part_table);
    json_t *schema = json_loads(words, 0, &where), *keys = json_object_get(schema, "properties");
    assert_true(json_real_value(json_object_get(json_object_get(keys, "lr"), "default")) == 0.0002);
    assert_non_null(json_object_get(keys, "betas")); /* of every type, as they stand among the plugin's own */
    assert_non_null(json_object_get(keys, "momentum"));
    assert_null(json_object_get(schema, "required"));
    json_decref(schema);
    free(words);
}

static void a_schedule_belongs_to_the_training(void **state)
{
    (void)state;
    struct parts parts;
    arena *a = arena_open();
    faults f;
    const char *yaml = "schedule: cosine\ncritic:\n  hidden: [0]\n";
    faults_begin(&f, "x.yaml");
    const node *map = node_parse(yaml, strlen(yaml), NULL, a, &f);
    assert_int_equal(param_fill(&part_table, map, NULL, "m.gan", ".", &parts, a, &f), EXIT_SCENARIO);
    faults_sort(&f);
    check_line(
        &f, 0,
        "x.yaml:1:1: m.gan.schedule: found a key unknown to gan; expected one of type, lr, momentum, betas, epsilon, "
        "weight_decay, critic");
    check_line(&f, 1, "x.yaml:3:12: m.gan.critic.hidden[0]: found 0; expected a whole number from 1 to 1000000");
    faults_free(&f);
    arena_close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_of_subtrees_hold_key_by_key),
        cmocka_unit_test(they_are_described),
        cmocka_unit_test(a_schedule_belongs_to_the_training),
        cmocka_unit_test(values_and_defaults_are_filled),
        cmocka_unit_test(faults_have_their_place),
        cmocka_unit_test(wrong_tables_are_refused),
        cmocka_unit_test(rows_must_not_meet),
        cmocka_unit_test(longer_rows_are_read),
        cmocka_unit_test(a_plugin_is_described_by_its_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
