/* Blurry tasks: of each class a share of the training rows is dealt to the other tasks, evenly.
 *
 * Where tasks are alike in size this is Bang et al. 2021 (Rainbow Memory, arXiv 2103.17230), BlurryM with M = 100 share: of
 * a task's rows M % are of the other tasks' classes, as many of each, and a class is never gone for good. Rows change
 * hands and nothing else: none is lost or doubled, a row keeps the form and the column that its own task gave it, and
 * rows held out and test rows stay where they are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "data/source.h"

/* ---- rows ---- */

/* Places that a task ends with. */
typedef struct hand {
    int64_t *at, count, room;
} hand;

static void hand_take(hand *h, int64_t place)
{
    if (h->count == h->room) {
        h->room = 2 * h->room + 64;
        h->at = alloc_again(h->at, (size_t)h->room, sizeof *h->at);
    }
    h->at[h->count++] = place;
}

/* Of the class's rows in task t the share, rounded, but never the last one; the k-th goes k tasks on from the last that got
 * one, past its own. `turn`: how many of this task's rows were dealt so far. */
static void class_deal(const struct scenario *s, const dataset *d, const stream_task *t, int64_t class,
                       random_stream *random, int64_t tasks, int64_t *turn, hand *hands)
{
    int64_t n = 0, *at = alloc_zero((size_t)t->train_count + 1, sizeof *at);
    for (int64_t i = 0; i < t->train_count; i++)
        if (d->train.label[place_row(&d->train, t->train[i])] == class)
            at[n++] = t->train[i];
    int64_t given = llround(s->stream.share * (double)n), *order = alloc_zero((size_t)n + 1, sizeof *order);
    given = given < n ? given : n - 1;
    random_permutation(random, order, n);
    for (int64_t i = 0; i < n; i++) {
        int64_t to = i < given ? (t->index + 1 + (*turn)++ % (tasks - 1)) % tasks : t->index;
        hand_take(&hands[to], at[order[i]]);
    }
    free(order);
    free(at);
}

static int place_compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void rows_exchange(const struct scenario *s, const dataset *d, uint64_t seed, stream *out)
{
    hand *hands = alloc_zero((size_t)out->count, sizeof *hands);
    for (int64_t i = 0; i < out->count; i++) {
        const stream_task *t = &out->tasks[i];
        random_stream random = random_open(seed, "stream", "blurry", i);
        int64_t turn = 0;
        for (int64_t j = 0; j < t->class_count; j++)
            class_deal(s, d, t, t->classes[j], &random, out->count, &turn, hands);
    }
    for (int64_t i = 0; i < out->count; i++) {
        stream_task *t = &out->tasks[i];
        free(t->train);
        qsort(hands[i].at, (size_t)hands[i].count, sizeof *hands[i].at, place_compare);
        t->train = hands[i].at;
        t->train_count = hands[i].count;
    }
    free(hands);
}

/* ---- columns: numbered as classes arrive, now that some do so before their own task ---- */

typedef struct arrival {
    int64_t first, home, place; /* the task whose rows have it first; its own task, and its place in that */
} arrival;

static int arrival_compare(const void *a, const void *b)
{
    const arrival *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    if (x->home != y->home)
        return x->home < y->home ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

/* first_in[column]: the first task that has rows of it, else its own. */
static int64_t *columns_first(const dataset *d, const stream *s)
{
    int64_t *first_in = alloc_zero((size_t)s->columns, sizeof *first_in);
    for (int64_t i = s->count - 1; i >= 0; i--) {
        const stream_task *t = &s->tasks[i];
        for (int64_t j = 0; j < t->class_count; j++)
            first_in[t->columns[j]] = i;
    }
    for (int64_t i = s->count - 1; i >= 0; i--)
        for (int64_t j = 0; j < s->tasks[i].train_count; j++) {
            int64_t column = stream_column(s, &d->train, s->tasks[i].train[j]);
            first_in[column] = i < first_in[column] ? i : first_in[column];
        }
    return first_in;
}

static void columns_renumber(const dataset *d, stream *s)
{
    int64_t *first_in = columns_first(d, s), n = 0;
    arrival *all = alloc_zero((size_t)s->columns, sizeof *all);
    for (int64_t i = 0; i < s->count; i++)
        for (int64_t j = 0; j < s->tasks[i].class_count; j++)
            all[n++] = (arrival){first_in[s->tasks[i].columns[j]], i, j};
    qsort(all, (size_t)n, sizeof *all, arrival_compare);
    for (int64_t i = 0; i < n; i++) {
        stream_task *t = &s->tasks[all[i].home];
        t->columns[all[i].place] = i;
        s->column_of[all[i].home * s->set_classes + t->classes[all[i].place]] = (int32_t)i;
    }
    free(all);
    free(first_in);
}

/* A task's columns are those that its rows have, and its own; seen is what came so far: a run from 0 on, as columns are
 * numbered so. */
static void columns_see(const dataset *d, stream *s)
{
    int64_t seen = 0;
    bool *there = alloc_zero((size_t)s->columns, sizeof *there);
    for (int64_t i = 0; i < s->count; i++) {
        stream_task *t = &s->tasks[i];
        memset(there, 0, (size_t)s->columns * sizeof *there);
        for (int64_t j = 0; j < t->class_count; j++)
            there[t->columns[j]] = true;
        for (int64_t j = 0; j < t->train_count; j++)
            there[stream_column(s, &d->train, t->train[j])] = true;
        free(t->present);
        t->present = alloc_zero((size_t)s->columns, sizeof *t->present);
        t->present_count = 0;
        for (int64_t j = 0; j < s->columns; j++)
            if (there[j])
                t->present[t->present_count++] = j;
        t->seen_before = seen;
        seen = t->present[t->present_count - 1] + 1 > seen ? t->present[t->present_count - 1] + 1 : seen;
        t->seen = seen;
    }
    free(there);
}

void stream_blur(const struct scenario *s, const dataset *d, uint64_t seed, bool shared, stream *out)
{
    rows_exchange(s, d, seed, out);
    if (!shared)
        columns_renumber(d, out);
    columns_see(d, out);
}
