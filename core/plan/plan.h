/* The plan: scenario + plugins + devices, resolved once. The waist of the house: before it anything may fail with
 * file:line:column, after it nothing reads YAML.
 *
 * It is immutable, printable (plan_print), written as JSON (plan_json) and hashable: the digest of a cell covers all that
 * its numbers depend on and nothing else, so that the same command skips finished cells and notices changed ones. */
#ifndef PERDURE_PLAN_PLAN_H
#define PERDURE_PLAN_PLAN_H
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/sha256.h"
#include "base/text.h"
#include "engine/engine.h"
#include "plugin/plugin.h"
#include "scenario/scenario.h"

typedef struct plan_strategy {
    const plugin *plugin;
    const void *config; /* filled from the plugin's own table */
    const char *name;   /* of the descriptor; the second of a kind in one method is "name#2" */
    int line, column;
} plan_strategy;

typedef struct plan_method {
    const char *name;
    enum train_on train_on;
    plan_strategy *strategies;
    int count;
    int loss_owner, prediction_owner; /* which strategy has compute_loss, predict; -1: none */
    uint32_t flags;                   /* of all strategies, or-ed */
    const char *executor, *executor_why;
    engine_network network;          /* but for what the data decide: shape and outputs */
    char weights_sha256[SHA256_HEX]; /* of the file that the network begins with; "": none */
    bool trial;                      /* of a search: measured on validation rows alone */
    bool open;                       /* a search has not chosen yet: it is as its first trial is */
    const struct method_options *options;
} plan_method;

typedef struct plan {
    const struct scenario *scenario;
    plan_method
        *methods; /* [method_count + trial_count]: behind the methods the trials of a search, as numbers of methods */
    int method_count, trial_count;
    char device[16];      /* "cpu" or "cuda:N" */
    char device_why[256]; /* one line: what was taken and why */
    char *folder;         /* of the run */
    char data_sha256
        [SHA256_HEX]; /* dataset_digest of what is trained on, a part of every cell's digest; "": not read yet */
    char weights_sha256[SHA256_HEX]; /* of network.weights, which methods may set otherwise; "": none */
    json_t *searched; /* plan_search_json() with what came out of it (run/search.h); NULL: not yet; owned */
    arena *arena;
} plan;

/* Faults of the scenario against plugins (unknown parameters, two owners of a loss, flags that the stream does not meet)
 * are added to `f`, all of them: 78. A plugin or device that is missing or refused: 69 in `e`. */
int plan_resolve(const struct scenario *s, plan **out, faults *f, error *e);
/* Whether the networks of all methods fit rows of this shape: 78 at the line that says which does not. */
int plan_networks_check(const plan *p, const int64_t *shape, int64_t rank, error *e);
void plan_close(plan *p);
void plan_print(const plan *p, text *out);            /* for people: check, run --dry-run */
json_t *plan_json(const plan *p);                     /* plan.json, "perdure.plan/1"; owned */
json_t *plan_gate_json(const struct gate_options *g); /* as it was said, with what `within` is by default; owned */
/* The search of the scenario: kind, space, budget and trials; null where there is none; owned. */
json_t *plan_search_json(const plan *p);
/* From here on the method is as the trial was, under its own name: what a search chose. */
void plan_choose(plan *p, int method, int trial);
int plan_trial_of(const plan *p, int trial); /* the method that it is a trial of */
/* Of a variant: "base", the method that it is one of, and "set", {"ewc.lambda": 10}; of a trial "trial", true. Else nothing. */
void plan_variant_add(const plan_method *m, json_t *out);
json_t *plan_strategies_json(const plan_method *m);              /* file, version and parameters of each; owned */
json_t *plan_cell_json(const plan *p, int method, int64_t seed); /* what one cell's numbers depend on; owned */
void plan_cell_digest(const plan *p, int method, int64_t seed, char hex[SHA256_HEX]);
/* Whether the method's strategies say that they only watch until the first task is trained; a method without any does. And
 * what of its cell decides that first task: cells with the same digest train it alike. */
bool plan_shares_beginning(const plan *p, int method);
void plan_beginning_digest(const plan *p, int method, int64_t seed, char hex[SHA256_HEX]);

#endif
