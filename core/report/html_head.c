/* The head of the page: what came out in a sentence, before any table; then what ran. */
#include <math.h>
#include <string.h>

#include "report/html_page.h"
#include "report/html_text.h"

/* The metric that methods are ranked by: acc.macro, or the first of the summary that is better when higher. */
static const char *leading_metric(const struct finished_run *r)
{
    const json_t *names = r->method_count > 0 ? json_object_get(r->methods[0].row, "metrics") : NULL;
    const char *name;
    json_t *unused;
    if (json_object_get(names, "acc.macro"))
        return "acc.macro";
    json_object_foreach((json_t *)(size_t)names, name, unused) /* the macro takes no const; it changes nothing */
    {
        const metric *m = metric_find(name);
        if (m && m->higher_is_better)
            return name;
    }
    return NULL;
}

static const json_t *spread_at(const struct finished_method *m, const char *named)
{
    return json_object_get(json_object_get(m->row, "metrics"), named);
}

static double mean_at(const struct finished_method *m, const char *named)
{
    return html_number_at(spread_at(m, named), "mean");
}

/* The method of a role with the highest mean; NULL: none has one. */
static const struct finished_method *highest(const struct finished_run *r, const char *named, bool upper)
{
    const struct finished_method *best = NULL;
    for (size_t i = 0; i < r->method_count; i++) {
        const struct finished_method *m = &r->methods[i];
        double mean = mean_at(m, named);
        if ((m->role == METHOD_UPPER) == upper && isfinite(mean) && (!best || mean > mean_at(best, named)))
            best = m;
    }
    return best;
}

static size_t methods_against(const struct finished_run *r, const char *named)
{
    size_t count = 0;
    for (size_t i = 0; i < r->method_count; i++)
        count += r->methods[i].role != METHOD_UPPER && isfinite(mean_at(&r->methods[i], named));
    return count;
}

static const struct finished_method *baseline_of(const struct finished_run *r)
{
    for (size_t i = 0; i < r->method_count; i++)
        if (r->methods[i].role == METHOD_BASELINE)
            return &r->methods[i];
    return NULL;
}

static void mean_add(const struct finished_run *r, const struct finished_method *m, const char *named, text *out)
{
    html_spread(mean_at(m, named), html_number_at(spread_at(m, named), r->error), 3, out);
}

static void bold_name(const struct finished_method *m, text *out)
{
    text_addf(out, "<strong>");
    html_add(m->name, out);
    text_addf(out, "</strong>");
}

/* ---- the sentences ---- */

static void test_words(const struct finished_run *r, const struct finished_method *best, const char *named, text *out)
{
    const json_t *test = html_comparison(r, best->name, named);
    const char *verdict = html_word_at(test, "verdict", "");
    if (!strcmp(verdict, "too few seeds"))
        text_addf(out, "; too few seeds to say whether that is more than chance");
    else if (!strcmp(verdict, "not significant"))
        text_addf(out, "; the difference is not significant");
    else if (!strcmp(verdict, "better") || !strcmp(verdict, "worse"))
        text_addf(out, "; the difference is significant");
}

static void best_words(const struct finished_run *r, const char *name, const struct finished_method *best, text *out)
{
    const struct finished_method *base = baseline_of(r);
    const metric *known = metric_find(name);
    const char *what = known ? known->summary : "the first metric";
    bold_name(best, out);
    text_addf(out, "%s<strong>", methods_against(r, name) > 1 ? " comes out ahead with " : " reaches ");
    mean_add(r, best, name, out);
    text_addf(out, "</strong> %s", what);
    if (base && base != best && isfinite(mean_at(base, name))) {
        text_addf(out, ", against ");
        mean_add(r, base, name, out);
        text_addf(out, " of ");
        bold_name(base, out);
        test_words(r, best, name, out);
    }
    text_addf(out, ".");
}

static void upper_words(const struct finished_run *r, const char *name, text *out)
{
    const struct finished_method *upper = highest(r, name, true);
    if (!upper)
        return;
    const char *on = html_word_at(upper->config, "train_on", "all");
    text_addf(out, " ");
    bold_name(upper, out);
    text_addf(out, ", which trains on %s, reaches ", strcmp(on, "all") == 0 ? "all tasks at once" : "all tasks so far");
    mean_add(r, upper, name, out);
    text_addf(out, ".");
}

