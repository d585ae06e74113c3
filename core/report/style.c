/* See style.h. */
#include "report/style.h"

#include <ctype.h>
#include <string.h>

#include "base/alloc.h"

static void plain_add(const char *words, text *out) { text_addf(out, "%s", words); }

/* ---- Markdown ---- */

static bool letter(char c) { return isalnum((unsigned char)c) != 0; }

/* Between letters an underscore is one, and a backslash is one before anything but punctuation. */
static bool markdown_means(const char *words, const char *at)
{
    char before = at > words ? at[-1] : ' ', behind = at[1];
    switch (*at) {
    case '*':
    case '`':
    case '~':
    case '|': return true;
    case '_': return !letter(before) || !letter(behind);
    case '\\': return ispunct((unsigned char)behind) != 0;
    case '<': return letter(behind) || behind == '/' || behind == '!' || behind == '?';
    case '&': return letter(behind) || behind == '#';
    default: return false;
    }
}

static void markdown_add(const char *words, text *out)
{
    for (const char *c = words; *c; c++) {
        if (markdown_means(words, c))
            text_add(out, "\\", 1);
        text_add(out, c, 1);
    }
}

/* ---- LaTeX ---- */

static const char *latex_of(char c)
{
    static const struct {
        char letter;
        const char *written;
    } all[] = {{'\\', "\\textbackslash{}"},
               {'{', "\\{"},
               {'}', "\\}"},
               {'$', "\\$"},
               {'&', "\\&"},
               {'#', "\\#"},
               {'%', "\\%"},
               {'_', "\\_"},
               {'^', "\\textasciicircum{}"},
               {'~', "\\textasciitilde{}"},
               {'<', "\\textless{}"},
               {'>', "\\textgreater{}"},
               {'|', "\\textbar{}"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].letter == c)
            return all[i].written;
    return NULL;
}

/* Two hyphens would become a dash. */
static void latex_add(const char *words, text *out)
{
    for (const char *c = words; *c; c++) {
        const char *written = latex_of(*c);
        if (written)
            text_addf(out, "%s", written);
        else
            text_add(out, c, 1);
        if (c[0] == '-' && c[1] == '-')
            text_addf(out, "{}");
    }
}

/* ---- all of them ---- */

#define MARKS(better, worse, few, same, rigid)                                                                      \
    {                                                                                                               \
        [VERDICT_BETTER] = (better), [VERDICT_WORSE] = (worse), [VERDICT_TOO_FEW] = (few), [VERDICT_SAME] = (same), \
        [VERDICT_NO_SPREAD] = (rigid), [VERDICT_NOT_SIGNIFICANT] = "",                                              \
    }

#define TERMINAL(sign)                                                                                                 \
    {                                                                                                                  \
        .plus_minus = (sign), .plus_minus_words = (sign), .open = "", .close = "", .best_open = "", .best_close = "",  \
        .marks = MARKS("*", "!", "?", "=", "~"), .mark_open = " ", .mark_close = "", .mark_none = "  ", .between = "", \
        .words_add = plain_add,                                                                                        \
    }

const struct style style_utf8 = TERMINAL(" \u00b1 "), style_ascii = TERMINAL(" +- ");

const struct style style_markdown = {
    .plus_minus = " \u00b1 ",
    .plus_minus_words = " \u00b1 ",
    .open = "",
    .close = "",
    .best_open = "**",
    .best_close = "**",
    .marks = MARKS("\\*", "!", "?", "=", "\\~"),
    .mark_open = " ",
    .mark_close = "",
    .mark_none = "",
    .between = "\n",
    .words_add = markdown_add,
};

const struct style style_latex = {
    .plus_minus = " \\pm ",
    .plus_minus_words = " $\\pm$ ",
    .open = "$",
    .close = "$",
    .best_open = "$\\mathbf{",
    .best_close = "}$",
    .marks = MARKS("$^{*}$", "$^{\\dagger}$", "$^{?}$", "$^{=}$", "$^{\\sim}$"),
    .mark_open = "\\rlap{",
    .mark_close = "}",
    .mark_none = "",
    .between = "\n",
    .words_add = latex_add,
};

const struct style *style_of(bool utf8) { return utf8 ? &style_utf8 : &style_ascii; }

char *style_words(const struct style *s, const char *words)
{
    text out = {0};
    s->words_add(words, &out);
    return out.at ? out.at : alloc_text("");
}

char *style_number(const struct style *s, const char *digits, bool best)
{
    return alloc_format("%s%s%s", best ? s->best_open : s->open, digits, best ? s->best_close : s->close);
}

enum verdict style_verdict(const char *word)
{
    for (int v = 0; word && v < VERDICTS; v++)
        if (!strcmp(word, verdict_name((enum verdict)v)))
            return (enum verdict)v;
    return VERDICT_NOT_SIGNIFICANT;
}
