/* The sections of a scenario as the plan's JSON has them: each with the keys that its variant has. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "plan/json.h"

json_t *json_ints(const int64_t *at, int64_t count)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < count; i++)
        json_array_append_new(list, json_integer(at[i]));
    return list;
}

json_t *json_reals(const double *at, int64_t count)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < count; i++)
        json_array_append_new(list, json_real(at[i]));
    return list;
}

/* Paths need not be UTF-8, JSON must be; and a key that is left out would make two plans alike. */
static json_t *text_escaped(const char *t)
{
    text out = {0};
    for (; *t; t++)
        text_addf(&out, (unsigned char)*t < 0x80 ? "%c" : "\\x%02x", (unsigned char)*t);
    json_t *json = json_string(out.at);
    text_free(&out);
    return json;
}

json_t *json_text(const char *t)
{
    if (!t)
        return json_null();
    json_t *json = json_string(t);
    return json ? json : text_escaped(t);
}

static json_t *augment_json(const struct augmentation_list *list)
{
    json_t *out = json_array();
    for (int64_t i = 0; i < list->count; i++)
        json_array_append_new(out, json_pack("{s:s, s:I}", "augmentation", augmentation_name(list->at[i].kind), "pad",
                                             (json_int_t)list->at[i].pad));
    return out;
}

json_t *data_json(const struct data_options *d)
{
    json_t *out = json_pack("{s:s, s:s}", "set", data_set_name(d->set), "normalize", normalize_name(d->normalize));
    if (d->normalize == NORMALIZE_GIVEN) {
        json_object_set_new(out, "mean", json_reals(d->mean.at, d->mean.count));
        json_object_set_new(out, "std", json_reals(d->std.at, d->std.count));
    }
    if (d->set == DATA_CSV) {
        json_object_set_new(out, "train", json_text(d->csv.train));
        json_object_set_new(out, "test", json_text(d->csv.test));
        json_object_set_new(out, "test_every", json_integer(d->csv.test_every));
        json_object_set_new(out, "label", json_string(d->csv.label == LABEL_FIRST ? "first" : "last"));
        json_object_set_new(out, "header", json_boolean(d->csv.header));
        json_object_set_new(out, "shape", json_ints(d->csv.shape.at, d->csv.shape.count));
    }
    if (d->set == DATA_IDX) {
        json_object_set_new(out, "train_images", json_text(d->idx.train_images));
        json_object_set_new(out, "train_labels", json_text(d->idx.train_labels));
        json_object_set_new(out, "test_images", json_text(d->idx.test_images));
        json_object_set_new(out, "test_labels", json_text(d->idx.test_labels));
    }
    if (d->set == DATA_NPY) {
        json_object_set_new(out, "train", json_text(d->npy.train));
        json_object_set_new(out, "train_labels", json_text(d->npy.train_labels));
        json_object_set_new(out, "test", json_text(d->npy.test));
        json_object_set_new(out, "test_labels", json_text(d->npy.test_labels));
    }
    if (d->set == DATA_CIFAR100)
        json_object_set_new(out, "labels", json_string(cifar_labels_name(d->cifar.labels)));
    if (d->set == DATA_SYNTHETIC) {
        json_object_set_new(out, "classes", json_integer(d->synthetic.classes));
        json_object_set_new(out, "train_rows", json_integer(d->synthetic.train_rows));
        json_object_set_new(out, "test_rows", json_integer(d->synthetic.test_rows));
        json_object_set_new(out, "shape", json_ints(d->synthetic.shape.at, d->synthetic.shape.count));
    }
    if (d->pad) /* not there, a plan is what it was before there was such a key */
        json_object_set_new(out, "pad", json_integer(d->pad));
    json_object_set_new(out, "augment", augment_json(&d->augment));
    json_object_set_new(out, "validation", json_real(d->validation));
    return out;
}

