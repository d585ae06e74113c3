/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tiny test strategies share: names that PDR_STRATEGY expects, for those without parameters; and a descriptor
 * by hand, for those that are wrong on purpose.
 */
#ifndef PERDURE_TEST_TINY_H
#define PERDURE_TEST_TINY_H

#include <perdure/sugar.h>

/* Names NAME to be well-formed, but without parameters and state of its own; setup and teardown do nothing. */
#define TINY_WITHOUT_PARAMS       \
    typedef struct {              \
        int32_t unused, reserved; \
    } config;                     \
    typedef struct {              \
        const pdr_host *host;     \
        config config;            \
        pdr_tensor *kept[3];      \
    } strategy;                   \
    static const pdr_param params[] = {{.key = NULL}};

#define TINY_EMPTY_LIFE                     \
    static pdr_status setup(strategy *self) \
    {                                       \
        (void)self;                         \
        return PDR_OK;                      \
    }                                       \
    static void teardown(strategy *self) { (void)self; }

/* A descriptor that the host must refuse before it calls create. PARAMS: rows as one argument in TINY_ROWS(...). */
#define TINY_REFUSED(ABI, SIZE, NAME, ...)                                          \
    typedef struct {                                                                \
        int64_t rows, more;                                                         \
    } config;                                                                       \
    static const pdr_param params[] = {__VA_ARGS__, {.key = NULL}};                 \
    static pdr_status after_run(void *self) { return self ? PDR_OK : PDR_ERROR; }   \
    static const pdr_hooks hooks = {PDR_HOOKS, .after_run = after_run};             \
    static pdr_status make(const pdr_host *host, const void *filled, void **self)   \
    {                                                                               \
        (void)filled, (void)self;                                                   \
        return host->fail(host, PDR_ERROR, "must have been refused before create"); \
    }                                                                               \
    static void unmake(void *self) { (void)self; }                                  \
    static const pdr_plugin plugin = {.abi_version = (ABI),                         \
                                      .struct_size = (SIZE),                        \
                                      .name = (NAME),                               \
                                      .version = "1.0",                             \
                                      .summary = "wrong on purpose",                \
                                      .params = params,                             \
                                      .param_size = sizeof(pdr_param),              \
                                      .config_size = sizeof(config),                \
                                      .state_version = 1,                           \
                                      .hooks = &hooks,                              \
                                      .create = make,                               \
                                      .destroy = unmake};                           \
    PDR_EXPORT const pdr_plugin *perdure_plugin(void) { return &plugin; }

/* A row that is right: for descriptors that are wrong elsewhere. */
#define TINY_GOOD_ROW                                                                                              \
    {                                                                                                              \
        .key = "rows", .help = "unused", .type = PDR_PARAM_INT, .offset = offsetof(config, rows), .fallback = "5", \
        .min = 1, .max = 10                                                                                        \
    }

#endif
