/* See probe.h. */
#include "cli/probe.h"

#include "base/child.h"

struct answer {
    engine_info info;
    error error;
};

static void engine_try(void *self, int to)
{
    struct answer *answer = self;
    const struct engine *engine = NULL;
    engine_options options = {.device = "cpu", .threads = 1};
    if (!engine_load(&engine, &answer->error))
        engine->open(&options, &answer->info, &answer->error);
    child_tell(to, answer, sizeof *answer);
}

int probe_engine(engine_info *out, error *e)
{
    struct answer answer = {0};
    struct child_end end;
    error none = {0};
    char words[64];
    if (child_ask(engine_try, &answer, 0, &answer, sizeof answer, &end, &none))
        return error_set(e, EXIT_UNAVAILABLE, "%s; expected libraries that load",
                         none.code ? none.text : child_end_words(&end, words, sizeof words));
    *out = answer.info;
    if (answer.error.code)
        *e = answer.error;
    return answer.error.code;
}
