/* Words and numbers as they may stand in HTML and in SVG within it. Whatever comes from a file goes through here. */
#ifndef PERDURE_REPORT_HTML_TEXT_H
#define PERDURE_REPORT_HTML_TEXT_H
#include <jansson.h>
#include <stddef.h>

#include "base/text.h"

/* Escaped for content and for values of attributes in double quotes. What is no printable character (control bytes but
 * tabs and line ends, bad UTF-8) becomes U+FFFD, so that the page stays valid. NULL: nothing. */
void html_add(const char *words, text *out);
/* A name that a narrow column breaks behind what joins its parts (@ , _ +), and a part that is long anywhere. */
void html_name(const char *name, text *out);
/* At most `most` characters of it (3 or more): of a variant that is longer the keys go first, "ewc@lambda=1000" is ewc@1000; then an
 * ellipsis stands for what was cut. For labels within a drawing. */
void html_short(const char *words, size_t most, text *out);
size_t html_characters(const char *words); /* as html_short counts them */
/* A number with so many digits behind the point and a true minus sign; a dash where it is not finite. */
void html_number(double value, int digits, text *out);
/* The same with "± error" behind it, where there is one. */
void html_spread(double mean, double error, int digits, text *out);
void html_count(size_t count, const char *one, const char *many, text *out); /* "1 cell", "3 cells" */
double html_number_at(const json_t *object, const char *key);                /* NaN where it is no number */
const char *html_word_at(const json_t *object, const char *key, const char *fallback);

#endif
