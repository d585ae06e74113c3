/* What GPUs there are, asked of the driver itself and not of LibTorch.
 *
 * A child process asks: cuInit makes a process unable to fork, and the parent forks a child for every cell. The answer
 * comes through a pipe as one struct; a child that dies (a broken driver) is an answer as well: none. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "base/child.h"
#include "engine/engine.h"

enum { GPU_ROOM = 64, DRIVER_SECONDS = 60, COMPUTE_MAJOR = 75, COMPUTE_MINOR = 76 /* CUdevice_attribute */ };

typedef struct answer {
    int driver, count;
    engine_gpu gpus[GPU_ROOM];
} answer;

/* The driver's functions by name; ISO C has no cast from an object pointer to a function pointer, so it is copied. */
#define DRIVER(library, result, name, ...)     \
    result (*name)(__VA_ARGS__) = NULL;        \
    do {                                       \
        void *symbol_ = dlsym(library, #name); \
        memcpy(&name, &symbol_, sizeof name);  \
    } while (0)

static int ask_gpu(void *driver, int index, engine_gpu *out)
{
    DRIVER(driver, int, cuDeviceGet, int *, int);
    DRIVER(driver, int, cuDeviceGetName, char *, int, int);
    DRIVER(driver, int, cuDeviceGetAttribute, int *, int, int);
    DRIVER(driver, int, cuDeviceTotalMem_v2, size_t *, int);
    int gpu = 0;
    size_t memory = 0;
    if (!cuDeviceGet || !cuDeviceGetName || !cuDeviceGetAttribute || !cuDeviceTotalMem_v2)
        return -1;
    if (cuDeviceGet(&gpu, index) || cuDeviceGetName(out->name, sizeof out->name, gpu))
        return -1;
    if (cuDeviceGetAttribute(&out->major, COMPUTE_MAJOR, gpu) || cuDeviceGetAttribute(&out->minor, COMPUTE_MINOR, gpu))
        return -1;
    if (cuDeviceTotalMem_v2(&memory, gpu))
        return -1;
    out->memory = (int64_t)memory;
    return 0;
}

static void ask_driver(answer *out)
{
    void *driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!driver)
        return;
    DRIVER(driver, int, cuInit, unsigned);
    DRIVER(driver, int, cuDriverGetVersion, int *);
    DRIVER(driver, int, cuDeviceGetCount, int *);
    if (!cuInit || !cuDriverGetVersion || !cuDeviceGetCount)
        return;
    cuDriverGetVersion(&out->driver); /* needs no cuInit, so it tells of a driver that finds no GPU */
    int count = 0;
    if (cuInit(0) || cuDeviceGetCount(&count))
        return;
    for (int i = 0; i < count && out->count < GPU_ROOM; i++)
        if (ask_gpu(driver, i, &out->gpus[out->count]) == 0)
            out->count++;
}

static void gpus_ask(void *self, int to)
{
    ask_driver(self);
    child_tell(to, self, sizeof(answer));
}

/* The kernel module's own version, eg. "580.65.06"; a machine without one has no such file. */
static void read_release(char release[32])
{
    release[0] = '\0';
    FILE *f = fopen("/sys/module/nvidia/version", "re");
    if (!f)
        return;
    if (!fgets(release, 32, f))
        release[0] = '\0';
    release[strcspn(release, "\n")] = '\0';
    fclose(f);
}

int engine_gpu_probe(engine_gpu *gpus, int room, int *driver, char release[32])
{
    answer a;
    int filled = 0;
    struct child_end end;
    memset(&a, 0, sizeof a);
    if (driver)
        *driver = 0;
    if (release)
        read_release(release);
    if (child_ask(gpus_ask, &a, DRIVER_SECONDS, &a, sizeof a, &end, NULL))
        return 0;
    if (driver)
        *driver = a.driver;
    for (; filled < a.count && filled < room; filled++)
        gpus[filled] = a.gpus[filled];
    return filled;
}
