/* What a strategy does when the host refuses: every call up to a bound, one in each attempt, and beyond it one from each place of
 * its code. Good is one message that names it, nothing left behind, and no result as if nothing had been. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "conform/inside.h"

enum { MOST_BAD = 3 };

static const ground_words small = {
    .data = "{set: synthetic, classes: 4, train_rows: 24, test_rows: 8, shape: [1, 4, 4], validation: 0.25}",
    .training = "{batch: 4, epochs: 1}",
    .tasks = 2,
};

struct refusals {
    conform *k;
    attempt attempt;
    char bits[SHA256_HEX]; /* without a refusal */
    uint64_t calls;
    uint64_t *place; /* [places] */
    int64_t places;
    int64_t refused, same, bad;
    text words;
};

static bool names_it(const struct refusals *r, const char *words)
{
    char *prefix = alloc_format("strategy %s", r->k->real->descriptor->name);
    const bool named = !strncmp(words, prefix, strlen(prefix));
    free(prefix);
    return named;
}

/* NULL: as it should be. */
static const char *refusal_fault(struct refusals *r, char *words, size_t room)
{
    const outcome *out = r->k->out;
    if (!out->over)
        return out->why.text;
    if (!out->why.code) {
        const bool same = r->attempt.what == SAVED_AGAIN ? !out->differs[0] : !strcmp(out->bits, r->bits);
        r->same += same;
        return same ? NULL : "a cell that went on without a word, to another result";
    }
    if (!names_it(r, out->why.text)) {
        snprintf(words, room, "\"%.400s\", which names no hook of it", out->why.text);
        return words;
    }
    return left_over(r->k, words, room);
}

static void call_refuse(struct refusals *r, uint64_t n)
{
    char words[512];
    const outcome *out = r->k->out;
    r->attempt.refuse_at = n;
    attempt_make(&r->attempt, r->k->options->seconds, r->k->out);
    const char *fault = refusal_fault(r, words, sizeof words);
    r->refused++;
    if (!fault)
        return;
    if (!r->bad++)
        text_addf(&r->words,
                  "call %" PRIu64 ", %.63s in %.31s, refused: found %s; expected one message and nothing left", n,
                  out->call, out->call_hook, fault);
}

/* Which calls there are. False: it does not end even without a refusal. */
static bool calls_count(struct refusals *r)
{
    const outcome *out = r->k->out;
    r->attempt.refuse_at = 0;
    attempt_make(&r->attempt, r->k->options->seconds, r->k->out);
    if (out->why.code) {
        r->bad++;
        text_addf(&r->words, "two small tasks did not come to their end: %s", out->why.text);
        return false;
    }
    memcpy(r->bits, out->bits, sizeof r->bits);
    r->calls = out->calls;
    r->places = out->places;
    r->place = alloc_again(r->place, (size_t)out->places + 1, sizeof *r->place);
    memcpy(r->place, out->place, (size_t)out->places * sizeof *r->place);
    return true;
}

static void calls_refuse(struct refusals *r)
{
    const uint64_t bound = (uint64_t)r->k->options->calls;
    if (!calls_count(r))
        return;
    for (uint64_t n = 1; n <= r->calls && n <= bound && r->bad < MOST_BAD; n++)
        call_refuse(r, n);
    for (int64_t i = 0; i < r->places && r->bad < MOST_BAD; i++)
        if (r->place[i] > bound)
            call_refuse(r, r->place[i]);
}

/* Calls of create(), load(), before_run() and save() in a cell that goes on. */
static void loading_refuse(struct refusals *r)
{
    if (!calls_count(r)) /* for the number of its hooks */
        return;
    attempt kill = r->attempt;
    kill.kill_at = r->k->out->hooks - r->k->out->hooks / 4;
    folder_remove(r->attempt.folder);
    attempt_make(&kill, r->k->options->seconds, r->k->out);
    r->attempt.what = SAVED_AGAIN;
    calls_refuse(r);
}

static int loading_make(struct refusals *r, const ground_words *words, error *e)
{
    ground g;
    ground_words keeping = *words;
    keeping.output = "checkpoint: {every: {batches: 1}}";
    int code = ground_open(r->k, &keeping, &g, e);
    char *folder = code ? NULL : attempt_folder(e);
    r->attempt.ground = &g;
    r->attempt.folder = folder;
    if (folder)
        loading_refuse(r);
    folder_remove(folder);
    free(folder);
    r->attempt.ground = NULL;
    r->attempt.folder = NULL;
    ground_close(&g);
    return code ? code : e->code;
}

static int refusals_make(struct refusals *r, const ground_words *words, error *e)
{
    ground g;
    int code = ground_open(r->k, words, &g, e);
    r->attempt.ground = &g;
    if (!code)
        calls_refuse(r);
    r->attempt.ground = NULL;
    ground_close(&g);
    return code || r->bad || !r->k->real->hooks.load ? code : loading_make(r, words, e);
}

int try_refusals(conform *k, error *e)
{
    struct refusals r = {.k = k, .attempt = {.real = k->real, .seed = 1}};
    int code = refusals_make(&r, &small, e);
    if (!code && r.bad)
        verdict_say(k, "refusals", BAD, "%s%s", r.words.at,
                    r.bad >= MOST_BAD ? " (and more; the rest was left out)" : "");
    else if (!code && !r.refused)
        verdict_say(k, "refusals", NOT_APPLICABLE, "it calls nothing of the host that can fail");
    else if (!code)
        verdict_say(k, "refusals", GOOD,
                    "%lld calls to the host refused, one at a time: one message each%s, nothing left",
                    (long long)r.refused, r.same ? " (or the same result)" : "");
    text_free(&r.words);
    free(r.place);
    return code;
}
