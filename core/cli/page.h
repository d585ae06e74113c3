/* The HTML page of a run as a file: for `perdure report --html`, and for `perdure run`, which leaves it beside summary.json. */
#ifndef PERDURE_CLI_PAGE_H
#define PERDURE_CLI_PAGE_H
#include <jansson.h>

#include "base/error.h"

char *page_path(const char *folder); /* its report.html; owned */
/* Whole or not at all, as `path`. 65: a result.json of the folder is damaged; 73, 74. */
int page_write(const char *folder, const json_t *summary, const char *path, error *e);
/* The same as report.html. That it cannot be written is told and is no reason to lose a result. */
void page_leave(const char *folder, const json_t *summary);

#endif
