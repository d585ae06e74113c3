/* Disk faults on demand: a library for LD_PRELOAD that counts a program's calls that change a disk and lets one of them go
 * wrong. The program under test is the one that users have; nothing in it knows of this.
 *
 *     FAULT_FOLDER=/abs   only calls on paths below this folder count (a real path; without it nothing is done at all)
 *     FAULT_PART=words    of those, only calls whose path has these words in it
 *     FAULT_WHO=cell      only in processes that were forked; coordinator: only in the one that was started; else both.
 *                         Every process counts its own calls, from 1.
 *     FAULT_MODE=...      fail:N:ENOSPC        call N fails and does nothing (close: closes)
 *                         fail-from:N:ENOSPC   so do all after it
 *                         kill-before:N, kill-after:N   SIGKILL to itself
 *                         short:N              a write puts half of its bytes
 *                         eintr:N              call N was interrupted: fail:N:EINTR
 *     FAULT_ONCE=file     the fault comes only to who makes this file: once, however many processes get as far as N
 *     FAULT_LOG=file      a line a call: who, process, N, name, path, second path, mode if the fault came; by tabs
 *     FAULT_JOURNAL=file  what was done to the disk with all bytes, for power_loss.py, whoever did it: see journal_put
 *
 * Writes through a map (msync) are not seen: Perdure has none. Everything goes to the kernel through one pointer, the
 * syscall(2) of the C library, so that no wrapper can call another one. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fault.h"

enum { LINE_ROOM = 2 * PATH_ROOM + 256, FD_HIGH = 800, WRITTEN = O_WRONLY | O_RDWR };

enum mode { MODE_NONE, MODE_FAIL, MODE_FAIL_FROM, MODE_KILL_BEFORE, MODE_KILL_AFTER, MODE_SHORT };

static struct {
    const char *folder, *part, *who, *mode_words, *once;
    enum mode mode;
    long number;
    int error, log, journal;
    bool forked;
} fault = {.log = -1, .journal = -1};
static _Atomic long counted;
long (*kernel)(long, ...);

/* ---- what was asked for ---- */

static const struct {
    const char *words;
    enum mode mode;
} modes[] = {{"fail:", MODE_FAIL},
             {"fail-from:", MODE_FAIL_FROM},
             {"kill-before:", MODE_KILL_BEFORE},
             {"kill-after:", MODE_KILL_AFTER},
             {"short:", MODE_SHORT},
             {"eintr:", MODE_FAIL}};

static const struct {
    const char *words;
    int number;
} errors[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO},     {"EDQUOT", EDQUOT}, {"EROFS", EROFS},
              {"EFBIG", EFBIG},   {"EINTR", EINTR}, {"EACCES", EACCES}};

static _Noreturn void fault_refuse(const char *words)
{
    dprintf(STDERR_FILENO, "interpose: found FAULT_MODE=%s; expected one of its head comment\n", words);
    kernel(SYS_exit_group, 64);
    __builtin_unreachable();
}

static int error_number(const char *words)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (!strcmp(words, errors[i].words))
            return errors[i].number;
    fault_refuse(words);
}

static void mode_read(const char *words)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes && fault.mode == MODE_NONE; i++) {
        if (strncmp(words, modes[i].words, strlen(modes[i].words)) != 0)
            continue;
        char *end;
        fault.mode = modes[i].mode;
        fault.number = strtol(words + strlen(modes[i].words), &end, 10);
        bool named = fault.mode == MODE_FAIL_FROM || (fault.mode == MODE_FAIL && words[0] == 'f');
        if (fault.number < 1 || *end != (named ? ':' : '\0'))
            fault_refuse(words);
        fault.error = named ? error_number(end + 1) : EINTR;
    }
    if (fault.mode == MODE_NONE)
        fault_refuse(words);
}

/* High numbers: those of the program stay what they would be without us. */
static int file_beside(const char *variable)
{
    const char *path = getenv(variable);
    int low = path ? (int)kernel(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
    if (low < 0)
        return -1;
    int high = fcntl(low, F_DUPFD_CLOEXEC, FD_HIGH);
    kernel(SYS_close, low);
    return high;
}

static void fork_note(void)
{
    fault.forked = true;
    counted = 0;
}

/* The journal begins with the inode of the folder, which is empty. */
static void journal_root(void)
{
    struct stat about;
    char line[LINE_ROOM];
    if (fault.journal < 0 || stat(fault.folder, &about) != 0)
        return;
    int length = snprintf(line, sizeof line, "root\t%s\t\t%lu\t0\t0\t0\n", fault.folder, (unsigned long)about.st_ino);
    kernel(SYS_write, fault.journal, line, (size_t)length);
}

static void fault_read(void)
{
    *(void **)&kernel = dlsym(RTLD_NEXT, "syscall");
    fault.folder = getenv("FAULT_FOLDER");
    if (fault.folder == NULL)
        return;
    fault.part = getenv("FAULT_PART");
    fault.who = getenv("FAULT_WHO");
    fault.once = getenv("FAULT_ONCE");
    fault.mode_words = getenv("FAULT_MODE");
    fault.log = file_beside("FAULT_LOG");
    fault.journal = file_beside("FAULT_JOURNAL");
    journal_root();
    if (fault.mode_words)
        mode_read(fault.mode_words);
    pthread_atfork(NULL, NULL, fork_note);
}

/* Constructors of other libraries may call before ours runs. */
void fault_ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fault_read);
}

__attribute__((constructor)) static void begin(void) { fault_ready(); }

/* ---- which calls count ---- */

