/* What the table is printed on: the only place of the room that looks at the terminal and the locale. */
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report/table.h"

enum { PAGE_COLUMNS = 100, PAGE_NARROWEST = 40, PAGE_WIDEST = 1000 };

static size_t columns_here(void)
{
    struct winsize size;
    const char *said = getenv("COLUMNS");
    long columns = said ? strtol(said, NULL, 10) : 0;
    if (columns <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        columns = size.ws_col;
    if (columns < PAGE_NARROWEST || columns > PAGE_WIDEST)
        columns = PAGE_COLUMNS;
    return (size_t)columns;
}

/* The locale of the environment, asked without setting it: the program itself stays in "C", so that numbers keep their
 * point. */
static bool utf8_here(void)
{
    locale_t here = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    if (here == (locale_t)0)
        return false;
    bool utf8 = strcmp(nl_langinfo_l(CODESET, here), "UTF-8") == 0;
    freelocale(here);
    return utf8;
}

struct page page_here(void) { return (struct page){columns_here(), utf8_here()}; }
