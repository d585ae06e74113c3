/* plugins/genreplay in whole cells: against loops that share nothing with it, whatever labels the scenario asks for; and
 * what it is for: old classes stay known where fine-tuning loses them. */
#include "fixture.h"

/* Three tasks of pictures in 0..1, in short batches too. */
static planned pictures_plan(const char *streams, const char *strategies)
{
    return planned_well(
        SAID("perdure: 1\nname: t\ndata: {set: synthetic, classes: 6, train_rows: 60, test_rows: 12, "
             "shape: [1, 3, 4], normalize: unit}\nstream: {split: {by: class, tasks: 3}, scenario: %s}\n"
             "network: {type: mlp, hidden: [8]}\noptimizer: {type: adam, lr: 0.01}\n"
             "training: {batch: 6, epochs: 3}\n" CPU "methods: [{name: a, strategies: [%s]}]\n",
             streams, strategies));
}

/* What a cell's generator showed after each task, and the points of its loss. */
typedef struct gallery {
    text names;
    int64_t width, height, count, step;
    double light; /* mean of the last picture */
    uint8_t pixels[16384];
    double losses[3];
} gallery;

static int gallery_add(void *self, const char *name, int64_t step, const picture *p, error *e)
{
    gallery *g = self;
    int64_t n = p->width * p->height;
    (void)e;
    assert_true(step > g->step); /* each task's is shown at its own end */
    g->step = step;
    text_addf(&g->names, "%s ", name);
    g->width = p->width;
    g->height = p->height;
    g->light = 0;
    for (int64_t i = 0; i < n; i++)
        g->light += p->pixels[i] / 255.0 / (double)n;
    if (g->count + n > (int64_t)sizeof g->pixels)
        return 0;
    memcpy(g->pixels + g->count, p->pixels, (size_t)n);
    g->count += n;
    return 0;
}

static void gallery_point(void *self, const char *name, int64_t task, int64_t step, double value)
{
    (void)step;
    if (!strcmp(name, "genreplay.generator"))
        ((gallery *)self)->losses[task - 1] = value; /* one a task: it is said every fifty steps */
}

static cell_result *trained_seen(const char *streams, const char *strategies, gallery *g)
{
    const train_listener listener = {.self = g, .picture = gallery_add, .point = gallery_point};
    planned p = pictures_plan(streams, strategies);
    cell_result *r = cell_trained(&p, 0, 3, &listener);
    planned_free(&p);
    return r;
}

static cell_result *trained(const char *streams, const char *strategies)
{
    return sole_trained(pictures_plan(streams, strategies));
}

/* |a - b| / |a - start| in the Euclidean norm, where `start` is fine-tuning. */
static double apart(const cell_result *a, const cell_result *b, const cell_result *start)
{
    double difference = 0, moved = 0;
    assert_int_equal(a->parameter_count, b->parameter_count);
    for (int64_t i = 0; i < a->parameter_count; i++) {
        double d = (double)a->parameters[i] - (double)b->parameters[i];
        double m = (double)a->parameters[i] - (double)start->parameters[i];
        difference += d * d;
        moved += m * m;
    }
    if (!(moved > 1e-2)) /* else the replay does nothing, and all would agree */
        fail_msg("the replay moved the weights by %g", sqrt(moved));
    return sqrt(difference / moved);
}

#define ADAM "{type: adam, lr: 0.02, betas: [0.5, 0.9]}"
#define SMALL_BUT(encoder, optimizer) \
    "z: 3, encoder: " encoder ", decoder: {type: mlp, hidden: [6]}, " optimizer ": " ADAM
#define SMALL SMALL_BUT("{type: mlp, hidden: [6]}", "optimizer")
#define SMALL_GAN SMALL_BUT("{type: mlp, hidden: [6]}", "gan_optimizer")
/* The Wasserstein distance leaves the bias of a ReLU that is always awake without a gradient but for rounding, which Adam
 * makes a step of: no two ways to compute it stay together. A tanh always has one. */
#define SMOOTH SMALL_BUT("{type: layers, layers: [flatten, {linear: 6}, tanh]}", "gan_optimizer")

