/* Keys that name a method of the file: the baseline, and the method of a gate. What is named must be there, by its whole name,
 * or nothing would ever be compared with it. */
#include <string.h>

#include "scenario/row.h"
#include "scenario/scenario.h"

enum { METHODS_SHOWN = 20 };

const struct method_options *method_named(const struct scenario *s, const char *name)
{
    for (size_t i = 0; i < s->methods.count; i++) {
        if (s->methods.at[i].name != NULL && strcmp(s->methods.at[i].name, name) == 0) {
            return &s->methods.at[i];
        }
    }
    return NULL;
}

void method_refuse_named(struct check *c, const struct scenario *s, const node *said, const char *path)
{
    const char **names = arena_take(c->arena, s->methods.count + 1, sizeof *names);
    size_t count = s->methods.count;
    text words = {0};
    for (size_t i = 0; i < count; i++) {
        names[i] = s->methods.at[i].name;
        if (names[i] == NULL) { /* it may be the one that is meant, and its own fault is told */
            count = 0;
        } else if (i < METHODS_SHOWN) {
            text_addf(&words, "%s%s", i == 0 ? "" : ", ", names[i]);
        }
    }
    if (count > 0) {
        const char *nearest = text_nearest(said->text, names, count);
        faults_add(c->faults, said, path, "found %s; expected a method of this file: %s%s", node_shown(said), words.at,
                   count > METHODS_SHOWN ? ", ..." : "");
        for (size_t i = 0; i < count; i++) {
            const char *base = s->methods.at[i].base;
            if (base != NULL && strcmp(base, said->text) == 0) {
                faults_hint(c->faults, "a grid makes variants of it: name one, as %s", names[i]);
                break;
            }
        }
        if (nearest != NULL) {
            faults_hint(c->faults, "did you mean \"%s\"?", nearest);
        }
    }
    text_free(&words);
}

void baseline_after(struct check *c, const node *root, const struct scenario *s)
{
    const char *name = s->evaluation.baseline;
    if (name != NULL && method_named(s, name) == NULL) {
        method_refuse_named(c, s, node_at(root, "evaluation.baseline"), "evaluation.baseline");
    }
}
