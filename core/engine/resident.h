/* The pages of a loaded library that its start has left in memory. */
#ifndef PERDURE_ENGINE_RESIDENT_H
#define PERDURE_ENGINE_RESIDENT_H

/* Takes the pages of all loaded libraries whose path has `library` in it out of this process's memory where they are the file's
 * own: code and constants. They come again from the page cache when they are touched, so nothing is lost but, once, the time
 * of a page fault. */
void resident_drop(const char *library);

#endif
