/* The plan for people: what `check` and `run --dry-run` show. The JSON form says the same, in full. */
#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"

enum { SOURCE_SHOWN = 200 };

static void data_print(const struct scenario *s, text *out)
{
    text_addf(out, "data       %s, normalize: %s", data_set_name(s->data.set), normalize_name(s->data.normalize));
    if (s->data.pad)
        text_addf(out, ", pad: %lld", (long long)s->data.pad);
    for (int64_t i = 0; i < s->data.augment.count; i++) {
        const struct augmentation *a = &s->data.augment.at[i];
        text_addf(out, "%s%s", i ? ", " : ", augment: ", augmentation_name(a->kind));
        if (a->kind == AUGMENT_CROP)
            text_addf(out, " %lld", (long long)a->pad);
    }
    if (s->data.validation > 0)
        text_addf(out, ", validation: %g", s->data.validation);
    text_addf(out, "\n");
}

static void stream_print(const struct scenario *s, text *out)
{
    const struct stream_options *o = &s->stream;
    text_addf(out, "stream     %lld tasks by %s, order %s, %s", (long long)o->split.tasks, split_by_name(o->split.by),
              split_order_name(o->split.order), scenario_kind_name(o->scenario));
    if (o->boundaries == BOUNDARIES_BLURRY)
        text_addf(out, ", boundaries: blurry, share %g", o->share);
    text_addf(out, ", head: %s, active: %s\n", head_kind_name(o->head), active_classes_name(o->active));
}

static void anytime_print(const struct scenario *s, text *out)
{
    const int64_t batches = s->evaluation.anytime.batches, rows = s->evaluation.anytime.rows;
    if (!batches)
        return;
    text_addf(out, "anytime    every %lld batch%s, on the tasks so far", (long long)batches, batches == 1 ? "" : "es");
    if (rows)
        text_addf(out, ", at most %lld rows of each", (long long)rows);
    text_addf(out, "\n");
}

static void list_print(const char *before, const struct int_list *list, text *out)
{
    for (int64_t i = 0; i < list->count; i++)
        text_addf(out, "%s%lld", i ? "-" : before, (long long)list->at[i]);
}

static void network_print(const struct network_options *n, const char *before, text *out)
{
    text_addf(out, "%s%s", before, network_type_name(n->type));
    list_print(", channels ", &n->channels, out);
    list_print(", hidden ", &n->hidden, out);
    if (n->width)
        text_addf(out, ", width %lld", (long long)n->width);
    for (int64_t i = 0; i < n->layers.count; i++) {
        text_addf(out, "%s%s", i ? ", " : ": ", layer_kind_name(n->layers.at[i].kind));
        if (n->layers.at[i].size)
            text_addf(out, " %lld", (long long)n->layers.at[i].size);
    }
    if (n->weights)
        text_addf(out, "; begins with %s", n->weights);
    text_addf(out, "\n");
}

static void schedule_print(const struct schedule_options *s, text *out)
{
    text_addf(out, ", %s", schedule_type_name(s->type));
    list_print(" at ", &s->at, out);
    if (s->type == SCHEDULE_STEP)
        text_addf(out, " by %g", s->factor);
    if (s->type == SCHEDULE_COSINE)
        text_addf(out, " to %g", s->to);
}

static void optimizer_print(const struct training_optimizer_options *optimizer, const char *before, text *out)
{
    const struct optimizer_options *o = &optimizer->common;
    text_addf(out, "%s%s, lr %g", before, optimizer_type_name(o->type), o->lr);
    if (optimizer->schedule.type != SCHEDULE_CONSTANT)
        schedule_print(&optimizer->schedule, out);
    if (o->type == OPTIMIZER_SGD)
        text_addf(out, ", momentum %g", o->momentum);
    else
        text_addf(out, ", betas %g %g, epsilon %g", o->beta1, o->beta2, o->epsilon);
    text_addf(out, ", weight_decay %g%s\n", o->weight_decay, optimizer->reset_per_task ? ", reset for every task" : "");
}

static void training_print(const struct training_options *t, const char *before, text *out)
{
    int64_t count = t->iterations ? t->iterations : t->epochs;
    text_addf(out, "%sbatch %lld, %lld %s%s a task", before, (long long)t->batch, (long long)count,
              t->iterations ? "iteration" : "epoch", count == 1 ? "" : "s");
    if (t->gradient_clip > 0)
        text_addf(out, ", gradient clipped at norm %g", t->gradient_clip);
    text_addf(out, "\n");
}

