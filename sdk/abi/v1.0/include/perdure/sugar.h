/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * perdure/sugar.h: inline helpers that most strategies would write themselves. Built on the public calls only: a
 * plugin that does without this header loses nothing. All names begin with pdr_ or PDR_.
 */
#ifndef PERDURE_SUGAR_H
#define PERDURE_SUGAR_H

#include <math.h>
#include <perdure/perdure.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Lets the compiler compare a printf format with its arguments. */
#define PDR_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))

/** host->fail() with printf's format; longer than 511 bytes is cut. Returns `code`:
 *     return pdr_failf(self->host, PDR_EINVALID, "%lld rows, at least %lld", have, want);                          */
PDR_PRINTF(3, 4)
static inline pdr_status pdr_failf(const pdr_host *h, pdr_status code, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    return h->fail(h, code, line);
}

/** [any-thread] host->log() likewise. */
PDR_PRINTF(3, 4)
static inline void pdr_logf(const pdr_host *h, pdr_level level, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    h->log(h, level, line);
}

/** Keeps `t` in *slot and releases what was there; NULL empties the slot. The slot starts as NULL. After a failed
 * operation `t` is NULL, and the scope has the words: end the hook with status(). */
static inline void pdr_hold(const pdr_host *h, pdr_tensor **slot, const pdr_tensor *t)
{
    pdr_tensor *old = *slot;
    *slot = h->tensor->keep(h, t);
    h->tensor->release(old);
}

/** [waits] The value of a scalar tensor; NaN for NULL or when it cannot be read. */
static inline double pdr_number(const pdr_host *h, const pdr_tensor *t)
{
    double v = 0;
    return h->tensor->read(t, PDR_F64, &v, sizeof v) == PDR_OK ? v : (double)NAN;
}

/** A scalar tensor, f32. */
static inline pdr_tensor *pdr_scalar(const pdr_host *h, pdr_scope *s, double value)
{
    return h->tensor->full(s, PDR_F32, NULL, 0, value);
}

/** [class_count] i64: the columns of a task, for pick(). */
static inline pdr_tensor *pdr_columns_of(const pdr_host *h, pdr_scope *s, const pdr_task *t)
{
    int64_t n = t->class_count;
    return h->tensor->from(s, PDR_I64, &n, 1, t->classes);
}

/** [fresh] i64: labels of the fresh rows, to be stored with s->raw. */
static inline pdr_tensor *pdr_fresh_labels(const pdr_host *h, const pdr_step *s)
{
    return h->tensor->slice(s->scope, s->y, 0, 0, s->fresh);
}

/** Length of an array, as the tables count. */
#define PDR_COUNT(array) ((int32_t)(sizeof(array) / sizeof((array)[0])))

/** First member of a hooks table: static const pdr_hooks hooks = {PDR_HOOKS, .after_task = after_task}; */
#define PDR_HOOKS .struct_size = sizeof(pdr_hooks)

/** The descriptor with create, destroy and entry point of a strategy in C, as its last line:
 *
 *     PDR_STRATEGY("replay", "1.0", "experience replay", "Rolnick et al. 2019", flags)
 *
 * The file defines, by these names: `typedef struct {...} config;` (what params fill), `typedef struct { const
 * pdr_host *host; config config; ...} strategy;` (starts as zeros), params[], hooks, and
 * pdr_status setup(strategy *) and void teardown(strategy *). teardown runs even when setup failed. */
#define PDR_STRATEGY(NAME, VERSION, SUMMARY, PAPER, FLAGS)                               \
    static pdr_status pdr_create_(const pdr_host *host, const void *filled, void **self) \
    {                                                                                    \
        strategy *made = (strategy *)calloc(1, sizeof *made);                            \
        if (!made)                                                                       \
            return PDR_ENOMEM;                                                           \
        made->host = host;                                                               \
        memcpy(&made->config, filled, sizeof made->config);                              \
        *self = made; /* from here on destroy follows */                                 \
        return setup(made);                                                              \
    }                                                                                    \
    static void pdr_destroy_(void *self)                                                 \
    {                                                                                    \
        if (self)                                                                        \
            teardown((strategy *)self);                                                  \
        free(self);                                                                      \
    }                                                                                    \
    static const pdr_plugin pdr_descriptor_ = {.abi_version = PDR_ABI_VERSION,           \
                                               .struct_size = sizeof(pdr_plugin),        \
                                               .name = (NAME),                           \
                                               .version = (VERSION),                     \
                                               .summary = (SUMMARY),                     \
                                               .paper = (PAPER),                         \
                                               .params = params,                         \
                                               .param_size = sizeof(pdr_param),          \
                                               .config_size = sizeof(config),            \
                                               .state_version = 1,                       \
                                               .flags = (FLAGS),                         \
                                               .hooks = &hooks,                          \
                                               .create = pdr_create_,                    \
                                               .destroy = pdr_destroy_};                 \
    PDR_EXPORT const pdr_plugin *perdure_plugin(void) { return &pdr_descriptor_; }

#ifdef __cplusplus
}
#endif
#endif
