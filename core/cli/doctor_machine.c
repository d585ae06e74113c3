/* What `doctor` says of the machine: processor, memory, what the kernel and control groups allow, disks, shared memory. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "cli/findings.h"
#include "cli/probe.h"
#include "data/data.h"
#include "record/machine.h"

#define GIB ((double)((int64_t)1 << 30))

/* ---- control groups ---- */

/* The first line of ROOT/PATH/NAME; false: there is none. */
static bool group_line(const char *root, const char *path, const char *name, char out[64])
{
    char *file = alloc_format("%s%s/%s", root, path, name);
    FILE *f = fopen(file, "re");
    bool read = f && fgets(out, 64, f);
    if (f)
        fclose(f);
    free(file);
    return read;
}

static void cores_least(double quota, double period, double *cores)
{
    if (quota > 0 && period > 0 && (*cores <= 0 || quota / period < *cores))
        *cores = quota / period;
}

/* A version 1 group without a limit has the greatest number of pages. */
static void bytes_least(long long limit, int64_t *bytes)
{
    if (limit > 0 && limit < (1LL << 60) && (*bytes <= 0 || limit < *bytes))
        *bytes = limit;
}

static void group_read(const char *root, const char *controller, const char *path, double *cores, int64_t *bytes)
{
    char line[64], period[64];
    double quota = 0, length = 0;
    if (!controller[0]) { /* version 2 */
        if (group_line(root, path, "cpu.max", line) && sscanf(line, "%lf %lf", &quota, &length) == 2)
            cores_least(quota, length, cores);
        if (group_line(root, path, "memory.max", line))
            bytes_least(strtoll(line, NULL, 10), bytes); /* "max": 0 */
        return;
    }
    char *below = alloc_format("%s/%s", root, controller);
    if (group_line(below, path, "cpu.cfs_quota_us", line) && group_line(below, path, "cpu.cfs_period_us", period))
        cores_least(strtod(line, NULL), strtod(period, NULL), cores);
    if (group_line(below, path, "memory.limit_in_bytes", line))
        bytes_least(strtoll(line, NULL, 10), bytes);
    free(below);
}

/* A limit of any group above holds as well; in a container the path may be one that is only seen outside, and the root
 * is what counts. */
static void group_climb(const char *root, const char *controller, char *path, double *cores, int64_t *bytes)
{
    for (;;) {
        group_read(root, controller, path, cores, bytes);
        char *slash = strrchr(path, '/');
        if (!slash)
            return;
        *slash = '\0';
    }
}

void cgroup_limits(const char *groups, const char *root, double *cores, int64_t *bytes)
{
    char *all = alloc_text(groups), *rest = all;
    *cores = 0;
    *bytes = 0;
    for (char *line; (line = strsep(&rest, "\n"));) { /* NUMBER:CONTROLLERS:PATH */
        char *controllers = strchr(line, ':'), *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = '\0';
        controllers++;
        if (!controllers[0] || !strcmp(controllers, "memory") || !strcmp(controllers, "cpu"))
            group_climb(root, controllers, path, cores, bytes);
        else if (!strcmp(controllers, "cpu,cpuacct"))
            group_climb(root, "cpu", path, cores, bytes);
    }
    free(all);
}

static void own_limits(double *cores, int64_t *bytes)
{
    char groups[4096] = "";
    FILE *f = fopen("/proc/self/cgroup", "re");
    size_t count = f ? fread(groups, 1, sizeof groups - 1, f) : 0;
    groups[count] = '\0';
    if (f)
        fclose(f);
    cgroup_limits(groups, "/sys/fs/cgroup", cores, bytes);
}

/* ---- processor and memory ---- */

static const char *vectors(void)
{
#if defined(__x86_64__) || defined(__i386__)
    return __builtin_cpu_supports("avx512f") ? "AVX-512" : __builtin_cpu_supports("avx2") ? "AVX2" : "no AVX2";
#else
    return "vector instructions not asked for";
#endif
}

static void processor_look(findings *f, double allowed)
{
    FILE *cpuinfo = fopen("/proc/cpuinfo", "re");
    char *name = cpuinfo ? machine_processor(cpuinfo) : NULL, limit[64] = "";
    cpu_set_t set;
    long cores = sysconf(_SC_NPROCESSORS_ONLN),
         usable = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : cores;
    bool slow = !strcmp(vectors(), "no AVX2"), tight = allowed > 0 && allowed < (double)usable;
    if (tight)
        snprintf(limit, sizeof limit, ", of which the control group allows the time of %.1f", allowed);
    finding_add(f, slow || tight ? WARNING : GOOD, "processor",
                tight  ? "keep --jobs times device.threads within that"
                : slow ? "training is slow: use a processor with AVX2"
                       : NULL,
                "%s, %s, %ld of %ld cores%s", name ? name : "unknown", vectors(), usable, cores, limit);
    free(name);
    if (cpuinfo)
        fclose(cpuinfo);
}

static int64_t memory_available(void)
{
    char line[128];
    long long kilobytes = 0;
    FILE *f = fopen("/proc/meminfo", "re");
    while (f && fgets(line, sizeof line, f) && sscanf(line, "MemAvailable: %lld", &kilobytes) != 1)
        ;
    if (f)
        fclose(f);
    return kilobytes * 1024;
}