/* The network's weights, and what the generator makes, within one of 256 shades; after three tasks of a hundred rows. */
static void agrees(const char *streams, const char *fast_yaml, const char *slow_yaml)
{
    gallery of_fast = {.count = 0}, of_slow = {.count = 0};
    cell_result *fast = trained_seen(streams, fast_yaml, &of_fast), *slow = trained_seen(streams, slow_yaml, &of_slow);
    cell_result *start = trained(streams, "");
    double distance = apart(fast, slow, start);
    int shades = 0;
    assert_string_equal(of_fast.names.at, of_slow.names.at);
    assert_int_equal(of_fast.count, 3 * 100 * 12);
    for (int64_t i = 0; i < of_fast.count; i++)
        shades =
            abs(of_fast.pixels[i] - of_slow.pixels[i]) > shades ? abs(of_fast.pixels[i] - of_slow.pixels[i]) : shades;
    print_message("%s, %s: %.2g, %d apart\n", streams, fast_yaml, distance, shades);
    if (!(distance <= 2e-5) || shades > 1)
        fail_msg("%s, %s: %g, %d shades apart; expected at most 2e-5, 1", streams, fast_yaml, distance, shades);
    text_free(&of_fast.names);
    text_free(&of_slow.names);
    assert_int_equal(fast->warnings, 0);
    cell_result_close(fast);
    cell_result_close(slow);
    cell_result_close(start);
}

