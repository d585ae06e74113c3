/* One process owns a run folder. The lock is the kernel's (flock), so it ends with its owner however that ends; the
 * file's words only tell a second process who that is. */
#ifndef PERDURE_RUN_LOCK_H
#define PERDURE_RUN_LOCK_H
#include "base/error.h"

/* The folder must be there. *lock: for lock_drop. 73: another process has it (named in the words), or it cannot be
 * made. */
int lock_take(const char *folder, int *lock, error *e);
void lock_drop(int lock); /* -1 is fine */

#endif
