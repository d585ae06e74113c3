/* The fourteen strategies that the interface was designed with (tests/abi/trial) train whole cells: each ends, changes what
 * training comes to, comes to the same bits again, and leaves nothing behind. What they are worth is not asked: they are
 * sketches, and the shipped plugins have tests of their own. */
#include "pieces.h"

typedef struct trial {
    const char *name, *with, *scenario;
    int64_t warnings; /* that it is known for */
} trial;

#define MEMORY "capacity: 12, "
static const trial trials[] = {
    {"replay", MEMORY "batch: 5", "class-il", 0},
    {"ewc", "lambda: 100", "class-il", 0},
    {"si", "c: 1", "class-il", 0},
    {"lwf", "temperature: 2", "class-il", 0},
    {"agem", MEMORY "batch: 5", "class-il", 0},
    {"derpp", MEMORY "batch: 5", "class-il", 0},
    {"mir", MEMORY "candidates: 6, batch: 3", "class-il", 0},
    {"lossaware", MEMORY "policy: value, batch: 5", "class-il", 0},
    {"icarl", MEMORY "policy: none", "class-il", 0},
    {"bic", "memory: {capacity: 12}, steps: 5, batch: 4", "class-il", 0},
    {"wa", "", "class-il", 0},
    {"packnet", "prune: 0.5", "task-il", 0},
    {"xdg", "share: 0.5", "task-il", 0},
    {"genreplay", "generator: {type: mlp, hidden: [9]}, z: 3", "class-il", 0},
    {"genreplay", "generator: {type: mlp, hidden: [9]}, z: 3, distill: true", "class-il", 0},
    {"genreplay", "generator: {type: mlp, hidden: [9]}, z: 3, distill: true", "task-il", 0},
    {"genreplay",
     "kind: gan, optimizer: {lr: 0.001, betas: [0.5, 0.9]}, generator: {hidden: [9]}, z: 3, critic_steps: 2",
     "class-il", 0},
};
enum { TRIALS = sizeof trials / sizeof *trials };

static void said(void *self, const char *level, const char *line)
{
    (void)self;
    print_message("  %s: %s\n", level, line);
}

static planned trial_plan(const trial *t, bool with)
{
    char *file = SAID("%s/tests/abi/trial/trial_%s.so", getenv("PERDURE_BUILD_DIR"), t->name);
    return planned_well(
        SAID("perdure: 1\nname: t\ndata: {set: synthetic, classes: 4, train_rows: 40, test_rows: 12, shape: [1, 4, 5], "
             "validation: 0.2}\nstream: {" TWO_TASKS "%s}\nnetwork: {type: mlp, hidden: [8, 6]}\n"
             "optimizer: {type: sgd, lr: 0.1}\ntraining: {batch: 5, epochs: 3}\n" CPU
             "methods: [{name: a, strategies: [%s]}]\n",
             t->scenario, with ? SAID("{plugin: %s, with: {%s}}", file, t->with) : ""));
}

static cell_result *trained(const trial *t, bool with)
{
    static const train_listener listener = {.note = said};
    planned p = trial_plan(t, with);
    cell_result *r = cell_trained(&p, 0, 3, &listener);
    planned_free(&p);
    return r;
}

static void they_train(void **state)
{
    (void)state;
    for (int i = 0; i < TRIALS; i++) {
        print_message("%s {%s}, %s\n", trials[i].name, trials[i].with, trials[i].scenario);
        cell_result *one = trained(&trials[i], true), *again = trained(&trials[i], true),
                    *plain = trained(&trials[i], false);
        assert_true(matrix_has(one->accuracy, 2, 1) && matrix_has(one->accuracy, 2, 2));
        assert_string_equal(one->weights_sha256, again->weights_sha256);
        assert_string_not_equal(one->weights_sha256, plain->weights_sha256);
        assert_int_equal(one->warnings, trials[i].warnings);
        cell_result_close(one);
        cell_result_close(again);
        cell_result_close(plain);
    }
}

/* Their save() and load() are all that is known of them: stopped at any step they go on to the same bits. */
static void they_go_on(void **state)
{
    (void)state;
    for (int i = 0; i < TRIALS; i++) {
        int64_t asked;
        print_message("%s {%s}, %s\n", trials[i].name, trials[i].with, trials[i].scenario);
        planned p = trial_plan(&trials[i], true);
        cell_result *whole = uninterrupted(&p, 0, &asked);
        for (int64_t at = 1; at < asked; at += 3) {
            cell_result *r = in_pieces(&p, 0, at, 0);
            results_equal(whole, r, at);
            cell_result_close(r);
        }
        cell_result_close(whole);
        planned_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(they_train), cmocka_unit_test(they_go_on)};
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
