/* What can be known of a plugin's file before any of it runs.
 *
 * It is opened by its path, not as /proc/self/fd/N, by which a swap after the check would do no harm: a debugger, a
 * back-trace and $ORIGIN in a RUNPATH need the real name, and the loader would take a second file for the first when it
 * got the number of a descriptor that was closed. In exchange, whoever is neither owner nor group may write to neither
 * the file nor its folder, and the file is compared before and after it is opened: that the digest in the results is
 * that of the code that ran is a promise even where somebody builds the plugin at that moment. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "plugin/inside.h"

/* Group-writable is fine: with a umask of 002 every file is. So is a folder with the sticky bit, as /tmp: others may
 * put files there, but not replace this one. */
static int rights_check(const char *path, const struct stat *about, error *e)
{
    struct stat folder_about;
    char *folder = path_folder(path);
    bool open_file = about->st_mode & S_IWOTH;
    bool open_folder =
        stat(folder, &folder_about) == 0 && (folder_about.st_mode & S_IWOTH) && !(folder_about.st_mode & S_ISVTX);
    if (open_file || open_folder) {
        error_set(e, EXIT_UNAVAILABLE,
                  "%s: found a %s that every user may write to; expected one that only its owner and group may change, "
                  "as its code runs with your rights (CWE-732)",
                  path, open_file ? "file" : "folder around it");
        error_hint(e, "chmod o-w %s", open_file ? path : folder);
    }
    free(folder);
    return open_file || open_folder ? EXIT_UNAVAILABLE : 0;
}

/* Non-blocking, as opening a FIFO would else wait for a writer. */
int file_take(const char *path, plugin_file *f, error *e)
{
    f->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (f->fd < 0)
        return error_set(e, EXIT_UNAVAILABLE, "%s: found nothing that can be read (%s); expected a shared object", path,
                         strerror(errno));
    int code = 0;
    if (fstat(f->fd, &f->about) != 0 || !S_ISREG(f->about.st_mode))
        code = error_set(e, EXIT_UNAVAILABLE, "%s: found %s; expected a shared object", path,
                         S_ISDIR(f->about.st_mode) ? "a folder" : "a device, pipe or socket");
    if (code || (code = rights_check(path, &f->about, e)) || (code = elf_check(f, path, e)))
        close(f->fd);
    return code;
}

int file_digest(const plugin_file *f, const char *path, char hex[SHA256_HEX], error *e)
{
    char bytes[16384];
    off_t at = 0;
    ssize_t count;
    sha256 *sum = sha256_begin();
    while ((count = pread(f->fd, bytes, sizeof bytes, at)) > 0 || (count < 0 && errno == EINTR))
        if (count > 0) {
            sha256_add(sum, bytes, (size_t)count);
            at += count;
        }
    int code = count == 0 ? 0
                          : error_set(e, EXIT_UNAVAILABLE, "%s: found a fault while reading (%s); expected its bytes",
                                      path, strerror(errno));
    sha256_end(sum, hex);
    return code;
}

static bool times_equal(struct timespec a, struct timespec b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

/* A rename changes st_ctim too, so that even one who swaps and swaps back is seen. */
int file_unchanged(const plugin_file *f, const char *path, error *e)
{
    struct stat now;
    const struct stat *was = &f->about;
    if (stat(path, &now) == 0 && now.st_dev == was->st_dev && now.st_ino == was->st_ino &&
        now.st_size == was->st_size && times_equal(now.st_mtim, was->st_mtim) && times_equal(now.st_ctim, was->st_ctim))
        return 0;
    error_set(e, EXIT_UNAVAILABLE, "%s: found a file that changed while it was opened; expected one that stays", path);
    return error_hint(e, "try again when it is built");
}
