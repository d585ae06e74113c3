/* Checks on whole cells: that they end, leave nothing behind, come out the same, and go on where they were killed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/file.h"
#include "conform/inside.h"

enum { SEED = 1 };

static attempt attempt_of(const conform *k, const ground *g)
{
    return (attempt){.ground = g, .real = k->real, .seed = SEED};
}

/* ---- run, findings, release, grad-mode ---- */

static void ended_say(conform *k)
{
    const outcome *first = k->first;
    if (first->order[0])
        verdict_say(k, "run", BAD,
                    "found %s; expected hooks in their order and arguments in their ranges (a fault of Perdure)",
                    first->order);
    else
        verdict_say(k, "run", GOOD,
                    "%lld tasks (%s) to their end, %lld steps, %" PRIu64 " hooks in order, accuracy %.2f%s%s",
                    (long long)k->base.scenario->stream.split.tasks, k->kind, (long long)first->steps, first->hooks,
                    first->accuracy, first->warnings ? "; it warned: " : "", first->warning);
}

static void findings_say(conform *k)
{
    if (k->first->findings)
        verdict_say(k, "findings", BAD, "%lld of the host's own checks found something: %s",
                    (long long)k->first->findings, k->first->finding);
    else
        verdict_say(k, "findings", GOOD,
                    "the host's checks on penalties, memories, labels, heads and metrics found nothing");
}

const char *left_over(const conform *k, char *words, size_t room)
{
    const outcome *out = k->out;
    if (!k->tidy || !(out->kept || out->memories || out->optims || out->scopes))
        return NULL;
    snprintf(words, room, "%lld tensors or models, %lld memories, %lld optimizers and %lld scopes left behind",
             (long long)out->kept, (long long)out->memories, (long long)out->optims, (long long)out->scopes);
    return words;
}

static void release_say(conform *k)
{
    char words[160];
    k->tidy = true;
    k->tidy = !left_over(k, words, sizeof words);
    if (!k->tidy)
        verdict_say(k, "release", BAD, "found %s by a whole cell; expected none", words);
    else
        verdict_say(k, "release", GOOD,
                    "nothing is left behind destroy(): tensors, models, memories, optimizers, scopes");
}

static void mode_say(conform *k)
{
    if (k->first->mode[0])
        verdict_say(k, "grad-mode", BAD, "found the thread's grad mode off behind %s; expected it as it was before",
                    k->first->mode);
    else
        verdict_say(k, "grad-mode", GOOD, "the thread's grad mode is as it was behind every hook");
}

const char *const conform_kinds[] = {"scenario: class-il", "scenario: task-il, head: multi", "scenario: domain-il",
                                     NULL};

bool refused_in_words(const conform *k)
{
    char prefix[96];
    snprintf(prefix, sizeof prefix, "strategy %.64s, hook", k->real->descriptor->name);
    return k->out->over && k->out->said && k->out->why.code && !strncmp(k->out->why.text, prefix, strlen(prefix));
}

/* One whole cell on a kind of stream, into k->first. */
static int kind_look(conform *k, const char *kind, error *e)
{
    const ground_words words = {0};
    ground_close(&k->base);
    k->kind = kind;
    int code = ground_open(k, &words, &k->base, e);
    attempt a = attempt_of(k, &k->base);
    a.observed = true;
    if (!code)
        attempt_make(&a, k->options->seconds, k->out);
    memcpy(k->first, k->out, sizeof *k->first);
    k->ended = !code && k->out->over && !k->out->why.code;
    return code;
}

/* A strategy may be one for certain streams: those that it refuses in its own words are no fault. What it said of the first is
 * what is told where it takes none. */
static int kinds_look(conform *k, error *e)
{
    const bool needs_id = k->real->descriptor->flags & PDR_NEEDS_TASK_ID;
    char said[sizeof k->out->why.text] = "";
    int code = 0;
    for (const char *const *kind = conform_kinds; *kind && !code; kind++) {
        if (needs_id && !strstr(*kind, "task-il"))
            continue;
        code = kind_look(k, *kind, e);
        if (!said[0])
            memcpy(said, k->out->why.text, sizeof said);
        if (k->ended || !refused_in_words(k))
            return code;
    }
    memcpy(k->first->why.text, said, sizeof said);
    return code;
}

