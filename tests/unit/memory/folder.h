/* A folder for one memory on disk at a time, and what LMDB itself says of it. */
#ifndef PERDURE_TESTS_MEMORY_FOLDER_H
#define PERDURE_TESTS_MEMORY_FOLDER_H
#include "state.h"

#include <dirent.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

static char root[64];

static inline int root_make(void **state)
{
    (void)state;
    strcpy(root, access("/dev/shm", W_OK) ? "/tmp/perdure-test-XXXXXX" : "/dev/shm/perdure-test-XXXXXX");
    return mkdtemp(root) ? 0 : -1; /* every commit is synced, so a disk would take its time */
}

static inline void folder_drop(const char *folder)
{
    DIR *d = opendir(folder);
    for (struct dirent *one; d && (one = readdir(d));)
        if (strcmp(one->d_name, ".") != 0 && strcmp(one->d_name, "..") != 0) {
            char *path = alloc_format("%s/%s", folder, one->d_name);
            unlink(path);
            free(path);
        }
    if (d)
        closedir(d);
    rmdir(folder);
}

static inline int root_drop(void **state)
{
    (void)state;
    char *memory_folder = alloc_format("%s/memory", root);
    folder_drop(memory_folder);
    free(memory_folder);
    return rmdir(root);
}

/* Empty; owned. */
static inline char *a_folder(void)
{
    char *folder = alloc_format("%s/memory", root);
    folder_drop(folder);
    return folder;
}

/* Rows in the file, by LMDB alone; the description is not one. */
static inline int64_t rows_on_disk(const char *folder)
{
    MDB_env *env;
    MDB_stat about;
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, folder, MDB_RDONLY, 0600), 0);
    assert_int_equal(mdb_env_stat(env, &about), 0);
    mdb_env_close(env);
    return (int64_t)about.ms_entries - 1;
}

#endif
