/* The matrix of every method as a heat map: the mean over its seeds large, the seeds small beside it. */
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "report/html_page.h"
#include "report/html_text.h"
#include "report/svg.h"

enum { SEED_NUMBERS_MOST = 10, SEEDS_DRAWN_MOST = 50 }; /* of tasks: numbers in a seed's map; maps of seeds at all */

static struct course_place *means_of(const struct finished_run *r, const struct finished_method *m)
{
    struct course_place *at = alloc_zero((size_t)(r->tasks * (r->tasks + 1)), sizeof *at);
    for (int64_t i = 0; i <= r->tasks; i++)
        for (int64_t j = 1; j <= r->tasks; j++)
            at[i * r->tasks + j - 1] = place_of_matrix(m, i, j, r->error);
    return at;
}

static struct course_place *seed_of(const struct finished_run *r, const matrix *a)
{
    struct course_place *at = alloc_zero((size_t)(r->tasks * (r->tasks + 1)), sizeof *at);
    for (int64_t i = 0; i <= r->tasks; i++)
        for (int64_t j = 1; j <= r->tasks; j++) {
            bool there = i <= a->tasks && j <= a->tasks;
            at[i * r->tasks + j - 1] = (struct course_place){
                .at = (double)i, .mean = there ? matrix_at(a, i, j) : (double)NAN, .error = (double)NAN, .n = 1};
        }
    return at;
}

/* ---- drawings ---- */

static void mean_map(const struct finished_run *r, const struct finished_method *m, const struct course_place *at,
                     text *out)
{
    text title = {0};
    text_addf(&title, "%s: mean matrix over %zu seed%s", m->name, m->cell_count, m->cell_count == 1 ? "" : "s");
    struct svg_heat heat = {.title = title.at, .classes = "heat", .tasks = r->tasks, .at = at, .seed = -1};
    heat.desc = "Rows: tasks trained, from none to all. Columns: the task that accuracy is of. The table of means has "
                "the same numbers.";
    heat.numbers = r->tasks <= HEAT_NUMBERS_MOST;
    svg_heat_add(&heat, out);
    text_free(&title);
}

static void seed_map(const struct finished_run *r, const struct finished_method *m, const struct finished_cell *c,
                     text *out)
{
    text title = {0};
    text_addf(&title, "%s: matrix of seed %lld", m->name, (long long)c->seed);
    struct course_place *at = seed_of(r, c->accuracy);
    struct svg_heat heat = {.title = title.at, .classes = "heat", .tasks = r->tasks, .at = at, .seed = c->seed};
    heat.numbers = r->tasks <= SEED_NUMBERS_MOST;
    svg_heat_add(&heat, out);
    free(at);
    text_free(&title);
}

static void seeds_add(const struct finished_run *r, const struct finished_method *m, text *out)
{
    if (m->cell_count < 2 || r->tasks > SEEDS_DRAWN_MOST)
        return;
    text_addf(out, "<div class=\"seeds\">\n");
    for (size_t i = 0; i < m->cell_count; i++)
        if (m->cells[i].accuracy) {
            text_addf(out, "<div class=\"one\"><span>seed %lld</span>", (long long)m->cells[i].seed);
            seed_map(r, m, &m->cells[i], out);
            text_addf(out, "</div>");
        }
    text_addf(out, "</div>\n");
}

/* ---- the same as a table ---- */

static void table_add(const struct finished_run *r, const struct course_place *at, text *out)
{
    if (r->tasks > HEAT_NUMBERS_MOST)
        return;
    html_numbers_begin("Means in numbers", out);
    text_addf(out, "<thead><tr><th scope=\"col\">after</th>");
    for (int64_t j = 1; j <= r->tasks; j++)
        text_addf(out, "<th scope=\"col\">task %lld</th>", (long long)j);
    text_addf(out, "</tr></thead>\n<tbody>\n");
    for (int64_t i = 0; i <= r->tasks; i++) {
        text_addf(out, "<tr><th scope=\"row\">%lld</th>", (long long)i);
        for (int64_t j = 0; j < r->tasks; j++) {
            text_addf(out, "<td>");
            html_spread(at[i * r->tasks + j].mean, at[i * r->tasks + j].error, 3, out);
            text_addf(out, "</td>");
        }
        text_addf(out, "</tr>\n");
    }
    text_addf(out, "</tbody>");
    html_numbers_end(out);
}

static void method_add(const struct finished_run *r, const struct finished_method *m, text *out)
{
    struct course_place *at = means_of(r, m);
    html_panel_begin(r, m, out);
    mean_map(r, m, at, out);
    seeds_add(r, m, out);
    table_add(r, at, out);
    html_panel_end(out);
    free(at);
}

/* ---- what stands above them ---- */

static void scale_add(text *out)
{
    text_addf(
        out,
        "<p class=\"scale\"><span>0</span><svg aria-hidden=\"true\" viewBox=\"0 0 %d 1\" width=\"200\" height=\"12\" "
        "preserveAspectRatio=\"none\">",
        HEAT_LEVELS);
    for (int level = 0; level < HEAT_LEVELS; level++)
        text_addf(out, "<rect class=\"q%d\" x=\"%d\" width=\"1\" height=\"1\"/>", level, level);
    text_addf(out, "</svg><span>1</span></p>\n");
}

/* Filled with the seeds of all methods; shown by page.js alone. */
static void seed_choice(const struct finished_run *r, text *out)
{
    const struct finished_method *most = NULL;
    for (size_t i = 0; i < r->method_count; i++)
        if (!most || r->methods[i].cell_count > most->cell_count)
            most = &r->methods[i];
    if (!most || most->cell_count < 2 || r->tasks > SEEDS_DRAWN_MOST)
        return;
    text_addf(out, "<p id=\"seed\" hidden><label>Large: <select><option value=\"mean\">mean over the seeds</option>");
    for (size_t i = 0; i < most->cell_count; i++)
        text_addf(out, "<option value=\"%lld\">seed %lld</option>", (long long)most->cells[i].seed,
                  (long long)most->cells[i].seed);
    text_addf(out, "</select></label></p>\n");
}

void html_matrices(const struct finished_run *r, text *out)
{
    if (r->tasks == 0)
        return;
    html_section("matrix", "Accuracy matrix", out);
    text_addf(
        out,
        "<p class=\"note\">Rows: how many tasks were trained, 0 is before the first. Columns: the task that accuracy "
        "is "
        "of. Below the staircase: tasks already trained. Large: the mean over the seeds; small: each seed.%s%s</p>\n",
        r->tasks > HEAT_NUMBERS_MOST
            ? " There are too many tasks for numbers in the cells: matrix.csv of each cell has them."
            : "",
        r->tasks > SEEDS_DRAWN_MOST ? " So many tasks are not drawn for each seed." : "");
    scale_add(out);
    seed_choice(r, out);
    text_addf(out, "<div class=\"panels%s\">\n",
              r->tasks > SEED_NUMBERS_MOST && r->tasks <= HEAT_NUMBERS_MOST ? " broad" : "");
    for (size_t i = 0; i < r->method_count; i++)
        if (html_drawn(&r->methods[i]))
            method_add(r, &r->methods[i], out);
    text_addf(out, "</div>\n</section>\n");
}
