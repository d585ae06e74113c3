/* The statistics of core/evaluate for a program that checks them: a question a line on standard input, its answer on a line.
 *
 *     p T FREEDOM          t P FREEDOM          holm P ...
 *     paired A ... / B ...                      welch A ... / B ...
 *
 * A test answers: n mean sd t freedom p effect low high. Numbers are whole doubles (%.17g), nan among them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate/difference.h"
#include "evaluate/student.h"

enum { NUMBERS = 4096, LINE = 1 << 17 };

/* Up to a "/" or the end of the line; *at stands behind it. */
static int64_t numbers_read(char **at, double *out)
{
    int64_t n = 0;
    for (char *end; n < NUMBERS; *at = end, n++) {
        out[n] = strtod(*at, &end);
        if (end == *at)
            break;
    }
    *at += strspn(*at, " /");
    return n;
}

static void difference_say(const difference *d)
{
    printf("%lld %.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g\n", (long long)d->n, d->mean, d->sd, d->t, d->freedom,
           d->p, d->effect, d->low, d->high);
}

static int answer(const char *question, char *rest)
{
    static double first[NUMBERS], second[NUMBERS];
    int64_t n = numbers_read(&rest, first), other = numbers_read(&rest, second);
    if (!strcmp(question, "holm")) {
        holm_adjust(first, n, first);
        for (int64_t i = 0; i < n; i++)
            printf("%.17g%c", first[i], i + 1 < n ? ' ' : '\n');
    } else if (!strcmp(question, "paired") && n == other) {
        difference d = difference_paired(first, second, n);
        difference_say(&d);
    } else if (!strcmp(question, "welch")) {
        difference d = difference_welch(first, n, second, other);
        difference_say(&d);
    } else if (n == 2 && (!strcmp(question, "p") || !strcmp(question, "t"))) {
        printf("%.17g\n", question[0] == 'p' ? student_p(first[0], first[1]) : student_t(first[0], first[1]));
    } else {
        fprintf(stderr, "statistics_probe: found %s with %lld numbers; expected a question\n", question, (long long)n);
        return 64;
    }
    return 0;
}

int main(void)
{
    static char line[LINE];
    int code = 0;
    while (!code && fgets(line, sizeof line, stdin)) {
        char *rest = line + strcspn(line, " \n");
        *rest++ = '\0';
        code = answer(line, rest);
    }
    return code;
}
