/* The scenario room as a program of its own, for scripts: what `perdure check`, `describe scenario` and
 * `describe scenario --json` say, without the plan behind them.
 *
 *     scenario_probe check FILE [KEY=VALUE ...] | describe | schema */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/scenario.h"

static int probe_check(const char *path, const char *const *sets, size_t set_count)
{
    struct scenario *s = NULL;
    faults f;
    error e = {0};
    faults_begin(&f, path);
    int code = scenario_read(path, sets, set_count, &s, &f, &e);
    faults_print(&f);
    if (e.code != 0) {
        error_print(&e);
    }
    scenario_free(s);
    faults_free(&f);
    return code;
}

int main(int count, char **words)
{
    if (count >= 3 && strcmp(words[1], "check") == 0) {
        return probe_check(words[2], (const char *const *)words + 3, (size_t)count - 3);
    }
    if (count == 2 && strcmp(words[1], "describe") == 0) {
        text out = {0};
        scenario_describe(&out);
        fputs(out.at, stdout);
        text_free(&out);
        return 0;
    }
    if (count == 2 && strcmp(words[1], "schema") == 0) {
        char *schema = scenario_schema_json();
        puts(schema);
        free(schema);
        return 0;
    }
    return EXIT_USAGE;
}
