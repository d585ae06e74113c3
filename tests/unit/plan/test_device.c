/* The device of a run, asked of the driver: a machine without one must say so at the scenario's line. What a machine
 * with a GPU answers depends on the machine: those tests skip there. */
#include "fixture.h"

#include "plan/device.h"

static bool driver_there(void)
{
    engine_gpu gpu;
    int driver = 0;
    char release[32];
    engine_gpu_probe(&gpu, 1, &driver, release);
    return driver != 0;
}

static planned with_device(const char *device)
{
    char *yaml = SAID(HEAD "device: %s\nmethods: [{name: a}]\n", device);
    planned p = planned_from(yaml);
    return p;
}

static void chosen(const char *device, const char *taken, const char *why)
{
    planned p = with_device(device);
    if (p.code)
        fail_msg("%s", p.error.text);
    assert_string_equal(p.plan->device, taken);
    assert_string_equal(p.plan->device_why, why);
    planned_free(&p);
}

static void refused(const char *device, const char *words)
{
    planned p = with_device(device);
    assert_int_equal(p.code, EXIT_UNAVAILABLE);
    assert_null(p.plan);
    char *whole = SAID("%s/s.yaml:%s", folder, words);
    assert_string_equal(p.error.text, whole);
    planned_free(&p);
}

static void the_cpu_is_as_the_scenario_says(void **state)
{
    (void)state;
    chosen("{type: cpu}", "cpu", "as the scenario says");
}

static void auto_takes_the_cpu_without_a_driver(void **state)
{
    (void)state;
    if (driver_there())
        skip();
    chosen("{type: auto}", "cpu", "auto took the CPU: no CUDA driver");
}

static void cuda_is_refused_without_a_driver(void **state)
{
    (void)state;
    if (driver_there())
        skip();
    refused("{type: cuda}", "5:16: device.type: found no CUDA driver; expected GPU number 0");
    refused("{type: \"cuda:3\"}", "5:16: device.type: found no CUDA driver; expected GPU number 3");
}

static void what_is_required_is_refused_with_what_was_found(void **state)
{
    (void)state;
    if (driver_there())
        skip();
    const char *kinds[] = {"cpu", "auto"};
    for (int i = 0; i < 2; i++) {
        planned p = with_device(SAID("{type: %s, require: {memory: 8 GiB}}", kinds[i]));
        assert_int_equal(p.code, EXIT_UNAVAILABLE);
        assert_non_null(strstr(p.error.text, "s.yaml:5:"));
        assert_non_null(strstr(p.error.text, "device.require: found no CUDA driver; expected a GPU that meets it"));
        planned_free(&p);
    }
}

/* Where there is a GPU, more than any has is refused with what this one has. */
static void more_than_there_is(void **state)
{
    (void)state;
    if (!driver_there())
        skip();
    planned p = with_device("{type: auto, require: {capability: \">=99.0\"}}");
    assert_int_equal(p.code, EXIT_UNAVAILABLE);
    assert_non_null(strstr(p.error.text, "expected"));
    planned_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cpu_is_as_the_scenario_says),
        cmocka_unit_test(auto_takes_the_cpu_without_a_driver),
        cmocka_unit_test(cuda_is_refused_without_a_driver),
        cmocka_unit_test(what_is_required_is_refused_with_what_was_found),
        cmocka_unit_test(more_than_there_is),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
