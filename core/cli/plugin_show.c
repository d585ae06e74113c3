/* `perdure plugin show`: what a strategy says of itself, and what it would conflict with. One JSON object holds it all; the words are
 * read from there. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "cli/plugin.h"
#include "cli/plugin_words.h"
#include "plan/conflict.h"
#include "plugin/plugin.h"
#include "scenario/param.h"
#include "scenario/scenario.h"

static json_t *text_or_null(const char *words) { return words ? json_string(words) : json_null(); }

static json_t *version_of(uint32_t abi) { return json_sprintf("%u.%u", abi >> 16, abi & 0xffffu); }

/* ---- what it says of itself ---- */

static json_t *hooks_json(const pdr_hooks *hooks)
{
    json_t *rows = json_array();
    for (const hook_words *h = plugin_hooks; h->name; h++)
        if (hook_there(hooks, h))
            json_array_append_new(rows,
                                  json_pack("{s:s, s:s, s:s}", "name", h->name, "tags", h->tags, "words", h->words));
    return rows;
}

/* Bits that this Perdure has no name for are told too: a newer header's. */
static json_t *flags_json(uint32_t flags)
{
    json_t *rows = json_array();
    for (const flag_words *f = plugin_flags; f->name; f++) {
        if (flags & f->flag)
            json_array_append_new(rows, json_pack("{s:s, s:s}", "name", f->name, "words", f->words));
        flags &= ~f->flag;
    }
    if (flags)
        json_array_append_new(
            rows, json_pack("{s:o, s:s}", "name", json_sprintf("0x%x", flags), "words", "unknown to this Perdure"));
    return rows;
}

static json_t *abi_json(const pdr_plugin *d)
{
    return json_pack("{s:o, s:o, s:I, s:I}", "plugin", version_of(d->abi_version), "host",
                     version_of(PDR_ABI_MAJOR << 16 | PDR_ABI_MINOR), "descriptor_bytes", (json_int_t)d->struct_size,
                     "hooks_bytes", (json_int_t)d->hooks->struct_size);
}

/* ---- what it would conflict with ---- */

static void conflict_add(json_t *rows, const char *with, const char *what, json_t *why)
{
    json_array_append_new(rows, json_pack("{s:s, s:s, s:o}", "with", with, "what", what, "why", why));
}

static void scenarios_add(json_t *rows, uint32_t flags)
{
    for (const conflict_need *need = conflict_needs; need->flag; need++)
        for (int kind = TASK_IL; (flags & need->flag) && need->by_stream && kind <= TASK_FREE; kind++)
            if (!need->met((enum scenario_kind)kind, TRAIN_TASK))
                conflict_add(rows, "scenario", scenario_kind_name((enum scenario_kind)kind),
                             json_sprintf("it %s", need->needs));
}

static void trainings_add(json_t *rows, uint32_t flags)
{
    for (const conflict_need *need = conflict_needs; need->flag; need++)
        for (int on = TRAIN_TASK; (flags & need->flag) && !need->by_stream && on <= TRAIN_ALL_SO_FAR; on++)
            if (!need->met(TASK_IL, (enum train_on)on))
                conflict_add(rows, "train_on", train_on_name((enum train_on)on), json_sprintf("it %s", need->needs));
}

/* The hooks that both have and only one may have: "compute_loss and predict", or "". */
static void soles_shared(const pdr_hooks *one, const pdr_hooks *other, text *out)
{
    for (int i = 0; i < SOLE_HOOKS; i++)
        if (sole_has(one, (enum sole_hook)i) && sole_has(other, (enum sole_hook)i))
            text_addf(out, "%s%s", out->length ? " and " : "", sole_name((enum sole_hook)i));
}

static void strategy_add(json_t *rows, const plugin *p, const plugin *other)
{
    text shared = {0};
    const char *name = other->descriptor->name;
    if (p != other && !strcmp(name, p->descriptor->name))
        conflict_add(rows, "name", name, json_sprintf("a scenario that says %s gets %s", name, other->path));
    soles_shared(&p->hooks, &other->hooks, &shared);
    if (p != other && shared.length)
        conflict_add(rows, "strategy", name, json_sprintf("both have %s; a method has one at most", shared.at));
    text_free(&shared);
}

