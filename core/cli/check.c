/* `perdure check SCENARIO`: every fault at once, or the plan that the file makes. Reads the data, where they are at hand,
 * as far as a run does before its first cell; trains and writes nothing. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/scenario.h"
#include "run/data_open.h"
#include "run/exporter.h"

static json_t *text_or_null(const char *words)
{
    json_t *made = words ? json_string(words) : NULL;
    return made ? made : json_null();
}

static json_t *fault_json(const struct fault *f)
{
    json_t *out = json_object();
    json_object_set_new(out, "line", json_integer(f->line));
    json_object_set_new(out, "column", json_integer(f->column));
    json_object_set_new(out, "origin", text_or_null(f->origin));
    json_object_set_new(out, "path", text_or_null(f->path));
    json_object_set_new(out, "text", text_or_null(f->text));
    json_object_set_new(out, "hint", text_or_null(f->hint));
    return out;
}

/* What only the data can tell. They may be elsewhere: then the plan is good as far as it can be known here. */
static int check_data(const plan *p, bool *read, error *e)
{
    dataset *data = NULL;
    char *absent = data_absent(p->scenario);
    *read = !absent;
    if (absent)
        fprintf(stderr, "perdure: data: %s is not at hand; its checks wait for run\n", absent);
    int code = absent ? 0 : data_open(p, &data, e);
    dataset_close(data);
    free(absent);
    return code;
}

static int check_json(struct planned *p, bool read, int code, error *e)
{
    json_t *list = json_array(), *out = json_object();
    faults_sort(&p->faults);
    for (size_t i = 0; i < p->faults.count; i++)
        json_array_append_new(list, fault_json(&p->faults.at[i]));
    json_object_set_new(out, "schema", json_string("perdure.check/1"));
    json_object_set_new(out, "file", text_or_null(p->faults.file));
    json_object_set_new(out, "good", json_boolean(code == 0));
    json_object_set_new(out, "data_read", json_boolean(read));
    json_object_set_new(out, "faults", list);
    json_object_set_new(out, "error", text_or_null(e->code ? e->text : NULL)); /* a device or plugin, or the data */
    json_object_set_new(out, "plan", p->plan && !code ? plan_json(p->plan) : json_null());
    int print_code = cli_json(out, e);
    return code ? code : print_code;
}

static int check_words(struct planned *p, int code, error *e)
{
    text words = {0};
    if (code) {
        faults_print(&p->faults);
        return code;
    }
    plan_print(p->plan, &words);
    code = cli_print(words.at, e);
    text_free(&words);
    return code;
}

static int check_run(const call *c, error *e)
{
    struct planned p;
    bool read = false;
    int code = planned_open(c, &p, e);
    if (!code)
        code = exporter_possible(p.plan, e);
    if (!code)
        code = check_data(p.plan, &read, e);
    code = call_has(c, "--json") ? check_json(&p, read, code, e) : check_words(&p, code, e);
    planned_close(&p);
    return code;
}

static const option_row options[] = {
    {"--set", "KEY=VALUE", "lays a value over the file: --set optimizer.lr=0.01; repeatable"},
    {"--json", NULL, "one object on standard output: perdure.check/1"},
    {NULL, NULL, NULL},
};

const command command_check = {
    .name = "check",
    .arguments = "SCENARIO",
    .summary = "Tells all that is wrong with a scenario, or prints its plan",
    .detail = "When it is good, the data are read too, where they are at hand: labels, shapes, what the splits leave.\n"
              "Exit 0 when all is good, 78 when the scenario is not, 65 when the data are not. Writes nothing.",
    .options = options,
    .least = 1,
    .most = 1,
    .run = check_run,
};
