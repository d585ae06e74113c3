/* A cell that takes its first task from what was trained once for several comes to the very bits, points and findings that it has alone;
 * and where a strategy does more than watch, nothing is taken. */
#include "pieces.h"

#include "record/checkpoint.h"

enum { SEED = 3 };

/* All that a cell tells, as words. */
struct ears {
    text words;
    int notes, asked; /* asked: whether to stop, behind every step */
};

static void hear_point(void *self, const char *name, int64_t task, int64_t step, double value)
{
    text_addf(&((struct ears *)self)->words, "%s %lld %lld %a\n", name, (long long)task, (long long)step, value);
}

static void hear_measured(void *self, int64_t after, int64_t on, double accuracy)
{
    text_addf(&((struct ears *)self)->words, "R[%lld][%lld] %a\n", (long long)after, (long long)on, accuracy);
}

static void hear_row(void *self, int64_t after, int64_t step, const matrix *m)
{
    text_addf(&((struct ears *)self)->words, "row %lld %lld %lld\n", (long long)after, (long long)step,
              (long long)m->count[after * m->tasks]);
}

static void hear_note(void *self, const char *level, const char *line)
{
    ((struct ears *)self)->notes += !strcmp(level, "info") && strstr(line, "trains it alone");
}

static bool hear_stop(void *self)
{
    ((struct ears *)self)->asked++;
    return false;
}

static train_listener hearing(struct ears *ears, const char *home, const char *beginning, const char *digest)
{
    return (train_listener){.self = ears,
                            .point = hear_point,
                            .measured = hear_measured,
                            .row = hear_row,
                            .note = hear_note,
                            .stop = hear_stop,
                            .folder = home,
                            .beginning = beginning,
                            .beginning_sha256 = digest};
}

/* Into a folder of its own; its code, with *e. */
static int trained_once(const planned *p, const int *methods, int count, char **folder_of, char digest[SHA256_HEX],
                        error *e)
{
    dataset *d = data_of(p);
    *folder_of = home_new();
    plan_beginning_digest(p->plan, methods[0], SEED, digest);
    for (int i = 0; i < count; i++) {
        char other[SHA256_HEX];
        assert_true(plan_shares_beginning(p->plan, methods[i]));
        plan_beginning_digest(p->plan, methods[i], SEED, other);
        assert_string_equal(other, digest);
    }
    const train_listener to = {.beginning = *folder_of, .beginning_sha256 = digest};
    int code = train_beginning(p->plan, methods, count, SEED, d, &to, e);
    dataset_close(d);
    return code;
}

/* Alone, and from the beginning; taken: whether it has to spare its own steps. */
static void same_as_alone(const planned *p, int method, const char *beginning, const char *digest, bool taken)
{
    struct ears alone = {0}, shared = {0};
    const train_listener a = hearing(&alone, NULL, NULL, NULL), b = hearing(&shared, NULL, beginning, digest);
    cell_result *whole = cell_trained(p, method, SEED, &a), *r = cell_trained(p, method, SEED, &b);
    results_equal(whole, r, method);
    assert_int_equal(shared.asked < alone.asked, taken);
    if (strcmp(alone.words.at, shared.words.at) != 0)
        fail_msg("method %d: told\n%s\nexpected\n%s", method, shared.words.at, alone.words.at);
    cell_result_close(whole);
    cell_result_close(r);
    text_free(&alone.words);
    text_free(&shared.words);
}

static int every_method(const planned *p, int *methods)
{
    for (int m = 0; m < p->plan->method_count; m++)
        methods[m] = m;
    return p->plan->method_count;
}

static void all_share(planned p)
{
    int methods[16] = {0}, count = every_method(&p, methods);
    char digest[SHA256_HEX], *beginning = NULL;
    error e = {0};
    if (trained_once(&p, methods, count, &beginning, digest, &e))
        fail_msg("%s", e.text);
    for (int m = 0; m < count; m++)
        same_as_alone(&p, m, beginning, digest, true);
    planned_free(&p);
}

#define WATCHERS                                                                              \
    "methods:\n"                                                                              \
    "  - {name: none}\n"                                                                      \
    "  - {name: ewc, strategies: [ewc: {lambda: 10}]}\n"                                      \
    "  - {name: stronger, strategies: [ewc: {lambda: 50}]}\n"                                 \
    "  - {name: sampled, strategies: [ewc: {lambda: 5, fisher: sample}]}\n"                   \
    "  - {name: some, strategies: [ewc: {lambda: 5, fisher: exact-n, limit: 5}]}\n"           \
    "  - {name: batched, strategies: [ewc: {lambda: 5, fisher: batched, terms: separate}]}\n" \
    "  - {name: lwf, strategies: [lwf: {}]}\n"                                                \
    "  - {name: both, strategies: [lwf: {}, ewc: {lambda: 10}]}\n"

