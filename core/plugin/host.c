/* Strategies alive: made, asked, and taken down, and every way in which their hooks can say that they failed. */
#include "plugin/host.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

static strategy *running; /* hooks run on one thread and are never nested */
static const struct engine *engine;

const struct engine *host_engine(void) { return engine; }
strategy *host_running(void) { return running; }
strategy *host_strategy(const pdr_host *h) { return h ? (strategy *)h->impl : running; }

/* ---- failures ---- */

/* A plugin's words are one line on a terminal, whatever bytes they hold; cut between two characters. */
void host_words_tame(const char *words, char *out, size_t room)
{
    char *line = alloc_text(words);
    for (char *c = line; *c; c++)
        if (*c == '\n' || *c == '\t' || *c == '\r')
            *c = ' ';
    char *tame = text_tamed(line, room);
    size_t count = strnlen(tame, room - 1);
    while (count > 0 && (tame[count] & 0xc0) == 0x80)
        count--;
    memcpy(out, tame, count);
    out[count] = '\0';
    free(tame);
    free(line);
}

/* The first failure stays: what follows is mostly its echo. */
pdr_status host_fail(strategy *s, pdr_status code, const char *format, ...)
{
    if (!s || s->failed)
        return code;
    va_list args;
    va_start(args, format);
    vsnprintf(s->failure, sizeof s->failure, format, args);
    va_end(args);
    s->failed = code < 0 ? code : PDR_ERROR;
    return code;
}

