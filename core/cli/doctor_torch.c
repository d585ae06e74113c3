/* What `doctor` says of LibTorch, the libraries that come with it, the CUDA driver and the GPUs, and which of them do not
 * match. The driver is asked first, and the engine then opened for what it found: what works is tried, not inferred. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/program.h"
#include "base/text.h"
#include "cli/findings.h"
#include "cli/probe.h"

enum { GPUS = 16 };

typedef struct driver {
    engine_gpu gpus[GPUS];
    int count, version; /* 13000; 0: none */
    char release[32];
} driver;

/* ---- LibTorch's own words: "KEY=VALUE," of its build settings, "-gencode;arch=compute_75,code=sm_75;.." ---- */

static bool setting(const char *configuration, const char *key, char out[32])
{
    char *mark = alloc_format(" %s=", key);
    const char *at = strstr(configuration, mark);
    size_t length = at ? strcspn(at + strlen(mark), ",\n ") : 0;
    out[0] = '\0';
    if (at && length < 32)
        snprintf(out, 32, "%.*s", (int)length, at + strlen(mark));
    free(mark);
    return out[0] != '\0';
}

bool architecture_covered(const char *configuration, int major, int minor)
{
    bool covered = false;
    for (const char *at = configuration; (at = strstr(at, "code=")); at++) {
        int number = 0;
        if (sscanf(at, "code=sm_%d", &number) == 1)
            covered = covered || (number / 10 == major && number % 10 <= minor);
        else if (sscanf(at, "code=compute_%d", &number) == 1)
            covered = covered || number <= major * 10 + minor;
    }
    return covered;
}

/* "7.5, 8.0": those that its words name. */
static void architectures_add(const char *configuration, text *out)
{
    const char *flags = strstr(configuration, "NVCC architecture flags: ");
    int number, count = 0;
    for (const char *at = flags; at && (at = strstr(at, "code=sm_")); at++)
        if (sscanf(at, "code=sm_%d", &number) == 1)
            text_addf(out, "%s%d.%d", count++ ? ", " : ", code for GPUs of capability ", number / 10, number % 10);
}

/* ---- LibTorch ---- */

static void torch_versions(findings *f, const probe_found *p, const char *root)
{
    bool same = !strcmp(p->info.torch, p->info.torch_built);
    finding_add(f, same ? GOOD : WARNING, "LibTorch",
                same ? NULL
                     : "numbers may differ from the version it was built against: build again, or set TORCH_ROOT",
                "%s in %s (built against %s; CPU: %s)", p->info.torch, root, p->info.torch_built, p->info.cpu);
    if (!strcmp(p->info.cpu, "DEFAULT"))
        finding_add(f, WARNING, "LibTorch", "slow: use a processor with AVX2, or unset ATEN_CPU_CAPABILITY",
                    "its loops run without vector instructions");
}

/* LibTorch's wheels bring their own, which gives way to one of the same name that is loaded before. */
static bool openmp_foreign(const probe_found *p, const char *root)
{
    char *own = alloc_format("%s/lib/lib[gi]omp*.so*", root);
    glob_t found = {0};
    bool foreign =
        p->openmp_count == 1 && glob(own, 0, NULL, &found) == 0 && strncmp(p->openmp[0], root, strlen(root)) != 0;
    globfree(&found);
    free(own);
    return foreign;
}

static void openmp_look(findings *f, const probe_found *p, const char *root)
{
    text names = {0};
    for (int i = 0; i < p->openmp_count; i++)
        text_addf(&names, "%s%s", i ? " and " : "", p->openmp[i]);
    bool many = p->openmp_count > 1, foreign = openmp_foreign(p, root);
    finding_add(f, many || foreign ? WARNING : GOOD, "OpenMP",
                many      ? "each starts threads of its own, and some pairs crash: take all but one out of LD_PRELOAD, "
                            "LD_LIBRARY_PATH and plugins"
                : foreign ? "LibTorch was not tested with it: take it out of LD_PRELOAD and LD_LIBRARY_PATH"
                          : NULL,
                "%s%s%s", many ? "more than one run-time: " : "", names.at ? names.at : "no run-time is loaded",
                foreign ? ", not the one that LibTorch brings" : "");
    text_free(&names);
}

