/* Where the running program lies. What comes with it (engine, plugins, data, LibTorch) is found from there, so that a
 * prefix may be moved; in a build folder some of it stands elsewhere. */
#ifndef PERDURE_BASE_PROGRAM_H
#define PERDURE_BASE_PROGRAM_H
#include <stdbool.h>

char *program_path(void);                /* of the running program's file, without links; owned */
char *program_folder(void);              /* the folder it lies in: bin; owned */
char *program_prefix(void);              /* the folder that has bin: an install prefix, or a build folder; owned */
char *program_library(const char *file); /* where a shared object of its own lies: PREFIX/lib/FILE; owned */
bool program_built(void);                /* whether it runs where it was built, and was not installed */
const char *program_setup(void);         /* the command that fetches LibTorch for it, as hints name it; static */

#endif