static json_t *conflicts_json(const plugin *p)
{
    json_t *rows = json_array();
    size_t count = 0;
    char **names = plugin_names(&count);
    scenarios_add(rows, p->descriptor->flags);
    trainings_add(rows, p->descriptor->flags);
    for (size_t i = 0; i < count; i++) {
        const plugin *other = NULL;
        if (!plugin_find(names[i], &other, NULL))
            strategy_add(rows, p, other);
    }
    plugin_names_free(names, count);
    return rows;
}

/* ---- the whole ---- */

static json_t *plugin_json(const plugin *p)
{
    const pdr_plugin *d = p->descriptor;
    struct stat about = {0};
    char *schema = param_schema_json(&p->parameters);
    json_t *out = json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:s}", "schema", "perdure.plugin.show/1", "name", d->name,
                            "version", d->version, "summary", d->summary, "paper", text_or_null(d->paper), "path",
                            p->path, "sha256", p->sha256);
    json_object_set_new(out, "bytes", json_integer(stat(p->path, &about) ? 0 : about.st_size));
    json_object_set_new(out, "abi", abi_json(d));
    json_object_set_new(out, "state_version", p->hooks.save ? json_integer(d->state_version) : json_null());
    json_object_set_new(out, "extensions", json_boolean(d->extension != NULL));
    json_object_set_new(out, "parameters", schema ? json_loads(schema, 0, NULL) : json_null());
    json_object_set_new(out, "hooks", hooks_json(&p->hooks));
    json_object_set_new(out, "flags", flags_json(d->flags));
    json_object_set_new(out, "conflicts", conflicts_json(p));
    free(schema);
    return out;
}

/* ---- in words ---- */

static const char *word_of(const json_t *row, const char *key) { return json_string_value(json_object_get(row, key)); }

static void head_words(const json_t *all, text *out)
{
    const json_t *abi = json_object_get(all, "abi"), *state = json_object_get(all, "state_version");
    text_addf(out, "%s %s: %s\n\n", word_of(all, "name"), word_of(all, "version"), word_of(all, "summary"));
    if (word_of(all, "paper"))
        text_addf(out, "paper    %s\n", word_of(all, "paper"));
    text_addf(out, "file     %s, %lld bytes\nsha256   %s\n", word_of(all, "path"),
              (long long)json_integer_value(json_object_get(all, "bytes")), word_of(all, "sha256"));
    text_addf(out, "ABI      %s; this Perdure has %s\n", word_of(abi, "plugin"), word_of(abi, "host"));
    if (json_is_true(json_object_get(all, "extensions")))
        text_addf(out, "extends  it answers ids beyond the headers, by extension()\n");
    if (json_is_null(state))
        text_addf(out, "state    none: it has no save()\n");
    else
        text_addf(out, "state    version %lld\n", (long long)json_integer_value(state));
}

/* A row a line: two words of the object in columns, the third behind them. */
static void rows_words(const json_t *rows, const char *title, const char *none, const char *const keys[3], text *out)
{
    text_addf(out, "\n%s\n", title);
    if (json_array_size(rows) == 0)
        text_addf(out, "  %s\n", none);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        text_addf(out, "  %-20s ", word_of(row, keys[0]));
        if (keys[1])
            text_addf(out, "%-17s ", word_of(row, keys[1]));
        text_addf(out, "%s\n", word_of(row, keys[2]));
    }
}

static void plugin_words(const json_t *all, const plugin *p, text *out)
{
    head_words(all, out);
    text_addf(out, "\nparameters\n");
    if (p->parameters.rows)
        param_describe(&p->parameters, out);
    else
        text_addf(out, "  none\n");
    rows_words(json_object_get(all, "hooks"), "hooks, in the order of training", "none",
               (const char *const[3]){"name", "tags", "words"}, out);
    rows_words(json_object_get(all, "flags"), "flags", "none", (const char *const[3]){"name", NULL, "words"}, out);
    rows_words(json_object_get(all, "conflicts"), "conflicts",
               "none, neither with a scenario nor with a strategy that is installed",
               (const char *const[3]){"with", "what", "why"}, out);
}

static int show(const call *c, error *e)
{
    const plugin *p = NULL;
    int code = plugin_named(c, &p, e);
    if (code)
        return code;
    json_t *all = plugin_json(p);
    if (call_has(c, "--json"))
        return cli_json(all, e);
    text words = {0};
    plugin_words(all, p, &words);
    code = cli_print(words.at, e);
    text_free(&words);
    json_decref(all);
    return code;
}

static const char *const options[] = {"--json", NULL};
const plugin_verb plugin_show = {.name = "show", .argument = "FILE.so or NAME", .options = options, .run = show};