/* ---- CUDA's parts ---- */

/* "set up again (perdure-setup-torch --gpu), ...": words around the command that brings CUDA's libraries. */
static const char *setup_words(char out[160], const char *before, const char *after)
{
    snprintf(out, 160, "%s%s --gpu%s", before, program_setup(), after);
    return out;
}

static void cudart_look(findings *f, const probe_found *p)
{
    char built[32], advice[160];
    int major = p->cudart_version / 1000, minor = p->cudart_version % 1000 / 10, wanted = 0, least = 0;
    if (!p->cudart_version || !setting(p->configuration, "CUDA_VERSION", built))
        return;
    sscanf(built, "%d.%d", &wanted, &least);
    bool same = major == wanted && minor >= least;
    finding_add(f,
                same              ? GOOD
                : major == wanted ? WARNING
                                  : BAD,
                "CUDA runtime",
                same ? NULL : setup_words(advice, "set up again (", "), and take another CUDA out of LD_LIBRARY_PATH"),
                "%d.%d in %s; LibTorch was built for %s", major, minor, p->cudart, built);
}

static void cudnn_look(findings *f, const probe_found *p)
{
    char built[32], advice[160];
    long v = p->cudnn_version, step = v >= 90000 ? 10000 : 1000;
    long major = v / step, minor = v % step / 100, patch = v % 100;
    int wanted = 0, least = 0;
    if (!v || !setting(p->configuration, "CUDNN_VERSION", built))
        return;
    sscanf(built, "%d.%d", &wanted, &least);
    bool same = major == wanted && minor >= least;
    finding_add(f, same ? GOOD : BAD, "cuDNN",
                same ? NULL : setup_words(advice, "set up again (", "), and take another cuDNN out of LD_LIBRARY_PATH"),
                "%ld.%ld.%ld in %s; LibTorch was built for %s", major, minor, patch, p->cudnn, built);
}

/* LibTorch does not tell which NCCL it was built for; the second of two is the trap. */
static void nccl_look(findings *f, const probe_found *p, const char *root)
{
    int v = p->nccl_version;
    char *wheels = alloc_format("%s/../nvidia", root), *own = realpath(wheels, NULL), *real = realpath(p->nccl, NULL);
    bool other = own && real && strncmp(real, own, strlen(own)) != 0;
    if (v)
        finding_add(f, other ? WARNING : GOOD, "NCCL",
                    other ? "LibTorch's own is hidden: take the other one out of LD_LIBRARY_PATH and LD_PRELOAD" : NULL,
                    "%d.%d.%d in %s", v / 10000, v % 10000 / 100, v % 100, p->nccl);
    free(real);
    free(own);
    free(wheels);
}

/* Without a GPU nobody misses them; with one, LibTorch's CUDA half has not loaded, which is told below. */
static void missing_look(findings *f, const char *what, const char *path)
{
    if (!path[0])
        finding_add(f, GOOD, what, NULL, "not beside LibTorch; a GPU needs it (%s --gpu)", program_setup());
}

static bool torch_has_cuda(const char *root)
{
    char *library = alloc_format("%s/lib/libtorch_cuda.so", root);
    bool has = file_exists(library);
    free(library);
    return has;
}

static void cuda_look(findings *f, const probe_found *p, const char *root, const driver *d)
{
    char built[32];
    text architectures = {0};
    if (!torch_has_cuda(root)) {
        finding_add(f, d->count ? WARNING : GOOD, "CUDA build",
                    d->count ? "to use the GPU, set TORCH_ROOT to a LibTorch with CUDA" : NULL,
                    "none: this LibTorch is for the CPU");
        return;
    }
    architectures_add(p->configuration, &architectures);
    finding_add(f, GOOD, "CUDA build", NULL, "for CUDA %s%s",
                setting(p->configuration, "CUDA_VERSION", built) ? built : "of unknown version",
                architectures.at ? architectures.at : "");
    text_free(&architectures);
    cudart_look(f, p);
    cudnn_look(f, p);
    missing_look(f, "cuDNN", p->cudnn);
    nccl_look(f, p, root);
    missing_look(f, "NCCL", p->nccl);
}