pdr_status scope_fail(pdr_scope *s, pdr_status code, const char *format, ...)
{
    char words[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    if (s)
        engine->scope_fail(s, code, words);
    else
        host_fail(running, code, "%s", words);
    return code;
}

static const char *status_words(pdr_status status)
{
    static const char *const words[] = {
        "ok",        "error",       "invalid argument",  "not found",          "out of memory",
        "I/O error", "unsupported", "the engine failed", "not a finite number"};
    return status <= 0 && status >= PDR_ENOTFINITE ? words[-status] : "unknown status";
}

const void *host_bytes(pdr_scope *s, const pdr_tensor *t, pdr_dtype d)
{
    static const int64_t nothing;
    const void *bytes = engine->bytes(s, t, d);
    return !bytes && t && engine->tensor->status(s) == PDR_OK ? &nothing : bytes;
}

/* ---- around a hook ---- */

static void place_mark(const host_session *session)
{
    session->mark->task = session->task ? session->task->task.index + 1 : 0;
    session->mark->step = session->step;
}

void host_doing(const host_session *session, enum host_phase phase)
{
    if (!session->mark)
        return;
    session->mark->phase = (int32_t)phase;
    place_mark(session);
}

/* The hook's name comes last: with it the rest is in force. */
static void hook_mark(const strategy *s, const char *moment)
{
    host_mark *mark = s->session->mark;
    if (!mark)
        return;
    memcpy(mark->strategy, s->marked, sizeof mark->strategy);
    place_mark(s->session);
    mark->hooks++;
    size_t i = 0;
    for (; i < sizeof mark->hook - 1 && moment[i]; i++)
        mark->hook[i] = moment[i];
    mark->hook[i] = '\0';
}

static void hook_unmark(const strategy *s)
{
    if (s->session->mark)
        s->session->mark->hook[0] = '\0';
}

pdr_scope *host_enter(strategy *s, const char *moment, int32_t mode)
{
    running = s;
    hook_mark(s, moment);
    s->owner.closed = PDR_OK;
    s->session->moment = moment;
    engine->scope_clear(s->scope, mode);
    return s->scope;
}

static int hook_failed(const strategy *s, pdr_status status, error *e)
{
    const host_session *session = s->session;
    pdr_status left = engine->tensor->status(s->scope);
    const char *closed = s->owner.closed && s->owner.closed == status ? s->owner.why : status_words(status);
    const char *words = s->failed ? s->failure : left ? engine->scope_message(s->scope) : closed;
    char place[96] = "", tame[1024];
    host_words_tame(words, tame, sizeof tame);
    if (session->task)
        snprintf(place, sizeof place, ", task %lld, step %lld", (long long)session->task->task.index + 1,
                 (long long)session->step);
    return error_set(e, EXIT_FAILED, "strategy %s, hook %s%s: %s", s->name, session->moment, place, tame);
}

/* What a hook opened and did not close dies with it; said once, at the first hook that did so. */
static void scopes_sweep(strategy *s)
{
    char line[160];
    int64_t count = engine->scope_sweep(&s->owner);
    if (count && !s->scopes_left) {
        snprintf(line, sizeof line, "%s left %lld scope%s open", s->session->moment, (long long)count,
                 count == 1 ? "" : "s");
        host_note(s->session, PDR_WARNING, s->name, line);
    }
    s->scopes_left += count;
}

int host_leave(strategy *s, pdr_status status, error *e)
{
    int code = 0;
    if (status != PDR_OK || s->failed || engine->tensor->status(s->scope) < 0)
        code = hook_failed(s, status, e);
    if (s->owner.scopes)
        scopes_sweep(s);
    hook_unmark(s);
    s->session->moment = "";
    running = NULL;
    return code;
}

/* ---- the host's own functions ---- */

void host_acts(const strategy *s, const char *call)
{
    if (s && !s->session->acted[0])
        snprintf(s->session->acted, sizeof s->session->acted, "strategy %.64s, hook %.32s: %.64s", s->name,
                 s->session->moment, call);
}

void host_note(host_session *session, pdr_level level, const char *who, const char *line)
{
    char words[1200];
    char *whole = alloc_format("%s: %s", who, line);
    host_words_tame(whole, words, sizeof words);
    free(whole);
    pthread_mutex_lock(&session->lock);
    session->warnings += level >= PDR_WARNING;
    if (session->listener.note)
        session->listener.note(session->listener.self, level, words);
    pthread_mutex_unlock(&session->lock);
}

static pdr_status host_api_fail(const pdr_host *h, pdr_status code, const char *why)
{
    return host_fail(host_strategy(h), code, "%s", why ? why : status_words(code));
}

static void host_api_log(const pdr_host *h, pdr_level level, const char *line)
{
    strategy *s = host_strategy(h);
    host_acts(s, "log");
    host_note(s->session, level, s->name, line ? line : "");
}

static const char *not_finite(double value) { return isnan(value) ? "nan" : value > 0 ? "inf" : "-inf"; }

/* A number for the log. One that is not finite harms no result by itself, but is rarely meant. */
static void metric_tell(const strategy *s, const char *moment, const char *name, double value)
{
    host_session *session = s->session;
    if (!isfinite(value))
        host_found(session, HOST_METRIC_NOT_FINITE, s, moment,
                   "found a value of %s for metric %s; expected a finite one", not_finite(value), name);
    if (session->listener.point)
        session->listener.point(session->listener.self, name, value);
}

static void host_api_metric(const pdr_host *h, const char *name, double value)
{
    strategy *s = host_strategy(h);
    char full[128];
    host_acts(s, "metric");
    snprintf(full, sizeof full, "%s.%s", s->name, name ? name : "");
    metric_tell(s, s->session->moment, full, value);
}

static void host_api_metric_of(const pdr_host *h, const char *name, const pdr_tensor *scalar)
{
    strategy *s = host_strategy(h);
    host_session *session = s->session;
    if (!scalar)
        return;
    host_acts(s, "metric_of");
    session->metrics = alloc_again(session->metrics, (size_t)session->metric_count + 1, sizeof *session->metrics);
    struct host_metric *m = &session->metrics[session->metric_count++];
    snprintf(m->name, sizeof m->name, "%s.%s", s->name, name ? name : "");
    m->owner = s;
    m->moment = session->moment;
    m->value = engine->tensor->keep(NULL, scalar);
}

/* Drafts of later tables are asked for by id. */
static const void *host_api_extension(const pdr_host *h, const char *id)
{
    const bool pictures = id && !strcmp(id, PDR_PICTURES);
    if (pictures)
        host_acts(host_strategy(h), PDR_PICTURES);
    return pictures ? &host_pictures_api : NULL;
}

void host_flush_metrics(host_session *session)
{
    for (int64_t i = 0; i < session->metric_count; i++) {
        struct host_metric *m = &session->metrics[i];
        double value = 0;
        if (engine->tensor->read(m->value, PDR_F64, &value, sizeof value) == PDR_OK)
            metric_tell(m->owner, m->moment, m->name, value);
        engine->tensor->release(m->value);
    }
    session->metric_count = 0;
}

/* ---- functions of tensors that have no scope to leave their words in: training must not go on without what was refused ---- */

static bool scope_mode(pdr_grad mode) { return mode == PDR_NO_GRAD || mode == PDR_GRAD; }

static pdr_scope *host_api_open(const pdr_host *h, pdr_grad mode)
{
    pdr_scope *s = engine->tensor->open(h, mode);
    if (!s && scope_mode(mode))
        host_fail(host_strategy(h), PDR_ENOMEM, "open: no memory for a scope");
    return s;
}

static pdr_tensor *host_api_keep(const pdr_host *h, const pdr_tensor *t)
{
    pdr_tensor *kept = engine->tensor->keep(h, t);
    if (!kept && engine->tensor->rank(t) >= 0)
        host_fail(host_strategy(h), PDR_ENOMEM, "keep: no memory for a tensor");
    return kept;
}

static pdr_status host_api_read(const pdr_tensor *t, pdr_dtype d, void *out, uint64_t bytes)
{
    pdr_status status = engine->tensor->read(t, d, out, bytes);
    if (status != PDR_OK && status != PDR_EINVALID)
        host_fail(running, status, "read: %s", status_words(status));
    return status;
}

/* ---- a session and its strategies ---- */

void host_begin(host_session *session)
{
    engine = session->engine;
    session->moment = "";
    pthread_mutex_init(&session->lock, NULL);
    session->tensor = *engine->tensor;
    session->tensor.open = host_api_open;
    session->tensor.keep = host_api_keep;
    session->tensor.read = host_api_read;
    host_model_fill(&session->model_api, engine->model);
}

static pdr_host host_tables(strategy *s)
{
    const host_session *session = s->session;
    return (pdr_host){
        .abi_version = (PDR_ABI_MAJOR << 16) | PDR_ABI_MINOR,
        .struct_size = sizeof(pdr_host),
        .rank = 0,
        .ranks = 1,
        .impl = s,
        .tensor = &session->tensor,
        .model = &session->model_api,
        .step = &host_step_api,
        .data = &host_data_api,
        .memory = &host_memory_api,
        .rng = &host_rng_api,
        .state = &host_state_api,
        .fail = host_api_fail,
        .log = host_api_log,
        .metric = host_api_metric,
        .metric_of = host_api_metric_of,
        .extension = host_api_extension,
    };
}

int host_create(host_session *session, int i, const plugin *p, const char *name, const void *config, error *e)
{
    strategy *s = &session->strategies[i];
    *s = (strategy){.plugin = p, .name = name, .session = session};
    memcpy(s->marked, name, strnlen(name, sizeof s->marked - 1));
    s->needs_gradient = p->descriptor->flags & PDR_USES_GRADIENT;
    s->differentiates = p->descriptor->flags & PDR_DIFFERENTIATES_MODEL;
    s->host = host_tables(s);
    s->scope = engine->tensor->open(NULL, PDR_NO_GRAD);
    engine->scope_guard(s->scope, true);
    session->count = i + 1; /* host_end destroys it, even when create fails */
    host_enter(s, "create", PDR_NO_GRAD);
    pdr_status status = p->descriptor->create(&s->host, config, &s->self);
    int code = host_leave(s, status, e);
    return code ? EXIT_FAILED : 0;
}

static void strategy_report_leaks(strategy *s)
{
    char line[160];
    if (s->memory_count) {
        snprintf(line, sizeof line, "leaked %lld memor%s: opened and not closed", (long long)s->memory_count,
                 s->memory_count == 1 ? "y" : "ies");
        host_note(s->session, PDR_WARNING, s->name, line);
    }
    if (s->optim_count) {
        snprintf(line, sizeof line, "leaked %lld optimizer%s: made and not dropped", (long long)s->optim_count,
                 s->optim_count == 1 ? "" : "s");
        host_note(s->session, PDR_WARNING, s->name, line);
    }
    if (s->owner.kept) {
        snprintf(line, sizeof line, "leaked %lld tensor%s: kept and not released", (long long)s->owner.kept,
                 s->owner.kept == 1 ? "" : "s");
        host_note(s->session, PDR_WARNING, s->name, line);
    }
}

static void strategy_destroy(strategy *s)
{
    if (s->self) {
        host_enter(s, "destroy", PDR_NO_GRAD);
        s->plugin->descriptor->destroy(s->self);
        host_leave(s, PDR_OK, NULL);
    }
    strategy_report_leaks(s);
    host_memories_close(s);
    host_optims_close(s);
    host_streams_close(s);
    engine->scope_guard(s->scope, false);
    engine->tensor->close(s->scope);
}

void host_end(host_session *session)
{
    host_flush_metrics(session);
    host_fishers_end(session);
    for (int i = session->count; i-- > 0;)
        strategy_destroy(&session->strategies[i]);
    session->count = 0;
    free(session->metrics);
    session->metrics = NULL;
    free(session->findings);
    session->findings = NULL;
    session->finding_count = 0;
    pthread_mutex_destroy(&session->lock);
}
