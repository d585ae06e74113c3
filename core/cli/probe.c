/* See probe.h. */
#include "cli/probe.h"

#include <dlfcn.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/file.h"
#include "data/fetch.h"

enum { ENGINE_SECONDS = 120, DISK_SECONDS = 3, FETCH_SECONDS = 10 };

static int child_answer(child_body *body, void *self, double seconds, void *answer, size_t size, const char *expected,
                        error *e)
{
    struct child_end end;
    error none = {0};
    char words[64];
    if (!child_ask(body, self, seconds, answer, size, &end, &none))
        return 0;
    return error_set(e, EXIT_UNAVAILABLE, "%s; expected %s",
                     none.code ? none.text : child_end_words(&end, words, sizeof words), expected);
}

/* ---- what is mapped ---- */

static bool name_begins(const char *path, const char *const *names)
{
    for (; *names; names++)
        if (!strncmp(path_name(path), *names, strlen(*names)))
            return true;
    return false;
}

static void library_note(probe_found *out, const char *path)
{
    static const char *const openmp[] = {"libgomp", "libiomp5", "libomp.", "libomp-", "libomp5", NULL};
    for (int i = 0; i < out->openmp_count; i++)
        if (!strcmp(out->openmp[i], path))
            return;
    if (name_begins(path, openmp) && out->openmp_count < PROBE_LIBRARIES)
        snprintf(out->openmp[out->openmp_count++], PROBE_PATH, "%s", path);
}

static void libraries_note(probe_found *out)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[PATH_MAX + 128];
    while (maps && fgets(line, sizeof line, maps)) {
        char *path = strchr(line, '/');
        line[strcspn(line, "\n")] = '\0';
        if (path && strlen(path) < PROBE_PATH)
            library_note(out, path);
    }
    if (maps)
        fclose(maps);
}

/* Where LibTorch's wheels put the libraries of NVIDIA; what has not been loaded is loaded now, as it has to tell its
 * version. */
static void library_load(const char *root, const char *pattern)
{
    char *places = alloc_format("%s/../nvidia/*/lib/%s", root, pattern);
    glob_t found = {0};
    if (glob(places, 0, NULL, &found) == 0)
        dlopen(found.gl_pathv[0], RTLD_LAZY | RTLD_GLOBAL);
    globfree(&found);
    free(places);
}

/* A function of the library that LibTorch gets, and the file that it is in: *path, "" where there is none. */
static void *version_function(const char *root, const char *pattern, const char *name, char path[PROBE_PATH])
{
    Dl_info info;
    void *symbol = dlsym(RTLD_DEFAULT, name);
    if (!symbol && root) {
        library_load(root, pattern);
        symbol = dlsym(RTLD_DEFAULT, name);
    }
    path[0] = '\0';
    if (symbol && dladdr(symbol, &info) && info.dli_fname) {
        char *real = realpath(info.dli_fname, NULL);
        snprintf(path, PROBE_PATH, "%s", real ? real : info.dli_fname);
        free(real);
    }
    return symbol;
}

static void versions_ask(probe_found *out, const char *root)
{
    int (*cudart)(int *) = NULL, (*nccl)(int *) = NULL;
    size_t (*cudnn)(void) = NULL;
    void *symbols[] = {version_function(root, "libcudart.so.*", "cudaRuntimeGetVersion", out->cudart),
                       version_function(root, "libnccl.so.*", "ncclGetVersion", out->nccl),
                       version_function(root, "libcudnn.so.*", "cudnnGetVersion", out->cudnn)};
    memcpy(&cudart, &symbols[0], sizeof cudart); /* ISO C has no cast from an object to a function */
    memcpy(&nccl, &symbols[1], sizeof nccl);
    memcpy(&cudnn, &symbols[2], sizeof cudnn);
    if (!cudart || cudart(&out->cudart_version))
        out->cudart_version = 0;
    if (!nccl || nccl(&out->nccl_version))
        out->nccl_version = 0;
    out->cudnn_version = cudnn ? (long)cudnn() : 0;
}

/* ---- the engine ---- */

struct engine_asked {
    const char *device;
    struct engine_answer {
        probe_found found;
        error error;
    } answer;
};

static void engine_look(probe_found *out, const struct engine *engine)
{
    error none = {0};
    char *root = engine_torch_root(&none);
    snprintf(out->configuration, sizeof out->configuration, "%s", engine->configuration());
    libraries_note(out);
    versions_ask(out, root);
    free(root);
}

