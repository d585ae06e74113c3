/* Gates: what was published, what came out, and whether it lies in the band. */
#include <math.h>
#include <string.h>

#include "report/html_page.h"
#include "report/html_text.h"
#include "report/svg.h"

static void published_add(const json_t *gate, text *out)
{
    const json_t *between = json_object_get(gate, "between");
    double n = html_number_at(gate, "n");
    if (between) {
        html_number(json_number_value(json_array_get(between, 0)), 4, out);
        text_addf(out, " to ");
        html_number(json_number_value(json_array_get(between, 1)), 4, out);
        return;
    }
    html_spread(html_number_at(gate, "is"), html_number_at(gate, "sem"), 4, out);
    if (isfinite(n))
        text_addf(out, " (%.0f)", n);
}

static void ours_add(const json_t *gate, text *out)
{
    const json_t *ours = json_object_get(gate, "ours");
    html_spread(html_number_at(ours, "mean"), html_number_at(ours, "sem"), 4, out);
    text_addf(out, " (");
    html_number(html_number_at(ours, "n"), 0, out);
    text_addf(out, ")");
}

static void drawing_add(const json_t *gate, text *out)
{
    const json_t *ours = json_object_get(gate, "ours");
    struct svg_band band = {.title = "Ours beside the band",
                            .low = html_number_at(gate, "low"),
                            .high = html_number_at(gate, "high"),
                            .value = html_number_at(ours, "mean"),
                            .error = html_number_at(ours, "sem"),
                            .held = json_is_true(json_object_get(gate, "pass"))};
    if (isfinite(band.low) && isfinite(band.high))
        svg_band_add(&band, out);
    text_addf(out, "<small>");
    html_number(band.low, 4, out);
    text_addf(out, " to ");
    html_number(band.high, 4, out);
    text_addf(out, "</small>");
}

static void result_add(const json_t *gate, text *out)
{
    const json_t *pass = json_object_get(gate, "pass");
    text_addf(out, "%s",
              json_is_true(pass)    ? "<span class=\"good\">✓ holds</span>"
              : json_is_false(pass) ? "<span class=\"bad\">✗ does not hold</span>"
                                    : "<span class=\"unsure\">? not decided</span>");
}

static void row_add(const json_t *gate, text *out)
{
    text_addf(out, "<tr><th scope=\"row\">");
    html_add(html_word_at(gate, "method", "?"), out);
    text_addf(out, "<br><small>");
    html_add(html_word_at(gate, "metric", "?"), out);
    text_addf(out, "</small></th><td>");
    result_add(gate, out);
    text_addf(out, "</td><td>");
    published_add(gate, out);
    text_addf(out, "</td><td>");
    ours_add(gate, out);
    text_addf(out, "</td><td>");
    drawing_add(gate, out);
    text_addf(out, "</td><td class=\"words\">");
    html_add(html_word_at(gate, "why", ""), out);
    text_addf(out, "<br><small>");
    html_add(html_word_at(gate, "source", ""), out);
    text_addf(out, "</small></td></tr>\n");
}

void html_gates(const struct finished_run *r, text *out)
{
    const json_t *gates = json_object_get(r->summary, "gates");
    if (json_array_size(gates) == 0)
        return;
    html_section("gates", "Gates", out);
    text_addf(
        out,
        "<p class=\"note\">What a published result promises, and whether ours lies in the band around it: the wider of "
        "<code>within</code> and 2.5 combined standard errors, or <code>between</code>. Mean ± standard error (seeds). "
        "Too "
        "good fails as well as too bad.</p>\n<div class=\"scroll\"><table class=\"gates\">\n<thead><tr><th "
        "scope=\"col\">gate</th><th scope=\"col\">result</th><th scope=\"col\">published</th><th "
        "scope=\"col\">ours</th><th "
        "scope=\"col\">band</th><th scope=\"col\">why, and source</th></tr></thead>\n<tbody>\n");
    for (int kind = 0; kind < 3; kind++) /* those that fail first, then those that are open */
        for (size_t i = 0; i < json_array_size(gates); i++) {
            const json_t *gate = json_array_get(gates, i), *pass = json_object_get(gate, "pass");
            if ((json_is_false(pass) ? 0 : json_is_true(pass) ? 2 : 1) == kind)
                row_add(gate, out);
        }
    text_addf(out, "</tbody></table></div>\n</section>\n");
}
