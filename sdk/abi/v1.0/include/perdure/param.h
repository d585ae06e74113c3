/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * perdure/param.h: the parameters of a strategy as a table, one row a YAML key.
 *
 * The host reads the scenario, looks each key up in this table, checks type and range, says file:line:column and
 * "did you mean" when something is wrong, and then fills a plain C struct of the plugin's: `config`. A plugin
 * never parses anything. `perdure describe NAME` prints the same table, so `help` is documentation.
 *
 *     typedef struct { double lambda; int32_t online; } config;
 *     static const pdr_param params[] = {
 *         { .key = "lambda", .help = "strength of the penalty", .type = PDR_PARAM_REAL,
 *           .offset = offsetof(config, lambda), .min = 0, .max = 1e15 },                      // required
 *         { .key = "online", .help = "one running term", .type = PDR_PARAM_BOOL,
 *           .offset = offsetof(config, online), .fallback = "false" },
 *         { .key = NULL } };
 */
#ifndef PERDURE_PARAM_H
#define PERDURE_PARAM_H

#include <perdure/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a key takes in YAML, and the C member at `offset` that receives it. */
typedef int32_t pdr_param_type;
/** Values of pdr_param_type. */
enum {
    PDR_PARAM_INT = 1, /**< int64_t; 2000, 1e4 (a whole number however it is spelled) */
    PDR_PARAM_REAL,    /**< double; finite */
    PDR_PARAM_BOOL,    /**< int32_t, 0 or 1; true, false */
    PDR_PARAM_TEXT,    /**< const char *, UTF-8 */
    PDR_PARAM_CHOICE,  /**< int32_t, the index of the word in `choices` */
    PDR_PARAM_PATH,    /**< const char *; made absolute, relative to the scenario; need not exist */
    PDR_PARAM_REALS,   /**< pdr_reals; [0, 0.5, 1] */
    /** The last three are a subtree of the scenario, checked against the host's own schema and handed over as one
     * line of YAML, const char *, for memory->open, model->build and model->optimizer. Under key "" the keys of
     * the subtree stand among the strategy's own: replay: {capacity: 1000, where: disk, batch: 32}; a key of
     * the strategy that the subtree has too is refused when the plugin is loaded. */
    PDR_PARAM_MEMORY,   /**< capacity, policy, where */
    PDR_PARAM_NETWORK,  /**< as `network:` of the scenario */
    PDR_PARAM_OPTIMIZER /**< as `optimizer:` of the scenario */
};

/** A list of numbers. `at` may be NULL when count is 0. Borrowed: lives until destroy() has returned. */
typedef struct pdr_reals {
    const double *at; /**< the first of `count` */
    int64_t count;    /**< how many */
} pdr_reals;

/** One row. Rows may grow at their end: pdr_plugin.param_size tells the host how long they are. The table and all
 * that it points to are the plugin's, constant, and valid as long as the process runs. The host refuses the
 * plugin, in words, when a key occurs twice, a fallback is outside its own range or is no value of its type, an
 * offset leaves config_size or is not aligned, or CHOICE has no choices. */
typedef struct pdr_param {
    const char *key;            /**< lower case, words joined by '_' or '-'; NULL ends the table */
    const char *help;           /**< one line, no full stop: "rows a step, 0: as many as fresh" */
    pdr_param_type type;        /**< what YAML may say, and the member's C type */
    uint32_t offset;            /**< offsetof(config, member) */
    const char *fallback;       /**< the default, spelled as YAML would: "0.5", "{capacity: 20}"; NULL: the key is
                                   required, of a subtree those keys that the host's schema requires. A subtree's
                                   default holds key by key: with "{type: adam, betas: [0.5, 0.9]}" a scenario that
                                   says {lr: 1e-4} keeps these betas, and {type: sgd} has none */
    double min, max;            /**< INT, REAL and every one of REALS: inclusive. Both 0: no bound */
    const char *const *choices; /**< CHOICE: NULL-ended words; else NULL */
} pdr_param;

#ifdef __cplusplus
}
#endif
#endif