static void engine_try(void *self, int to)
{
    struct engine_asked *asked = self;
    const struct engine *engine = NULL;
    engine_options options = {.device = asked->device, .threads = 1};
    if (!engine_load(&engine, &asked->answer.error) &&
        !engine->open(&options, &asked->answer.found.info, &asked->answer.error))
        engine_look(&asked->answer.found, engine);
    child_tell(to, &asked->answer, sizeof asked->answer);
}

int probe_engine(const char *device, probe_found *out, error *e)
{
    struct engine_asked *asked = alloc_zero(1, sizeof *asked);
    asked->device = device;
    int code =
        child_answer(engine_try, asked, ENGINE_SECONDS, &asked->answer, sizeof asked->answer, "libraries that load", e);
    if (!code)
        code = asked->answer.error.code ? error_copy(e, &asked->answer.error) : 0;
    *out = asked->answer.found;
    free(asked);
    return code;
}

/* ---- disks ---- */

/* "\040" in mountinfo is a blank. */
static void octal_undo(char *words)
{
    char *to = words;
    for (const char *at = words; *at; to++)
        if (at[0] == '\\' && at[1] >= '0' && at[1] <= '3' && at[2] && at[3]) {
            *to = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
            at += 4;
        } else {
            *to = *at++;
        }
    *to = '\0';
}

static bool mount_holds(const char *mount, const char *path)
{
    size_t length = strlen(mount);
    return !strcmp(mount, "/") || (!strncmp(path, mount, length) && (path[length] == '/' || path[length] == '\0'));
}

/* ID PARENT MAJOR:MINOR ROOT MOUNT OPTIONS .. - TYPE SOURCE ..: of two on one folder the later lies above. */
void mount_type(FILE *mountinfo, const char *path, char out[64])
{
    char line[PATH_MAX * 2], mount[PATH_MAX];
    size_t longest = 0;
    out[0] = '\0';
    while (fgets(line, sizeof line, mountinfo)) {
        const char *dash = strstr(line, " - ");
        char type[64] = "";
        if (!dash || sscanf(line, "%*d %*d %*s %*s %4095s", mount) != 1 || sscanf(dash + 3, "%63s", type) != 1)
            continue;
        octal_undo(mount);
        if (mount_holds(mount, path) && strlen(mount) >= longest) {
            longest = strlen(mount);
            memcpy(out, type, sizeof type);
        }
    }
}

struct place_asked {
    const char *path;
    probe_place place;
};

/* The path, or the nearest folder above it that is there. */
static char *place_real(const char *path, bool *there)
{
    char *at = alloc_text(path), *real;
    *there = access(at, F_OK) == 0;
    while (!(real = realpath(at, NULL)) && (errno == ENOENT || errno == ENOTDIR) && strcmp(at, ".") != 0) {
        char *above = path_folder(at);
        free(at);
        at = above;
    }
    free(at);
    return real;
}

static void place_look(void *self, int to)
{
    struct place_asked *asked = self;
    probe_place *p = &asked->place;
    struct statvfs about;
    char *real = place_real(asked->path, &p->there);
    FILE *mounts = fopen("/proc/self/mountinfo", "re");
    if (real && strlen(real) < PROBE_PATH && statvfs(real, &about) == 0) {
        snprintf(p->folder, sizeof p->folder, "%s", real);
        p->free = (int64_t)(about.f_bavail * about.f_frsize);
        p->whole = (int64_t)(about.f_blocks * about.f_frsize);
        p->writable = access(real, W_OK | X_OK) == 0;
        if (mounts)
            mount_type(mounts, real, p->type);
    }
    child_tell(to, p, sizeof *p);
}

int probe_disk(const char *path, probe_place *out, error *e)
{
    struct place_asked asked = {.path = path};
    return child_answer(place_look, &asked, DISK_SECONDS, out, sizeof *out, "a disk that answers", e);
}

/* ---- what `data fetch` needs ---- */

struct fetch_answer {
    probe_libraries found;
    error error;
};

static void fetch_look(void *self, int to)
{
    struct fetch_answer *a = self;
    const fetcher *f = NULL;
    if (!fetcher_load(&f, &a->error)) {
        snprintf(a->found.curl, sizeof a->found.curl, "%s", f->curl ? f->curl() : "");
        snprintf(a->found.archive, sizeof a->found.archive, "%s", f->archive ? f->archive() : "");
    }
    child_tell(to, a, sizeof *a);
}

int probe_fetch(probe_libraries *out, error *e)
{
    struct fetch_answer a = {0};
    int code = child_answer(fetch_look, &a, FETCH_SECONDS, &a, sizeof a, "libraries that load", e);
    *out = a.found;
    return code ? code : a.error.code ? error_copy(e, &a.error) : 0;
}
