/* The plan for people: what `check` and `run --dry-run` show. The JSON form says the same, in full. */
#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"

static void data_print(const struct scenario *s, text *out)
{
    text_addf(out, "data       %s, normalize: %s\n", data_set_name(s->data.set), normalize_name(s->data.normalize));
}

static void stream_print(const struct scenario *s, text *out)
{
    const struct stream_options *o = &s->stream;
    text_addf(out, "stream     %lld tasks by %s, order %s, %s, head: %s, active: %s\n", (long long)o->split.tasks,
              split_by_name(o->split.by), split_order_name(o->split.order), scenario_kind_name(o->scenario),
              head_kind_name(o->head), active_classes_name(o->active));
}

static void network_print(const struct scenario *s, text *out)
{
    text_addf(out, "network    %s", network_type_name(s->network.type));
    for (int64_t i = 0; i < s->network.hidden.count; i++)
        text_addf(out, "%s%lld", i ? "-" : ", hidden ", (long long)s->network.hidden.at[i]);
    text_addf(out, "\n");
}

static void optimizer_print(const struct scenario *s, text *out)
{
    const struct optimizer_options *o = &s->optimizer;
    text_addf(out, "optimizer  %s, lr %g", optimizer_type_name(o->type), o->lr);
    if (o->type == OPTIMIZER_SGD)
        text_addf(out, ", momentum %g", o->momentum);
    else
        text_addf(out, ", betas %g %g, epsilon %g", o->beta1, o->beta2, o->epsilon);
    text_addf(out, ", weight_decay %g\ntraining   batch %lld, %lld epoch%s a task\n", o->weight_decay,
              (long long)s->training.batch, (long long)s->training.epochs, s->training.epochs == 1 ? "" : "s");
}

static void method_print(const plan_method *m, text *out)
{
    text_addf(out, "  %s: ", m->name);
    if (!m->count)
        text_addf(out, "no strategy");
    for (int i = 0; i < m->count; i++) {
        const pdr_plugin *d = m->strategies[i].plugin->descriptor;
        text_addf(out, "%s%s %s", i ? " + " : "", m->strategies[i].name, d->version ? d->version : "");
    }
    text_addf(out, "; train_on: %s; executor: %s (%s)\n", train_on_name(m->train_on), m->executor, m->executor_why);
}

void plan_print(const plan *p, text *out)
{
    const struct scenario *s = p->scenario;
    text_addf(out, "%s: %d method%s x %lld seed%s = %lld cells into %s\n", s->name, p->method_count,
              p->method_count == 1 ? "" : "s", (long long)s->seeds.count, s->seeds.count == 1 ? "" : "s",
              (long long)(s->seeds.count * p->method_count), p->folder);
    data_print(s, out);
    stream_print(s, out);
    network_print(s, out);
    optimizer_print(s, out);
    text_addf(out, "device     %s, %lld thread%s%s: %s\nmethods\n", p->device, (long long)s->device.threads,
              s->device.threads == 1 ? "" : "s", s->device.deterministic ? ", deterministic" : "", p->device_why);
    for (int i = 0; i < p->method_count; i++)
        method_print(&p->methods[i], out);
}