static void verdict_add(const struct finished_run *r, text *out)
{
    const char *name = leading_metric(r);
    const struct finished_method *best = name ? highest(r, name, false) : NULL;
    text_addf(out, "<p class=\"verdict\">");
    if (best)
        best_words(r, name, best, out);
    else if (name && highest(r, name, true))
        text_addf(out, "Only the upper reference has a result.");
    else
        text_addf(out, "No cell has a result: there is nothing to compare yet.");
    if (name)
        upper_words(r, name, out);
    if (best && html_seeds_most(r) == 1)
        text_addf(out, " With one seed nobody can say how much of that is chance.");
    text_addf(out, "</p>\n");
}

/* ---- what ran, and whether all of it is well ---- */

static void chip_add(const char *kind, const char *to, size_t count, const char *one, const char *many, text *out)
{
    if (count == 0)
        return;
    text_addf(out, "<li class=\"%s\"><a href=\"#%s\">", kind, to);
    html_count(count, one, many, out);
    text_addf(out, "</a></li>\n");
}

static void chips_add(const struct finished_run *r, text *out)
{
    size_t held = 0, failed = 0, open = 0, done = 0, i;
    json_t *gate;
    json_array_foreach(json_object_get(r->summary, "gates"), i, gate)
    {
        const json_t *pass = json_object_get(gate, "pass");
        held += json_is_true(pass), failed += json_is_false(pass), open += json_is_null(pass);
    }
    for (i = 0; i < r->method_count; i++)
        done += r->methods[i].cell_count;
    text_addf(out, "<ul class=\"chips\">\n");
    chip_add("good", "results", done, "cell finished", "cells finished", out);
    chip_add("bad", "failures", json_array_size(json_object_get(r->summary, "failed")), "cell failed", "cells failed",
             out);
    chip_add("unsure", "results", r->missing, "result.json not in the folder", "result.json not in the folder", out);
    chip_add("good", "gates", held, "gate holds", "gates hold", out);
    chip_add("bad", "gates", failed, "gate does not hold", "gates do not hold", out);
    chip_add("unsure", "gates", open, "gate not decided", "gates not decided", out);
    text_addf(out, "</ul>\n");
}

static void fact_add(const char *name, const char *words, text *out)
{
    if (!words)
        return;
    text_addf(out, "<li><span>%s</span> ", name);
    html_add(words, out);
    text_addf(out, "</li>\n");
}

static void fact_count(const char *name, size_t count, text *out)
{
    if (count > 0)
        text_addf(out, "<li><span>%s</span> %zu</li>\n", name, count);
}

static void facts_add(const struct finished_run *r, text *out)
{
    const json_t *data = json_object_get(r->plan, "data"), *network = json_object_get(r->plan, "network");
    const json_t *device = json_object_get(r->plan, "device");
    text_addf(out, "<ul class=\"facts\">\n");
    fact_add("Data", html_word_at(data, "set", NULL), out);
    fact_add("Scenario", html_word_at(r->summary, "scenario", NULL), out);
    fact_add("Evaluation", html_word_at(r->summary, "mask", NULL), out);
    fact_count("Tasks", (size_t)r->tasks, out);
    fact_count("Methods", r->method_count, out);
    fact_count("Seeds", html_seeds_most(r), out);
    fact_add("Network", html_word_at(network, "type", NULL), out);
    fact_add("Device", html_word_at(device, "type", NULL), out);
    text_addf(out, "</ul>\n");
}

/* Shown by page.js alone: without it all methods are there. */
static void choice_add(const struct finished_run *r, text *out)
{
    if (r->method_count < 2)
        return;
    text_addf(out, "<fieldset id=\"choose\" hidden><legend>Methods shown</legend>\n<div>");
    for (size_t i = 0; i < r->method_count; i++) {
        text_addf(out, "<label><input type=\"checkbox\" checked value=\"%zu\">", i);
        html_method_name(&r->methods[i], out);
        text_addf(out, "</label>\n");
    }
    text_addf(out, "</div><button type=\"button\" id=\"choose-all\">all</button> <button type=\"button\" "
                   "id=\"choose-none\">none</button></fieldset>\n");
}

void html_head(const struct finished_run *r, text *out)
{
    text_addf(out, "<header>\n<p class=\"over\">Perdure: report of a run</p>\n<h1>");
    html_add(html_word_at(r->summary, "name", "?"), out);
    text_addf(out, "</h1>\n");
    verdict_add(r, out);
    chips_add(r, out);
    facts_add(r, out);
    text_addf(out, "</header>\n");
    choice_add(r, out);
}
