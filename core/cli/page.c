/* See page.h. */
#include "cli/page.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/file.h"
#include "report/html.h"

char *page_path(const char *folder) { return alloc_format("%s/report.html", folder); }

int page_write(const char *folder, const json_t *summary, const char *path, error *e)
{
    text page = {0};
    int code = report_html(folder, summary, &page, e);
    if (!code)
        code = file_write(path, page.at, page.length, e);
    text_free(&page);
    return code;
}

void page_leave(const char *folder, const json_t *summary)
{
    error why = {0};
    char *path = page_path(folder);
    if (page_write(folder, summary, path, &why))
        fprintf(stderr, "perdure: warning: report.html was not written: %s\n", why.text);
    free(path);
}
