/* Which device the cells run on, from the scenario and what the driver tells; LibTorch is not asked, since loading it
 * costs a second that `check` should not take. */
#include "plan/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/program.h"

enum { GPUS = 16 };

typedef struct machine {
    engine_gpu gpus[GPUS];
    int gpu_count, driver;
    char release[32];
} machine;

static machine machine_ask(void)
{
    machine m = {0};
    m.gpu_count = engine_gpu_probe(m.gpus, GPUS, &m.driver, m.release);
    return m;
}

/* The CPU set-up leaves the CUDA half of LibTorch out. */
static bool torch_has_cuda(void)
{
    error none = {0};
    char *root = engine_torch_root(&none);
    char *path = root ? alloc_format("%s/lib/libtorch_cuda.so", root) : NULL;
    bool has = path && file_exists(path);
    free(path);
    free(root);
    return has;
}

static void found_words(const machine *m, char *out, size_t room)
{
    if (!m->driver)
        snprintf(out, room, "no CUDA driver");
    else if (!m->gpu_count)
        snprintf(out, room, "CUDA driver %s and no GPU", m->release);
    else
        snprintf(out, room, "%d GPU%s", m->gpu_count, m->gpu_count == 1 ? "" : "s");
}

static int refuse(const struct scenario *s, const char *path, error *e, const char *found, const char *expected)
{
    return scenario_error(s, path, EXIT_UNAVAILABLE, e, "found %s; expected %s", found, expected);
}

static int version_compare(const struct version_floor *floor, const int64_t *found, int64_t count)
{
    for (int64_t i = 0; i < floor->count && i < 3; i++) {
        int64_t has = i < count ? found[i] : 0;
        if (has != floor->part[i])
            return has < floor->part[i] ? -1 : 1;
    }
    return 0;
}

static void floor_words(const struct version_floor *floor, char *out, size_t room)
{
    int length = snprintf(out, room, "at least");
    for (int64_t i = 0; i < floor->count && i < 3 && length > 0 && (size_t)length < room; i++)
        length += snprintf(out + length, room - (size_t)length, "%s%lld", i ? "." : " ", (long long)floor->part[i]);
}

static int require_versions(const struct scenario *s, const machine *m, const engine_gpu *gpu, error *e)
{
    char found[96], expected[64];
    int64_t capability[2] = {gpu->major, gpu->minor}, release[3] = {0};
    sscanf(m->release, "%ld.%ld.%ld", &release[0], &release[1], &release[2]);
    if (version_compare(&s->device.require.capability, capability, 2) < 0) {
        snprintf(found, sizeof found, "%d.%d", gpu->major, gpu->minor);
        floor_words(&s->device.require.capability, expected, sizeof expected);
        return refuse(s, "device.require.capability", e, found, expected);
    }
    if (version_compare(&s->device.require.driver, release, 3) < 0) {
        snprintf(found, sizeof found, "%s", m->release[0] ? m->release : "an unknown release");
        floor_words(&s->device.require.driver, expected, sizeof expected);
        return refuse(s, "device.require.driver", e, found, expected);
    }
    return 0;
}

static bool anything_required(const struct scenario *s)
{
    return s->device.require.name || s->device.require.memory || s->device.require.capability.count ||
           s->device.require.driver.count;
}

static int require_check(const struct scenario *s, const machine *m, int number, error *e)
{
    char found[160], expected[160];
    if (!anything_required(s))
        return 0;
    if (number < 0) {
        found_words(m, found, sizeof found);
        return refuse(s, "device.require", e, found, "a GPU that meets it");
    }
    const engine_gpu *gpu = &m->gpus[number];
    if (s->device.require.name && !strstr(gpu->name, s->device.require.name)) {
        snprintf(expected, sizeof expected, "a name with %s in it", s->device.require.name);
        return refuse(s, "device.require.name", e, gpu->name, expected);
    }
    if (gpu->memory < s->device.require.memory) {
        snprintf(found, sizeof found, "%.1f GiB", (double)gpu->memory / (1 << 30));
        snprintf(expected, sizeof expected, "at least %.1f GiB", (double)s->device.require.memory / (1 << 30));
        return refuse(s, "device.require.memory", e, found, expected);
    }
    return require_versions(s, m, gpu, e);
}

static int cuda_check(const struct scenario *s, const machine *m, int number, error *e)
{
    char found[96], expected[64];
    found_words(m, found, sizeof found);
    snprintf(expected, sizeof expected, "GPU number %d", number);
    if (number >= m->gpu_count)
        return refuse(s, "device.type", e, found, expected);
    if (torch_has_cuda())
        return 0;
    refuse(s, "device.type", e, "a LibTorch without libtorch_cuda.so", "one with CUDA");
    return error_hint(e, "%s --gpu adds it", program_setup());
}

static int auto_choose(const machine *m, char why[256])
{
    char found[96];
    found_words(m, found, sizeof found);
    if (m->gpu_count && torch_has_cuda()) {
        snprintf(why, 256, "auto took cuda:0, %s", m->gpus[0].name);
        return 0;
    }
    char words[96] = "";
    if (m->gpu_count)
        snprintf(words, sizeof words, ", but a LibTorch without CUDA (%s --gpu adds it)", program_setup());
    snprintf(why, 256, "auto took the CPU: %s%s", found, words);
    return -1;
}

int device_choose(const struct scenario *s, char device[16], char why[256], error *e)
{
    int number = -1;
    machine m = {0};
    if (s->device.type != DEVICE_CPU || anything_required(s))
        m = machine_ask();
    if (s->device.type == DEVICE_AUTO)
        number = auto_choose(&m, why);
    else if (s->device.type == DEVICE_CUDA)
        number = s->device.number < 0 ? 0 : (int)s->device.number;
    if (s->device.type == DEVICE_CUDA && cuda_check(s, &m, number, e))
        return e->code;
    if (s->device.type != DEVICE_AUTO)
        snprintf(why, 256, "as the scenario says%s%s", number < 0 ? "" : ": ", number < 0 ? "" : m.gpus[number].name);
    if (number < 0)
        snprintf(device, 16, "cpu");
    else
        snprintf(device, 16, "cuda:%d", number);
    return require_check(s, &m, number, e);
}