/* A cell on LibTorch's CPU half takes about half a GiB before it has any rows. */
static void memory_look(findings *f, int64_t allowed)
{
    int64_t whole = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE), free = memory_available();
    char limit[64] = "";
    if (allowed > 0 && allowed < whole)
        snprintf(limit, sizeof limit, "; the control group allows %.1f GiB", (double)allowed / GIB);
    int64_t room = limit[0] && allowed < free ? allowed : free;
    bool little = room < (int64_t)1 << 30;
    finding_add(f, little ? WARNING : GOOD, "memory", little ? "a cell takes half a GiB and its data: free some" : NULL,
                "%.1f GiB, %.1f GiB available%s", (double)whole / GIB, (double)free / GIB, limit);
}

/* ---- limits of the process ---- */

static void limit_look(findings *f, const struct rlimit *limit, const char *what, const char *unit, double scale,
                       rlim_t least, const char *advice)
{
    if (limit->rlim_cur == RLIM_INFINITY) {
        finding_add(f, GOOD, what, NULL, "no limit");
        return;
    }
    bool low = limit->rlim_cur < least;
    finding_add(f, low ? WARNING : GOOD, what, low ? advice : NULL, "%.*f%s at most", scale > 1 ? 1 : 0,
                (double)limit->rlim_cur / scale, unit);
}

static void limits_look(findings *f)
{
    struct rlimit l;
    if (!getrlimit(RLIMIT_NOFILE, &l))
        limit_look(f, &l, "open files", "", 1, 256, "ulimit -n 1024");
    if (!getrlimit(RLIMIT_NPROC, &l))
        limit_look(f, &l, "processes", "", 1, 128, "ulimit -u 1024: a cell is a process with threads");
    if (!getrlimit(RLIMIT_AS, &l))
        limit_look(f, &l, "address space", " GiB", GIB, (rlim_t)16 << 30,
                   "ulimit -v unlimited: LibTorch and rows on disk are mapped, which takes addresses and no memory");
    if (!getrlimit(RLIMIT_FSIZE, &l))
        limit_look(f, &l, "file size", " GiB", GIB, RLIM_INFINITY, "ulimit -f unlimited: checkpoints may be large");
}

void machine_look(findings *f)
{
    double cores;
    int64_t bytes;
    f->section = "machine";
    own_limits(&cores, &bytes);
    processor_look(f, cores);
    memory_look(f, bytes);
    limits_look(f);
}

/* ---- disks ---- */

static bool one_of(const char *word, const char *const *words)
{
    for (; *words; words++)
        if (!strcmp(word, *words))
            return true;
    return false;
}

/* LMDB needs locks and mapped files that all processes see at once; flock is what keeps two runs apart. */
static bool type_remote(const char *type)
{
    static const char *const remote[] = {"nfs",  "nfs4", "cifs", "smb3",  "smbfs", "lustre",    "gpfs",     "beegfs",
                                         "ceph", "afs",  "9p",   "panfs", "ncpfs", "glusterfs", "orangefs", NULL};
    return one_of(type, remote) || !strncmp(type, "fuse.", 5);
}

static void place_look(findings *f, const char *what, const char *path, const char *move, bool written)
{
    probe_place p = {0};
    error e = {0};
    static const int64_t little = (int64_t)1 << 30;
    if (probe_disk(path, &p, &e)) {
        finding_add(f, BAD, what, move, "%s: %s", path, e.text);
        return;
    }
    const char *advice = NULL, *level = WARNING;
    if (!p.folder[0] || (written && !p.writable))
        advice = move;
    else if (written && p.free < little)
        advice = "less than 1 GiB is free: make room, or take another folder";
    else if (written && type_remote(p.type))
        advice = "a file system over the net: rows on disk (LMDB) and locks are not safe there; take a local folder";
    else if (written && (!strcmp(p.type, "tmpfs") || !strcmp(p.type, "ramfs")))
        advice = "it is in memory and gone with the machine: take a folder on a disk for runs that matter";
    else
        level = GOOD;
    finding_add(f, level, what, advice, "%s%s, %s, %.1f of %.1f GiB free%s", path, p.there ? "" : " (not there yet)",
                p.type[0] ? p.type : "unknown file system", (double)p.free / GIB, (double)p.whole / GIB,
                written && p.folder[0] && !p.writable ? ", not writable" : "");
}

static void data_look(findings *f)
{
    char *root = data_root(NULL);
    if (folder_exists(root))
        place_look(f, "data folder", root, "set PERDURE_DATA to a folder that can be read", false);
    else
        finding_add(f, WARNING, "data folder", "set PERDURE_DATA, or bring a set in with 'perdure data fetch'",
                    "%s: it is not there", root);
    free(root);
}

/* NCCL passes data between GPUs of one machine through it; containers give 64 MiB by default. */
static void shared_look(findings *f)
{
    probe_place p = {0};
    error e = {0};
    if (probe_disk("/dev/shm", &p, &e) || !p.there) {
        finding_add(f, WARNING, "shared memory", "mount a tmpfs at /dev/shm", "no /dev/shm");
        return;
    }
    bool little = p.free < (int64_t)64 << 20;
    finding_add(f, little ? WARNING : GOOD, "shared memory",
                little ? "NCCL needs more for several GPUs: a container's --shm-size" : NULL,
                "/dev/shm, %.1f of %.1f GiB free", (double)p.free / GIB, (double)p.whole / GIB);
}

void disks_look(findings *f)
{
    char *here = getcwd(NULL, 0), *runs = alloc_format("%s/runs", here ? here : ".");
    f->section = "disks";
    place_look(f, "run folder", runs, "choose another folder: --out, or output.folder", true);
    data_look(f);
    shared_look(f);
    free(runs);
    free(here);
}
