/* The methods beside the baseline: marks in the table of methods, the lines that explain them, and the tests themselves. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "report/table.h"

static const char *word_of(const json_t *object, const char *key)
{
    const char *word = json_string_value(json_object_get(object, key));
    return word ? word : "?";
}

static const json_t *comparisons_of(const json_t *summary) { return json_object_get(summary, "comparisons"); }

bool comparisons_there(const json_t *summary) { return json_array_size(comparisons_of(summary)) > 0; }

/* ---- marks ---- */

static enum verdict verdict_of(const json_t *comparison) { return style_verdict(word_of(comparison, "verdict")); }

static enum verdict verdict_find(const json_t *summary, const char *method, const char *metric)
{
    size_t i;
    json_t *one;
    json_array_foreach(comparisons_of(summary), i,
                       one) if (!strcmp(word_of(one, "metric"), metric) &&
                                !strcmp(word_of(one, "method"), method)) return verdict_of(one);
    return VERDICT_NOT_SIGNIFICANT;
}

void verdict_mark(enum verdict v, const struct style *s, text *out)
{
    if (s->marks[v][0])
        text_addf(out, "%s%s%s", s->mark_open, s->marks[v], s->mark_close);
    else
        text_addf(out, "%s", s->mark_none);
}

void comparison_mark(const json_t *summary, const char *method, const char *metric, const struct style *s, text *out)
{
    if (comparisons_there(summary))
        verdict_mark(verdict_find(summary, method, metric), s, out);
}

/* ---- what the marks mean ---- */

/* Of comparisons: which verdicts there are, and between which numbers of seeds. */
struct seen {
    bool verdict[VERDICTS];
    json_int_t least, most;
    bool few; /* enough to be tested, and no more than that */
};

static struct seen seen_of(const json_t *comparisons, json_int_t few)
{
    struct seen out = {.least = -1};
    size_t i;
    json_t *one;
    json_array_foreach(comparisons, i, one)
    {
        json_int_t n = json_integer_value(json_object_get(one, "n"));
        enum verdict v = verdict_of(one);
        out.verdict[v] = true;
        out.least = out.least < 0 || n < out.least ? n : out.least;
        out.most = n > out.most ? n : out.most;
        out.few = out.few || (n < few && json_is_number(json_object_get(one, "p_holm")));
    }
    return out;
}

static void seeds_words(const struct seen *seen, text *out)
{
    text_addf(out, "n = %lld", (long long)seen->least);
    if (seen->most != seen->least)
        text_addf(out, " to %lld", (long long)seen->most);
}

static void mark_explain(const struct seen *seen, enum verdict v, const struct style *s, const char *words, bool *begun,
                         text *out)
{
    if (!seen->verdict[v])
        return;
    text_addf(out, "%s%s ", *begun ? "; " : s->between, s->marks[v]);
    s->words_add(words, out);
    *begun = true;
}

static void few_explain(const struct seen *seen, json_int_t few, const struct style *s, bool begun, text *out)
{
    if (seen->few) {
        char *words = alloc_format("few seeds (n < %lld): only large differences can be told", (long long)few);
        text_addf(out, "%s", begun ? "; " : s->between);
        s->words_add(words, out);
        free(words);
    }
    text_addf(out, seen->few || begun ? "\n" : "");
}

/* Marks that are no claim, of those that there are; one line, or nothing. */
static void marks_footer(const json_t *comparisons, const json_t *test, const struct style *s, text *out)
{
    json_int_t few = json_integer_value(json_object_get(test, "n_few"));
    struct seen seen = seen_of(comparisons, few);
    char *too_few = alloc_format("too few seeds to say (n < %lld)",
                                 (long long)json_integer_value(json_object_get(test, "n_least")));
    bool begun = false;
    mark_explain(&seen, VERDICT_TOO_FEW, s, too_few, &begun, out);
    mark_explain(&seen, VERDICT_SAME, s, "the same in every seed", &begun, out);
    mark_explain(&seen, VERDICT_NO_SPREAD, s, "the same difference in every seed, no spread to test it by", &begun,
                 out);
    few_explain(&seen, few, s, begun, out);
    free(too_few);
}

void few_footer(const json_t *comparisons, const json_t *test, const struct style *s, text *out)
{
    json_int_t few = json_integer_value(json_object_get(test, "n_few"));
    struct seen seen = seen_of(comparisons, few);
    few_explain(&seen, few, s, false, out);
}

