/* See scenario.h. */
#include "cli/scenario.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

/* --out DIR is --set output.folder=DIR with the folder in quotes, so that nothing in its name is taken for YAML. */
static char *out_as_set(const char *folder)
{
    text set = {0};
    text_addf(&set, "output.folder='");
    for (const char *c = folder; *c; c++)
        text_add(&set, *c == '\'' ? "''" : c, *c == '\'' ? 2 : 1);
    text_addf(&set, "'");
    return set.at;
}

/* `words` NULL: those of the file of that name. */
static int planned_make(const call *c, const char *name, const char *words, struct planned *out, error *e)
{
    *out = (struct planned){0};
    faults_begin(&out->faults, name);
    size_t count = 0;
    const char **sets = call_values(c, "--set", &count), *folder = call_value(c, "--out");
    char *as_set = folder ? out_as_set(folder) : NULL;
    if (as_set) { /* one place is free: values of --out are not among those of --set */
        sets[count++] = as_set;
    }
    int code = words ? scenario_take_faulty(words, name, sets, count, &out->scenario, &out->faults, e)
                     : scenario_read_faulty(name, sets, count, &out->scenario, &out->faults, e);
    int plan_code = out->scenario ? plan_resolve(out->scenario, &out->plan, &out->faults, e) : 0;
    code = code ? code : plan_code;
    free(as_set);
    free(sets);
    return code;
}

int planned_open(const call *c, struct planned *out, error *e)
{
    return planned_make(c, c->arguments[0], NULL, out, e);
}

int planned_open_words(const call *c, const char *name, const char *words, struct planned *out, error *e)
{
    return planned_make(c, name, words, out, e);
}

void planned_close(struct planned *p)
{
    if (p->plan)
        plan_close(p->plan);
    if (p->scenario)
        scenario_free(p->scenario);
    faults_free(&p->faults);
}
