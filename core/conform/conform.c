/* See conform.h. The checks in their order: what the first finds decides whether the others mean anything. */
#include "conform/conform.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "conform/inside.h"
#include "engine/engine.h"
#include "run/signals.h"

/* `run` has the four verdicts that one look at a whole cell gives. */
#define CHECK_LIST(C)             \
    C("run", try_run)             \
    C("findings", NULL)           \
    C("release", NULL)            \
    C("grad-mode", NULL)          \
    C("seed", try_seed)           \
    C("saving", try_saving)       \
    C("state", try_state)         \
    C("resume", try_resume)       \
    C("gradient", try_gradient)   \
    C("refusals", try_refusals)   \
    C("one-row", try_one_row)     \
    C("one-class", try_one_class) \
    C("no-rows", try_no_rows)     \
    C("streams", try_streams)     \
    C("gpu", try_gpu)
#define CHECK_ROW(name, run) {name, run},
#define CHECK_NAME(name, run) name,
static const struct {
    const char *name;
    conform_check *run;
} checks[] = {CHECK_LIST(CHECK_ROW)};
enum { CHECKS = sizeof checks / sizeof *checks };

const char *const conform_checks[] = {CHECK_LIST(CHECK_NAME) NULL};

bool check_wanted(const conform *k, const char *check)
{
    for (size_t i = 0; i < k->options->only_count; i++)
        if (!strcmp(k->options->only[i], check))
            return true;
    return k->options->only_count == 0;
}

void verdict_say(conform *k, const char *check, enum verdict v, const char *format, ...)
{
    static const char *const names[] = {"good", "bad", "not applicable"};
    char words[1024];
    const double now = clock_seconds();
    va_list arguments;
    if (signals_stop()) /* nobody looked on to its end */
        return;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    if (check_wanted(k, check) || (v == BAD && !strcmp(check, "run"))) { /* without run no other means anything */
        json_t *said = json_pack("{s:s, s:s, s:s, s:f}", "name", check, "verdict", names[v], "words", words, "seconds",
                                 now - k->since);
        json_array_append_new(json_object_get(k->report, "checks"), said);
        if (k->options->told)
            k->options->told(k->options->self, said);
        if (v == BAD)
            json_object_set_new(k->report, "bad",
                                json_integer(json_integer_value(json_object_get(k->report, "bad")) + 1));
    }
    k->since = now;
}

static json_t *hooks_json(const outcome *first)
{
    json_t *all = json_array();
    for (int i = 0; i < HOOKS; i++)
        if (first->times[i].calls)
            json_array_append_new(all, json_pack("{s:s, s:I, s:f, s:f}", "hook", hook_names[i], "calls",
                                                 (json_int_t)first->times[i].calls, "seconds", first->times[i].seconds,
                                                 "most", first->times[i].most));
    return all;
}

/* Only hooks that the strategy has: those that the witness stands in for take no time worth telling. */
static void hooks_own(const plugin *p, outcome *first)
{
#define HOOK_OWN(hook)  \
    if (!p->hooks.hook) \
        first->times[HOOK_##hook].calls = 0;
    HOOK_LIST(HOOK_OWN)
}

static int checks_run(conform *k, error *e)
{
    int code = 0;
    for (size_t i = 0; i < CHECKS && !code; i++) {
        if (!checks[i].run || (i > 0 && !check_wanted(k, checks[i].name)))
            continue;
        if (i > 0 && !k->ended)
            verdict_say(k, checks[i].name, NOT_APPLICABLE, "there is nothing to compare: run is bad");
        else
            code = checks[i].run(k, e);
    }
    if (code || !signals_stopped(e))
        return code;
    return error_hint(e, "nothing of a test is kept: the same command starts over");
}

static json_t *report_begin(const plugin *p)
{
    const pdr_plugin *d = p->descriptor;
    char abi[32];
    snprintf(abi, sizeof abi, "%u.%u", d->abi_version >> 16, d->abi_version & 0xffffu);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:[], s:i}", "schema", "perdure.plugin.test/1", "name", d->name,
                     "version", d->version, "abi", abi, "file", p->path, "sha256", p->sha256, "checks", "bad", 0);
}

/* Whether its parameters are good; `run` finds out which kind of stream it takes. */
static int conform_open(conform *k, error *e)
{
    const struct engine *engine = NULL;
    const ground_words words = {0};
    error why = {0};
    k->kind = conform_kinds[k->real->descriptor->flags & PDR_NEEDS_TASK_ID ? 1 : 0]; /* else the plan refuses it */
    int code = ground_open(k, &words, &k->base, &why);
    if (k->base.faults.count) {
        if (!k->base.faults.at[k->base.faults.count - 1].hint)
            faults_hint(&k->base.faults, "parameters of the strategy: --with 'KEY: VALUE'");
        faults_print(&k->base.faults);
    } else if (code) {
        error_copy(e, &why);
    }
    if (code || (code = engine_load(&engine, e))) /* here, so that no attempt has to */
        return code;
    k->first = alloc_zero(1, sizeof *k->first);
    k->since = clock_seconds();
    return (k->out = outcome_open(e)) ? 0 : e->code;
}

int conform_run(const plugin *p, const conform_options *options, json_t **out, error *e)
{
    conform k = {.real = p, .options = options, .report = report_begin(p)};
    signals_take();
    int code = conform_open(&k, e);
    if (!code)
        code = checks_run(&k, e);
    signals_give_back();
    if (!code) {
        hooks_own(p, k.first);
        json_object_set_new(k.report, "hooks", hooks_json(k.first));
    } else {
        json_decref(k.report);
    }
    *out = code ? NULL : k.report;
    ground_close(&k.base);
    outcome_close(k.out);
    free(k.first);
    return code;
}