void comparisons_footer(const json_t *summary, const struct style *s, text *out)
{
    const json_t *test = json_object_get(summary, "test");
    struct seen seen = seen_of(comparisons_of(summary), 0);
    if (!comparisons_there(summary))
        return;
    text_addf(out, "%s%s better, %s worse than ", s->between, s->marks[VERDICT_BETTER], s->marks[VERDICT_WORSE]);
    s->words_add(word_of(summary, "baseline"), out);
    text_addf(out, ": ");
    s->words_add(word_of(test, "name"), out);
    text_addf(out, " over seeds (");
    seeds_words(&seen, out);
    char *rest = alloc_format("), two-sided, %s's correction over %s, p < %g", word_of(test, "correction"),
                              word_of(test, "family"), json_number_value(json_object_get(test, "level")));
    s->words_add(rest, out);
    text_addf(out, "\n");
    marks_footer(comparisons_of(summary), test, s, out);
    free(rest);
}

/* ---- the tests themselves ---- */

char *number_words(const json_t *value, int decimals, const struct style *s)
{
    if (!json_is_number(value))
        return alloc_text("-");
    char *digits = alloc_format("%.*f", decimals, json_number_value(value)), *out = style_number(s, digits, false);
    free(digits);
    return out;
}

char *apart_words(const json_t *value, const struct style *s)
{
    if (!json_is_number(value))
        return alloc_text("-");
    char *digits = alloc_format("%+.4f", json_number_value(value)), *out = style_number(s, digits, false);
    free(digits);
    return out;
}

char *p_words(const json_t *p, const struct style *s)
{
    if (!json_is_number(p))
        return alloc_text("-");
    double v = json_number_value(p);
    char *digits = v < 0.0001 ? alloc_text("<0.0001") : alloc_format("%.4f", v);
    char *out = style_number(s, digits, false);
    free(digits);
    return out;
}

char *interval_words(const json_t *interval, const struct style *s)
{
    const json_t *low = json_array_get(interval, 0), *high = json_array_get(interval, 1);
    if (!json_is_number(low) || !json_is_number(high))
        return alloc_text("-");
    char *digits = alloc_format("[%.4f, %.4f]", json_number_value(low), json_number_value(high));
    char *out = style_number(s, digits, false);
    free(digits);
    return out;
}

static const char *const headings[] = {"method",   "metric", "difference", "95 % interval", "t", "df", "p",
                                       "p (Holm)", "d_z",    "n",          "verdict"};
enum { COLUMNS = sizeof headings / sizeof *headings };

grid comparisons_grid(const json_t *summary, const struct style *s)
{
    const json_t *all = comparisons_of(summary);
    grid g = grid_open(json_array_size(all) + 1, COLUMNS);
    for (size_t i = 0; i < COLUMNS; i++)
        grid_set(&g, 0, i, style_words(s, headings[i]));
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *one = json_array_get(all, i);
        size_t column = 0;
        grid_set(&g, i + 1, column++, style_words(s, word_of(one, "method")));
        grid_set(&g, i + 1, column++, style_words(s, word_of(one, "metric")));
        grid_set(&g, i + 1, column++, apart_words(json_object_get(one, "mean_difference"), s));
        grid_set(&g, i + 1, column++, interval_words(json_object_get(one, "ci95"), s));
        grid_set(&g, i + 1, column++, number_words(json_object_get(one, "t"), 2, s));
        grid_set(&g, i + 1, column++, number_words(json_object_get(one, "df"), 0, s));
        grid_set(&g, i + 1, column++, p_words(json_object_get(one, "p"), s));
        grid_set(&g, i + 1, column++, p_words(json_object_get(one, "p_holm"), s));
        grid_set(&g, i + 1, column++, number_words(json_object_get(one, "effect"), 2, s));
        grid_set(&g, i + 1, column++, number_words(json_object_get(one, "n"), 0, s));
        grid_set(&g, i + 1, column++, style_words(s, word_of(one, "verdict")));
    }
    return g;
}

void comparisons_explain(const json_t *summary, const struct style *s, text *out)
{
    s->words_add("difference: the method less ", out);
    s->words_add(word_of(summary, "baseline"), out);
    s->words_add(
        ", over the seeds that both have (n); 95 % interval and p: of this one test; p (Holm): with the correction, "
        "by which the verdict goes; d_z: mean difference / SD of the differences",
        out);
    text_addf(out, "\n");
}
