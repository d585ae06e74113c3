/* What went wrong, or may have: cells that failed, and what the self-checks of finished cells found. */
#include "report/html_page.h"
#include "report/html_text.h"

void html_failures(const struct finished_run *r, text *out)
{
    const json_t *failed = json_object_get(r->summary, "failed");
    size_t i;
    json_t *one;
    if (json_array_size(failed) == 0)
        return;
    html_section("failures", "Cells that failed", out);
    text_addf(out, "<div class=\"scroll\"><table class=\"words\">\n<thead><tr><th scope=\"col\">cell</th><th "
                   "scope=\"col\">why</th></tr></thead>\n"
                   "<tbody>\n");
    json_array_foreach(failed, i, one)
    {
        text_addf(out, "<tr><th scope=\"row\">");
        html_add(html_word_at(one, "method", "?"), out);
        text_addf(out, "/seed-%lld</th><td class=\"words\">",
                  (long long)json_integer_value(json_object_get(one, "seed")));
        html_add(html_word_at(one, "reason", "no reason was told"), out);
        text_addf(out, "</td></tr>\n");
    }
    text_addf(out, "</tbody></table></div>\n</section>\n");
}

/* ---- self-checks ---- */

static const json_t *checks_of(const struct finished_cell *c)
{
    return json_object_get(json_object_get(c->result, "warnings"), "checks");
}

static void check_add(const struct finished_run *r, const struct finished_method *m, int64_t seed, const json_t *check,
                      text *out)
{
    text_addf(out, "<tr data-m=\"%d\"><th scope=\"row\">", html_method_number(r, m));
    html_add(m->name, out);
    text_addf(out, "/seed-%lld</th><td>", (long long)seed);
    html_add(html_word_at(check, "check", "?"), out);
    text_addf(out, "</td><td>");
    html_add(html_word_at(check, "strategy", ""), out);
    text_addf(out, "</td><td>%lld</td><td class=\"words\">",
              (long long)json_integer_value(json_object_get(check, "count")));
    html_add(html_word_at(check, "words", ""), out);
    text_addf(out, "</td></tr>\n");
}

static size_t checks_count(const struct finished_run *r)
{
    size_t count = 0;
    for (size_t i = 0; i < r->method_count; i++)
        for (size_t k = 0; k < r->methods[i].cell_count; k++)
            count += json_array_size(checks_of(&r->methods[i].cells[k]));
    return count;
}

void html_warnings(const struct finished_run *r, text *out)
{
    if (checks_count(r) == 0)
        return;
    html_section("warnings", "What the self-checks found", out);
    text_addf(
        out,
        "<p class=\"note\">What may be meant and may be silently wrong: the first of its kind in a cell, and how often "
        "it "
        "came.</p>\n<div class=\"scroll\"><table class=\"words\">\n<thead><tr><th scope=\"col\">cell</th><th "
        "scope=\"col\">check</th><th "
        "scope=\"col\">strategy</th><th scope=\"col\">times</th><th scope=\"col\">words</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < r->method_count; i++)
        for (size_t k = 0; k < r->methods[i].cell_count; k++) {
            const struct finished_cell *c = &r->methods[i].cells[k];
            size_t at;
            json_t *check;
            json_array_foreach(checks_of(c), at, check) check_add(r, &r->methods[i], c->seed, check, out);
        }
    text_addf(out, "</tbody></table></div>\n</section>\n");
}
