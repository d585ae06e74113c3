/* Streams as they seldom come: one row a batch, one class a task, a task without rows; then all kinds of them, and the GPU. A
 * strategy may refuse one in its own words; it must not crash, hang or come to numbers that are none. */
#include <stdio.h>
#include <string.h>

#include "conform/inside.h"

/* One attempt more of a check: adds to `words` what came of it. False: it is bad, and said. */
static bool edge_try(conform *k, const char *check, const char *which, const ground *g, const attempt *like,
                     text *words)
{
    attempt a = like ? *like : (attempt){0};
    char spare[160];
    a.ground = g;
    a.real = k->real;
    a.seed = 1;
    attempt_make(&a, k->options->seconds, k->out);
    const outcome *out = k->out;
    if (out->why.code && !refused_in_words(k)) {
        verdict_say(k, check, BAD, "%s: it did not come to its end, nor refused in its own words: %s", which,
                    out->why.text);
        return false;
    }
    if (left_over(k, spare, sizeof spare)) {
        verdict_say(k, check, BAD, "%s: found %s; expected none", which, spare);
        return false;
    }
    const char *why = strstr(out->why.text, ": "); /* behind strategy, hook, task and step */
    text_addf(words, "%s%s", words->length ? "; " : "", which);
    if (out->why.code)
        text_addf(words, " refused (%s)", why ? why + 2 : "");
    return true;
}

/* A ground of its own and one attempt on it. */
static int ground_try(conform *k, const char *check, const char *which, const ground_words *w, text *words, bool *good,
                      error *e)
{
    ground g;
    int code = *good ? ground_open(k, w, &g, e) : 0;
    if (!*good)
        return 0;
    if (!code)
        *good = edge_try(k, check, which, &g, NULL, words);
    ground_close(&g);
    return code;
}

static int good_say(conform *k, const char *check, bool good, int code, text *words)
{
    if (good && !code)
        verdict_say(k, check, GOOD, "%s", words->at);
    text_free(words);
    return code;
}

int try_one_row(conform *k, error *e)
{
    text words = {0};
    bool good = true;
    const ground_words single = {
        .training = "{batch: 1, epochs: 1}",
        .data = "{set: synthetic, classes: 6, train_rows: 24, test_rows: 12, shape: [1, 4, 4], validation: 0.25}"};
    const ground_words last = {
        .training = "{batch: 7, epochs: 2}",
        .data = "{set: synthetic, classes: 6, train_rows: 30, test_rows: 12, shape: [1, 4, 4], validation: 0.25}"};
    int code = ground_try(k, "one-row", "batches of one row", &single, &words, &good, e);
    if (!code)
        code = ground_try(k, "one-row", "a last batch of one row", &last, &words, &good, e);
    return good_say(k, "one-row", good, code, &words);
}

int try_one_class(conform *k, error *e)
{
    text words = {0};
    bool good = true;
    const ground_words w = {
        .data = "{set: synthetic, classes: 4, train_rows: 48, test_rows: 16, shape: [1, 4, 4], validation: 0.25}",
        .tasks = 4,
        .training = "{batch: 3, epochs: 2}"}; /* of nine rows: no batch of one */
    int code = ground_try(k, "one-class", "tasks of one class", &w, &words, &good, e);
    return good_say(k, "one-class", good, code, &words);
}

int try_no_rows(conform *k, error *e)
{
    static const char *const which[] = {"a first task without rows", "a second one", "a last one"};
    text words = {0};
    bool good = true;
    (void)e;
    for (int64_t i = 0; i < 3 && good; i++) {
        const attempt a = {.what = WITHOUT_ROWS, .empty = i};
        good = edge_try(k, "no-rows", which[i], &k->base, &a, &words);
    }
    return good_say(k, "no-rows", good, 0, &words);
}

/* ---- kinds of streams ---- */

static const struct {
    const char *name, *stream;
    const char *training; /* NULL: as ever */
    uint32_t not_with;    /* flags that it does not go with */
} kinds[] = {
    {"class-il", "{split: {by: class, tasks: 3}, scenario: class-il}", NULL, PDR_NEEDS_TASK_ID},
    {"class-il, active: task", "{split: {by: class, tasks: 3}, scenario: class-il, active: task}", NULL,
     PDR_NEEDS_TASK_ID},
    {"task-il, a head a task", "{split: {by: class, tasks: 3}, scenario: task-il, head: multi}", NULL, 0},
    {"task-il, one head", "{split: {by: class, tasks: 3}, scenario: task-il, head: single}", NULL, 0},
    {"domain-il", "{split: {by: class, tasks: 3}, scenario: domain-il}", NULL, PDR_NEEDS_TASK_ID},
    {"domain-il by permutation", "{split: {by: permutation, tasks: 3}, scenario: domain-il}", NULL, PDR_NEEDS_TASK_ID},
    {"task-free", "{split: {by: class, tasks: 3}, scenario: task-free}", "{batch: 8, epochs: 1}",
     PDR_NEEDS_TASK_ID | PDR_NEEDS_BOUNDARIES},
};

int try_streams(conform *k, error *e)
{
    text words = {0};
    bool good = true;
    int code = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && good && !code; i++) {
        const ground_words w = {.stream = kinds[i].stream, .training = kinds[i].training};
        if (!(k->real->descriptor->flags & kinds[i].not_with))
            code = ground_try(k, "streams", kinds[i].name, &w, &words, &good, e);
    }
    return good_say(k, "streams", good, code, &words);
}

/* ---- the GPU ---- */

int try_gpu(conform *k, error *e)
{
    enum { LOADING = 4 }; /* times as long: CUDA's own libraries have to be loaded */
    ground g;
    error why = {0};
    char words[160];
    const ground_words w = {.device = "{type: cuda, threads: 1}"};
    (void)e;
    if (ground_open(k, &w, &g, &why)) {
        const char *found = strstr(why.text, "found "); /* where it stands in the scenario says nothing here */
        verdict_say(k, "gpu", NOT_APPLICABLE, "%s", found ? found : why.text);
        ground_close(&g);
        return 0;
    }
    const attempt a = {.ground = &g, .real = k->real, .seed = 1};
    attempt_make(&a, LOADING * k->options->seconds, k->out);
    if (k->out->why.code)
        verdict_say(k, "gpu", BAD, "%s: it did not come to its end: %s", g.plan->device, k->out->why.text);
    else if (left_over(k, words, sizeof words))
        verdict_say(k, "gpu", BAD, "%s: found %s; expected none", g.plan->device, words);
    else
        verdict_say(k, "gpu", GOOD, "%s: all tasks to their end, accuracy %.2f, on the CPU %.2f", g.plan->device,
                    k->out->accuracy, k->first->accuracy);
    ground_close(&g);
    return 0;
}
