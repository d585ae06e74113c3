/* What the sections of the page share. */
#include <stdio.h>
#include <string.h>

#include "report/html_page.h"
#include "report/html_text.h"

enum { COLOURS = 6, DASHES = 4 };

int html_method_number(const struct finished_run *r, const struct finished_method *m) { return (int)(m - r->methods); }

void html_style(const struct finished_method *m, char style[16])
{
    if (m->role == METHOD_PLAIN)
        snprintf(style, 16, "c%d d%d", m->colour % COLOURS, m->colour / COLOURS % DASHES);
    else
        snprintf(style, 16, "%s", m->role == METHOD_UPPER ? "upper" : "base");
}

void html_method_name(const struct finished_method *m, text *out)
{
    char style[16];
    html_style(m, style);
    text_addf(out,
              "<svg class=\"stroke\" aria-hidden=\"true\" viewBox=\"0 0 22 10\" width=\"22\" height=\"10\"><path "
              "class=\"line %s\" d=\"M0 5H22\"/></svg>",
              style);
    html_name(m->name, out);
}

const char *html_error_words(const char *kind)
{
    return !strcmp(kind, "sd")     ? "standard deviation"
           : !strcmp(kind, "ci95") ? "half of the 95 % confidence interval"
                                   : "standard error of the mean";
}

size_t html_seeds_most(const struct finished_run *r)
{
    size_t most = 0;
    for (size_t i = 0; i < r->method_count; i++)
        most = r->methods[i].cell_count > most ? r->methods[i].cell_count : most;
    return most;
}

bool html_drawn(const struct finished_method *m)
{
    for (size_t i = 0; i < m->cell_count; i++)
        if (m->cells[i].accuracy)
            return true;
    return false;
}

void html_section(const char *id, const char *heading, text *out)
{
    text_addf(out, "<section id=\"%s\">\n<h2>%s</h2>\n", id, heading);
}

void html_numbers_begin(const char *summary, text *out)
{
    text_addf(out, "<details><summary>%s</summary>\n<div class=\"scroll\"><table>\n", summary);
}

void html_numbers_end(text *out) { text_addf(out, "</table></div></details>\n"); }

void html_panel_begin(const struct finished_run *r, const struct finished_method *m, text *out)
{
    text_addf(out, "<figure data-m=\"%d\"><figcaption>", html_method_number(r, m));
    html_method_name(m, out);
    text_addf(out, "</figcaption>\n");
}

void html_panel_end(text *out) { text_addf(out, "</figure>\n"); }
