// open(): the device of the run, threads, determinism and the allocator; the first LibTorch call of a process.
//
// libtorch_cuda must be loaded before anything asks LibTorch about CUDA, or LibTorch takes its absence as final
// (reference: c10's once-flag around getCUDAHooks). So nothing here touches LibTorch before load_cuda().
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/version.h>

#include <dlfcn.h>
#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include "engine/inside.hpp"
#include "engine/product.hpp"

extern "C" {
#include "base/program.h"
}

namespace caffe2
{ // exported by libtorch_cpu; at::show_config() tells the same, but asks about CUDA on the way
const std::map<std::string, std::string> &GetBuildOptions();
}

static at::Device run_device(at::kCPU);
static std::string opened; // device that open() took; "": not called yet

const at::Device &engine_device() { return run_device; }

// "cuda", "cuda:0" .. "cuda:99": the number; -1: none of these.
static int cuda_index(const char *device)
{
    if (strcmp(device, "cuda") == 0)
        return 0;
    int index = -1, end = 0;
    if (sscanf(device, "cuda:%2d%n", &index, &end) != 1 || device[end])
        return -1;
    return index;
}

static std::string torch_folder()
{
    Dl_info info;
    if (!dladdr((void *)&caffe2::GetBuildOptions, &info) || !info.dli_fname)
        return "";
    std::string path = info.dli_fname;
    return path.substr(0, path.rfind('/'));
}

static int load_cuda(const char *device, error *e)
{
    if (!dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL)) {
        error_set(e, EXIT_UNAVAILABLE, "device: found no CUDA driver (libcuda.so.1); expected one for %s", device);
        return error_hint(e, "install the NVIDIA driver, or choose device: cpu");
    }
    std::string library = torch_folder() + "/libtorch_cuda.so";
    if (dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL))
        return 0;
    error_set(e, EXIT_UNAVAILABLE, "device: found no usable libtorch_cuda for %s; expected it to load: %s", device,
              dlerror());
    return error_hint(e, "%s --gpu fetches what LibTorch needs for a GPU", program_setup());
}

// The name as the driver gives it: LibTorch has it in CUDA's own headers only.
static void name_gpu(int index, char *out, int room)
{
    auto get = (int (*)(int *, int))dlsym(RTLD_DEFAULT, "cuDeviceGet");
    auto name = (int (*)(char *, int, int))dlsym(RTLD_DEFAULT, "cuDeviceGetName");
    int gpu = 0;
    if (!get || !name || get(&gpu, index) || name(out, room, gpu))
        snprintf(out, (size_t)room, "cuda:%d", index);
}

static int take_cuda(const engine_options *o, int index, engine_info *info, error *e)
{
    int code = load_cuda(o->device, e);
    if (code)
        return code;
    int count = c10::impl::getDeviceGuardImpl(at::kCUDA)->deviceCount();
    if (index >= count)
        return error_set(e, EXIT_UNAVAILABLE, "device: found %d usable GPUs; expected %s to be one", count, o->device);
    run_device = at::Device(at::kCUDA, (c10::DeviceIndex)index);
    name_gpu(index, info->device, sizeof info->device);
    return 0;
}

// Read by cuBLAS and MKL at their first call. A strict MKL branch gives the same bits for any number of threads, which one
// thread has anyway; it is left out there, since on a CPU whose default branch is wider it takes speed. What the user set
// stands.
static void set_environment(const engine_options *o)
{
    if (!o->deterministic)
        return;
    setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
    if (o->threads > 1 && __builtin_cpu_supports("avx2"))
        setenv("MKL_CBWR", "AVX2,STRICT", 0);
}

static void set_determinism(bool deterministic)
{
    at::Context &c = at::globalContext();
    c.setDeterministicAlgorithms(deterministic, false);
    c.setDeterministicFillUninitializedMemory(false); // it costs a pass a tensor, and nothing here reads such memory
    c.setDeterministicCuDNN(deterministic);
    c.setBenchmarkCuDNN(!deterministic);
    c.setAllowTF32CuBLAS(false); // float32 means float32, whatever the device
    c.setAllowTF32CuDNN(false);
}

static void set_threads(int threads)
{
    at::set_num_threads(threads > 0 ? threads : 1);
    if (at::get_num_interop_threads() != 1)
        at::set_num_interop_threads(1); // once a process
}

// The temporaries of a step are larger than glibc's thresholds: by default each of them is mapped and faulted in anew.
static void set_allocator()
{
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 128 << 20);
}

static int tell_versions(engine_info *info, error *e)
{
    const auto &built = caffe2::GetBuildOptions();
    auto found = built.find("TORCH_VERSION");
    std::string runs = found == built.end() ? TORCH_VERSION : found->second;
    snprintf(info->torch, sizeof info->torch, "%s", runs.c_str());
    snprintf(info->torch_built, sizeof info->torch_built, "%s", TORCH_VERSION);
    int major = 0, minor = 0;
    if (sscanf(info->torch, "%d.%d", &major, &minor) == 2 && major == TORCH_VERSION_MAJOR &&
        minor == TORCH_VERSION_MINOR)
        return 0;
    return error_set(e, EXIT_UNAVAILABLE,
                     "LibTorch: found version %s; expected %d.%d, which this Perdure was built against", info->torch,
                     TORCH_VERSION_MAJOR, TORCH_VERSION_MINOR);
}

static int open_all(const engine_options *o, engine_info *info, error *e)
{
    int index = cuda_index(o->device);
    if (index < 0 && strcmp(o->device, "cpu") != 0)
        return error_set(e, EXIT_UNAVAILABLE, "device: found \"%s\"; expected cpu or cuda:N", o->device);
    if (!opened.empty() && opened != o->device)
        return error_set(e, EXIT_INTERNAL, "engine: found open(%s) after open(%s); expected one device a process",
                         o->device, opened.c_str());
    int code = tell_versions(info, e);
    if (code)
        return code;
    set_environment(o);
    set_allocator();
    if (index >= 0 && (code = take_cuda(o, index, info, e)))
        return code;
    opened = o->device;
    set_threads(o->threads);
    set_determinism(o->deterministic);
    snprintf(info->cpu, sizeof info->cpu, "%s%s", at::get_cpu_capability().c_str(),
             product_by_onednn() ? ", oneDNN" : ""); // bits depend on it
    return 0;
}

int engine_open(const engine_options *options, engine_info *info, error *e)
{
    engine_info spare;
    if (!info)
        info = &spare;
    memset(info, 0, sizeof *info);
    if (!options || !options->device)
        return error_set(e, EXIT_INTERNAL, "engine: found no options; expected a device");
    try {
        return open_all(options, info, e);
    } catch (...) {
        char words[900];
        engine_words(words, sizeof words);
        return error_set(e, EXIT_UNAVAILABLE, "device: found that %s cannot be used: %s", options->device, words);
    }
}

const char *engine_configuration(void)
{
    static std::string words;
    try {
        if (words.empty())
            words = at::show_config();
    } catch (...) { // a CUDA that is half there
        words = "";
    }
    return words.c_str();
}
