/* Who was at work in a cell, out of the page that it shares (plugin/mark.h). */
#ifndef PERDURE_RUN_MARKS_H
#define PERDURE_RUN_MARKS_H
#include <stddef.h>

#include "plugin/mark.h"

/* "strategy replay, hook after_batch, task 2, step 412", "host, forward pass, task 2, step 412", "host, start". Whatever
 * lies in the page comes out as one line of printable text. */
void marks_words(const host_mark *page, char *out, size_t room);

#endif
