/* See lock.h. */
#include "run/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"

enum { LEFT_TRIES = 600, LEFT_PAUSE = 50 * 1000 * 1000 }; /* half a minute, by nanoseconds */

/* "pid host started", as it stands in the file. */
static void owner_write(int lock)
{
    char host[256] = "?", when[32] = "?", line[384];
    time_t now = time(NULL);
    struct tm parts;
    gethostname(host, sizeof host - 1);
    if (gmtime_r(&now, &parts))
        strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &parts);
    int length = snprintf(line, sizeof line, "%ld %s %s\n", (long)getpid(), host, when);
    if (ftruncate(lock, 0) != 0 || pwrite(lock, line, (size_t)length, 0) != length)
        return; /* the lock holds without its words */
}

struct owner {
    char pid[32], host[256], when[32];
};

/* False: the file says nothing that is understood. */
static bool owner_read(int lock, struct owner *o)
{
    char line[384];
    ssize_t length = pread(lock, line, sizeof line - 1, 0);
    line[length > 0 ? length : 0] = '\0';
    return sscanf(line, "%31s %255s %31s", o->pid, o->host, o->when) == 3;
}

static int owner_tell(const char *folder, int lock, error *e)
{
    struct owner o;
    if (owner_read(lock, &o))
        error_set(e, EXIT_CREATE, "%s: is in use by process %s on %s since %s; expected a run folder of its own",
                  folder, text_quoted(o.pid), text_quoted(o.host), text_quoted(o.when));
    else
        error_set(e, EXIT_CREATE, "%s: is in use by another process; expected a run folder of its own", folder);
    return error_hint(e, "wait for it, or give this run another folder with --out DIR");
}

/* Whether the process that wrote its name into the file is there no more, on this host. */
static bool owner_gone(int lock)
{
    struct owner o;
    char here[256] = "?";
    gethostname(here, sizeof here - 1);
    if (!owner_read(lock, &o) || strcmp(o.host, here) != 0)
        return false;
    long pid = strtol(o.pid, NULL, 10);
    return pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

/* A coordinator that was killed leaves cells that are ended with it: they have the lock, too, until the last of their writes is
 * over. */
static bool lock_try(int lock)
{
    for (int i = 0; flock(lock, LOCK_EX | LOCK_NB) != 0; i++) {
        int why = errno; /* the caller's words follow from it */
        if (why != EWOULDBLOCK || i == LEFT_TRIES || !owner_gone(lock)) {
            errno = why;
            return false;
        }
        nanosleep(&(struct timespec){.tv_nsec = LEFT_PAUSE}, NULL);
    }
    return true;
}

int lock_take(const char *folder, int *lock, error *e)
{
    char *path = alloc_format("%s/.lock", folder);
    int code = 0;
    *lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (*lock < 0)
        code = error_system(e, EXIT_CREATE, "%s: cannot be created", path);
    else if (lock_try(*lock))
        owner_write(*lock);
    else
        code = errno == EWOULDBLOCK ? owner_tell(folder, *lock, e)
                                    : error_system(e, EXIT_CREATE, "%s: cannot be locked", path);
    if (code) {
        lock_drop(*lock);
        *lock = -1;
    }
    free(path);
    return code;
}

/* The file stays: to remove it would take it from under whoever opened it in the meantime. */
void lock_drop(int lock)
{
    if (lock >= 0)
        close(lock);
}
