/* Texts become numbers, words and paths: YAML 1.2's core schema, less what is easily read as something else (octal,
 * hexadecimal, underscores, yes and no, infinities). */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "scenario/row.h"

enum { VALUE_NAME = 100, VALUE_PATH = 4095 };

static size_t number_digits(const char *s) { return strspn(s, "0123456789"); }

bool number_int(const char *s, int64_t *out)
{
    const char *digits = s[0] == '-' ? s + 1 : s;
    size_t count = number_digits(digits);
    if (count == 0 || digits[count] != '\0' || (count > 1 && digits[0] == '0')) {
        return false;
    }
    errno = 0;
    *out = strtoll(s, NULL, 10);
    return errno == 0;
}

/* Whether s is spelled as a number at all: [-]digits[.digits][e[+-]digits], with no leading zero and no bare point. */
static bool number_is_spelled(const char *s)
{
    s += s[0] == '-' ? 1 : 0;
    size_t whole = number_digits(s);
    if (whole == 0 || (whole > 1 && s[0] == '0')) {
        return false;
    }
    s += whole;
    if (*s == '.') {
        size_t part = number_digits(s + 1);
        if (part == 0) {
            return false;
        }
        s += 1 + part;
    }
    if (*s == 'e' || *s == 'E') {
        s += s[1] == '+' || s[1] == '-' ? 2 : 1;
        size_t power = number_digits(s);
        if (power == 0) {
            return false;
        }
        s += power;
    }
    return *s == '\0';
}

bool number_real(const char *s, double *out)
{
    static locale_t plain; /* the program's own locale may write a comma */
    if (plain == (locale_t)0) {
        plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    }
    if (plain == (locale_t)0 || !number_is_spelled(s)) {
        return false;
    }
    char *end = NULL;
    double value = strtod_l(s, &end, plain);
    *out = value + 0.0; /* -0 becomes 0 */
    return *end == '\0' && isfinite(value);
}

static bool value_in_range(const struct row *row, double value)
{
    if (row->min == 0 && row->max == 0) {
        return true;
    }
    return value >= row->min && value <= row->max && !(row->above && value <= row->min);
}

static void value_hint_number(struct check *c, const node *n)
{
    double value = 0;
    if (n->kind != NODE_TEXT) {
        return;
    }
    if (n->quoted && number_real(n->text, &value)) {
        faults_hint(c->faults, "a number in quotes is a text: write %s", text_quoted(n->text));
    } else if (!n->quoted && strpbrk(n->text, "0123456789") != NULL && !number_is_spelled(n->text)) {
        faults_hint(c->faults, "numbers are plain and decimal, as 10 or -3 or 2.5e-3");
    }
}

bool value_int(struct check *c, const node *n, const char *path, const struct row *row, int64_t *out)
{
    int64_t value = 0;
    if (n->kind == NODE_TEXT && !n->quoted && number_int(n->text, &value) && value_in_range(row, (double)value)) {
        *out = value;
        return true;
    }
    row_refuse(c, n, path, row_expects(c, row));
    if (n->kind == NODE_TEXT && !n->quoted && number_is_spelled(n->text) && strpbrk(n->text, ".eE") != NULL) {
        faults_hint(c->faults, "whole numbers have no point and no exponent");
    }
    value_hint_number(c, n);
    return false;
}

bool value_real(struct check *c, const node *n, const char *path, const struct row *row, double *out)
{
    double value = 0;
    if (n->kind == NODE_TEXT && !n->quoted && number_real(n->text, &value) && value_in_range(row, value)) {
        *out = value;
        return true;
    }
    row_refuse(c, n, path, row_expects(c, row));
    value_hint_number(c, n);
    return false;
}

bool value_bool(struct check *c, const node *n, const char *path, bool *out)
{
    static const char *const words[] = {"yes", "no", "on", "off", "y", "n", "t", "f", "0", "1"};
    if (n->kind == NODE_TEXT && !n->quoted && (strcmp(n->text, "true") == 0 || strcmp(n->text, "false") == 0)) {
        *out = n->text[0] == 't';
        return true;
    }
    row_refuse(c, n, path, "true or false");
    for (size_t i = 0; n->kind == NODE_TEXT && i < sizeof words / sizeof *words; i++) {
        if (strcasecmp(n->text, words[i]) == 0 || strcasecmp(n->text, "true") == 0 ||
            strcasecmp(n->text, "false") == 0) {
            faults_hint(c->faults, "write true or false, in small letters and without quotes");
        }
    }
    return false;
}

bool value_choice(struct check *c, const node *n, const char *path, const char *const *choices, const char *expects,
                  int32_t *out)
{
    size_t count = row_choice_count(choices);
    for (size_t i = 0; n->kind == NODE_TEXT && i < count; i++) {
        if (strcmp(n->text, choices[i]) == 0) {
            *out = (int32_t)i;
            return true;
        }
    }
    row_refuse(c, n, path, expects);
    const char *nearest = n->kind == NODE_TEXT ? text_nearest(n->text, choices, count) : NULL;
    for (size_t i = 0; n->kind == NODE_TEXT && i < count; i++) {
        nearest = strcasecmp(n->text, choices[i]) == 0 ? choices[i] : nearest;
    }
    if (nearest != NULL) {
        faults_hint(c->faults, "did you mean \"%s\"?", nearest);
    }
    return false;
}

/* A text that is there: not nothing, not empty. */
bool value_text(struct check *c, const node *n, const char *path, const char *expects, const char **out)
{
    if (n->kind != NODE_TEXT || node_is_nothing(n) || n->text[0] == '\0') {
        row_refuse(c, n, path, expects);
        return false;
    }
    double number = 0;
    if (!n->quoted &&
        (number_real(n->text, &number) || strcmp(n->text, "true") == 0 || strcmp(n->text, "false") == 0)) {
        row_refuse(c, n, path, expects); /* a number to every other reader of YAML, and to the JSON Schema */
        faults_hint(c->faults, "a text that looks like something else goes in quotes: \"%s\"", text_quoted(n->text));
        return false;
    }
    *out = n->text;
    return true;
}

static bool value_is_alnum(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9');
}

bool value_named(const char *s, const char *letters)
{
    if (!value_is_alnum(s[0]) || strlen(s) > VALUE_NAME) {
        return false;
    }
    for (; *s != '\0'; s++) {
        if (!value_is_alnum(*s) && strchr(letters, *s) == NULL) {
            return false;
        }
    }
    return true;
}

bool value_path(struct check *c, const node *n, const char *path, const char **out)
{
    const char *said = NULL;
    if (!value_text(c, n, path, "a path", &said)) {
        return false;
    }
    const char *dollar = strchr(said, '$');
    if (dollar != NULL && (dollar[1] == '{' || dollar[1] == '_' || value_is_alnum(dollar[1]))) {
        row_refuse(c, n, path, "a path without variables, as these are not expanded here (\"~/\" is)");
        return false;
    }
    if (strlen(said) > VALUE_PATH) {
        row_refuse(c, n, path, "a path of at most 4095 bytes");
        return false;
    }
    char *whole = path_below(c->folder, said);
    *out = arena_text(c->arena, whole, strlen(whole));
    free(whole);
    return true;
}
