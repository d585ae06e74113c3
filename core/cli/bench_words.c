/* See bench.h. The set-up is that of W1, the workload that most of Perdure's figures are about: a network of 400 and 400
 * units, five tasks of two classes, SGD at 0.1 in batches of 128. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/bench.h"
#include "plugin/plugin.h"

/* The one place that says what is learned from. Speed does not depend on what the rows show. */
static const char data[] = "data: {set: synthetic, train_rows: 12000}\n";

static const char head[] = "perdure: 1\n"
                           "name: bench\n"
                           "seeds: [0]\n"
                           "%s"
                           "stream: {split: {by: class, tasks: 5, order: given}, scenario: class-il}\n"
                           "network: {type: mlp, hidden: [400, 400]}\n"
                           "optimizer: {type: sgd, lr: 0.1}\n"
                           "training: {batch: 128}\n"
                           "device: {type: cpu, threads: 1}\n"
                           "evaluation: {matrix: {untrained: false}}\n"
                           "methods:\n"
                           "  - {name: finetune}\n";

/* What one would begin with; whatever is not said is the strategy's own default. */
static const struct {
    const char *name, *parameters;
} strategies[] = {
    {"replay", "{capacity: 2000}"},
    {"ewc", "{lambda: 100, fisher: batched}"},
    {"si", "{c: 0.1}"},
    {"lwf", "{}"},
    {"icarl", "{capacity: 2000}"},
    {"genreplay", "{}"},
    {"agem", "{capacity: 2000}"},
};

static bool strategy_good(const char *name)
{
    const plugin *found = NULL;
    error why = {0};
    if (plugin_find(name, &found, &why) == 0)
        return true;
    fprintf(stderr, "perdure: warning: %s is left out: %s\n", name, why.text);
    return false;
}

static bool strategy_installed(const char *name, char *const *names, size_t count)
{
    bool found = false;
    for (size_t i = 0; i < count; i++)
        found = found || !strcmp(names[i], name);
    return found;
}

void bench_words(text *out)
{
    size_t count = 0;
    char **names = plugin_names(&count);
    text_addf(out, head, data);
    for (size_t i = 0; i < sizeof strategies / sizeof *strategies; i++)
        if (strategy_installed(strategies[i].name, names, count) && strategy_good(strategies[i].name))
            text_addf(out, "  - {name: %s, strategies: [{%s: %s}]}\n", strategies[i].name, strategies[i].name,
                      strategies[i].parameters);
    plugin_names_free(names, count);
}
