/* Hooks and flags of the ABI in words, for people who look at a strategy: a row each. */
#ifndef PERDURE_CLI_PLUGIN_WORDS_H
#define PERDURE_CLI_PLUGIN_WORDS_H
#include <perdure/plugin.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct hook_words {
    const char *name;
    size_t offset; /* in pdr_hooks */
    const char *tags;
    const char *words;
} hook_words;

typedef struct flag_words {
    uint32_t flag;
    const char *name;
    const char *words;
} flag_words;

/* In the order of pdr_hooks, which is that of training; ends with a NULL name. */
extern const hook_words plugin_hooks[];
bool hook_there(const pdr_hooks *hooks, const hook_words *hook);
/* In the order of their bits; ends with a NULL name. */
extern const flag_words plugin_flags[];

#endif
