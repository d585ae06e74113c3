/* See objects.h. Names are those that the loader has, not those of the inodes: a folder of links to LibTorch's files is one too. */
#include "record/objects.h"

#include <glob.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/program.h"
#include "engine/engine.h"

static const char engine_file[] = "libperdure_engine.so";

const char *object_role_name(enum object_role role)
{
    static const char *const names[] = {"program", "engine", "torch", "library"};
    return names[role];
}

/* Its folder without links and "..", its name as it is. */
static char *path_plain(const char *path)
{
    char *folder = path_folder(path), *real = realpath(folder, NULL);
    char *out = real ? alloc_format("%s/%s", real, path_name(path)) : alloc_text(path);
    free(real);
    free(folder);
    return out;
}

/* ---- what belongs to LibTorch: its root, and NVIDIA's folders beside that ---- */

static char *torch_name(const char *path, const char *root)
{
    size_t length = root ? strlen(root) : 0;
    if (length && !strncmp(path, root, length) && path[length] == '/')
        return alloc_text(path + length + 1);
    char *beside = root ? path_folder(root) : NULL, *nvidia = beside ? alloc_format("%s/nvidia/", beside) : NULL;
    char *name = NULL;
    if (nvidia && !strncmp(path, nvidia, strlen(nvidia)))
        name = alloc_format("../nvidia/%s", path + strlen(nvidia));
    free(nvidia);
    free(beside);
    return name;
}

static char *torch_root(void)
{
    error none = {0};
    return engine_torch_root(&none);
}

static void object_add(object_list *list, const char *path, const char *root)
{
    object_file f = {.path = path_plain(path)};
    f.name = torch_name(f.path, root);
    f.role = f.name ? OBJECT_TORCH : strcmp(path_name(path), engine_file) == 0 ? OBJECT_ENGINE : OBJECT_LIBRARY;
    if (!f.name)
        f.name = alloc_text(path_name(path));
    list->at = alloc_again(list->at, list->count + 1, sizeof *list->at);
    list->at[list->count++] = f;
}

static void program_add(object_list *list)
{
    char *path = program_path();
    object_add(list, path, NULL);
    list->at[list->count - 1].role = OBJECT_PROGRAM;
    free(path);
}

static int object_compare(const void *a, const void *b)
{
    const object_file *x = a, *y = b;
    if (x->role != y->role)
        return x->role < y->role ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* ---- what is loaded ---- */

struct loaded {
    object_list *list;
    const char *root;
};

/* The program has no name here, and what the kernel lends (linux-vdso.so.1) is no file. */
static int object_seen(struct dl_phdr_info *info, size_t size, void *self)
{
    const struct loaded *l = self;
    (void)size;
    if (info->dlpi_name && info->dlpi_name[0] == '/')
        object_add(l->list, info->dlpi_name, l->root);
    return 0;
}

object_list objects_loaded(void)
{
    object_list list = {0};
    char *root = torch_root();
    struct loaded l = {&list, root};
    program_add(&list);
    dl_iterate_phdr(object_seen, &l);
    free(root);
    qsort(list.at, list.count, sizeof *list.at, object_compare);
    return list;
}

/* ---- what will be, and where ---- */

static void pattern_add(object_list *list, const char *root, const char *pattern)
{
    glob_t found = {0};
    char *whole = alloc_format("%s/%s", root, pattern);
    if (glob(whole, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            object_add(list, found.gl_pathv[i], root);
    globfree(&found);
    free(whole);
}

object_list objects_expected(const char *device)
{
    object_list list = {0};
    char *root = torch_root(), *engine = object_here(OBJECT_ENGINE, engine_file);
    program_add(&list);
    object_add(&list, engine, NULL);
    if (root) {
        pattern_add(&list, root, "lib/libtorch_cpu.so");
        pattern_add(&list, root, "lib/libc10*.so");
    }
    if (root && strncmp(device, "cuda", 4) == 0) {
        pattern_add(&list, root, "lib/libtorch_cuda*.so");
        pattern_add(&list, root, "../nvidia/*/lib/libcu*.so*");
    }
    free(engine);
    free(root);
    return list;
}

char *object_here(enum object_role role, const char *name)
{
    char *program = program_path(), *root = torch_root(), *found = NULL;
    if (role == OBJECT_PROGRAM)
        found = alloc_text(program);
    else if (role == OBJECT_ENGINE)
        found = program_library(name);
    else if (role == OBJECT_TORCH && root)
        found = alloc_format("%s/%s", root, name);
    free(root);
    free(program);
    if (!found)
        return NULL;
    char *plain = path_plain(found);
    free(found);
    return plain;
}

void objects_free(object_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->at[i].path);
        free(list->at[i].name);
    }
    free(list->at);
    *list = (object_list){0};
}