json_t *stream_json(const struct stream_options *s)
{
    json_t *groups = NULL;
    if (s->split.order == ORDER_LISTED) {
        groups = json_array();
        for (int64_t i = 0; i < s->split.tasks; i++)
            json_array_append_new(groups, json_ints(s->split.groups[i].at, s->split.groups[i].count));
    }
    json_t *out = json_pack("{s:s, s:I, s:s, s:o*, s:b, s:f, s:s, s:s, s:s, s:s}", "by", split_by_name(s->split.by),
                            "tasks", (json_int_t)s->split.tasks, "order", split_order_name(s->split.order), "groups",
                            groups, "identity", s->split.identity, "degrees", s->split.degrees, "boundaries",
                            boundaries_name(s->boundaries), "scenario", scenario_kind_name(s->scenario), "head",
                            head_kind_name(s->head), "active", active_classes_name(s->active));
    if (s->boundaries == BOUNDARIES_BLURRY)
        json_object_set_new(out, "share", json_real(s->share));
    return out;
}

static json_t *layers_json(const struct layer_list *layers)
{
    json_t *out = json_array();
    for (int64_t i = 0; i < layers->count; i++) {
        const struct layer_options *l = &layers->at[i];
        json_array_append_new(out,
                              json_pack("{s:s, s:I, s:I, s:I, s:I, s:f}", "layer", layer_kind_name(l->kind), "size",
                                        (json_int_t)l->size, "kernel", (json_int_t)l->kernel, "stride",
                                        (json_int_t)l->stride, "padding", (json_int_t)l->padding, "rate", l->rate));
    }
    return out;
}

json_t *network_json(const struct network_options *n)
{
    json_t *out = json_pack("{s:s}", "type", network_type_name(n->type));
    if (n->type == NETWORK_MLP || n->type == NETWORK_CNN)
        json_object_set_new(out, "hidden", json_ints(n->hidden.at, n->hidden.count));
    if (n->type == NETWORK_CNN) {
        json_object_set_new(out, "channels", json_ints(n->channels.at, n->channels.count));
        json_object_set_new(out, "kernel", json_integer(n->kernel));
        json_object_set_new(out, "batch_norm", json_boolean(n->batch_norm));
    }
    if (n->type == NETWORK_RESNET18 || n->type == NETWORK_RESNET32)
        json_object_set_new(out, "width", json_integer(n->width));
    if (n->type == NETWORK_LAYERS)
        json_object_set_new(out, "layers", layers_json(&n->layers));
    return out;
}

static json_t *schedule_json(const struct schedule_options *s)
{
    json_t *out = json_pack("{s:s}", "type", schedule_type_name(s->type));
    if (s->type == SCHEDULE_STEP) {
        json_object_set_new(out, "at", json_ints(s->at.at, s->at.count));
        json_object_set_new(out, "factor", json_real(s->factor));
    }
    if (s->type == SCHEDULE_COSINE)
        json_object_set_new(out, "to", json_real(s->to));
    return out;
}

json_t *optimizer_json(const struct training_optimizer_options *optimizer)
{
    const struct optimizer_options *o = &optimizer->common;
    return json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:o, s:b}", "type", optimizer_type_name(o->type), "lr", o->lr,
                     "momentum", o->momentum, "weight_decay", o->weight_decay, "beta1", o->beta1, "beta2", o->beta2,
                     "epsilon", o->epsilon, "schedule", schedule_json(&optimizer->schedule), "reset_per_task",
                     optimizer->reset_per_task);
}

/* Without hook_limit: how long a strategy may take changes no number. */
json_t *training_json(const struct training_options *t)
{
    json_t *out = json_pack("{s:I, s:f}", "batch", (json_int_t)t->batch, "gradient_clip", t->gradient_clip);
    json_object_set_new(out, t->iterations ? "iterations" : "epochs",
                        json_integer(t->iterations ? t->iterations : t->epochs));
    return out;
}
