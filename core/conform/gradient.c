/* See inside.h. What backward gives for a term, beside what the term does when the weights move.
 *
 * A hook may draw and count, so it cannot simply be called again. Instead the process forks at the beginning of before_forward:
 * each child moves the weights a little, goes on as the loop does until after_loss, reads every term there and ends. All
 * children stand in the same state, so that they draw the same. The derivative along a direction d is then taken from five
 * points (f(-2h) - 8 f(-h) + 8 f(h) - f(2h)) / 12h, whose error falls with h^4; the network here is smooth. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/random.h"
#include "conform/inside.h"
#include "plugin/host.h"

enum { TERMS = 12, NAME = 48, DRAWN = 2, SIZES = 2 };
static const double sizes[SIZES] = {0.04, 0.01}; /* of h: one of them agrees where the other crosses a kink */
static const double share_wrong = 0.02;          /* of the gradient's length */

/* What a child tells, in shared memory; gradient [P] behind it. */
struct told {
    int64_t count; /* of terms; -1: it did not come so far */
    double value[TERMS];
    char name[TERMS][NAME];
    bool known; /* the gradient; false: the term has no graph, so that backward gives 0 */
    float gradient[];
};

static struct probe { /* in a child: what it is to do; else `told` is NULL */
    struct told *told;
    int term; /* whose gradient is wanted; -1: values alone */
} probe;

/* ---- in a child, at the end of after_loss ---- */

static void term_name(struct told *t, const char *kind, int64_t number)
{
    snprintf(t->name[t->count], NAME, number >= 0 ? "%s %lld" : "%s", kind, (long long)number + 1);
}

static double value_of(const pdr_tensor *t)
{
    double v = NAN;
    host_engine()->tensor->read(t, PDR_F64, &v, sizeof v);
    return v;
}

static void gradient_tell(struct told *told, const pdr_tensor *g, int64_t count)
{
    told->known =
        g && host_engine()->tensor->read(g, PDR_F32, told->gradient, (uint64_t)count * sizeof(float)) == PDR_OK;
}

static bool wanted(const struct told *t) { return probe.term == t->count; }

static void tensor_tell(struct told *told, pdr_model *m, const pdr_tensor *value, int64_t count)
{
    const struct engine *e = host_engine();
    pdr_scope *s = e->tensor->open(NULL, PDR_GRAD);
    told->value[told->count] = value_of(value);
    if (wanted(told))
        gradient_tell(told, e->model->gradient(s, m, value), count);
    told->count++;
}

/* The gradient that the update would add, by the engine's own pass. */
static void penalty_tell(struct told *told, pdr_model *m, const engine_penalty *p, int64_t count)
{
    const struct engine *e = host_engine();
    pdr_scope *s = e->tensor->open(NULL, PDR_NO_GRAD);
    told->value[told->count] = e->penalty_value(s, m, p);
    if (wanted(told)) {
        pdr_tensor *g = e->model->flat_grads(m);
        e->tensor->copy(s, g, e->tensor->full(s, PDR_F32, NULL, 0, 0));
        e->penalty_apply(s, m, p, 1);
        gradient_tell(told, g, count);
    }
    told->count++;
}

void gradient_after_loss(const pdr_step *step)
{
    const host_step *h = (const host_step *)step;
    struct told *told = probe.told;
    pdr_model *m = step->task->model;
    if (!told)
        return;
    const int64_t count = host_engine()->tensor->size(host_engine()->model->flat_params(m), 0);
    told->count = 0;
    if (h->session->strategies[0].plugin->hooks.compute_loss) {
        term_name(told, "compute_loss", -1);
        tensor_tell(told, m, step->loss, count);
    }
    for (int64_t i = 0; i < h->term_count && told->count < TERMS; i++) {
        term_name(told, "add_loss", i);
        tensor_tell(told, m, h->terms[i].value, count);
    }
    for (int64_t i = 0; i < h->penalty_count && told->count < TERMS; i++) {
        term_name(told, "add_penalty", i);
        penalty_tell(told, m, &h->penalties[i], count);
    }
    _exit(0);
}

