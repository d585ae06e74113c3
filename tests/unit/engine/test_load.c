/* Loading: what is said where LibTorch, a device or a driver is missing. */
#include "engine/resident.h"
#include "fixture.h"

static void without_libtorch(void **state)
{
    (void)state;
    char *real = getenv("TORCH_ROOT") ? strdup(getenv("TORCH_ROOT")) : NULL;
    const struct engine *none = NULL;
    error e = {0};
    setenv("TORCH_ROOT", "/nonexistent", 1);
    assert_int_equal(engine_load(&none, &e), EXIT_UNAVAILABLE);
    assert_null(none);
    assert_non_null(strstr(e.text, "found no lib/libtorch_cpu.so in /nonexistent; expected LibTorch "));
    assert_non_null(strstr(e.hint, "scripts/setup"));
    unsetenv("TORCH_ROOT");
    memset(&e, 0, sizeof e);
    char *root = engine_torch_root(&e); /* beside the program: may or may not be there */
    assert_true(root || strstr(e.text, ".deps/libtorch/torch"));
    free(root);
    if (real)
        setenv("TORCH_ROOT", real, 1);
    free(real);
}

static void with_libtorch(void **state)
{
    (void)state;
    assert_int_equal(engine_setup(NULL), 0);
    const struct engine *again = NULL;
    error e = {0};
    assert_int_equal(engine_load(&again, &e), 0);
    assert_ptr_equal(again, E);
    assert_int_equal(E->version, ENGINE_VERSION);
    assert_string_equal(INFO.device, "");
    assert_true(strlen(INFO.torch) >= 5 && strncmp(INFO.torch, INFO.torch_built, 3) == 0);
    print_message("LibTorch %s (built against %s), %s\n", INFO.torch, INFO.torch_built, INFO.cpu);
    const engine_options odd = {"gpu", 1, true};
    assert_int_equal(E->open(&odd, NULL, &e), EXIT_UNAVAILABLE);
    assert_non_null(strstr(e.text, "expected cpu or cuda:N"));
}

/* KiB of LibTorch's code in this process's memory; `first`: where it begins. */
static long code_resident(const volatile char **first)
{
    FILE *maps = fopen("/proc/self/smaps", "re");
    char line[4096];
    unsigned long start = 0;
    long kib = 0, sum = 0;
    bool code = false;
    *first = NULL;
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%lx-%*x ", &start) == 1 && strchr(line, '-') && !strstr(line, "kB")) {
            code = strstr(line, " r-xp ") && strstr(line, "libtorch_cpu.so");
            if (code && !*first)
                *first = (const volatile char *)start; // NOLINT: the kernel's words for an address
        }
        if (code && sscanf(line, "Rss: %ld kB", &kib) == 1)
            sum += kib;
    }
    fclose(maps);
    return sum;
}

/* What a start read of LibTorch's file goes out of memory, and what is needed of it comes again. */
static void a_start_leaves_little_in_memory(void **state)
{
    (void)state;
    enum { TOUCHED = 16 << 20, PAGE = 4096 };
    const volatile char *first = NULL;
    char before = 0, after = 0;
    assert_int_equal(engine_setup(NULL), 0);
    (void)code_resident(&first);
    assert_non_null(first);
    for (int i = 0; i < TOUCHED; i += PAGE)
        before = (char)(before ^ first[i]);
    assert_true(code_resident(&first) >= TOUCHED / 1024);
    resident_drop("lib/libtorch_cpu.so");
    assert_true(code_resident(&first) < TOUCHED / 1024 / 4);
    for (int i = 0; i < TOUCHED; i += PAGE)
        after = (char)(after ^ first[i]);
    assert_int_equal(before, after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(without_libtorch), cmocka_unit_test(with_libtorch),
                                       cmocka_unit_test(a_start_leaves_little_in_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
