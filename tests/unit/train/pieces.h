/* A cell that is stopped and goes on, any number of times, and what its end is compared with. */
#ifndef PERDURE_TESTS_TRAIN_PIECES_H
#define PERDURE_TESTS_TRAIN_PIECES_H
#include "fixture.h"

typedef struct stopper {
    int64_t asked, at; /* stops the at-th time that it is asked; 0: never */
    int64_t log_kept;
} stopper;

static inline bool stop_at(void *self)
{
    stopper *s = self;
    return ++s->asked == s->at;
}

static inline int log_keep(void *self, int64_t bytes, error *e)
{
    (void)e;
    ((stopper *)self)->log_kept = bytes;
    return 0;
}

static inline int log_place(void *self, int64_t *bytes, error *e)
{
    (void)e;
    *bytes = ((stopper *)self)->asked + 1000;
    return 0;
}

static inline char *home_new(void)
{
    static int number;
    error e = {0};
    char *home = SAID("%s/cell-%d", folder, number++);
    assert_int_equal(folder_make(home, &e), 0);
    return home;
}

static inline train_listener listening(stopper *s, const char *home)
{
    return (train_listener){.self = s, .folder = home, .stop = stop_at, .log_keep = log_keep, .log_place = log_place};
}

static inline void curves_equal(const curve *a, const curve *b)
{
    assert_int_equal(!a, !b);
    if (!a)
        return;
    assert_int_equal(a->count, b->count);
    for (int64_t i = 0; i < a->count; i++) {
        assert_int_equal(a->at[i].step, b->at[i].step);
        assert_int_equal(a->at[i].task, b->at[i].task);
        assert_int_equal(a->at[i].ended, b->at[i].ended);
    }
    const size_t places = (size_t)(a->count * a->tasks) * sizeof(int64_t);
    assert_memory_equal(a->right, b->right, places);
    assert_memory_equal(a->rows, b->rows, places);
}

static inline void results_equal(const cell_result *a, const cell_result *b, int64_t at)
{
    const size_t places = (size_t)((a->accuracy->tasks + 1) * a->accuracy->tasks) * sizeof(int64_t);
    if (strcmp(a->weights_sha256, b->weights_sha256) != 0)
        fail_msg("stopped the %lldth time: other weights", (long long)at);
    assert_memory_equal(a->accuracy->right, b->accuracy->right, places);
    assert_memory_equal(a->accuracy->count, b->accuracy->count, places);
    assert_int_equal(!a->network, !b->network);
    if (a->network)
        assert_memory_equal(a->network->right, b->network->right, places);
    if (a->validation)
        assert_memory_equal(a->validation->right, b->validation->right, places);
    curves_equal(a->anytime, b->anytime);
    assert_int_equal(a->steps, b->steps);
    assert_int_equal(a->warnings, b->warnings);
    assert_int_equal(a->finding_count, b->finding_count);
    for (int64_t i = 0; i < a->finding_count; i++)
        assert_memory_equal(a->findings[i].words, b->findings[i].words, strlen(a->findings[i].words) + 1);
}

/* The whole cell in one go; *asked: how often it could have been stopped. */
static inline cell_result *uninterrupted(const planned *p, int method, int64_t *asked)
{
    stopper never = {0};
    train_listener l = listening(&never, NULL);
    cell_result *r = cell_trained(p, method, 3, &l);
    *asked = never.asked;
    return r;
}

/* Stopped the at-th time, and every `every` times after that: each piece in turn. */
static inline cell_result *in_pieces(const planned *p, int method, int64_t at, int64_t every)
{
    char *home = home_new();
    for (int64_t pieces = 0; pieces < 200; pieces++) {
        stopper s = {.at = pieces ? every : at};
        train_listener l = listening(&s, home);
        cell_result *r = NULL;
        error e = {0};
        int code = cell_tried(p, method, 3, &l, &r, &e);
        if (!code)
            return r;
        if (code != EXIT_RESUMABLE)
            fail_msg("piece %lld: %d %s", (long long)pieces, code, e.text);
    }
    fail_msg("it never came to its end");
    return NULL;
}

/* `step`: of all the moments every so many-th is tried. */
static inline void goes_on(const planned *p, int method, int64_t step)
{
    int64_t asked;
    cell_result *whole = uninterrupted(p, method, &asked);
    assert_true(asked > 4);
    for (int64_t at = 1; at < asked; at += step) {
        cell_result *r = in_pieces(p, method, at, 0);
        results_equal(whole, r, at);
        cell_result_close(r);
    }
    cell_result *pieces = in_pieces(p, method, 2, 3);
    results_equal(whole, pieces, -1);
    cell_result_close(pieces);
    cell_result_close(whole);
}

static inline void all_go_on(planned p, int64_t step)
{
    for (int m = 0; m < p.plan->method_count; m++)
        goes_on(&p, m, step);
    planned_free(&p);
}

#define NEVER_ELSE "output: {checkpoint: {every: {batches: 1000000}, keep: 1}}\n"

#endif
