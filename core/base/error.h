/* Errors and exit codes of the whole program.
 *
 * Every function that can fail takes an `error *` last and returns 0 or the exit code that the program should end
 * with. The first error of a call chain stays: a caller adds nothing but, where one is known, a hint. The words follow
 * one form, `WHERE: found X; expected Y`, because whoever reads them has only this line. */
#ifndef PERDURE_BASE_ERROR_H
#define PERDURE_BASE_ERROR_H
#include <stddef.h>

/* Exit codes (sysexits.h, documented in the README). */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,       /* a cell, a gate or a check failed */
    EXIT_USAGE = 64,       /* the command line */
    EXIT_DATA = 65,        /* bad data or checkpoint */
    EXIT_NO_INPUT = 66,    /* an input file is not there */
    EXIT_UNAVAILABLE = 69, /* a device, plugin or library is missing or refused */
    EXIT_INTERNAL = 70,    /* a fault of Perdure itself */
    EXIT_SYSTEM = 71,      /* out of memory, no process */
    EXIT_CREATE = 73,      /* cannot create; the run folder is locked */
    EXIT_IO = 74,          /* reading or writing failed */
    EXIT_RESUMABLE = 75,   /* stopped by a signal with all saved: the same command goes on */
    EXIT_SCENARIO = 78,    /* the scenario is wrong */
    EXIT_INTERRUPTED = 130 /* a second Ctrl-C */
};

typedef struct error {
    int code; /* an exit_code; 0: no error */
    char text[2048];
    char hint[512]; /* "" : none */
} error;

/* Sets the first error; a later one is dropped. Returns the code that stays. `e` may be NULL: only the code counts. */
int error_set(error *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same with ": strerror(errno)" behind the words. */
int error_system(error *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same with the words, code and hint of another error. */
int error_copy(error *e, const error *from);
/* Sets the hint of an error that is there. Returns its code. */
int error_hint(error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints `perdure: error: TEXT` and, where there is one, `hint: ...` to standard error. Returns the code. */
int error_print(const error *e);

#endif
