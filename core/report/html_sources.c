/* Where the numbers come from: how metrics are defined, the scenario, the plan, the manifests. Folded, as they are long. */
#include "record/record.h"
#include "report/html_page.h"
#include "report/html_text.h"

enum { DEEPEST = 12, LIST_MOST = 400 };

/* ---- definitions ---- */

static void definition_add(const metric *m, text *out)
{
    text_addf(out, "<tr><th scope=\"row\" class=\"own\">%s</th><td class=\"words\">", m->name);
    html_add(m->summary, out);
    text_addf(out, "</td><td class=\"words\"><code>");
    html_add(m->formula, out);
    text_addf(out, "</code></td><td class=\"words\">");
    html_add(m->source, out);
    text_addf(out, "</td></tr>\n");
}

static void definitions_add(const struct finished_run *r, text *out)
{
    const json_t *names = r->method_count > 0 ? json_object_get(r->methods[0].row, "metrics") : NULL;
    text_addf(
        out,
        "<h3>What the metrics are</h3>\n<p class=\"note\">R[i][j]: accuracy on task j after training i tasks; R[0][j]: "
        "untrained; T tasks.</p>\n<div class=\"scroll\"><table class=\"words\">\n<thead><tr><th "
        "scope=\"col\">metric</th><th "
        "scope=\"col\">what it is</th><th scope=\"col\">definition</th><th "
        "scope=\"col\">source</th></tr></thead>\n<tbody>\n");
    for (int64_t i = 0; i < metric_count; i++)
        if (json_object_get(names, metrics[i].name))
            definition_add(&metrics[i], out);
    text_addf(out, "</tbody></table></div>\n");
}

/* ---- any JSON, as nested lists of names and values ---- */

static void value_add(const json_t *value, int depth, text *out);

static bool plain(const json_t *value) { return !json_is_object(value) && !json_is_array(value); }

static bool list_is_plain(const json_t *list)
{
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one) if (!plain(one)) return false;
    return true;
}

static void object_add(const json_t *object, int depth, text *out)
{
    const char *key;
    json_t *value;
    text_addf(out, "<dl>");
    json_object_foreach((json_t *)(size_t)object, key, value) /* the macro takes no const; it changes nothing */
    {
        text_addf(out, "<dt>");
        html_add(key, out);
        text_addf(out, "</dt><dd>");
        value_add(value, depth + 1, out);
        text_addf(out, "</dd>\n");
    }
    text_addf(out, "</dl>");
}

static void list_add(const json_t *list, int depth, text *out)
{
    size_t i, count = json_array_size(list);
    json_t *one;
    bool short_one = list_is_plain(list);
    text_addf(out, "%s", short_one ? "" : "<ol>");
    json_array_foreach(list, i, one)
    {
        if (i == LIST_MOST)
            break;
        text_addf(out, "%s", !short_one ? "<li>" : i > 0 ? ", " : "");
        value_add(one, depth + 1, out);
        text_addf(out, "%s", short_one ? "" : "</li>\n");
    }
    if (count > LIST_MOST)
        text_addf(out, "%sand %zu more%s", short_one ? ", " : "<li>", count - LIST_MOST, short_one ? "" : "</li>\n");
    text_addf(out, "%s", short_one ? "" : "</ol>");
}

static void value_add(const json_t *value, int depth, text *out)
{
    if (depth > DEEPEST)
        text_addf(out, "…");
    else if (json_is_object(value) && json_object_size(value) > 0)
        object_add(value, depth, out);
    else if (json_is_array(value) && json_array_size(value) > 0)
        list_add(value, depth, out);
    else if (json_is_string(value))
        html_add(json_string_value(value), out);
    else {
        text words = {0};
        record_json_text(value, &words);
        html_add(words.at, out);
        text_free(&words);
    }
}

static void json_part(const char *summary, const char *of, const json_t *value, text *out)
{
    text_addf(out, "<details><summary>%s", summary);
    html_add(of, out);
    text_addf(out, "</summary>\n");
    if (value) {
        text_addf(out, "<div class=\"tree\">");
        value_add(value, 0, out);
        text_addf(out, "</div>");
    } else {
        text_addf(out, "<p>It is not in the folder.</p>");
    }
    text_addf(out, "</details>\n");
}

/* ---- results of the cells: what another run of them would have to give ---- */

static void cell_row(const struct finished_run *r, const struct finished_method *m, const struct finished_cell *c,
                     text *out)
{
    static const char *const names[] = {"plan_sha256", "weights_sha256"};
    text_addf(out, "<tr data-m=\"%d\"><th scope=\"row\">", html_method_number(r, m));
    html_add(m->name, out);
    text_addf(out, "/seed-%lld</th>", (long long)c->seed);
    for (size_t i = 0; i < 2; i++) {
        text_addf(out, "<td class=\"digest\">");
        html_add(html_word_at(c->result, names[i], "–"), out);
        text_addf(out, "</td>");
    }
    text_addf(out, "</tr>\n");
}

static void cells_add(const struct finished_run *r, text *out)
{
    html_numbers_begin("Digests of the cells (SHA-256)", out);
    text_addf(
        out,
        "<thead><tr><th scope=\"col\">cell</th><th scope=\"col\">plan</th><th scope=\"col\">weights</th></tr></thead>\n"
        "<tbody>\n");
    for (size_t i = 0; i < r->method_count; i++)
        for (size_t k = 0; k < r->methods[i].cell_count; k++)
            cell_row(r, &r->methods[i], &r->methods[i].cells[k], out);
    text_addf(out, "</tbody>");
    html_numbers_end(out);
}

void html_sources(const struct finished_run *r, text *out)
{
    html_section("sources", "Where this comes from", out);
    definitions_add(r, out);
    text_addf(out, "<h3>What was run</h3>\n<details><summary>Scenario (scenario.yaml)</summary>\n");
    if (r->scenario) {
        text_addf(out, "<pre>");
        html_add(r->scenario, out);
        text_addf(out, "</pre>");
    } else {
        text_addf(out, "<p>It is not in the folder.</p>");
    }
    text_addf(out, "</details>\n");
    json_part("Plan: the scenario with every default (plan.json)", "", r->plan, out);
    json_part("Manifest of the run (manifest.json)", "", r->manifest, out);
    if (r->cell_manifest)
        json_part("Manifest of one cell; those of the others lie in their folders: ", r->cell_manifest_name,
                  r->cell_manifest, out);
    if (html_seeds_most(r) > 0)
        cells_add(r, out);
    text_addf(out, "</section>\n");
}