static void streams_and_heads(void **state)
{
    (void)state;
    all_share(tiny_plan(TWO_TASKS "class-il", WATCHERS));
    all_share(tiny_plan("split: {by: class, tasks: 4}, scenario: class-il, active: task", WATCHERS)); /* findings */
    all_share(tiny_plan(TWO_TASKS "task-il, head: multi", "evaluation: {anytime: {batches: 2}}\n" WATCHERS));
    all_share(tiny_plan(TWO_TASKS "class-il", "evaluation: {matrix: {rows: last, untrained: false}}\n" WATCHERS));
    all_share(tiny_plan("split: {tasks: 1}, scenario: class-il", "evaluation: {matrix: {rows: last}}\n" WATCHERS));
}

static planned pictures(const char *data, const char *streams, const char *rest)
{
    return planned_well(SAID("perdure: 1\nname: t\ndata: {set: synthetic, classes: 3, train_rows: 24, test_rows: 6, "
                             "shape: [1, 4, 5]%s}\nstream: {%s, scenario: domain-il}\n" CPU "%s" WATCHERS,
                             data, streams, rest));
}

static void networks_and_optimizers(void **state)
{
    (void)state;
    all_share(pictures(", augment: [{crop: 1}, flip], validation: 0.2", "split: {by: rotation, tasks: 3}",
                       "network: {type: layers, layers: [{conv: 2}, batch_norm, relu, flatten, {dropout: 0.3}]}\n"
                       "optimizer: {type: adam, lr: 0.01, schedule: cosine}\ntraining: {batch: 7, epochs: 2}\n"));
    all_share(pictures("", "split: {by: permutation, tasks: 3}",
                       "network: {type: mlp, hidden: [5]}\noptimizer: {type: sgd, lr: 0.1, momentum: 0.9}\n"
                       "training: {batch: 7, iterations: 5, executor: autograd}\n"));
}

/* Whoever saves and is stopped behind it goes on as ever. */
static void stopped_behind_it(void **state)
{
    (void)state;
    planned p = tiny_plan(TWO_TASKS "class-il", WATCHERS NEVER_ELSE);
    int methods[16] = {0}, count = every_method(&p, methods);
    char digest[SHA256_HEX], *beginning = NULL, *home = home_new();
    error e = {0};
    assert_int_equal(trained_once(&p, methods, count, &beginning, digest, &e), 0);
    int64_t asked;
    cell_result *whole = uninterrupted(&p, 1, &asked), *r = NULL;
    int code = EXIT_RESUMABLE;
    for (int pieces = 0; code == EXIT_RESUMABLE && pieces < 50; pieces++) {
        stopper s = {.at = 3};
        train_listener l = listening(&s, home);
        l.beginning = beginning;
        l.beginning_sha256 = digest;
        e = (error){0};
        code = cell_tried(&p, 1, SEED, &l, &r, &e);
    }
    assert_int_equal(code, 0);
    results_equal(whole, r, 0);
    cell_result_close(whole);
    cell_result_close(r);
    planned_free(&p);
}

static planned watching(const char *does)
{
    return tiny_plan(TWO_TASKS "class-il",
                     SAID("methods:\n"
                          "  - {name: none}\n"
                          "  - {name: honest, strategies: [{plugin: %s, with: {strength: 0.5}}]}\n"
                          "  - {name: other, strategies: [{plugin: %s, with: {does: %s}}]}\n",
                          tiny("watcher"), tiny("watcher"), does));
}

/* The flag is its author's word. What it does is seen where the task is trained, and nothing is kept. */
static void who_does_more_than_watch_is_found(void **state)
{
    (void)state;
    static const char *const doings[][2] = {{"rehearses", "strategy watcher, hook before_batch: rehearse"},
                                            {"adds", "strategy watcher, hook after_loss: add_loss"},
                                            {"reads", "strategy watcher, hook after_batch: flat_params"},
                                            {"tells", "strategy watcher, hook after_batch: metric"},
                                            {"logs", "strategy watcher, hook after_batch: log"},
                                            {"gates", "strategy watcher, hook before_task: gate"},
                                            {"keeps", "a strategy whose saved state moved"},
                                            {"draws", "a strategy whose saved state moved"}};
    for (size_t i = 0; i < sizeof doings / sizeof *doings; i++) {
        planned p = watching(doings[i][0]);
        char digest[SHA256_HEX], *beginning = NULL;
        error e = {0};
        assert_int_equal(trained_once(&p, (const int[]){0, 1, 2}, 3, &beginning, digest, &e), EXIT_FAILED);
        if (!strstr(e.text, doings[i][1]))
            fail_msg("%s: %s", doings[i][0], e.text);
        checkpoint *none = NULL;
        assert_int_equal(checkpoint_newest(beginning, NULL, NULL, &none, &e), 0);
        assert_null(none);
        same_as_alone(&p, 2, beginning, digest, false); /* there is nothing to be taken */
        planned_free(&p);
    }
    all_share(watching("nothing"));
}