/* What the method has of its own, where it has. */
static void method_print_set(const struct method_options *m, text *out)
{
    bool said[3] = {false};
    for (const node *n = m->set ? m->set->first : NULL; n; n = n->next)
        said[n->key[0] == 'n' ? 0 : n->key[0] == 'o' ? 1 : 2] = true;
    if (said[0])
        network_print(&m->network, "    network    ", out);
    if (said[1])
        optimizer_print(&m->optimizer, "    optimizer  ", out);
    if (said[2])
        training_print(&m->training, "    training   ", out);
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
    method_print_set(m->options, out);
}

static void gate_print(const struct gate_options *g, text *out)
{
    char *source = text_tamed(g->source, SOURCE_SHOWN);
    text_addf(out, "  %s: %s", g->method, metric_name_text(g->metric));
    if (g->ranged)
        text_addf(out, " between %.15g and %.15g", g->low, g->high);
    else
        text_addf(out, " is %.15g, within %.15g", g->is, g->within);
    if (g->sem > 0)
        text_addf(out, " or 2.5 SEM (published: %.15g)", g->sem);
    text_addf(out, "; %s\n", source);
    free(source);
}

static void checkpoint_print(const struct checkpoint_options *o, text *out)
{
    text_addf(out, "checkpoint ");
    if (!o->on) {
        text_addf(out, "none\n");
        return;
    }
    if (o->every == CHECKPOINT_TASK)
        text_addf(out, "after every task");
    else if (o->every == CHECKPOINT_BATCHES)
        text_addf(out, "every %lld batch%s", (long long)o->batches, o->batches == 1 ? "" : "es");
    else
        text_addf(out, "every %.15g minutes", o->minutes);
    text_addf(out, "; kept: the last %lld", (long long)o->last);
    if (o->weekly)
        text_addf(out, ", the newest of %lld week%s", (long long)o->weekly, o->weekly == 1 ? "" : "s");
    if (o->days)
        text_addf(out, ", all of %lld day%s", (long long)o->days, o->days == 1 ? "" : "s");
    text_addf(out, "\n");
}

static void search_print(const plan *p, text *out)
{
    const struct search_options *o = &p->scenario->search;
    if (!o->on)
        return;
    text_addf(out, "search     %s, %d trial%s x %lld seed%s = %lld cells, by %s on the validation rows\n",
              search_kind_name(o->kind), p->trial_count, p->trial_count == 1 ? "" : "s", (long long)o->seeds.count,
              o->seeds.count == 1 ? "" : "s", (long long)(p->trial_count * o->seeds.count),
              metric_name_text(o->metric));
    for (int i = 0; i < p->trial_count; i++)
        text_addf(out, "  %s\n", p->methods[p->method_count + i].name);
}

static void traces_print(const struct output_options *o, text *out)
{
    text_addf(out, "traces     log.jsonl%s", o->tensorboard ? ", TensorBoard" : "");
    if (o->metrics.port)
        text_addf(out, ", Prometheus at http://127.0.0.1:%lld/metrics", (long long)o->metrics.port);
    if (o->metrics.file)
        text_addf(out, ", Prometheus in %s", o->metrics.file);
    text_addf(out, "\n");
}

void plan_print(const plan *p, text *out)
{
    const struct scenario *s = p->scenario;
    text_addf(out, "%s: %d method%s x %lld seed%s = %lld cells into %s\n", s->name, p->method_count,
              p->method_count == 1 ? "" : "s", (long long)s->seeds.count, s->seeds.count == 1 ? "" : "s",
              (long long)(s->seeds.count * p->method_count), p->folder);
    data_print(s, out);
    stream_print(s, out);
    network_print(&s->network, "network    ", out);
    optimizer_print(&s->optimizer, "optimizer  ", out);
    training_print(&s->training, "training   ", out);
    anytime_print(s, out);
    checkpoint_print(&s->output.checkpoint, out);
    traces_print(&s->output, out);
    text_addf(out, "device     %s, %lld thread%s%s: %s\nmethods\n", p->device, (long long)s->device.threads,
              s->device.threads == 1 ? "" : "s", s->device.deterministic ? ", deterministic" : "", p->device_why);
    for (int i = 0; i < p->method_count; i++)
        method_print(&p->methods[i], out);
    if (s->evaluation.baseline)
        text_addf(out, "baseline   %s: the others are tested against it, seed by seed\n", s->evaluation.baseline);
    search_print(p, out);
    text_addf(out, s->evaluation.expect.count ? "expected\n" : "");
    for (size_t i = 0; i < s->evaluation.expect.count; i++)
        gate_print(&s->evaluation.expect.at[i], out);
}