/* ---- driver and GPUs ---- */

static driver driver_ask(void)
{
    driver d = {0};
    d.count = engine_gpu_probe(d.gpus, GPUS, &d.version, d.release);
    return d;
}

/* No GPU is no fault: a scenario that needs one says so and is refused. A run-time may be newer than the driver within one
 * major version (CUDA's minor version compatibility). */
static void driver_look(findings *f, const driver *d, int cudart)
{
    if (d->version == 0) {
        finding_add(f, d->release[0] ? WARNING : GOOD, "CUDA driver",
                    d->release[0] ? "install the driver's libcuda.so.1 (in a container: its --gpus option)" : NULL,
                    "%s%s", d->release[0] ? "the kernel has release " : "none: scenarios run on the CPU",
                    d->release[0] ? d->release : "");
        return;
    }
    bool older = cudart > d->version, unusable = older && cudart / 1000 > d->version / 1000;
    finding_add(f,
                unusable && d->count ? BAD
                : older              ? WARNING
                                     : GOOD,
                "CUDA driver", older ? "install a newer driver, or use a LibTorch for this CUDA" : NULL,
                "CUDA %d.%d%s%s%s", d->version / 1000, d->version % 1000 / 10, d->release[0] ? ", release " : "",
                d->release, older ? ", older than the CUDA runtime" : "");
    if (d->count == 0)
        finding_add(f, WARNING, "GPU", "is CUDA_VISIBLE_DEVICES set to nothing?", "the driver shows none");
}

static void gpus_look(findings *f, const driver *d, const probe_found *p, bool asked)
{
    bool told = asked && strstr(p->configuration, "code=sm_");
    for (int i = 0; i < d->count; i++) {
        const engine_gpu *gpu = &d->gpus[i];
        bool covered = !told || architecture_covered(p->configuration, gpu->major, gpu->minor);
        finding_add(f,
                    covered  ? GOOD
                    : i == 0 ? BAD
                             : WARNING,
                    "GPU", covered ? NULL : "use device.type: cpu, or a LibTorch with code for it",
                    "cuda:%d %s, capability %d.%d, %.1f GiB%s", i, gpu->name, gpu->major, gpu->minor,
                    (double)gpu->memory / (1 << 30), covered ? "" : ", for which this LibTorch has no code");
    }
}

/* ---- the whole ---- */

/* The GPU where there is one and LibTorch has the libraries; *asked: it opened. What kept it from opening is a finding. */
static int engine_ask(findings *f, const driver *d, const char *root, probe_found *p, bool *asked, error *e)
{
    error why = {0};
    *asked = d->count > 0 && torch_has_cuda(root) && !probe_engine("cuda:0", p, &why);
    if (*asked)
        return 0;
    if (why.code)
        finding_add(f, BAD, "GPU", why.hint[0] ? why.hint : "use device.type: cpu, or see above", "cuda:0: %s",
                    why.text);
    return probe_engine("cpu", p, e);
}

void torch_look(findings *f)
{
    error e = {0};
    bool asked = false;
    driver d = driver_ask();
    probe_found *p = alloc_zero(1, sizeof *p);
    char *root = engine_torch_root(&e);
    f->section = "LibTorch";
    if (!root) {
        const char *words = strncmp(e.text, "LibTorch: ", 10) ? e.text : e.text + 10;
        finding_add(f, BAD, "LibTorch", e.hint, "%s", words);
    } else if (engine_ask(f, &d, root, p, &asked, &e)) {
        finding_add(f, BAD, "LibTorch", e.hint[0] ? e.hint : "build again with the TORCH_ROOT that is used now",
                    "%s: %s", root, e.text);
    } else {
        torch_versions(f, p, root);
        openmp_look(f, p, root);
        f->section = "CUDA";
        cuda_look(f, p, root, &d);
    }
    f->section = "CUDA";
    driver_look(f, &d, torch_has_cuda(root ? root : "") ? p->cudart_version : 0);
    gpus_look(f, &d, p, asked);
    free(root);
    free(p);
}
