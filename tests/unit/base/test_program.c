/* Where the program lies: here, one that was built and not installed. What is installed is tested in tests/install. */
#include "base/program.h"

#include <stdlib.h>
#include <string.h>

#include "../check.h"

static void in_its_build(void **state)
{
    (void)state;
    char *path = program_path(), *folder = program_folder(), *prefix = program_prefix();
    assert_string_equal(strrchr(path, '/'), "/test_base_program");
    assert_int_equal(strlen(folder), strlen(path) - strlen("/test_base_program"));
    assert_memory_equal(folder, path, strlen(folder));
    char *build = realpath(getenv("PERDURE_BUILD_DIR"), NULL);
    assert_non_null(build);
    assert_string_equal(prefix, build);
    free(build);
    assert_true(program_built());
    assert_string_equal(program_setup(), "scripts/setup");
    free(path);
    free(folder);
    free(prefix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(in_its_build)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