int try_run(conform *k, error *e)
{
    int code = kinds_look(k, e);
    if (code)
        return code;
    if (!k->ended) {
        verdict_say(k, "run", BAD, "it did not come to its end: %s", k->first->why.text);
        return 0;
    }
    ended_say(k);
    findings_say(k);
    release_say(k);
    mode_say(k);
    return 0;
}

/* ---- seed ---- */

static const char *seed_fault(conform *k)
{
    const outcome *first = k->first, *out = k->out;
    attempt a = attempt_of(k, &k->base);
    a.elsewhere = true;
    attempt_make(&a, k->options->seconds, k->out);
    if (out->why.code)
        return out->why.text;
    if (strcmp(out->bits, first->bits) != 0)
        return "other weights or accuracies in a second process (a clock, an address, memory that was not set?)";
    if (strcmp(out->points, first->points) != 0)
        return "other metrics in a second process";
    k->the_same = true;
    a.elsewhere = false;
    a.what = TRAIN_TWICE;
    attempt_make(&a, k->options->seconds, k->out);
    return out->why.code                          ? out->why.text
           : strcmp(out->first, first->bits) != 0 ? "other weights or accuracies in a third process"
           : strcmp(out->bits, first->bits) != 0
               ? "other weights or accuracies in the second cell of one process (a static variable?)"
               : NULL;
}

int try_seed(conform *k, error *e)
{
    (void)e;
    const char *fault = seed_fault(k);
    if (fault)
        verdict_say(k, "seed", BAD, "found %s; expected the same bits from the same seed", fault);
    else
        verdict_say(k, "seed", GOOD, "the same seed gives the same bits, in another process and twice in one");
    return 0;
}

/* Without --only seed nobody knows yet. */
static bool the_same(conform *k) { return k->the_same || (!check_wanted(k, "seed") && !seed_fault(k)); }

/* ---- checkpoints ---- */

struct kept { /* a ground that keeps checkpoints, and a folder for one cell */
    ground ground;
    char *folder;
};

static int kept_open(const conform *k, const char *every, struct kept *out, error *e)
{
    const ground_words words = {.output = every};
    *out = (struct kept){0};
    int code = ground_open(k, &words, &out->ground, e);
    if (!code && !(out->folder = attempt_folder(e)))
        code = e->code;
    return code;
}

static void kept_close(struct kept *kept)
{
    folder_remove(kept->folder);
    free(kept->folder);
    ground_close(&kept->ground);
}

int try_saving(conform *k, error *e)
{
    struct kept kept;
    if (!the_same(k)) {
        verdict_say(k, "saving", NOT_APPLICABLE, "the same seed does not give the same bits");
        return 0;
    }
    int code = kept_open(k, "checkpoint: {every: {batches: 1}}", &kept, e);
    k->disturbed = true;
    attempt a = attempt_of(k, &kept.ground);
    a.folder = kept.folder;
    if (!code)
        attempt_make(&a, k->options->seconds, k->out);
    if (!code && k->out->why.code)
        verdict_say(k, "saving", BAD, "with a checkpoint behind every step it did not come to its end: %s",
                    k->out->why.text);
    else if (!code && strcmp(k->out->bits, k->first->bits) != 0)
        verdict_say(
            k, "saving", BAD,
            "found other weights or accuracies with a checkpoint behind every step; expected save() to change nothing");
    else if (!code && !(k->disturbed = false))
        verdict_say(k, "saving", GOOD, "a checkpoint behind every step changes nothing");
    kept_close(&kept);
    return code;
}

/* A cell killed in a hook, somewhere behind the first `share` of all. NULL: it was; else what came before. */
static const char *kill_fault(conform *k, const struct kept *kept, double share)
{
    attempt a = attempt_of(k, &kept->ground);
    a.folder = kept->folder;
    a.kill_at = 1 + (uint64_t)(share * (double)k->first->hooks);
    attempt_make(&a, k->options->seconds, k->out);
    return !k->out->over && k->out->hooks == a.kill_at ? NULL
           : k->out->why.code                          ? k->out->why.text
                                                       : "a process that a kill did not end";
}

