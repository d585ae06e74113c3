/* What the wrappers of calls.c ask of fault.c: whether a call counts, whether it must fail, and the journal. */
#ifndef PERDURE_TESTS_FAULTS_FAULT_H
#define PERDURE_TESTS_FAULTS_FAULT_H
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum { PATH_ROOM = PATH_MAX + 64 };

struct call {
    const char *name;
    char path[PATH_ROOM], second[PATH_ROOM];
    long number;     /* 0: not one of those that count */
    bool due, below; /* the fault is this one's; it is one of FAULT_FOLDER */
};

extern long (*kernel)(long, ...); /* the C library's syscall(2); there once fault_ready was called */

void fault_ready(void); /* before `kernel` is used without one of these */

/* Each counts a call and returns whether it may be made; if not, errno says how it fails. */
bool call_paths(struct call *c, int folder, const char *path, int second_folder,
                const char *second); /* second: or NULL */
bool call_file(struct call *c, int file,
               bool reading_too);                     /* only what is open for writing, and with reading_too folders */
size_t call_size(const struct call *c, size_t count); /* of `count` bytes to write, those that are */
long call_end(const struct call *c, long result);     /* every call that was made ends so, whatever came of it */

void journal_path(const struct call *c, long result);
void journal_file(const struct call *c, int file, long offset, const void *bytes, long length);

#endif
