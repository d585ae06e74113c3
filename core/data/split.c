/* How a set becomes tasks: by its classes, or by what tasks do to the rows of all of them. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "data/source.h"

/* ---- classes of the tasks ---- */

static void task_classes(stream_task *t, const int64_t *classes, int64_t count)
{
    t->class_count = count;
    t->classes = alloc_zero((size_t)count, sizeof *t->classes);
    t->columns = alloc_zero((size_t)count, sizeof *t->columns);
    memcpy(t->classes, classes, (size_t)count * sizeof *classes);
}

static int split_even(const struct scenario *s, const dataset *d, uint64_t seed, stream *out, error *e)
{
    int64_t tasks = s->stream.split.tasks, each = d->class_count / tasks;
    if (d->class_count % tasks)
        return scenario_fault(s, "stream.split.tasks", e,
                              "found %lld tasks; expected a number that divides the %lld classes of %s",
                              (long long)tasks, (long long)d->class_count, d->name);
    int64_t *order = alloc_zero((size_t)d->class_count, sizeof *order);
    for (int64_t i = 0; i < d->class_count; i++)
        order[i] = i;
    if (s->stream.split.order == ORDER_SHUFFLED) {
        random_stream random = random_open(seed, "stream", "order", 0);
        random_permutation(&random, order, d->class_count);
    }
    for (int64_t i = 0; i < tasks; i++)
        task_classes(&out->tasks[i], order + i * each, each);
    free(order);
    return 0;
}

static int split_listed(const struct scenario *s, const dataset *d, stream *out, error *e)
{
    const struct int_list *groups = s->stream.split.groups;
    int64_t listed = 0;
    for (int64_t i = 0; i < s->stream.split.tasks; i++) {
        for (int64_t j = 0; j < groups[i].count; j++)
            if (groups[i].at[j] < 0 || groups[i].at[j] >= d->class_count)
                return scenario_fault(
                    s, "stream.split.order", e, "found class %lld in task %lld; expected 0 to %lld, the classes of %s",
                    (long long)groups[i].at[j], (long long)i + 1, (long long)d->class_count - 1, d->name);
        task_classes(&out->tasks[i], groups[i].at, groups[i].count);
        listed += groups[i].count;
    }
    if (listed != d->class_count)
        return scenario_fault(s, "stream.split.order", e,
                              "found %lld classes in the tasks; expected each of the %lld classes of %s once",
                              (long long)listed, (long long)d->class_count, d->name);
    return 0;
}

/* ---- tasks of all classes, whose rows differ ---- */

static void split_same(const dataset *d, stream *out)
{
    int64_t *all = alloc_zero((size_t)d->class_count, sizeof *all);
    for (int64_t i = 0; i < d->class_count; i++)
        all[i] = i;
    for (int64_t i = 0; i < out->count; i++)
        task_classes(&out->tasks[i], all, d->class_count);
    free(all);
    out->views = alloc_zero((size_t)out->count, sizeof *out->views);
}

static int views_permuted(const struct scenario *s, const dataset *d, uint64_t seed, stream *out, error *e)
{
    if (d->train.width > INT32_MAX)
        return error_set(e, EXIT_DATA, "%s: found rows of %lld values; expected at most %d to be permuted", d->name,
                         (long long)d->train.width, INT32_MAX);
    for (int64_t i = s->stream.split.identity; i < out->count; i++) {
        random_stream random = random_open(seed, "stream", "permutation", i);
        out->views[i] = transform_permutation(&random, d->train.width);
    }
    return 0;
}

static double angle_of(const struct scenario *s, uint64_t seed, int64_t task)
{
    double degrees = s->stream.split.degrees;
    if (s->stream.split.order != ORDER_SHUFFLED)
        return degrees * (double)task / (double)s->stream.split.tasks;
    random_stream random = random_open(seed, "stream", "rotation", task);
    return degrees * random_unit(&random);
}

static int views_rotated(const struct scenario *s, const dataset *d, uint64_t seed, stream *out, error *e)
{
    int64_t planes, height, width;
    if (!dataset_pictures(d, &planes, &height, &width) || height * width > INT32_MAX) {
        char *shape = dataset_shape_words(d);
        scenario_fault(s, "stream.split.by", e, "found rotation of rows of shape %s; expected rows [C, H, W] or [H, W]",
                       shape);
        free(shape);
        return EXIT_SCENARIO;
    }
    for (int64_t i = 0; i < out->count; i++) {
        double angle = angle_of(s, seed, i);
        out->views[i] = angle > 0 ? transform_rotation(angle, planes, height, width) : NULL;
    }
    return 0;
}

int split_open(const struct scenario *s, const dataset *d, uint64_t seed, stream *out, error *e)
{
    switch (s->stream.split.by) {
    case SPLIT_PERMUTATION: split_same(d, out); return views_permuted(s, d, seed, out, e);
    case SPLIT_ROTATION: split_same(d, out); return views_rotated(s, d, seed, out, e);
    default: break;
    }
    return s->stream.split.order == ORDER_LISTED ? split_listed(s, d, out, e) : split_even(s, d, seed, out, e);
}