/* What was kept where it was killed, loaded and saved again. NULL: the same. */
static const char *state_fault(conform *k, const struct kept *kept, double share)
{
    const char *fault = kill_fault(k, kept, share);
    attempt a = attempt_of(k, &kept->ground);
    a.folder = kept->folder;
    a.what = SAVED_AGAIN;
    if (!fault)
        attempt_make(&a, k->options->seconds, k->out);
    return fault ? fault : k->out->why.code ? k->out->why.text : k->out->differs[0] ? k->out->differs : NULL;
}

int try_state(conform *k, error *e)
{
    static const double shares[] = {0.4, 0.6, 0.9};
    const char *fault = NULL;
    int code = 0;
    for (size_t i = 0; i < sizeof shares / sizeof *shares && !code && !fault; i++) {
        struct kept kept;
        code = kept_open(k, "checkpoint: {every: {batches: 1}}", &kept, e);
        if (!code && (fault = state_fault(k, &kept, shares[i])))
            verdict_say(k, "state", BAD, "found %s; expected what was loaded to be saved again to the byte", fault);
        kept_close(&kept);
    }
    if (!fault && !code)
        verdict_say(k, "state", GOOD, "saved, loaded and saved again at three places: the same bytes");
    return code;
}

/* Killed at a place, then gone on with. NULL: the same bits. */
static const char *resume_fault(conform *k, const struct kept *kept, double share, char *where, size_t room)
{
    attempt a = attempt_of(k, &kept->ground);
    const char *fault = kill_fault(k, kept, share);
    snprintf(where, room, "killed in %.31s, task %" PRId64 ", step %" PRId64, k->out->mark.hook, k->out->mark.task,
             k->out->mark.step);
    if (fault)
        return fault;
    a.folder = kept->folder;
    attempt_make(&a, k->options->seconds, k->out);
    return k->out->why.code                            ? k->out->why.text
           : strcmp(k->out->bits, k->first->bits) != 0 ? "other weights or accuracies"
                                                       : NULL;
}

int try_resume(conform *k, error *e)
{
    static const double shares[] = {0.02, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95};
    const char *fault = NULL;
    int code = 0;
    if (!the_same(k)) {
        verdict_say(k, "resume", NOT_APPLICABLE, "the same seed does not give the same bits");
        return 0;
    }
    if (k->disturbed) {
        verdict_say(k, "resume", NOT_APPLICABLE, "what is saved on the way changes what comes: saving is bad");
        return 0;
    }
    for (size_t i = 0; i < sizeof shares / sizeof *shares && !code && !fault; i++) {
        struct kept kept;
        char where[160];
        code =
            kept_open(k, i % 2 ? "checkpoint: {every: {batches: 1}}" : "checkpoint: {every: {batches: 3}}", &kept, e);
        if (!code && (fault = resume_fault(k, &kept, shares[i], where, sizeof where)))
            verdict_say(k, "resume", BAD,
                        "%s: found %s when it went on; expected the bits of a cell that nobody killed", where, fault);
        kept_close(&kept);
    }
    if (!fault && !code)
        verdict_say(k, "resume", GOOD, "killed at seven places and gone on with: the same bits");
    return code;
}

/* ---- gradient ---- */

int try_gradient(conform *k, error *e)
{
    const ground_words words = {
        .network = "{type: layers, layers: [{linear: 10}, tanh, {linear: 8}, tanh]}",
        /* the children differentiate terms down to the weights, for which there must be a graph */
        .training = "{batch: 8, epochs: 2, executor: autograd}"};
    ground g;
    int code = ground_open(k, &words, &g, e);
    attempt a = attempt_of(k, &g);
    const outcome *out = k->out;
    a.differentiated = true;
    if (!code)
        attempt_make(&a, 3 * k->options->seconds, k->out);
    if (!code && out->why.code)
        verdict_say(k, "gradient", BAD, "it did not come to its end: %s", out->why.text);
    else if (!code && out->gradient[0])
        verdict_say(k, "gradient", BAD, "found %s", out->gradient);
    else if (!code && !out->gradients)
        verdict_say(k, "gradient", NOT_APPLICABLE, "it has no compute_loss, add_loss or add_penalty in these steps");
    else if (!code)
        verdict_say(k, "gradient", GOOD, "%lld terms by finite differences: at most %.2g %% of its length apart",
                    (long long)out->gradients, 100 * out->gradient_error);
    ground_close(&g);
    return code;
}