void gradient_give_up(const error *why, outcome *out)
{
    if (!probe.told)
        return;
    if (!out->gradient[0])
        snprintf(out->gradient, sizeof out->gradient,
                 "\"%.300s\" once the weights were moved a little; expected a term", why->text);
    _exit(1);
}

/* ---- in the parent, at the beginning of before_forward ---- */

struct run {
    pdr_model *model;
    int64_t count; /* of parameters */
    struct told *told;
    const struct told *plain; /* a copy of what the child at 0 told */
};

static void weights_move(const struct run *r, const float *direction, double by)
{
    const struct engine *e = host_engine();
    pdr_scope *s = e->tensor->open(NULL, PDR_NO_GRAD);
    e->tensor->blend(s, e->model->flat_params(r->model), 1, e->tensor->from(s, PDR_F32, &r->count, 1, direction), by);
    e->tensor->close(s);
}

/* False in the parent, once the child has told or ended. */
static bool child_sent(const struct run *r, const float *direction, double by, int term)
{
    pid_t parent = getpid();
    r->told->count = -1;
    pid_t pid = fork();
    if (pid == 0) {
        if (!child_begin(parent))
            _exit(1);
        if (direction)
            weights_move(r, direction, by);
        probe = (struct probe){r->told, term};
        return true;
    }
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return false;
}

/* The slope of every term along a direction by five points; -1: this is a child. 1: a child did not come so far. */
static int slopes_take(const struct run *r, const float *direction, double h, double slope[TERMS])
{
    static const struct {
        double at, weight;
    } points[] = {{-2, 1. / 12}, {-1, -8. / 12}, {1, 8. / 12}, {2, -1. / 12}};
    for (int i = 0; i < TERMS; i++)
        slope[i] = 0;
    for (size_t p = 0; p < sizeof points / sizeof *points; p++) {
        if (child_sent(r, direction, points[p].at * h, -1))
            return -1;
        if (r->told->count != r->plain->count)
            return 1;
        for (int64_t i = 0; i < r->told->count; i++)
            slope[i] += points[p].weight * r->told->value[i] / h;
    }
    return 0;
}

static double length_of(const float *at, int64_t count)
{
    double sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += (double)at[i] * (double)at[i];
    return sqrt(sum);
}

static double along(const float *gradient, const float *direction, int64_t count)
{
    double sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += (double)gradient[i] * (double)direction[i];
    return sum;
}

struct term {
    float *gradient; /* [P]; zeros where it has no graph */
    double length;
    bool known;
};

/* One term along one direction: by how much the two differ, as a share of the length of its gradient. */
static double slope_apart(const struct run *r, const struct term *t, const float *direction, double slope)
{
    return fabs(slope - along(t->gradient, direction, r->count)) / fmax(t->length, 1e-30);
}

/* How much of that rounding may be, as the values are float32. */
static double rounding_of(const struct run *r, const struct term *t, int64_t i, double h)
{
    return 12 * 6e-8 * fmax(fabs(r->plain->value[i]), 1e-3) / h / fmax(t->length, 1e-30);
}

static void wrong_say(const struct run *r, const struct term *t, int64_t i, const float *direction, double slope,
                      const pdr_step *s, outcome *out)
{
    if (out->gradient[0])
        return;
    snprintf(
        out->gradient, sizeof out->gradient,
        "%s, task %lld, step %lld: backward says that it changes by %.4g along a direction%s, and it changes by %.4g; "
        "expected the same (a detach() or a kept tensor on the way does that)",
        r->plain->name[i], (long long)s->task->index + 1, (long long)s->index + 1,
        along(t->gradient, direction, r->count), t->known ? "" : " (it has no graph)", slope);
}