/* One that a killed run left was trained beside other strategies, perhaps: nobody has seen whether this one only watches. */
static void who_was_not_watched_trains_alone(void **state)
{
    (void)state;
    static const char *const doings[] = {"gates", "adds", "tells", "keeps"};
    for (size_t i = 0; i < sizeof doings / sizeof *doings; i++) {
        planned p = watching(doings[i]);
        char digest[SHA256_HEX], *beginning = NULL;
        struct ears ears = {0};
        error e = {0};
        assert_int_equal(trained_once(&p, (const int[]){0, 1}, 2, &beginning, digest, &e), 0);
        same_as_alone(&p, 0, beginning, digest, true);
        same_as_alone(&p, 1, beginning, digest, true);
        same_as_alone(&p, 2, beginning, digest, false);
        const train_listener l = hearing(&ears, NULL, beginning, digest);
        cell_result_close(cell_trained(&p, 2, SEED, &l));
        assert_int_equal(ears.notes, 1);
        text_free(&ears.words);
        planned_free(&p);
    }
}

/* What is read is that of the file: another network's values at the end of the task show in the result. A damaged one is not taken. */
static void what_is_taken_decides(void **state)
{
    (void)state;
    planned p = tiny_plan(TWO_TASKS "class-il", WATCHERS), q = tiny_plan(TWO_TASKS "class-il, active: task", WATCHERS);
    char digest[SHA256_HEX], other[SHA256_HEX], *beginning = NULL, *wrong = NULL;
    error e = {0};
    assert_int_equal(trained_once(&p, (const int[]){0, 1}, 2, &beginning, digest, &e), 0);
    assert_int_equal(trained_once(&q, (const int[]){0, 1}, 2, &wrong, other, &e), 0);
    assert_string_not_equal(digest, other);
    same_as_alone(&p, 1, wrong, digest, false); /* it says that it is another one */
    struct ears ears = {0};
    const train_listener l = hearing(&ears, NULL, wrong, other); /* told that it is the right one */
    cell_result *alone = cell_trained(&p, 1, SEED, NULL), *r = cell_trained(&p, 1, SEED, &l);
    assert_string_not_equal(alone->weights_sha256, r->weights_sha256);
    cell_result_close(alone);
    cell_result_close(r);
    text_free(&ears.words);
    char *file = SAID("%s/latest/state.safetensors", beginning), *bytes = NULL;
    size_t count = 0;
    assert_int_equal(file_read(file, 64 << 20, &bytes, &count, &e), 0);
    bytes[count / 2] ^= 1;
    assert_int_equal(file_write(file, bytes, count, &e), 0);
    free(bytes);
    same_as_alone(&p, 1, beginning, digest, false);
    planned_free(&p);
    planned_free(&q);
}

static void who_does_not_share(void **state)
{
    (void)state;
    planned p =
        tiny_plan(TWO_TASKS "class-il", "methods:\n"
                                        "  - {name: replay, strategies: [replay: {capacity: 5}]}\n"
                                        "  - {name: both, strategies: [ewc: {lambda: 1}, replay: {capacity: 5}]}\n"
                                        "  - {name: si, strategies: [si: {c: 1}]}\n"
                                        "  - {name: icarl, strategies: [icarl: {capacity: 6}]}\n"
                                        "  - {name: joint, train_on: all}\n");
    for (int m = 0; m < p.plan->method_count; m++)
        assert_false(plan_shares_beginning(p.plan, m));
    planned_free(&p);
    p = tiny_plan(TWO_TASKS "class-il",
                  "methods: [{name: a}, {name: b, set: {optimizer.lr: 0.2}}, {name: c, set: {training.epochs: 3}}, "
                  "{name: d, train_on: all-so-far}]\n");
    char digest[8][SHA256_HEX];
    for (int m = 0; m < p.plan->method_count; m++) {
        assert_true(plan_shares_beginning(p.plan, m));
        plan_beginning_digest(p.plan, m, SEED, digest[m]);
        for (int i = 0; i < m; i++)
            assert_string_not_equal(digest[i], digest[m]);
    }
    plan_beginning_digest(p.plan, 0, SEED + 1, digest[7]);
    assert_string_not_equal(digest[0], digest[7]);
    planned_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_and_heads),
        cmocka_unit_test(networks_and_optimizers),
        cmocka_unit_test(stopped_behind_it),
        cmocka_unit_test(who_does_more_than_watch_is_found),
        cmocka_unit_test(who_was_not_watched_trains_alone),
        cmocka_unit_test(what_is_taken_decides),
        cmocka_unit_test(who_does_not_share),
    };
    return cmocka_run_group_tests_name("beginning", tests, folder_begin, folder_end);
}
