/* Loading: what is said where LibTorch, a device or a driver is missing. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(without_libtorch), cmocka_unit_test(with_libtorch)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