/* Without ".", ".." and "//", by the words alone. */
static void path_tidy(char *path)
{
    char *out = path;
    for (const char *at = path; *at;) {
        at += strspn(at, "/");
        size_t length = strcspn(at, "/");
        if (length == 2 && at[0] == '.' && at[1] == '.') {
            while (out > path && *--out != '/')
                ;
        } else if (length > 0 && !(length == 1 && at[0] == '.')) {
            *out++ = '/';
            memmove(out, at, length);
            out += length;
        }
        at += length;
    }
    *out = '\0';
}

static void path_of_file(int file, char out[PATH_ROOM])
{
    char link[64];
    snprintf(link, sizeof link, file == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, out, PATH_MAX);
    out[length > 0 ? length : 0] = '\0';
}

static void path_of(int folder, const char *path, char out[PATH_ROOM])
{
    size_t used = 0;
    if (path[0] != '/') {
        path_of_file(folder, out);
        used = strlen(out);
    }
    snprintf(out + used, PATH_ROOM - used, "/%s", path);
    path_tidy(out);
}

static bool path_below(const char *path)
{
    size_t length = strlen(fault.folder);
    return !strncmp(path, fault.folder, length) && (path[length] == '/' || path[length] == '\0');
}

static bool fault_taken(void)
{
    if (fault.once == NULL)
        return true;
    int file = (int)kernel(SYS_openat, AT_FDCWD, fault.once, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0)
        kernel(SYS_close, file);
    return file >= 0;
}

static void log_line(const struct call *c)
{
    char line[LINE_ROOM];
    int length = snprintf(line, sizeof line, "%s\t%ld\t%ld\t%s\t%s\t%s\t%s\n", fault.forked ? "cell" : "coordinator",
                          (long)getpid(), c->number, c->name, c->path, c->second, c->due ? fault.mode_words : "");
    kernel(SYS_write, fault.log, line, (size_t)length);
}

/* Counts the call whose paths are filled in. False: it must fail, and errno says how. */
static bool call_begin(struct call *c)
{
    c->below = path_below(c->path) || (c->second[0] && path_below(c->second));
    if (!c->below || (fault.who && strcmp(fault.who, fault.forked ? "cell" : "coordinator") != 0) ||
        (fault.part && !strstr(c->path, fault.part) && !strstr(c->second, fault.part)))
        return true;
    c->number = ++counted;
    c->due = fault.mode && (fault.mode == MODE_FAIL_FROM ? c->number >= fault.number : c->number == fault.number) &&
             fault_taken();
    if (fault.log >= 0)
        log_line(c);
    if (c->due && fault.mode == MODE_KILL_BEFORE)
        kernel(SYS_kill, getpid(), SIGKILL);
    if (!c->due || (fault.mode != MODE_FAIL && fault.mode != MODE_FAIL_FROM))
        return true;
    errno = fault.error;
    return false;
}

bool call_paths(struct call *c, int folder, const char *path, int second_folder, const char *second)
{
    fault_ready();
    if (fault.folder == NULL)
        return true;
    path_of(folder, path, c->path);
    if (second)
        path_of(second_folder, second, c->second);
    return call_begin(c);
}

/* Only files that are open for writing and, for fsync, folders. */
bool call_file(struct call *c, int file, bool reading_too)
{
    fault_ready();
    if (fault.folder == NULL)
        return true;
    int number = errno, flags = fcntl(file, F_GETFL);
    errno = number;
    if (flags < 0 || (!(flags & WRITTEN) && !reading_too))
        return true;
    path_of_file(file, c->path);
    return call_begin(c);
}

size_t call_size(const struct call *c, size_t count)
{
    return c->due && fault.mode == MODE_SHORT && count > 1 ? count / 2 : count;
}

long call_end(const struct call *c, long result)
{
    if (c->due && fault.mode == MODE_KILL_AFTER)
        kernel(SYS_kill, getpid(), SIGKILL);
    return result;
}

/* ---- the journal ---- */

/* One thing done to the disk: a line `name TAB path TAB second path TAB inode TAB offset TAB length TAB synced`, and behind
 * it, of a write, its bytes. In one call, so that processes do not mix theirs. */
static void journal_put(const struct call *c, const struct stat *about, long offset, const void *bytes, long length,
                        bool synced)
{
    char line[LINE_ROOM];
    int number = errno;
    int used = snprintf(line, sizeof line, "%s\t%s\t%s\t%lu\t%ld\t%ld\t%d\n", c->name, c->path, c->second,
                        about ? (unsigned long)about->st_ino : 0, offset, length, synced);
    struct iovec parts[] = {{line, (size_t)used}, {(void *)(size_t)bytes, bytes ? (size_t)length : 0}};
    kernel(SYS_writev, fault.journal, parts, bytes ? 2 : 1);
    errno = number;
}

void journal_path(const struct call *c, long result)
{
    struct stat about = {0};
    if (fault.journal < 0 || !c->below || result < 0)
        return;
    int number = errno;
    if (!strncmp(c->name, "mkdir", 5))
        kernel(SYS_newfstatat, AT_FDCWD, c->path, &about, AT_SYMLINK_NOFOLLOW);
    errno = number;
    journal_put(c, &about, 0, NULL, 0, false);
}

void journal_file(const struct call *c, int file, long offset, const void *bytes, long length)
{
    struct stat about = {0};
    if (fault.journal < 0 || !c->below)
        return;
    fstat(file, &about);
    journal_put(c, &about, offset, bytes, length, (fcntl(file, F_GETFL) & O_DSYNC) != 0);
}
