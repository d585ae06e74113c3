/* The shared objects that this process has loaded, and what each is to Perdure: for manifests. For this room and `run`. */
#ifndef PERDURE_RECORD_OBJECTS_H
#define PERDURE_RECORD_OBJECTS_H
#include <stddef.h>

enum object_role { OBJECT_PROGRAM, OBJECT_ENGINE, OBJECT_TORCH, OBJECT_LIBRARY };

typedef struct object_file {
    enum object_role role;
    char *path; /* absolute */
    char *name; /* of LibTorch's: from its root, "lib/libc10.so"; else the file's */
} object_file;
typedef struct object_list {
    object_file *at; /* by role, then by name */
    size_t count;
} object_list;

/* The program itself, and all that the dynamic loader has brought in; plugins are libraries here. */
object_list objects_loaded(void);
/* What a cell on this device will load, as far as it is known before: the files that take long. "cpu", "cuda:0". */
object_list objects_expected(const char *device);
/* Where an object of this role and name lies for a program that starts here and now; owned, NULL: nowhere known. */
char *object_here(enum object_role role, const char *name);
void objects_free(object_list *list);

const char *object_role_name(enum object_role role); /* "program", "engine", "torch", "library" */

#endif