/* -1: this is a child. */
static int direction_compare(const struct run *r, const struct term *terms, const float *direction, const pdr_step *s,
                             outcome *out)
{
    double slope[SIZES][TERMS];
    for (int k = 0; k < SIZES; k++) {
        int code = slopes_take(r, direction, sizes[k], slope[k]);
        if (code)
            return code;
    }
    for (int64_t i = 0; i < r->plain->count; i++) {
        int best = 0;
        double apart[SIZES], wrong[SIZES];
        for (int k = 0; k < SIZES; k++) {
            apart[k] = slope_apart(r, &terms[i], direction, slope[k][i]);
            wrong[k] = apart[k] - rounding_of(r, &terms[i], i, sizes[k]);
            best = isnan(wrong[best]) || wrong[k] < wrong[best] ? k : best;
        }
        if (!(wrong[best] <= share_wrong))
            wrong_say(r, &terms[i], i, direction, slope[best][i], s, out);
        else if (terms[i].length > 0)
            out->gradient_error = fmax(out->gradient_error, apart[best]);
    }
    return 0;
}

/* Directions: down each term's own gradient, where a wrong length shows best, and some that are drawn. */
static int directions_compare(const struct run *r, const struct term *terms, const pdr_step *s, outcome *out)
{
    float *direction = alloc_zero((size_t)r->count, sizeof *direction);
    random_stream draw = random_open(1, "conform", "direction", s->task->index);
    int code = 0;
    for (int64_t i = 0; !code && i < r->plain->count + DRAWN; i++) {
        const bool own = i < r->plain->count;
        if (own && !(terms[i].length > 0))
            continue;
        if (own)
            memcpy(direction, terms[i].gradient, (size_t)r->count * sizeof *direction);
        else
            random_normals(&draw, direction, (size_t)r->count);
        const double length = length_of(direction, r->count);
        for (int64_t j = 0; j < r->count; j++)
            direction[j] = (float)((double)direction[j] / length);
        code = direction_compare(r, terms, direction, s, out);
    }
    free(direction);
    return code;
}

/* -1: this is a child. */
static int gradients_take(const struct run *r, struct term *terms)
{
    for (int i = 0; i < r->plain->count; i++) {
        if (child_sent(r, NULL, 0, i))
            return -1;
        if (r->told->count != r->plain->count)
            return 1;
        terms[i].known = r->told->known;
        terms[i].gradient = alloc_zero((size_t)r->count, sizeof(float));
        if (r->told->known)
            memcpy(terms[i].gradient, r->told->gradient, (size_t)r->count * sizeof(float));
        terms[i].length = length_of(terms[i].gradient, r->count);
    }
    return 0;
}

static int step_compare(struct run *r, const pdr_step *s, outcome *out)
{
    struct told plain;
    struct term terms[TERMS] = {{0}};
    if (child_sent(r, NULL, 0, -1))
        return -1;
    if (r->told->count < 0)
        return 1;
    memcpy(&plain, r->told, sizeof plain);
    r->plain = &plain;
    out->gradients += plain.count;
    int code = plain.count ? gradients_take(r, terms) : 0;
    if (!code && plain.count)
        code = directions_compare(r, terms, s, out);
    for (int i = 0; i < TERMS; i++)
        free(terms[i].gradient);
    return code;
}

/* The second step of each task: the weights have left their anchors, and a gradient has been made. */
void gradient_before_forward(const pdr_step *s, outcome *out)
{
    if (s->index != 1 || probe.told)
        return;
    struct run r = {.model = s->task->model};
    r.count = host_engine()->tensor->size(host_engine()->model->flat_params(r.model), 0);
    const size_t room = sizeof(struct told) + (size_t)r.count * sizeof(float);
    r.told = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (r.told == MAP_FAILED)
        return;
    int code = step_compare(&r, s, out);
    if (code > 0 && !out->gradient[0])
        snprintf(out->gradient, sizeof out->gradient,
                 "task %lld, step %lld: a step that does not come to its end once the weights were moved a little; "
                 "expected a term",
                 (long long)s->task->index + 1, (long long)s->index + 1);
    if (code >= 0)
        munmap(r.told, room);
}
