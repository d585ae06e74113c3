/* How tables are written: on a terminal, in Markdown, in LaTeX. What stands in them is the same. */
#ifndef PERDURE_REPORT_STYLE_H
#define PERDURE_REPORT_STYLE_H
#include <stdbool.h>

#include "base/text.h"
#include "evaluate/difference.h"

enum { VERDICTS = VERDICT_NOT_SIGNIFICANT + 1 };

struct style {
    const char *plus_minus;             /* between a mean and its error, blanks included */
    const char *plus_minus_words;       /* the same between words */
    const char *open, *close;           /* around a number */
    const char *best_open, *best_close; /* the same around the best of its column */
    const char *marks[VERDICTS];        /* by enum verdict; "" for none */
    const char *mark_open, *mark_close; /* around a mark, behind the number */
    const char *mark_none;              /* in the place of one, in a table that has marks */
    const char *between; /* before a further line of notes, which some would run together with the one above */
    void (*words_add)(const char *words, text *out); /* names and prose, so that no letter of them means anything */
};

extern const struct style style_utf8, style_ascii, style_markdown, style_latex;
const struct style *style_of(bool utf8);                                  /* a terminal's */
char *style_words(const struct style *s, const char *words);              /* owned */
char *style_number(const struct style *s, const char *digits, bool best); /* owned */

/* "better" and the like back to what they mean; VERDICT_NOT_SIGNIFICANT for any other word. */
enum verdict style_verdict(const char *word);

#endif
