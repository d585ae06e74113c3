/* How far a task goes, and the learning rate on the way: a schedule begins anew with every task, since each is a training of
 * its own. */
#include <math.h>

#include "train/cell.h"

static const struct training_options *training_of(const cell *c) { return &c->method->options->training; }

/* Steps of the epoch that runs: mingled rows lengthen it. */
static int64_t steps_an_epoch(const cell *c)
{
    int64_t batch = training_of(c)->batch;
    return (c->order.count + batch - 1) / batch;
}

/* All tasks as one have as many iterations as all have one by one, as an epoch over all of their rows has. */
static int64_t tasks_as_one(const cell *c) { return c->method->train_on == TRAIN_ALL ? c->stream->count : 1; }

static int64_t steps_product(int64_t a, int64_t b)
{
    int64_t product;
    return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

static int64_t iterations_of(const cell *c) { return steps_product(training_of(c)->iterations, tasks_as_one(c)); }

bool schedule_over(const cell *c, int64_t epoch)
{
    const struct training_options *t = training_of(c);
    return t->iterations ? c->steps - c->steps_before >= iterations_of(c) : epoch >= t->epochs;
}

bool schedule_ends(const cell *c, int64_t epoch)
{
    bool last = c->order.next >= c->order.count;
    return training_of(c)->iterations ? schedule_over(c, epoch) : last && schedule_over(c, epoch + 1);
}

int64_t schedule_steps(const cell *c, int64_t rows)
{
    const struct training_options *t = training_of(c);
    return t->iterations ? iterations_of(c) : steps_product((rows + t->batch - 1) / t->batch, t->epochs);
}

static double rate_stepped(const struct schedule_options *s, double lr, int64_t done)
{
    for (int64_t i = 0; i < s->at.count && s->at.at[i] <= done; i++)
        lr *= s->factor;
    return lr;
}

/* Loshchilov and Hutter 2017, arXiv 1608.03983, equation 5, without restarts within a task. */
static double rate_on_cosine(const struct schedule_options *s, double lr, double share)
{
    return s->to + (lr - s->to) * (1 + cos(M_PI * (share < 1 ? share : 1))) / 2;
}

double schedule_rate(const cell *c, int64_t epoch)
{
    const struct training_optimizer_options *o = &c->method->options->optimizer;
    const struct training_options *t = training_of(c);
    int64_t step = c->steps - c->steps_before;
    if (o->schedule.type == SCHEDULE_STEP) /* `at` is stretched as the task is: of these steps one in so many counts */
        return rate_stepped(&o->schedule, o->common.lr, t->iterations ? step / tasks_as_one(c) : epoch);
    if (o->schedule.type == SCHEDULE_CONSTANT)
        return o->common.lr;
    int64_t steps = t->iterations ? iterations_of(c) : steps_product(steps_an_epoch(c), t->epochs);
    return rate_on_cosine(&o->schedule, o->common.lr, (double)step / (double)steps);
}
