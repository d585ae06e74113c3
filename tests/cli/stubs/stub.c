/* A CUDA driver, and libraries, that only tell what they are. STUB_DRIVER: its version; STUB_GPUS: how many; STUB_VERSION: of
 * the other three. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int number(const char *name, int otherwise)
{
    const char *given = getenv(name);
    return given ? atoi(given) : otherwise;
}

#ifdef STUB_CUDA
int cuInit(unsigned flags);
int cuDriverGetVersion(int *out);
int cuDeviceGetCount(int *out);
int cuDeviceGet(int *out, int index);
int cuDeviceGetName(char *out, int room, int device);
int cuDeviceGetAttribute(int *out, int which, int device);
int cuDeviceTotalMem_v2(size_t *out, int device);

int cuInit(unsigned flags)
{
    if (number("STUB_DRIVER", 0) < 0)
        abort();
    return (int)flags;
}

int cuDriverGetVersion(int *out)
{
    *out = number("STUB_DRIVER", 13000);
    return 0;
}

int cuDeviceGetCount(int *out)
{
    *out = number("STUB_GPUS", 1);
    return 0;
}

int cuDeviceGet(int *out, int index)
{
    *out = index;
    return 0;
}

int cuDeviceGetName(char *out, int room, int device)
{
    snprintf(out, (size_t)room, "Stub %d", device);
    return 0;
}

int cuDeviceGetAttribute(int *out, int which, int device)
{
    *out = which == 75 ? 9 : device;
    return 0;
}

int cuDeviceTotalMem_v2(size_t *out, int device)
{
    *out = ((size_t)80 << 30) + (size_t)device;
    return 0;
}
#endif

#ifdef STUB_CUDART
int cudaRuntimeGetVersion(int *out);
int cudaRuntimeGetVersion(int *out)
{
    *out = number("STUB_VERSION", 12080);
    return 0;
}
#endif

#ifdef STUB_CUDNN
size_t cudnnGetVersion(void);
size_t cudnnGetVersion(void) { return (size_t)number("STUB_VERSION", 91900); }
#endif

#ifdef STUB_NCCL
int ncclGetVersion(int *out);
int ncclGetVersion(int *out)
{
    *out = number("STUB_VERSION", 22809);
    return 0;
}
#endif
