/* Whether the networks of a plan fit the rows of the data, in words that name the line of the scenario. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "plan/plan.h"
#include "scenario/variant.h"

/* The engine's words begin with the key path, as "network.layers[2]: found ...". */
static int network_refuse(const struct scenario *s, const struct method_options *m, const error *why, error *e)
{
    const char *words = strstr(why->text, ": ");
    char *path = alloc_format("%.*s", words ? (int)(words - why->text) : 0, why->text);
    words = words ? words + 2 : why->text;
    char *own = NULL;
    for (const node *n = m->set ? m->set->first : NULL; n && !own; n = n->next)
        own = strncmp(n->key, "network.", 8) ? NULL : variant_place(m, "network.");
    int code = own ? scenario_error(s, own, EXIT_SCENARIO, e, "%s: %s", path, words)
                   : scenario_error(s, path, EXIT_SCENARIO, e, "%s", words);
    free(own);
    free(path);
    return code;
}

int plan_networks_check(const plan *p, const int64_t *shape, int64_t rank, error *e)
{
    for (int i = 0; i < p->method_count + p->trial_count; i++) {
        engine_network network = p->methods[i].network;
        error why = {0};
        network.shape = shape;
        network.rank = rank;
        network.outputs = 1; /* a head fits whatever comes before it */
        if (engine_network_check(&network, &why))
            return network_refuse(p->scenario, p->methods[i].options, &why, e);
    }
    return 0;
}