static void loops_come_to_the_same_weights(void **state)
{
    (void)state;
    static const struct {
        const char *stream, *slow;
    } kinds[] = {{"class-il", "all: true"},
                 {"class-il, active: seen", "all: false"},
                 {"class-il, active: task", "by_task: true"},
                 {"task-il", "by_task: true"},
                 {"task-il, head: single", "by_task: true"},
                 {"domain-il", "all: true"}};
    static const char *const labels[] = {"distill: false", "distill: true, temperature: 3"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (size_t j = 0; j < 2; j++)
            agrees(kinds[i].stream, SAID("{genreplay: {" SMALL ", %s}}", labels[j]),
                   SAID("{plugin: %s, with: {%s, %s}}", tiny("slow_genreplay"), kinds[i].slow, labels[j]));
}

/* T^2 and the number of columns of the softmax: six compete in class-il, two in each term of task-il. */
static void the_term_has_its_scale(void **state)
{
    (void)state;
    static const struct {
        const char *stream, *scale, *slow;
    } kinds[] = {{"class-il", "none", "factor: 0.1111111111111111"},
                 {"class-il", "mean", "factor: 0.1666666666666667"},
                 {"task-il", "mean", "by_task: true, factor: 0.5"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        agrees(kinds[i].stream,
               SAID("{genreplay: {" SMALL ", distill: true, temperature: 3, scale: %s}}", kinds[i].scale),
               SAID("{plugin: %s, with: {distill: true, temperature: 3, %s}}", tiny("slow_genreplay"), kinds[i].slow));
}

/* A critic learns several times before each time of the decoder, and both several times a step. */
static void loops_play_the_same_game(void **state)
{
    (void)state;
    static const char *const games[] = {"generator: gan, steps: 2, critic_steps: 2", "generator: gan, critic_steps: 1",
                                        "generator: wgan-gp, steps: 2, critic_steps: 2",
                                        "generator: wgan-gp, critic_steps: 3, penalty: 4"};
    for (size_t i = 0; i < sizeof games / sizeof *games; i++) {
        const char *halves = strstr(games[i], "wgan") ? SMOOTH : SMALL_GAN;
        agrees("class-il", SAID("{genreplay: {%s, distill: true, %s}}", halves, games[i]),
               SAID("{plugin: %s, with: {distill: true, %s}}", tiny("slow_genreplay"), games[i]));
    }
    agrees("task-il", "{genreplay: {" SMALL ", steps: 3}}",
           SAID("{plugin: %s, with: {by_task: true, steps: 3}}", tiny("slow_genreplay")));
}

/* ---- beside rows of others ---- */

/* It learns from fresh rows and its own, wherever they stand in the batch: whoever rehearses beside it, it is the same to
 * the bit. */
static void the_generator_does_not_see_rows_of_others(void **state)
{
    (void)state;
    static const char *const kinds[] = {"vae", "gan", "wgan-gp"};
    static const char *const others[] = {"{replay: {capacity: 9}}", "{replay: {capacity: 9, batch: 2, blend: share}}"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const char *own = SAID("{genreplay: {%s, generator: %s}}", i == 0 ? SMALL : SMALL_GAN, kinds[i]);
        gallery alone = {.count = 0};
        cell_result_close(trained_seen("class-il", own, &alone));
        assert_int_equal(alone.count, 3 * 100 * 12);
        assert_true(alone.losses[0] != 0 && alone.losses[2] != alone.losses[0]);
        for (size_t j = 0; j < 4; j++) {
            const char *other = others[j / 2];
            gallery beside = {.count = 0};
            cell_result_close(
                trained_seen("class-il", j % 2 ? SAID("%s, %s", own, other) : SAID("%s, %s", other, own), &beside));
            assert_string_equal(alone.names.at, beside.names.at);
            if (memcmp(alone.pixels, beside.pixels, sizeof alone.pixels) != 0 ||
                memcmp(alone.losses, beside.losses, sizeof alone.losses) != 0)
                fail_msg("%s: the generator %s %s is another one", kinds[i], j % 2 ? "before" : "behind", other);
            text_free(&beside.names);
        }
        text_free(&alone.names);
    }
}

/* Both take their rows out of such a batch, mingled rows between, in ways of their own. */
static void loops_agree_beside_rows_of_others(void **state)
{
    (void)state;
    static const char *const orders[][2] = {{"{replay: {capacity: 9}}, ", ""},
                                            {"", ", {replay: {capacity: 9}}"},
                                            {"{icarl: {capacity: 6}}, ", ""},
                                            {"{replay: {capacity: 4, batch: 3}}, {icarl: {capacity: 6}}, ", ""}};
    const char *own = "{genreplay: {" SMALL ", distill: true}}";
    const char *slow = SAID("{plugin: %s, with: {distill: true}}", tiny("slow_genreplay"));
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        agrees("class-il", SAID("%s%s%s", orders[i][0], own, orders[i][1]),
               SAID("%s%s%s", orders[i][0], slow, orders[i][1]));
}

/* Mingled rows may fill a batch alone, in small batches the first one of a task, too. */
static void batches_without_fresh_rows_are_lived_through(void **state)
{
    (void)state;
    for (int seed = 0; seed < 4; seed++) {
        planned p = planned_well(
            SAID("perdure: 1\nname: t\nseeds: [%d]\ndata: {set: synthetic, classes: 6, train_rows: 30, test_rows: 12, "
                 "shape: [1, 3, 4], normalize: unit}\nstream: {split: {by: class, tasks: 3}, scenario: class-il}\n"
                 "network: {type: mlp, hidden: [8]}\ntraining: {batch: 1, epochs: 3}\n" CPU
                 "methods: [{name: a, strategies: [{icarl: {capacity: 12}}, {genreplay: {" SMALL "}}]}]\n",
                 seed));
        cell_result *r = sole_trained(p);
        assert_int_equal(r->warnings, 0);
        cell_result_close(r);
    }
}

/* ---- on digits ---- */

#define HALVES "z: 20, encoder: {type: mlp, hidden: [100]}, decoder: {type: mlp, hidden: [100]}"

static planned digits_plan(int64_t iterations, const char *strategies)
{
    return planned_well(SAID("perdure: 1\nname: t\ndata: {set: digits, normalize: unit}\n"
                             "stream: {split: {by: class, tasks: 5}, scenario: class-il}\n"
                             "network: {type: mlp, hidden: [100]}\noptimizer: {type: adam, lr: 0.001}\n"
                             "training: {batch: 32, iterations: %d}\n" CPU "methods: [{name: a, strategies: [%s]}]\n",
                             (int)iterations, strategies));
}

static double digits_accuracy(int64_t iterations, const char *strategies)
{
    cell_result *r = sole_trained(digits_plan(iterations, strategies));
    double all = 0;
    for (int64_t j = 1; j <= 5; j++)
        all += matrix_at(r->accuracy, 5, j) / 5;
    assert_int_equal(r->warnings, 0);
    cell_result_close(r);
    print_message("%s: %.3f\n", strategies, all);
    return all;
}

static void old_digits_stay_known(void **state)
{
    (void)state;
    double finetune = digits_accuracy(300, "");
    assert_true(finetune < 0.3);
    assert_true(digits_accuracy(300, "{genreplay: {" HALVES "}}") > 0.6);
    assert_true(digits_accuracy(300, "{genreplay: {distill: true, " HALVES "}}") > 0.6);
    assert_true(digits_accuracy(300, "{genreplay: {generator: gan, " HALVES "}}") > finetune + 0.1);
    assert_true(digits_accuracy(300, "{genreplay: {generator: wgan-gp, " HALVES
                                     ", gan_optimizer: {type: adam, lr: 0.001, betas: [0.5, 0.9]}}}") > finetune + 0.1);
}

static void it_composes_with_ewc(void **state)
{
    (void)state;
    cell_result *alone = sole_trained(digits_plan(20, "{genreplay: {" HALVES "}}"));
    cell_result *both = sole_trained(digits_plan(20, "{genreplay: {" HALVES "}}, {ewc: {lambda: 100}}"));
    cell_result *other = sole_trained(digits_plan(20, "{ewc: {lambda: 100}}, {genreplay: {" HALVES "}}"));
    assert_int_equal(both->warnings, 0);
    assert_string_not_equal(alone->weights_sha256, both->weights_sha256);
    assert_string_equal(both->weights_sha256, other->weights_sha256); /* neither minds the other's place */
    cell_result_close(alone);
    cell_result_close(both);
    cell_result_close(other);
}

/* ---- samples ---- */

/* A hundred a task; and whether somebody looks or not, training is the same to the bit. */
static void samples_are_shown_and_change_nothing(void **state)
{
    (void)state;
    gallery g = {0};
    const train_listener listener = {.self = &g, .picture = gallery_add};
    planned p = digits_plan(20, "{genreplay: {" HALVES "}}");
    cell_result *seen = cell_trained(&p, 0, 3, &listener), *unseen = cell_trained(&p, 0, 3, NULL);
    assert_string_equal(seen->weights_sha256, unseen->weights_sha256);
    assert_string_equal(g.names.at, "genreplay.after-task-1 genreplay.after-task-2 genreplay.after-task-3 "
                                    "genreplay.after-task-4 genreplay.after-task-5 ");
    assert_int_equal(g.width, 80);
    assert_int_equal(g.height, 80);
    assert_true(g.light > 0.1 && g.light < 0.9);
    text_free(&g.names);
    cell_result_close(seen);
    cell_result_close(unseen);
    planned_free(&p);
}

static int none_expected(void *self, const char *name, int64_t step, const picture *p, error *e)
{
    (void)step;
    (void)p;
    *(bool *)self = true;
    return error_set(e, EXIT_IO, "found the picture %s; expected none", name);
}

static void rows_that_are_no_pictures_are_replayed_all_the_same(void **state)
{
    (void)state;
    bool shown = false;
    const train_listener listener = {.self = &shown, .picture = none_expected};
    planned p = planned_well("perdure: 1\nname: t\ndata: {set: synthetic, classes: 4, train_rows: 24, test_rows: 8, "
                             "shape: [7], normalize: unit}\nstream: {split: {tasks: 2}}\nnetwork: {hidden: [4]}\n" CPU
                             "methods: [{name: a, strategies: [genreplay: {" SMALL "}]}]\n");
    cell_result_close(cell_trained(&p, 0, 3, &listener));
    assert_false(shown);
    planned_free(&p);
}

/* ---- refusals ---- */

static void rows_beyond_what_is_made_are_refused(void **state)
{
    (void)state;
    planned p = planned_well("perdure: 1\nname: t\ndata: {set: digits, normalize: none}\nstream: {split: {tasks: 2}}\n"
                             "network: {hidden: [4]}\n" CPU "methods: [{name: a, strategies: [genreplay: {}]}]\n");
    cell_result *r = NULL;
    error e = {0};
    assert_int_equal(cell_tried(&p, 0, 3, NULL, &r, &e), EXIT_FAILED);
    assert_string_equal(e.text,
                        "strategy genreplay, hook before_batch, task 1, step 1: found rows with values from 0 to 16; "
                        "expected 0 to 1, as data.normalize: unit makes them");
    planned_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loops_come_to_the_same_weights),
        cmocka_unit_test(the_term_has_its_scale),
        cmocka_unit_test(loops_play_the_same_game),
        cmocka_unit_test(the_generator_does_not_see_rows_of_others),
        cmocka_unit_test(loops_agree_beside_rows_of_others),
        cmocka_unit_test(batches_without_fresh_rows_are_lived_through),
        cmocka_unit_test(old_digits_stay_known),
        cmocka_unit_test(it_composes_with_ewc),
        cmocka_unit_test(samples_are_shown_and_change_nothing),
        cmocka_unit_test(rows_that_are_no_pictures_are_replayed_all_the_same),
        cmocka_unit_test(rows_beyond_what_is_made_are_refused),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
